"""What to type to run a plan: the same options as those with which it was made, so that it runs as pasted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
from click.core import ParameterSource

_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def retype(context: click.Context, command: str, *words: str) -> str:
    """`outlast drill <command>` with every option that was given to this command, then with `words`.

    What came from the environment is written out: whoever approves a plan may run it in another shell. `--json` is how
    the plan was to be shown, and is left out.
    """
    return shlex.join(["outlast", "drill", command, *_given_options(context), *words])


def _given_options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.params:
        if not isinstance(parameter, click.Option) or parameter.name in (None, "as_json"):
            continue
        if context.get_parameter_source(str(parameter.name)) not in _GIVEN:
            continue
        name, value = parameter.opts[0], context.params[str(parameter.name)]
        for each in value if parameter.multiple else (value,):
            yield name
            if not parameter.is_flag:
                # A number to its last digit: the hash of the plan covers it.
                yield repr(each).removesuffix(".0") if isinstance(each, float) else str(each)
