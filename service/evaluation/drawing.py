"""What the report's pictures share: bytes with a caption, colours, and figures drawn without a window system."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers too; three more for ten classes.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F"),
    *("#000000", "#8C564B", "#B8B000"),
)
_STYLE: Any = {
    "svg.hashsalt": "outlast",  # the same picture is the same file
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Picture:
    """A picture's file, its media type, and what it shows, in words."""

    content: bytes
    media_type: str
    caption: str

    @property
    def base64(self) -> str:
        """The content as text, for a page that holds it."""
        return base64.b64encode(self.content).decode()


def colour(index: int) -> str:
    """The colour of a class, by its index."""
    return COLOURS[index % len(COLOURS)]


def draw_axes(paint: Callable[[Axes], None], caption: str, *, size: tuple[float, float] = (6, 3.6)) -> Picture:
    """A picture of one pair of axes."""
    return draw_figure(lambda figure: paint(figure.subplots()), caption, size=size)


def draw_figure(
    paint: Callable[[Figure], None], caption: str, *, size: tuple[float, float], raster: bool = False
) -> Picture:
    """A picture of a whole figure: SVG where lines suffice, PNG where dots fill it."""
    # Figure without pyplot: no window system is asked for, and nothing is kept alive between pictures.
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size)
        paint(figure)
        stream = io.BytesIO()
        if raster:
            figure.savefig(stream, format="png", dpi=120)
            return Picture(stream.getvalue(), "image/png", caption)
        figure.savefig(stream, format="svg", metadata={"Date": None})
        return Picture(stream.getvalue(), "image/svg+xml", caption)
