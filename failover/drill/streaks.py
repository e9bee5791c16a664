"""How many looks in a row it takes before anything is believed. Pure."""

from __future__ import annotations

import math

STREAK = 10  # right answers in a row
DNS_DOUBT = 0.001  # how likely a site that is still answered may have been missed by chance


def count_answers_needed(share: float) -> int:
    """How many DNS answers in a row without a site make it certain enough that the site has been dropped.

    `share` is the probability, 0 < share <= 1, with which each answer named the site before.
    """
    if share >= 1.0:
        return STREAK
    return max(STREAK, math.ceil(math.log(DNS_DOUBT) / math.log(1.0 - share)))
