"""`python -m sandbox …`: three clouds on a laptop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import click

from sandbox.layout import Layout
from service.command_line import CONTEXT, Group, json_option, leave, model_option, say, working
from service.errors import InvalidInput, Refused, Unavailable


def _layout() -> Layout:
    return Layout.of(Path(__file__).resolve().parent.parent)


def _report(line: str) -> None:
    say(f"• {line}")


@click.group(cls=Group, context_settings=CONTEXT)
def main() -> None:
    """Three simulated clouds behind the real Pulumi engine, real processes, real TLS and a real DNS server."""


@main.command()
@click.option("--stacks", help="Your own set of stack files: `prod` for stacks/Pulumi.prod-*.yaml.")
@click.option("--speed", type=int, help="How many times real time the clock runs at: 1, 2, 3, 5, 10 or 15.")
@click.option("--dns-port", type=click.IntRange(1, 65535), help="Port of 127.0.0.1 on which `dig` is answered.")
@click.option("--port-offset", type=click.IntRange(0, 40000), help="Added to 443, 80 and 53; chosen by itself.")
@click.option(
    "--eventual",
    type=click.IntRange(0, 3600),
    metavar="SECONDS",
    help="Roles, APIs, records and certificates count as late as the clouds document, after SECONDS of the sandbox's "
    "clock at most: a forgotten `depends_on` fails. 0: all counts at once.",
)
@click.option(
    "--replace",
    multiple=True,
    metavar="URN",
    help="Let this be replaced or deleted although it holds data or a name; may be repeated.",
)
@json_option
def up(
    stacks: str | None,
    speed: int | None,
    dns_port: int | None,
    port_offset: int | None,
    eventual: int | None,
    replace: tuple[str, ...],
    as_json: bool,
) -> None:
    """Bring everything up, deploy every stack, and predict once through DNS."""
    from failover.simulator.clock import SPEEDS
    from sandbox.command.up import bring_up

    # A service manager's SIGTERM is as good a reason to end in order as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if speed is not None and speed not in SPEEDS:
        raise InvalidInput(f"SPEED={speed} would break TTLs", hint=f"one of {', '.join(map(str, SPEEDS))}")
    asked = {"speed": speed, "dns_port": dns_port, "port_offset": port_offset, "eventual": eventual}
    done = bring_up(_layout(), _report, stacks=stacks, replace=replace, **asked)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "stacks": done.stacks.name,
                    "host": done.host,
                    "changes": done.changes,
                    "prediction": done.prediction.document(),
                    "page": done.page,
                    "seconds": done.seconds,
                    "pulumi": {
                        "source": done.pulumi.source,
                        "version": done.pulumi.version,
                        "language_host": done.pulumi.language_host,
                    },
                }
            )
        )
        return
    width = max(map(len, ("traffic", *done.changes))) + 1
    for stack, changes in done.changes.items():
        click.echo(f"  {stack:{width}} " + ", ".join(f"{number} {what}" for what, number in sorted(changes.items())))
    _print_prediction(done.prediction.document())
    dns = f"dig @127.0.0.1 -p {done.instance.dns_port} {done.host}"
    click.echo(f"  ask it yourself: {dns}")
    click.echo(f"  see it happen: {done.page}")


def _print_prediction(answer: dict[str, Any]) -> None:
    mark = "right" if answer["right"] else f"WRONG: {answer['mistake']}"
    click.echo(
        f"  {answer['row']}: {answer['label']} ({answer['probability']:.4f}), {mark}; "
        f"from {answer['site']} ({answer['origin']}) in {answer['milliseconds']:.1f} ms"
    )


@main.command()
@click.option("--row", help="Id of a golden row; one is drawn at random otherwise.")
@model_option
@json_option
def predict(row: str | None, model: str | None, as_json: bool) -> None:
    """Send one real row through DNS and TLS to whichever cloud answers."""
    from failover.dial import Dial
    from sandbox.command.environment import dial_of
    from sandbox.command.predict import predict as send
    from sandbox.keys import api_key_of
    from sandbox.serving import asked_model
    from sandbox.stack_files import public_host
    from service.bundle.folder import choose_released, load_golden

    layout = _layout()
    instance = _require_instance(layout)
    dial = Dial.from_environment(dial_of(layout, instance))
    golden = load_golden(choose_released(model or asked_model(layout)))
    answer = send(dial, public_host(layout), golden, row, api_key=api_key_of(layout)).document()
    click.echo(json.dumps(answer)) if as_json else _print_prediction(answer)
    if not answer["right"]:
        leave(5, "is a fault on, or a model of an older release served? outlast status says; outlast heal ends faults")


@main.command()
@click.option("--resources", is_flag=True, help="How deep each resource type goes.")
@json_option
def status(resources: bool, as_json: bool) -> None:
    """What runs, where, and how it is."""
    from sandbox.command import control
    from sandbox.command.status import collect, render, render_resources

    layout = _layout()
    if resources:
        found = control.connect(layout).call("GET", "/resources")
        click.echo(json.dumps(found) if as_json else render_resources(found))
        return
    document = collect(layout)
    click.echo(json.dumps(document) if as_json else render(document))


@main.command()
@click.argument("stacks", nargs=-1)
@json_option
def preview(stacks: tuple[str, ...], as_json: bool) -> None:
    """Show what `up` would change, what it costs, and what the policy pack finds; of the STACKS named, or of all."""
    from sandbox.command.preview import preview_stacks, render, to_data

    found = preview_stacks(_layout(), stacks, _report)
    if as_json:
        click.echo(json.dumps({each.stack: to_data(each) for each in found}))
        return
    for each in found:
        click.echo(render(each))


@main.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(command: tuple[str, ...]) -> None:
    """Run a command in the environment in which plain `pulumi` and boto3 meet the sandbox."""
    from sandbox.command.environment import load_cli, run_command

    sys.exit(run_command(_layout(), load_cli(_layout()), command))


@main.command()
def shell() -> None:
    """A shell in which plain `pulumi up -s aws`, `pulumi preview` and boto3 work against the sandbox."""
    from sandbox.command.environment import load_cli, run_command
    from sandbox.stack_files import load

    program, layout = os.environ.get("SHELL") or "/bin/sh", _layout()
    stacks = load(layout)
    _report(
        f"`pulumi up -s {stacks.sites[0]}`, `pulumi preview -s {stacks.traffic}`, `outlast status`; leave with exit"
    )
    sys.exit(run_command(layout, load_cli(layout), [program]))


@main.command()
@click.option("--site", default="", help="A site, by its stack's name; leave out for faults of Route 53.")
@click.option("--kind", required=True, help="What breaks, as `kill` or `delay=200`.")
@click.option("--for", "seconds", type=float, default=60.0, show_default=True, help="Seconds of the sandbox's clock.")
@json_option
def fault(site: str, kind: str, seconds: float, as_json: bool) -> None:
    """Break something for a while."""
    from sandbox.command import control

    found = control.connect(_layout()).call("POST", "/fault", {"site": site, "kind": kind, "seconds": seconds})
    if as_json:
        click.echo(json.dumps(found))
        return
    for entry in found["faults"]:
        click.echo(
            f"  {entry['site'] or 'route 53'}: {entry['kind']}: {entry['does']}, for {entry['seconds_left']:.0f} s"
        )


@main.command()
@click.option("--site", default="", help="Only this site's faults.")
@json_option
def heal(site: str, as_json: bool) -> None:
    """End every fault."""
    from sandbox.command import control

    found = control.connect(_layout()).call("POST", "/heal", {"site": site})
    click.echo(json.dumps(found) if as_json else f"  healed: {', '.join(found['healed']) or 'nothing was broken'}")


@main.command()
@click.argument("times", type=int)
def speed(times: int) -> None:
    """Run the sandbox clock at so many times real time."""
    from sandbox.command import control

    found = control.connect(_layout()).call("POST", "/speed", {"speed": times})
    click.echo(f"  the clock runs at speed {found['speed']}")


@main.command()
def down() -> None:
    """Stop the sandbox. It finds everything again at the next `up`."""
    from sandbox.command import up as bringup

    with working("stopping the sandbox"):
        stopped = bringup.down(_layout())
    click.echo("  stopped" if stopped else "  nothing was running")


@main.command()
def clean() -> None:
    """Stop the sandbox and forget its clouds and their Pulumi state."""
    from sandbox.command import up as bringup

    layout = _layout()
    if layout.state == layout.root or layout.root.is_relative_to(layout.state):
        raise Refused(f"OUTLAST_STATE={layout.state} holds the project itself", hint="unset OUTLAST_STATE")
    with working("stopping the sandbox"):
        bringup.down(layout)
    shutil.rmtree(layout.state, ignore_errors=True)
    click.echo("  forgotten")


@main.command(hidden=True)
def serve() -> None:
    """Be the background process; `up` starts it."""
    from sandbox.daemon.daemon import run

    sys.exit(run(_layout()))


def _require_instance(layout: Layout) -> Any:
    instance = layout.load_instance()
    if instance is None:
        raise Unavailable("this folder has no sandbox yet", hint="make up")
    return instance


COMMANDS = main.commands

if __name__ == "__main__":
    main(prog_name="python -m sandbox")
