"""`outlast …`: every command in one help, grouped by task; each is imported only to be run."""

from __future__ import annotations

import click

from service.command_line import CONTEXT, LazyGroup, Row

_SANDBOX, _SERVER, _ONCALL = "sandbox.__main__", "service.server.commands", "failover.oncall.commands"
SECTIONS = {
    "Three clouds on this machine": (
        Row("up", "outlast.up", "Bring the sandbox up, deploy every stack, predict once through DNS; --csv FILE."),
        Row("preview", _SANDBOX, "Show what `up` would change, what it costs, and what the policy pack finds."),
        Row("destroy", "outlast.destroy", "Destroy a stack; a site only when DNS sends nobody there any more."),
        Row("status", "outlast.status", "Show what runs, where, and how it is; --host NAME on real clouds too."),
        Row("page", "outlast.page.command", "See the three clouds in a browser, lose one, and run a drill there."),
        Row("shell", _SANDBOX, "Open a shell in which plain `pulumi up -s aws` works on the sandbox."),
        Row("exec", _SANDBOX, "Run one command in that environment."),
        Row("speed", _SANDBOX, "Run the sandbox's clock faster."),
        Row("down", _SANDBOX, "Stop the sandbox; the next `outlast up` finds everything again."),
        Row("clean", _SANDBOX, "Stop the sandbox and forget its clouds and their Pulumi state."),
    ),
    "Predict": (Row("predict", "outlast.predict", "Ask the endpoint for one row, or score a file with --csv FILE."),),
    "Break and recover": (
        Row("drill", "outlast.drill", "Take a site out of DNS, measure how traffic moves, put it back."),
        Row("drain", "outlast.drain", "Take a site out of DNS until `undrain`; never the last healthy one unasked."),
        Row("undrain", "outlast.drain", "Put a drained site back, once it answers right."),
        Row("watch", "outlast.watch", "Raise an alarm for what Route 53 does not see; by choice drain the site."),
        Row("lint", _ONCALL, "Find what in a host's records and health checks would hurt when a site is lost."),
        Row("parity", "failover.parity.command", "Ask every site the same, and tell in what their answers differ."),
        Row("logs", "outlast.logs", "Print what the replicas of all sites wrote, merged by time."),
        Row("metrics", "outlast.metrics", "Gather every replica's metrics into one Prometheus text."),
        Row("predict-recovery", "outlast.predict_recovery", "How long each kind of client feels a loss, drawn."),
        Row("fault", _SANDBOX, "Break something in the sandbox for a while."),
        Row("chaos", "sandbox.chaos.command", "Make every fault in the sandbox, and measure who notices it."),
        Row("heal", _SANDBOX, "End every fault."),
    ),
    "The model and its endpoint": (
        Row("model", "outlast.model", "Train, evaluate, release; watch what is released."),
        Row("retrain", "service.offline.retrain", "Train a candidate with labelled rows that came back."),
        Row("serve", "outlast.serve", "Serve the released models over HTTP; --site STACK on a machine of your own."),
        Row("keys", "outlast.keys", "Make API keys."),
        Row("certificate", "outlast.certificate", "Renew the certificate of a site on Azure where it is due."),
        Row("sync", "outlast.sync.command", "Keep models, feedback and data alike in several object stores."),
        Row(
            "audit",
            "outlast.audit.command",
            "Verify and export audit logs, of files or of every site's write-once store.",
        ),
    ),
    "Before anything is deployed": (
        Row("doctor", "outlast.doctor.command", "Find what this machine or an account lacks, and how to get it."),
        Row("init-deployment", "outlast.init_deployment.command", "Write the stack files for accounts of your own."),
        Row("cost", "outlast.cost", "What the sites of the stack files cost a month, and per 1,000 predictions."),
        Row("capacity", "outlast.capacity", "Measure how many requests a second a running site bears."),
        Row("base", "outlast.base", "Let a base stack take over a site's registry, log and secrets, nothing replaced."),
        Row("permissions", "outlast.permissions", "The least that a deployer or a drill runner must be allowed to."),
    ),
    "Work on Outlast": (
        Row("bench", "bench.__main__", "Measure endpoint, metrics and sandbox against their targets."),
        Row("image", "tools.image", "Write the image's base digest and its bill of materials."),
    ),
}


@click.group(cls=LazyGroup, sections=SECTIONS, context_settings=CONTEXT)
@click.version_option(package_name="outlast")
def main() -> None:
    """One trained classifier behind one hostname on three clouds, that survives the loss of any one of them.

    Every command takes --help; most take --json. Exit codes and shell completion: docs/reference/commands.md.
    """


if __name__ == "__main__":
    main(prog_name="outlast")
