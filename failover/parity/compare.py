"""What sites said to the same requests: each held to the model that it should have, and to the other sites. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from failover.parity.mistakes import Refusal
from service.bundle.golden import Answer, Golden

# What belongs to one answer, to one site, or to the load balancer before it: it differs and may.
OWN_HEADERS = frozenset(
    (
        *("alt-svc", "connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "via"),
        *("traceparent", "x-cloud-trace-context", "x-envoy-upstream-service-time", "x-request-id", "x-served-by"),
    )
)


@dataclass(frozen=True)
class SiteAnswers:
    """What one site said. `error` is why it said nothing; then the rest is empty."""

    site: str
    digest: str = ""
    golden: tuple[Answer, ...] = ()
    drawn: tuple[Answer, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Difference:
    """In what a site differs: from the model that it should have, or from the site that it is compared with."""

    site: str
    what: str
    told: str

    def __str__(self) -> str:
        return f"{self.site}: {self.what}: {self.told}"


@dataclass(frozen=True)
class Compared:
    """One line of the table. `beside` is the site whose answers to drawn rows these were compared with; "" for none."""

    site: str
    digest: str
    golden_right: int
    golden_asked: int
    beside: str
    drawn_equal: int
    drawn_asked: int
    largest_gap: float
    refusals_equal: int
    refusals_asked: int


@dataclass(frozen=True)
class Parity:
    """The table, in what sites differ, and what is no difference but worth a word."""

    rows: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def compare(sites: Sequence[SiteAnswers], golden: Golden, promised: Mapping[str, str]) -> Parity:
    """Compare what sites answered.

    Args:
        sites: their answers to the same requests, in the order of the table.
        golden: the released model's rows; a site with another model is not held to them.
        promised: site -> the digest that it was deployed with, as its health check says: a site may have the released
            model or this one. Of two models both are told.
    """
    differences: list[Difference] = []
    rows = []
    for site in sites:
        if site.error:
            differences.append(Difference(site.site, "does not answer", site.error))
            continue
        differences += _judge_model(site, golden, promised.get(site.site, ""))
        beside = next(other for other in sites if not other.error and other.digest == site.digest)
        first = next(other for other in sites if not other.error)
        differences += [*_judge_drawn(site, beside, golden), *_judge_words(site, first)]
        rows.append(_count(site, beside, first, golden))
    return Parity(tuple(rows), tuple(differences), tuple(_note_models(sites)))


def find_gap(one: Answer, other: Answer) -> float:
    """The largest difference of a probability; NaN where the answers have not as many."""
    if len(one.probabilities) != len(other.probabilities):
        return float("nan")
    return max((abs(a - b) for a, b in zip(one.probabilities, other.probabilities, strict=True)), default=0.0)


def is_equal(one: Answer, other: Answer, tolerance: float) -> bool:
    """The same label, and every probability within the tolerance: processors differ in last bits."""
    return one.label == other.label and find_gap(one, other) <= tolerance


def shared_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that have to be equal everywhere."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in OWN_HEADERS}


def _judge_model(site: SiteAnswers, golden: Golden, promised: str) -> list[Difference]:
    accepted = [digest for digest in dict.fromkeys((golden.digest, promised)) if digest]
    if site.digest not in accepted:
        told = f"serves {site.digest or 'no digest'}, not {' or '.join(accepted)}"
        return [Difference(site.site, "model", told)]
    return [Difference(site.site, "golden rows", mistake) for mistake in _golden_mistakes(site, golden)]


def _golden_mistakes(site: SiteAnswers, golden: Golden) -> list[str]:
    if site.digest != golden.digest:
        return []
    pairs = zip(golden.rows, site.golden, strict=True)
    found = (row.find_mistake(answer.label, answer.probabilities, golden.tolerance) for row, answer in pairs)
    return [mistake for mistake in found if mistake]


def _judge_drawn(site: SiteAnswers, beside: SiteAnswers, golden: Golden) -> list[Difference]:
    pairs = list(zip(site.drawn, beside.drawn, strict=True))
    wrong = [number for number, (one, other) in enumerate(pairs) if not is_equal(one, other, golden.tolerance)]
    if not wrong:
        return []
    first = wrong[0]
    here, there = map(_show, pairs[first])
    told = f"{len(wrong)} of {len(pairs)} differ from {beside.site}'s; row {first}: {here}, there {there}"
    return [Difference(site.site, "drawn rows", told)]


def _judge_words(site: SiteAnswers, first: SiteAnswers) -> list[Difference]:
    """Headers of an answer, and refusals, beside the first site's."""
    here, there = shared_headers(site.headers), shared_headers(first.headers)
    found = [
        Difference(site.site, f"header {name}", f"{own}, at {first.site} {other}")
        for name in sorted({*here, *there})
        if (own := here.get(name, "absent")) != (other := there.get(name, "absent"))
    ]
    for name, refusal in site.refusals.items():
        expected = first.refusals[name]
        if refusal != expected:
            same_kind = str(refusal) == str(expected)
            told = f"{refusal} in other words" if same_kind else f"{refusal}, at {first.site} {expected}"
            found.append(Difference(site.site, name, told))
    return found


def _count(site: SiteAnswers, beside: SiteAnswers, first: SiteAnswers, golden: Golden) -> Compared:
    held = site.digest == golden.digest
    pairs = list(zip(site.drawn, beside.drawn, strict=True))
    return Compared(
        site.site,
        site.digest,
        golden_right=len(golden.rows) - len(_golden_mistakes(site, golden)) if held else 0,
        golden_asked=len(golden.rows) if held else 0,
        beside="" if beside is site else beside.site,
        drawn_equal=sum(is_equal(one, other, golden.tolerance) for one, other in pairs),
        drawn_asked=len(pairs),
        largest_gap=max((find_gap(one, other) for one, other in pairs), default=0.0),
        refusals_equal=sum(refusal == first.refusals[name] for name, refusal in site.refusals.items()),
        refusals_asked=len(site.refusals),
    )


def _note_models(sites: Sequence[SiteAnswers]) -> list[str]:
    by_digest: dict[str, list[str]] = {}
    for site in sites:
        if not site.error:
            by_digest.setdefault(site.digest, []).append(site.site)
    if len(by_digest) < 2:
        return []
    told = "; ".join(f"{digest} at {', '.join(names)}" for digest, names in by_digest.items())
    return [f"two models are served, as while a release goes from site to site: {told}"]


def _show(answer: Answer) -> str:
    return f"{answer.label} ({', '.join(f'{share:.6f}' for share in answer.probabilities[:4])})"
