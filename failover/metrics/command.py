"""`outlast metrics`: what every replica of every site counts, as one Prometheus text. Only here clients are built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
import httpx

from failover.dial import Dial, authorise
from failover.metrics.exposition import Coverage, merge
from failover.metrics.gather import Ask, gather
from service.bundle.writing import write_whole
from service.command_line import print_json, say, working
from service.errors import Deviated, InvalidInput, Mistake, Unavailable

SECONDS = 20.0


def parse_replicas(words: Sequence[str]) -> dict[str, int]:
    """`aws=2` -> site and number. Raises InvalidInput with every word that is none."""
    found, mistakes = {}, []
    for word in words:
        site, _, number = word.partition("=")
        if site and number.isdigit() and int(number):
            found[site] = int(number)
        else:
            mistakes.append(Mistake("--replicas", f"{word!r} is no site with a number", "write aws=2"))
    if mistakes:
        raise InvalidInput("the replicas cannot be read", mistakes)
    return found


def show_metrics(
    host: str, declared: Mapping[str, int | None], *, seconds: float, out: Path | None, as_json: bool
) -> None:
    """Print the metrics of all, or write them to a file. Raises Deviated where a declared replica was not seen."""
    if not declared:
        raise InvalidInput("no site: whose metrics are meant?", hint="name them: --replicas aws=2 --replicas gcp=2")
    with working(f"asking {', '.join(declared)}"):
        texts, coverage = gather(asker_of(host), declared, seconds)
    text = merge(texts, coverage)
    if out is not None:
        write_whole(out, text.encode())
    for each in coverage:
        say(str(each))
    if as_json:
        print_json([asdict(each) for each in coverage])
    elif out is None:
        click.echo(text, nl=False)
    _raise_missing(coverage)


def asker_of(host: str, environ: Mapping[str, str] = os.environ) -> Ask:
    """Asks a site of that host for its metrics, with the key of the environment."""
    dial, key = Dial.from_environment(environ), environ.get("OUTLAST_API_KEY", "")
    deadline, headers = dial.deadline_seconds, authorise(key)

    def ask(site: str) -> str:
        address = next(iter(dial.resolve(f"{site}.{host}").addresses), "")
        if not address:
            raise Unavailable(f"{site}.{host} has no address")
        try:
            with dial.client(address=address, deadline_seconds=deadline) as http:
                reply = http.get(f"https://{host}/metrics", headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise Unavailable(f"does not answer ({type(error).__name__})") from error
        if reply.status_code != 200:
            raise Unavailable(f"answers {reply.status_code}", hint="metrics ask for $OUTLAST_API_KEY")
        return reply.text

    return ask


def _raise_missing(coverage: Sequence[Coverage]) -> None:
    missing = [str(each) for each in coverage if not each.is_whole]
    if missing:
        raise Deviated("; ".join(missing), hint="ask for longer (--seconds), or `outlast status` says what runs")
