"""Draw docs/concepts/architecture.svg from the imports that are really there: packages, their wings, and who uses whom.

A package stands above all that it imports, and so does a wing (a sub-package) within its package; the lines at the
right go from a package down to those it imports, those within a package from wing to wing. `make reference` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tools.imports import Graph, import_graph, merged, modules

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "concepts" / "architecture.svg"
PACKAGES = ("outlast", "tools", "bench", "sandbox", "infra", "failover", "service", "jobs")

WIDTH, LEFT, BAND = 1000, 16, 700
LONGEST_LINE = 90  # characters of what a package imports that fit into its box at full size
LANE, TITLE, BOX, ROW, GAP = 20, 44, 40, 72, 18
ASIDE = (0, 190, -190, 95)
COLOURS = ("#3b6ea5", "#a5573b", "#4b8a4b", "#7a4ba5", "#8a7a2f", "#2f8a8a", "#a53b6e", "#5b6470")


@dataclass(frozen=True)
class Box:
    """Where something is drawn, its upper left corner first."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True)
class Package:
    """One package: what stands in it and what it imports of the others."""

    name: str
    wings: Graph
    inner: Mapping[str, list[str]]
    imports: Mapping[str, list[str]]


def read_packages(root: Path = ROOT, names: Iterable[str] = PACKAGES) -> list[Package]:
    """The packages from the top to the one that imports none."""
    found = {name: path for name, path in modules(root, names).items() if not name.startswith("bench.apps")}
    graph = import_graph(found)
    tops = merged(graph, {name: name.partition(".")[0] for name in found})
    order = sorted(tops, key=lambda top: (-_depth(tops, top), top))
    return [_read_package(top, graph, found) for top in order]


def _depth(graph: Graph, node: str) -> int:
    """How many steps it is at most down from here."""
    return max((1 + _depth(graph, other) for other in graph[node]), default=0)


def _read_package(top: str, graph: Graph, found: Mapping[str, Path]) -> Package:
    wing_of = {name: _wing(name, found) for name in found if name.partition(".")[0] == top}
    inside = {name: wing for name, wing in wing_of.items() if wing}
    wings = merged({name: set(graph[name]) & inside.keys() for name in inside}, inside)
    inner = {wing: sorted({n.split(".")[2] for n in inside if _is_inner(n, wing, found)}) for wing in wings}
    imports: dict[str, set[str]] = {}
    for name in wing_of:
        for other in graph[name]:
            if (there := other.partition(".")[0]) != top:
                imports.setdefault(there, set()).add(other.split(".")[1] if "." in other else "")
    return Package(
        top, wings, inner, {there: sorted(parts - {"", "__main__"}) for there, parts in sorted(imports.items())}
    )


def _wing(name: str, found: Mapping[str, Path]) -> str:
    """The sub-package that a module is in; "" for those at the package's ground floor."""
    parts = name.split(".")
    is_package = found[name].name == "__init__.py"
    return parts[1] if len(parts) > 2 or (len(parts) == 2 and is_package) else ""


def _is_inner(name: str, wing: str, found: Mapping[str, Path]) -> bool:
    parts = name.split(".")
    return len(parts) > 2 and parts[1] == wing and (len(parts) > 3 or found[name].name == "__init__.py")


def draw(packages: list[Package]) -> str:
    """The picture as SVG."""
    y, bands, boxes = float(GAP), {}, {}
    for package in packages:
        rows = _rows(package.wings)
        bands[package.name] = Box(LEFT, y, BAND, TITLE + ROW * len(rows) + (0 if rows else 4))
        boxes[package.name] = dict(_place(rows, y + TITLE))
        y = bands[package.name].bottom + GAP
    parts = [_head(y)]
    for package in packages:
        parts += _draw_package(package, bands[package.name], boxes[package.name])
    parts += _draw_lanes(packages, bands)
    return "\n".join([*parts, "</svg>", ""])


