"""Every way in which a command can end: what is said, where, and with which exit code."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from service import command_line
from service.__main__ import MOVED
from service.__main__ import main as service
from service.command_line import Command, Group, json_option, print_json, say, working
from service.errors import Deviated, InvalidInput, Mistake, ModelMismatch, OutlastError, Refused, Unavailable
from service.ticks import ticking

ROOT = Path(__file__).resolve().parents[2]


def run(failure: BaseException | None = None, *arguments: str, **environment: str) -> Result:
    """A command in a group in a group, which ends so."""

    @click.group(cls=Group)
    def top() -> None:
        """The program."""

    @top.group()
    def inner() -> None:
        """A part of it."""

    @inner.command()
    @json_option
    def act(as_json: bool) -> None:
        """Do it."""
        say("at work")
        if failure:
            raise failure
        print_json({"né": 1}) if as_json else click.echo("done")

    return CliRunner(env={"NO_COLOR": None, **environment}).invoke(top, ["inner", "act", *arguments])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutlastError("it broke"), 1),
        (InvalidInput("it broke"), 2),
        (Refused("it broke"), 3),
        (Unavailable("it broke"), 4),
        (Deviated("it broke"), 5),
        (ModelMismatch("it broke"), 6),
    ],
)
def test_each_error_has_its_exit_code(error: OutlastError, code: int) -> None:
    done = run(error)
    assert (done.exit_code, done.stdout, done.stderr) == (
        code,
        "",
        "at work\nerror: it broke\nhint: docs/reference/errors.md lists every error, and what to do\n",
    )


def test_an_error_says_all_mistakes_and_what_to_do() -> None:
    done = run(InvalidInput("two things are wrong", [Mistake("a", "is missing"), Mistake("b", "is odd")], hint="see c"))
    assert done.stderr.endswith("error: two things are wrong\n- a: is missing\n- b: is odd\nhint: see c\n")


def test_an_error_without_a_hint_of_its_own_ends_in_one() -> None:
    listed = run(InvalidInput("one thing is wrong", [Mistake("a", "is missing")]))
    assert listed.stderr.endswith("- a: is missing\nhint: correct what is listed, and repeat the command\n")
    told = run(InvalidInput("one thing is wrong", [Mistake("a", "is missing", "write a")]))
    assert told.stderr.endswith("- a: is missing\n  hint: write a\n")


def test_data_is_alone_on_stdout() -> None:
    done = run(None, "--json")
    assert json.loads(done.stdout) == {"né": 1}
    assert done.stderr == "at work\n"


def test_a_mistake_in_what_was_typed_has_the_same_form() -> None:
    done = run(None, "--jsn")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: No such option")
    assert done.stderr.endswith("hint: top inner act --help\n")


def test_ctrl_c_says_that_nothing_finished_is_lost() -> None:
    done = run(KeyboardInterrupt())
    assert done.exit_code == 130
    assert "what is finished stays" in done.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_named(number: int) -> None:
    done = run(OSError(number, os.strerror(number), "/x/file"))
    assert done.exit_code == 4
    assert f"error: /x/file cannot be written: {os.strerror(number)}\nhint: free some" in done.stderr


def test_a_port_that_may_not_be_bound_is_not_taken_for_a_file() -> None:
    assert isinstance(run(PermissionError(errno.EACCES, "denied")).exception, PermissionError)


def test_errors_are_red_on_a_terminal_only_and_never_with_no_color() -> None:
    assert "\x1b" not in run(Refused("no")).stderr
    script = "from service.command_line import say_error; from service.errors import Refused; "
    script += "say_error(Refused('no'))"
    assert "\x1b[31merror:" in _on_a_terminal(script, {})
    assert "\x1b" not in _on_a_terminal(script, {"NO_COLOR": "1"})


def _on_a_terminal(script: str, environment: dict[str, str]) -> str:
    """What a program writes to a terminal as its stderr."""
    master, terminal = os.openpty()
    environ = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, stderr=terminal, env=environ, check=True)
    os.close(terminal)
    said = os.read(master, 10_000).decode()
    os.close(master)
    return said


def test_a_caller_gets_the_error_itself() -> None:
    @click.command(cls=Command)
    def act() -> None:
        raise Refused("no")

    with pytest.raises(Refused):
        act.main([], standalone_mode=False)


@pytest.mark.parametrize("name", MOVED)
def test_a_command_that_moved_says_where(name: str) -> None:
    done = CliRunner().invoke(service, [name, "--whatever"])
    assert done.exit_code == 2
    assert "has moved\nhint: python -m " in done.stderr


def test_help_imports_no_command() -> None:
    script = "import sys; from service.__main__ import main; main(['--help'], standalone_mode=False); "
    script += "print([name for name in sys.modules if name.startswith('service.')], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Step 9" in done.stdout
    assert done.stderr.strip() == "['service.errors', 'service.ticks', 'service.command_line', 'service.__main__']"


# -- what goes on ------------------------------------------------------------------------------------------------------


def test_what_is_over_soon_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with working("asking") as announce:
        announce(1, 2)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_what_lasts_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    twice = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            twice.set()

    monkeypatch.setattr(command_line, "say", say)
    monkeypatch.setattr(command_line, "ticking", partial(ticking, first=0.01, every=0.01))
    with pytest.raises(KeyError), working("asking") as announce:
        announce(1, 2)
        assert twice.wait(10)
        raise KeyError
    assert said[0] == "• asking, 1 of 2 …" and "done" not in "".join(said), "it failed"
    monkeypatch.setattr(command_line, "LONG_SECONDS", 0.0)
    with working("asking"):
        pass
    assert said[-1] == "• asking: done in 0 s"


def test_on_a_terminal_there_is_a_bar_and_what_is_said_stands_above_it() -> None:
    script = "from service.command_line import say, working\n"
    script += "with working('asking') as announce: announce(1, 2); say('a line')\n"
    shown = _on_a_terminal(script, {"TERM": "xterm", "COLUMNS": "80"})
    assert "asking" in shown and "50%" in shown and "a line\r\n" in shown
