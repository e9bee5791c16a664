"""Small programs through Pulumi's real CLI, engine and SDKs, against a toy cloud. Few commands: each takes a second."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import psutil
import pytest

from sandbox.engine import commands, plugins, recover
from sandbox.engine.cloud import NotReady, Request
from sandbox.engine.failures import Locked
from sandbox.engine.recover import Operation
from service.errors import OutlastError, Refused, Unavailable
from tests.sandbox.engine.conftest import Bench

pytestmark = pytest.mark.slow

PROGRAM = """
import pulumi
from pulumi_aws import route53, ssm

config = pulumi.Config()
zone = route53.Zone("zone", name=config.get("zone") or "toy.example")
if config.get_bool("whole"):
    route53.Record("api", zone_id=zone.zone_id, name="api", type="A", ttl=config.get_int("ttl") or 30,
                   records=["192.0.2.1"], weighted_routing_policies=[{"weight": config.get_int("weight") or 50}],
                   set_identifier="toy")
    key = ssm.Parameter("key", name="key", type="SecureString", value=pulumi.Output.secret("hunter2"))
    pulumi.export("key", key.value)
pulumi.export("zone", zone.name)
"""
WHOLE = ("-c", "whole=true")
# The smallest SDK: for the tests that are about the engine only.
SMALL = "from pulumi_docker_build import Image\nImage('image', push=False)\n"
IMAGE = "docker-build:index:Image"
ZONE, RECORD, PARAMETER = "aws:route53/zone:Zone", "aws:route53/record:Record", "aws:ssm/parameter:Parameter"


def test_the_life_of_a_stack(bench: Bench) -> None:
    """Create, preview, update, replace, refresh, import and destroy."""
    bench.cloud.replacing = {ZONE: frozenset({"name"})}
    bench.cloud.computing = lambda request: {"fqdn": "api.toy.example"} if request.type == RECORD else {}
    bench.write(PROGRAM)

    bench.up(*WHOLE)
    assert sorted(bench.cloud.calls) == [("create", "api"), ("create", "key"), ("create", "zone")]
    state = bench.deployment()
    assert state[RECORD]["outputs"]["fqdn"] == "api.toy.example"
    assert state[RECORD]["inputs"]["zoneId"] == state[ZONE]["outputs"]["zoneId"] == f"{state[ZONE]['id']}/zoneId"
    assert "ciphertext" in state[PARAMETER]["inputs"]["value"]
    assert "ciphertext" in state[PARAMETER]["outputs"]["value"]
    files = [path for path in bench.root.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    written = b"".join(path.read_bytes() for path in files)
    assert b"hunter2" not in written + "".join(bench.shown).encode()

    bench.cloud.calls.clear()
    changes = ("-c", "ttl=60", "-c", "weight=20", "-c", "zone=other.example")
    previewed = re.sub(" +:", ":", bench.run("preview", "--diff", *changes))
    assert "~ ttl: 30 => 60" in previewed
    assert "~ weight: 50 => 20" in previewed
    assert '~ name: "toy.example" => "other.example"' in previewed
    assert "+-1 to replace" in previewed
    assert bench.cloud.calls == []

    bench.up(*changes)
    assert bench.cloud.calls == [("delete", "zone"), ("create", "zone"), ("update", "api")]  # the name was given
    assert bench.deployment()["pulumi:pulumi:Stack"]["outputs"]["zone"] == "other.example"

    del bench.cloud.things[bench.deployment()[RECORD]["id"]]
    bench.run("refresh", *commands.UNATTENDED)
    state = bench.deployment()
    assert RECORD not in state
    assert "ciphertext" in state[PARAMETER]["outputs"]["value"]

    id_, _ = bench.cloud.create(Request("aws", RECORD, "old", "", inputs={"name": "o", "type": "A", "zoneId": "Z1"}))
    bench.run("import", RECORD, "found", id_, "--yes", "--skip-preview", "--generate-code=false", "--protect=false")
    assert bench.deployment()[RECORD]["inputs"]["name"] == "o"

    bench.run("destroy", *commands.UNATTENDED)
    assert bench.cloud.things == {}


FAULTY = """
import pulumi
from pulumi_aws import route53

