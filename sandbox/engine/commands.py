"""Commands of the CLI, run one by one or side by side, shown as they go, and ended with care."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from sandbox.engine import failures
from sandbox.engine.cli import Pulumi
from service.errors import OutlastError

_ALWAYS = ("--non-interactive", "--color", "never")
# Without a line for every second of waiting. `up` previews first, as it does for everybody: a program that an update
# survives and a preview does not would be found by the first person who types `pulumi up`.
UNATTENDED_UP = ("--yes", "--suppress-progress")
# A refresh, a destroy, or an update whose preview tells nothing.
UNATTENDED = (*UNATTENDED_UP, "--skip-preview")


class _Command:
    """One running `pulumi`, in a process group of its own: Ctrl-C in the terminal must reach it once, through us.

    The first SIGINT lets the running step finish and the lock go; a second one would leave both behind.
    """

    def __init__(
        self,
        pulumi: Pulumi,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        directory: Path,
        show: Callable[[str], None],
    ) -> None:
        self.arguments = list(arguments)
        self._show = show
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._process = subprocess.Popen(
            [pulumi.command, *arguments, *_ALWAYS],
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
        )
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._said]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        with getattr(self._process, name) as stream:
            for line in stream:
                self._said[name].append(line)
                self._show(line.rstrip("\n"))

    def interrupt(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        code = self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)  # a grandchild may hold the pipes open
        return code

    @property
    def output(self) -> str:
        return "".join(self._said["stdout"])

    @property
    def everything(self) -> str:
        return "".join(self._said["stdout"] + self._said["stderr"])


def run(
    pulumi: Pulumi,
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    directory: Path,
    stack: str = "",
    show: Callable[[str], None] | None = None,
) -> str:
    """Run one command to its end and give its stdout; each line of both streams goes to `show` as it comes.

    `stack` adds `--stack`. Raises what `failures.explain` makes of a failure. Ctrl-C lets the running step finish.
    """
    shown = (lambda name, line: show(line)) if show else None
    return run_all(pulumi, {stack: arguments}, environ=environ, directory=directory, show=shown)[stack]


def run_all(
    pulumi: Pulumi,
    commands: Mapping[str, Sequence[str]],
    *,
    environ: Mapping[str, str],
    directory: Path,
    show: Callable[[str, str], None] | None = None,
) -> dict[str, str]:
    """Run a command for each stack, side by side, and give the stdout of each; `show` gets stack and line.

    All come to their end, also when one fails; then the first failure is raised, with the others in its text. On Ctrl-C
    each is interrupted once and waited for before KeyboardInterrupt goes on: nothing half done stays locked.
    """
    running = dict[str, _Command]()
    try:
        for stack, arguments in commands.items():
            named = [*arguments, "--stack", stack] if stack else arguments
            shown = _for_stack(stack, show)
            with _postponing_interrupt():  # between its start and its entry here nobody would end it
                running[stack] = _Command(pulumi, named, environ, directory, shown)
        codes = {stack: command.wait() for stack, command in running.items()}
    except BaseException:
        for command in running.values():
            command.interrupt()
        for command in running.values():
            with contextlib.suppress(KeyboardInterrupt):  # an impatient second one: the step still has to finish
                command.wait()
        raise
    failed = [
        failures.explain(command.arguments, stack, codes[stack], command.everything)
        for stack, command in running.items()
        if codes[stack] != 0
    ]
    if failed:
        raise failed[0] if len(failed) == 1 else OutlastError("\n".join(str(failure) for failure in failed))
    return {stack: command.output for stack, command in running.items()}


@contextlib.contextmanager
def _postponing_interrupt() -> Iterator[None]:
    """A Ctrl-C within counts at the end. A signal mask would be inherited by what is started; a handler is not."""
    if threading.current_thread() is not threading.main_thread():  # Python delivers signals to that one alone
        yield
        return
    asked: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked and callable(before):
        before(*asked[0])


def _for_stack(stack: str, show: Callable[[str, str], None] | None) -> Callable[[str], None]:
    return (lambda line: show(stack, line)) if show else (lambda line: None)
