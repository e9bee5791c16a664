"""Finds any changed, missing or reordered record in audit logs. Reads lines only; pure.

What one chain cannot show by itself: somebody who may rewrite its file from some record to its end can chain the new
records anew. So ship the log to storage that takes no second write, and keep the last hash seen elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from service.server.audit.chain import GENESIS, hash_record
from service.server.protocol.bodies import count_keys, refuse_duplicate_keys
from service.server.protocol.problems import Problem

_FRACTIONS = ("time", "seconds", "predicted_at")  # the numbers of a record that are not whole


@dataclass(frozen=True)
class AuditProblem:
    """One thing wrong: the chain, the record (its `seq`), and what is wrong with it."""

    chain: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.chain} record {self.seq}: {self.what}"


@dataclass
class ChainReport:
    """What one chain holds. `may_be_missing`: records that a kill can have lost after the last; 0 when closed."""

    chain: str
    site: str = ""
    records: int = 0
    predictions: int = 0
    feedback: int = 0
    lost: int = 0
    shed: int = 0
    refused: int = 0
    last_seq: int = -1
    last_hash: str = ""
    closed: bool = False
    torn: bool = False
    may_be_missing: int = 0
    findings: list[AuditProblem] = field(default_factory=list)


class _Read(NamedTuple):
    """What is kept of a record that was read; `honest` when its content has its own hash."""

    seq: int
    prev: str
    hash: str
    kind: str
    site: str
    amount: int  # how many were lost, shed or refused; for a start, how many a kill can lose
    honest: bool


def verify_logs(lines: Iterable[bytes]) -> list[ChainReport]:
    """Check every chain among the lines, which may be mixed with other output and with each other.

    A line cut off at the end of its file is what a kill leaves behind: told, and not held to be tampering.
    """
    chains: dict[str, list[_Read]] = {}
    torn: set[str] = set()
    newest = ""
    for line in lines:
        record = parse_record(line)
        if record is not None:
            newest = record["chain"]
            chains.setdefault(newest, []).append(_keep(record))
        elif not line.endswith(b"\n") and line.strip():
            torn.add(newest)
    return [_verify(chain, records, chain in torn) for chain, records in chains.items()]


def parse_record(line: bytes) -> dict[str, Any] | None:
    """An audit record, or None for any other line of output."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if type(record) is not dict or not {"chain", "seq", "prev", "hash", "kind"} <= record.keys():
        return None
    record = {name: _as_written(name, value) for name, value in record.items()}
    if _holds_double_keys(line, record):
        record["hash"] = ""  # readers differ in which of the two they take, so its hash says nothing
    return record if type(record["seq"]) is int and type(record["chain"]) is str else None


def _as_written(name: str, value: Any) -> Any:
    """A number as the server wrote it: other JSON writers on the way spell 1.0 as 1, and 1 as 1.0."""
    if name in _FRACTIONS:
        return float(value) if type(value) is int else value
    return int(value) if type(value) is float and value.is_integer() else value


def _holds_double_keys(line: bytes, record: Mapping[str, Any]) -> bool:
    try:
        refuse_duplicate_keys(line, count_keys(record))
    except Problem:
        return True
    return False


def _keep(record: Mapping[str, Any]) -> _Read:
    amount = record.get("count", record.get("capacity", 0))
    return _Read(
        seq=record["seq"],
        prev=str(record["prev"]),
        hash=str(record["hash"]),
        kind=str(record["kind"]),
        site=str(record.get("site", "")),
        amount=amount if type(amount) is int else 0,
        honest=hash_record(record) == record["hash"],
    )


def _verify(chain: str, reads: list[_Read], torn: bool) -> ChainReport:
    report = ChainReport(chain, torn=torn)
    by_seq: dict[int, _Read] = {}
    highest = -1
    for read in reads:
        if not read.honest:
            report.findings.append(AuditProblem(chain, read.seq, "its content does not have its hash: it was changed"))
        if read.seq in by_seq:
            report.findings.append(AuditProblem(chain, read.seq, "is there twice"))
        elif read.seq < highest:
            report.findings.append(AuditProblem(chain, read.seq, f"stands behind record {highest}: it was moved"))
        by_seq.setdefault(read.seq, read)
        highest = max(highest, read.seq)
    report.findings += _find_gaps(chain, by_seq)
    stop = min((seq for seq, read in by_seq.items() if read.kind == "stop"), default=highest)
    report.findings += [
        AuditProblem(chain, seq, f"stands behind the end, {stop}: it was added") for seq in by_seq if seq > stop
    ]
    report.findings += _find_breaks(chain, by_seq)
    report.findings.sort(key=lambda finding: finding.seq)
    _summarise(report, by_seq, highest)
    return report


def _find_gaps(chain: str, by_seq: Mapping[int, _Read]) -> list[AuditProblem]:
    found = []
    expected = 0
    for seq in sorted(by_seq):
        if seq > expected:
            what = "is missing" if seq == expected + 1 else f"and those up to {seq - 1} are missing"
            found.append(AuditProblem(chain, expected, what))
        expected = seq + 1
    return found


def _find_breaks(chain: str, by_seq: Mapping[int, _Read]) -> list[AuditProblem]:
    """Records whose `prev` is not the hash of the record before, though both may be honest in themselves."""
    found = []
    for seq, read in by_seq.items():
        before = by_seq.get(seq - 1)
        expected = GENESIS if seq == 0 else before.hash if before is not None else read.prev
        if read.prev != expected:
            found.append(
                AuditProblem(chain, seq, f"does not follow from record {seq - 1}: one of the two was replaced")
            )
    return found


def _summarise(report: ChainReport, by_seq: Mapping[int, _Read], highest: int) -> None:
    last = by_seq[highest]
    kinds = Counter(read.kind for read in by_seq.values())
    report.site = last.site
    report.records = len(by_seq)
    report.predictions = kinds["prediction"]
    report.feedback = kinds["feedback"]
    report.lost = sum(read.amount for read in by_seq.values() if read.kind == "lost")
    report.shed = sum(read.amount for read in by_seq.values() if read.kind == "shed")
    report.refused = sum(read.amount for read in by_seq.values() if read.kind == "refused")
    report.last_seq, report.last_hash = highest, last.hash
    report.closed = last.kind == "stop"
    if not report.closed and 0 in by_seq:
        report.may_be_missing = by_seq[0].amount
