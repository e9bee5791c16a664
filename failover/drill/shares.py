"""Who was answered for, over time: one band of stacked shares for the drill's timeline. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from failover.drill.samples import Sample

SLICES = 45
"""Into how many moments the band is cut: each holds a few answers, and is a few points wide."""


@dataclass(frozen=True)
class Slice:
    """One moment of the band, in real seconds, and each site's share of the right answers in it."""

    begin: float
    end: float
    shares: Mapping[str, float]


def cut_slices(samples: Sequence[Sample], last: float, count: int = SLICES) -> list[Slice]:
    """The shares of right answers, moment after moment; a moment without any has none."""
    width = max(last, 0.001) / count
    counts: list[Counter[str]] = [Counter() for _ in range(count)]
    for sample in samples:
        if sample.right and sample.site:
            counts[min(count - 1, int(sample.at / width))][sample.site] += 1
    return [Slice(n * width, (n + 1) * width, _to_shares(found)) for n, found in enumerate(counts)]


def _to_shares(found: Counter[str]) -> dict[str, float]:
    return {site: answers / found.total() for site, answers in found.items()}


def draw_band(
    slices: Sequence[Slice], colours: Mapping[str, str], *, x: Callable[[float], float], y: float, height: float
) -> Iterator[str]:
    """The band as rectangles; sites are stacked in the order of `colours`, the first at the bottom."""
    for each in slices:
        left, width, bottom = x(each.begin), x(each.end) - x(each.begin), y + height
        for site, colour in colours.items():
            tall = height * each.shares.get(site, 0.0)
            bottom -= tall
            if tall:
                yield (
                    f'<rect x="{left}" y="{bottom:.2f}" width="{width:.2f}" height="{tall:.2f}" '
                    f'fill="{colour}" class="share"/>'
                )
