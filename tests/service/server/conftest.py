"""Servers that several tests share: each takes most of a second to start.

They end with this folder's tests, not with the session: the timers that are short for tests take processor time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.service.server.harness import (
    API_KEY,
    EXPIRED_KEY,
    JUDGE_KEY,
    LIMITED_KEY,
    OTHER_KEY,
    RECEIPT_KEYS,
    RELEASED,
    Server,
    api_keys,
    hash_key,
    running,
)


@pytest.fixture(scope="package")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for no key; it signs with the same receipt key as the guarded one, at another site."""
    folder = tmp_path_factory.mktemp("open")
    (folder / "audit").mkdir()
    with running(
        folder,
        OUTLAST_AUTH="off",
        OUTLAST_RECEIPT_KEYS=RECEIPT_KEYS,
        OUTLAST_AUDIT="off",
        OUTLAST_AUDIT_DIR=str(folder / "audit"),
    ) as server:
        yield server


@pytest.fixture(scope="package")
def guarded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guarded server keeps its audit log (`audit`), and reads its fault flag (`fault.json`)."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "audit").mkdir()
    return folder


@pytest.fixture(scope="package")
def guarded_server(guarded_folder: Path) -> Iterator[Server]:
    """A server as shipped: keys, receipts, audit; with drills allowed and short limits, so that tests see them."""
    limited = {"name": "limited", "sha256": hash_key(LIMITED_KEY), "rps": 0.001, "burst": 2}
    expired = {"name": "old", "sha256": hash_key(EXPIRED_KEY), "not_after": "2020-01-01T00:00:00Z"}
    other = {"name": "other", "sha256": hash_key(OTHER_KEY)}
    judge = {"name": "judge", "sha256": hash_key(JUDGE_KEY), "feedback": "any"}
    with running(
        guarded_folder,
        OUTLAST_SITE="gcp",
        OUTLAST_API_KEYS=api_keys(limited, expired, other, judge),
        OUTLAST_METRICS_AUTH="key",
        OUTLAST_RECEIPT_KEYS=f"k2:{'cd' * 32},{RECEIPT_KEYS}",
        OUTLAST_AUDIT_DIR=str(guarded_folder / "audit"),
        OUTLAST_DRILLS="on",
        OUTLAST_FAULTS=str(guarded_folder / "fault.json"),
        OUTLAST_FAULTS_SECONDS="0.05",
        OUTLAST_HEALTH_SECONDS="0.1",
        OUTLAST_HEALTH_MIN_REQUESTS="1000",
        OUTLAST_HEAD_SECONDS="1",
        OUTLAST_BODY_SECONDS="1",
        OUTLAST_IDLE_SECONDS="2",
        OUTLAST_DRIFT_SECONDS="0.1",
        OUTLAST_LOG_REQUESTS="on",
    ) as server:
        server.headers["authorization"] = f"Bearer {API_KEY}"
        yield server


@pytest.fixture(scope="session")
def golden() -> list[Mapping[str, Any]]:
    """The released golden rows of the tumour model."""
    rows: list[Mapping[str, Any]] = json.loads((RELEASED / "tumour" / "golden.json").read_text())["rows"]
    return rows
