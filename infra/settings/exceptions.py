"""`outlast:exceptions`: rules that a stack file lets be broken, each with a reason and an end. Pure.

One form for every rule of this program: what the linter of routing calls an error, and what a site's settings would be
refused for. Mistakes that no reason could justify (a size that the cloud does not offer) are not rules.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings.reader import Reader
from infra.settings.spelling import closest

AUTH_OFF = "auth-off"
OVER_BUDGET = "over-budget"
SITE_RULES = (AUTH_OFF,)
TRAFFIC_RULES = (OVER_BUDGET,)
"""Beside those of the linter of routing."""

KEY = "exceptions"
_FIELDS = ("rule", "reason", "until")


@dataclass(frozen=True)
class Excuse:
    """Why a rule may be broken, and the last day on which it may."""

    rule: str
    reason: str
    until: datetime.date

    def __str__(self) -> str:
        return f"excused until {self.until}: {self.reason}"


Exceptions = Mapping[str, Excuse]
"""By the rule's name."""


def read_exceptions(reader: Reader, rules: Collection[str], today: datetime.date) -> Exceptions:
    """Those of a stack file, all of them in force. Notes what is wrong with one, and one that has ended."""
    found: dict[str, Excuse] = {}
    for number, entry in enumerate(reader.records(KEY, ()), 1):
        one = _read(reader, f"{KEY}[{number}]", entry, rules)
        if one is None:
            continue
        if one.until < today:
            hint = f"mend what it excuses, or give it another end; its reason was: {one.reason}"
            reader.wrong(f"{KEY}[{number}]", f"the exception for '{one.rule}' ended on {one.until}", hint)
        elif one.rule in found:
            reader.wrong(f"{KEY}[{number}]", f"'{one.rule}' is excused twice", "leave one of them out")
        found[one.rule] = one
    return found


def _read(reader: Reader, place: str, entry: Mapping[str, Any], rules: Collection[str]) -> Excuse | None:
    texts = {name: entry.get(name) for name in _FIELDS}
    wrong = [name for name, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if wrong or entry.keys() - texts.keys():
        reader.wrong(place, f"has {', '.join(sorted(entry)) or 'nothing'}", "write rule, reason and until, each a text")
        return None
    rule, reason, until = (str(text).strip() for text in texts.values())
    if rule not in rules:
        meant = closest(rule, rules)
        hint = f"did you mean '{meant}'?" if meant else f"those are {', '.join(sorted(rules))}"
        reader.wrong(place, f"'{rule}' is not a rule of this kind of stack", hint)
        return None
    try:
        # YAML makes a time of a date without quotes: 2027-12-31T00:00:00Z.
        return Excuse(rule, reason, datetime.date.fromisoformat(until[:10]))
    except ValueError:
        reader.wrong(place, f"until is '{until}'", "write a date, as 2027-12-31")
        return None
