"""A certificate renewed on the sandbox: its authority, its Route 53, its vault; and the site presents it."""

from __future__ import annotations

import json
import socket
import ssl

import pytest
from cryptography import x509

from failover.dial import Dial
from sandbox.command.environment import dial_of
from tests.end_to_end.conftest import HOST, Project
from tests.end_to_end.test_beside import listed, route53

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
RENEW = ("-m", "outlast", "certificate", "renew", "--stack", "azure", "--json")


def presented(project: Project) -> x509.Certificate:
    """The certificate that a strict client of the public host gets from the site."""
    dial = Dial.from_environment(dial_of(project.layout, project.control.instance))
    address = dial.resolve(f"azure.{HOST}").addresses[0]
    context = ssl.create_default_context(cafile=str(project.layout.ca))
    where = (address, 443 + project.control.instance.port_offset)
    with (
        socket.create_connection(where, timeout=10.0) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as secured,
    ):
        content = secured.getpeercert(binary_form=True)
    assert content is not None
    return x509.load_der_x509_certificate(content)


def test_the_site_presents_the_renewed_certificate(project: Project) -> None:
    before = presented(project)
    done = project.run_in(project.inside(), project.python, *RENEW, "--force")
    told = json.loads(done.stdout)
    assert told["renewed"] and told["names"] == [HOST]
    after = presented(project)
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc.isoformat() == told["not_after"]
    again = json.loads(project.run_in(project.inside(), project.python, *RENEW).stdout)
    assert not again["renewed"] and again["not_after"] == told["not_after"]
    assert not [name for name, _ in listed(route53(project)) if name.startswith("_acme-challenge.")]
