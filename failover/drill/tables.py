"""The tables of a drill's report: rows of text from a measurement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from failover.drill.account import Account, ErrorWindow, SiteDigest, SiteLoad, Undoing
from failover.drill.measurement import Counts, KindWindow, Latency, MeasuredTerm, Measurement
from failover.drill.samples import AUTHORITY, CLIENT
from failover.drill.scaled import Scaled
from failover.drill.timeline import STAMP_TEXTS
from failover.recovery.kinds import find_kind
from service.pages.page import Table

Row = Sequence[str]
KINDS = {AUTHORITY.rstrip("-"): "DNS, asked without a cache", CLIENT.rstrip("-"): "client that honours TTLs"}
"""What a kind of observer is called; one that is not here keeps its own name."""


def build_tables(measured: Measurement) -> list[Table]:
    """Every table of the report, in its order."""
    account = measured.account
    terms = ("term", "best", "typical", "worst", "measured", "", "why")
    failover, failback = (
        [_term_row(measured, term) for term in each] for each in (measured.failover, measured.failback)
    )
    return [
        Table("Failover, in simulated seconds", terms, failover, prose=(6,)),
        Table("Failback, in simulated seconds", terms, failback, prose=(6,)),
        Table("Error windows", _WINDOW_HEADS, [_window_row(window) for window in account.error_windows]),
        *_kinds_tables(measured),
        _loads_table(measured),
        *_scaled_tables(measured),
        _answers_table(measured),
        Table(
            "Model digests",
            ("site", "before", "after", ""),
            [_digest_row(each) for each in account.digests],
            prose=(1, 2),
        ),
        Table("Restoration", _UNDO_HEADS, [_undo_row(each) for each in account.undoings], prose=(0, 3, 4)),
        Table("Cost of the drill", ("what", "how much"), list(_cost_rows(account)), prose=(1,)),
        Table("Stamps", ("stamp", "what", "simulated", "real"), list(_stamp_rows(measured)), prose=(1,)),
    ]


def identify(measured: Measurement) -> list[tuple[str, str]]:
    """What was drilled, by whom, and by which journal it is proven."""
    account = measured.account
    return [
        ("Hypothesis", account.hypothesis),
        ("Site and host", f"{measured.lost} of {measured.host}"),
        ("Action", f"level {account.level}: {account.action}"),
        ("Plan", account.plan_hash),
        ("Approved by", account.approved_by),
        ("Run by", account.run_by),
        ("Began", measured.utc),
        ("Drill", measured.drill_id),
        ("Journal", f"{account.chain}; head {account.chain.head}"),
    ]


# -- rows ------------------------------------------------------------------------------------------------------------

_WINDOW_HEADS = ("observer", "how many", "bad answers", "longest window, simulated")
_UNDO_HEADS = ("change", "made", "undone", "read back", "by")
_LOAD_HEADS = (
    *("site", "share before", "share during", "asked before", "asked during", "at the users' peak", "bears"),
    *("p50 before", "p95 before", "p50 during", "p95 during"),
)


def _kinds_tables(measured: Measurement) -> list[Table]:
    """Clients that hold on for longer: nothing where none was played."""
    heads = ("client", "asked", "bad answers", "longest window", "left after", "nine of ten leave", "")
    rows = [_kind_row(measured, window) for window in measured.kinds]
    return [Table("Clients that hold on for longer, in simulated seconds", heads, rows)] if rows else []


def _scaled_tables(measured: Measurement) -> list[Table]:
    """The survivors' replicas: nothing of a drill that an older release ran, or another tool."""
    heads = ("survivor", "before", "most while the site was away", "at the end", "more after", "")
    rows = [_scaled_row(found) for found in measured.scaled]
    caption = "Replicas that run, of those that are asked for where the cloud says how many, by the cloud's own API."
    return [Table("Replicas of the survivors", heads, rows, caption, prose=(5,))] if rows else []


def _scaled_row(found: Scaled) -> Row:
    more = "" if found.more_after is None else f"{found.more_after:.1f} s (simulated)"
    return found.site, *found.counts, more, found.why


