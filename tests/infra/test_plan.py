"""Names, ranges, capacity and routing: what is decided before anything is created."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import plan
from infra.contract import Replicas
from infra.plan import Candidate

LABELS = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True)


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_sandbox_names_are_taken_by_every_cloud(cloud: str) -> None:
    assert plan.list_bad_names(cloud, "outlast", cloud) == []


@settings(max_examples=50)
@given(cloud=st.sampled_from(["aws", "azure", "gcp"]), prefix=LABELS, site=LABELS)
def test_a_prefix_is_refused_exactly_when_some_name_would_be(cloud: str, prefix: str, site: str) -> None:
    name = plan.name_site(prefix, site)
    longest = min(rule.longest for rule in plan.NAME_RULES[cloud].values())
    bad = plan.list_bad_names(cloud, prefix, site)
    if len(name) > longest:
        assert bad
    elif len(plan.name_registry(prefix, site)) >= 6 and not name.startswith("internal-"):
        assert bad == []
    assert all(repr(name) in why or plan.name_registry(prefix, site) in why for why in bad)


@pytest.mark.parametrize(
    ("path", "kept"),
    [("/healthz", True), ("/quiz", True), ("/eventlog", True), ("/_ah/health", True), ("/health", False), ("/", False)],
)
def test_paths_that_cloud_run_keeps_for_itself(path: str, kept: bool) -> None:
    assert plan.is_kept_by_cloud_run(path) is kept


@settings(max_examples=50)
@given(prefix=LABELS, site=LABELS)
def test_a_registry_has_letters_and_digits_only(prefix: str, site: str) -> None:
    assert plan.name_registry(prefix, site).isalnum()


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("api.example.com", True),
        ("a.b", True),
        ("xn--bcher-kva.example", True),
        ("example", False),
        ("Api.example.com", False),
        ("*.example.com", False),
        ("-api.example.com", False),
        ("api-.example.com", False),
        ("a_b.example.com", False),
        ("api.example.com.", False),
        ("", False),
        (f"{'a' * 64}.com", False),
        (".".join(["a" * 63] * 4), False),
        (f"{'a' * 63}.com\n", False),
    ],
)
def test_host_names(name: str, good: bool) -> None:
    assert plan.is_host(name) is good


@pytest.mark.parametrize(
    ("address", "good"), [("192.0.2.1", True), ("::1", False), ("aws.api.example.com", False), ("", False)]
)
def test_addresses_are_told_from_names(address: str, good: bool) -> None:
    assert plan.is_ipv4(address) is good


@settings(max_examples=50)
@given(prefix=st.integers(8, 26), count=st.integers(1, 6))
def test_subnets_are_equal_disjoint_inside_and_as_large_as_can_be(prefix: int, count: int) -> None:
    whole = ipaddress.IPv4Network(f"10.0.0.0/{prefix}")
    parts = [ipaddress.IPv4Network(s) for s in plan.split_range(str(whole), count)]
    assert len(parts) == count
    assert all(p.subnet_of(whole) for p in parts)
    assert not any(a.overlaps(b) for i, a in enumerate(parts) for b in parts[:i])
    assert {p.num_addresses for p in parts} == {parts[0].num_addresses}
    assert count > whole.num_addresses // (2 * parts[0].num_addresses) or count == 1


@settings(max_examples=50)
@given(low=st.integers(1, 50), more=st.integers(0, 50), rps=st.integers(1, 1000))
def test_capacity_counts_what_can_run(low: int, more: int, rps: int) -> None:
    replicas = Replicas(low, low + more)
    assert plan.capacity(replicas, rps) == rps * (low + more)


@given(rps=st.integers(1, 1_000_000))
def test_another_replica_is_started_before_one_bears_no_more(rps: int) -> None:
    assert 1 <= plan.tracked_requests(rps) < rps * 60


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(Candidate, LABELS, st.integers(0, 255), st.sampled_from([None, "old", "new", "other"])),
        unique_by=lambda c: c.name,
    ),
    st.sampled_from([("old",), ("new",), ("old", "new")]),
)
def test_weight_is_given_to_sites_that_serve_an_accepted_model_and_to_no_other(
    candidates: list[Candidate], accepted: tuple[str, ...]
) -> None:
    routing = plan.plan_routing(candidates, accepted)
    assert routing.weights == {c.name: c.weight for c in candidates if c.model_digest in accepted}
    assert routing.left_out.keys() == {c.name for c in candidates} - routing.weights.keys()


def test_reasons_say_what_is_missing() -> None:
    routing = plan.plan_routing([Candidate("a", 1, None), Candidate("b", 1, "sha256:old")], ["sha256:new"])
    assert "never brought up, or it was destroyed" in routing.left_out["a"]
    assert "sha256:old, which is not accepted" in routing.left_out["b"]


def test_environment_names_the_site_and_the_model_and_adds_what_the_file_says() -> None:
    assert plan.environment("aws-eu", {"tumour": "sha256:abc"}, {"OUTLAST_AUTH": "off"}) == {
        "OUTLAST_SITE": "aws-eu",
        "OUTLAST_MODEL_DIGESTS": '{"tumour": "sha256:abc"}',
        "OUTLAST_AUTH": "off",
    }


def test_environment_says_which_of_several_models_is_asked_where_none_is_named() -> None:
    assert plan.environment("aws", {"b": "sha256:1", "a": "sha256:2"}, {}) == {
        "OUTLAST_SITE": "aws",
        "OUTLAST_MODEL_DIGESTS": '{"b": "sha256:1", "a": "sha256:2"}',
        "OUTLAST_DEFAULT_MODEL": "b",
    }


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OUTLAST_DRILLS": "on", "OUTLAST_FAULTS": "https://b/a.json"}, "https://b/a.json"),
        ({"OUTLAST_DRILLS": "on", "OUTLAST_FAULTS": "https://b/a.json?X-Amz-Signature=secret"}, "https://b/a.json"),
        ({"OUTLAST_DRILLS": "off", "OUTLAST_FAULTS": "https://b/a.json"}, ""),
        ({"OUTLAST_DRILLS": "on", "OUTLAST_FAULTS": "/etc/flag"}, ""),
        ({}, ""),
    ],
)
def test_a_fault_flag_is_told_without_what_only_its_reader_may_know(variables: dict[str, str], told: str) -> None:
    assert plan.fault_flag(variables) == told


def test_a_tag_holds_what_it_can_and_nothing_that_is_cut() -> None:
    assert plan.drill_tags("arn", "") == {"workload": "arn"}
    assert plan.drill_tags("x" * 257, "https://b/a") == {"fault-flag": "https://b/a"}
