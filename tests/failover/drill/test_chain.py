"""The chain: whatever is done to a journal after it was written is seen, and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.chain import GENESIS, Entry, hash_entry, is_as_written, link, verify_chain
from tests.failover.drill.fakes import UNHURRIED


def chain(count: int) -> list[Entry]:
    entries: list[Entry] = []
    for n in range(count):
        entry = {"at": n * 0.1, "kind": "sample", "by": "client-1", "ms": 3.25 + n, "site": None}
        entries.append(link(entry, entries[-1]["hash"] if entries else GENESIS))
    return entries


def wrong(lines: list[Entry | str]) -> list[str]:
    return [str(damage) for damage in verify_chain(lines).damages]


def test_what_was_not_touched_is_whole_also_after_json() -> None:
    entries = chain(5)
    again = json.loads(json.dumps(entries, indent=2))
    assert verify_chain(again) == verify_chain(entries)
    report = verify_chain(entries)
    assert report.whole and report.head == entries[-1]["hash"] and report.entries == 5
    assert str(report) == "5 entries, chained without a gap"


@UNHURRIED
@given(st.integers(0, 7), st.sampled_from(["at", "kind", "by", "ms", "site", "prev", "hash"]))
def test_any_changed_field_is_seen_at_its_entry(n: int, name: str) -> None:
    entries = chain(8)
    entries[n] = {**entries[n], name: "another"}
    found = verify_chain(entries).damages
    assert found[0].entry == n + 1
    assert not is_as_written(entries[n])


@UNHURRIED
@given(st.integers(0, 7))
def test_an_entry_that_was_changed_and_hashed_anew_does_not_follow(n: int) -> None:
    entries = chain(8)
    head = entries[-1]["hash"]
    forged = {**entries[n], "ms": 0.1}
    entries[n] = {**forged, "hash": hash_entry(forged)}
    report = verify_chain(entries)
    # The last one has nobody behind it: the head, kept elsewhere, is what gives it away.
    assert [damage.entry for damage in report.damages] == ([n + 2] if n < 7 else [])
    assert n < 7 or report.head != head


@UNHURRIED
@given(st.integers(0, 6))
def test_an_entry_taken_out_is_seen_at_the_one_behind_it(n: int) -> None:
    entries = chain(8)
    del entries[n]
    assert wrong([*entries]) == [
        f"entry {n + 1} does not follow from the one before: an entry was taken out, added or moved"
    ]


def test_entries_that_changed_places_are_seen() -> None:
    entries = chain(4)
    entries[1], entries[2] = entries[2], entries[1]
    assert [damage.entry for damage in verify_chain(entries).damages] == [2, 3, 4]


def test_an_added_entry_without_a_hash_is_seen() -> None:
    entries = chain(3)
    assert "entry 3 carries no hash" in wrong([*entries[:2], {"kind": "sample", "at": 0.15}, entries[2]])[0]


def test_a_line_that_cannot_be_read_is_one_damage_and_not_two() -> None:
    entries = chain(3)
    assert wrong([entries[0], "{torn", entries[2]]) == ["entry 2 cannot be read"]


def test_half_a_line_at_the_end_is_what_a_kill_leaves() -> None:
    report = verify_chain([*chain(2), '{"at":0.3,"ki'])
    assert report.torn and report.damages == ()


@pytest.mark.parametrize(("torn", "count"), [('{"at":0.3,"ki', 0), ("something else", 1)])
def test_half_a_line_in_the_middle_must_be_the_one_that_the_next_process_found(torn: str, count: int) -> None:
    entries = chain(2)
    reopened = link({"at": 0.4, "kind": "reopened", "torn": '{"at":0.3,"ki'}, entries[-1]["hash"])
    assert len(verify_chain([*entries, torn, reopened]).damages) == count


def test_journals_from_before_are_read_and_said_to_be_unchained() -> None:
    old: list[Entry] = [{"at": 0.0, "kind": "init"}, {"at": 1.0, "kind": "end"}]
    report = verify_chain(old)
    assert (report.unchained, report.damages, report.whole) == (2, (), False)
    assert str(report) == "2 of 2 entries are not chained: a change of them would not be seen"
    assert is_as_written(old[0])
    followed = verify_chain([*old, link({"at": 2.0, "kind": "undo"}, hash_entry(old[-1]))])
    assert (followed.unchained, followed.damages) == (2, ())


def test_nothing_is_not_whole() -> None:
    assert not verify_chain([]).whole
