"""The guide for somebody on call: every command of docs/guides/a-cloud-is-down.md, in the situation of its section."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest

from failover.dial import Dial
from failover.drill.discover import read_fleet
from failover.drill.fleet import HealthCheck
from tests.end_to_end.conftest import HOST, ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

GUIDE = (ROOT / "docs" / "guides" / "a-cloud-is-down.md").read_text()
SITE = "azure"


def sections() -> dict[str, list[str]]:
    """Heading of a section -> the commands of its blocks."""
    parts = re.split(r"^## (.+)$", GUIDE, flags=re.MULTILINE)
    found = zip(parts[1::2], parts[2::2], strict=True)
    commands = {title: re.findall(r"^\$ (.+)$", text, re.MULTILINE) for title, text in found}
    return {title: typed for title, typed in commands.items() if typed}


@pytest.fixture(scope="module")
def on_call(project: Project) -> Iterator[OnCall]:
    working = OnCall(project)
    yield working
    working.heal()
    working.type(f"outlast undrain {SITE} --anyway")
    project.wait_until(lambda: SITE in project.sites_answered(), f"{SITE} to be back")


class OnCall:
    """Somebody on call in the sandbox's shell, and what may have happened there."""

    def __init__(self, project: Project) -> None:
        self.project = project
        # The command that is installed would work on the checkout, not on its copy.
        self.environment = project.inside() | {"PYTHONPATH": str(project.root)}
        self.route53: Any = boto3.client(
            "route53",
            region_name="us-east-1",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def type(self, command: str) -> str:
        """What a command prints; fails where it does."""
        done = self.project.run_in(self.environment, "bash", "-c", command)
        return done.stdout + done.stderr

    def check(self) -> HealthCheck:
        return read_fleet(self.route53, HOST).site(SITE).check

    def break_certificate(self) -> None:
        self.project.sandbox("fault", "--site", SITE, "--kind", "expired-certificate", "--for", "3000")

    def break_control_plane(self) -> None:
        self.project.sandbox("fault", "--kind", "control-plane", "--for", "3000")

    def heal(self) -> None:
        self.project.sandbox("heal")

    def drain(self) -> None:
        self.type(f"outlast drain {SITE}")

    def disable(self) -> None:
        check = self.check()
        self.route53.update_health_check(HealthCheckId=check.id, HealthCheckVersion=check.version, Disabled=True)

    def kill_a_drill(self) -> None:
        """Begin one and `kill -9` it once it has changed something."""
        command = [self.project.python, "-m", "outlast", "drill", "now", "--lose", SITE, "--clients", "1"]
        running = subprocess.Popen(
            command,
            cwd=self.project.root,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            self.project.wait_until(lambda: self.check().disabled or running.poll() is not None, "the drill's change")
        finally:
            running.kill()
            _, said = running.communicate()
        assert self.check().disabled, said


# Title of a section -> what has happened before its first command.
BEFORE: dict[str, Callable[[OnCall], None]] = {
    "3. A site fails and DNS still sends clients there": OnCall.break_certificate,
    "4. No site is healthy": OnCall.drain,
    "5. A drill was killed": OnCall.kill_a_drill,
    "6. Somebody took a site out": OnCall.drain,
    "7. A health check was switched by hand": OnCall.disable,
    "8. Route 53's API does not answer": OnCall.break_control_plane,
}
# A piece of what each command prints; those of a section in its order.
TOLD: dict[str, tuple[str, ...]] = {
    "1. Look": ("nothing to do",),
    "2. A site is dead and DNS has left it": ("then DNS answers aws", "counts again"),
    "3. A site fails and DNS still sends clients there": (
        "alarm: azure: Route 53 takes it for healthy",
        "is disabled and inverted",
        "(its certificate has ended); it serves no valid certificate",
        "counts again",
    ),
    "4. No site is healthy": ("counts again",),
    "5. A drill was killed": (": restored", "nothing to sweep"),
    "6. Somebody took a site out": ("counts again",),
    "7. A health check was switched by hand": ("counts again",),
    "8. Route 53's API does not answer": (HOST,),
    "Afterwards": ("", "DNS answers with 3 of 3 sites"),
    "Before: a watch from outside": ("",),
}


@pytest.mark.parametrize("title", TOLD)
def test_every_command_of_the_guide_does_what_it_says(on_call: OnCall, title: str) -> None:
    commands = sections()[title]
    assert len(commands) == len(TOLD[title]), "a command was added to the guide, or taken away"
    BEFORE.get(title, lambda _: None)(on_call)
    for number, (command, told) in enumerate(zip(commands, TOLD[title], strict=True)):
        if title.startswith("3.") and number == len(commands) - 1:
            on_call.heal()  # as the page says: after it is mended
        said = on_call.type(command)
        assert told in said, f"{command} says\n{said}"
    on_call.heal()
    assert not on_call.check().disabled and not on_call.check().inverted


def test_the_guide_has_no_section_that_is_not_rehearsed() -> None:
    assert set(sections()) == set(TOLD)


def test_a_killed_drill_is_named_with_what_restores_it(on_call: OnCall) -> None:
    on_call.kill_a_drill()
    said = on_call.type(f"outlast status --host {HOST}")
    assert "alarm: api.outlast.example: a killed drill left drills/" in said
    assert "hint: outlast drill restore" in said
    assert "out (drill)" in said
    on_call.type("outlast drill restore")


def test_a_drained_site_gets_no_clients_and_comes_back(on_call: OnCall) -> None:
    on_call.drain()
    began = time.monotonic()
    on_call.project.wait_until(lambda: SITE not in on_call.project.sites_answered(), "DNS leaving the drained site")
    assert time.monotonic() - began < 10
    on_call.type(f"outlast undrain {SITE}")
    on_call.project.wait_until(lambda: SITE in on_call.project.sites_answered(), "DNS naming the site again")


def served_by(http: httpx.Client) -> str:
    return str(http.get(f"https://{HOST}/health").headers["x-served-by"])


@contextlib.contextmanager
def pool_at(dial: Dial, site: str) -> Iterator[httpx.Client]:
    """A client that keeps its connections, the first of which DNS sent to this site."""
    for _ in range(200):
        with dial.client(fresh=False, deadline_seconds=10) as pool:
            if served_by(pool) == site:
                yield pool
                return
    pytest.fail(f"DNS never sent a connection to {site}")


def test_a_keep_alive_pool_leaves_a_site_that_is_only_taken_out_of_dns(on_call: OnCall) -> None:
    """Measured before connections had a greatest age: it stayed for the whole drill in 8 of 8."""
    dial = Dial.from_environment(on_call.environment)
    on_call.project.wait_until(lambda: SITE in on_call.project.sites_answered(), f"{SITE} to be answered")
    with pool_at(dial, SITE) as pool:
        on_call.drain()
        seconds = on_call.project.wait_until(lambda: served_by(pool) != SITE, "the pool to leave", timeout_seconds=60)
        assert seconds * 10 < 120 + 60 + 60, "greatest age, DNS and a busy machine, in simulated seconds"
        assert SITE not in {served_by(pool) for _ in range(20)}
    on_call.type(f"outlast undrain {SITE}")


def test_the_watch_drains_what_route_53_does_not_see(on_call: OnCall) -> None:
    on_call.break_certificate()
    watch = "outlast watch --looks 4 --every 5 --drain"
    said = on_call.project.run_in(on_call.environment, "bash", "-c", watch, check=False).stdout
    assert f"alarm: {SITE}: serves no valid certificate: certificate has expired" in said
    assert f"drained: {SITE}: health check" in said
    assert on_call.check().inverted
    on_call.heal()
    on_call.type(f"outlast undrain {SITE}")


def test_the_last_one_is_refused(on_call: OnCall) -> None:
    for site in ("aws", "gcp"):
        on_call.type(f"outlast drain {site}")
    refused = on_call.project.run_in(on_call.environment, "bash", "-c", f"outlast drain {SITE}", check=False)
    assert refused.returncode == 3
    assert f"without {SITE} no healthy site would be left" in refused.stderr
    for site in ("aws", "gcp"):
        on_call.type(f"outlast undrain {site}")
