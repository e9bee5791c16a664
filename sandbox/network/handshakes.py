"""The TLS of one entry point: a certificate by the name that a client asks for, or a bad one while a fault says so."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence

from sandbox.network.certificates import KeyPair
from sandbox.network.entry_points import EntryPoint
from service.errors import OutlastError

_BAD = ("expired-certificate", "wrong-certificate")


class Handshakes:
    """Chooses for each handshake.

    Args:
        bad_pair: makes the certificate of a fault (its kind) in place of a good one (its names).
        has_fault: whether a kind of fault is in force here now.
        report: told of a certificate that cannot be used.
    """

    def __init__(
        self,
        entry: EntryPoint,
        bad_pair: Callable[[str, Sequence[str]], KeyPair],
        has_fault: Callable[[str], bool],
        report: Callable[[str], None],
    ) -> None:
        self._entry = entry
        self._bad_pair = bad_pair
        self._has_fault = has_fault
        self._report = report
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}

    def context(self) -> ssl.SSLContext:
        """What connections are accepted with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3 if self._entry.tls13_only else ssl.TLSVersion.TLSv1_2
        # Health checkers never resume: two tickets a handshake would be a tenth of its cost for nothing.
        context.num_tickets = 0
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        """The certificate for the name that the client asks for; no binding for it ends the handshake."""
        binding = self._entry.binding_for(name)
        if binding is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        bad = next((kind for kind in _BAD if self._has_fault(kind)), "")
        try:
            if (binding.host, bad) not in self._contexts:
                pair = self._bad_pair(bad, binding.pair.names) if bad else binding.pair
                self._contexts[binding.host, bad] = pair.server_context()
        except (OSError, ValueError, OutlastError) as error:
            self._report(f"{self._entry.key}: the certificate for {name} cannot be used: {error}")
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._contexts[binding.host, bad]
        return None
