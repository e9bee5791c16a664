"""The mails that alarms would write, in one file: nobody's inbox is near a laptop."""

from __future__ import annotations

import time
from pathlib import Path

from sandbox.alarms.evaluate import Standing
from sandbox.alarms.rule import AlarmRule, State

_LONGEST = 1_000_000
"""Characters after which the older half is cut off."""


def write_mail(file: Path, rule: AlarmRule, standing: Standing, address: str, *, now: float) -> None:
    """Append what `address` is told; simulated seconds since the sandbox began stand beside the date."""
    over = standing.state is State.OK
    value = "no data" if standing.value is None else f"{standing.value:.6g}"
    text = (
        f"Date: {time.strftime('%Y-%m-%d %H:%M:%S')} (simulated second {now:.0f})\n"
        f"To: {address}\n"
        f"Subject: {standing.state}: {rule.name} ({rule.stack})\n\n"
        f"{'Over: ' if over else ''}{rule.about}\nThe value is {value}.\n\n"
    )
    if file.exists() and file.stat().st_size > _LONGEST:
        file.write_text(file.read_text(errors="replace")[_LONGEST // 2 :])
    with file.open("a") as mails:
        mails.write(text)