def _answers_table(measured: Measurement) -> Table:
    counts = [("clients", measured.clients), ("DNS", measured.answers), ("sites, asked directly", measured.pinned)]
    if measured.window is not None and measured.window.total:
        counts.insert(1, ("clients, until traffic should have left", measured.window))
    heads = ("asked", "how often", "no answer", "wrong", "for example")
    return Table("Answers", heads, [_count_row(*each) for each in counts], prose=(4,))


def _loads_table(measured: Measurement) -> Table:
    latencies = {latency.site: latency for latency in measured.latencies}
    loads = {load.site: load for load in measured.account.loads}
    rows = [_load_row(name, loads.get(name), latencies.get(name)) for name in sorted({*loads, *latencies})]
    caption = "Shares as planned; requests a real second by this drill's clients; milliseconds of each, asked directly."
    return Table("Load and time to answer", _LOAD_HEADS, rows, caption)


def _load_row(site: str, load: SiteLoad | None, latency: Latency | None) -> Row:
    asked = [""] * 6
    if load:
        rates = (_rps(rate) for rate in (load.rps_before, load.rps_during, load.peak_rps, load.capacity_rps))
        asked = [f"{load.share:.0%}", f"{load.share_during:.0%}", *rates]
    if latency is None:
        return site, *asked, "", "", "", ""
    times = (latency.before_p50, latency.before_p95, latency.during_p50, latency.during_p95)
    return site, *asked, *map(_ms, times)


def _term_row(measured: Measurement, term: MeasuredTerm) -> Row:
    value = measured.unmeasured if term.measured is None else f"{term.measured:.1f}"
    predicted = (f"{seconds:.1f}" for seconds in (term.best, term.typical, term.worst))
    return term.name, *predicted, value, "✗" if measured.missed(term) else "", term.why


def _window_row(window: ErrorWindow) -> Row:
    longest = f"{window.longest_seconds:.1f} s" if window.bad else "none"
    return KINDS.get(window.kind, window.kind), str(window.observers), str(window.bad), longest


def _kind_row(measured: Measurement, window: KindWindow) -> Row:
    longest = f"{window.longest_seconds:.1f}" if window.bad else "none"
    left = "not before the undo" if measured.stamps["undo_requested"] else measured.unmeasured
    left = left if window.left_after is None else f"{window.left_after:.1f}"
    band = f"{window.band[0]:.1f} to {window.band[1]:.1f}"
    said = "outside" if window.inside is False else ""
    return find_kind(window.kind).says, str(window.asked), str(window.bad), longest, left, band, said


def _count_row(who: str, counts: Counts) -> Row:
    return who, str(counts.total), str(counts.failed), str(counts.wrong), "; ".join(counts.examples[:2])


def _digest_row(digest: SiteDigest) -> Row:
    before, after = (each or "not asked" for each in (digest.before, digest.after))
    return digest.site, _shorten(before), _shorten(after), "same" if digest.same else "✗"


def _shorten(digest: str) -> str:
    """Enough of a digest to tell models apart; the journal has all of it."""
    return digest[: len("sha256:") + 16] if digest.startswith("sha256:") else digest


def _undo_row(undoing: Undoing) -> Row:
    made, undone = ("never" if at is None else f"{at:.2f} s" for at in (undoing.changed_at, undoing.undone_at))
    return undoing.what, made, undone, undoing.found, undoing.by


def _cost_rows(account: Account) -> Iterable[Row]:
    cost = account.cost
    away = "not known" if cost.away_seconds is None else f"{cost.away_seconds:.1f} s (simulated)"
    yield "the site was out for", away
    yield "predictions asked for", f"{cost.requests}, answered by replicas that run anyway"
    yield "DNS questions", f"{cost.dns_questions}: {cost.dns_dollars:.5f} USD at Route 53's list price"


def _stamp_rows(measured: Measurement) -> Iterator[Row]:
    origin = measured.stamps["change_requested"]
    for name, at in measured.stamps.items():
        if at is None or origin is None:
            yield name, STAMP_TEXTS[name], measured.unmeasured, ""
        else:
            yield name, STAMP_TEXTS[name], f"{(at - origin) * measured.speed:.1f} s", f"{at - origin:.2f} s"


def _rps(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1f}/s"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
