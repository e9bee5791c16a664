"""The commands that read what drills left: `outlast drill list`, `show`, `verify`, `export`, `history`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from failover.chaostoolkit.journal import convert_journal
from failover.drill.chain import ChainReport, Entry
from failover.drill.journal import LINES, find_journal, verify_journal
from failover.drill.measurement import Measurement
from failover.drill.report import render_data, render_markdown
from failover.drill.retell import retell
from failover.drill.samples import Sample
from failover.evidence.history import Promise, SiteHistory, judge_history
from failover.evidence.shelf import Filed, find_drill, find_folders, list_drills, reported_heads
from service.bundle.writing import write_whole
from service.command_line import Command, json_option, print_json, say
from service.errors import Deviated, InvalidInput, Tampered

F = TypeVar("F", bound=Callable[..., Any])

_DRILL = click.argument("name", metavar="DRILL")


def drills_option(command: F) -> F:
    """`--drills`: where the drills' folders are."""
    return click.option(
        "--drills", type=click.Path(path_type=Path), default=Path("drills"), help="Where the drills' folders are."
    )(command)


@click.command("list", cls=Command)
@drills_option
@json_option
def list_command(drills: Path, as_json: bool) -> None:
    """List the drills that are here: what each came to, and whether its journal is whole."""
    found = list_drills(drills)
    if as_json:
        print_json([_filed_data(each) for each in found])
    elif found:
        click.echo("\n".join(_list_lines(found)))
    else:
        click.echo(f"no drill under {drills}")


@click.command(cls=Command)
@_DRILL
@drills_option
@json_option
def show(name: str, drills: Path, as_json: bool) -> None:
    """Show a drill's report: DRILL is its folder, its folder's name, or its id."""
    measured, _ = retell(find_drill(drills, name))
    if as_json:
        print_json(render_data(measured))
    else:
        click.echo(render_markdown(measured), nl=False)


@click.command(cls=Command)
@click.argument("names", metavar="[DRILL]...", nargs=-1)
@click.option("--head", help="The head that the drill printed when it ended; of one DRILL.")
@drills_option
@json_option
def verify(names: tuple[str, ...], head: str | None, drills: Path, as_json: bool) -> None:
    """Verify that journals are as they were written: each entry against its hash and the one before, the end against
    the report beside it and --head. Without DRILL, all that are here.

    Leaves with 7 when something was changed, and with 5 when a journal is from before they were chained.
    """
    if head and len(names) != 1:
        raise InvalidInput("--head is the end of one journal", hint="outlast drill verify --head HASH DRILL")
    journals = [find_drill(drills, name) for name in names] or [find_journal(each) for each in find_folders(drills)]
    if not journals:
        say(f"no drill under {drills}: nothing to verify")
    found = {journal: _verify(journal, head) for journal in journals}
    if as_json:
        print_json([{"journal": str(path), **_chain_data(*each)} for path, each in found.items()])
    else:
        for path, (chain, wrong) in found.items():
            click.echo("\n".join(_verify_lines(path, chain, wrong)))
    _raise_unproven(found)


@click.command(cls=Command)
@_DRILL
@click.option(
    "--format",
    "as_format",
    type=click.Choice(["chaostoolkit", "csv"]),
    required=True,
    help="`chaostoolkit`: a journal that `chaos report` reads. `csv`: every look of every observer.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; stdout when absent.")
@drills_option
def export(name: str, as_format: str, out: Path | None, drills: Path) -> None:
    """Write a drill in another tool's format."""
    measured, entries = retell(find_drill(drills, name))
    text = _as_chaostoolkit(measured, entries) if as_format == "chaostoolkit" else _as_csv(measured)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_whole(out, text)
        say(f"wrote {out}")


@click.command(cls=Command)
@click.option("--every-days", type=click.IntRange(1, 366), help="Each site must have passed a drill in so many days.")
@click.option("--rto", type=click.FloatRange(0.0, min_open=True), help="Seconds within which traffic must have left.")
@click.option("--site", "sites", multiple=True, help="A site that must be drilled, besides those that ever were.")
@click.option("--host", default="", help="Only drills of this public host.")
@drills_option
@json_option
def history(
    every_days: int | None, rto: float | None, sites: Sequence[str], host: str, drills: Path, as_json: bool
) -> None:
    """Hold the drills that are here against what is promised; leave with 5 when a site's last passed one is too old."""
    report_history(Promise(every_days, rto), sites, host=host, drills=drills, as_json=as_json)


