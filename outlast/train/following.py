"""Jobs that run, watched until they are over: every line that they write, and every change of their state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from jobs.asking import NoAnswer
from jobs.service import Job, JobState, State, TrainingService
from jobs.spec import TrainingSpec, digest, job_name, parse_name
from outlast.train.tables import NAMES
from service.errors import OutlastError

_MOST_SILENCE = 60  # looks in a row without an answer
_MOST_ATTEMPTS = 99

Say = Callable[[str], None]


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
            lines = self.service.lines(self.job, self.cursor)  # after the state, so that a last look has them all
        except NoAnswer as error:
            self._silent += 1
            if self._silent > _MOST_SILENCE:
                raise NoAnswer(f"{error.what}; the job goes on", hint=f"once it answers: {self.attach}") from error
            return
        except OutlastError as error:
            raise type(error)(f"{error.what}; the job goes on", hint=f"{error.hint}; then {self.attach}") from error
        self._silent = 0
        for line in lines:
            say(f"{self.cloud}  {line.text}")
            self.cursor = line.cursor
        if state.state != self.state.state:
            say(_describe(self.cloud, state))
        self.state = state


def start_or_find(cloud: str, service: TrainingService, spec: TrainingSpec, prepare: Callable[[int], None]) -> Running:
    """The job of a spec: one that runs or succeeded is taken as it is, after one that failed comes the next attempt.

    `prepare(attempt)` is called before a start.
    """
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        job = service.find(job_name(spec, attempt))
        if job is None:
            prepare(attempt)
            return Running(cloud, service, service.start(spec, attempt), spec)
        state = service.look(job)
        if state.state not in (State.FAILED, State.STOPPED):
            return Running(cloud, service, job, spec, state)
    what = f"{_MOST_ATTEMPTS} jobs of this spec failed on {NAMES[cloud]}"
    raise OutlastError(what, hint="outlast model jobs list tells why; change what is asked for")


def find_succeeded(cloud: str, service: TrainingService, spec: TrainingSpec, name: str) -> Running | None:
    """The job of this name if it is of the spec and succeeded."""
    named = parse_name(name)
    job = service.find(name) if named and named[0] == digest(spec)[:16] else None
    state = service.look(job) if job else None
    return Running(cloud, service, job, spec, state) if job and state and state.state is State.SUCCEEDED else None


def follow(running: Sequence[Running], say: Say, pause: Callable[[], None]) -> None:
    """Watch jobs until the last one is over. Raises OutlastError with the reason of each that did not succeed."""
    for one in running:
        one.step(say)
    while going := [one for one in running if not one.state.state.final]:
        pause()
        for one in going:
            one.step(say)
    _refuse_failures(one for one in running if one.state.state is not State.SUCCEEDED)


def _refuse_failures(failed: Iterable[Running]) -> None:
    told = [(f"{one.job.name} on {NAMES[one.cloud]} {_ended(one.state)}", one.state.hint) for one in failed]
    if told:
        hints = dict.fromkeys(hint for _, hint in told if hint)
        again = "the same command starts it again: fits that are finished are kept"
        raise OutlastError("; ".join(what for what, _ in told), hint="; ".join([*hints, again]))


def _ended(state: JobState) -> str:
    done = "was stopped" if state.state is State.STOPPED else "failed"
    return f"{done}: {state.reason}" if state.reason else done


def _describe(cloud: str, state: JobState) -> str:
    reason = f": {state.reason}" if state.reason else ""
    return f"{cloud}: {state.state.value.lower()}{reason}"
