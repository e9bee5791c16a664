"""What every training service can do for a job, in the same words: the port that the three submitters fill."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jobs.spec import TrainingSpec


class State(StrEnum):
    """Where a job stands. `Interrupted`: its spot machine was taken away, and the service starts it again by itself."""

    PENDING = "Pending"
    RUNNING = "Running"
    STOPPING = "Stopping"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    INTERRUPTED = "Interrupted"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to a job in this state."""
        return self in (State.SUCCEEDED, State.FAILED, State.STOPPED)


@dataclass(frozen=True)
class Job:
    """A job that a service knows: `name` is ours, `id` the service's own way to name it (ARN, resource id or name).

    `spec_digest` is what the name holds of it, its first 16 hex digits.
    """

    name: str
    id: str
    spec_digest: str
    attempt: int


@dataclass(frozen=True)
class JobState:
    """How a job stands. `reason` is why, in the service's words and then ours where it failed; `hint` what to do then.

    `artifacts` is the folder with what it wrote, ending in `/`, once it succeeded. `billable_seconds` is what the
    service says that it charges for, None where it does not say. `started` and `ended` are RFC 3339 in UTC or "".
    """

    state: State
    reason: str = ""
    hint: str = ""
    artifacts: str = ""
    started: str = ""
    ended: str = ""
    billable_seconds: int | None = None


@dataclass(frozen=True)
class LogLine:
    """One line that a job wrote; `cursor` continues after it. `at` is RFC 3339, or "" where the service keeps none."""

    text: str
    at: str
    cursor: str


class TrainingService(Protocol):
    """One cloud's service for training jobs.

    Every method raises what `service.errors` holds: Refused where the service will not take the job as it is (nothing
    was started), Unavailable where it gave no answer or these credentials may not ask.
    """

    cloud: str

    def start(self, spec: TrainingSpec, attempt: int = 1) -> Job:
        """Start the job, or find it where it was started before: the same spec and attempt are never paid twice.

        One that was found may be over: whoever wants another one looks at it and asks for the next attempt.
        """

    def find(self, name: str) -> Job | None:
        """The job of this name, whoever started it; None where there is none."""

    def look(self, job: Job) -> JobState:
        """How it stands now."""

    def lines(self, job: Job, after: str = "") -> list[LogLine]:
        """What it wrote after the line with this cursor; from its beginning without one."""

    def stop(self, job: Job) -> None:
        """Ask the service to stop it; one that is over already stays as it is."""

    def list(self) -> list[Job]:
        """Every job that Outlast started here, newest first."""
