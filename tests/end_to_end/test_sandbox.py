"""The whole product as its user meets it: the real CLI, real processes, DNS and TLS, on one shared sandbox.

The tests run in the order of this file, on one worker: each leaves the sandbox as it found it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from concurrent import futures
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.command.up import ill_sites
from tests.end_to_end.conftest import HOST, SPEED, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
SITES = ("aws", "azure", "gcp")


def types(project: Project, stack: str) -> set[str]:
    """The types of a stack's resources as the engine wrote them to its state."""
    file = project.layout.pulumi_state / ".pulumi" / "stacks" / "outlast" / f"{stack}.json"
    return {resource["type"] for resource in json.loads(file.read_text())["checkpoint"]["latest"]["resources"]}


def identity(project: Project) -> dict[str, Any]:
    """All by which the sandbox is known from outside: ids, addresses, weights."""
    status = project.status()
    return {
        "entry_points": sorted((f["entry_point"], f["address"], f["port"]) for f in status["entry_points"]),
        "checks": sorted(c["id"] for c in status["health_checks"]),
        "weights": sorted(status["weights"], key=lambda weight: str(weight["site"])),
    }


def test_up_predicts_right_through_dns(project: Project) -> None:
    assert project.up_document["prediction"]["right"]
    assert project.up_document["prediction"]["site"] in SITES
    assert project.up_document["changes"]["aws"]["create"] > 20


def test_up_leaves_the_git_tree_clean(project: Project) -> None:
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_commands_say_what_they_did(project: Project) -> None:
    with futures.ThreadPoolExecutor(2) as pool:
        predicting = pool.submit(project.sandbox, "predict")
        shown = project.run("-m", "sandbox", "status").stdout
    answer = predicting.result()
    assert answer["right"] and answer["site"] in SITES
    assert "Outlast's stand-in" in shown or "Pulumi's own" in shown
    assert all(re.search(rf"^{site} .* healthy .* 2 of 2\.\.4 ready", shown, re.MULTILINE) for site in SITES), shown


def test_state_holds_real_types(project: Project) -> None:
    wanted = {
        "aws": {"aws:ecs/service:Service", "aws:lb/listener:Listener", "aws:acm/certificate:Certificate"},
        "azure": {"azure-native:app:ContainerApp", "azure-native:app:ManagedEnvironment"},
        "gcp": {"gcp:cloudrunv2/service:Service", "gcp:compute/globalForwardingRule:GlobalForwardingRule"},
    }
    for site, named in wanted.items():
        assert named <= types(project, site)


def test_dns_answers_by_weight(project: Project) -> None:
    found = Counter(project.answer().partition(".")[0] for _ in range(400))
    for site, share in (("aws", 0.5), ("azure", 0.3), ("gcp", 0.2)):
        # Four standard deviations of a binomial of 400 draws are 0.1.
        assert abs(found[site] / 400 - share) < 0.1, found


