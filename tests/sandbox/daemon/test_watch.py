"""A part that dies is named, ends the sandbox, and is what `make status` says first afterwards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from failover.simulator.loop import LoopThread
from sandbox.command.control import Control
from sandbox.daemon.watch import VITAL, Watch
from sandbox.layout import Instance
from service.errors import Unavailable
from tests.sandbox.tiny import until


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def threads(listeners: Callable[[], object], others: Callable[[], object]) -> list[threading.Thread]:
    made = [threading.Thread(target=listeners if n == "listeners" else others, name=n, daemon=True) for n in VITAL]
    for thread in made:
        thread.start()
    return made


def fail() -> None:
    raise TypeError("no socket")


def test_a_thread_that_dies_is_named_with_what_ended_it(
    tmp_path: Path, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(tmp_path / "died")
    shown: list[object] = []
    monkeypatch.setattr(threading, "__excepthook__", shown.append)
    monkeypatch.setattr(threading, "excepthook", watch.note)
    watch.follow(threads(fail, release.wait))
    until(lambda: bool(watch.dead()))
    assert watch.dead() == ["the thread listeners has died: TypeError: no socket"]
    assert shown  # its traceback, in the log


def test_all_is_well_as_long_as_they_live(tmp_path: Path, release: threading.Event) -> None:
    watch = Watch(tmp_path / "died")
    watch.follow(threads(release.wait, release.wait))
    assert watch.dead() == []
    with pytest.raises(ValueError, match="no thread is called listeners"):
        watch.follow([t for t in threading.enumerate() if t.name != "listeners"])


def test_a_later_command_is_told_why_nobody_answers(tmp_path: Path) -> None:
    instance = Instance(block="127.1.2", port_offset=0, dns_port=1, speed=1, token="t")
    Watch(tmp_path / "died").write_down(["the thread listeners has died: TypeError: no socket"])
    with pytest.raises(Unavailable, match=r"left by itself, .*: the thread listeners has died: TypeError: no socket"):
        Control(instance, tmp_path / "died").status()
    Watch(tmp_path / "died")  # the next one starts
    with pytest.raises(Unavailable, match="does not answer"):
        Control(instance, tmp_path / "died").status()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_task_that_must_live_takes_its_thread_along() -> None:
    loop = LoopThread("doomed")
    loop.start()

    async def die() -> None:
        raise TypeError("no socket")

    async def begin() -> None:
        loop.must_live(asyncio.get_running_loop().create_task(die()))

    loop.run(begin())
    until(lambda: not loop.is_alive)
    with pytest.raises(Unavailable, match="the thread doomed has died: TypeError"):
        loop.run(begin())
    loop.stop()
