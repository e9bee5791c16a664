"""Each thing that somebody on call has to know: found where it is so, silent where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failover.oncall.notes import Note, find_notes
from failover.oncall.standing import HostStanding
from tests.failover.oncall.standings import BY_ANN, DEAD, RIGHT, UNHEALTHY, gated, host, off, site

PAST, FUTURE = "2026-11-23T11:00:00+00:00", "2026-11-23T13:00:00+00:00"
ALL = ("aws", "azure", "gcp")


def notes_of(standing: HostStanding) -> dict[str, Note]:
    return {note.rule: note for note in find_notes(standing)}


def test_a_quiet_day_has_none() -> None:
    assert find_notes(host()) == []


CASES: dict[str, tuple[HostStanding, str, str, str]] = {
    # rule -> how it stands, urgency, part of what is said, part of the hint
    "fail-open": (
        host(*(site(name, view=UNHEALTHY) for name in ALL)),
        "alarm",
        "no site is healthy: DNS answers as if all were; asked directly, aws, azure, gcp answers right",
        "undrain",
    ),
    "all-fail": (host(*(site(name, DEAD) for name in ALL)), "alarm", "may be this machine's own network", "another"),
    "killed-drill": (host(unfinished=("drills/x/journal.jsonl",)), "alarm", "drills/x", "outlast drill restore"),
    "mixed-models": (
        host(site("gcp", replace(RIGHT, digests=("sha256:two",)))),
        "warning",
        "aws sha256:one; azure sha256:one; gcp sha256:two",
        "release",
    ),
    "taken-out": (host(site("aws", **off())), "warning", "no tag says by whom", "cloudtrail"),
    "drained": (
        host(site("aws", disabled=True, inverted=True, tags=BY_ANN)),
        "warning",
        "drained by ann@laptop since 2026-11-23T11:50:00+00:00, 10 min ago (disk); it answers right, asked directly",
        "outlast undrain aws --host api.outlast.example",
    ),
    "expired-drill": (
        host(site("aws", **off(drill_id="d") | {"tags": {"drill:id": "d", "drill:expires-at": PAST}})),
        "alarm",
        f"drill d should have given it back at {PAST}",
        "outlast drill restore",
    ),
    "drill": (
        host(site("aws", tags={"drill:id": "d", "drill:expires-at": FUTURE})),
        "note",
        f"drill d holds it until {FUTURE}",
        "by itself",
    ),
    "disabled": (host(site("aws", disabled=True)), "alarm", "takes it for healthy, whatever", "--no-disabled"),
    "inverted": (host(site("aws", inverted=True)), "alarm", "gets traffic once it is dead", "--no-inverted"),
    "unhealthy": (
        host(site("aws", DEAD, view=UNHEALTHY)),
        "warning",
        "is unhealthy to Route 53: Failure: HTTP Status Code 503; it does not answer",
        "by itself",
    ),
    "unseen": (
        host(site("aws", replace(RIGHT, error="serves no valid certificate"))),
        "alarm",
        "takes it for healthy and sends 50% there, yet asked directly it serves no valid certificate",
        "outlast drain aws",
    ),
    "left-tags": (host(site("aws", tags=BY_ANN)), "warning", "was cut short", "outlast undrain aws"),
    "unchecked": (host(replace(site("aws"), check=None)), "alarm", "no health check", "outlast lint"),
}


@pytest.mark.parametrize("rule", CASES)
def test_is_found_and_says_what_to_type(rule: str) -> None:
    standing, urgency, what, hint = CASES[rule]
    note = notes_of(standing)[rule]
    assert note.urgency == urgency
    assert what in note.what
    assert hint in note.hint
    assert str(note).startswith(f"{urgency}: {note.place}: ")


def test_a_drained_site_that_is_dead_is_no_warning() -> None:
    note = notes_of(host(site("aws", DEAD, disabled=True, inverted=True, tags=BY_ANN)))["drained"]
    assert note.urgency == "note"
    assert "it does not answer" in note.what


@pytest.mark.parametrize(
    "standing",
    [
        host(site("aws", DEAD, **off())),  # it is out: nobody is sent there
        host(*(site(name, DEAD) for name in ALL)),  # all at once: rather the path from here
    ],
)
def test_only_a_site_that_gets_traffic_is_called_unseen(standing: HostStanding) -> None:
    assert "unseen" not in notes_of(standing)


def test_a_switch_tells_who_drained_and_is_no_illness_of_the_site() -> None:
    assert find_notes(host(*(gated(name) for name in ALL))) == []
    thrown = notes_of(host(gated("aws", thrown=True)))
    assert list(thrown) == ["drained"] and "drained by its drain switch" in thrown["drained"].what
    assert list(notes_of(host(gated("aws", disabled=True, inverted=True)))) == ["taken-out"]
    assert list(notes_of(host(gated("aws", DEAD, view=UNHEALTHY)))) == ["unhealthy"]


def test_the_guide_leads_from_every_note_to_a_section() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "a-cloud-is-down.md").read_text()
    rules = set(CASES) - {"mixed-models", "drill", "unchecked"}  # what to type is all there is to say of these
    assert {rule for rule in rules if f"`{rule}`" not in guide} == set()


def test_alarms_come_first() -> None:
    urgencies = [note.urgency for note in find_notes(host(site("aws", **off()), site("gcp", disabled=True)))]
    assert urgencies == ["alarm", "warning"]


def test_a_tag_that_is_no_time() -> None:
    tags: dict[str, Any] = {"drain:by": "ann", "drain:since": "yesterday"}
    assert "since yesterday;" in notes_of(host(site("aws", disabled=True, inverted=True, tags=tags)))["drained"].what


def test_an_old_drain_is_told_in_hours() -> None:
    tags = BY_ANN | {"drain:since": "2026-11-22T12:00:00+00:00"}
    assert ", 24 h ago" in notes_of(host(site("aws", disabled=True, inverted=True, tags=tags)))["drained"].what
