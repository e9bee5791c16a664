"""`outlast certificate renew`: which certificate is meant, and what is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from failover.certificates.authority import PRODUCTION, STAGING
from failover.certificates.renew import Renewal
from failover.certificates.served import Served
from failover.certificates.vault import CertificateVault, Held
from outlast import certificate
from outlast.certificate import Target, check_command, choose_target, of_stack, read_binding, renew_command
from service.errors import InvalidInput, Refused

HOST, SECRET = "api.example.com", "https://kv1.vault.azure.net/secrets/api"
AZURE = {"outlast:kind": "azure", "outlast:zone": "prod-zone", "outlast:certificateSecret": SECRET}
ENDS = datetime.now(UTC) + timedelta(days=60)


def write(root: Path, **stacks: dict[str, Any]) -> Path:
    (root / "stacks").mkdir()
    for stack, config in stacks.items():
        path = root / "stacks" / f"Pulumi.{stack.replace('_', '-')}.yaml"
        path.write_text(yaml.safe_dump({"config": config}))
    return root


def test_a_stack_says_host_and_secret(tmp_path: Path) -> None:
    write(tmp_path, prod_azure=AZURE, prod_zone={"outlast:host": HOST})
    assert of_stack(tmp_path, "prod-azure") == Target((HOST,), SECRET)


def test_a_geography_is_a_further_name(tmp_path: Path) -> None:
    write(tmp_path, prod_azure={**AZURE, "outlast:geographies": ["eu"]}, prod_zone={"outlast:host": HOST})
    assert of_stack(tmp_path, "prod-azure").names == (HOST, f"eu.{HOST}")


def test_the_committed_stack_is_one() -> None:
    assert of_stack(certificate.ROOT, "azure").names == ("api.outlast.example",)


@pytest.mark.parametrize(
    ("site", "zone", "says"),
    [
        ({**AZURE, "outlast:kind": "aws"}, {}, "its cloud renews its own"),
        ({"outlast:kind": "azure"}, {}, r"outlast:zone: is missing(.|\n)*outlast:certificateSecret: is missing"),
        (AZURE, {}, "outlast:host is missing"),
        ({**AZURE, "outlast:geographies": "eu"}, {"outlast:host": HOST}, "outlast:geographies"),
    ],
)
def test_what_a_stack_file_lacks_is_told(tmp_path: Path, site: Any, zone: Any, says: str) -> None:
    write(tmp_path, prod_azure=site, prod_zone=zone)
    with pytest.raises(InvalidInput, match=says):
        of_stack(tmp_path, "prod-azure")


def test_a_host_and_a_secret_need_no_stack(tmp_path: Path) -> None:
    assert choose_target(tmp_path, None, HOST, SECRET, ["eu.api.example.com", HOST]) == Target(
        (HOST, "eu.api.example.com"), SECRET
    )


@pytest.mark.parametrize(
    ("stack", "host", "secret"),
    [(None, None, None), (None, HOST, None), (None, None, SECRET), ("prod-azure", HOST, SECRET)],
)
def test_half_of_what_is_needed_or_both_is_refused(
    tmp_path: Path, stack: str | None, host: str | None, secret: str | None
) -> None:
    with pytest.raises(InvalidInput, match="--stack, or --host and --secret"):
        choose_target(tmp_path, stack, host, secret)


def test_an_external_account_is_whole_or_none() -> None:
    binding = read_binding("kid", {"OUTLAST_EAB_HMAC_KEY": "s3cret"})
    assert binding is not None and binding.hmac_key == "s3cret" and "s3cret" not in repr(binding)
    assert read_binding(None, {}) is None
    for kid, environ in (("kid", {}), (None, {"OUTLAST_EAB_HMAC_KEY": "x"})):
        with pytest.raises(InvalidInput, match="belong together"):
            read_binding(kid, environ)


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the renewal was asked for; it does what it is told to."""
    asked: list[Any] = []

    def renew(vault: CertificateVault, proofs: Any, wanted: Any, **given: Any) -> Renewal:
        asked.append((vault, wanted, given))
        return Renewal(Held(wanted.names, ENDS), "it ends soon" if given["force"] else "")

    monkeypatch.setattr(certificate, "renew", renew)
    monkeypatch.setattr(CertificateVault, "look", lambda self: Held((HOST,), ENDS))
    monkeypatch.delenv("OUTLAST_ACME_DIRECTORY", raising=False)
    return asked


def run(*words: str) -> str:
    done = CliRunner().invoke(renew_command, ["--host", HOST, "--secret", SECRET, *words])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("words", "directory"), [((), PRODUCTION), (("--staging",), STAGING), (("--directory", "https://ca"), "https://ca")]
)
def test_which_authority_is_asked(asked: list[Any], words: tuple[str, ...], directory: str) -> None:
    run(*words)
    (vault, wanted, _), *_ = asked
    assert (vault.base, wanted.directory, wanted.names) == ("https://kv1.vault.azure.net", directory, (HOST,))


def test_a_rehearsal_leaves_the_certificate_that_is_served_alone(asked: list[Any]) -> None:
    done = CliRunner().invoke(renew_command, ["--host", HOST, "--secret", SECRET, "--staging", "--force"])
    run("--force")
    assert [vault.name for vault, *_ in asked] == ["api-staging", "api"]
    assert f"nobody reads {SECRET}-staging" in done.stderr


def test_what_was_done_is_told(asked: list[Any]) -> None:
    assert f"renewed, since it ends soon\n  {HOST}: until {ENDS:%Y-%m-%d}" in run("--force")
    assert "nothing to do" in run()
    assert json.loads(run("--json", "--force")) == {
        "renewed": True,
        "why": "it ends soon",
        "names": [HOST],
        "not_after": ENDS.isoformat(),
    }


def test_a_dry_run_asks_nobody(asked: list[Any]) -> None:
    assert "left as it is" in run("--dry-run")
    assert "--force was given" in run("--dry-run", "--force")
    assert "fewer" not in run("--dry-run", "--days", "61") and "less than 61 days away" in run(
        "--dry-run", "--days", "61"
    )
    assert json.loads(run("--dry-run", "--name", "eu.x.example", "--json"))["would_renew"] is True
    assert asked == []


def test_an_account_key_is_read_from_its_file(asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"pem")
    run("--account-key", str(tmp_path / "key.pem"), "--email", "a@b.example")
    assert (asked[0][1].account_key, asked[0][1].email) == (b"pem", "a@b.example")


def test_check_tells_each_site_and_fails_where_one_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = datetime.now(UTC) + timedelta(days=3, hours=1)
    late = datetime.now(UTC) + timedelta(days=60, hours=1)
    served = [Served("aws.api.example", late), Served("gcp.api.example", soon)]
    monkeypatch.setattr("outlast.certificate.look", lambda dial, host, sites: served)
    asked = ["--host", "api.example", "--site", "aws.api.example"]
    run = CliRunner().invoke(check_command, asked)
    assert run.output.splitlines()[:2] == [
        "aws.api.example: ends in 60 days",
        "gcp.api.example: ends in 3 days, fewer than 21",
    ]
    assert run.exit_code == Refused.exit_code
    enough = CliRunner().invoke(check_command, [*asked, "--days", "2", "--json"])
    assert enough.exit_code == 0 and [one["days_left"] for one in json.loads(enough.output)["sites"]] == [60, 3]
