"""The report's tables: what is known stands there, and what is not is said."""

from __future__ import annotations

from failover.drill.measure import measure
from failover.drill.measurement import Measurement
from failover.drill.tables import build_tables, identify
from service.pages.page import Table
from tests.failover.drill.retold import Story
from tests.failover.drill.test_account import bad, entries_of
from tests.failover.drill.test_measure import with_kinds


def table(measured: Measurement, label: str) -> Table:
    return next(each for each in build_tables(measured) if each.label.startswith(label))


def test_every_row_is_as_long_as_its_head() -> None:
    for measured in (measure(entries_of()), measure(Story().entries())):
        for each in build_tables(measured):
            assert {len(row) for row in each.rows} <= {len(each.heads)}, each.label


def test_a_site_of_unknown_capacity_is_said_to_be() -> None:
    rows = {str(row[0]): row for row in table(measure(entries_of()), "Load").rows}
    assert rows["aws"][6] == "100.0/s" and rows["gcp"][6] == "not known"
    assert rows["gcp"][5] == "40.0/s"


def test_an_error_window_is_told_by_its_kind() -> None:
    row = table(measure(entries_of(Story(more=[bad(3.0)]))), "Error windows").rows[1]
    assert row[:3] == ("client that honours TTLs", "2", "1") and str(row[3]).endswith(" s")
    assert table(measure(entries_of()), "Error windows").rows[1][3] == "none"


def test_clients_that_hold_on_have_a_table_where_some_were_played() -> None:
    assert not any(each.label.startswith("Clients") for each in build_tables(measure(entries_of())))
    entries = with_kinds(jvm=[(3.0, ""), (4.0, "gcp")], pool=[(2.1, "aws"), (5.0, "gcp")], browser=[(3.0, "aws")])
    rows = table(measure(entries), "Clients").rows
    assert rows[0] == ("browser, with its floor of 60 s", "1", "0", "none", "not before the undo", "5.0 to 25.0", "")
    assert rows[1] == ("Java, with its cache of 30 s", "2", "1", "10.1", "20.1", "5.0 to 25.0", "")
    assert rows[2][4:] == ("30.1", "5.0 to 25.0", "outside")


def test_a_digest_is_shortened_and_what_nobody_asked_is_not_the_same() -> None:
    digests = {"aws": "sha256:" + "a" * 64}
    rows = table(measure(entries_of(digests=digests)), "Model digests").rows
    assert rows[0] == ("aws", "sha256:" + "a" * 16, "not asked", "✗")


def test_says_what_was_drilled_by_whom_and_by_which_journal() -> None:
    facts = dict(identify(measure(entries_of(approved_by="Ada"))))
    assert facts["Approved by"] == "Ada" and facts["Plan"] == "abc"
    assert "entries are not chained" in facts["Journal"], "it was written by hand"
    assert "head " in facts["Journal"]
