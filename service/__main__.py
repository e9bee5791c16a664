"""`python -m service …`: the model, its evaluation and its server.

Commands are imported when they are called: the image holds what serving needs and nothing of training.
"""

from __future__ import annotations

import importlib
import sys

import click

# command -> (module, what it does). A module offers its command as a click command named like it, in `COMMANDS`.
_COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("service.server.commands", "Serve the released models over HTTP."),
    "probe": ("service.server.commands", "Ask the server on this machine whether it is well."),
    "key": ("service.server.commands", "Make an API key and the entry that the server keeps of it."),
    "audit": ("service.server.commands", "Verify audit trails."),
    "image": ("service.image", "The image's base and its bill of materials."),
    "model": ("service.evaluation.commands", "All nine steps, from the problem file to the released model."),
    "frame": ("service.evaluation.commands", "Step 1: the problem file, checked."),
    "data": ("service.evaluation.commands", "Step 2: schema and quality of the data."),
    "explore": ("service.evaluation.commands", "Step 3: statistics, correlations, a projection."),
    "prepare": ("service.evaluation.commands", "Step 4: how rows become numbers, and the splits."),
    "train": ("service.evaluation.commands", "Step 5: every algorithm once."),
    "tune": ("service.evaluation.commands", "Step 6: grid search, resumable."),
    "evaluate": ("service.evaluation.commands", "Step 7: every algorithm measured on the same rows."),
    "present": ("service.evaluation.commands", "Step 8: the report and the model card."),
    "release": ("service.evaluation.commands", "Step 9: the gate, and the release."),
    "savedmodel": ("service.evaluation.commands", "Write a linear model as a TensorFlow SavedModel (an extra)."),
    "bench-metrics": ("service.evaluation.benchmark", "Time the metrics against scikit-learn, in one run."),
    "predict": ("service.offline.batch", "Classify a CSV file, here or by an endpoint."),
    "shift": ("service.offline.shift", "Compare live predictions with what was released."),
    "advise": ("service.evaluation.commands", "Say what to optimise and where to put the threshold."),
}


class _Lazy(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command: click.Command = importlib.import_module(module).COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The model, its evaluation harness and its server. Nothing here knows a cloud."""


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m service"))
