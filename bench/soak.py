"""A long run of one server that keeps books: every answer is in the audit log, and memory stays flat.

`make soak MINUTES=10`. Callers ask for predictions, some wrongly, some with an unknown key, some not in HTTP. Then the
server is stopped, its log verified, and each answer that came back is set against a record, or a counted refusal.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import psutil

from bench.attackers import HOST, Connection
from bench.measure import ready, sampling
from bench.peers import API_KEY, MODEL, SHIPPED, Ask, ask
from bench.report import MIB, Verdict, at_most
from service.command_line import CONTEXT, Command, say
from service.errors import Deviated, OutlastError
from service.server.audit.verify import ChainReport, verify_logs

PER_SECOND = 400.0
MOST_MINUTES = 24 * 60
MOST_GROWTH = 1.05
_CALLERS = 16
_SAMPLE_SECONDS = 0.5
_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Soak:
    """What came of a run: answers by status, what the log holds, and the memory in bytes, sample after sample."""

    seconds: float
    answers: Mapping[str, int]
    unanswered: int  # requests whose connection ended instead
    chains: tuple[ChainReport, ...]
    memory: tuple[float, ...]

    @property
    def answered(self) -> int:
        return sum(self.answers.values())

    def count(self, kind: str) -> int:
        """Over all chains: `predictions` (given, or refused one by one), `refused`, `shed`, `lost`."""
        return sum(getattr(chain, kind) for chain in self.chains)

    @property
    def recorded(self) -> int:
        return self.count("predictions") + self.count("refused") + self.count("shed")

    @property
    def growth(self) -> float:
        """Memory in the last quarter to that in the second: the first is for what is loaded at first use."""
        quarter = len(self.memory) // 4
        if not quarter:
            return float("nan")
        return statistics.median(self.memory[-quarter:]) / statistics.median(self.memory[quarter : 2 * quarter])


def requests(right: Ask, key: str = API_KEY) -> dict[str, bytes]:
    """What is asked, by name: of sixteen callers, twelve rightly, the others each in a way of their own."""
    known = {**right.headers, "x-api-key": key}
    return {
        "right": _encode(right.path, right.body, known),
        "not JSON": _encode(right.path, right.body[:-1], known),
        "unknown key": _encode(right.path, right.body, {**known, "x-api-key": "olk_unknown"}),
        "unknown column": _encode(f"/predict/{MODEL.name}", b'{"instances": [{"nothing": 1}]}', known),
        "no HTTP": b"GET http://[/ HTTP/1.1\r\n\r\n",
    }


def _encode(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"host: {HOST}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}"]).encode() + b"\r\n\r\n" + body


async def call(port: int, kinds: Mapping[str, bytes], seconds: float, per_second: float) -> tuple[Counter[str], int]:
    """Ask from many connections for so long: answers by status, and how many requests got none."""
    wrong = [kind for kind in kinds if kind != "right"]
    turns = ["right"] * (_CALLERS - len(wrong)) + wrong
    seen: Counter[str] = Counter()
    until = time.monotonic() + seconds
    asked = await asyncio.gather(*(_ask(port, kinds[kind], until, _CALLERS / per_second, seen) for kind in turns))
    return seen, sum(asked) - sum(seen.values())


async def _ask(port: int, request: bytes, until: float, interval: float, seen: Counter[str]) -> int:
    """One caller: one request an interval, on a connection that is opened again when it was ended."""
    asked, connection = 0, None
    while (now := time.monotonic()) < until:
        if connection is None:
            connection = Connection(*await asyncio.open_connection(HOST, port), seen)
        asked += 1
        ended = request.startswith(b"GET")  # a refusal of what is no HTTP ends its connection
        try:
            await connection.send(request)
            await connection.read_answer()
        except (OSError, EOFError):
            ended = True
        if ended or connection.last or connection.reader.at_eof():
            connection.writer.transport.abort()
            connection = None
        await asyncio.sleep(max(0.0, now + interval - time.monotonic()))
    if connection is not None:
        connection.writer.transport.abort()
    return asked


@contextmanager
def _sampled(pid: int) -> Iterator[list[float]]:
    """A process's resident bytes, sampled during the block."""
    samples: list[float] = []
    with sampling(lambda: float(psutil.Process(pid).memory_info().rss), _SAMPLE_SECONDS, samples):
        yield samples


def soak(
    port: int, process: subprocess.Popen[bytes], folder: Path, kinds: Mapping[str, bytes], seconds: float, rate: float
) -> Soak:
    """Run against a server that writes its audit log into a folder, and stop it; it must have answered nobody else."""
    with _sampled(process.pid) as memory:
        answers, unanswered = asyncio.run(call(port, kinds, seconds, rate))
    process.terminate()
    if process.wait(_STOP_SECONDS):
        raise OutlastError(f"the server left with {process.returncode} when it was told to stop")
    return Soak(seconds, answers, unanswered, tuple(verify_logs(_lines(folder))), tuple(memory))


def _lines(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            yield from file


def judge(seen: Soak) -> tuple[Verdict, ...]:
    """What must hold after any run."""
    broken = sum(len(chain.findings) + (not chain.closed) for chain in seen.chains)
    return (
        at_most("answers and records that have no counterpart", abs(seen.answered - seen.recorded), 0),
        at_most("requests that got no answer", seen.unanswered, 0),
        at_most("records lost", seen.count("lost"), 0),
        at_most("chains that do not verify", broken, 0),
        at_most("memory: last quarter to second", seen.growth, MOST_GROWTH),
    )


def render(seen: Soak) -> str:
    """The figures and the verdicts, as Markdown."""
    answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(seen.answers.items()))
    memory = f"{min(seen.memory) / MIB:.0f} to {max(seen.memory) / MIB:.0f} MiB" if seen.memory else "not sampled"
    lines = [
        f"{seen.seconds:g} s, {seen.answered:,} answers ({answers}); in the audit log",
        f"{seen.count('predictions'):,} records of predictions, {seen.count('refused'):,} counted refusals,",
        f"{seen.count('shed'):,} shed; memory {memory}.",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, judge(seen)),
    ]
    return "\n".join(lines)


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--minutes", type=click.FloatRange(0, MOST_MINUTES, min_open=True), default=10.0, show_default=True)
@click.option("--per-second", type=click.FloatRange(1, 10_000), default=PER_SECOND, show_default=True)
def main(minutes: float, per_second: float) -> None:
    """Ask one server for so long, then set every answer against its audit log. Leaves with 5 where something is off."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def environment(port: int, run: Path) -> Mapping[str, str]:
            return {**SHIPPED.environment(port, run), "OUTLAST_AUDIT": "off", "OUTLAST_AUDIT_DIR": name}

        peer = replace(SHIPPED, environment=environment)
        right = ask(peer, 1)
        say(f"soak: {minutes:g} minutes at {per_second:g} requests a second")
        with ready(peer) as (port, process):
            # The first right answer, that `ready` waits for, is in the log as well.
            seen = soak(port, process, folder, requests(right), minutes * 60, per_second)
        seen = replace(seen, answers={**seen.answers, "200": seen.answers.get("200", 0) + 1})
    click.echo(render(seen))
    if any(verdict.met is False for verdict in judge(seen)):
        raise Deviated("an answer, a record or the memory is off")


if __name__ == "__main__":
    main(prog_name="python -m bench.soak")
