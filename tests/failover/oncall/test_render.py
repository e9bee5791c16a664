"""What is printed for a person, and for a program."""

from __future__ import annotations

import json
from dataclasses import replace

from failover.oncall.notes import find_notes
from failover.oncall.render import render_standing, to_document
from tests.failover.oncall.standings import BY_ANN, DEAD, UNHEALTHY, host, off, site

DRAINED = host(site("aws", DEAD, disabled=True, inverted=True, tags=BY_ANN))


def test_shows_the_share_beside_the_weight() -> None:
    text = render_standing(DRAINED, find_notes(DRAINED)).splitlines()
    assert text[0] == "api.outlast.example: DNS answers with 2 of 3 sites (azure, gcp), TTL 30 s"
    assert text[2].split() == ["site", "weight", "by", "weight", "now", "Route", "53", "asked", "directly"]
    assert text[3].split()[:6] == ["aws", "50", "50%", "0%", "out", "(drained)"]
    assert text[4].split()[:5] == ["azure", "30", "30%", "60%", "healthy"]
    assert "right in 20 ms, certificate until 2026-12-23" in text[4]
    assert text[7].startswith("note: aws: drained by ann@laptop")


def test_says_that_there_is_nothing_to_do() -> None:
    assert render_standing(host(), []).endswith("\n\nnothing to do")


def test_tells_each_way_of_being_out_apart() -> None:
    sites = (site("aws", **off(drill_id="d")), site("azure", **off()), replace(site("gcp"), check=None))
    text = render_standing(host(*sites), [])
    assert "out (drill)" in text and "out (by hand)" in text and "no check" in text
    assert "unhealthy" in render_standing(host(site("aws", view=UNHEALTHY)), [])


def test_data_is_json_and_says_the_same() -> None:
    document = json.loads(json.dumps(to_document(DRAINED, find_notes(DRAINED))))
    aws = document["sites"][0]
    assert (aws["site"], aws["share"], aws["share_by_weight"], aws["healthy"]) == ("aws", 0.0, 0.5, False)
    assert aws["out"] == {"by": "ann@laptop", "since": BY_ANN["drain:since"], "why": "disk", "by_drill": False}
    assert aws["health_check"] == {"id": "check-aws", "version": 1, "disabled": True, "inverted": True}
    assert aws["asked_directly"]["problem"] == "does not answer (ConnectError: refused)"
    assert document["notes"][0]["rule"] == "drained"
    assert document["fail_open"] is False
