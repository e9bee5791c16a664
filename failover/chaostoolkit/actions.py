"""Actions for an experiment: take a site out and give it back, or run a whole drill with its own undo.

`take_site_out` has a drill's guards, journal, tags and expiry. Put `give_site_back` into the experiment's rollbacks and
run it with `chaos run --rollback-strategy always`; what a killed run leaves, `outlast drill restore` and `sweep` undo.
"""

from __future__ import annotations

import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from failover.drill.aborts import Stop
from failover.drill.changes import plan_lock, plan_mark
from failover.drill.clock import SystemClock
from failover.drill.commands import build_default_levers, prepare_drill
from failover.drill.context import DrillContext
from failover.drill.facts import Facts
from failover.drill.finish import write_reports
from failover.drill.guards import check_guards, refuse
from failover.drill.journal import LINES, Journal, find_unfinished, new_folder, read_journal
from failover.drill.lock import hold_lock
from failover.drill.making import expire, make_change, name_drill
from failover.drill.options import Options
from failover.drill.plan import DrillPlan, Limits
from failover.drill.preflight import preflight
from failover.drill.report import PASSED, judge, render_data
from failover.drill.restore import restore_journal
from failover.drill.retell import retell
from failover.drill.route53 import build_client
from failover.drill.run import run_drill
from failover.drill.samples import Pace
from failover.levers.change import sign
from service.errors import Deviated, OutlastError

logger = logging.getLogger("outlast")


def run_whole_drill(
    site: str, host: str = "", drills: str = "drills", peak_rps: float | None = None, level: int = 1, kind: str = ""
) -> dict[str, Any]:
    """Run a drill that loses the site, from its guards to its report; what was measured. Raises unless it passed."""
    planned, context = prepare_drill(_options(site, host, drills, peak_rps, level, kind))
    journal = run_drill(planned, context, say=logger.info, stop=Stop())
    measured, _ = retell(journal)
    data = render_data(measured)
    write_reports(measured, data, journal.parent)
    if judge(measured) != PASSED:
        what = f"the drill {judge(measured)}: {'; '.join(measured.deviations)}"
        raise Deviated(what, hint=f"{journal.parent} holds its report and its journal")
    return data


def take_site_out(
    site: str, host: str = "", drills: str = "drills", peak_rps: float | None = None, level: int = 1, kind: str = ""
) -> dict[str, str]:
    """Take the site away, as a drill of this level does, until `give_site_back`; the drill's id and journal.

    Raises:
        Refused: a guard said no, or another drill runs; nothing is changed.
    """
    planned, context = prepare_drill(_options(site, host, drills, peak_rps, level, kind))
    drill_id = name_drill(context.clock.utc())
    with hold_lock(context.drills):
        facts = preflight(context, planned)
        refuse(check_guards(facts), f"taking {site} out is refused")
        folder = new_folder(context.drills, context.clock.utc())
        failed = _take_out(folder / LINES, planned, context, facts, drill_id)
    if failed is not None:
        restore_journal(folder / LINES, context.route53, context.clock, context.levers)
        raise failed
    return {"drill_id": drill_id, "journal": str(folder)}


def give_site_back(site: str, drills: str = "drills") -> list[dict[str, str]]:
    """Undo whatever unfinished drills under the folder hold of the site; what was found. Again, it changes nothing."""
    route53, levers, undone = build_client(), build_default_levers(), []
    for path in find_unfinished(Path(drills)):
        init = next((entry for entry in read_journal(path) if entry["kind"] == "init"), None)
        if init is not None and init["plan"]["lose"] == site:
            undone += restore_journal(path, route53, SystemClock(), levers)
    return [asdict(each) for each in undone]


def _options(site: str, host: str, drills: str, peak_rps: float | None, level: int, kind: str) -> Options:
    return Options(
        lose=site,
        host=host or os.environ.get("OUTLAST_HOST", ""),
        model=os.environ.get("OUTLAST_DEFAULT_MODEL") or None,
        golden=None,
        drills=Path(drills),
        peak_rps=peak_rps,
        override=(),
        max_duration=Limits.max_duration_seconds,
        clients=Pace.clients,
        level=level,
        kind=kind,
        lock=os.environ.get("OUTLAST_DRILL_LOCK", ""),
        blackout=(),
        as_json=False,
        approved_by=os.environ.get("OUTLAST_APPROVED_BY", ""),
    )


def _take_out(path: Path, plan: DrillPlan, context: DrillContext, facts: Facts, drill_id: str) -> OutlastError | None:
    """What went wrong on the way, so that the caller undoes it once the lock is free."""
    with Journal(path, context.clock) as journal:
        try:
            _write_beginning(journal, plan, context, facts, drill_id)
            _make_changes(journal, plan, context, facts, drill_id)
        except OutlastError as error:
            return error
    return None


def _write_beginning(journal: Journal, plan: DrillPlan, context: DrillContext, facts: Facts, drill_id: str) -> None:
    journal.write_durably(
        "init",
        drill_id=drill_id,
        plan=plan.to_data(),
        observers={},  # the experiment watches, not we
        findings=[str(finding) for finding in check_guards(facts)],
        approved_by=context.approved_by,
        run_by=context.run_by,
        digests=facts.digests,
    )


def _make_changes(journal: Journal, plan: DrillPlan, context: DrillContext, facts: Facts, drill_id: str) -> None:
    """Tag the check, look again whether somebody else tagged one meanwhile, and take the site away."""
    expires_at = expire(plan, context.clock.utc())
    loss = sign(plan.change, drill_id, expires_at)
    if plan.lock:
        make_change(context, journal, sign(plan_lock(facts.lost.check, plan.lock), drill_id, expires_at))
    make_change(context, journal, plan_mark(facts.lost.check, drill_id, expires_at, loss))
    again = preflight(context, plan, own_drill=drill_id)
    refuse(check_guards(again), f"taking {plan.lose} out is refused at the last moment")
    make_change(context, journal, loss)
