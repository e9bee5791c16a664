"""What the linter is told of a site: by the tags of its checks and by its own answer."""

from __future__ import annotations

from dataclasses import replace

from failover.oncall.facts import describe_site
from failover.oncall.standing import CheckStanding
from tests.failover.oncall.standings import DEAD, RIGHT, site

ENDPOINT = CheckStanding("end", 1, tags={"outlast:cloud": "aws", "outlast:capacity-rps": "100"})
SWITCH = CheckStanding("switch", 1, inverted=True, tags={"outlast:switch-cloud": "azure"})


def test_tags_below_a_calculated_check_count() -> None:
    gate = CheckStanding("gate", 1, kind="CALCULATED", children=(ENDPOINT, SWITCH), children_needed=2)
    facts = describe_site(replace(site("aws"), check=gate))
    assert (facts.cloud, facts.capacity_rps, facts.switch_cloud) == ("aws", 100.0, "azure")
    assert facts.certificate_ends == RIGHT.certificate_ends


def test_what_a_site_answers_counts_more_than_its_tags() -> None:
    tagged = {"outlast:model-digest": "sha256:old"}
    assert describe_site(site("aws", tags=tagged)).model_digest == "sha256:one"
    assert describe_site(site("aws", DEAD, tags=tagged)).model_digest == "sha256:old"


def test_what_nobody_tells_is_left_out() -> None:
    facts = describe_site(replace(site("aws", DEAD), check=None))
    assert (facts.cloud, facts.capacity_rps, facts.model_digest, facts.certificate_ends) == ("", None, None, None)
    assert describe_site(site("aws", tags={"outlast:capacity-rps": "many"})).capacity_rps is None