def deep():
    raise ValueError("not today")

if pulumi.get_stack() == "two":
    deep()
route53.Record("api", zone_id="Z1", name="api", type="A", weighted_routing_policies=[{"wieght": 1}, {"weight": "x"}])
"""


def test_mistakes_are_named_before_anything_is_made(bench: Bench) -> None:
    """Two stacks side by side, each with a fault of its own."""
    shown: list[tuple[str, str]] = []
    where: dict[str, Any] = {"directory": bench.project, "show": lambda stack, line: shown.append((stack, line))}
    bench.write(FAULTY)
    with pytest.raises(OutlastError) as refused:
        both = {"dev": ["up", *commands.UNATTENDED, "--json"], "two": ["preview"]}
        commands.run_all(bench.pulumi, both, environ=bench.environ, **where)
    title, *reasons = str(refused.value).partition("`pulumi preview two` failed")[0].splitlines()
    assert title == "`pulumi up dev` failed (exit code 1)"
    assert [reason.partition(" has a problem: weightedRoutingPolicies")[2] for reason in reasons] == [
        "[0].wieght: unknown property; did you mean 'weight'?",
        "[0].weight: missing required property",
        "[1].weight: expected an integer, got the string 'x'",
    ]
    assert bench.cloud.calls == []
    trace = "\n".join(line for stack, line in shown if stack == "two").rpartition("Traceback")[2]
    assert "ValueError: not today" in trace
    assert "runpy" not in trace
    assert "language_host" not in trace

    wrong = {**bench.environ, "PULUMI_CONFIG_PASSPHRASE": "another"}
    with pytest.raises(Refused, match="the passphrase does not fit the stack dev"):
        commands.run(bench.pulumi, ["preview"], environ=wrong, stack="dev", directory=bench.project)


def test_refusals_and_what_is_not_well(bench: Bench) -> None:
    def create(request: Request) -> None:
        if request.name == "refused":
            raise Refused("the cloud has enough zones", hint="delete one")
        raise NotReady("the probe never answered", id="zone-7", hint="read its log")

    bench.cloud.before_create = create
    bench.write("from pulumi_aws import route53\nfor each in 'refused', 'ill':\n    route53.Zone(each, name='a')\n")
    with pytest.raises(OutlastError) as refused:
        bench.up()
    assert set(str(refused.value).splitlines()[1:]) == {
        "  aws:route53:Zone (ill): the probe never answered",
        "  hint: read its log",
        "  aws:route53:Zone (refused): the cloud has enough zones",
        "  hint: delete one",
    }
    state = bench.deployment()
    assert state[ZONE]["id"] == "zone-7"
    assert state[ZONE]["initErrors"] == ["the probe never answered\nhint: read its log"]


def mend(bench: Bench) -> list[Operation]:
    return recover.recover(
        bench.pulumi, "toy", "dev", state=bench.state, environ=bench.environ, directory=bench.project
    )


def test_a_killed_command_is_mended(bench: Bench) -> None:
    waiting, over = threading.Event(), threading.Event()

    def wait_for_the_end(request: Request) -> None:
        waiting.set()
        deadline = time.monotonic() + 30
        while not request.cancelled() and time.monotonic() < deadline:
            over.wait(0.02)
        raise Refused("cancelled")

    bench.cloud.before_create = wait_for_the_end
    bench.write(SMALL)
    killed = subprocess.Popen(
        [bench.pulumi.command, "up", *commands.UNATTENDED, "--non-interactive", "--stack", "dev"],
        env=bench.environ,
        cwd=bench.project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert waiting.wait(30)
    with pytest.raises(Locked, match=f"pid {killed.pid}"):
        mend(bench)
    with pytest.raises(Locked, match=rf"the stack dev is locked by .*\(pid {killed.pid}\)"):
        bench.up()
    killed.kill()
    killed.wait(10)

    bench.cloud.before_create = lambda request: None
    assert [(operation.kind, operation.type) for operation in mend(bench)] == [("creating", IMAGE)]
    assert recover.locks(bench.state, "toy", "dev") == []
    assert recover.pending(bench.state, "toy", "dev") == []
    assert mend(bench) == []
    assert IMAGE not in bench.deployment()


TWO = "import pulumi\nImage('second', push=False, opts=pulumi.ResourceOptions(depends_on=[first]))\n"


def test_ctrl_c_lets_the_step_finish_and_the_lock_go(bench: Bench) -> None:
    waiting, over = threading.Event(), threading.Event()

    def wait_for_ctrl_c(request: Request) -> None:
        waiting.set()
        deadline = time.monotonic() + 30
        while not request.cancelled() and time.monotonic() < deadline:
            over.wait(0.02)

    bench.cloud.before_create = wait_for_ctrl_c
    bench.write(SMALL.replace("Image('image'", "first = Image('first'") + TWO)

    def press() -> None:
        waiting.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        bench.up()
    assert recover.locks(bench.state, "toy", "dev") == []
    assert recover.pending(bench.state, "toy", "dev") == []
    assert bench.cloud.calls == [("create", "first")]
    assert bench.deployment()[IMAGE]["id"] == "image-1"


KILLED_CLOUD = """
import os, signal, sys, threading
from pathlib import Path
from sandbox.engine import plugins
from tests.sandbox.engine.toy_cloud import ToyCloud

