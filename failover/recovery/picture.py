"""Recovery times as one SVG picture: for each kind of client where nine of ten fall, and what drills measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from failover.recovery.distribution import Recovery, Spread
from failover.recovery.kinds import KINDS

WIDTH, LABEL_WIDTH, RIGHT = 900, 270, 90
ROW, TOP, BAR = 34, 24, 12
STEPS = (5, 10, 20, 30, 60, 120, 300, 600, 1800)
BAND_COLOUR, TAIL_COLOUR, POINT_COLOUR, LATE_COLOUR = "#0072b2", "#9ecae1", "#222", "#b00020"


@dataclass(frozen=True)
class Point:
    """What one drill measured: simulated seconds from the change to the last client's right answer, and its band."""

    drill_id: str
    lost: str
    seconds: float
    band: tuple[float, float] | None = None

    @property
    def inside(self) -> bool:
        """Whether it fell into the drill's own predicted band."""
        return self.band is not None and self.band[0] <= self.seconds <= self.band[1]


@dataclass(frozen=True)
class _Scale:
    longest: float

    def x(self, seconds: float) -> float:
        return round(LABEL_WIDTH + min(1.0, seconds / self.longest) * (WIDTH - LABEL_WIDTH - RIGHT), 2)


def render_picture(recovery: Recovery, points: Sequence[Point] = ()) -> str:
    """The picture; its horizontal axis is simulated seconds since the loss."""
    rows = [(kind.says, recovery.kinds[kind.name]) for kind in KINDS if kind.name in recovery.kinds]
    rows.insert(0, ("DNS has moved", recovery.moved))
    scale = _Scale(_longest([spread for _, spread in rows], points))
    lost = sorted({point.lost for point in points})
    bottom = TOP + ROW * (len(rows) + len(lost))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 48}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13" '
        'aria-label="Predicted recovery times by kind of client, and what drills measured">',
        *_draw_axis(scale, bottom),
    ]
    for n, (label, spread) in enumerate(rows):
        parts += _draw_spread(label, spread, TOP + ROW * n, scale)
    for n, site in enumerate(lost, start=len(rows)):
        parts += _draw_points(site, [point for point in points if point.lost == site], TOP + ROW * n, scale)
    return "\n".join([*parts, "</svg>"])


def _longest(spreads: Sequence[Spread], points: Sequence[Point]) -> float:
    known = [seconds for spread in spreads for seconds in (spread.p95, spread.p99) if seconds < math.inf]
    return 1.05 * max([*known, *(point.seconds for point in points), 1.0])


def _draw_label(text: str, y: float) -> str:
    return f'<text x="{LABEL_WIDTH - 10}" y="{y + BAR}" text-anchor="end">{escape(text)}</text>'


def _draw_spread(label: str, spread: Spread, y: float, scale: _Scale) -> Iterator[str]:
    yield _draw_label(label, y)
    if spread.p50 == math.inf:
        yield f'<text x="{LABEL_WIDTH + 6}" y="{y + BAR}">never by itself</text>'
        return
    left, middle, right, far = (scale.x(seconds) for seconds in (spread.p5, spread.p50, spread.p95, spread.p99))
    yield f'<rect x="{left}" y="{y + 4}" width="{far - left:.2f}" height="4" fill="{TAIL_COLOUR}"/>'
    yield f'<rect x="{left}" y="{y}" width="{max(2.0, right - left):.2f}" height="{BAR}" fill="{BAND_COLOUR}"/>'
    yield f'<rect x="{middle - 1}" y="{y - 3}" width="2" height="{BAR + 6}" fill="#fff" stroke="#222"/>'
    text = f"{show(spread.p5)} to {show(spread.p95)} s"
    yield f'<text x="{max(far, right) + 6:.2f}" y="{y + BAR - 1}" font-size="11">{text}</text>'


def _draw_points(site: str, points: Sequence[Point], y: float, scale: _Scale) -> Iterator[str]:
    """Those outside their band are red."""
    yield _draw_label(f"drills of {site}: measured", y)
    for point in points:
        colour = POINT_COLOUR if point.inside or point.band is None else LATE_COLOUR
        told = f"{point.drill_id}: {point.seconds:.1f} s"
        yield (
            f'<circle cx="{scale.x(point.seconds)}" cy="{y + BAR / 2}" r="4" fill="{colour}" fill-opacity="0.6">'
            f"<title>{escape(told)}</title></circle>"
        )


def _draw_axis(scale: _Scale, bottom: float) -> Iterator[str]:
    step = next((size for size in STEPS if scale.longest / size <= 10), STEPS[-1])
    for n in range(int(scale.longest // step) + 1):
        x = scale.x(n * step)
        yield f'<line x1="{x}" x2="{x}" y1="{TOP - 10}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{bottom + 14}" text-anchor="middle">{n * step}</text>'
    middle = (LABEL_WIDTH + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{bottom + 36}" text-anchor="middle">simulated seconds since the loss</text>'


def show(seconds: float) -> str:
    """A time for a person."""
    return "never" if seconds == math.inf else f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
