"""What is asked of a deployment, and what is wrong with an answer."""

from __future__ import annotations

import pytest

from outlast.init_deployment.questions import (
    asked_of,
    chosen_clouds,
    fill,
    find_mistakes,
    has_bases,
    state_cloud,
    title_of,
)

GIVEN = {
    "domain": "example.org",
    "aws_account": "123456789012",
    "azure_subscription": "11111111-2222-3333-4444-555555555555",
    "azure_vault": "kv-prod",
    "gcp_project": "example-prod",
    "model": "tumour",
    "state": "s3://our-state",
}


def test_what_was_not_answered_has_a_default_that_follows_from_the_rest() -> None:
    found = fill(GIVEN)
    assert (found["host"], found["prefix"], found["clouds"]) == ("api.example.org", "example", "aws,azure,gcp")
    assert (found["size"], found["budget"], found["secrets"]) == ("small", "300", "passphrase")
    assert fill({**GIVEN, "size": "production"})["budget"] == "1500"
    assert find_mistakes("prod", found, ["tumour"]) == []


def test_production_needs_to_know_whose_it_is_and_who_pays() -> None:
    found = find_mistakes("prod", fill({**GIVEN, "size": "production"}), ["tumour"])
    assert [mistake.place for mistake in found] == ["--owner", "--cost-centre"]


def test_only_production_is_asked_how_long_audit_records_are_kept() -> None:
    assert "audit_days" not in fill(GIVEN) and not has_bases(fill(GIVEN))
    assert not any(question.key == "audit_days" for question in asked_of(fill(GIVEN)))
    whole = fill({**GIVEN, "size": "production"})
    assert whole["audit_days"] == "30" and has_bases(whole)
    assert any(question.key == "audit_days" for question in asked_of(whole))
    assert not any(has_bases(fill({**whole, "audit_days": none})) for none in ("0", "00"))
    assert has_bases(fill({**GIVEN, "audit_days": "7"})), "a flag answers it in every size"


def test_a_domain_that_begins_with_a_digit_gives_no_prefix() -> None:
    assert fill({**GIVEN, "domain": "9lives.example"})["prefix"] == "outlast"


def test_a_cloud_that_is_not_chosen_is_not_asked_about() -> None:
    found = fill({"clouds": "aws, gcp"})
    assert chosen_clouds(found) == ["aws", "gcp"]
    assert not any(question.cloud == "azure" for question in asked_of(found))
    assert "azure_region" not in found and found["gcp_region"] == "us-central1"


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"domain": ""}, "--domain", "is missing"),
        ({"clouds": "aws,azur"}, "--clouds", "'azur' is none"),
        ({"clouds": "aws,aws"}, "--clouds", "aws,aws"),
        ({"model": "spam"}, "--model", "no model 'spam' is released"),
        ({"state": "ftp://x"}, "--state", "no backend"),
        ({"secrets": "rot13"}, "--secrets", "encrypts nothing"),
    ],
)
def test_each_wrong_answer_is_named(changed: dict[str, str], place: str, said: str) -> None:
    found = find_mistakes("prod", fill(GIVEN | changed), ["tumour"])
    assert any(mistake.place == place and said in mistake.what for mistake in found), found


def test_a_name_that_is_none() -> None:
    assert [mistake.place for mistake in find_mistakes("Prod", fill(GIVEN), ["tumour"])] == ["NAME"]


@pytest.mark.parametrize(
    ("state", "cloud"),
    [("s3://x", "aws"), ("azblob://x", "azure"), ("gs://x", "gcp"), ("file:///x", ""), ("pulumi", "")],
)
def test_where_the_state_lies(state: str, cloud: str) -> None:
    assert state_cloud({"state": state}) == cloud
    assert title_of("gcp") == "Google Cloud"
