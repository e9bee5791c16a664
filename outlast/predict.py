"""`outlast predict`: one row asked of the endpoint, or with --csv a whole file scored."""

from __future__ import annotations

from typing import Any

import click

from sandbox.__main__ import COMMANDS as SANDBOX
from service.command_line import Command

_ENDPOINT = SANDBOX["predict"]
_CSV = click.Option(
    ["--csv"], metavar="FILE", expose_value=False, help="Score this file instead; its options: --csv FILE --help."
)


class _Predict(Command):
    """The endpoint's command; with --csv the file's, which is imported only then, for it loads the model."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if any(word == "--csv" or word.startswith("--csv=") for word in args):
            from service.offline.batch import COMMANDS as FILES

            return FILES["predict"].make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


predict = _Predict("predict", callback=_ENDPOINT.callback, params=[*_ENDPOINT.params, _CSV], help=_ENDPOINT.help)

COMMANDS = {"predict": predict}
