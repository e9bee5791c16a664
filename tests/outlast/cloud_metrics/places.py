"""A site on each cloud, and clouds that answer what a test says; every request is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from failover.levers.clouds import Clouds
from failover.logs.clouds import LogPlace

MINUTE = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
AWS = LogPlace("aws", "aws", "outlast-aws", "us-east-1")
AZURE = LogPlace("azure", "azure", "outlast-azure", "eastus", SUBSCRIPTION)
GCP = LogPlace("gcp", "gcp", "outlast-gcp", "us-central1", "a-project")
TOKENS = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}


@dataclass
class Web:
    """The APIs of Azure and Google."""

    answer: Callable[[httpx.Request], dict[str, Any] | httpx.Response]
    asked: list[httpx.Request] = field(default_factory=list)

    def clouds(self) -> Clouds:
        return Clouds(TOKENS, httpx.MockTransport(self._reply))

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answer(request)
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)