cloud = ToyCloud(before_create=lambda request: os.kill(os.getpid(), signal.SIGKILL))
with plugins.running(cloud, Path(sys.argv[1]), ["docker-build"]):
    print("up", flush=True)
    threading.Event().wait()
"""


def test_a_sandbox_that_is_killed_in_a_creation(bench: Bench) -> None:
    """The command fails at once and leaves nothing to mend; the next one says what is wrong."""
    bench.write(SMALL)
    with subprocess.Popen([sys.executable, "-c", KILLED_CLOUD, bench.home], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"up\n"
        with pytest.raises(Unavailable, match="provider of docker-build went away in the middle") as gone:
            bench.up()
        assert "make up" in gone.value.hint
        assert killed.wait(10) == -signal.SIGKILL
    assert mend(bench) == []
    assert IMAGE not in bench.deployment()
    with pytest.raises(Unavailable, match="the sandbox does not answer for docker-build") as refused:
        bench.up()
    assert "make up" in refused.value.hint


@pytest.mark.parametrize("what", ["script", "server"])
def test_a_plugin_that_dies_in_an_update(bench: Bench, what: str) -> None:
    """Its script only names a port, so its death costs nothing; that of its server is told, and the next goes on."""
    making, go_on = threading.Event(), threading.Event()

    def wait(request: Request) -> None:
        making.set()
        go_on.wait(20)

    def kill() -> None:
        making.wait(30)
        kill_script() if what == "script" else bench.servers["docker-build"].stop()
        go_on.set()

    bench.cloud.before_create = wait
    bench.write(SMALL)
    killing = threading.Thread(target=kill)
    killing.start()
    if what == "script":
        bench.up()
    else:
        with pytest.raises(Unavailable, match="provider of docker-build went away in the middle"):
            bench.up()
    killing.join()
    assert mend(bench) == []
    with plugins.running(bench.cloud, bench.home):
        bench.up()
    assert bench.deployment()[IMAGE]["id"] in bench.cloud.things


def kill_script() -> None:
    """SIGKILL to the process that the engine takes for the plugin."""
    children = psutil.Process().children(recursive=True)
    (script,) = [child for child in children if "announce.py" in " ".join(child.cmdline())]
    script.kill()
