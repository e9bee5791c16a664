"""The tables of the closer look: what is shown of it, and what is said where it is cut."""

from __future__ import annotations

from service.evaluation.closer import Closer, Importance, Slice, WorstRow
from service.evaluation.report_closer import describe_closer


def _closer(slices: tuple[Slice, ...]) -> Closer:
    return Closer(
        tuple(Importance(f"x{place}", 1 / (1 + place), 0.01) for place in range(30)),
        4,
        (WorstRow(7, "yes", "no", 0.0123, {"x0": "1.5", "x1": "(missing)"}),),
        slices,
    )


def test_the_most_important_columns_the_worst_rows_and_the_slices_are_tables() -> None:
    bad = Slice("site", "north", 40, 0.5, 0.9, True)
    said = describe_closer(_closer((bad, Slice("site", "south", 60, 0.9, 0.2, False))))
    assert len(said["importance"].rows) == 20
    assert said["importance"].rows[0] == ["x0", "+1.0000", "0.0100"]
    assert said["left_out"] == 4
    assert said["worst"].heads[-2:] == ["x0", "x1"]
    assert said["worst"].rows == [["7", "yes", "no", "0.0123", "1.5", "(missing)"]]
    assert (said["worse"], said["slices_in_all"]) == (1, 2)
    assert said["slices"].rows[0][-1].tone == "bad"
    assert said["slices"].rows[1][-1] == ""


def test_a_table_without_slices_has_no_empty_section() -> None:
    assert describe_closer(_closer(()))["slices"] is None
