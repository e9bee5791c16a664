"""What a written number is: one rule for training's tables, for a scored file and for the endpoint.

ASCII digits with a point, a sign, an exponent; `inf` is one that no model can take. `1_000`, `0x10`, Arabic digits and
`nan` are none: Python's `float` takes them, other programs do not. Standard library only.
"""

from __future__ import annotations

import re

LONGEST = 400  # characters of one number; `float` takes longer for longer ones
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?)", re.ASCII | re.I)
# Of these characters alone `float` makes what the rule says, or fails.
PLAIN = dict.fromkeys(map(ord, "0123456789+-.eE"))


def read_number(text: str) -> float | None:
    """The number that a text says, None where it says none. A missing value is none."""
    return float(text) if len(text) <= LONGEST and _NUMBER.fullmatch(text) else None
