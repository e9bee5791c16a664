"""When a certificate is renewed, and the whole way of it: authority, zone, vault."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from failover.certificates.renew import LEAST_DAYS, Renewal, Wanted, find_reason, renew
from failover.certificates.vault import Held
from service.errors import Unavailable
from tests.failover.certificates.conftest import HOST, FakeVault, Zone
from tests.sandbox.authority.serving import Served

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GROUP = f"eu.{HOST}"


def held(*names: str, days: float = 90) -> Held:
    return Held(names, NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (None, "there is none"),
        (held(HOST, GROUP), ""),
        (held(GROUP, HOST), ""),
        (held(HOST), f"is for {HOST}, and has to be for {HOST}, {GROUP}"),
        (held(HOST, GROUP, "more.example"), "is for"),
        (held(), "is for no name"),
        (held(HOST, GROUP, days=LEAST_DAYS), ""),
        (held(HOST, GROUP, days=LEAST_DAYS - 0.01), "ends on 2026-12-23"),
        (held(HOST, GROUP, days=-1), "ends on 2026-11-22"),
    ],
)
def test_a_certificate_is_renewed_for_a_reason(there: Held | None, why: str) -> None:
    found = find_reason(there, (HOST, GROUP), NOW)
    assert why in found and bool(why) == bool(found)


STAGED = "CN=(STAGING) Riddling Rhubarb R12,O=(STAGING) Let's Encrypt,C=US"
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.mark.parametrize(
    ("there", "directory", "why"),
    [
        (
            replace(held(HOST), issuer=STAGED),
            LETS_ENCRYPT,
            f"is by {STAGED}, which no client trusts, and {LETS_ENCRYPT}",
        ),
        (replace(held(HOST), issuer=STAGED), "https://acme-staging-v02.api.letsencrypt.org/directory", ""),
        (replace(held(HOST), issuer="CN=R12,O=Let's Encrypt,C=US"), LETS_ENCRYPT, ""),
        (replace(held(HOST), is_own=True), LETS_ENCRYPT, "vouches for itself"),
    ],
)
def test_what_no_client_trusts_is_renewed_before_its_time(there: Held, directory: str, why: str) -> None:
    found = find_reason(there, (HOST,), NOW, directory=directory)
    assert why in found and bool(why) == bool(found)


def run(fake: FakeVault, zone: Zone, served: Served, *names: str, force: bool = False) -> Renewal:
    wanted = Wanted(names or (HOST,), served.directory)
    return renew(fake.vault, lambda: zone.proofs, wanted, now=datetime.now(UTC), agent="outlast-test", force=force)


def test_the_first_renewal_fills_the_vault_and_the_next_does_nothing(
    fake_vault: FakeVault, zone: Zone, served: Served
) -> None:
    first = run(fake_vault, zone, served)
    assert first.why and first.held == fake_vault.vault.look() and first.held.names == (HOST,)
    before = len(served.asked)
    again = run(fake_vault, zone, served)
    assert again == Renewal(first.held, "") and len(served.asked) == before, "the authority was not asked"


def test_other_names_and_force_renew_with_the_same_account(fake_vault: FakeVault, zone: Zone, served: Served) -> None:
    run(fake_vault, zone, served)
    account = fake_vault.secrets["api-acme-account"]
    assert set(run(fake_vault, zone, served, HOST, GROUP).held.names) == {HOST, GROUP}
    assert run(fake_vault, zone, served, HOST, GROUP, force=True).why == "--force was given"
    assert fake_vault.secrets["api-acme-account"] == account and len(served.authority._accounts) == 1


def test_an_account_of_one_s_own_leaves_the_vault_s_alone(fake_vault: FakeVault, zone: Zone, served: Served) -> None:
    from failover.certificates.authority import make_account_key

    wanted = Wanted((HOST,), served.directory, account_key=make_account_key())
    renew(fake_vault.vault, lambda: zone.proofs, wanted, now=datetime.now(UTC), agent="outlast-test")
    assert fake_vault.secrets == {}


def test_a_vault_that_refuses_the_import_leaves_no_proof_behind(
    fake_vault: FakeVault, zone: Zone, served: Served
) -> None:
    fake_vault.refuse["POST"] = httpx.Response(403, json={"error": {"code": "ForbiddenByRbac"}})
    with pytest.raises(Unavailable, match="refused to import"):
        run(fake_vault, zone, served)
    assert zone.records() == [] and fake_vault.certificates == {}
