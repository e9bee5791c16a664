"""`python -m tools.image_proof`, which `make image` calls: builds the serving image, runs it, and looks into it."""

from __future__ import annotations

import datetime
import json
import os
import platform
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from service.bundle.folder import RELEASED, list_released, load_golden
from service.command_line import CONTEXT, Command, say
from service.errors import Deviated, OutlastError, Unavailable
from tools.image_proof.build import SERVICE, Builder, find_missing
from tools.image_proof.findings import (
    Finding,
    judge_contents,
    judge_ids,
    judge_packages,
    render_page,
    render_text,
)
from tools.image_proof.running import list_packages, list_service, look_inside, running, stop

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "image.md"


class _CannotBegin(Unavailable):
    """What the image is built from cannot be had on this machine, which says nothing about the image."""


def prove(folder: Path) -> list[Finding]:
    """Build, build again, run, look, stop.

    Raises:
        Unavailable: this machine cannot make the base or fetch the packages, or the image does not come up.
        OutlastError: the Dockerfile cannot be built.
    """
    builder = Builder(folder)
    try:
        _prepare(builder)
        say("• building service/Dockerfile, twice")
        ids = [builder.build("outlast-1"), builder.build("outlast-2")]
        say("• running it")
        with running(builder, "localhost/outlast-1", _free_port()) as container:
            findings = look_inside(container, [load_golden(RELEASED / name) for name in list_released()])
            packages, files = list_packages(container), list_service(container)
            bill = json.loads((SERVICE / "sbom.json").read_text())
            return [
                judge_ids(ids),
                *findings,
                judge_packages(packages, bill),
                judge_contents(files, packages),
                stop(container),
            ]
    finally:
        builder.remove()


def _prepare(builder: Builder) -> None:
    try:
        say("• making the base from Debian's packages")
        builder.make_base()
        say("• fetching what the lock pins")
        builder.fetch_wheels()
    except OutlastError as error:
        raise _CannotBegin(error.what) from error


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--write", is_flag=True, help="Write what was found into docs/reference/image.md.")
def main(write: bool) -> None:
    """Build the serving image by Buildah and prove what can be proven of it here; says why where it cannot be built."""
    if missing := find_missing(os.geteuid()):
        say(f"skipped: {missing}")
        return
    try:
        with TemporaryDirectory(prefix="outlast-image-") as folder:
            findings = prove(Path(folder))
    except _CannotBegin as error:
        say(f"skipped: {error.what}")
        return
    click.echo(render_text(findings))
    if write:
        PAGE.write_text(render_page(findings, _describe_here()))
        say(f"written: {PAGE.name}")
    if wrong := [each.what for each in findings if not each.good]:
        raise Deviated(f"the image is not as it should be: {', '.join(wrong)}")


def _describe_here() -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"{today}, {os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Debian bookworm's Buildah."
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main(prog_name="python -m tools.image_proof")
