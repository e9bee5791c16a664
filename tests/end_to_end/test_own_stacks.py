"""Stack files of one's own, by the real CLI: production sites with their base stacks, two of them on one cloud, and
accounts that lack something.

One file, although over 300 lines: each test goes on with the stacks that the one before it left.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

from failover.dial import Dial
from infra.holdings import TYPES
from sandbox import keys
from sandbox.command import predict as prediction
from sandbox.command.environment import dial_of
from sandbox.layout import MACHINES
from service.bundle.folder import RELEASED, load_golden
from tests.end_to_end.calling import Borne, asking
from tests.end_to_end.conftest import Project, copy_project
from tests.infra.goldens import golden_file
from tests.sandbox.own_set import ACCOUNT, HOST, PROJECT, SUBSCRIPTION, VAULT, write

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

SITES = {"aws": "aws", "aws-eu": "aws", "azure": "azure", "gcp": "gcp"}
# Whatever keeps the secrets of a real stack; the sandbox has neither the key nor the passphrase.
SECRETS = {"prod-zone": "secretsprovider: awskms://alias/x\nencryptedkey: AQIB\n", "prod-aws": "encryptionsalt: v1:x\n"}
ANSWERS = (
    *("--domain", "example.org", "--aws-account", ACCOUNT, "--azure-subscription", SUBSCRIPTION),
    *("--azure-vault", "kv-prod", "--gcp-project", PROJECT, "--state", "s3://our-state"),
    *("--size", "production", "--owner", "ml-platform", "--cost-centre", "c1", "--alert-email", "us@example.org"),
)
# What production leaves to choose: tasks and instances that get out nowhere, and spot.
CHOSEN = {"prod-aws": {"outlast:spotAbove": True}, "prod-gcp": {"outlast:egress": "none"}}
EU = {
    "aws:region": "eu-west-1",
    "outlast:availabilityZones": ["eu-west-1a", "eu-west-1b"],
    "outlast:egress": "endpoints",
    "outlast:protect": False,  # this one goes at the end
}
# Of a site or its base stack that have not met yet: `outlast base adopt` brings them together below.
APART = ("holdsFor", "holdsSecrets", "prefix", "logRetentionDays")
LATE = "prod-base-gcp"
"""Comes when Google's APIs are on: base stacks are made before the sites, whose accounts lack more than these."""
TORN_DOWN = [
    {"rule": rule, "reason": "it goes at the end", "until": "2027-12-31"}
    for rule in ("held-is-protected", "aws-balancer-deletion-protection")
]
BROKEN = {
    "aws": {"quotas": {"L-53DA6B97": 0}},
    "azure": {SUBSCRIPTION: {"vaults": {VAULT: {"api-example-org": ["other.example.org"]}}}},
    "google": {PROJECT: {"apis": []}},
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project with a set of stack files of one's own; nothing is up yet."""
    root = tmp_path_factory.mktemp("own") / "outlast"
    copy_project(root)
    copy = Project(root)
    written = json.loads(copy.run("-m", "outlast", "init-deployment", "prod", *ANSWERS, "--json").stdout)["files"]
    paths = {Path(name).name.split(".")[1]: root / name for name in written}
    files: dict[str, Any] = {stack: yaml.safe_load(path.read_text())["config"] for stack, path in paths.items()}
    for cloud in ("aws", "azure", "gcp"):
        for key in APART:
            files[f"prod-base-{cloud}"].pop(f"outlast:{key}", None)
        del files[f"prod-{cloud}"]["outlast:heldIn"]
    files["prod-aws-eu"] = files["prod-aws"] | EU | {"outlast:exceptions": TORN_DOWN}
    del files["prod-aws-eu"]["outlast:base"]  # which is in another region
    for stack, chosen in CHOSEN.items():
        files[stack] |= chosen
    weights = {f"prod-{site}": 10 for site in SITES}
    files["prod-traffic"] |= {"outlast:sites": [*weights], "outlast:weights": weights}
    assert files["prod-gcp"].pop("outlast:base") == files["prod-traffic"]["outlast:drainSwitches"].pop("prod-azure")
    write(root, files)
    stack_file(root, LATE).rename(root / LATE)
    for stack, secrets in SECRETS.items():
        path = stack_file(root, stack)
        path.write_text(secrets + path.read_text())
    yield copy
    copy.run("-m", "sandbox", "down", check=False)


def stack_file(root: Path, stack: str) -> Path:
    return root / "stacks" / f"Pulumi.{stack}.yaml"


def change(own: Project, stack: str, **settings: Any) -> None:
    """Write settings into a stack's file."""
    path = stack_file(own.root, stack)
    document = yaml.safe_load(path.read_text())
    document["config"] |= {f"outlast:{key}": value for key, value in settings.items()}
    path.write_text(yaml.safe_dump(document))


def setting(own: Project, stack: str, key: str) -> Any:
    return yaml.safe_load(stack_file(own.root, stack).read_text())["config"][f"outlast:{key}"]


def declare(own: Project, accounts: dict[str, Any]) -> None:
    (own.root / "stacks" / "accounts.prod.yaml").write_text(yaml.safe_dump(accounts))


def plain_pulumi(own: Project, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A plain `pulumi`, as somebody types it in `make shell`."""
    return own.run("-m", "sandbox", "exec", "--", "pulumi", *arguments, "--non-interactive", check=check)


def stack_texts(own: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in (own.root / "stacks").glob("Pulumi.*.yaml")}


def test_what_the_accounts_lack_is_refused_in_the_clouds_own_words(own: Project) -> None:
    before = stack_texts(own)
    declare(own, BROKEN)
    done = own.run("-m", "sandbox", "up", "--stacks", "prod", "--speed", "10", check=False, timeout_seconds=1800.0)
    assert done.returncode not in (0, 2), done.stdout
    for told in (
        f"The maximum number of load balancers has been reached on account '{ACCOUNT}'",
        "CertificateDomainMismatch",
        "Cloud Resource Manager API has not been used in project",
        "gcloud services enable",
    ):
        assert told in done.stderr, done.stderr
    assert stack_texts(own) == before
    looked = outlast(own, "doctor", "--stacks", "prod", "--json", check=False)
    assert looked.returncode == 4, looked.stderr
    missing = {row["name"]: row for row in json.loads(looked.stdout) if row["state"] == "missing"}
    assert "gcloud services enable" in missing["APIs"]["hint"]
    assert "is not for api.example.org" in missing["certificate of prod-azure"]["what"]
    assert missing["us-east-1: Application Load Balancers"]["what"].startswith("0 Application Load Balancers")
    assert ACCOUNT in next(row for row in json.loads(looked.stdout) if row["purpose"] == "AWS")["what"]


@pytest.fixture(scope="module")
def machine(own: Project) -> Iterator[subprocess.Popen[str]]:
    """A fifth site on a machine of one's own, which is this one: its stack file, and the server that runs there."""
    config = yaml.safe_load(stack_file(own.root, "prod-gcp").read_text())["config"]
    kept = ("aws:allowedAccountIds", "aws:region", "outlast:zone", "outlast:models")
    address = own.control.instance.address(MACHINES[0])
    own_file = {"outlast:kind": "private", "outlast:region": "hall-2", "outlast:address": address}
    document = {"config": {key: config[key] for key in kept} | own_file | {"outlast:capacityRps": 100}}
    stack_file(own.root, "prod-private").write_text(yaml.safe_dump(document))
    sites, weights = (setting(own, "prod-traffic", key) for key in ("sites", "weights"))
    change(own, "prod-traffic", sites=[*sites, "prod-private"], weights=weights | {"prod-private": 10})
    command = (own.python, "-m", "outlast", "serve", "--site", "prod-private")
    server = subprocess.Popen(command, cwd=own.root, env=own.inside(), stderr=subprocess.DEVNULL, text=True)
    yield server
    server.terminate()
    server.wait(30)


def test_mended_accounts_let_the_same_command_go_on(own: Project, machine: subprocess.Popen[str]) -> None:
    (own.root / LATE).rename(stack_file(own.root, LATE))
    change(own, "prod-gcp", base=LATE)
    change(own, "prod-traffic", drainSwitches=setting(own, "prod-traffic", "drainSwitches") | {"prod-azure": LATE})
    before = stack_texts(own)
    declare(own, {"aws": {"quotas": {"L-53DA6B97": 1}}})  # in each region
    own.up_document = own.up()  # without the set's name: it is remembered
    assert own.up_document["stacks"] == "prod"
    assert own.up_document["prediction"]["right"]
    assert own.up_document["prediction"]["origin"].endswith(f".{HOST}")
    status = own.status()
    assert status["host"] == HOST
    assert {weight["site"] for weight in status["weights"]} == {f"prod-{site}" for site in (*SITES, "private")}
    assert all(check["healthy"] for check in status["health_checks"])
    assert stack_texts(own) == before


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_what_production_has_is_there_and_a_plain_preview_finds_nothing_to_do(own: Project, cloud: str) -> None:
    plain_pulumi(own, "preview", "-s", f"prod-{cloud}", "--expect-no-changes")
    state = json.loads(plain_pulumi(own, "stack", "export", "-s", f"prod-{cloud}").stdout)["deployment"]["resources"]
    wanted = json.loads(golden_file(f"{cloud}-production").read_text())["resources"]
    assert {one["type"] for one in state} >= {one["type"] for one in wanted}


def test_a_second_site_on_a_cloud_is_in_its_own_region_and_its_tasks_get_out_nowhere(own: Project) -> None:
    plain_pulumi(own, "preview", "-s", "prod-aws-eu", "--expect-no-changes")
    arns = plain_pulumi(own, "stack", "export", "-s", "prod-aws-eu").stdout
    assert f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/example-prod-aws-eu" in arns
    assert "aws:ec2/vpcEndpoint:VpcEndpoint" in arns and "aws:ec2/natGateway:NatGateway" not in arns


def outlast(own: Project, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command of `outlast shell`."""
    return own.run("-m", "sandbox", "exec", "--", own.python, "-m", "outlast", *arguments, check=check)


def is_routed(own: Project, site: str) -> bool:
    """Whether DNS leads to a site, by the check of its record."""
    status = own.status()
    (gate,) = (one["health_check"] for one in status["weights"] if one["site"] == site)
    return bool(next(one["healthy"] for one in status["health_checks"] if one["id"] == gate))


def test_a_site_is_drained_by_its_switch_while_route53s_api_refuses(own: Project) -> None:
    own.sandbox("fault", "--kind", "control-plane", "--for", "1200")
    refused = outlast(own, "drain", "prod-aws-eu", check=False)
    assert "ServiceUnavailable" in refused.stderr, "a site without a switch needs the API"
    drained = outlast(own, "drain", "prod-aws", "--by", "ann", "--why", "a rehearsal").stdout
    assert "flags/prod-aws.drain is there" in drained and "anybody can read there" in drained

    own.wait_until(lambda: not is_routed(own, "prod-aws"), "prod-aws to leave")
    dial = Dial.from_environment(dial_of(own.layout, own.control.instance))
    origins = {dial.resolve(HOST).origin_host for _ in range(40)}
    assert origins == {f"prod-{site}.{HOST}" for site in ("aws-eu", "azure", "gcp", "private")}
    own.sandbox("heal")
    assert "prod-aws: drained by ann, with its drain switch since" in outlast(own, "status", "--host", HOST).stdout
    own.sandbox("fault", "--kind", "control-plane", "--for", "1200")
    assert "is gone" in outlast(own, "undrain", "prod-aws").stdout
    own.wait_until(lambda: is_routed(own, "prod-aws"), "prod-aws to return")
    own.sandbox("heal")


@pytest.fixture
def slowly(own: Project) -> Iterator[None]:
    """Four sites beside the session's own sandbox: at a speed at which a busy machine's second is no client's ten."""
    own.control.call("POST", "/speed", {"speed": 3})
    yield
    own.control.call("POST", "/speed", {"speed": 10})


@pytest.mark.usefixtures("slowly")
def test_one_of_two_sites_on_a_cloud_is_drilled(own: Project) -> None:
    drill = ("-m", "failover", "drill", "now", "--lose", "prod-aws-eu", "--json")
    done = own.run("-m", "sandbox", "exec", "--", own.python, *drill)
    report = json.loads(done.stdout)
    assert (report["verdict"], report["restored"]) == ("passed", True)


@pytest.mark.usefixtures("slowly")
def test_a_site_on_a_machine_of_one_s_own_is_drilled_and_goes(own: Project, machine: subprocess.Popen[str]) -> None:
    drill = ("-m", "failover", "drill", "now", "--lose", "prod-private", "--json")
    for _ in range(3):  # on a busy machine its observers may lag, and then it counts for nothing
        report = json.loads(own.run("-m", "sandbox", "exec", "--", own.python, *drill, check=False).stdout)
        if report["verdict"] != "invalid":
            break
    assert (report["verdict"], report["restored"]) == ("passed", True)
    leave_traffic(own, "prod-private")
    plain_pulumi(own, "destroy", "-s", "prod-private", "--yes", "--skip-preview")
    assert "prod-private" not in {weight["site"] for weight in own.status()["weights"]}
    assert machine.poll() is None, "nothing of ours ended what is not ours"


def site_that_answers(own: Project) -> str:
    """Who answers one prediction."""
    dial = Dial.from_environment(dial_of(own.layout, own.control.instance))
    key, golden = keys.api_key_of(own.layout), load_golden(RELEASED / "tumour")
    return prediction.predict(dial, HOST, golden, api_key=key).origin.partition(".")[0]


def test_audit_records_are_whole_in_three_stores_after_a_kill_and_a_failover(own: Project, tmp_path: Path) -> None:
    own.control.call("POST", "/speed", {"speed": 15})
    assert {site_that_answers(own) for _ in range(60)} >= {"prod-aws", "prod-azure", "prod-gcp"}
    own.control.call("POST", "/fault", {"site": "prod-aws", "kind": "kill", "seconds": 600})

    own.wait_until(lambda: not is_routed(own, "prod-aws"), "prod-aws to leave")
    assert {site_that_answers(own) for _ in range(20)} <= {"prod-aws-eu", "prod-azure", "prod-gcp"}
    own.sandbox("heal")
    own.wait_until(lambda: is_routed(own, "prod-aws"), "prod-aws to return")

    def verified() -> dict[str, list[dict[str, Any]]]:
        done = outlast(own, "audit", "verify", "--all-sites", "--json", check=False)
        assert done.returncode in (0, 4), done.stdout
        found = json.loads(done.stdout)["stores"] if done.stdout else []
        return {store["cloud"]: [one for one in store["chains"] if one["predictions"]] for store in found}

    own.wait_until(lambda: all(verified().get(cloud) for cloud in ("aws", "azure", "gcp")), "records in each store")
    found = json.loads(outlast(own, "audit", "verify", "--all-sites", "--count", "--json").stdout)
    assert found["ok"] and {one["site"] for one in found["replicas"]} == {"prod-aws", "prod-azure", "prod-gcp"}
    (killed, *_) = sorted(found["stores"][0]["chains"], key=lambda one: str(one["chain"]))
    assert found["stores"][0]["cloud"] == "aws" and not killed["closed"], "kill -9 closes no chain"
    out = tmp_path / "all.jsonl"
    outlast(own, "audit", "export", "--all-sites", "--out", str(out))
    written = {json.loads(line)["site"] for line in out.read_text().splitlines()}
    assert written == {"prod-aws", "prod-azure", "prod-gcp"}
    own.control.call("POST", "/speed", {"speed": 10})


def a_client_asks(own: Project) -> AbstractContextManager[Borne]:
    """Predictions by DNS while in the block, each a connection of its own and none repeated."""
    dial = Dial.from_environment(dial_of(own.layout, own.control.instance))
    key, golden = keys.api_key_of(own.layout), load_golden(RELEASED / "tumour")
    return asking(lambda: prediction.predict(dial, HOST, golden, api_key=key), callers=1, pause_seconds=0.2)


ADOPTED = ("prod-aws", "prod-azure", "prod-gcp")


def base_of(site: str) -> str:
    return site.replace("prod-", "prod-base-")


def holdings_of(own: Project, *stacks: str) -> dict[tuple[str, str], str]:
    """Type and id of each holding in the states of some stacks -> the stack that has it."""
    types = {type_ for row in TYPES.values() for type_, _ in row}
    found = {}
    for stack in stacks:
        rows = json.loads(plain_pulumi(own, "stack", "export", "-s", stack).stdout)["deployment"]["resources"]
        # Not those that a base stack has for itself.
        found |= {(r["type"], r["id"]): stack for r in rows if r["type"] in types and not base_s_own(r["id"])}
    return found


def base_s_own(id_: str) -> bool:
    return "-base-" in id_


def test_base_stacks_take_over_what_should_outlive_sites(own: Project) -> None:
    """Killed at some moment the command goes on when it is given again; only Pulumi's state and the files change.

    A client that repeats nothing gets every answer meanwhile.
    """
    before = holdings_of(own, *ADOPTED)
    assert set(before.values()) == {*ADOPTED}
    texts = stack_texts(own)
    planned = outlast(own, "base", "adopt", "prod-aws", "--into", "prod-base-aws", "--dry-run").stderr
    assert all(id_ in planned for (_, id_), stack in before.items() if stack == "prod-aws")
    assert stack_texts(own) == texts
    command = (own.python, "-m", "outlast", "base", "adopt", "prod-aws", "--into", "prod-base-aws")
    with subprocess.Popen(command, cwd=own.root, env=own.inside(), start_new_session=True) as adopting:
        own.wait_until(lambda: stack_texts(own) != texts, "the files to say it")
        os.killpg(adopting.pid, signal.SIGKILL)
    with a_client_asks(own) as borne:
        for site in ADOPTED:
            outlast(own, "base", "adopt", site, "--into", base_of(site))
    assert borne.failures == [] and len(borne.calls) > len(ADOPTED)
    after = holdings_of(own, *ADOPTED, *map(base_of, ADOPTED))
    assert after == {holding: base_of(stack) for holding, stack in before.items()}


def steps_of(own: Project, stack: str) -> set[tuple[str, str]]:
    """What an update of a stack would do, apart from leaving things as they are."""
    steps = json.loads(plain_pulumi(own, "preview", "-s", stack, "--json").stdout)["steps"]
    found = {(step["op"], step["urn"].split("::")[2]) for step in steps}
    return {(op, type_) for op, type_ in found if op not in ("same", "read")}


def output_of(own: Project, site: str) -> str:
    """What traffic reads of a site, its image's digest among it."""
    return plain_pulumi(own, "stack", "output", "site", "-s", site).stdout


def test_what_was_taken_over_is_neither_made_nor_replaced(own: Project) -> None:
    before = holdings_of(own, *map(base_of, ADOPTED))
    exported = {site: output_of(own, site) for site in ADOPTED}
    with a_client_asks(own) as borne:
        for site in ADOPTED:
            update_both(own, site)
    assert borne.failures == [] and len(borne.calls) > len(ADOPTED)
    assert {site: output_of(own, site) for site in ADOPTED} == exported
    assert holdings_of(own, *ADOPTED, *map(base_of, ADOPTED)) == before
    assert {site_that_answers(own) for _ in range(40)} >= {*ADOPTED}


def update_both(own: Project, site: str) -> None:
    """The base stack, and then the site, neither of which makes or replaces what was taken over."""
    made = {step for step in steps_of(own, base_of(site)) if step[0] != "update"}
    assert made <= {("create", "gcp:projects/service:Service")}
    plain_pulumi(own, "up", "-s", base_of(site), "--yes", "--skip-preview")
    assert {op for op, _ in steps_of(own, site)} <= {"update"}
    plain_pulumi(own, "up", "-s", site, "--yes", "--skip-preview")
    plain_pulumi(own, "preview", "-s", site, "--expect-no-changes")


def test_a_site_s_way_out_is_closed_while_a_client_asks(own: Project) -> None:
    change(own, "prod-aws", egress="endpoints")
    with a_client_asks(own) as borne:
        shown = plain_pulumi(own, "up", "-s", "prod-aws", "--yes", "--skip-preview", "--color=never").stdout
    assert borne.failures == [] and borne.calls
    assert "aws:ec2:VpcEndpoint endpoint-s3 created" in shown and "replaced" not in shown, shown


def leave_traffic(own: Project, site: str) -> None:
    """Take a site out of the traffic stack."""
    weights = setting(own, "prod-traffic", "weights")
    del weights[site]
    change(own, "prod-traffic", sites=[*weights], weights=weights)
    plain_pulumi(own, "up", "-s", "prod-traffic", "--yes", "--skip-preview")


def test_one_goes_and_what_it_shared_stays(own: Project) -> None:
    refused = outlast(own, "destroy", "prod-aws-eu", "--yes", check=False)
    assert refused.returncode == 3 and "still lead to prod-aws-eu (weight 10)" in refused.stderr, refused.stderr
    leave_traffic(own, "prod-aws-eu")
    outlast(own, "destroy", "prod-aws-eu", "--yes")
    shown = plain_pulumi(own, "refresh", "-s", "prod-aws", "--yes", "--skip-preview").stdout
    assert "deleted" not in shown and "updated" not in shown, shown
    plain_pulumi(own, "preview", "-s", "prod-aws", "--expect-no-changes")
    status = own.status()
    assert {weight["site"] for weight in status["weights"]} == {"prod-aws", "prod-azure", "prod-gcp"}
    assert "prod-aws-eu" not in status["sites"]