def report_history(promise: Promise, sites: Sequence[str], *, host: str, drills: Path, as_json: bool) -> None:
    """Print each site's latest drills. Raises Deviated naming every site that breaks the promise."""
    found = judge_history(list_drills(drills), sites, promise, datetime.now(UTC), host=host)
    if as_json:
        print_json({"promise": asdict(promise), "sites": [_history_data(each) for each in found]})
    else:
        click.echo("\n".join(_history_lines(found)))
    if not found:
        raise Deviated(f"no drill under {drills}", hint="outlast drill plan --lose SITE begins one")
    findings = [finding for each in found for finding in each.findings]
    if findings:
        late = next(each.site for each in found if each.findings)
        lines = "\n".join(f"- {finding}" for finding in findings)
        raise Deviated(f"the drills do not keep the promise\n{lines}", hint=f"outlast drill plan --lose {late}")


# -- inside ------------------------------------------------------------------------------------------------------------


def _list_lines(found: Sequence[Filed]) -> Iterator[str]:
    yield f"{'drill':<24}{'site':<12}{'verdict':<12}{'recovery':>10}  journal"
    for each in found:
        recovery = "" if each.recovery_seconds is None else f"{each.recovery_seconds:.1f} s"
        yield f"{each.folder:<24}{each.lost:<12}{each.verdict:<12}{recovery:>10}  {each.problem or each.chain}"


def _filed_data(filed: Filed) -> dict[str, Any]:
    return {**asdict(filed), "utc": filed.utc.isoformat() if filed.utc else None, "whole": filed.whole}


def _verify(journal: Path, head: str | None) -> tuple[ChainReport | None, list[str]]:
    """What the chain says, and everything that is wrong, in words."""
    try:
        chain = verify_journal(journal)
    except InvalidInput as error:
        return None, [error.what]
    known = [("--head", head)] if head else []
    other = [place for place, told in (*known, *reported_heads(journal)) if told != chain.head]
    wrong = [str(damage) for damage in chain.damages]
    if journal.name != LINES:  # an unfinished journal has no end yet that a report could name
        wrong += [f"its head is not the one in {place}" for place in other]
    return chain, wrong


def _verify_lines(path: Path, chain: ChainReport | None, wrong: Sequence[str]) -> Iterator[str]:
    yield f"{path}: {'NOT AS WRITTEN' if wrong else chain}"
    yield from (f"  {each}" for each in wrong)
    if chain is not None:
        if path.name == LINES:
            yield f"  unfinished: outlast drill restore --journal {path.parent} takes back what is left, and seals it"
        if chain.torn:
            yield "  ends in half an entry, as a kill leaves it"
        yield f"  head {chain.head}"


def _chain_data(chain: ChainReport | None, wrong: Sequence[str]) -> dict[str, Any]:
    known = {} if chain is None else {"entries": chain.entries, "unchained": chain.unchained, "head": chain.head}
    return {**known, "torn": bool(chain and chain.torn), "whole": bool(chain and chain.whole), "wrong": list(wrong)}


def _raise_unproven(found: dict[Path, tuple[ChainReport | None, list[str]]]) -> None:
    changed = [path for path, (_, wrong) in found.items() if wrong]
    if changed:
        raise Tampered(
            f"{_join(changed)}: not as the drill wrote it",
            hint="take it from a copy, or drop the drill as evidence and run it again",
        )
    unchained = [path for path, (chain, _) in found.items() if chain is None or chain.unchained]
    if unchained:
        raise Deviated(
            f"{_join(unchained)}: written before journals were chained, so nothing proves that nobody changed it",
            hint="outlast drill show still reads it; a new drill is chained",
        )


def _join(paths: Iterable[Path]) -> str:
    return ", ".join(map(str, paths))


def _as_chaostoolkit(measured: Measurement, entries: Sequence[Entry]) -> str:
    return json.dumps(convert_journal(measured, entries), indent=2) + "\n"


def _as_csv(measured: Measurement) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Sample.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(sample) for sample in measured.samples)
    return text.getvalue()


def _history_lines(found: Sequence[SiteHistory]) -> Iterator[str]:
    yield f"{'site':<12}{'last passed':<14}{'recovery':>10}  {'due':<12}latest"
    for each in found:
        passed, recovery = each.passed, None if each.passed is None else each.passed.recovery_seconds
        when = "never" if passed is None else f"{passed.utc:%Y-%m-%d}"
        took = "" if recovery is None else f"{recovery:.1f} s"
        due = "" if each.due is None else f"{each.due:%Y-%m-%d}"
        latest = "none" if each.latest is None else f"{each.latest.folder} {each.latest.verdict}"
        yield f"{each.site:<12}{when:<14}{took:>10}  {due:<12}{latest}"


def _history_data(each: SiteHistory) -> dict[str, Any]:
    return {
        "site": each.site,
        "passed": _filed_data(each.passed) if each.passed else None,
        "latest": _filed_data(each.latest) if each.latest else None,
        "due": each.due.isoformat() if each.due else None,
        "findings": list(each.findings),
    }


COMMANDS = {"list": list_command, "show": show, "verify": verify, "export": export, "history": history}
