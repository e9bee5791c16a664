"""What counts as a difference between sites, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failover.parity.compare import SiteAnswers, compare, find_gap
from failover.parity.mistakes import Refusal
from service.bundle.folder import RELEASED, load_golden
from service.bundle.golden import Answer, Golden

GOLDEN: Golden = load_golden(RELEASED / "tumour")
RIGHT = tuple(Answer(row.label, tuple(row.probabilities.values())) for row in GOLDEN.rows)
DRAWN = (Answer("benign", (0.9, 0.1)), Answer("malignant", (0.2, 0.8)))
REFUSALS = {"no JSON": Refusal(400, "application/json", {"type": "urn:x", "detail": "line 1"})}
HEADERS = {"content-type": "application/json", "cache-control": "no-store", "x-served-by": "aws", "Via": "1.1 google"}
OTHER = "sha256:" + "0" * 64
AWS = SiteAnswers("aws", GOLDEN.digest, RIGHT, DRAWN, HEADERS, REFUSALS)
GCP = replace(AWS, site="gcp", headers={**HEADERS, "x-served-by": "gcp", "alt-svc": "h3"})


def differences(*sites: SiteAnswers, promised: dict[str, str] | None = None) -> list[str]:
    return [str(difference) for difference in compare(sites, GOLDEN, promised or {}).differences]


def test_sites_that_answer_the_same_differ_in_nothing() -> None:
    found = compare([AWS, GCP], GOLDEN, {})
    assert found.differences == ()
    assert found.notes == ()
    assert [(row.beside, row.drawn_equal, row.golden_right) for row in found.rows] == [
        ("", 2, len(RIGHT)),
        ("aws", 2, len(RIGHT)),
    ]


def test_last_bits_may_differ_and_more_may_not() -> None:
    near = replace(DRAWN[0], probabilities=(0.9 + GOLDEN.tolerance / 2, 0.1))
    far = replace(DRAWN[0], probabilities=(0.9 + GOLDEN.tolerance * 2, 0.1))
    assert differences(AWS, replace(GCP, drawn=(near, DRAWN[1]))) == []
    (told,) = differences(AWS, replace(GCP, drawn=(far, DRAWN[1])))
    assert told.startswith("gcp: drawn rows: 1 of 2 differ from aws's; row 0: benign (0.9")


def test_another_label_is_a_difference_even_beside_equal_probabilities() -> None:
    (told,) = differences(AWS, replace(GCP, drawn=(replace(DRAWN[0], label="malignant"), DRAWN[1])))
    assert "there benign" in told


def test_nan_is_a_difference() -> None:
    nan = replace(DRAWN[0], probabilities=(float("nan"), 0.1))
    assert len(differences(AWS, replace(GCP, drawn=(nan, DRAWN[1])))) == 1


def test_a_wrong_golden_row_is_told_of_the_site_that_gave_it() -> None:
    wrong = (replace(RIGHT[0], label="benign" if RIGHT[0].label == "malignant" else "malignant"), *RIGHT[1:])
    found = compare([AWS, replace(GCP, golden=wrong)], GOLDEN, {})
    assert [difference.site for difference in found.differences] == ["gcp"]
    assert found.rows[1].golden_right == len(RIGHT) - 1


def test_a_model_that_nobody_deployed_is_a_difference() -> None:
    (told,) = differences(AWS, replace(GCP, digest=OTHER))
    assert told == f"gcp: model: serves {OTHER}, not {GOLDEN.digest}"


def test_two_models_are_right_while_a_release_goes_from_site_to_site() -> None:
    late = replace(GCP, digest=OTHER, drawn=(DRAWN[1], DRAWN[0]), golden=(RIGHT[1], *RIGHT[1:]))
    found = compare([AWS, late], GOLDEN, {"gcp": OTHER})
    assert found.differences == ()
    assert f"{OTHER} at gcp" in found.notes[0]
    assert (found.rows[1].beside, found.rows[1].golden_asked) == ("", 0)


def test_headers_differ_but_for_those_of_one_answer_or_one_cloud() -> None:
    told = differences(AWS, replace(GCP, headers={"content-type": "application/json", "x-frame-options": "DENY"}))
    assert told == [
        "gcp: header cache-control: absent, at aws no-store",
        "gcp: header x-frame-options: DENY, at aws absent",
    ]


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal(200, "application/json", {}), "gcp: no JSON: 200 application/json, at aws 400 urn:x"),
        (
            Refusal(400, "application/json", {"type": "urn:x", "detail": "line 2"}),
            "gcp: no JSON: 400 urn:x in other words",
        ),
        (Refusal(413, "text/html", "<h1>"), "gcp: no JSON: 413 text/html, at aws 400 urn:x"),
    ],
)
def test_a_refusal_in_other_words_is_a_difference(refusal: Refusal, told: str) -> None:
    assert differences(AWS, replace(GCP, refusals={"no JSON": refusal})) == [told]


def test_a_site_that_does_not_answer_is_told_and_the_others_are_compared() -> None:
    silent = SiteAnswers("azure", error="ConnectTimeout")
    found = compare([silent, AWS, GCP], GOLDEN, {})
    assert [str(difference) for difference in found.differences] == ["azure: does not answer: ConnectTimeout"]
    assert [row.site for row in found.rows] == ["aws", "gcp"]


def test_answers_of_another_width_have_no_gap() -> None:
    assert str(find_gap(DRAWN[0], Answer("benign", (1.0,)))) == "nan"
