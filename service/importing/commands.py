"""`outlast model import`: a model that was made elsewhere, or somebody's predictions, in one command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from threadpoolctl import threadpool_limits

from service.command_line import Command, json_option, say, working
from service.errors import InvalidInput
from service.evaluation.cli import print_result
from service.importing.limits import Site
from service.importing.outputs import MAKERS

_PATH = click.Path(path_type=Path)
_MODELS = {
    "onnx": "A classifier in ONNX.",
    "sklearn": "A fitted scikit-learn classifier or pipeline: .skops, or .joblib with --trust.",
    "lightgbm": "A model file of LightGBM (the extra `boosting`).",
    "xgboost": "A model file of XGBoost, .json or .ubj (the extra `boosting`).",
    "catboost": "A model file of CatBoost, .cbm or .json (the extra `catboost`).",
}


def make_command(find_sites: Callable[[], Sequence[Site]]) -> click.Command:
    """The command; `find_sites` tells the sites that a model has to fit."""

    @click.command("import", cls=Command)
    @_model_options
    @click.option("--predictions", type=_PATH, help="Evaluate a CSV of predictions instead; nothing is released.")
    @click.option("--table", type=_PATH, help="CSV of rows that the model is judged by, with the true classes.")
    @click.option("--target", required=True, help="The column of true classes.")
    @click.option("--name", help="What the model is called; default: as its file.")
    @click.option("--problem", help="A problem file with costs and floors; a draft is written where none is named.")
    @click.option("--drop", multiple=True, metavar="COLUMN", help="Leave this column of the table out.")
    @click.option("--text", "texts", multiple=True, metavar="COLUMN", help="The model takes these digits as text.")
    @click.option("--classes", default="", metavar="A,B,…", help="The classes, in the order of the model's outputs.")
    @click.option("--positive", metavar="CLASS", help="The positive class of two.")
    @click.option("--output", default="", metavar="NAME", help="The ONNX output that holds the probabilities.")
    @click.option("--scores", "maker", type=click.Choice(MAKERS), help="What makes probabilities of the outputs.")
    @click.option("--threshold", type=click.FloatRange(0, 1), help="Predict the positive class from this probability.")
    @click.option("--trust", is_flag=True, help="Open a file that can run code: you know who made it.")
    @click.option("--accept", multiple=True, metavar="METRIC", help="Release although this metric regressed.")
    @click.option("--accept-draft", is_flag=True, help="Release although nobody has set costs and floors.")
    @click.option("--artifacts", type=_PATH, default=None, help="Folder for the report and the candidate.")
    @json_option
    def command(as_json: bool, predictions: Path | None, **asked: Any) -> None:
        """Bring in a model that was trained elsewhere: converted, held to its original, judged on a table, released.

        Name one of the model's files and a table: --onnx model.onnx --table rows.csv --target y. The same gate holds as
        for a model that is trained here. Without --problem the release is a draft, and needs --accept-draft.
        """
        given = {kind: path for kind in _MODELS if (path := asked.pop(kind)) is not None}
        with threadpool_limits(1), working("judging the predictions" if predictions else "bringing the model in"):
            if predictions is not None:
                document, words = _evaluate(predictions, given, asked)
            else:
                document, words = _import(given, asked, find_sites())
        print_result(document, as_json, words)

    return command


def _model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for kind, does in reversed(_MODELS.items()):
        command = click.option(f"--{kind}", type=_PATH, help=does)(command)
    return command


def _import(given: Mapping[str, Path], asked: Mapping[str, Any], sites: Sequence[Site]) -> tuple[dict[str, Any], str]:
    from service.importing.convert import Said
    from service.importing.importer import Done, Wanted, import_model
    from service.training.candidate import read_now

    kind, path = choose_kind(given)
    if asked["table"] is None:
        what = "an import needs --table: rows with their true classes, by which the model is judged"
        raise InvalidInput(what, hint="--table rows.csv --target column; a few hundred rows that it was not trained on")
    said = Said(read_classes(asked["classes"]), asked["output"], asked["maker"] or "")
    taken = ("table", "target", "name", "problem", "drop", "texts", "positive", "threshold", "trust", "accept")
    options = {name: asked[name] for name in (*taken, "accept_draft", "artifacts")}
    wanted = Wanted(kind=kind, path=path, said=said, **options)
    done: Done = import_model(wanted, sites=sites, now=read_now(), say=say)
    return describe(done), say_done(done)


def choose_kind(given: Mapping[str, Path]) -> tuple[str, Path]:
    """The one model that is named. Raises InvalidInput for none, and for several."""
    if len(given) != 1:
        what = (
            "no model is named"
            if not given
            else f"{len(given)} models are named: {', '.join(map(str, given.values()))}"
        )
        raise InvalidInput(what, hint=f"one of --{', --'.join(_MODELS)}, or --predictions")
    ((kind, path),) = given.items()
    return kind, path


def read_classes(text: str) -> tuple[str, ...]:
    """Names of classes that stand in one option, with commas between."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _evaluate(path: Path, given: Mapping[str, Path], asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    from service.importing.evaluated import evaluate_predictions

    if given:
        hint = "predictions are evaluated without their model: leave one of the two out"
        raise InvalidInput("--predictions and a model are named", hint=hint)
    found = evaluate_predictions(
        path,
        asked["target"],
        table=asked["table"],
        positive=asked["positive"],
        threshold=asked["threshold"],
        problem=asked["problem"],
        artifacts=asked["artifacts"],
    )
    return found.to_document(), found.say()


def describe(done: Any) -> dict[str, Any]:
    """What an import did, as plain data."""
    manifest = done.release.manifest
    return {
        "problem": manifest.problem,
        "version": manifest.version,
        "digest": done.release.digest,
        "changed": done.changed,
        "algorithm": manifest.algorithm,
        "classes": list(manifest.classes),
        "thresholds": dict(manifest.thresholds),
        "columns": {column.name: column.type for column in manifest.input.columns},
        "rows": done.gap.rows,
        "largest_gap": done.gap.largest,
        "labels_differ": done.gap.labels_differ,
        "bytes": done.needs.bytes,
        "memory_mib": done.needs.memory_mib,
        "start_seconds": done.needs.start_seconds,
        "judged": done.judged.to_metrics()["judged"],
        "folder": str(done.release.folder),
        "artifacts": str(done.artifacts),
    }


def say_done(done: Any) -> str:
    """What an import did, in words."""
    manifest, needs, gap = done.release.manifest, done.needs, done.gap
    low = ", ".join(f"{c.metric} {c.low:.3f} (floor {c.floor:g})" for c in done.judged.verdict.floors)
    news = "new" if done.changed else "answers as released, so not a byte changes"
    return "\n".join(
        [
            f"{manifest.problem} version {manifest.version}: {manifest.algorithm}, {news}",
            f"  digest    {done.release.digest}",
            f"  parity    on {gap.rows} rows within {gap.largest:.2g} of the original",
            f"  needs     {needs}",
            f"  lower end {low}",
            f"  released  {done.release.folder}",
            f"  report    {done.artifacts / 'report.html'}",
            f"hint: serve it: outlast model default {manifest.problem}, then outlast up",
        ]
    )


COMMANDS: dict[str, click.Command] = {"import": make_command(lambda: ())}
