"""A drill's timeline as one SVG picture: whose answers DNS and clients got, health, errors, when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from failover.drill.account import find_windows, group_by_kind
from failover.drill.measurement import Measurement
from failover.drill.samples import AUTHORITY, CLIENT, SITE, Sample
from failover.drill.shares import cut_slices, draw_band

WIDTH, LABEL_WIDTH, RIGHT = 1080, 150, 20
LANE, GAP, TOP = 20, 5, 92
BAND = 46
BANDS = {AUTHORITY: "share of DNS answers", CLIENT: "share of requests"}
LANES_TOP = TOP + len(BANDS) * (BAND + GAP)
STAMP_ROWS, STAMP_ROW_HEIGHT, CHARACTER_WIDTH = 4, 15, 6.3
TICK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300)
LOST_COLOUR, BAD_COLOUR, HEALTHY_COLOUR, UNHEALTHY_COLOUR = "#e69f00", "#b00020", "#b9d9c6", "#8d8d8d"
ERROR_LABELS = {AUTHORITY.rstrip("-"): "errors of DNS", CLIENT.rstrip("-"): "errors of clients"}
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#999999")
"""Okabe and Ito's palette, told apart with every kind of colour blindness; the lost site is orange."""

UNDRAWN = ("caches_expired", "new_caches_expired")  # so close before the next one that the lines would be one
STAMP_TEXTS = {
    "change_requested": "change asked for",
    "dns_moved": "DNS has moved",
    "caches_expired": "last old answer ran out",
    "clients_recovered": "all clients moved",
    "undo_requested": "undo asked for",
    "dns_back": "DNS is back",
    "site_serving": "served again",
    "new_caches_expired": "last old answer ran out",
    "clients_back": "all asked anew",
}


@dataclass(frozen=True)
class Lane:
    """One row of the picture: spans of real seconds with a colour, and moments at which something was wrong."""

    label: str
    spans: tuple[tuple[float, float, str], ...]
    bad: tuple[float, ...] = ()
    note: str = ""


def colour_sites(sites: Iterable[str], lost: str) -> dict[str, str]:
    """A colour for each site."""
    others = [site for site in sorted(sites) if site != lost]
    return {lost: LOST_COLOUR, **{site: COLOURS[n % len(COLOURS)] for n, site in enumerate(others)}}


def render_timeline(measured: Measurement) -> str:
    """The picture; its horizontal axis is simulated seconds since the change."""
    lanes = list(_build_lanes(measured))
    origin = measured.stamps["change_requested"] or 0.0
    ends = [sample.ended for sample in measured.samples]
    scale = _Scale(measured.speed, origin, 0.0, max(ends, default=1.0))
    bottom = LANES_TOP + (len(lanes) + 1) * (LANE + GAP)
    height = bottom + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Timeline of the drill of {escape(measured.lost)}">',
        *_draw_steps(measured, scale, bottom),
        *_draw_axis(scale, bottom),
        *_draw_bands(measured, scale),
    ]
    for n, lane in enumerate(lanes):
        parts += _draw_lane(lane, LANES_TOP + n * (LANE + GAP), scale)
    parts += _draw_prediction(measured, scale, bottom - LANE - GAP)
    parts += _draw_stamps(measured, scale, bottom)
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True)
class _Scale:
    speed: int
    origin: float
    first: float
    last: float

    def x(self, wall: float) -> float:
        share = (wall - self.first) / max(self.last - self.first, 0.001)
        return round(LABEL_WIDTH + share * (WIDTH - LABEL_WIDTH - RIGHT), 2)

    def simulated(self, wall: float) -> float:
        return (wall - self.origin) * self.speed

    def wall(self, simulated: float) -> float:
        return self.origin + simulated / self.speed


def _colours(measured: Measurement) -> dict[str, str]:
    return colour_sites({sample.site for sample in measured.samples if sample.site} | {measured.lost}, measured.lost)


