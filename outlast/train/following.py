"""Jobs that run, watched until they are over: every line that they write, and every change of their state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from jobs.asking import NoAnswer
from jobs.service import Job, JobState, State, TrainingService
from jobs.spec import TrainingSpec, digest, job_name, parse_name
from outlast.train.failures import Failures, Say
from outlast.train.fetching import find_gone
from outlast.train.tables import NAMES
from service.errors import OutlastError
from service.stores.opening import open_store

_MOST_SILENCE = 60  # looks in a row without an answer
_MOST_ATTEMPTS = 99
_MOST_READS, _MANY_LINES = 100, 1000  # of a log in one look: so many lines may be a part of it
_LAST_LOOKS = 2  # at the logs, after the last job's end: a service may take seconds to show what was written

AGAIN = "the same command goes on: it finds what runs or succeeded, and starts only what is missing"


@dataclass
class Running:
    """A job on one cloud; `state` as it was seen last, `cursor` behind the last line that was printed."""

    cloud: str
    service: TrainingService
    job: Job
    spec: TrainingSpec
    state: JobState = field(default_factory=lambda: JobState(State.PENDING))
    cursor: str = ""
    _silent: int = 0

    @property
    def attach(self) -> str:
        """The command that comes back to it."""
        return f"outlast model jobs attach {self.job.name} --on {self.cloud}"

    def step(self, say: Say) -> None:
        """Look once. An answer that does not come is waited for; the job goes on meanwhile."""
        try:
            state = self.service.look(self.job)
            self._read(say)  # after the state, so that a last look has everything
        except NoAnswer as error:
            self._silent += 1
            if self._silent > _MOST_SILENCE:
                raise NoAnswer(f"{error.what}; the job goes on", hint=f"once it answers: {self.attach}") from error
            return
        except OutlastError as error:
            hint = "; then ".join(filter(None, (error.hint, self.attach)))
            raise type(error)(f"{error.what}; the job goes on", hint=hint) from error
        self._silent = 0
        if state.state != self.state.state:
            say(_describe(self.cloud, state))
        self.state = state

    def read_rest(self, say: Say) -> None:
        """Look at the log alone, where lines may come after the job's end; one that cannot be read spoils nothing."""
        with suppress(OutlastError):
            self._read(say)

    def _read(self, say: Say) -> None:
        """Print what is new. A long log is read in parts, so that what was printed stays printed where one fails."""
        for _ in range(_MOST_READS):
            lines = self.service.lines(self.job, self.cursor)
            for line in lines:
                say(f"{self.cloud}  {line.text}")
                self.cursor = line.cursor
            if len(lines) < _MANY_LINES:
                return


def start_or_find(
    cloud: str, service: TrainingService, spec: TrainingSpec, prepare: Callable[[int], None], say: Say
) -> Running:
    """The job of a spec: one that runs or succeeded is taken as it is.

    After one that failed, or whose results were deleted, comes the next attempt. `prepare(attempt)` is called before a
    start.
    """
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        job = service.find(job_name(spec, attempt))
        if job is None:
            prepare(attempt)
            return Running(cloud, service, service.start(spec, attempt), spec)
        state = service.look(job)
        if state.state not in (State.FAILED, State.STOPPED) and not _is_gone(cloud, job, state, say):
            return Running(cloud, service, job, spec, state)
    what = f"{_MOST_ATTEMPTS} jobs of this spec failed on {NAMES[cloud]}"
    raise OutlastError(what, hint="outlast model jobs list tells why; change what is asked for")


def find_succeeded(cloud: str, service: TrainingService, spec: TrainingSpec, name: str, say: Say) -> Running | None:
    """The job of this name if it is of the spec, succeeded, and its results are there."""
    named = parse_name(name)
    job = service.find(name) if named and named[0] == digest(spec)[:16] else None
    state = service.look(job) if job else None
    if job is None or state is None or state.state is not State.SUCCEEDED or _is_gone(cloud, job, state, say):
        return None
    return Running(cloud, service, job, spec, state)


def _is_gone(cloud: str, job: Job, state: JobState, say: Say) -> bool:
    """Whether a job's results were deleted. A store that does not answer raises: nothing is paid twice on a guess."""
    if state.state is not State.SUCCEEDED or not state.artifacts:
        return False
    gone = find_gone(open_store(state.artifacts.rstrip("/")))
    if gone:
        say(f"{cloud}: {job.name} succeeded, and of its results {', '.join(gone[:3])} was deleted: another is started")
    return bool(gone)


def follow(running: Sequence[Running], failures: Failures, pause: Callable[[], None]) -> None:
    """Watch jobs until the last one is over. What ends the watching of one, or its job, is kept as a failure."""
    for one in running:
        _step(one, failures)
    followed = [one for one in running if not one.state.state.final]
    while going := [one for one in running if not (one.state.state.final or one.cloud in failures.of)]:
        pause()
        for one in going:
            _step(one, failures)
    for _ in range(_LAST_LOOKS if followed else 0):
        pause()
        for one in followed:
            one.read_rest(failures.say)
    for one in running:
        with failures.kept(one.cloud):
            _refuse_failure(one)


def _step(one: Running, failures: Failures) -> None:
    with failures.kept(one.cloud, "the other jobs are followed to their end"):
        one.step(failures.say)


def _refuse_failure(one: Running) -> None:
    if one.state.state.final and one.state.state is not State.SUCCEEDED:
        again = "the same command starts it again: fits that are finished are kept"
        hint = "; ".join(filter(None, (one.state.hint, again)))
        raise OutlastError(f"{one.job.name} on {NAMES[one.cloud]} {_ended(one.state)}", hint=hint)


def _ended(state: JobState) -> str:
    done = "was stopped" if state.state is State.STOPPED else "failed"
    return f"{done}: {state.reason}" if state.reason else done


def _describe(cloud: str, state: JobState) -> str:
    reason = f": {state.reason}" if state.reason else ""
    return f"{cloud}: {state.state.value.lower()}{reason}"
