"""What the object of a drain switch says: since when, and only where somebody typed it, by whom and why. Pure.

Anybody may read it. So nothing goes in that was not typed for it, such as the name of who is logged in.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class SwitchNote:
    """Since when a site is drained (ISO, UTC), by whom, why; "" where the object does not say."""

    since: str = ""
    by: str = ""
    why: str = ""

    def to_bytes(self) -> bytes:
        """The object's content: what is not known is left out."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}).encode()

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """What an object says; one that somebody wrote by hand may say nothing, or anything."""
        try:
            found = json.loads(content)
            return cls(**{key: str(found[key]) for key in ("since", "by", "why") if key in found})
        except (ValueError, TypeError):
            return cls()
