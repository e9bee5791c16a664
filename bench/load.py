"""The load generators: wrk for closed loops, vegeta for open ones. Both pinned to the core that the server has not."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.environments import find_wrk, make_vegeta
from bench.peers import Ask

SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 16

# The body is read from a file, so that any bytes may stand in it; the summary comes back as JSON.
_LUA = """
wrk.method = "POST"
local file = io.open({body}, "rb"); wrk.body = file:read("*a"); file:close()
{headers}
function done(summary, latency, requests)
  io.stderr:write(string.format('{{"requests":%d,"microseconds":%d,"bad":%d,"p50":%d,"p99":%d}}',
    summary.requests, summary.duration, summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Closed:
    """A closed loop's result: right answers per second, and how many answers were not 200."""

    per_second: float
    bad: int


@dataclass(frozen=True)
class Hit:
    """One request of an open loop: when it was sent (seconds from the first), its status (0 = none), its seconds."""

    at: float
    status: int
    seconds: float


@dataclass(frozen=True)
class Open:
    """An open loop's result."""

    asked_per_second: float
    hits: tuple[Hit, ...]
    generator_share: float = float("nan")  # of its core, that the generator was at work

    def percentile(self, percent: float, status: int = 200) -> float:
        """Seconds within which that share of the answers with this status came; NaN without one."""
        times = sorted(hit.seconds for hit in self.hits if hit.status == status)
        return times[min(len(times) - 1, int(len(times) * percent / 100))] if times else float("nan")

    def share(self, status: int) -> float:
        """The share of the requests that got this status."""
        return sum(hit.status == status for hit in self.hits) / len(self.hits) if self.hits else float("nan")

    @property
    def sent_per_second(self) -> float:
        """What the generator reached."""
        span = max((hit.at for hit in self.hits), default=0.0)
        return len(self.hits) / span if span else float("nan")


@contextmanager
def _files(ask: Ask) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder, "body")
        body.write_bytes(ask.body)
        yield Path(folder), body


def run_closed(ask: Ask, port: int, seconds: float, connections: int = CONNECTIONS) -> Closed:
    """wrk: that many connections, each asking again as soon as it is answered."""
    with _files(ask) as (folder, body):
        headers = "\n".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in ask.headers.items())
        script = folder / "ask.lua"
        script.write_text(_LUA.format(body=json.dumps(str(body)), headers=headers))
        command = ["taskset", "-c", LOAD_CORE, str(find_wrk()), "-t1", f"-c{connections}", f"-d{seconds:g}s"]
        command += ["--timeout", "10s", "-s", str(script), f"http://127.0.0.1:{port}{ask.path}"]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    summary = json.loads(run.stderr[run.stderr.rindex("{") :])
    right = summary["requests"] - summary["bad"]
    return Closed(right / (summary["microseconds"] / 1e6), summary["bad"])


def run_open(ask: Ask, port: int, per_second: float, seconds: float) -> Open:
    """vegeta: requests at a fixed rate, whether or not the ones before have been answered."""
    with _files(ask) as (folder, body):
        target = folder / "target"
        headers = "".join(f"{name}: {value}\n" for name, value in ask.headers.items())
        target.write_text(f"POST http://127.0.0.1:{port}{ask.path}\n{headers}@{body}\n")
        results = folder / "results"
        attack = ["taskset", "-c", LOAD_CORE, str(make_vegeta()), "attack", f"-rate={per_second:.0f}/s"]
        attack += [f"-duration={seconds:g}s", f"-targets={target}", "-timeout=10s", "-workers=64", "-max-workers=512"]
        attack += [f"-output={results}", "-max-body=0", "-connections=512"]
        before = _children_seconds()
        subprocess.run(attack, check=True)
        share = (_children_seconds() - before) / seconds
        encoded = subprocess.run(
            [str(make_vegeta()), "encode", "-to=csv", str(results)], capture_output=True, text=True, check=True
        ).stdout
    return Open(per_second, tuple(_read_hits(encoded)), share)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read_hits(encoded: str) -> Iterator[Hit]:
    # vegeta's columns: Unix nanoseconds, status, latency in nanoseconds, …
    rows = [(int(row[0]), int(row[1]), int(row[2])) for row in csv.reader(encoded.splitlines())]
    first = min((at for at, _, _ in rows), default=0)
    for at, status, latency in rows:
        yield Hit((at - first) / 1e9, status, latency / 1e9)
