"""A stack's settings, judged by what only this machine and this day know: the models here, ended exceptions."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infra.models import find_available
from infra.overlay import lay_over
from infra.settings.kinds import Settings
from infra.stack_file import parse
from service.server.settings.table import find_mistakes


def judge(
    stack: str,
    config: Mapping[str, str],
    secret_keys: Collection[str],
    *,
    overlay: Mapping[str, Any] = MappingProxyType({}),
    stacks: Path | None = None,
) -> Settings:
    """The settings of `stack`, with those of `overlay` in the place of theirs.

    In the folder `stacks` lie the files of traffic by which a site is held to accepted models; None: it is not. Raises
    InvalidInput with every mistake in the stack's file, in its variables as well.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    available, laid_over = find_available(stack, overlay, stacks=stacks), lay_over(config, overlay)
    return parse(stack, laid_over, secret_keys, available=available, today=today, judge_variables=find_mistakes)
