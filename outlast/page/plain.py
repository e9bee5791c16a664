"""The page's view in a terminal: a table that is drawn anew, or without a terminal one line for each change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

WIDTH = 60
"""So many columns suffice."""


def draw(view: Mapping[str, Any]) -> Group:
    """Everything at once, for a terminal."""
    if "error" in view:
        return Group(Text(f"{view['error']} ({view['hint']})", style="bold red"))
    zone = view["zone"]
    answer = f"{zone['origin']}, {zone['left_seconds']} s left" if zone else "no answer"
    return Group(
        Text(f"{view['host']}, {_whose(view)}"),
        _table(view["sites"]),
        Text(f"DNS: {answer}"),
        *(Text(f"{one['kind']:8} {one['site'] or 'nobody':8} {one['failed']} failed") for one in view["clients"]),
        Text(f"drill: {_drill(view)}"),
        *(Text(line, style="red") for line in _troubles(view)),
        *(Text(f"{site['name']}: {site['cloud']}", style="dim") for site in view["sites"] if site.get("cloud")),
        *(Text(line, style="dim") for line in view.get("unread", ())),
    )


def _whose(view: Mapping[str, Any]) -> str:
    return "real accounts, read only" if view["read_only"] else f"clock {view['speed']} times real time"


def _ready(site: Mapping[str, Any]) -> str:
    """How many replicas, and of how many where somebody has declared that."""
    ready = "?" if site["ready"] is None else str(site["ready"])
    return ready if site["min"] is None else f"{ready} of {site['min']}"


def _table(sites: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("site", "health", "weight", "ready", "answers", "p95 ms"):
        table.add_column(name, justify="left" if name in ("site", "health") else "right")
    for site in sites:
        p95 = "" if site["p95_ms"] is None else f"{site['p95_ms']:.0f}"
        health = Text(site["health"], style="green" if site["health"] == "healthy" else "bold red")
        ready, share = _ready(site), f"{site['share']:.0%}"
        table.add_row(site["name"], health, str(site["weight"]), ready, share, p95)
    return table


def _drill(view: Mapping[str, Any]) -> str:
    drill = view["drill"]
    if drill is None:
        return view.get("elsewhere") or "none"
    if drill["stopped"]:
        return f"{drill['site']}: stopped at {drill['step']}, not undone (outlast drill restore)"
    low, high = drill["predicted_seconds"]
    return f"{drill['site']}: {drill['step']}, {drill['moving_seconds']} s of {low} to {high} s"


def _troubles(view: Mapping[str, Any]) -> list[str]:
    """The sandbox's alarms have their site in their names; what is found at real accounts is told with its place."""
    told = "{site}: {name}" if view["read_only"] else "alarm: {name}"
    return [*view["faults"], *(told.format_map(one) for one in view["alarms"])]


def facts(view: Mapping[str, Any]) -> dict[str, str]:
    """What is worth a line when it changes, by what it is of: neither a share nor a time, which change always."""
    if "error" in view:
        return {"source": str(view["error"])}
    told = {"source": "answers"}
    if not view["read_only"]:  # nobody is played for real accounts
        told["clients"] = ", ".join(_followed(view)) or "no answer yet"
    for site in view["sites"]:
        told[site["name"]] = f"{site['health']}, weight {site['weight']}, {_ready(site)} ready"
    told["drill"] = f"{view['drill']['site']}: {view['drill']['step']}" if view["drill"] else _drill(view)
    told["faults and alarms"] = "; ".join(_troubles(view)) or "none"
    if view.get("unread"):
        told["not known"] = "; ".join(view["unread"])
    return told


def _followed(view: Mapping[str, Any]) -> list[str]:
    """Where the clients of each kind are."""
    return [f"{one['kind']} at {one['site'] or 'nobody'}" for one in view["clients"]]


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """A line for each fact that is another one now."""
    return [f"{name}: {fact}" for name, fact in after.items() if before.get(name) != fact]
