"""Counting the requests of one connection without reading HTTP."""

from __future__ import annotations

from sandbox.replicas.scaling import Meter


class Turns:
    """A further request begins where the client speaks again after the replica has."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._is_answered = False
        meter.requests += 1

    def asked(self) -> None:
        """The client said something."""
        self._meter.requests += self._is_answered
        self._is_answered = False

    def answered(self) -> None:
        """The replica said something."""
        self._is_answered = True