def _draw_bands(measured: Measurement, scale: _Scale) -> Iterator[str]:
    """The lost site is stacked last, on top: how it shrinks to nothing and comes back is the picture's subject."""
    colours = dict(reversed(_colours(measured).items()))
    for n, (prefix, label) in enumerate(BANDS.items()):
        y = TOP + n * (BAND + GAP)
        yield f'<text x="{LABEL_WIDTH - 8}" y="{y + BAND / 2 + 4}" text-anchor="end">{label}</text>'
        slices = cut_slices([sample for sample in measured.samples if sample.by.startswith(prefix)], scale.last)
        yield from draw_band(slices, colours, x=scale.x, y=y, height=BAND)


def _build_lanes(measured: Measurement) -> Iterator[Lane]:
    colours = _colours(measured)
    yield _build_health_lane(measured)
    yield from _build_error_lanes(measured)
    answers = [sample for sample in measured.samples if sample.by.startswith(AUTHORITY)]
    for site, colour in colours.items():
        named = [sample for sample in answers if sample.site == site and sample.right]
        yield Lane(f"DNS names {site}", tuple((s.at, s.at, colour) for s in named))
    if any(not sample.right for sample in answers):
        yield Lane("DNS fails", (), tuple(s.at for s in answers if not s.right))
    for by in sorted({s.by for s in measured.samples if s.by.startswith(CLIENT)}):
        yield _build_served_lane(by.replace("-", " "), [s for s in measured.samples if s.by == by], colours)
    for by in sorted({s.by for s in measured.samples if s.by.startswith(SITE)}):
        label = f"{by.removeprefix(SITE)}, asked directly"
        yield _build_served_lane(label, [s for s in measured.samples if s.by == by], colours)


def _build_health_lane(measured: Measurement) -> Lane:
    """What Route 53 makes of the lost site. Above level 1 it has to notice: its answers show when it has."""
    names = ("change_requested", "undo_requested") if measured.account.level == 1 else ("dns_moved", "dns_back")
    away, back = (measured.stamps[name] for name in names)
    end = max((sample.ended for sample in measured.samples), default=0.0)
    left = end if away is None else away
    returned = end if back is None else min(back, end)
    spans = [(0.0, left, HEALTHY_COLOUR), (left, returned, UNHEALTHY_COLOUR), (returned, end, HEALTHY_COLOUR)]
    return Lane(f"{measured.lost}, to Route 53", tuple(span for span in spans if span[1] > span[0]))


def _build_error_lanes(measured: Measurement) -> Iterator[Lane]:
    for kind, observers in group_by_kind(measured.samples).items():
        windows = [window for seen in observers.values() for window in find_windows(seen)]
        spans = tuple((begin, end, BAD_COLOUR) for begin, end in windows)
        yield Lane(ERROR_LABELS.get(kind, f"errors, {kind}"), spans, note="" if windows else "none")


def _build_served_lane(label: str, samples: Sequence[Sample], colours: dict[str, str]) -> Lane:
    """Right answers in a row from one site become one span."""
    spans: list[tuple[float, float, str]] = []
    for sample, following in zip(samples, [*samples[1:], None], strict=True):
        if not sample.right or sample.site is None:
            continue
        end = following.at if following else sample.ended
        colour = colours[sample.site]
        if spans and spans[-1][2] == colour and spans[-1][1] == sample.at:
            spans[-1] = (spans[-1][0], end, colour)
        else:
            spans.append((sample.at, end, colour))
    return Lane(label, tuple(spans), tuple(s.at for s in samples if not s.right))


def _draw_lane(lane: Lane, y: int, scale: _Scale) -> Iterator[str]:
    yield f'<text x="{LABEL_WIDTH - 8}" y="{y + LANE - 6}" text-anchor="end">{escape(lane.label)}</text>'
    for begin, end, colour in lane.spans:
        width = max(1.5, scale.x(end) - scale.x(begin))
        yield f'<rect x="{scale.x(begin)}" y="{y}" width="{width:.2f}" height="{LANE}" fill="{colour}"/>'
    if lane.note:
        yield f'<text x="{LABEL_WIDTH + 6}" y="{y + LANE - 6}" class="inside">{escape(lane.note)}</text>'
    for moment in lane.bad:
        yield f'<rect x="{scale.x(moment) - 1}" y="{y - 2}" width="3" height="{LANE + 4}" fill="{BAD_COLOUR}"/>'


