"""The authority as the libraries speak to it, over HTTP on loopback: what it gives, and each way to say no."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from failover.certificates.authority import (
    Binding,
    Registrant,
    check_clock,
    issue,
    make_account_key,
    make_certificate_key,
)
from failover.certificates.proofs import Proof
from sandbox.authority.orders import Authorization
from service.errors import InvalidInput, OutlastError, Refused, Unavailable
from tests.failover.certificates.conftest import HOST, Zone
from tests.sandbox.authority.serving import Served, serve_authority

ACCOUNT = Registrant(make_account_key())
GROUP = f"eu.{HOST}"


def ask(
    served: Served,
    zone: Zone,
    *names: str,
    registrant: Registrant = ACCOUNT,
    directory: str = "",
    prove: Callable[[Sequence[Proof]], AbstractContextManager[None]] | None = None,
) -> tuple[bytes, str]:
    address = directory or served.directory
    prove = prove or zone.proofs.standing
    return issue(address, registrant, names or (HOST,), prove, now=datetime.now(UTC), agent="outlast-test")


def test_a_certificate_for_every_name_with_its_key_and_chain(served: Served, zone: Zone) -> None:
    key, chain = ask(served, zone, HOST, GROUP)
    leaf, root = x509.load_pem_x509_certificates(chain.encode())
    assert leaf.public_key() == load_pem_private_key(key, None).public_key()
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(found.get_values_for_type(x509.DNSName)) == {HOST, GROUP}
    leaf.verify_directly_issued_by(root)
    assert zone.records() == [], "the proofs are gone"


@pytest.mark.parametrize("key", [make_account_key(), make_certificate_key()], ids=["ec", "rsa"])
def test_an_account_is_opened_once(served: Served, zone: Zone, key: bytes) -> None:
    for _ in range(2):
        ask(served, zone, registrant=Registrant(key, email="a@b.example"))
    assert len(served.authority._accounts) == 1


def test_an_external_account_is_bound(zone: Zone, tmp_path: Path, served: Served) -> None:
    with serve_authority(tmp_path / "strict", {"k1": b"s" * 32}) as strict:
        strict.authority._lookup = zone.lookup
        bound = Registrant(ACCOUNT.account_key, binding=Binding("k1", base64.urlsafe_b64encode(b"s" * 32).decode()))
        ask(strict, zone, registrant=bound)
        with pytest.raises(Refused, match="externalAccountRequired") as refused:
            ask(strict, zone, registrant=Registrant(make_account_key()))
        assert "--eab-kid" in refused.value.hint
        wrong = Registrant(make_account_key(), binding=Binding("k1", base64.urlsafe_b64encode(b"x" * 32).decode()))
        with pytest.raises(Refused, match="not by a key"):
            ask(strict, zone, registrant=wrong)


def forbid(served: Served, zone: Zone) -> None:
    served.records["outlast.example", "CAA"] = ['0 issue "amazon.com"']


def hide(served: Served, zone: Zone) -> None:
    served.authority._lookup = lambda name, type_: []


def mislead(served: Served, zone: Zone) -> None:
    served.records[f"_acme-challenge.{HOST}", "TXT"] = ["somebody else's"]


def use_up(served: Served, zone: Zone) -> None:
    served.authority._issued += [(datetime.now(UTC).timestamp(), frozenset({HOST}))] * 5


@pytest.mark.parametrize(
    ("spoil", "says", "hint"),
    [
        (forbid, "caa: CAA record for outlast.example", "CAA records"),
        (hide, "dns: DNS problem: NXDOMAIN", "delegated"),
        (mislead, "unauthorized: Incorrect TXT record", "hosted zone"),
        (use_up, "rateLimited: too many certificates", "--staging"),
    ],
)
def test_each_refusal_is_the_authority_s_own_word_and_a_way_out(
    served: Served, zone: Zone, spoil: Callable[[Served, Zone], None], says: str, hint: str
) -> None:
    spoil(served, zone)
    with pytest.raises(Refused, match=says) as refused:
        ask(served, zone)
    assert hint in refused.value.hint
    assert zone.records() == []


def test_a_refusal_of_ours_passes_as_it_is(served: Served, zone: Zone) -> None:
    def prove(proofs: Sequence[Proof]) -> AbstractContextManager[None]:
        raise Refused("the zone takes no proof", hint="look")

    with pytest.raises(Refused, match="takes no proof"):
        ask(served, zone, prove=prove)


def test_what_is_proven_already_is_not_proven_again(
    served: Served, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.authority.server.Authorization", partial(Authorization, status="valid"))
    asked: list[Sequence[Proof]] = []

    def prove(proofs: Sequence[Proof]) -> AbstractContextManager[None]:
        asked.append(proofs)
        return nullcontext()

    ask(served, zone, prove=prove)
    assert asked == [[]]


@pytest.mark.parametrize("directory", ["http://127.0.0.1:9/directory", "{base}/acme/new-order", "{base}/nowhere"])
def test_what_is_no_directory_is_told(served: Served, zone: Zone, directory: str) -> None:
    with pytest.raises(OutlastError, match="could not get a certificate") as told:
        ask(served, zone, directory=directory.format(base=served.base))
    assert told.value.hint


P384 = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(("pem", "says"), [(b"no key", "cannot be read"), (P384, "of a kind")], ids=["none", "p384"])
def test_an_account_key_has_to_be_one(served: Served, zone: Zone, pem: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        ask(served, zone, registrant=Registrant(pem))


def test_a_wrong_clock_is_told(served: Served, zone: Zone) -> None:
    served.date = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    with pytest.raises(Unavailable, match="clock"):
        ask(served, zone)


@pytest.mark.parametrize(("date", "right"), [("", True), ("no date", True), ("Mon, 23 Nov 2026 12:09:00 GMT", True)])
def test_a_clock_may_differ_a_little(date: str, right: bool) -> None:
    check_clock(date, datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, served: Served, zone: Zone) -> None:
    monkeypatch.setitem(__import__("sys").modules, "acme.client", None)
    with pytest.raises(Unavailable) as missing:
        ask(served, zone)
    assert "outlast[acme]" in missing.value.hint
