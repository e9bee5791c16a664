"""Replicas are real processes: they start, serve only when they answer, are replaced, scaled, and ended whole."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sandbox.images import store as images
from sandbox.replicas.processes import end_leftovers
from sandbox.replicas.scaling import Keda
from sandbox.replicas.supervisor import Replica, Supervisor
from sandbox.replicas.workloads import QUIET_SECONDS, READY_SECONDS, RESTART_SECONDS, RETRY_SECONDS
from service.errors import Unavailable
from tests.sandbox.tiny import Wall, build_image, own_block, supervised, until, workload

pytestmark = pytest.mark.usefixtures("empty_environment")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def said() -> list[str]:
    """What the supervisor reports."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, tiny_image: images.Image, wall: Wall, said: list[str]) -> Iterator[Supervisor]:
    with supervised(tmp_path, tiny_image, wall, said) as running:
        yield running


def buried(said: list[str], *gone: int) -> None:
    """Wait until the supervisor has noticed these deaths: its delays begin then."""
    until(lambda: all(any(f"replica {pid} ended" in line for line in said) for pid in gone))


def pids(supervisor: Supervisor) -> list[int]:
    return [replica["pid"] for entry in supervisor.status() for replica in entry["replicas"]]


def ready(supervisor: Supervisor) -> list[Replica]:
    return supervisor.ready("service")


