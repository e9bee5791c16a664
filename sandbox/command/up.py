"""`make up`: Pulumi, the sandbox, all stacks by the real CLI, and one prediction through DNS."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from failover.dial import Dial
from infra.holds import HOLDS
from sandbox import keys, project, serving
from sandbox import layout as places
from sandbox.command import choose, control, new_stacks
from sandbox.command import predict as prediction
from sandbox.command.environment import dial_of, sandbox_environment, save_cli
from sandbox.command.losses import check_named
from sandbox.command.new_stacks import PROJECT, state_file
from sandbox.command.policy import policy_flags
from sandbox.command.rollout import Asking, Rollout, deploy_sites, find_serving, read_summary
from sandbox.engine import cli, commands, plugins, recover
from sandbox.images import store as images
from sandbox.layout import Instance, Layout
from sandbox.stack_files import StackSet, public_host
from sandbox.steps import Steps
from service.bundle.folder import choose_released, load_golden
from service.command_line import working
from service.errors import Refused, Unavailable

_HEALTHY_SIMULATED_SECONDS = 120.0
_UPDATES_AT_ONCE = 4
Report = Callable[[str], None]


@dataclass(frozen=True)
class BroughtUp:
    """What `up` has to tell."""

    pulumi: cli.Pulumi
    instance: Instance
    stacks: StackSet
    host: str
    changes: Mapping[str, Mapping[str, int]]  # stack -> what Pulumi did: {"create": 12}, {"same": 12}
    prediction: prediction.Prediction
    page: str  # the link
    seconds: Mapping[str, float]


def bring_up(
    layout: Layout,
    report: Report,
    *,
    stacks: str | None = None,
    speed: int | None = None,
    dns_port: int | None = None,
    port_offset: int | None = None,
    eventual: int | None = None,
    replace: Sequence[str] = (),
) -> BroughtUp:
    """Everything that `make up` does. Can be interrupted and repeated: the next one goes on.

    `stacks` names a set of stack files of one's own; None goes on with what the sandbox was brought up with. `replace`
    are the URNs of what may be replaced or deleted although it holds data or a name.

    Raises Refused where another `up` runs in this folder, and whatever a step has to say.
    """
    check_named(replace)
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = filelock.FileLock(layout.state / "up.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise Refused(
            "another `make up` is at work in this folder", hint="wait for it, or end it with Ctrl-C"
        ) from None
    with lock:
        steps = Steps(report, bar=working if sys.stderr.isatty() else None)
        chosen = choose.choose(layout, stacks, report)
        keys.prepare(layout)
        with cli.obtaining() as wait_for_cli:
            asked = {"speed": speed, "dns_port": dns_port, "port_offset": port_offset, "eventual": eventual}
            instance = places.choose_instance(layout, **asked)
            _start(layout, instance, steps, report, lambda: new_stacks.make_early(layout, instance, chosen))
            page = str(control.connect(layout).status()["page"])
            report(f"see it happen: {page}")
            with steps.step("pulumi"):
                pulumi = wait_for_cli()
        save_cli(layout, pulumi)
        environment = sandbox_environment(layout, instance, pulumi)
        host, dial = public_host(layout), Dial.from_environment(dial_of(layout, instance))
        api_key = keys.api_key_of(layout)
        asking = Asking(dial, host, api_key, lambda site: serving.models_of(layout, site))
        changes = _Deployment(layout, pulumi, environment, steps, report, replace).deploy(chosen, asking)
        with steps.step("healthy", "waiting for the health checkers to see every site"):
            wait_healthy(layout, instance)
        with steps.step("predict"):
            golden = load_golden(choose_released(serving.asked_model(layout)))
            answer = prediction.predict(dial, host, golden, api_key=api_key)
        return BroughtUp(pulumi, instance, chosen, host, changes, answer, page, steps.seconds)


def _start(layout: Layout, instance: Instance, steps: Steps, report: Report, meanwhile: Callable[[], None]) -> None:
    """The daemon, running and as asked for; its plugin scripts; the image's virtual environment.

    `meanwhile` is done while the daemon starts.
    """
    layout.pulumi_state.mkdir(parents=True, exist_ok=True)
    with steps.step("image environment"):
        images.make_environment((layout.root / "service" / "requirements.lock").read_text(), report)
    if control.is_running(layout):
        running = control.connect(layout)
        if running.instance != instance:
            report(f"the sandbox runs on; its clock goes on at speed {instance.speed}")
            running.call("POST", "/speed", {"speed": instance.speed})
            running.call("POST", "/eventual", {"eventual": instance.eventual})
        running.call("POST", "/stacks")
        return
    layout.save_instance(instance)
    where = f"{instance.block}.0/24, clock at speed {instance.speed}"
    if instance.eventual:
        where += f", changes counting after {instance.eventual} s at most"
    with steps.step("sandbox", f"starting three clouds on {where}"):
        plugins.make_home(layout.pulumi_home)
        control.start(layout, meanwhile)


@dataclass(frozen=True)
class _Deployment:
    """`pulumi up` of every stack; what a killed command left behind is put right first."""

    layout: Layout
    pulumi: cli.Pulumi
    environment: Mapping[str, str]
    steps: Steps
    report: Report
    replace: Sequence[str] = ()

    def deploy(self, stacks: StackSet, asking: Asking) -> dict[str, dict[str, int]]:
        """What Pulumi did to each stack; sites that are changed are asked as `asking` says."""
        changes: dict[str, dict[str, int]] = {}
        policy = policy_flags(self.layout.root, self.report)
        directory = project.refresh(self.layout)
        with self.steps.step("stacks"):
            new_stacks.make(self.layout, self.pulumi, self.environment, stacks, directory)
        for group in _at_once(stacks):
            for stack in group:
                self._make_ready(stack, directory)
            serve = find_serving(control.connect(self.layout).status(), group)
            holding = [stack for stack in group if self._holds_anything(stack)]
            rollout = Rollout(self.pulumi, self.environment, directory, self.steps, asking, policy, self.replace)
            done = deploy_sites(rollout, group, serve, holding)
            changes |= {stack: read_summary(output) for stack, output in done.items()}
        return changes

    def _holds_anything(self, stack: str) -> bool:
        """Whether there is data or a name that an update of the stack could lose."""
        return any(type_ in HOLDS for type_, _ in known_resources(self.layout, stack))

    def _make_ready(self, stack: str, directory: Path) -> None:
        """Neither a dead command's lock nor what it left half done is in the way of the stack."""
        recover.recover(
            self.pulumi,
            PROJECT,
            stack,
            state=self.layout.pulumi_state,
            environ=self.environment,
            directory=directory,
            say=self.report,
        )
        known = {"stack": stack, "known": known_resources(self.layout, stack), "elsewhere": self._elsewhere(stack)}
        found = control.connect(self.layout).call("POST", "/orphans", known)
        for key in found["forgotten"]:
            self.report(f"{stack}: undone, for an interrupted update left it where no stack knows it: {key}")
        if found["missing"]:
            # A journal that was damaged: an update alone would not look, and take them for there.
            gone = found["missing"]
            self.report(f"{stack}: {len(gone)} resources are gone and will be made again: {gone[0]}, …")
            arguments = ["refresh", *commands.UNATTENDED]
            commands.run(self.pulumi, arguments, environ=self.environment, directory=directory, stack=stack)

    def _elsewhere(self, stack: str) -> list[tuple[str, str, str]]:
        """What the other stacks' states have: a resource that moved there is no orphan of this one."""
        others = (path.stem for path in state_file(self.layout, stack).parent.glob("*.json"))
        return [row for other in others if other != stack for row in _read_state(state_file(self.layout, other))]


