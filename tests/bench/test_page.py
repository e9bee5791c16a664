from __future__ import annotations

from pathlib import Path

from bench.page import compose, read_sections, write


def test_a_section_takes_the_place_of_its_old_one_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "reference" / "performance.md"
    write({"metrics": "## The metrics\n\n1 s\n", "endpoint": "## The endpoint\n\n2 s\n"}, path)
    write({"endpoint": "## The endpoint\n\n3 s\n"}, path)
    assert read_sections(path.read_text()) == {
        "endpoint": "## The endpoint\n\n3 s\n",
        "metrics": "## The metrics\n\n1 s\n",
    }
    assert path.read_text().startswith("# Performance\n")


def test_sections_stand_in_one_order_whatever_was_measured_first() -> None:
    page = compose(compose("", {"sandbox": "## S"}), {"endpoint": "## E"})
    assert page.index("## E") < page.index("## S")


def test_the_same_sections_give_the_same_page() -> None:
    page = compose("", {"endpoint": "## E\n\ntext\n"})
    assert compose(page, read_sections(page)) == page
