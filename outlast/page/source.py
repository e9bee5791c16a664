"""Where the page's data is from, and what its buttons do: the sandbox of this folder, whose keys stay in here."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from failover.dial import Dial, authorise
from failover.drill.clients import LOOKUP_SECONDS, Authority
from failover.drill.journal import LINES, read_lines
from failover.drill.kinds import Around
from failover.drill.probes import SERVED_BY, ask_digest
from infra.cost.budget import reckon
from infra.cost.prices import HOURS
from outlast.cost import load_traffic
from outlast.page.action import Action
from outlast.page.traffic import Client, Traffic, clients_of
from outlast.page.view import Fixed, Zone, show, show_drill
from sandbox import keys
from sandbox.command import control
from sandbox.command.environment import dial_of, load_cli, sandbox_environment
from sandbox.layout import Layout
from sandbox.serving import asked_model
from sandbox.stack_files import public_host
from service.bundle.folder import choose_released, load_golden
from service.bundle.golden import read_answer
from service.errors import Deviated, InvalidInput, OutlastError, Unavailable

LOST = "dark"
"""The fault by which a cloud is lost: the whole cloud is gone, its API with it."""
_LOST_SECONDS = 86_400.0
_DIGESTS_EVERY_SECONDS = 20.0
_DEADLINE_SECONDS = 5.0
SILENT_SECONDS = 15.0
"""A drill writes what its observers see, several times a second."""


class Sandbox:
    """The running sandbox. Raises Unavailable where there is none."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._control = control.connect(layout)
        self._dial = Dial.from_environment(dial_of(layout, self._control.instance))
        self._authority = Authority("zone", self._dial)
        self.host = public_host(layout)
        self._model = asked_model(layout)
        self._golden = load_golden(choose_released(self._model))
        self._api_key = keys.api_key_of(layout)
        self._usd = _usd_per_hour()
        self._zone: Zone | None = None
        self._digests: tuple[float, dict[str, str]] = (float("-inf"), {})
        self._lock = threading.Lock()
        self._action = Action(
            layout.root, lambda: sandbox_environment(layout, self._control.instance, load_cli(layout))
        )
        self.traffic = Traffic(self._open_clients)

    def _open_clients(self, resources: ExitStack) -> dict[str, Client]:
        deadline = self._dial.deadline_seconds
        return clients_of(
            Around(self._dial, self.host, self._golden, self._api_key, deadline, resources, self._authority)
        )

    @property
    def is_used(self) -> bool:
        """Whether somebody looks, or what was pressed still runs."""
        return self.traffic.is_watched or bool(self._action.state()["running"])

    def view(self) -> dict[str, Any]:
        """The page's data now. Raises Unavailable where the sandbox does not answer any more."""
        status = self._control.status() | {"host": self.host, "model": {"name": self._model}}
        self.traffic.allow(bool(status["weights"]))
        with self._lock:
            fixed = Fixed(self._usd, self._find_digests(status))
            zone = self._ask_zone()
        return show(status, self.traffic.asked(), zone, fixed, self._find_drill(), time.monotonic()) | {
            "action": self._action.state()
        }

    def _ask_zone(self) -> Zone | None:
        """As a resolver does: what was answered is kept for its TTL, and asked for anew when that has run out."""
        kept, now = self._zone, time.monotonic()
        if kept is None or now - kept.at >= kept.ttl_seconds / self._dial.speed:
            with suppress(Unavailable):
                found = self._dial.resolve(self.host, "CNAME", timeout_seconds=LOOKUP_SECONDS)
                origin = found.addresses[0].rstrip(".") if found.addresses else "nothing"
                # The sandbox's server shortens TTLs by its speed, since resolvers count real seconds.
                self._zone = Zone(now, origin, float(found.ttl_seconds * self._dial.speed))
        return self._zone

    def _find_digests(self, status: dict[str, Any]) -> dict[str, str]:
        """What each site says that it serves. One that does not answer keeps what it said."""
        at, kept = self._digests
        if time.monotonic() - at > _DIGESTS_EVERY_SECONDS:
            found = {weight["site"]: self._digest_at(weight["origin"]) for weight in status["weights"]}
            kept = kept | {site: digest for site, digest in found.items() if digest}
            self._digests = (time.monotonic(), kept)
        return kept

    def _digest_at(self, origin: str) -> str:
        with suppress(OutlastError):
            addresses = self._dial.resolve(origin).addresses
            if addresses:
                with self._dial.client(address=addresses[0], deadline_seconds=self._dial.deadline_seconds) as http:
                    http.headers.update(authorise(self._api_key))
                    return ask_digest(http, self.host, self._golden)
        return ""

    def _find_drill(self) -> dict[str, Any] | None:
        return find_drill(self._layout.root / "drills", time.time())

    def act(self, what: str, site: str) -> str:
        """Do what a button says. Raises InvalidInput for another word or site, Refused while another one runs."""
        if site not in (weight["site"] for weight in self._control.status()["weights"]):
            raise InvalidInput(f"there is no site {site!r}", hint="outlast status")
        if what == "lose":
            self._control.call("POST", "/fault", {"site": site, "kind": LOST, "seconds": _LOST_SECONDS})
            return f"{site} is gone, its API with it; the health checks have to notice"
        if what == "give-back":
            self._control.call("POST", "/heal", {"site": site})
            return f"{site} is given back; it is in DNS once its health check has seen it"
        return self._action.start(what, site)

    def example(self) -> dict[str, Any]:
        """A row of the model's own features, to be changed and sent."""
        return {"columns": [column.name for column in self._golden.input.columns], "row": self._golden.rows[0].features}

    def predict(self, row: list[Any]) -> dict[str, Any]:
        """Send one row through DNS and TLS. Raises Unavailable where nobody answers, Deviated for a refusal."""
        if len(row) != len(self._golden.rows[0].features):
            wanted = len(self._golden.rows[0].features)
            raise InvalidInput(f"the row has {len(row)} values, the model {wanted} columns", hint="reload the page")
        body = self._golden.render_request(replace(self._golden.rows[0], features=tuple(row)))
        response = self._send(body)
        if response.status_code != 200:
            raise Deviated(f"{self.host} answered {response.status_code}: {response.text[:300]}", hint="change the row")
        answer = read_answer(response.content)
        return {
            "label": answer.label,
            "probability": max(answer.probabilities, default=0.0),
            "site": response.headers.get(SERVED_BY, "?"),
            "request": response.headers.get("x-request-id", ""),
            "receipt": json.loads(response.content).get("parameters", {}).get("receipt", ""),
        }

    def _send(self, body: bytes) -> httpx.Response:
        headers = {"content-type": "application/json"} | authorise(self._api_key)
        url = f"https://{self.host}{self._golden.path}"
        try:
            with self._dial.client(deadline_seconds=_DEADLINE_SECONDS) as http:
                return http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.host} does not answer: {error}", hint="send it again") from error


def find_drill(drills: Path, now: float) -> dict[str, Any] | None:
    """The latest drill whose journal is not finished; one that nobody writes to any more is told as stopped.

    A line that is half written is left for the next look.
    """
    for journal in sorted(drills.glob(f"*/{LINES}"), reverse=True):
        with suppress(OSError):  # it was finished in this moment
            entries = [line for line in read_lines(journal) if not isinstance(line, str)]
            told = show_drill(entries)
            stopped = now - journal.stat().st_mtime > SILENT_SECONDS
            return told and {**told, "stopped": stopped}
    return None


def _usd_per_hour() -> dict[str, float]:
    """What each place of the stack files costs, by the dated table of list prices; none where it cannot be told."""
    try:
        found = reckon(load_traffic(None)).estimate
    except OutlastError:
        return {}
    return {where: sum(line.usd for line in found.lines if line.where == where) / HOURS for where in found.places}
