"""Every site of the sandbox answers the same, and one that does not answer is named."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.conftest import HOST, Project

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]


def test_three_sites_answer_the_same_and_one_that_is_lost_is_named(project: Project) -> None:
    inside = project.inside()
    ask = (project.python, "-m", "outlast", "parity", "--host", HOST, "--model", "tumour", "--rows", "200", "--json")
    found = json.loads(project.run_in(inside, *ask).stdout)
    assert [(row["site"], row["drawn_equal"]) for row in found["rows"]] == [("aws", 200), ("azure", 200), ("gcp", 200)]
    assert found["differences"] == []
    project.sandbox("fault", "--site", "gcp", "--kind", "refuse", "--for", "120")
    try:
        lost = project.run_in(inside, *ask, check=False)
    finally:
        project.sandbox("heal")
    assert lost.returncode == 5
    told = json.loads(lost.stdout)
    assert [(difference["site"], difference["what"]) for difference in told["differences"]] == [
        ("gcp", "does not answer")
    ]
    assert [row["site"] for row in told["rows"]] == ["aws", "azure"]
