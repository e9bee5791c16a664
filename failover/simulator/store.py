"""Where moto keeps Route 53's records and health checks, and the only edits of moto's insides in this project.

Everything is *read* through boto3, in this process and without a socket. What moto cannot be asked to do through its
API (keep an id, count versions, replace a zone's records as one) is written into its objects here, and nowhere else;
tests/failover/simulator/test_store.py fails when moto changes them.
"""

from __future__ import annotations

import contextlib
import functools
import io
import random
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config as BotocoreConfig
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.route53.models import HealthCheck, RecordSet, Route53Backend, route53_backends
from werkzeug.test import EnvironBuilder, run_wsgi_app

from failover.simulator.wire import Reply

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

Record = dict[str, Any]
ALL = "100000"  # MaxItems: moto's pages split a weighted group and then repeat it, so there is only one page
NOWHERE = "http://moto.invalid"  # never connected to: requests are handed to moto before they are sent
ACCOUNT_HEADER = "x-moto-account-id"
RESETTABLE = {
    "ChildHealthChecks": "children",
    "FullyQualifiedDomainName": "fqdn",
    "Regions": "regions",
    "ResourcePath": "resource_path",
}
ALARM_KEYS = ("AlarmIdentifier", "InsufficientDataHealthStatus")
SOA_VALUE = "ns-2048.awsdns-64.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"


_MOTO_CHANCE = threading.Lock()
_STORES: weakref.WeakValueDictionary[str, Store] = weakref.WeakValueDictionary()


