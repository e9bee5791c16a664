"""The guide's table is the program's: one table of prices, not two."""

from __future__ import annotations

from infra.cost.guide import BEGIN, END, PAGE, estimate_committed, render_table, write_table


def test_the_guide_has_the_table_of_the_committed_files() -> None:
    page = PAGE.read_text()
    assert write_table(page, render_table(estimate_committed())) == page, "python -m infra.cost.guide"


def test_the_table_is_written_between_its_marks_and_nowhere_else() -> None:
    assert write_table(f"before\n{BEGIN}old\n{END}after\n", "new\n") == f"before\n{BEGIN}\nnew\n\n{END}after\n"


def test_what_is_due_without_a_request_is_the_sum_of_its_rows() -> None:
    *rows, total, _ = [line for line in render_table(estimate_committed()).splitlines() if line.endswith(" |")][1:]
    shown = sum(float(row.split("|")[4]) for row in rows)
    assert len(rows) > 10
    assert abs(shown - float(total.split("**")[3])) < 0.06
