"""The server's commands."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from service.command_line import Command, Group, json_option, leave, say
from service.errors import InvalidInput, Mistake
from service.server.settings.table import SETTINGS, Settings

if TYPE_CHECKING:
    from service.server.audit.verify import ChainReport

TAMPERED = 7  # exit code of `audit verify` when something is wrong with an audit log


def _settings_help() -> str:
    """Every environment variable, for `--help`."""
    lines = ["\b", "Configuration is by environment variables only:"]
    for setting in SETTINGS.values():
        default = f" (default {setting.default})" if setting.default else ""
        lines.append(f"  {setting.name}{default}: {setting.meaning}")
    return "\n".join(lines)


@click.command("serve", cls=Command, epilog=_settings_help())
@click.option("--check", is_flag=True, help="Check the settings and the models, then leave.")
def serve_command(check: bool) -> None:
    """Serve the released models over HTTP until SIGTERM or Ctrl-C."""
    # numpy starts a thread and takes memory for every processor of the machine, and nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # what a start makes stays; `service.server.http.run` turns it on again
    settings = Settings.from_environment(os.environ)
    if check:
        from service.server.http.routes import build_app
        from service.server.runtime import build_runtime

        build_app(build_runtime(settings))
        say("the settings and the models are right")
        return
    from service.server.http.run import serve

    serve(settings)


@click.command("probe", cls=Command)
@click.option(
    "--port",
    type=int,
    default=lambda: os.environ.get("PORT") or SETTINGS["port"].default,
    help="Port; PORT when absent.",
)
def probe_command(port: int) -> None:
    """Ask the server on this machine for /health; leave with 0 when it is healthy (the image's health check)."""
    secure = bool(os.environ.get("OUTLAST_TLS_CERTIFICATE"))
    try:
        status, body = _ask_health(port, secure)
    except OSError as error:
        say(f"error: no server answers on port {port}: {error}")
        sys.exit(1)
    click.echo(body.decode("utf-8", "replace"))
    sys.exit(0 if status == 200 else 1)


def _ask_health(port: int, secure: bool) -> tuple[int, bytes]:
    # Here and not above: it takes longer to import than all the rest that a command needs.
    import http.client
    import ssl

    connection: http.client.HTTPConnection
    if secure:
        # The certificate is for the public name; this is the loopback address of the same machine.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=3, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/health")
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@click.command("key", cls=Command)
@click.option("--name", required=True, help="Whose key it is; shown in logs, metrics and the audit log.")
@click.option("--rps", type=click.FloatRange(0, min_open=True), help="Requests per second at each replica.")
@json_option
def key_command(name: str, rps: float | None, as_json: bool) -> None:
    """Make an API key: the key for the caller, and the entry for OUTLAST_API_KEYS, which holds only its hash."""
    from service.server.settings.keys import draw_entry

    key, entry = draw_entry(name, rps)
    if as_json:
        click.echo(orjson.dumps({"key": key, "entry": entry}).decode())
        return
    click.echo(orjson.dumps(entry).decode())
    say(f"the key, shown this once: {key}")


@click.group("audit", cls=Group)
def audit_command() -> None:
    """The audit log."""


@audit_command.command("verify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def verify_command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check audit logs: files, folders of *.jsonl files, or - for standard input. Any mixture of replicas.

    Leaves with 7 when a record was changed, is missing or was moved, and names it.
    """
    from service.server.audit.verify import verify_logs

    reports = verify_logs(line for path in _log_files(paths) for line in _read_lines(path))
    findings = [finding for report in reports for finding in report.findings]
    if not reports:
        raise InvalidInput(
            "there is no audit record in what was given", hint="give the files that OUTLAST_AUDIT_DIR got"
        )
    if as_json:
        click.echo(orjson.dumps({"ok": not findings, "chains": [asdict(report) for report in reports]}).decode())
    else:
        for report in reports:
            click.echo(_describe_chain(report))
        for finding in findings:
            click.echo(f"wrong: {finding}")
        click.echo(_verdict(len(findings)))
    if findings:
        leave(TAMPERED, "keep the files as they are; docs/guides/audit.md says what each finding can come from")


@audit_command.command("feedback")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def feedback_command(paths: tuple[Path, ...]) -> None:
    """Print what was true, a JSON line for each row, from the feedback in audit logs.

    Where a receipt came back more than once, the last truth counts; `corrected` holds those before it.
    """
    from service.server.audit.settled import settle

    for settled in settle(line for path in _log_files(paths) for line in _read_lines(path)):
        for row in settled.rows():
            click.echo(orjson.dumps(row).decode())


def _verdict(problems: int) -> str:
    if not problems:
        return "audit log verified"
    return f"audit log verification failed: {problems} problem{'s' if problems > 1 else ''}"


def _describe_chain(report: ChainReport) -> str:
    line = (
        f"{report.chain} ({report.site}): {report.records} records, {report.predictions} predictions, "
        f"{report.feedback} feedback, {report.lost} lost, {report.shed} shed, {report.refused} refused; "
        f"last {report.last_seq} {report.last_hash}"
    )
    if report.closed:
        return line
    cut = "its last line is cut off; " if report.torn else ""
    return f"{line}\n  not closed: {cut}at most {report.may_be_missing} records after {report.last_seq} may be missing"


def _log_files(paths: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    missing: list[Mistake] = []
    for path in paths:
        if path.is_dir():
            files += sorted(path.glob("*.jsonl"))
        elif path.is_file() or str(path) == "-":
            files.append(path)
        else:
            missing.append(Mistake(str(path), "is neither a file nor a folder"))
    if missing:
        raise InvalidInput("the audit log cannot be read", missing)
    return files


def _read_lines(path: Path) -> Iterator[bytes]:
    if str(path) == "-":
        yield from sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield from file


COMMANDS: Mapping[str, click.Command] = {
    "serve": serve_command,
    "probe": probe_command,
    "key": key_command,
    "audit": audit_command,
}
