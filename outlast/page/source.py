"""Where the page's data is from, and what its buttons do: the sandbox of this folder, whose keys stay in here."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from typing import Any

from failover.dial import Dial, authorise
from failover.drill.clients import Authority
from failover.drill.kinds import Around
from failover.drill.probes import ask_digest
from failover.metrics.command import asker_of
from outlast.page.action import Action
from outlast.page.asking import Asking
from outlast.page.journals import find_drill
from outlast.page.prices import usd_per_hour
from outlast.page.records import wait_for_record
from outlast.page.row import RowBox
from outlast.page.traffic import Client, Traffic, clients_of
from outlast.page.truths import Truths, judge_by
from outlast.page.view import Fixed, show
from outlast.page.zone import ZoneAnswer
from sandbox import keys
from sandbox.command import control
from sandbox.command.environment import dial_of, load_cli, sandbox_environment
from sandbox.layout import Layout
from sandbox.serving import asked_model
from sandbox.stack_files import public_host
from service.bundle.folder import choose_released, load_golden, load_release
from service.errors import InvalidInput, OutlastError

LOST = "dark"
"""The fault by which a cloud is lost: the whole cloud is gone, its API with it."""
_LOST_SECONDS = 86_400.0
_DIGESTS_EVERY_SECONDS = 20.0


class Sandbox:
    """The running sandbox. Raises Unavailable where there is none."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._control = control.connect(layout)
        self._dial = Dial.from_environment(dial_of(layout, self._control.instance))
        self._authority = Authority("zone", self._dial)
        self.host = public_host(layout)
        self._model = asked_model(layout)
        released = choose_released(self._model)
        self._golden = load_golden(released)
        self._truths = Truths(layout.logs, released.name, judge_by(load_release(released).manifest))
        self._api_key = keys.api_key_of(layout)
        self._box = RowBox(self._dial, self.host, self._golden, self._api_key)
        self._zone = ZoneAnswer(self._dial, self.host)
        self._usd = usd_per_hour(None)
        environ = dial_of(layout, self._control.instance) | {"OUTLAST_API_KEY": self._api_key}
        self._asking = Asking(asker_of(self.host, environ), self._sites)
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
        measured, truths = self._asking.measured(), self._truths.states()
        with self._lock:
            fixed = Fixed(self._usd, self._find_digests(status))
            zone = self._zone.ask()
        return show(
            status, self.traffic.asked(), zone, fixed, measured, truths, self._find_drill(), time.monotonic()
        ) | {"action": self._action.state()}

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

    def _sites(self) -> list[str]:
        return [weight["site"] for weight in self._control.status()["weights"]]

    def act(self, what: str, site: str) -> str:
        """Do what a button says. Raises InvalidInput for another word or site, Refused while another one runs."""
        if site not in self._sites():
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
        return self._box.example()

    def predict(self, row: list[Any]) -> dict[str, Any]:
        """Send one row; with the answer comes the audit record that the replica wrote of it."""
        answer = self._box.predict(row)
        return {**answer, "record": self.find_record(answer["site"], answer["request"]), "looked_for": ""}

    def find_record(self, site: str, request: str) -> dict[str, Any] | None:
        """The audit record that a replica wrote of a request, if it comes in a moment."""
        return wait_for_record(self._layout.logs, site, request)
