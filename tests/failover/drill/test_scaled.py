"""The survivors' replicas, read from a journal."""

from __future__ import annotations

from typing import Any

from failover.drill.account import Span
from failover.drill.finish import _scaled_lines
from failover.drill.measure import measure
from failover.drill.report import render_data, render_html, render_markdown
from failover.drill.scaled import Scaled, read_scaled
from failover.levers.replicas import Replicas
from tests.failover.drill.retold import Story

AWAY, SPEED = Span(2.0, 6.0), 10


def look(at: float, site: str = "gcp", **fields: Any) -> dict[str, Any]:
    return {"at": at, "kind": "replicas", "site": site, **fields}


def counted(*counts: tuple[float, int]) -> list[dict[str, Any]]:
    return [look(at, ready=ready, wanted=None) for at, ready in counts]


def test_before_most_and_after_and_how_soon_there_were_more() -> None:
    (found,) = read_scaled(counted((0.5, 1), (1.5, 2), (2.5, 2), (4.0, 3), (5.0, 4), (7.0, 2)), AWAY, SPEED)
    assert found == Scaled("gcp", Replicas(2), Replicas(4), Replicas(2), more_after=20.0)


def test_what_was_never_more_has_no_time() -> None:
    (found,) = read_scaled(counted((1.5, 2), (3.0, 2), (7.0, 3)), AWAY, SPEED)
    assert (found.most, found.after, found.more_after) == (Replicas(2), Replicas(3), None)


def test_a_survivor_that_nobody_could_count_is_not_known_and_why() -> None:
    (found,) = read_scaled([look(1.0, error="no credentials"), look(3.0, error="no credentials")], AWAY, SPEED)
    assert (found.counts, found.why) == (("not known",) * 3, "no credentials")


def test_a_drill_that_was_stopped_before_the_loss_has_counts_from_before() -> None:
    (found,) = read_scaled(counted((1.5, 2)), Span(None, None), SPEED)
    assert found.counts == ("2", "not known", "2")


def test_the_reports_show_them_and_are_silent_of_a_journal_without_any() -> None:
    more = [*counted((1.5, 2), (3.0, 3)), look(1.5, "azure", error="no credentials for Azure")]
    measured = measure(Story(more=more).entries())
    (azure, gcp) = render_data(measured)["scaled"]
    assert (azure["why"], gcp["most"]) == ("no credentials for Azure", {"ready": 3, "wanted": None})
    assert "| gcp | 2 | 3 | 3 | 10.0 s (simulated) |" in render_markdown(measured)
    assert "no credentials for Azure" in render_html(measured)
    assert [line.split() for line in _scaled_lines(measured)][1:] == [
        ["azure", *["not", "known"] * 3, "no", "credentials", "for", "Azure"],
        ["gcp", "2", "3", "3", "more", "after", "10", "s"],
    ]
    without = measure(Story().entries())
    assert "Replicas of the survivors" not in render_markdown(without) and list(_scaled_lines(without)) == []
