"""What the page says of the clouds' own figures and alarms: a line for a card, and what nobody could read. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from outlast.cloud_metrics.figures import SERVICES, Figures, Reading
from outlast.page.measured import Measured

NOT_ASKED = "what the clouds themselves measure and alarm of is not asked: --stacks SET names where the sites are"
NOT_YET = "not read yet"


def rate_of(measured: Measured, reading: Reading) -> tuple[float, float]:
    """Requests a second, and those of them that failed: as the replicas count, else as the cloud does."""
    figures = reading.figures
    if measured.replicas or figures is None:
        return measured.per_second, measured.failed_per_second
    return figures.per_second, figures.failed_per_second


def name_source(measured: Measured, reading: Reading, cloud: str) -> str:
    """Who counted the answers that the page shows of a site."""
    if measured.replicas:
        return "its replicas"
    return SERVICES[cloud] if reading.figures else "nobody"


def describe_figures(reading: Reading, cloud: str) -> str:
    """The cloud's figures in one line, after who says so and of which minute; or that there are none."""
    figures = reading.figures
    if figures is None:
        return f"{SERVICES[cloud]}: {'could not be read' if reading.why_not else NOT_YET}"
    said = [f"{figures.per_second:.3g} requests/s", _errors(figures)]
    if figures.latency_ms is not None:
        said.append(f"{figures.latency} {figures.latency_ms:.0f} ms")
    if figures.cpu_percent is not None:
        said.append(f"CPU {figures.cpu_percent:.0f} %")
    return f"{SERVICES[cloud]}, minute of {figures.minute:%H:%M} UTC: {', '.join(said)}"


def _errors(figures: Figures) -> str:
    share = figures.failed_per_second / figures.per_second if figures.per_second else 0.0
    return f"{share:.1%} 5xx"


def list_cloud_alarms(readings: Mapping[str, Reading], clouds: Mapping[str, str]) -> list[dict[str, str]]:
    """Every alarm of a cloud that is on, as the page shows alarms."""
    return [
        {
            "name": alarm.name,
            "site": alarm.site,
            "about": f"{alarm.site}: {alarm.about} ({SERVICES[clouds[place]]}{_since(alarm.since)})",
        }
        for place, reading in readings.items()
        for alarm in reading.alarms
    ]


def _since(moment: datetime | None) -> str:
    return f", since {moment.astimezone(UTC):%H:%M} UTC" if moment else ""


def list_unread(readings: Mapping[str, Reading], asked: Collection[str]) -> list[str]:
    """What the page does not know of the clouds, and why; nobody is asked where no stack files are named."""
    if not asked and not readings:
        return [NOT_ASKED]
    waiting = [place for place in asked if place not in readings]
    return [
        *(f"{place}'s alarms: {NOT_YET}" for place in waiting),
        *(
            f"{place}'s {what}: {why}"
            for place, reading in readings.items()
            for what, why in (("own metrics", reading.why_not), ("alarms", reading.why_no_alarms))
            if why
        ),
    ]
