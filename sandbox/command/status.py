"""What `make status` shows: the sites as DNS and the checkers see them, what runs, and what is broken on purpose."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from rich.table import Table

from sandbox.command import control
from sandbox.command.environment import load_cli, sandbox_environment
from sandbox.layout import Layout
from sandbox.serving import asked_model, chosen
from sandbox.stack_files import load, public_host


def collect(layout: Layout) -> dict[str, Any]:
    """The sandbox's state as plain data. Raises Unavailable where none runs."""
    running = control.connect(layout)
    status = running.status()
    pulumi = load_cli(layout)
    instance = running.instance
    environment = sandbox_environment(layout, instance, pulumi)
    return {
        **status,
        "stacks": str(load(layout)),
        "host": public_host(layout),
        "model": {"name": asked_model(layout), "chosen": chosen(layout) is not None},
        "dns": f"127.0.0.1:{instance.dns_port}",
        "block": instance.block,
        "port_offset": instance.port_offset,
        "ca": str(layout.ca),
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "pulumi": None
        if pulumi is None
        else {
            "version": pulumi.version,
            "source": pulumi.source,
            "language_host": pulumi.language_host,
            "path": str(pulumi.bin),
        },
    }


def render(document: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        *(f"DEAD: {line}" for line in document.get("dead", ())),
        f"{document['host']}: dig @127.0.0.1 -p {document['dns'].rpartition(':')[2]} {document['host']}",
        f"by a caching resolver: {_curl(document)}",
        f"clock at speed {document['speed']}{_eventual(document)}; "
        f"checkers late by at most {document['lag_seconds'] * 1000:.0f} ms; "
        f"{document['resources']} resources; {document['memory_mb']} MB in all",
        f"the page: {document['page']}",
        document["logs"],
        _pulumi_line(document["pulumi"]),
        _model_line(document["model"]),
        "",
        _table(
            ["site", "chosen by", "health", "origin", "replicas", "address"],
            [_site_row(document, w) for w in document["weights"]],
        ),
    ]
    for fault in document["faults"]:
        where = fault["site"] or "route 53"
        kind = "=".join(filter(None, [fault["kind"], fault["value"]]))
        lines.append(f"fault at {where}: {kind}: {fault['does']}; {fault['seconds_left']:.0f} s left")
    lines += [
        f"limited: {address} at {entry['stack']}: {entry['rate']}"
        for entry in _entry_points(document)
        for address in entry["limited"]
    ]
    lines += [
        f"{'failing for some checkers' if check['healthy'] else 'unhealthy'}: {check['site']}: {check['failure']}"
        for check in document["health_checks"]
        if check["failure"]
    ]
    lines += [f"not serving: {key}: {why}" for key, why in document["why_not"].items()]
    lines += _training_lines(document)
    lines += _alarm_lines(document)
    lines += [f"damaged and left out: {line}" for line in document["damaged"]]
    return "\n".join(line for line in lines if line is not None)


def _training_lines(document: dict[str, Any]) -> list[str]:
    """Each training job that is not over; `status --json` has all of them."""
    jobs = [job for job in document.get("training", []) if job["phase"] != "ended"]
    return [f"training at {job['stack']}: {job['job']}: {job['phase']}{_starts(job)}" for job in jobs]


def _starts(job: dict[str, Any]) -> str:
    return f", start {job['starts']}" if job["starts"] > 1 else ""


def _alarm_lines(document: dict[str, Any]) -> list[str]:
    """Each alarm that is on, and how many there are."""
    alarms = document.get("alarms", [])
    on = [one for one in alarms if one["state"] == "ALARM"]
    lines = [f"alarm at {a['site']}: {a['name']} for {a['seconds']:.0f} s: {a['about']}{_told(a)}" for a in on]
    return [*lines, f"alarms: {len(on)} of {len(alarms)} on; mails in {document['mails']}"] if alarms else []


def _told(alarm: dict[str, Any]) -> str:
    return f" (told {', '.join(alarm['told'])})" if alarm["told"] else " (nobody is told)"


def render_resources(found: dict[str, Any]) -> str:
    """How deep each resource type goes, those in use counted."""
    existing = found["existing"]
    rows = [
        [k["type"], str(existing.get(k["type"], "")), k["fidelity"], k["effect"], k["not_simulated"]]
        for k in found["kinds"]
    ]
    declared = {k["type"] for k in found["kinds"]}
    rows += [[t, str(n), "typed", "", "everything"] for t, n in sorted(existing.items()) if t not in declared]
    return _table(["resource type", "here", "fidelity", "creating one", "not simulated"], rows)


def _curl(document: dict[str, Any]) -> str:
    """How an unmodified curl reaches the endpoint by its name."""
    port = f":{443 + document['port_offset']}" if document["port_offset"] else ""
    url = f"https://{document['host']}{port}/health"
    return f"curl --doh-url {document.get('doh', '')} --cacert {document['ca']} {url}"


def _eventual(document: dict[str, Any]) -> str:
    seconds = document.get("eventual")
    return f"; changes count after {seconds:g} s at most" if seconds else ""


def _pulumi_line(pulumi: dict[str, Any] | None) -> str:
    if pulumi is None:
        return "no pulumi: `make up` obtains one"
    return f"pulumi {pulumi['version']} ({pulumi['source']}), language host: {pulumi['language_host']}"


def _model_line(model: dict[str, Any]) -> str:
    origin = "chosen in the place of what the stack files name" if model["chosen"] else "as the stack files name it"
    return f"model asked where none is named: {model['name'] or 'none'}, {origin}"


def _entry_points(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Where sites are reached; a sandbox that was started before an upgrade has them under their earlier name."""
    found: list[dict[str, Any]] = document.get("entry_points", document.get("fronts", []))
    return found


def _site_row(document: dict[str, Any], weight: dict[str, Any]) -> list[str]:
    site = weight["site"]
    health = next((c["healthy"] for c in document["health_checks"] if c["id"] == weight["health_check"]), None)
    workloads = [w for w in document["workloads"] if w["stack"] == site]
    entries = [f for f in _entry_points(document) if f["stack"] == site and f["names"]]
    address = ", ".join(f"{f['address']}:{f['port']}" for f in entries)
    words = {True: "healthy", False: "unhealthy", None: "no check"}[health]
    return [site, str(weight["chosen"]), words, weight["origin"], _replicas(workloads), address]


def _replicas(workloads: list[dict[str, Any]]) -> str:
    """How many are ready, of how many that there may be: `2 of 2..4 ready`."""
    ready = sum(r["ready"] for w in workloads for r in w["replicas"])
    low, high = (sum(w[bound] for w in workloads) for bound in ("min", "max"))
    return f"{ready} of {low}{f'..{high}' if high != low else ''} ready"


def _table(columns: list[str], rows: list[list[str]]) -> str:
    table = Table(box=None, pad_edge=False, header_style="")
    for n, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=n == 0)  # what names the row stays whole, for grep
    for row in rows:
        table.add_row(*row)
    output = io.StringIO()
    Console(file=output, width=160, color_system=None).print(table)
    return output.getvalue().rstrip()