def _rows(wings: Graph) -> list[list[str]]:
    """The wings in rows: each below all that import it, as high as that allows."""
    above = {wing: [other for other in wings if wing in wings[other]] for wing in wings}
    levels = {wing: _depth(above, wing) for wing in wings}
    return [sorted(wing for wing in wings if levels[wing] == level) for level in sorted(set(levels.values()))]


def _place(rows: list[list[str]], top: float) -> Iterator[tuple[str, Box]]:
    """Boxes spread over their row; one that is alone stands aside by turns, so that lines pass it."""
    for index, row in enumerate(rows):
        pitch = (BAND - 80) / len(row)
        width = min(pitch - 24, 190)
        for column, wing in enumerate(row):
            middle = LEFT + 40 + pitch * (column + 0.5) + (ASIDE[index % len(ASIDE)] if len(row) == 1 else 0)
            yield wing, Box(middle - width / 2, top + ROW * index, width, BOX)


def _head(height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
        'font-family="sans-serif" font-size="14">\n'
        "<title>Packages and wings of Outlast; each line goes from what imports to what is imported</title>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="context-stroke"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>'
    )


def _draw_package(package: Package, band: Box, boxes: Mapping[str, Box]) -> Iterator[str]:
    colour = COLOURS[PACKAGES.index(package.name) % len(COLOURS)]
    yield _rectangle(band, fill=f"{colour}14", stroke=colour)
    yield _text(band.x + 14, band.y + 21, package.name, size=17, weight="bold", fill=colour)
    told = "; ".join(f"{name} ({', '.join(p)})" if 0 < len(p) <= 4 else name for name, p in package.imports.items())
    size = 12 if len(told) <= LONGEST_LINE else 12 * LONGEST_LINE / len(told)
    yield _text(band.x + 100, band.y + 21, f"imports {told}" if told else "imports none of ours", size=size)
    for wing, targets in package.wings.items():
        yield from (_arrow(boxes[wing], boxes[target], colour) for target in sorted(targets))
    for wing, box in boxes.items():
        yield _rectangle(box, fill="#ffffff", stroke=colour)
        inner = ", ".join(package.inner[wing])
        yield _text(box.middle, box.y + (17 if inner else 25), wing, anchor="middle", weight="bold")
        yield from [_text(box.middle, box.y + 32, inner, size=11, anchor="middle")] if inner else []


def _draw_lanes(packages: list[Package], bands: Mapping[str, Box]) -> Iterator[str]:
    """A vertical lane at the right for each package: from it down to every package that it imports."""
    edge = LEFT + BAND
    for index, package in enumerate(p for p in packages if p.imports):
        colour = COLOURS[PACKAGES.index(package.name) % len(COLOURS)]
        x, start = edge + 30 + LANE * 2 * index, bands[package.name].y + 16
        heights = [bands[name].y + 30 + index * (bands[name].height - 36) / len(packages) for name in package.imports]
        line = f'fill="none" stroke="{colour}" stroke-width="2"'
        yield f'<path d="M{edge} {start:g} H{x} V{max(heights):g}" {line}/>'
        yield from (f'<path d="M{x} {height:g} H{edge}" {line} marker-end="url(#tip)"/>' for height in heights)
        yield _text(x + 5, start + 4, package.name, size=12, fill=colour)


def _rectangle(box: Box, *, fill: str, stroke: str) -> str:
    place = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
    return f'<rect {place} rx="6" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'


def _text(
    x: float,
    y: float,
    said: str,
    *,
    size: float = 14,
    anchor: str = "start",
    weight: str = "normal",
    fill: str = "#222",
) -> str:
    style = f'font-size="{size:g}" text-anchor="{anchor}" font-weight="{weight}" fill="{fill}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(said)}</text>'


def _arrow(above: Box, below: Box, colour: str) -> str:
    bend = (below.y - above.bottom) / 2
    start, end = f"{above.middle:g} {above.bottom:g}", f"{below.middle:g} {below.y:g}"
    curve = f"M{start} C{above.middle:g} {above.bottom + bend:g} {below.middle:g} {below.y - bend:g} {end}"
    return f'<path d="{curve}" fill="none" stroke="{colour}" stroke-width="1.2" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    PICTURE.write_text(draw(read_packages()))
