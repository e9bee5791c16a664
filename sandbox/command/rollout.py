"""Changing sites: those that serve one after the other, the next when the first answers right; new ones side by side.

All that would change is previewed first, so that what a program refuses (a model that is not accepted, a mistake in a
file) stops every site before one is touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from failover.dial import Dial, authorise
from failover.drill.probes import ask_golden
from sandbox.command.losses import refuse_losses
from sandbox.engine import cli, commands
from sandbox.engine.failures import read_events
from sandbox.steps import Steps
from service.bundle.folder import choose_released, load_golden
from service.errors import Deviated, OutlastError, Unavailable

ANSWER_SIMULATED_SECONDS = 300.0  # as long as a new revision has to get ready
ANSWER_SECONDS = 30.0  # the same in real time: a laptop starts no Python any faster when its clock runs faster
_LOOK_SECONDS = 0.2
# As one document a preview has no word of the policy pack's.
STREAMED = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
_DEADLINE_SECONDS = 5.0


@dataclass(frozen=True)
class Asking:
    """How a site is asked, by its own address as `host`; `models_of` gives name -> digest of what it is to serve."""

    dial: Dial
    host: str
    api_key: str
    models_of: Callable[[str], Mapping[str, str]]


@dataclass(frozen=True)
class Rollout:
    """What changing sites needs: the CLI with its environment and the project's folder, and how a site is asked.

    `policy` are the flags by which the CLI holds every resource to the rules, `replace` the URNs of what may be lost
    although it holds something.
    """

    pulumi: cli.Pulumi
    environment: Mapping[str, str]
    directory: Path
    steps: Steps
    asking: Asking
    policy: Sequence[str] = ()
    replace: Sequence[str] = ()


def deploy_sites(
    rollout: Rollout, sites: Sequence[str], serving: Sequence[str], holding: Sequence[str] = ()
) -> dict[str, str]:
    """Bring the sites up as their files ask, and give what the CLI printed of each.

    `serving` are those that answer clients now, `holding` those that have data or a name to lose. Raises Refused where
    that would be lost, and Deviated where a site that was changed does not answer its golden rows: those after it are
    as they were.
    """
    looked = [site for site in sites if site in {*serving, *holding}]
    previews = _preview(rollout, looked) if looked else {}
    refuse_losses(previews, rollout.replace)
    changing = [site for site in serving if changes_anything(previews[site])]
    together = [site for site in sites if site not in changing]
    done = _up(rollout, together, previewed=looked) if together else {}
    for position, site in enumerate(changing):
        done |= _up(rollout, [site], previewed=looked)
        with rollout.steps.step(f"answers {site}", f"waiting for {site} to answer its golden rows"):
            _require_answers(rollout, site, left=changing[position + 1 :])
    return done


def find_serving(status: Mapping[str, Any], sites: Sequence[str]) -> list[str]:
    """The sites of which a replica is ready, by what the sandbox tells."""
    ready = {w["stack"] for w in status["workloads"] if any(replica["ready"] for replica in w["replicas"])}
    return [site for site in sites if site in ready]


def _up(rollout: Rollout, sites: Sequence[str], *, previewed: Sequence[str]) -> dict[str, str]:
    flags = {site: commands.UNATTENDED if site in previewed else commands.UNATTENDED_UP for site in sites}
    with rollout.steps.step(f"up {' '.join(sites)}", f"pulumi up: {', '.join(sites)}"):
        return _run(rollout, {site: ["up", *flags[site], *rollout.policy, "--json"] for site in sites})


def _preview(rollout: Rollout, sites: Sequence[str]) -> dict[str, str]:
    """What an update would change, of all of them side by side."""
    with rollout.steps.step(f"preview {' '.join(sites)}", f"pulumi preview: {', '.join(sites)}"):
        asked = ["preview", "--suppress-progress", *rollout.policy, "--json"]
        return _run(rollout, dict.fromkeys(sites, asked))


def changes_anything(preview: str) -> bool:
    """Whether a preview, as `--json` streams it, has anything to do but to leave resources as they are."""
    return bool(read_summary(preview).keys() - {"same"})


def read_summary(events: str) -> dict[str, int]:
    """What the CLI's event stream says was done, or would be: operation -> number of resources."""
    *_, last = [{}, *read_events(events, "summaryEvent")]
    return {str(k): int(v) for k, v in (last.get("resourceChanges") or {}).items()}


def _run(rollout: Rollout, asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    environ = {**rollout.environment, **STREAMED}
    return commands.run_all(rollout.pulumi, asked, environ=environ, directory=rollout.directory)


def _require_answers(rollout: Rollout, site: str, *, left: Sequence[str]) -> None:
    """Return once every model of the site gives its golden answers there. Raises Deviated when the time is over."""
    deadline = time.monotonic() + max(ANSWER_SIMULATED_SECONDS / rollout.asking.dial.speed, ANSWER_SECONDS)
    while wrong := find_wrong(rollout.asking, site):
        if time.monotonic() > deadline:
            untouched = f"; {', '.join(left)} stay as they were" if left else ""
            raise Deviated(
                f"{site} was changed and does not answer its golden rows: {wrong}{untouched}",
                hint="`outlast status` says how its replicas are; mend it, or name the model that was served before",
            )
        time.sleep(_LOOK_SECONDS)


def find_wrong(asking: Asking, site: str) -> str:
    """What is wrong with what a site answers now, asked at its own address as the public host; "" where it is right."""
    try:
        origin = f"{site}.{asking.host}"
        address = next(iter(asking.dial.resolve(origin).addresses), "")
        if not address:
            return f"{origin} has no address"
        with asking.dial.client(address=address, deadline_seconds=_DEADLINE_SECONDS) as http:
            http.headers.update(authorise(asking.api_key))
            found = (_find_wrong_model(http, asking.host, *model) for model in asking.models_of(site).items())
            return next(filter(None, found), "")
    except OutlastError as error:
        return error.what
    except (httpx.HTTPError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _find_wrong_model(http: httpx.Client, host: str, name: str, digest: str) -> str:
    golden = load_golden(choose_released(name))
    if golden.digest != digest:
        what = f"the model {name} that is here is {golden.digest}, and {digest} is to be served"
        raise Unavailable(what, hint="it was released anew meanwhile: repeat the command, which serves that one")
    health = http.get(f"https://{host}/health").json()
    served = health.get("models", {}).get(name, {}).get("digest", "none")
    if served != digest:
        return f"{name} is {served} there, not {digest}"
    for row in golden.rows:
        answer = ask_golden(http, host, golden, row)
        if answer.error or answer.wrong:
            return f"{name} {row.id}: {answer.error or answer.wrong}"
    return ""