def _draw_steps(measured: Measurement, scale: _Scale, bottom: int) -> Iterator[str]:
    """Each step is a column; a name that would not fit is left to the table beside the picture."""
    ends = [*[at for _, at in measured.steps[1:]], scale.last][: len(measured.steps)]
    for n, ((name, begin), end) in enumerate(zip(measured.steps, ends, strict=True)):
        x, width = scale.x(begin), scale.x(end) - scale.x(begin)
        fill = "#f4f4f2" if n % 2 else "#ffffff"
        yield f'<rect x="{x}" y="0" width="{max(0.0, width):.2f}" height="{bottom}" fill="{fill}"/>'
        if width > 7 * len(name):
            yield f'<text x="{x + width / 2:.2f}" y="13" text-anchor="middle" class="step">{escape(name)}</text>'


def _draw_prediction(measured: Measurement, scale: _Scale, y: int) -> Iterator[str]:
    """The last lane: when all clients should have moved, and when they had."""
    total, moved = measured.failover[-1], measured.stamps["clients_recovered"]
    if measured.stamps["change_requested"] is None:
        return
    begin, end = (min(scale.wall(seconds), scale.last) for seconds in (total.best, total.worst))
    yield f'<text x="{LABEL_WIDTH - 8}" y="{y + LANE - 6}" text-anchor="end">predicted to move</text>'
    yield (
        f'<rect x="{scale.x(begin)}" y="{y + 5}" width="{scale.x(end) - scale.x(begin):.2f}" height="{LANE - 10}" '
        'fill="none" stroke="#555"/>'
    )
    text = f"{total.best:.0f} to {total.worst:.0f} s" + (", goes on" if scale.wall(total.worst) > scale.last else "")
    yield f'<text x="{scale.x(begin) + 6}" y="{y + LANE - 6}" class="inside">{text}</text>'
    if moved is not None:
        yield f'<circle cx="{scale.x(moved)}" cy="{y + LANE / 2}" r="4.5" fill="#222"/>'


def _draw_axis(scale: _Scale, bottom: int) -> Iterator[str]:
    span = scale.simulated(scale.last) - scale.simulated(scale.first)
    step = next((size for size in TICK_STEPS if span / size <= 14), TICK_STEPS[-1])
    tick = -(-scale.simulated(scale.first) // step) * step
    while tick <= scale.simulated(scale.last):
        x = scale.x(scale.wall(tick))
        yield f'<line x1="{x}" x2="{x}" y1="{TOP - 4}" y2="{bottom}" class="grid"/>'
        yield f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{tick + 0.0:g}</text>'
        tick += step
    middle = (LABEL_WIDTH + WIDTH) / 2
    yield f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">simulated seconds since the change</text>'


def _draw_stamps(measured: Measurement, scale: _Scale, bottom: int) -> Iterator[str]:
    """Lines over the lanes, each with a text in the first row where it fits, right or left of its line."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(STAMP_ROWS)]
    known = {
        name: at
        for name, at in measured.stamps.items()
        # What was undone by `restore`, hours later, is beyond the picture.
        if at is not None and at <= scale.last and name not in UNDRAWN
    }
    for name, at in sorted(known.items(), key=lambda stamp: stamp[1]):
        x, text = scale.x(at), STAMP_TEXTS[name]
        row, left = _find_room(taken, x, CHARACTER_WIDTH * len(text))
        y = 30 + STAMP_ROW_HEIGHT * row
        yield f'<line x1="{x}" x2="{x}" y1="{y - 9}" y2="{bottom}" class="stamp"/>'
        yield f'<text x="{left:.2f}" y="{y}" class="stamp">{escape(text)}</text>'


def _find_room(taken: list[list[tuple[float, float]]], x: float, width: float) -> tuple[int, float]:
    """The row and the left edge for a text beside `x`, kept clear of the texts before it; the last row if none fits."""
    for row, spans in enumerate(taken):
        for left in (x + 4, x - 4 - width):
            inside = left >= LABEL_WIDTH and left + width <= WIDTH
            if inside and all(left >= end or left + width <= begin for begin, end in spans):
                spans.append((left - 6, left + width + 6))
                return row, left
    return len(taken) - 1, min(x + 4, WIDTH - width)
