"""The records of many stores as one log: repeated deliveries dropped and counted, chains verified. Pure.

Carriers deliver at least once and in no order: a record that is there twice, word for word, is no finding, and one that
stands behind a later one is none either. Two records with one number are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from service.server.audit.verify import ChainReport, parse_record, verify_logs

Record = dict[str, Any]


@dataclass(frozen=True)
class Chain:
    """One process's chain, as its site's store has it: `repeated` records came more than once.

    `first` is the number of the first record there. It is above 0 without a finding where the process ran before the
    store held anything that began: when the store was turned on, or after the days of what came before were over.
    """

    replica: str
    report: ChainReport
    repeated: int
    first: int = 0

    @property
    def findings(self) -> list[str]:
        """What is wrong, each with the site and the replica."""
        return [f"{self.report.site} {self.replica}: {finding}" for finding in self.report.findings]


@dataclass
class Merged:
    """Distinct records by chain, in the order of their numbers."""

    chains: dict[str, list[Record]] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)

    @property
    def records(self) -> list[Record]:
        """Of all chains, by time."""
        every = [record for records in self.chains.values() for record in records]
        return sorted(every, key=lambda record: (record.get("time", 0.0), record["chain"], record["seq"]))


def merge(lines: Iterable[bytes]) -> Merged:
    """The audit records among the lines; what else containers print is passed over."""
    merged = Merged()
    seen: dict[str, dict[int, list[Record]]] = {}
    for line in lines:
        record = parse_record(line)
        if record is None:
            continue
        chain = str(record["chain"])
        same = seen.setdefault(chain, {}).setdefault(record["seq"], [])
        if record in same:
            merged.repeated[chain] = merged.repeated.get(chain, 0) + 1
        else:
            same.append(record)
    for chain, by_number in seen.items():
        merged.chains[chain] = [record for number in sorted(by_number) for record in by_number[number]]
    return merged


def verify(merged: Merged) -> list[Chain]:
    """Every chain, by its site and replica."""
    begun = _first_beginnings(merged)
    found = [_verify(chain, records, merged, begun) for chain, records in merged.chains.items()]
    return sorted(found, key=lambda one: (one.report.site, one.replica, one.report.chain))


def _verify(chain: str, records: list[Record], merged: Merged, begun: Mapping[str, float]) -> Chain:
    (report,) = verify_logs(map(_as_line, records))
    first = records[0]
    if first["seq"] > 0 and _time(first) < begun.get(report.site, math.inf):
        # Of a record that is not there, 0, nothing can be found but that it is missing.
        report.findings = [finding for finding in report.findings if finding.seq > 0]
    return Chain(str(first.get("replica", "")), report, merged.repeated.get(chain, 0), int(first["seq"]))


def _first_beginnings(merged: Merged) -> dict[str, float]:
    """Site -> when the first chain began of those whose beginning is held."""
    found: dict[str, float] = {}
    for records in merged.chains.values():
        if records[0]["seq"] == 0:
            site = str(records[0].get("site", ""))
            found[site] = min(_time(records[0]), found.get(site, math.inf))
    return found


def _time(record: Record) -> float:
    return float(record.get("time") or 0.0)


def _as_line(record: Record) -> bytes:
    return orjson.dumps(record) + b"\n"


def describe(chain: Chain) -> dict[str, Any]:
    """A chain as plain data."""
    return {"replica": chain.replica, "repeated": chain.repeated, "first_seq": chain.first, **asdict(chain.report)}