def _at_once(stacks: StackSet) -> Iterator[tuple[str, ...]]:
    """What is brought up side by side, one after the other: each update has a CLI and a program in memory."""
    for group in stacks.order:
        for first in range(0, len(group), _UPDATES_AT_ONCE):
            yield group[first : first + _UPDATES_AT_ONCE]


def known_resources(layout: Layout, stack: str) -> list[tuple[str, str]]:
    """(type, id) of all that Pulumi's state holds of a stack, what waits for its deletion too.

    Raises Unavailable for a state that cannot be read: taking that for an empty one would undo the whole stack.
    """
    return [(type_, id_) for type_, id_, _ in _read_state(state_file(layout, stack))]


def _read_state(path: Path) -> list[tuple[str, str, str]]:
    """(type, id, URN) of each resource."""
    try:
        checkpoint = json.loads(path.read_text())["checkpoint"]
        resources = (checkpoint.get("latest") or {}).get("resources") or []
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Unavailable(
            f"the state of the stack {path.stem} cannot be read: {error}",
            hint=f"{path}.bak is the state before; or `make clean`, then `make up`",
        ) from error
    return [(r["type"], r["id"], r["urn"]) for r in resources if r.get("id")]


def wait_healthy(layout: Layout, instance: Instance) -> None:
    """Return once every site is seen to be healthy and its replicas are ready. Raises Unavailable naming the ill."""
    running = control.connect(layout)
    # A certificate that is still being issued keeps its site from being healthy.
    patience = _HEALTHY_SIMULATED_SECONDS + instance.eventual
    deadline = time.monotonic() + max(patience / instance.speed, 15.0)
    while True:
        status = running.status()
        ill = sorted(ill_sites(status))
        if host_checks(status) and not ill:
            return
        if time.monotonic() > deadline:
            reasons = "; ".join(describe_illness(status))
            raise Unavailable(
                f"not healthy in time: {', '.join(ill) or 'no health check exists'}{reasons and '. '}{reasons}",
                hint="make status",
            )
        time.sleep(0.1)


def host_checks(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The health checks that decide about the public host. An account holds those of other applications as well."""
    named = {weight["health_check"] for weight in status["weights"]}
    return [check for check in status["health_checks"] if check["id"] in named]


def ill_sites(status: Mapping[str, Any]) -> set[str]:
    """The sites that are not seen to be well: by every checker of theirs, and with all of their replicas ready.

    A new check counts as healthy until its checkers have looked, so its status alone says nothing.
    """
    unhealthy = {check["site"] for check in host_checks(status) if not (check["healthy"] and check["settled"])}
    return unhealthy | {workload["stack"] for workload in status["workloads"] if _ready(workload) < workload["wanted"]}


def describe_illness(status: Mapping[str, Any]) -> list[str]:
    """What is known of why the ill sites are ill: missing resources, what the checkers see, replicas that wait."""
    reasons = [f"{key}: {why}" for key, why in status["why_not"].items()]
    for check in host_checks(status):
        if not (check["healthy"] and check["settled"]):
            reasons.append(
                f"{check['site']}: {check['failure'] or 'its health checkers have not seen enough of it yet'}"
            )
    for workload in status["workloads"]:
        if _ready(workload) < workload["wanted"]:
            reasons.append(f"{workload['stack']}: {_ready(workload)} of {workload['wanted']} replicas ready")
    return reasons


def _ready(workload: Mapping[str, Any]) -> int:
    return sum(replica["ready"] for replica in workload["replicas"])


def down(layout: Layout) -> bool:
    """Stop the sandbox; everything that it remembers stays. False where none ran."""
    return control.stop(layout)
