"""`outlast init-deployment NAME`: asks, or takes flags, writes the stack files of a deployment, says what is next."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from outlast.init_deployment import files, questions, steps
from sandbox import stack_files
from service.bundle.folder import RELEASED, list_released, read_digest
from service.bundle.writing import write_whole
from service.command_line import Command, print_json, say
from service.errors import InvalidInput, Mistake, Refused

ROOT = Path(__file__).resolve().parents[2]


def init_deployment(name: str, overwrite: bool, as_json: bool, **given: str | None) -> None:
    """Write stacks/Pulumi.NAME-*.yaml for accounts of your own, and print each next command in order.

    Asks on a terminal for what no flag says. Nothing is written when any answer is wrong, and no file is overwritten
    without --overwrite.
    """
    answers = ask({key: value for key, value in given.items() if value}, _prompt if sys.stdin.isatty() else None)
    written = write(ROOT, name, answers, overwrite=overwrite)
    following = steps.next_steps(name, answers)
    if as_json:
        print_json({"files": written, "steps": [{"why": one.why, "commands": one.commands} for one in following]})
        return
    for path in written:
        say(f"• wrote {path}")
    click.echo("\n".join(steps.render(following)))


Prompt = Callable[[str, str, bool], str]
"""Asks a question with its default, and whether it has to be answered; gives what was typed."""


def ask(given: Mapping[str, str], prompt: Prompt | None) -> dict[str, str]:
    """Every answer: given, typed at the prompt, or by default."""
    answers = dict(given)
    answers.setdefault("model", stack_files.read_config(ROOT, "aws")["outlast:models"][0].partition("@")[0])
    if prompt is None:
        return questions.fill(answers)
    for question in questions.QUESTIONS:
        if question.is_asked(answers) and question.key not in given:
            default = answers.get(question.key) or question.default(answers)
            answers[question.key] = prompt(question.text, default, question.is_required(answers))
    return questions.fill(answers)


def _prompt(text: str, default: str, required: bool) -> str:
    if required or default:
        typed: str = click.prompt(text, default=default or None, err=True)
    else:
        typed = click.prompt(f"{text} (may be empty)", default="", show_default=False, err=True)
    return typed.strip()


def write(root: Path, name: str, answers: Mapping[str, str], *, overwrite: bool) -> list[str]:
    """Write the files, all or none; gives their names.

    Raises InvalidInput with every wrong answer, and Refused where a file is there already.
    """
    made = _make(root, name, answers)
    paths = {stack: stack_files.path_of(root, stack) for stack in made}
    _refuse_existing(root, name, paths, overwrite)
    for stack, config in made.items():
        write_whole(paths[stack], files.render(stack, config))
    return [str(path.relative_to(root)) for path in paths.values()]


def _make(root: Path, name: str, answers: Mapping[str, str]) -> dict[str, files.Config]:
    """What the files hold. Raises InvalidInput: what is wrong with the answers, what the programs say of the rest."""
    released = list_released(RELEASED)
    mistakes = questions.find_mistakes(name, answers, released)
    told = {mistake.place for mistake in mistakes}
    # What was told already stands aside, so that the programs' parsers see all the others.
    judged = answers if "--model" not in told else {**answers, "model": released[0]}
    whole = name if "NAME" not in told else "these"
    today = datetime.datetime.now(datetime.UTC).date()
    made = files.build(root, whole, judged, read_digest(RELEASED / judged["model"]), today)
    mistakes += [mistake for mistake in files.judge(whole, made) if mistake.place not in told]
    if mistakes:
        raise InvalidInput("these answers make no deployment; nothing was written", mistakes, hint=f"see {steps.GUIDE}")
    return made


def _refuse_existing(root: Path, name: str, paths: Mapping[str, Path], overwrite: bool) -> None:
    """A file of the set that these answers do not make would be part of the set as well."""
    there = set((root / "stacks").glob(f"Pulumi.{name}-*.yaml"))
    others = sorted(there - set(paths.values()))
    found = others if overwrite else sorted(there)
    if found:
        mistakes = [Mistake(str(path.relative_to(root)), "is there already") for path in found]
        hint = "remove what is no longer meant" if others else "--overwrite, or another NAME"
        raise Refused("nothing was written", mistakes, hint=hint)


def _options() -> list[click.Parameter]:
    asked: list[click.Parameter] = [
        click.Option([question.flag, question.key], help=question.text + ".") for question in questions.QUESTIONS
    ]
    overwrite = click.Option(["--overwrite"], is_flag=True, help="Write over files of that set that are there.")
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="Print files and steps as JSON on stdout.")
    return [click.Argument(["name"], metavar="NAME"), *asked, overwrite, as_json]


def _command(callback: Callable[..., Any]) -> click.Command:
    return Command("init-deployment", callback=callback, params=_options(), help=callback.__doc__)


COMMANDS = {"init-deployment": _command(init_deployment)}
