"""A process is known by its id and its start, does nothing before it is written down, and ends with all it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sandbox.replicas.processes import Process, Program, answers, end_leftovers, identify, write_down
from tests.sandbox.tiny import until

ROOT = Path(__file__).resolve().parents[3]


def program(code: str) -> Program:
    return Program((sys.executable, "-S", "-c", code), {"PATH": "/usr/bin:/bin"}, Path("/"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "it.log"


def ended(process: Process) -> int | None:
    """Let it run to its end."""
    process.release()
    process.end(20)
    return process.exit_code


def test_it_runs_as_told_and_its_end_is_known(log: Path) -> None:
    process = Process(
        program("import os; print(os.getcwd(), os.environ['A'], flush=True); raise SystemExit(3)"), {"A": "b"}, log
    )
    assert process.alive
    assert ended(process) == 3
    assert process.tail() == "/ b"


def test_its_input_is_empty_once_it_runs(log: Path) -> None:
    assert ended(Process(program("import sys; raise SystemExit(len(sys.stdin.read()))"), {}, log)) == 0


def test_a_tail_is_its_own_and_not_of_another_with_the_same_log(log: Path) -> None:
    ended(Process(program("print('the first')"), {}, log))
    second = Process(program(""), {}, log)
    ended(second)
    assert second.tail() == "it said nothing"
    third = Process(program("print('x' * 1000 + 'end')"), {}, log)
    ended(third)
    assert third.tail(10) == "xxxxxxend"
    log.unlink()
    assert third.tail() == "no log"


def test_a_log_that_is_begun_anew_under_a_running_process_has_its_next_line_first(log: Path) -> None:
    code = "import time; print('x' * 5000, flush=True); time.sleep(0.5); print('later', flush=True)"
    process = Process(program(code), {}, log)
    process.release()
    until(lambda: log.stat().st_size > 5000)
    os.truncate(log, 0)
    process.end(20)
    assert log.read_text() == "later\n"
    assert process.tail() == "later"


def test_one_that_is_not_released_has_not_begun_and_ends_without_trace(log: Path) -> None:
    process = Process(program("print('begun', flush=True)"), {}, log)
    process.send(signal.SIGTERM)
    process.end(20)
    assert process.exit_code == -signal.SIGTERM
    assert log.read_text() == ""


_HOLDER = """
import sys, time
from pathlib import Path
from sandbox.replicas.processes import Process, Program
process = Process(Program((sys.executable, "-c", "print('begun')"), {}, Path("/")), {}, Path(sys.argv[1]))
print(process.pid, flush=True)
time.sleep(600)
"""


def test_a_sandbox_that_dies_before_it_wrote_a_process_down_takes_it_along(log: Path) -> None:
    """kill -9 between starting and writing down: nobody would know of it."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(log)], cwd=ROOT, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert identify(pid)
        holder.kill()
    until(lambda: identify(pid) is None)
    assert log.read_text() == ""


# -- identity -----------------------------------------------------------------------------------------


def test_an_identity_is_kept_and_differs_between_processes(log: Path) -> None:
    assert identify(os.getpid()) == identify(os.getpid())
    process = Process(program("import time; time.sleep(600)"), {}, log)
    before = process.identity
    process.release()
    until(lambda: "time.sleep" in " ".join(psutil.Process(process.pid).cmdline()[:4]))
    assert identify(process.pid) == before  # the shell that held it has become the program
    assert before != identify(os.getpid())
    process.end(0)
    assert identify(process.pid) is None


def test_elsewhere_than_on_linux_the_start_time_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert identify(os.getpid()) == f"{psutil.Process().create_time():.2f}"
    assert identify(2**22 + 1) is None


def test_a_zombie_runs_no_more() -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    until(lambda: identify(child.pid) is None)
    child.wait()


# -- leftovers ----------------------------------------------------------------------------------------


def test_leftovers_are_ended_with_what_they_started(log: Path, tmp_path: Path) -> None:
    code = "import os, time; os.fork(); time.sleep(600)"
    process = Process(program(code), {}, log)
    write_down([process], tmp_path / "list")
    process.release()
    until(lambda: psutil.Process(process.pid).children())
    [child] = psutil.Process(process.pid).children()
    assert end_leftovers(tmp_path / "list") == 1
    process.end(20)
    assert process.exit_code == -signal.SIGKILL
    until(lambda: identify(child.pid) is None)
    assert not (tmp_path / "list").exists()


def test_a_process_that_got_the_same_id_later_is_left_alone(log: Path, tmp_path: Path) -> None:
    process = Process(program("import time; time.sleep(600)"), {}, log)
    process.release()
    entries = [{"pid": process.pid, "identity": "another boot 7"}, {"pid": os.getpid(), "identity": "x"}]
    (tmp_path / "list").write_text(json.dumps(entries))
    assert end_leftovers(tmp_path / "list") == 0
    assert process.alive
    process.end(0)


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '[{"pid": 1}]', '[{"pid": "x", "identity": "y"}]'])
def test_a_damaged_list_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text)
    assert end_leftovers(tmp_path / "list") == 0
    assert not (tmp_path / "list").exists()
    assert end_leftovers(tmp_path / "list") == 0


def test_nothing_answers_where_nobody_listens() -> None:
    assert not answers("127.0.0.1", 1, "/")
