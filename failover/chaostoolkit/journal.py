"""A drill's journal in the words of the Chaos Toolkit's, so that its reports and dashboards read ours. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from failover.drill.account import Undoing
from failover.drill.measurement import Measurement

Entry = Mapping[str, Any]
FORMAT = "1.44.0"
"""The chaostoolkit-lib whose journal this is: `chaos report` chooses its template by it."""

STEADY = "every-observer-gets-right-answers"
PROBES, ACTIONS = "failover.chaostoolkit.probes", "failover.chaostoolkit.actions"


def convert_journal(measured: Measurement, entries: Sequence[Entry]) -> dict[str, Any]:
    """The document that `chaos run` would have written of this drill."""
    began = datetime.fromisoformat(measured.utc).astimezone(UTC)
    seconds = float(entries[-1]["at"])
    experiment = _describe_experiment(measured)
    steps = list(_run_steps(measured, began, seconds))
    before, after = _steady_state(experiment, measured, began, after=False), None
    if measured.account.steady_after:
        after = _steady_state(experiment, measured, began, after=True)
    return {
        "chaoslib-version": FORMAT,
        "platform": "not recorded",
        "node": measured.account.run_by,
        "experiment": {**experiment, "method": [run["activity"] for run in steps]},
        "start": _stamp(began),
        "end": _stamp(began + timedelta(seconds=seconds)),
        "duration": seconds,
        "status": _find_status(measured, entries),
        "deviated": bool(measured.deviations),
        "steady_states": {"before": before, "after": after, "during": []},
        "run": steps,
        "rollbacks": [_run_undoing(each, began) for each in measured.account.undoings],
    }


def _find_status(measured: Measurement, entries: Sequence[Entry]) -> str:
    abort = next((entry for entry in entries if entry["kind"] == "abort"), None)
    if abort is None:
        return "completed"
    return "interrupted" if abort.get("signal") else "aborted"


def _describe_experiment(measured: Measurement) -> dict[str, Any]:
    arguments = {"host": measured.host}
    probe = _activity("probe", STEADY, PROBES, "host_answers_right", arguments) | {"tolerance": True}
    account = measured.account
    undo = _activity("action", f"give-{measured.lost}-back", ACTIONS, "give_site_back", {"site": measured.lost})
    return {
        "version": "1.0.0",
        "title": f"Lose {measured.lost} of {measured.host}",
        "description": account.hypothesis,
        "tags": ["outlast", measured.lost],
        "steady-state-hypothesis": {"title": account.hypothesis, "probes": [probe]},
        "method": [],
        "rollbacks": [undo],
        "extensions": [
            {"name": "outlast", "drill_id": measured.drill_id, "plan": account.plan_hash, "head": account.chain.head}
        ],
    }


def _activity(kind: str, name: str, module: str, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    provider = {"type": "python", "module": module, "func": function, "arguments": dict(arguments)}
    return {"type": kind, "name": name, "provider": provider}


def _run_steps(measured: Measurement, began: datetime, seconds: float) -> Iterator[dict[str, Any]]:
    """Each step of the drill: those that change something as actions, those that watch as probes."""
    ends = [at for _, at in measured.steps[1:]] + [seconds]
    lost, terms = measured.lost, {"moved": measured.failover, "back": measured.failback}
    for (name, begin), end in zip(measured.steps, ends, strict=True):
        acts = name in ("fail", "restore")
        function = {"fail": "take_site_out", "restore": "give_site_back"}.get(name, "sites_answered")
        arguments = {"site": lost} if acts else {"host": measured.host}
        activity = _activity(
            "action" if acts else "probe",
            name.replace(" ", "-"),
            ACTIONS if acts else PROBES,
            function,
            arguments,
        )
        output = {term.name: term.measured for term in terms.get(name, ())} or None
        yield _run(activity, began, begin, end, output=output)


def _run_undoing(undoing: Undoing, began: datetime) -> dict[str, Any]:
    activity = _activity("action", undoing.what, ACTIONS, "give_site_back", {})
    at = undoing.undone_at or 0.0
    run = _run(activity, began, at, at, output=undoing.found)
    return run if undoing.undone_at is not None else {**run, "status": "failed"}


def _steady_state(experiment: Mapping[str, Any], measured: Measurement, began: datetime, *, after: bool) -> Any:
    """Whether the steady state was met; before the drill it was, wherever a change was made at all."""
    steps = dict(measured.steps)
    met = after or "fail" in steps
    at = steps.get("steady again" if after else "steady", 0.0)
    probe = experiment["steady-state-hypothesis"]["probes"][0]
    return {"steady_state_met": met, "probes": [_run(probe, began, at, at, output=met) | {"tolerance_met": met}]}


def _run(activity: Mapping[str, Any], began: datetime, begin: float, end: float, *, output: Any) -> dict[str, Any]:
    return {
        "activity": dict(activity),
        "output": output,
        "status": "succeeded",
        "start": _stamp(began + timedelta(seconds=begin)),
        "end": _stamp(began + timedelta(seconds=end)),
        "duration": round(end - begin, 4),
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat()
