"""The part `abuse`: what a caller with a key notices of attackers without one, and what they make a server hold.

The caller asks 200 times a second, first alone and then beside 64 attacking connections. Server on one core; caller and
attackers on the other, the attackers at the lowest priority, so that what the caller waits for is the server.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from bench.attackers import CONNECTIONS, read_answers
from bench.environments import ROOT
from bench.load import LOAD_CORE, Open, run_closed, run_open
from bench.measure import QUICK, Plan, ready, sampling
from bench.peers import SHIPPED, ask
from bench.report import MIB, QUICK_WARNING, Verdict, at_least, at_most, describe_machine
from service.command_line import say
from service.errors import OutlastError

PER_SECOND = 200.0
MOST_P99 = 5.0
MOST_MEMORY = 1.2
LEAST_ANSWERED = 0.999
_SAMPLE_SECONDS = 0.25
_HEAD_START_SECONDS = 1.0  # of the attackers, so that the caller meets all of them


@dataclass(frozen=True)
class Abuse:
    """What was measured: times in seconds, memory in bytes (the peak while attacked)."""

    calm_p50: float
    calm_p99: float
    attacked_p50: float
    attacked_p99: float
    answered_share: float  # of the caller's requests while attacked
    calm_memory: float
    attacked_memory: float
    seconds: float
    answers: Mapping[str, Mapping[str, int]]  # kind of attack -> what it was answered


def measure(*, quick: bool) -> tuple[str, tuple[Verdict, ...], dict[str, Any]]:
    """The section, its verdicts and the plain data of one run."""
    plan = QUICK if quick else Plan()
    seen = _measure(plan.open_seconds)
    verdicts = judge(seen)
    document = {
        "machine": describe_machine(),
        "figures": asdict(seen),
        "targets": [asdict(verdict) for verdict in verdicts],
    }
    return render(seen, verdicts, quick=quick), verdicts, document


def _measure(seconds: float) -> Abuse:
    request = ask(SHIPPED, 1)
    with ready(SHIPPED) as (port, process):
        say("abuse: the caller alone")
        _ask_for_documents(port)
        run_closed(request, port, 1.0)
        calm = run_open(request, port, PER_SECOND, seconds)
        held = _resident(process)
        say(f"abuse: the caller beside {CONNECTIONS} attacking connections")
        with _attacking(port, seconds + 2 * _HEAD_START_SECONDS) as attackers, _peak(process) as peak:
            threading.Event().wait(_HEAD_START_SECONDS)
            attacked = run_open(request, port, PER_SECOND, seconds)
            printed, _ = attackers.communicate(timeout=seconds + 60)
        if attackers.returncode:
            raise OutlastError(f"the attackers left with {attackers.returncode}")
    return _gather(calm, attacked, held, max(peak), seconds, read_answers(printed))


def _ask_for_documents(port: int) -> None:
    """Ask once for what an operator asks for: it is loaded at first use, and is no attacker's doing."""
    for path in ("/metrics", "/openapi.json"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            reply.read()


def _gather(
    calm: Open, attacked: Open, held: float, peak: float, seconds: float, answers: Mapping[str, Mapping[str, int]]
) -> Abuse:
    return Abuse(
        calm_p50=calm.percentile(50),
        calm_p99=calm.percentile(99),
        attacked_p50=attacked.percentile(50),
        attacked_p99=attacked.percentile(99),
        answered_share=attacked.share(200),
        calm_memory=held,
        attacked_memory=peak,
        seconds=seconds,
        answers=answers,
    )


@contextmanager
def _attacking(port: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """The attackers, as a process of their own for so long; ended with the block at the latest."""
    command = ["taskset", "-c", LOAD_CORE, "nice", "-n", "19", sys.executable, "-m", "bench.attackers"]
    command += ["--port", str(port), "--seconds", str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _resident(process: subprocess.Popen[bytes]) -> float:
    """Bytes that the server holds, which is one process. What it shares counts whole: who shares it comes and goes."""
    return float(psutil.Process(process.pid).memory_info().rss)


@contextmanager
def _peak(process: subprocess.Popen[bytes]) -> Iterator[list[float]]:
    """What a server holds, looked at again and again during the block."""
    samples = [_resident(process)]
    with sampling(lambda: _resident(process), _SAMPLE_SECONDS, samples):
        yield samples


def judge(seen: Abuse) -> tuple[Verdict, ...]:
    """Every target against the figures of one run."""
    return (
        at_most("the caller's p99: attacked to calm", seen.attacked_p99 / seen.calm_p99, MOST_P99),
        at_least("share of the caller's requests answered while attacked", seen.answered_share, LEAST_ANSWERED),
        at_most("memory: the most while attacked to calm", seen.attacked_memory / seen.calm_memory, MOST_MEMORY),
    )


def render(seen: Abuse, verdicts: tuple[Verdict, ...], *, quick: bool) -> str:
    """The section of the page, as Markdown."""
    lines = [
        "## Attackers beside a caller",
        "",
        *([QUICK_WARNING, ""] if quick else []),
        f"{describe_machine()}.",
        "",
        f"A caller with a key asks for one row {PER_SECOND:g} times a second, for {seen.seconds:g} s alone and for as",
        f"long beside {CONNECTIONS} connections without a key. Server on core 0; caller and attackers on core 1, these",
        "at the lowest priority.",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, verdicts),
        "",
        "| the caller | p50 | p99 | memory of the server |",
        "|---|---|---|---|",
        _row("alone", seen.calm_p50, seen.calm_p99, seen.calm_memory),
        _row("attacked", seen.attacked_p50, seen.attacked_p99, seen.attacked_memory),
        "",
        "| attack | what it was answered, how often |",
        "|---|---|",
        *(f"| {kind} | {_describe(counts)} |" for kind, counts in seen.answers.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(who: str, p50: float, p99: float, memory: float) -> str:
    return f"| {who} | {p50 * 1000:.2f} ms | {p99 * 1000:.2f} ms | {memory / MIB:.0f} MiB |"


def _describe(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what}: {count:,}" for what, count in sorted(counts.items())) or "nothing"
