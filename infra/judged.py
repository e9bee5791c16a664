"""A stack's settings, judged by what only this machine and this day know: released models, ended exceptions."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from infra.kinds import Settings
from infra.settings import parse
from service.bundle.folder import list_released
from service.server.settings.table import find_mistakes


def judge(stack: str, config: Mapping[str, str], secret_keys: Collection[str]) -> Settings:
    """The settings of `stack`. Raises InvalidInput with every mistake in its file, in its variables as well."""
    today = datetime.datetime.now(datetime.UTC).date()
    return parse(stack, config, secret_keys, released=list_released(), today=today, judge_variables=find_mistakes)
