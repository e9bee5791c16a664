"""Route 53's API as boto3 sees it over HTTP: what moto lacks, and what it lets through."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from failover.simulator import MovingRoute53

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

H = "api.outlast.example"


@pytest.fixture(scope="module")
def client(route53: MovingRoute53) -> Route53Client:
    return route53.client()


@pytest.fixture
def zone(client: Route53Client) -> Iterator[str]:
    zone_id = client.create_hosted_zone(Name="outlast.example", CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]
    yield zone_id
    records = client.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    if mine := [record for record in records if record["Type"] not in ("SOA", "NS")]:
        change(client, zone_id, *(("DELETE", record) for record in mine))
    client.delete_hosted_zone(Id=zone_id)


def change(client: Route53Client, zone: str, *changes: tuple[str, Any]) -> Any:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    return client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)  # type: ignore[arg-type]


def new_check(client: Route53Client, **more: Any) -> dict[str, Any]:
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "nowhere.example", "RequestInterval": 30, **more}
    created = client.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)  # type: ignore[arg-type]
    return dict(created["HealthCheck"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def plain(value: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    return {"Name": H, "Type": "A", "TTL": 30, "ResourceRecords": [{"Value": value}], **more}


# -- records ---------------------------------------------------------------------------------------------------------


def test_a_change_is_pending_then_insync_and_has_an_id_of_its_own(client: Route53Client, zone: str) -> None:
    first = change(client, zone, ("CREATE", plain()))["ChangeInfo"]
    second = change(client, zone, ("UPSERT", plain("192.0.2.2")))["ChangeInfo"]
    assert (first["Status"], second["Status"]) == ("PENDING", "PENDING")
    assert first["Id"] != second["Id"]
    assert client.get_change(Id=first["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    client.get_waiter("resource_record_sets_changed").wait(Id=second["Id"])


def test_a_refused_batch_changes_nothing(client: Route53Client, zone: str) -> None:
    change(client, zone, ("CREATE", plain()))
    with pytest.raises(ClientError, match="but it already exists") as error:
        change(client, zone, ("UPSERT", plain("192.0.2.9", Name=f"new.{H}")), ("CREATE", plain()))
    assert code_of(error) == ("InvalidChangeBatch", 400)
    assert isinstance(error.value, client.exceptions.InvalidChangeBatch)
    assert len(client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]) == 3


def test_wildcards_are_listed_escaped_and_deleted_as_listed(client: Route53Client, zone: str) -> None:
    change(client, zone, ("CREATE", plain(Name="*.outlast.example")))
    listed = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (wildcard,) = [record for record in listed if record["Type"] == "A"]
    assert wildcard["Name"] == "\\052.outlast.example."
    change(client, zone, ("DELETE", wildcard))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda c, z: change(c, "Z0", ("CREATE", plain())), ("NoSuchHostedZone", 404)),
        (lambda c, z: change(c, z, ("CREATE", plain(HealthCheckId="gone"))), ("NoSuchHealthCheck", 404)),
        (lambda c, z: change(c, z, ("CREATE", plain(Type="BOGUS"))), ("InvalidInput", 400)),
        (lambda c, z: c.get_change(Id="C0"), ("NoSuchChange", 404)),
        (lambda c, z: c.get_hosted_zone(Id="Z0"), ("NoSuchHostedZone", 404)),
        (lambda c, z: c.get_health_check(HealthCheckId="gone"), ("NoSuchHealthCheck", 404)),
        (lambda c, z: c.update_health_check(HealthCheckId="gone", Disabled=True), ("NoSuchHealthCheck", 404)),
        (lambda c, z: c.delete_health_check(HealthCheckId="gone"), ("NoSuchHealthCheck", 404)),
        (lambda c, z: c.get_health_check_status(HealthCheckId="gone"), ("NoSuchHealthCheck", 404)),
        (lambda c, z: c.test_dns_answer(HostedZoneId="Z0", RecordName=H, RecordType="A"), ("NoSuchHostedZone", 404)),
    ],
)
def test_unknown_things_are_refused(client: Route53Client, zone: str, call: Any, expected: tuple[str, int]) -> None:
    with pytest.raises(ClientError) as error:
        call(client, zone)
    assert code_of(error) == expected


def test_pages_list_every_record_once_in_route_53s_order(client: Route53Client, zone: str) -> None:
    group = [plain(Name=f"w.{H}", SetIdentifier=f"{n:02}", Weight=1) for n in range(12)]
    change(client, zone, *(("CREATE", record) for record in [*group, *(plain(Name=f"{n}.{H}") for n in "bac")]))
    pages = client.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 5}
    )
    listed = [(r["Name"], r.get("SetIdentifier")) for page in pages for r in page["ResourceRecordSets"]]
    apex = [("outlast.example.", None)] * 2
    singles = [(f"{n}.{H}.", None) for n in "abc"]
    assert listed == [*apex, *singles, *((f"w.{H}.", f"{n:02}") for n in range(12))]
    start = client.list_resource_record_sets(HostedZoneId=zone, StartRecordName=f"c.{H}", MaxItems="1")
    assert (start["ResourceRecordSets"][0]["Name"], start["NextRecordIdentifier"]) == (f"c.{H}.", "00")


def test_a_zone_that_holds_records_is_not_deleted(client: Route53Client, zone: str) -> None:
    change(client, zone, ("CREATE", plain()))
    with pytest.raises(ClientError) as error:
        client.delete_hosted_zone(Id=zone)
    assert code_of(error)[0] == "HostedZoneNotEmpty"


def test_a_caller_reference_makes_one_zone(client: Route53Client, zone: str) -> None:
    reference = client.get_hosted_zone(Id=zone)["HostedZone"]["CallerReference"]
    with pytest.raises(ClientError) as error:
        client.create_hosted_zone(Name="outlast.example", CallerReference=reference)
    assert code_of(error) == ("HostedZoneAlreadyExists", 409)


@pytest.mark.parametrize("name", ["", "a..example", "a" * 64 + ".example", ".".join(["a" * 60] * 5), "a b.example"])
def test_a_zone_has_a_name_that_can_be_one(client: Route53Client, name: str) -> None:
    with pytest.raises(ClientError, match="FATAL problem: ") as error:
        client.create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex)
    assert code_of(error) == ("InvalidDomainName", 400)


def test_a_page_of_no_length_is_refused(client: Route53Client, zone: str) -> None:
    for length in ("0", "many"):
        with pytest.raises(ClientError, match="at 'maxItems'") as error:
            client.list_resource_record_sets(HostedZoneId=zone, MaxItems=length)
        assert code_of(error) == ("InvalidInput", 400)


def test_what_the_name_servers_answer_can_be_asked(client: Route53Client, zone: str, route53: MovingRoute53) -> None:
    change(client, zone, ("CREATE", plain(Type="CNAME", ResourceRecords=[{"Value": f"aws.{H}"}])))
    change(client, zone, ("CREATE", plain(Name=f"aws.{H}")))
    answers = {
        name: client.test_dns_answer(HostedZoneId=zone, RecordName=name, RecordType="A") for name in (H, f"no.{H}")
    }
    assert (answers[H]["RecordData"], answers[H]["ResponseCode"]) == (["192.0.2.1"], "NOERROR")
    assert (answers[f"no.{H}"]["RecordData"], answers[f"no.{H}"]["ResponseCode"]) == ([], "NXDOMAIN")


# -- health checks ---------------------------------------------------------------------------------------------------


def test_versions_are_counted_and_a_stale_one_is_refused(client: Route53Client) -> None:
    check = new_check(client)
    assert check["HealthCheckVersion"] == 1
    updated = client.update_health_check(HealthCheckId=check["Id"], HealthCheckVersion=1, Disabled=True, Inverted=True)
    assert updated["HealthCheck"]["HealthCheckVersion"] == 2
    with pytest.raises(client.exceptions.HealthCheckVersionMismatch) as error:
        client.update_health_check(HealthCheckId=check["Id"], HealthCheckVersion=1, Disabled=False)
    assert code_of(error) == ("HealthCheckVersionMismatch", 409)
    now = client.get_health_check(HealthCheckId=check["Id"])["HealthCheck"]
    assert (now["HealthCheckVersion"], now["HealthCheckConfig"]["Disabled"]) == (2, True)
    assert (
        client.update_health_check(HealthCheckId=check["Id"], Disabled=False)["HealthCheck"]["HealthCheckVersion"] == 3
    )


def test_https_has_port_443_and_sni_by_default(client: Route53Client) -> None:
    config = new_check(client)["HealthCheckConfig"]
    assert (config["Port"], config["EnableSNI"]) == (443, True)


def test_a_caller_reference_makes_one_health_check(client: Route53Client) -> None:
    config: Any = {"Type": "HTTPS", "FullyQualifiedDomainName": "nowhere.example"}
    ids = {
        client.create_health_check(CallerReference="same", HealthCheckConfig=config)["HealthCheck"]["Id"] for _ in "12"
    }
    assert len(ids) == 1
    with pytest.raises(ClientError) as error:
        client.create_health_check(CallerReference="same", HealthCheckConfig={**config, "FailureThreshold": 9})
    assert code_of(error) == ("HealthCheckAlreadyExists", 409)


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"FailureThreshold": 10, "IPAddress": "192.0.2.1"}, "can't add an IPAddress"),
        ({"ResetElements": ["FullyQualifiedDomainName"]}, "Specify IPAddress or FullyQualifiedDomainName"),
        ({"SearchString": "x"}, "SearchString is not supported"),
    ],
)
def test_updates_that_make_no_sense_are_refused(client: Route53Client, update: dict[str, Any], told: str) -> None:
    check = new_check(client)
    with pytest.raises(ClientError, match=told) as error:
        client.update_health_check(HealthCheckId=check["Id"], **update)
    assert code_of(error)[0] == "InvalidInput"
    assert client.get_health_check(HealthCheckId=check["Id"])["HealthCheck"] == check


def test_an_interval_of_17_seconds_is_refused(client: Route53Client) -> None:
    with pytest.raises(ClientError, match="RequestInterval must be 10 or 30"):
        new_check(client, RequestInterval=17)


def test_status_counts_ranges_and_reasons(client: Route53Client, route53: MovingRoute53) -> None:
    check = new_check(client, RequestInterval=10)["Id"]  # its name has no address
    route53.wait_until(lambda: len(route53.status(check).observations) == 8, timeout_seconds=60)
    for ask in (client.get_health_check_status, client.get_health_check_last_failure_reason):
        seen = ask(HealthCheckId=check)["HealthCheckObservations"]
        assert {one["Region"] for one in seen} >= {"us-east-1", "sa-east-1"}
        assert all("DNS resolution failed" in one["StatusReport"]["Status"] for one in seen)
    assert client.get_health_check_count()["HealthCheckCount"] == len(client.list_health_checks()["HealthChecks"])
    assert client.get_checker_ip_ranges()["CheckerIpRanges"] == ["127.0.0.1/32"]
    client.delete_health_check(HealthCheckId=check)


def test_a_calculated_check_has_no_observations(client: Route53Client) -> None:
    child = new_check(client)["Id"]
    parent = client.create_health_check(
        CallerReference=uuid.uuid4().hex,
        HealthCheckConfig={"Type": "CALCULATED", "ChildHealthChecks": [child], "HealthThreshold": 1},
    )["HealthCheck"]["Id"]
    with pytest.raises(ClientError, match="calculated") as error:
        client.get_health_check_status(HealthCheckId=parent)
    assert code_of(error) == ("InvalidInput", 400)


# -- alarms ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def alarm(route53: MovingRoute53) -> Iterator[Any]:
    """A CloudWatch alarm, and what sets its state."""
    cloudwatch = boto3.client("cloudwatch", endpoint_url=route53.endpoint_url, region_name="eu-west-1")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", Namespace="site", MetricName="errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    yield lambda state: cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="a test")
    cloudwatch.delete_alarms(AlarmNames=["errors"])


def alarm_check(client: Route53Client, **more: Any) -> dict[str, Any]:
    config: Any = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "eu-west-1", "Name": "errors"}, **more}
    return dict(client.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)["HealthCheck"])


def test_a_check_follows_its_alarm_and_dns_follows_the_check(
    client: Route53Client, zone: str, route53: MovingRoute53, alarm: Any
) -> None:
    check = alarm_check(client)["Id"]
    group = {"Weight": 1, "SetIdentifier": "a", "HealthCheckId": check}
    change(client, zone, ("CREATE", plain(**group)))
    change(client, zone, ("CREATE", plain("192.0.2.2", Weight=0, SetIdentifier="b")))
    for state, answered in (("OK", "192.0.2.1"), ("ALARM", "192.0.2.2"), ("OK", "192.0.2.1")):
        alarm(state)
        assert route53.ask(H).records[0].values == (answered,), state
    with pytest.raises(ClientError, match="of an alarm cannot be had by this call"):
        client.get_health_check_status(HealthCheckId=check)


@pytest.mark.parametrize("wanted", ["Healthy", "Unhealthy", "LastKnownStatus"])
def test_without_enough_data_the_setting_decides(
    client: Route53Client, route53: MovingRoute53, alarm: Any, wanted: str
) -> None:
    check = alarm_check(client, InsufficientDataHealthStatus=wanted)["Id"]
    for before in ("ALARM", "OK"):
        alarm(before)
        alarm("INSUFFICIENT_DATA")
        expected = before == "OK" if wanted == "LastKnownStatus" else wanted == "Healthy"
        assert route53.status(check).healthy is expected


def test_a_check_of_an_alarm_is_read_back_whole_updated_and_restored(
    client: Route53Client, route53: MovingRoute53
) -> None:
    """moto drops its alarm and its setting on read, and makes up a port and an interval."""
    made = alarm_check(client, InsufficientDataHealthStatus="Unhealthy")
    identifier = {"Region": "eu-west-1", "Name": "errors"}
    plainly = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": identifier, "Inverted": False, "Disabled": False}
    assert made["HealthCheckConfig"] == {**plainly, "InsufficientDataHealthStatus": "Unhealthy"}
    assert not route53.status(made["Id"]).healthy  # there is no such alarm: not enough data
    other: Any = {"Region": "us-east-1", "Name": "other"}
    client.update_health_check(HealthCheckId=made["Id"], AlarmIdentifier=other)
    expected = {**plainly, "AlarmIdentifier": other, "InsufficientDataHealthStatus": "Unhealthy"}
    assert client.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]["HealthCheckConfig"] == expected
    route53.restore(route53.snapshot())
    again = client.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]
    assert (again["HealthCheckConfig"], again["HealthCheckVersion"]) == (expected, 2)


# -- the account -----------------------------------------------------------------------------------------------------

ONCE = Config(retries={"total_max_attempts": 1})


def once(route53: MovingRoute53) -> Route53Client:
    return boto3.client("route53", endpoint_url=route53.endpoint_url, region_name="us-east-1", config=ONCE)


def test_an_account_takes_its_own_credentials_only_and_no_web_page() -> None:
    with MovingRoute53(access_key_id="AKIAOUTLASTOUTLAST00") as mine:
        assert mine.client().list_hosted_zones()["HostedZones"] == []
        with pytest.raises(ClientError) as error:
            once(mine).list_hosted_zones()
        assert code_of(error) == ("InvalidClientTokenId", 403)
        url = f"{mine.endpoint_url}/2013-04-01/hostedzone"
        signed = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIAOUTLASTOUTLAST00/20261129/us-east-1/route53/aws4"}
        assert "MissingAuthenticationToken" in httpx.get(url).text
        answered = httpx.get(url, headers=signed)
        assert answered.status_code == 200
        assert not [name for name in answered.headers if name.startswith("access-control")]
        made = httpx.post(url, headers=signed | {"origin": "https://evil.example"}, content=b"<x/>")
        assert (made.status_code, "AccessDenied" in made.text) == (403, True)
        assert mine.provider_client().list_hosted_zones()["HostedZones"] == []


def test_zones_and_checks_come_in_pages(client: Route53Client, route53: MovingRoute53) -> None:
    for name in ("pages.example", "a.pages.example", "b.pages.example"):
        client.create_hosted_zone(Name=name, CallerReference=name)
    for number in range(3):
        new_check(client, ResourcePath=f"/{number}")
    found = client.list_hosted_zones_by_name(DNSName="a.pages.example", MaxItems="1")
    assert [zone["Name"] for zone in found["HostedZones"]] == ["a.pages.example."]
    assert (found["IsTruncated"], found["NextDNSName"], found["MaxItems"]) == (True, "b.pages.example.", "1")
    anyhow: Any = client
    for operation, member in (("list_hosted_zones", "HostedZones"), ("list_health_checks", "HealthChecks")):
        pages = list(anyhow.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}))
        ids = [one["Id"] for page in pages for one in page[member]]
        assert len(pages) > 1 and all(page["IsTruncated"] for page in pages[:-1])
        assert len(ids) == len(set(ids)) >= 3


def test_more_than_five_requests_a_second_are_throttled() -> None:
    with MovingRoute53(requests_per_second=5) as slow:
        client = once(slow)
        with pytest.raises(ClientError) as error:
            for _ in range(20):
                client.list_hosted_zones()
        assert code_of(error) == ("Throttling", 400)
        slow.set_speed(15)  # a simulated second is over sooner
        patient = slow.client()  # boto3's own retries get through
        assert [patient.list_hosted_zones()["HostedZones"] for _ in range(2)] == [[], []]
        slow.set_speed(1)
        provider = slow.provider_client()
        assert all(provider.list_hosted_zones()["HostedZones"] == [] for _ in range(20))


def test_the_control_plane_can_be_down_while_dns_answers(
    client: Route53Client, zone: str, route53: MovingRoute53
) -> None:
    change(client, zone, ("CREATE", plain()))
    route53.set_control_plane(available=False)
    try:
        with pytest.raises(ClientError) as error:
            once(route53).list_hosted_zones()
        assert code_of(error) == ("ServiceUnavailable", 503)
        assert route53.ask(H).records[0].values == ("192.0.2.1",)
    finally:
        route53.set_control_plane(available=True)


def test_other_services_of_moto_answer_at_the_same_place(route53: MovingRoute53) -> None:
    sts = boto3.client("sts", endpoint_url=route53.endpoint_url, region_name="us-east-1")
    assert len(sts.get_caller_identity()["Account"]) == 12


def test_a_body_that_is_not_xml_is_refused(route53: MovingRoute53) -> None:
    answer = httpx.post(f"{route53.endpoint_url}/2013-04-01/healthcheck", content=b"<broken", trust_env=False)
    assert answer.status_code == 400
    assert "<Code>InvalidInput</Code>" in answer.text