def test_an_ordinary_client_gets_a_prediction(project: Project) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    status = project.status()
    entry = next(f for f in status["entry_points"] if f["stack"] == "gcp" and f["names"])
    row = json.loads((project.root / "service/released/tumour/golden.json").read_text())["rows"][0]
    body = {"inputs": [{"name": "features", "shape": [1, 30], "datatype": "FP32", "data": row["features"]}]}
    done = subprocess.run(
        [
            curl,
            "-sS",
            "--max-time",
            "10",
            "--resolve",
            f"{HOST}:{entry['port']}:{entry['address']}",
            "--cacert",
            status["ca"],
            "--oauth2-bearer",
            project.inside()["OUTLAST_API_KEY"],
            "--json",
            json.dumps(body),
            f"https://{HOST}:{entry['port']}/v2/models/tumour/infer",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    outputs = {o["name"]: o["data"] for o in json.loads(done.stdout)["outputs"]}
    assert outputs["label"] == [row["label"]]


def test_losing_a_cloud_moves_traffic_and_it_comes_back(project: Project) -> None:
    """Each of the three in turn; one comes back while the next is lost, which makes it quicker and asks for more."""
    for site in SITES:
        pids = [r["pid"] for w in project.status()["workloads"] if w["stack"] == site for r in w["replicas"]]
        assert len(pids) >= 2
        project.control.call("POST", "/fault", {"site": site, "kind": "kill", "seconds": 600})
        seconds = project.wait_until(lambda site=site: site not in project.sites_answered(40), f"DNS dropping {site}")
        # Three failed checks 10 s apart, the checkers not in step: 20 to 45 s (simulated), and the wall's noise.
        assert 15 / SPEED < seconds < 60 / SPEED + 3
        assert not any(psutil.pid_exists(pid) for pid in pids)
        for _ in range(3):
            answer = project.predict()
            assert answer.right and answer.site != site
        if site == SITES[0]:  # once: a minute of the sandbox's clock has to pass
            alarm = f"traffic-{site}-unreachable"
            project.wait_until(lambda alarm=alarm: alarm in _alarms(project), "the alarm on a lost site")
            assert f"Subject: ALARM: {alarm} (traffic)" in Path(project.status()["mails"]).read_text()
        project.control.call("POST", "/heal")
    project.wait_until(lambda: project.sites_answered(60) == set(SITES), "all three coming back")
    project.wait_until(lambda: not {f"traffic-{site}-unreachable" for site in SITES} & _alarms(project), "no alarm")


def _alarms(project: Project) -> set[str]:
    return {alarm["name"] for alarm in project.status()["alarms"] if alarm["state"] == "ALARM"}


def test_drill(project: Project, site: str = "azure") -> None:
    done = project.run(
        "-m", "sandbox", "exec", "--", project.python, "-m", "failover", "drill", "now", "--lose", site, "--json"
    )
    report = json.loads(done.stdout)
    assert (report["verdict"], report["restored"], report["deviations"]) == ("passed", True, [])
    for way in ("failover", "failback"):
        total = report[way][-1]
        assert total["best"] <= total["measured"] <= total["worst"], total
    for asked in ("clients", "answers", "pinned"):  # a level-1 drill costs nobody anything
        assert report[asked]["total"] > 50
        assert (report[asked]["failed"], report[asked]["wrong"]) == (0, 0), report[asked]
    project.wait_until(lambda: project.sites_answered(80) == set(SITES), "all sites answering again")


def _is_locked(project: Project) -> bool:
    import filelock

    try:
        with filelock.FileLock(project.root / ".sandbox" / "up.lock", timeout=0):
            return False
    except filelock.Timeout:
        return True


def test_preview_shows_a_diff_and_a_new_weight_moves_traffic(project: Project) -> None:
    stack_file = project.root / "stacks" / "Pulumi.traffic.yaml"
    before = stack_file.read_text()
    changed = re.sub(r"(aws: )50", r"\g<1>0", re.sub(r"(azure: )30", r"\g<1>0", before))
    assert changed != before
    try:
        stack_file.write_text(changed)
        preview = project.pulumi("preview", "-s", "traffic", "--diff").stdout
        assert re.search(r"weight\s*: 50 => 0", preview), preview
        assert project.sites_answered() > {"gcp"}, "a preview must change nothing"
        project.pulumi("up", "-s", "traffic", "--yes", "--skip-preview")
        assert project.sites_answered() == {"gcp"}
    finally:
        stack_file.write_text(before)


def test_kills_are_recovered_from_and_two_ups_do_not_meet(project: Project) -> None:
    """kill -9 of the CLI in an update, Ctrl-C in `make up`, kill -9 of the sandbox: the next `make up` goes on.

    The update that is killed would bring back the weights, which the test before this one left changed.
    """
    before, pid = identity(project), project.status()["pid"]
    locks = _kill_pulumi_in_an_update(project)
    assert any(locks.rglob("*.json"))
    _interrupt_an_up(project)
    os.kill(pid, signal.SIGKILL)
    project.wait_until(lambda: not psutil.pid_exists(pid), "the sandbox dying")
    first = subprocess.Popen(
        [project.python, "-m", "sandbox", "up", "--json"],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    project.wait_until(lambda: _is_locked(project), "the first `up` taking its lock")
    second = project.run("-m", "sandbox", "up", check=False)
    assert second.returncode == 3
    assert "another `make up` is at work" in second.stderr and "hint:" in second.stderr
    changes = json.loads(first.communicate(timeout=90)[0])["changes"]
    assert not any(locks.rglob("*.json"))
    assert all("create" not in made and "delete" not in made for made in changes.values()), changes
    after = identity(project)
    assert {w["site"]: w["weight"] for w in after["weights"]} == {"aws": 50, "azure": 30, "gcp": 20}
    assert _without_weights(after) == _without_weights(before)
    assert project.sites_answered(200) == set(SITES)


def _without_weights(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "weights": [(w["site"], w["origin"], w["health_check"]) for w in found["weights"]]}


def _kill_pulumi_in_an_update(project: Project) -> Path:
    """SIGKILL to the CLI once it holds its lock; the folder of the locks."""
    locks = project.root / ".sandbox" / "pulumi" / "state" / ".pulumi" / "locks"
    update = ["pulumi", "up", "-s", "traffic", "--yes", "--skip-preview", "--non-interactive"]
    cli = subprocess.Popen(
        [project.python, "-m", "sandbox", "exec", "--", *update],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    project.wait_until(lambda: any(locks.rglob("*.json")), "pulumi taking its lock")
    os.killpg(cli.pid, signal.SIGKILL)
    cli.wait()
    return locks


def test_down_forgets_nothing(project: Project) -> None:
    before = identity(project)
    project.run("-m", "sandbox", "down")
    project.start()
    project.wait_until(lambda: not ill_sites(project.status()), "all being well again")
    assert identity(project) == before
    assert project.predict().right


def _interrupt_an_up(project: Project) -> None:
    """Ctrl-C in the middle of `make up`: it ends at once, with its own exit code, and leaves no process."""
    process = subprocess.Popen(
        [project.python, "-m", "sandbox", "up", "--json"],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    project.wait_until(lambda: bool(psutil.Process(process.pid).children()), "`up` starting pulumi")
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []


def test_every_mistake_of_a_stack_file_is_told_at_once(project: Project) -> None:
    stack_file = project.root / "stacks" / "Pulumi.traffic.yaml"
    before = stack_file.read_text()
    try:
        stack_file.write_text(before.replace("aws: 50", "aws: -1") + "  outlast:ttlSecnds: 30\n")
        inside = project.inside()
        del inside["PULUMI_CONFIG_PASSPHRASE"]  # whoever unsets it in `make shell` is not sent away
        pulumi = str(shutil.which("pulumi", path=inside["PATH"]))
        done = project.run_in(inside, pulumi, "preview", "-s", "traffic", "--non-interactive", check=False)
        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert "-1" in said and "ttlSecnds" in said and "hint:" in said
        assert "Traceback" not in said
    finally:
        stack_file.write_text(before)