class Store:
    """moto's Route 53 of one account; other accounts in the same process are not seen."""

    def __init__(self, account_id: str | None = None, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self.account_id = account_id or _take_account(self._chance)
        _STORES[self.account_id] = self
        self.client: Route53Client = in_process_client(self.forward, "route53")

    def forward(self, environ: Mapping[str, Any]) -> Reply:
        """Let moto answer a WSGI request, in this account whatever its credentials."""
        placed = dict(environ) | {f"HTTP_{ACCOUNT_HEADER.upper().replace('-', '_')}": self.account_id}
        chunks, status, headers = run_wsgi_app(_moto(), placed, buffered=True)
        return Reply(int(status.split()[0]), b"".join(chunks), tuple(headers.items()))

    # -- reading, through boto3 --------------------------------------------------------------------------------------

    def zones(self) -> list[dict[str, Any]]:
        """Every hosted zone."""
        return [dict(zone) for zone in self.client.list_hosted_zones(MaxItems=ALL)["HostedZones"]]

    def records(self, zone_id: str) -> list[Record]:
        """Every record set of a zone."""
        listed = self.client.list_resource_record_sets(HostedZoneId=zone_id, MaxItems=ALL)
        return [dict(record) for record in listed["ResourceRecordSets"]]

    def health_checks(self) -> dict[str, dict[str, Any]]:
        """Every health check by id."""
        return {check["Id"]: dict(check) for check in self.client.list_health_checks(MaxItems=ALL)["HealthChecks"]}

    def alarms(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The states of those of `wanted` CloudWatch alarms, (region, name), that exist."""
        states = {}
        for region, name in set(wanted):
            client = in_process_client(self.forward, "cloudwatch", region)
            for alarm in client.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
                states[region, name] = str(alarm["StateValue"])
        return states

    def tags(self, kind: str, resource_id: str) -> list[dict[str, str]]:
        """Tags of a `healthcheck` or a `hostedzone`."""
        found = self.client.list_tags_for_resource(ResourceType=cast(Any, kind), ResourceId=resource_id)
        return [dict(tag) for tag in cast(Iterable[Any], found["ResourceTagSet"]["Tags"])]

    def snapshot(self) -> dict[str, Any]:
        """All of it as plain JSON data, for `restore`."""
        return {"zones": [self.keep_zone(zone) for zone in self.zones()], "health_checks": self.keep_checks()}

    def keep_zone(self, zone: Mapping[str, Any]) -> dict[str, Any]:
        """One zone, as listed, with its records and tags."""
        zone_id = bare_id(zone["Id"])
        return {**zone, "Id": zone_id, "Records": self.records(zone_id), "Tags": self.tags("hostedzone", zone_id)}

    def keep_checks(self) -> list[dict[str, Any]]:
        """Every health check with its tags."""
        return [{**check, "Tags": self.tags("healthcheck", id_)} for id_, check in self.health_checks().items()]

    def create_zone(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A new hosted zone, as CreateHostedZone answers, with the records that Route 53 gives it."""
        with self._ids():
            created: dict[str, Any] = dict(self.client.create_hosted_zone(**asked))
        self._mend_new_zone(bare_id(created["HostedZone"]["Id"]))
        return created

    # -- writing, into moto's objects --------------------------------------------------------------------------------

    def write_records(self, zone_id: str, records: Sequence[Record]) -> None:
        """Replace the records of a zone. moto's own change call deletes too much, and checks nothing."""
        zone = self._backend.get_hosted_zone(zone_id)
        zone.rrsets = [
            _MotoRecordSet({**record, "ResourceRecords": [item["Value"] for item in record.get("ResourceRecords", ())]})
            for record in records
        ]

    def _mend_new_zone(self, zone_id: str) -> None:
        """Give a new zone the NS and SOA records that Route 53 gives it; moto's SOA is the text of a Python dict."""
        zone = self._backend.get_hosted_zone(zone_id)
        servers = [f"{server}." for server in zone.delegation_set.name_servers]  # type: ignore[union-attr]
        values = {"NS": (172_800, servers), "SOA": (900, [SOA_VALUE])}
        self.write_records(
            zone_id,
            [
                {"Name": zone.name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": text} for text in texts]}
                for kind, (ttl, texts) in values.items()
            ],
        )

    def create_health_check(self, reference: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """A new health check, as moto keeps it."""
        with self._ids():
            created = self.client.create_health_check(CallerReference=reference, HealthCheckConfig=cast(Any, config))
        check_id = created["HealthCheck"]["Id"]
        self._keep_alarm(check_id, config)
        return dict(self.client.get_health_check(HealthCheckId=check_id)["HealthCheck"])

    def update_health_check(self, check_id: str, changes: Mapping[str, Any]) -> None:
        """Change a health check and count its version; what is not named stays (moto forgets regions and children)."""
        check = self._backend.get_health_check(check_id)
        kept = {"ChildHealthChecks": check.children, "Regions": check.regions}
        given = {key: value for key, value in changes.items() if key not in ("HealthCheckVersion", "ResetElements")}
        settings = {key: value for key, value in {**kept, **given}.items() if value is not None}
        self.client.update_health_check(HealthCheckId=check_id, **settings)
        self._keep_alarm(check_id, given)
        for element in changes.get("ResetElements", ()):
            setattr(check, RESETTABLE[element], None)
        check.health_check_version += 1

    @contextlib.contextmanager
    def _ids(self) -> Iterator[None]:
        """Let moto draw ids from this store's chance; its own, one for the whole process, is put back afterwards."""
        with _MOTO_CHANCE:
            state = mock_random.getstate()
            mock_random.seed(self._chance.getrandbits(64))
            try:
                yield
            finally:
                mock_random.setstate(state)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Make this account hold what `snapshot` says, under the same ids and versions."""
        self.clear()
        for zone in snapshot["zones"]:
            self._restore_zone(zone)
        for check in snapshot["health_checks"]:
            self._restore_check(check)

    def clear(self) -> None:
        """Forget every zone and health check of this account."""
        self._backend.reset()

    def close(self) -> None:
        """Forget everything, and leave the account to whoever draws it next."""
        self.clear()
        _STORES.pop(self.account_id, None)

    def _keep_alarm(self, check_id: str, given: Mapping[str, Any]) -> None:
        """What a check of an alarm is made of, which moto drops; and it reports ports and intervals of such a check."""
        check = self._backend.get_health_check(check_id)
        if check.type_ == "CLOUDWATCH_METRIC":
            whole = cast(_AlarmCheck, check)
            whole.__class__ = _AlarmCheck
            whole.alarm = {**getattr(check, "alarm", {}), **{key: given[key] for key in ALARM_KEYS if key in given}}

    def _restore_zone(self, kept: Mapping[str, Any]) -> None:
        created = self.client.create_hosted_zone(
            Name=kept["Name"], CallerReference=kept["CallerReference"], HostedZoneConfig=kept.get("Config", {})
        )
        zone = self._backend.zones.pop(bare_id(created["HostedZone"]["Id"]))
        zone.resource_id = kept["Id"]
        self._backend.zones[kept["Id"]] = zone
        self.write_records(kept["Id"], kept["Records"])
        self._restore_tags("hostedzone", kept)

    def _restore_check(self, kept: Mapping[str, Any]) -> None:
        created = self.create_health_check(kept["CallerReference"], kept["HealthCheckConfig"])
        check = self._backend.health_checks.pop(created["Id"])
        check.id, check.health_check_version = kept["Id"], kept["HealthCheckVersion"]
        self._backend.health_checks[kept["Id"]] = check
        self._restore_tags("healthcheck", kept)

    def _restore_tags(self, kind: str, kept: Mapping[str, Any]) -> None:
        if kept["Tags"]:
            self.client.change_tags_for_resource(
                ResourceType=cast(Any, kind), ResourceId=kept["Id"], AddTags=kept["Tags"]
            )

    @property
    def _backend(self) -> Route53Backend:
        return route53_backends[self.account_id]["aws"]


def in_process_client(answer: Callable[[dict[str, Any]], Reply], service: str, region: str = "us-east-1") -> Any:
    """A boto3 client whose requests go straight to `answer`, a function of WSGI environments: no socket, no retry."""
    once = BotocoreConfig(retries={"total_max_attempts": 1})
    client = _session().client(cast(Any, service), region, endpoint_url=NOWHERE, config=once)
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
    client.meta.events.register(event, lambda request, **_: _hand_over(request, answer))
    return client


def _hand_over(request: AWSPreparedRequest, answer: Callable[[dict[str, Any]], Reply]) -> AWSResponse:
    url = urlsplit(request.url)
    headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
    given: Any = request.body  # of an object of S3 a file
    body = given.read() if hasattr(given, "read") else given or b""
    builder = EnvironBuilder(
        path=url.path, query_string=url.query, method=request.method, headers=list(headers.items()), data=body
    )
    try:
        reply = answer(builder.get_environ())
    finally:
        builder.close()
    sent = b"" if request.method == "HEAD" else reply.body
    return AWSResponse(request.url, reply.status, cast(Any, dict(reply.headers)), _Raw(sent))


@functools.cache
def _moto() -> DomainDispatcherApplication:
    """moto's own server, without its socket: one for all accounts of the process."""
    return DomainDispatcherApplication(create_backend_app)


@functools.cache
def _session() -> boto3.session.Session:
    """One for all stores: a session reads its service models anew."""
    return boto3.session.Session(
        aws_access_key_id="in-process", aws_secret_access_key="in-process", region_name="us-east-1"
    )


# moto's classes are abstract to mypy only: what they leave out belongs to CloudFormation.
_MotoRecordSet: Any = RecordSet
_MotoHealthCheck: Any = HealthCheck


class _AlarmCheck(_MotoHealthCheck):  # type: ignore[misc]  # to mypy it is Any: see above
    """A check that follows a CloudWatch alarm, with what moto leaves out and without what it makes up."""

    alarm: dict[str, Any]

    @property
    def health_check_config(self) -> dict[str, Any]:
        """As HealthCheckConfig."""
        return {"Type": self.type_, "Inverted": self.inverted, "Disabled": self.disabled, **self.alarm}


class _Raw(io.BytesIO):
    """What botocore expects of a urllib3 response."""

    def stream(self, amt: int = 65_536, decode_content: bool | None = None) -> Iterable[bytes]:
        while chunk := self.read(amt):
            yield chunk


def _take_account(chance: random.Random) -> str:
    """An account that no other store of this process uses: two simulators of one seed may run at once."""
    while (account_id := f"{chance.randrange(10**12):012d}") in _STORES:
        pass
    return account_id


def bare_id(resource_id: str) -> str:
    """An id without `/hostedzone/` or `/change/` before it."""
    return resource_id.rpartition("/")[2]
