"""`outlast model list|default|remove`: which models are here, which of them is served, and how one goes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from sandbox import serving
from sandbox.layout import Layout
from service.bundle.folder import DRAFTS, RELEASED, list_models, load_release
from service.command_line import Command, json_option, print_json
from service.errors import InvalidInput, Mistake, OutlastError, Refused

ROOT = Path(__file__).resolve().parent.parent
SANDBOX = "the sandbox"  # who names the model that was chosen in the place of the stack files'


@dataclass(frozen=True)
class Listed:
    """One model that is here. `named_by` are the stacks that serve it, `metrics` its floors': value, low, high."""

    name: str
    kind: str
    digest: str
    version: str
    target: str
    algorithm: str
    data: str
    metrics: Mapping[str, tuple[float, float, float]]
    named_by: tuple[str, ...]
    trouble: str = ""


def list_here(layout: Layout, models: Mapping[str, Path]) -> list[Listed]:
    """Every model, by its name; one that cannot be read says why."""
    return [_describe(name, folder, find_namers(layout, name)) for name, folder in sorted(models.items())]


def find_namers(layout: Layout, name: str) -> tuple[str, ...]:
    """The stacks whose files name the model, and the sandbox where it was chosen there."""
    stacks = sorted((layout.root / "stacks").glob("Pulumi.*.yaml"))
    found = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in stacks]
    named = [s for s in found if name in {serving.split_entry(e)[0] for e in serving.read_entries(layout.root, s)}]
    here = serving.chosen(layout)
    return (*named, *((SANDBOX,) if here and here[0] == name else ()))


def _describe(name: str, folder: Path, named_by: tuple[str, ...]) -> Listed:
    kind = "draft" if folder.parent == DRAFTS else "released"
    try:
        release = load_release(folder)
    except OutlastError as error:
        return Listed(name, kind, "", "", "", "", "", {}, named_by, error.what)
    manifest = release.manifest
    judged = manifest.metrics.get("judged", {})
    floors = [floor["metric"] for floor in manifest.verdict.get("floors", ())]
    metrics = {m: (judged[m]["value"], judged[m]["low"], judged[m]["high"]) for m in floors if m in judged}
    data = f"{manifest.data.name}, {manifest.data.rows:,} rows"
    return Listed(
        name, kind, release.digest, manifest.version, manifest.data.target, manifest.algorithm, data, metrics, named_by
    )


@click.command("list", cls=Command)
@json_option
def list_(as_json: bool) -> None:
    """Every model that is here: digest, what it was made of, how it was judged, which stacks name it."""
    found = list_here(_layout(), list_models())
    if as_json:
        print_json([asdict(model) for model in found])
        return
    for model in found:
        click.echo("\n".join(_render(model)))


def _render(model: Listed) -> list[str]:
    if model.trouble:
        return [f"{model.name} ({model.kind}): {model.trouble}"]
    metrics = ", ".join(
        f"{name} {value:.3f} ({low:.3f} to {high:.3f})" for name, (value, low, high) in model.metrics.items()
    )
    target = f", predicts {model.target}" if model.target else ""
    return [
        f"{model.name} ({model.kind}, version {model.version}): {model.algorithm}",
        f"  digest    {model.digest}",
        f"  data      {model.data}{target}",
        f"  judged    {metrics or 'by no floor'}",
        f"  named by  {', '.join(model.named_by) or 'no stack'}",
    ]


@click.command("default", cls=Command)
@click.argument("name", required=False)
@click.option("--stacks-own", is_flag=True, help="Serve what the stack files name again.")
@json_option
def default(name: str | None, stacks_own: bool, as_json: bool) -> None:
    """The model that the sandbox's sites serve, and that is asked where none is named; with NAME, choose it.

    The stack files stay as they are: real sites serve what those name. The next `outlast up` deploys the choice.
    """
    layout = _layout()
    if name and stacks_own:
        raise InvalidInput("a name and --stacks-own say two things", hint="give one of the two")
    if stacks_own:
        serving.forget(layout)
    elif name:
        _choose(layout, name)
    found = serving.chosen(layout)
    said = {"model": found[0] if found else serving.asked_model(layout), "chosen": bool(found)}
    if as_json:
        print_json(said)
        return
    origin = "chosen; --stacks-own goes back to what the stack files name" if found else "as the stack files name it"
    click.echo(f"{said['model']} ({origin})")
    if name or stacks_own:
        click.echo("  outlast up    deploys it")


def _choose(layout: Layout, name: str) -> None:
    models = list_models()
    if name not in models:
        raise InvalidInput(f"no model {name!r} is here", hint=f"there are {', '.join(sorted(models))}")
    serving.choose(layout, name, load_release(models[name]).digest)


@click.command("remove", cls=Command)
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Delete a model that no stack names: a draft, or a release. What training left (report, fits) stays."""
    folder = remove_model(_layout(), name, list_models())
    print_json({"removed": name}) if as_json else click.echo(f"{name} is removed{_way_back(folder)}")


def remove_model(layout: Layout, name: str, models: Mapping[str, Path]) -> Path:
    """Delete it, and give the folder that it was in. Raises InvalidInput for an unknown one, Refused for one in use."""
    if name not in models:
        raise InvalidInput(f"no model {name!r} is here", hint=f"there are {', '.join(sorted(models))}")
    namers = find_namers(layout, name)
    if namers:
        mistakes = [Mistake(namer, _way_out(namer)) for namer in namers]
        raise Refused(f"{name} is to be served, so it stays", mistakes)
    shutil.rmtree(models[name])
    return models[name]


def _way_out(namer: str) -> str:
    if namer == SANDBOX:
        return "serves it; `outlast model default --stacks-own` and `outlast up` first"
    return f"names it in outlast:models of stacks/Pulumi.{namer}.yaml; take it out there first"


def _way_back(folder: Path) -> str:
    return f"; `git checkout -- {folder.relative_to(ROOT)}` brings it back" if folder.parent == RELEASED else ""


def _layout() -> Layout:
    return Layout.of(ROOT)


COMMANDS: dict[str, Any] = {"list": list_, "default": default, "remove": remove}
