"""From a model that was made elsewhere to a release: read, converted, held to its original, judged, tried, written.

Nothing of what is released or running changes before the last step; until then everything lies in the artifacts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from service.bundle.folder import DRAFTS, Release
from service.bundle.manifest import Manifest
from service.bundle.writing import write_whole
from service.errors import Mistake, Refused, ReleaseRefused
from service.evaluation.schema import refuse_other_columns
from service.evaluation.steps import home_of
from service.importing.boosted import read_lightgbm, read_xgboost
from service.importing.catboost_model import read_catboost
from service.importing.convert import Converted, Gap, Said, convert, measure_gap
from service.importing.foreign import Floats, Foreign
from service.importing.graph import read_graph
from service.importing.judge import Judged, choose_positive, choose_threshold, judge, refuse_verdict
from service.importing.limits import LARGEST_COMMITTED, Needs, Site, measure_needs, refuse_too_large
from service.importing.naming import Named, choose_name
from service.importing.release import ImportedTable, build_candidate, build_dataset
from service.importing.report import Parity, Subject, render_card, render_report
from service.importing.sklearn_model import read_sklearn
from service.importing.table import GivenTable, hash_file, read_table
from service.training import export
from service.training.candidate import load_previous, write_candidate

TOLERANCE = 1e-5  # of a probability: how far the served model may be from the original on any given row


@dataclass(frozen=True)
class Wanted:
    """What the options of an import say. `kind` is that of the model's file, one of KINDS.

    `texts` are the table's columns of digits that the model takes as texts.
    """

    kind: str
    path: Path
    table: Path
    target: str
    name: str | None = None
    problem: str | None = None
    drop: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    said: Said = field(default_factory=Said)
    positive: str | None = None
    threshold: float | None = None
    trust: bool = False
    accept: tuple[str, ...] = ()
    accept_draft: bool = False
    artifacts: Path | None = None


@dataclass(frozen=True)
class Done:
    """What an import did: the release, whether a byte of it changed, and what it was found to be."""

    release: Release
    changed: bool
    foreign: Foreign
    judged: Judged
    gap: Gap
    needs: Needs
    artifacts: Path


def import_model(wanted: Wanted, *, sites: Sequence[Site], now: datetime, say: Callable[[str], None]) -> Done:
    """Bring a model in. Raises InvalidInput or Refused where it cannot be served at all.

    Raises ReleaseRefused where the gate says no, or nobody has set costs and floors; the report is there then.
    """
    table = read_table(wanted.table, wanted.target, drop=wanted.drop)
    foreign = read_foreign(wanted, table)
    converted, dataset, served = convert_truly(foreign, table, wanted.said, str(wanted.path))
    named = choose_name(wanted.name, wanted.path, wanted.problem, dataset, wanted.table, artifacts=wanted.artifacts)
    for note in [*foreign.notes, *_note_columns(dataset)]:
        say(f"note: {note}")
    home = home_of(named.problem) / named.problem.name
    if len(converted.model) > LARGEST_COMMITTED and home.parent != DRAFTS:
        say(f"note: a model of {len(converted.model) / 1e6:.0f} MB does not go into git: it goes to {DRAFTS}")
        home = DRAFTS / named.problem.name
    previous = load_previous(home)
    refuse_other_columns(named.problem.name, dataset, converted.classes, previous.manifest if previous else None)
    judged, parity = _judge(wanted, named, converted, served, previous.manifest if previous else None)
    refuse_gap(parity, table)
    _present(wanted, named, table, foreign, converted, dataset, judged, parity)
    say(f"report: {named.folder / 'report.html'}")
    refuse_verdict(judged, converted.classes)
    candidate = build_candidate(named.problem.name, foreign, converted, dataset, judged, _describe_origin(wanted.path))
    write_candidate(candidate, named.folder, previous=previous, now=now)
    needs = measure_needs(named.folder)
    refuse_too_large(needs, sites)
    _refuse_draft(named, wanted.accept_draft)
    release = write_candidate(candidate, home, previous=previous, now=now)
    changed = previous is None or previous.digest != release.digest
    return Done(release, changed, foreign, judged, parity.gap, needs, named.folder)


def _read_onnx(wanted: Wanted, table: GivenTable) -> Foreign:
    graph = read_graph(wanted.path)
    maker = " ".join(filter(None, (graph.producer_name, graph.producer_version)))
    return Foreign(title=f"ONNX{f' made by {maker}' if maker else ''}", graph=graph)


KINDS: Mapping[str, Callable[[Wanted, GivenTable], Foreign]] = {
    "onnx": _read_onnx,
    "sklearn": lambda wanted, table: read_sklearn(wanted.path, table, trust=wanted.trust, texts=wanted.texts),
    "lightgbm": lambda wanted, table: read_lightgbm(wanted.path, table),
    "xgboost": lambda wanted, table: read_xgboost(wanted.path, table),
    "catboost": lambda wanted, table: read_catboost(wanted.path, table),
}


def read_foreign(wanted: Wanted, table: GivenTable) -> Foreign:
    """The model out of its file, by the reader of its kind."""
    return KINDS[wanted.kind](wanted, table)


def convert_truly(
    foreign: Foreign, table: GivenTable, said: Said, place: str
) -> tuple[Converted, ImportedTable, Floats]:
    """The served model, the table as it takes it, and its answers: in 32 bits, or in 64 where these are too few."""
    found = _convert_once(foreign, table, said, place)
    if foreign.exact is None or _are_close(found[0], found[2]):
        return found
    graph = foreign.exact()
    wider = _convert_once(replace(foreign, graph=graph), table, said, place) if graph is not None else found
    return wider if _are_close(wider[0], wider[2]) else found


def _convert_once(
    foreign: Foreign, table: GivenTable, said: Said, place: str
) -> tuple[Converted, ImportedTable, Floats]:
    converted = convert(foreign, table, said, place=place)
    dataset = build_dataset(table, converted, table.path.stem)
    return converted, dataset, export.run_onnx(converted.model, dataset.rows(), converted.spec)


def _are_close(converted: Converted, served: Floats) -> bool:
    return bool(np.abs(converted.original.probabilities - served).max() <= TOLERANCE)


def _note_columns(dataset: ImportedTable) -> list[str]:
    return [f"column {column} is not looked at: it {why}" for column, why in dataset.left_out.items()]


def _describe_origin(path: Path) -> str:
    return f"{path.name} (SHA-256 {hash_file(path)[:12]})"


def _judge(
    wanted: Wanted, named: Named, converted: Converted, served: Floats, released: Manifest | None
) -> tuple[Judged, Parity]:
    """The model's metrics and the gate's verdict, and how far the served model is from the original."""
    classes, problem = converted.classes, named.problem
    positive = choose_positive(classes, wanted.positive or problem.positive_class, converted.truth)
    original = converted.original
    labels = None if wanted.threshold is not None else original.labels
    threshold = choose_threshold(classes, positive, original.probabilities, labels, wanted.threshold)
    gap = measure_gap(replace(original, labels=labels), served, classes, threshold.thresholds, TOLERANCE)
    judged = judge(
        problem,
        classes,
        converted.truth,
        served,
        positive=positive,
        threshold=threshold,
        parity=export.Parity(gap.rows, gap.largest, gap.labels_differ, TOLERANCE),
        released=released,
        accept=wanted.accept,
    )
    return judged, Parity(gap, TOLERANCE, original, served)


def refuse_gap(parity: Parity, table: GivenTable) -> None:
    """Raise Refused, with the worst row, where the served model does not answer as the original does."""
    gap, mistakes = parity.gap, []
    if not gap.largest <= parity.tolerance:
        before, now = (answer[gap.worst] for answer in (parity.original.probabilities, parity.served))
        place = int(abs(before - now).argmax())
        what = f"is answered {now[place]:.7f} where the original says {before[place]:.7f}: {gap.largest:.2g} apart"
        mistakes.append(Mistake(f"line {table.lines[gap.worst]}", what))
    if gap.first_other is not None:
        what = f"gets another class than the original gives, as do {gap.labels_differ} of {gap.rows} rows"
        mistakes.append(Mistake(f"line {table.lines[gap.first_other]}", what))
    if mistakes:
        what = f"the served model does not answer as the original does (a gap of {parity.tolerance:g} is allowed)"
        hint = "some of its steps do not convert truly; replace them, or export it to ONNX where it was trained"
        raise Refused(what, mistakes, hint=hint)


def _present(
    wanted: Wanted,
    named: Named,
    table: GivenTable,
    foreign: Foreign,
    converted: Converted,
    dataset: ImportedTable,
    judged: Judged,
    parity: Parity,
) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in foreign.versions.items())
    made_by = f"{foreign.title}, imported from {_describe_origin(wanted.path)}; read by {versions or 'onnxruntime'}."
    subject = Subject(
        name=named.problem.name,
        made_by=" ".join([made_by, *(f"Note that {note}." for note in foreign.notes)]),
        table=wanted.table,
        sha256=table.sha256,
        target=table.target,
        labels=converted.truth,
        lines=table.lines,
        left_out=(*table.left_out, *dataset.left_out),
        spec=converted.spec,
    )
    write_whole(named.folder / "report.html", render_report(subject, judged, parity))
    write_whole(named.folder / "model-card.md", render_card(subject, judged, parity))


def _refuse_draft(named: Named, accepted: bool) -> None:
    if named.problem.draft and not accepted:
        raise ReleaseRefused(
            f"{named.problem.name} is a draft: nobody has set its costs and floors, so nothing was released",
            hint=f"set them in {named.draft}, delete its line `draft = true`, then --problem {named.draft}; "
            "or --accept-draft",
        )
