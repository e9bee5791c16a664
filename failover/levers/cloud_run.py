"""Level 3 on Google Cloud: the ingress of the Cloud Run service is closed, so that its load balancer gets no answer.

The target is the service's name, `projects/…/locations/…/services/…`. Google's etag guards the change.
"""

from __future__ import annotations

from collections.abc import Callable

from failover.levers.change import State
from failover.levers.clouds import Clouds, ask_for
from failover.levers.lever import StateLever


class CloudRunLever(StateLever):
    """Closes the ingress, and opens it as it was."""

    subject = "Cloud Run service"
    by_hand = "gcloud run services update {target} --ingress internal-and-cloud-load-balancing"

    def __init__(self, clouds: Clouds, pause: Callable[[float], None]) -> None:
        super().__init__(pause)
        self._clouds = clouds

    def read(self, target: str) -> tuple[State, str]:
        """Who may come in, and the etag."""
        with self._clouds.google() as run:
            document = ask_for(run, "GET", f"/v2/{target}", f"look at Cloud Run service {_short(target)}")
        return {"ingress": str(document.get("ingress", ""))}, str(document.get("etag", ""))

    def write(self, target: str, state: State, version: str) -> None:
        """Ask for it; an operation follows, whose end is seen by reading."""
        body = {"ingress": state["ingress"], **({"etag": version} if version else {})}
        with self._clouds.google() as run:
            what = f"change the ingress of Cloud Run service {_short(target)}"
            ask_for(run, "PATCH", f"/v2/{target}", what, params={"updateMask": "ingress"}, json=body)


def _short(target: str) -> str:
    return target.rpartition("/")[2]
