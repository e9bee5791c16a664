"""Deliveries that repeat and reorder are no finding; what is missing, changed or forged is, by site and replica."""

from __future__ import annotations

import random

import orjson

from outlast.audit.merged import Chain, describe, merge, verify
from tests.outlast.chains import chain


def verified(lines: list[bytes]) -> dict[str, Chain]:
    return {one.replica: one for one in verify(merge(lines))}


def test_lines_of_two_sites_in_no_order_and_some_twice_are_two_whole_chains() -> None:
    lines = chain("aws", "task-1") + chain("gcp", "instance-2", closed=False) + [b'{"level": "INFO"}\n', b"text\n"]
    lines += lines[1:3]
    random.Random(7).shuffle(lines)
    found = verified(lines)
    assert not [finding for one in found.values() for finding in one.findings]
    assert found["task-1"].repeated == 2 and found["instance-2"].repeated == 0
    assert found["task-1"].report.closed and found["instance-2"].report.may_be_missing == 16
    assert describe(found["task-1"])["predictions"] == 3


def test_a_gap_is_named_by_site_and_replica() -> None:
    lines = chain("azure", "app-9", predictions=5)
    del lines[2:4]
    (finding,) = verified(lines)["app-9"].findings
    assert finding == "azure app-9: app-9-1000-00 record 2: and those up to 3 are missing"


def test_two_records_with_one_number_are_a_finding() -> None:
    lines = chain("aws", "task-1")
    forged = orjson.loads(lines[2]) | {"status": 401}
    findings = verified([*lines, orjson.dumps(forged) + b"\n"])["task-1"].findings
    assert any("record 2: is there twice" in finding for finding in findings)
    assert any("its content does not have its hash" in finding for finding in findings)


def test_a_record_that_was_changed_alone_is_a_finding() -> None:
    lines = chain("aws", "task-1")
    lines[2] = orjson.dumps(orjson.loads(lines[2]) | {"status": 401}) + b"\n"
    (finding,) = verified(lines)["task-1"].findings
    assert "record 2: its content does not have its hash" in finding


def test_numbers_that_a_carrier_made_doubles_are_those_that_were_written() -> None:
    doubles = [
        orjson.dumps({k: float(v) if type(v) is int else v for k, v in orjson.loads(x).items()})
        for x in chain("gcp", "instance-2")
    ]
    assert verified([line + b"\n" for line in doubles])["instance-2"].findings == []


def test_records_are_by_time() -> None:
    merged = merge(chain("aws", "late", begin=2000.0) + chain("gcp", "early"))
    assert [record["replica"] for record in merged.records] == ["early"] * 5 + ["late"] * 5


def test_a_process_that_ran_before_its_store_lacks_its_beginning_and_nothing_else() -> None:
    ran_before, later = chain("gcp", "instance-1", predictions=9)[3:], chain("gcp", "instance-2", begin=2000.0)
    found = verified(ran_before + later)
    assert found["instance-1"].findings == [] and found["instance-1"].first == 3
    del ran_before[2]
    (finding,) = verified(ran_before + later)["instance-1"].findings
    assert "record 5: is missing" in finding


def test_a_beginning_that_is_lost_later_is_a_finding() -> None:
    first, lost = chain("gcp", "instance-1"), chain("gcp", "instance-2", begin=2000.0)[1:]
    (finding,) = verified(first + lost)["instance-2"].findings
    assert "record 0: is missing" in finding
    assert verified(chain("aws", "task-1") + lost)["instance-2"].findings == [], "of another site"