def version(replica: Replica) -> str:
    """What a client hears from it: its VERSION."""
    connection = http.client.HTTPConnection(replica.address, replica.port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode().split(" ")[1]
    finally:
        connection.close()


def never_cancelled() -> bool:
    return False


# -- start and readiness ------------------------------------------------------------------------------


def test_as_many_as_asked_for_run_each_on_an_address_of_its_own(
    supervisor: Supervisor, tiny_image: images.Image
) -> None:
    supervisor.apply([workload(tiny_image, count=3, VERSION="one")])
    supervisor.wait_ready("service", 60, never_cancelled)
    replicas = ready(supervisor)
    assert len({r.address for r in replicas}) == len({r.process.pid for r in replicas}) == 3
    assert [version(r) for r in replicas] == ["one"] * 3


def test_a_replica_is_ready_only_once_its_probe_answers_well(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    supervisor.apply([workload(tiny_image, GATE=str(gate))])
    until(lambda: pids(supervisor))
    with pytest.raises(Unavailable, match="was not ready in time"):
        supervisor.wait_ready("service", 0.3, never_cancelled)
    assert ready(supervisor) == []
    gate.touch()
    supervisor.wait_ready("service", 60, never_cancelled)
    assert len(ready(supervisor)) == 1


def test_waiting_ends_when_it_is_cancelled(supervisor: Supervisor) -> None:
    with pytest.raises(Unavailable, match="was cancelled"):
        supervisor.wait_ready("nobody asked for this", 1000, lambda: True)


def test_an_image_that_is_not_there_is_named_and_tried_again_when_asked_again(
    supervisor: Supervisor, tiny_image: images.Image
) -> None:
    away = tiny_image.folder.with_name("away")
    tiny_image.folder.rename(away)
    try:
        supervisor.apply([workload(tiny_image)])
        with pytest.raises(Unavailable, match="no image sha256:"):
            supervisor.wait_ready("service", 60, never_cancelled)
    finally:
        away.rename(tiny_image.folder)
    supervisor.wait_ready("service", 60, never_cancelled)


def test_a_program_that_the_lock_does_not_install_is_named(
    tmp_path: Path, supervisor: Supervisor, tiny_image: images.Image
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text('FROM a\nCMD ["gunicorn"]\n')
    image = images.build(tmp_path / "logs", dockerfile, tiny_image.folder.parent)
    supervisor.apply([workload(image)])
    with pytest.raises(Unavailable, match="starts 'gunicorn', which its requirements do not install"):
        supervisor.wait_ready("service", 60, never_cancelled)


def test_there_are_only_as_many_as_there_are_addresses(tmp_path: Path, tiny_image: images.Image, wall: Wall) -> None:
    with supervised(tmp_path, tiny_image, wall, addresses=1) as supervisor:
        supervisor.apply([workload(tiny_image, count=2)])
        with pytest.raises(Unavailable, match="all 1 replica addresses are in use"):
            supervisor.wait_ready("service", 60, never_cancelled)


# -- death --------------------------------------------------------------------------------------------


def test_one_that_dies_is_replaced_after_the_delay(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall, said: list[str]
) -> None:
    supervisor.apply([workload(tiny_image)])
    supervisor.wait_ready("service", 60, never_cancelled)
    [first] = pids(supervisor)
    os.kill(first, signal.SIGKILL)
    buried(said, first)
    wall.ahead += RESTART_SECONDS - 5
    supervisor.tick()
    assert pids(supervisor) == []
    wall.ahead += 10
    until(lambda: ready(supervisor))
    assert pids(supervisor) != [first]


def test_a_killed_site_stays_down_until_the_fault_ends(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall, said: list[str]
) -> None:
    supervisor.apply([workload(tiny_image, count=2)])
    supervisor.wait_ready("service", 60, never_cancelled)
    assert supervisor.kill("azure", until=wall() + 100) == 0
    killed = pids(supervisor)
    assert supervisor.kill("aws", until=wall() + 100) == 2
    buried(said, *killed)
    assert ready(supervisor) == []
    wall.ahead += 90
    supervisor.tick()
    assert pids(supervisor) == []
    wall.ahead += 20
    until(lambda: len(ready(supervisor)) == 2)


def test_killing_one_of_two_leaves_the_other_and_healing_brings_it_back(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall
) -> None:
    supervisor.apply([workload(tiny_image, count=2)])
    supervisor.wait_ready("service", 60, never_cancelled)
    assert supervisor.kill("aws", until=wall() + 1000, count=1) == 1
    until(lambda: len(pids(supervisor)) == 1)
    wall.ahead += RESTART_SECONDS + 5
    supervisor.tick()
    assert len(pids(supervisor)) == 1
    supervisor.release("aws")
    until(lambda: len(ready(supervisor)) == 2)


def test_being_killed_while_starting_is_not_the_revisions_fault(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall, said: list[str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    supervisor.apply([workload(tiny_image, GATE=str(gate))])
    until(lambda: pids(supervisor))
    [killed] = pids(supervisor)
    supervisor.kill("aws", until=wall() + 30)
    buried(said, killed)
    gate.touch()
    wall.ahead += 60
    supervisor.wait_ready("service", 60, never_cancelled)


# -- revisions ----------------------------------------------------------------------------------------


def test_a_new_revision_takes_over_only_when_it_is_ready(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    supervisor.apply([workload(tiny_image, VERSION="old")])
    supervisor.wait_ready("service", 60, never_cancelled)
    [old] = ready(supervisor)
    supervisor.apply([workload(tiny_image, VERSION="new", GATE=str(gate))])
    until(lambda: len(pids(supervisor)) == 2)
    assert ready(supervisor) == [old]
    assert version(old) == "old"
    gate.touch()
    supervisor.wait_ready("service", 60, never_cancelled)
    until(lambda: len(pids(supervisor)) == 1)
    assert [version(r) for r in ready(supervisor)] == ["new"]


@pytest.mark.parametrize(("mode", "told"), [("crash", "it crashed on purpose"), ("never", "it never listens")])
def test_one_that_never_gets_ready_leaves_the_old_in_service(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall, said: list[str], mode: str, told: str
) -> None:
    supervisor.apply([workload(tiny_image, VERSION="old")])
    supervisor.wait_ready("service", 60, never_cancelled)
    supervisor.apply([workload(tiny_image, VERSION="new", MODE=mode)])
    if mode == "never":
        until(lambda: len(pids(supervisor)) == 2)
        log = ready(supervisor)[0].process.log.parent
        until(lambda: any("never listens" in path.read_text() for path in log.iterdir()))
        wall.ahead += READY_SECONDS + 1
    with pytest.raises(Unavailable, match="did not become ready") as caught:
        supervisor.wait_ready("service", 10_000, never_cancelled)
    assert told in caught.value.what
    assert told in str(supervisor.fate("service", workload(tiny_image, VERSION="new", MODE=mode).revision))
    assert supervisor.fate("service", workload(tiny_image, VERSION="old").revision) is None, "not asked for any more"
    until(lambda: len(pids(supervisor)) == 1)
    # And the old one is what is kept alive from now on.
    [old] = pids(supervisor)
    os.kill(old, signal.SIGKILL)
    buried(said, old)
    wall.ahead += RESTART_SECONDS + 1
    until(lambda: ready(supervisor))
    assert [version(r) for r in ready(supervisor)] == ["old"]


def test_what_an_earlier_sandbox_saw_working_takes_over_from_one_that_does_not(
    supervisor: Supervisor, tiny_image: images.Image
) -> None:
    old = workload(tiny_image, VERSION="old")
    supervisor.apply([workload(tiny_image, VERSION="new", MODE="crash")], {old.key: old})
    until(lambda: ready(supervisor))
    assert [version(r) for r in ready(supervisor)] == ["old"]


def test_one_with_nothing_to_fall_back_on_is_tried_again_after_a_long_while(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path, wall: Wall, said: list[str]
) -> None:
    gate = tmp_path / "gate"
    supervisor.apply([workload(tiny_image, MODE="crash-without", GATE=str(gate))])
    until(lambda: supervisor.status()[0]["failed"])
    gate.touch()
    wall.ahead += RESTART_SECONDS + 1
    supervisor.tick()
    assert pids(supervisor) == []
    wall.ahead += RETRY_SECONDS
    until(lambda: ready(supervisor))
    until(lambda: not supervisor.status()[0]["failed"])


def test_a_revision_that_served_once_is_never_given_up(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path, wall: Wall, said: list[str]
) -> None:
    """It may lose what it needs and get it back: it is started again and again, as in a crash loop."""
    gate = tmp_path / "gate"
    gate.touch()
    supervisor.apply([workload(tiny_image, GATE=str(gate))])
    supervisor.wait_ready("service", 60, never_cancelled)
    gate.unlink()
    for _ in range(2):
        until(lambda: pids(supervisor))
        [old] = pids(supervisor)
        os.kill(old, signal.SIGKILL)
        buried(said, old)
        wall.ahead += RESTART_SECONDS + 1
    gate.touch()
    until(lambda: ready(supervisor))
    assert supervisor.status()[0]["failed"] == {}


# -- scale --------------------------------------------------------------------------------------------


def test_connections_start_more_within_the_maximum_and_quiet_stops_them(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall
) -> None:
    supervisor.apply([workload(tiny_image, count=1, most=3)])  # two connections each
    supervisor.wait_ready("service", 60, never_cancelled)
    [first] = ready(supervisor)
    first.connections = 3
    until(lambda: len(ready(supervisor)) == 2)
    first.connections = 99
    until(lambda: len(ready(supervisor)) == 3)
    wall.ahead += QUIET_SECONDS + 1
    supervisor.tick()
    assert len(pids(supervisor)) == 3  # busy for however long
    first.connections = 1
    supervisor.tick()
    assert len(pids(supervisor)) == 3  # not quiet for long enough
    wall.ahead += QUIET_SECONDS + 1
    until(lambda: pids(supervisor) == [first.process.pid])  # the one that has something to do stays


def test_a_rule_starts_and_stops_replicas_and_the_cloud_is_told(
    tmp_path: Path, tiny_image: images.Image, wall: Wall, said: list[str]
) -> None:
    told: list[tuple[str, int]] = []
    roomy = [True]
    scaled = replace(workload(tiny_image, count=1, most=4), scaling=Keda(1, 0, 1.0))
    with supervised(
        tmp_path, tiny_image, wall, said, resized=lambda *news: told.append(news), bears_more=lambda: roomy[0]
    ) as supervisor:
        supervisor.apply([scaled])
        supervisor.wait_ready("service", 60, never_cancelled)
        [first] = ready(supervisor)
        # Processor time is counted in hundredths of a second: a quick machine may count none for a start.
        until(lambda: version(first) == "" and first.process.cpu_seconds > 0, seconds=60)
        supervisor.tick()
        first.meter.requests += 100  # two a second and more
        wall.ahead += 31
        until(lambda: len(ready(supervisor)) > 1)
        most = told[-1][1]
        assert told[0][0] == "service" and 2 <= most <= 4
        assert first.meter.cpu_seconds > 0, "its processor time is counted beside its requests"
        roomy[0] = False
        killed = pids(supervisor)
        supervisor.kill("aws", until=0.0)
        buried(said, *killed)
        wall.ahead += RESTART_SECONDS + 1
        until(lambda: any("no memory for another replica" in line for line in said))
        until(lambda: len(ready(supervisor)) == 1)
        assert len(pids(supervisor)) == 1, "the least is started whatever the machine bears"


def test_desired_zero_really_stops(supervisor: Supervisor, tiny_image: images.Image) -> None:
    supervisor.apply([workload(tiny_image, count=2)])
    supervisor.wait_ready("service", 60, never_cancelled)
    processes = [psutil.Process(pid) for pid in pids(supervisor)]
    supervisor.apply([workload(tiny_image, count=0)])
    until(lambda: not any(process.is_running() for process in processes))
    supervisor.wait_ready("service", 60, never_cancelled)
    with supervisor.waiting("service") as comes:
        assert not comes


def test_what_is_no_longer_asked_for_is_stopped_and_forgotten(supervisor: Supervisor, tiny_image: images.Image) -> None:
    supervisor.apply([workload(tiny_image)])
    supervisor.wait_ready("service", 60, never_cancelled)
    supervisor.apply([])
    until(lambda: not supervisor.status())


def test_a_minimum_of_zero_sleeps_when_quiet_and_wakes_for_a_connection(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall
) -> None:
    supervisor.apply([workload(tiny_image, count=0, most=2)])
    supervisor.wait_ready("service", 60, never_cancelled)  # it shows once that it can serve
    wall.ahead += QUIET_SECONDS + 1
    until(lambda: not pids(supervisor))
    supervisor.tick()
    assert pids(supervisor) == []
    supervisor.wait_ready("service", 60, never_cancelled)
    with supervisor.waiting("service") as comes:
        assert comes
        until(lambda: ready(supervisor))


# -- the end ------------------------------------------------------------------------------------------


def test_sigterm_comes_first_and_sigkill_after_it(tmp_path: Path, tiny_image: images.Image, wall: Wall) -> None:
    with supervised(tmp_path, tiny_image, wall) as supervisor:
        polite, stubborn = (workload(tiny_image, MODE=mode) for mode in ("polite", "stubborn"))
        both = [polite, type(stubborn)(**{**vars(stubborn), "key": "stubborn"})]
        supervisor.apply(both)
        for key in ("service", "stubborn"):
            supervisor.wait_ready(key, 60, never_cancelled)
        [first], [second] = supervisor.ready("service"), supervisor.ready("stubborn")
        supervisor.apply([])
        until(lambda: not supervisor.status())
        assert "it was asked to leave" in first.process.tail()
        assert first.process.exit_code == 0
        assert second.process.exit_code == -signal.SIGKILL


def test_stopping_the_supervisor_leaves_no_process_and_no_list_of_processes(
    tmp_path: Path, tiny_image: images.Image, wall: Wall
) -> None:
    with supervised(tmp_path, tiny_image, wall) as supervisor:
        supervisor.apply([workload(tiny_image, count=2, MODE="stubborn")])
        supervisor.wait_ready("service", 60, never_cancelled)
        running = [psutil.Process(pid) for pid in pids(supervisor)]
    assert not any(process.is_running() for process in running)
    assert not (tmp_path / "processes.json").exists()


def test_what_a_replica_started_ends_with_it(supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path) -> None:
    supervisor.apply([workload(tiny_image, MODE="parent")])
    supervisor.wait_ready("service", 60, never_cancelled)
    [replica] = ready(supervisor)
    child = psutil.Process(int(replica.process.tail().split("child ")[1].split()[0]))
    os.kill(replica.process.pid, signal.SIGKILL)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


_SUPERVISOR = """
import sys, time
from pathlib import Path
from sandbox.images import store as images
from tests.sandbox.tiny import Wall, supervised, workload
folder, digest, store = sys.argv[1:]
image = images.load(Path(store), digest)
with supervised(Path(folder), image, Wall()) as supervisor:
    supervisor.apply([workload(image, count=2)])
    supervisor.wait_ready("service", 60, lambda: False)
    print("ready", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_supervisor_left_running_is_ended_by_the_next(
    tmp_path: Path, tiny_image: images.Image, wall: Wall
) -> None:
    arguments = [str(tmp_path), tiny_image.digest, str(tiny_image.folder.parent)]
    first = subprocess.Popen([sys.executable, "-c", _SUPERVISOR, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"ready\n"
        left = psutil.Process(first.pid).children()
        first.kill()
    assert len(left) == 2
    assert all(process.is_running() for process in left)
    with supervised(tmp_path, tiny_image, wall):
        assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in left)
    assert end_leftovers(tmp_path / "processes.json") == 0


def test_supervision_outlives_a_disk_that_is_full(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path, wall: Wall, said: list[str]
) -> None:
    """A replica that cannot be written down is not left running, and is tried again."""
    (tmp_path / "processes.json").mkdir()
    supervisor.apply([workload(tiny_image)])
    until(lambda: any("could not do its work" in line for line in said))
    supervisor.tick()
    assert ready(supervisor) == []
    (tmp_path / "processes.json").rmdir()
    wall.ahead += RESTART_SECONDS + 1
    until(lambda: ready(supervisor))


def test_two_images_with_the_same_tag_are_two_revisions(tiny_image: images.Image, tmp_path: Path) -> None:
    assert build_image(tmp_path).digest == tiny_image.digest
    asked = workload(tiny_image)
    assert asked.revision == workload(tiny_image, count=5).revision
    assert asked.revision != workload(tiny_image, VERSION="new").revision
    assert own_block() != own_block()
