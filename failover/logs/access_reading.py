"""Reads a site's access log through its own cloud's API: a line for each request, written by what lets requests in.

aws    the load balancer's attributes name the bucket; S3 has a gzip file for each node and five minutes
azure  Log Analytics, the table ContainerAppHTTPLogs of the site's workspace
gcp    Cloud Logging: Cloud Run writes its own always, the load balancer's where it is switched on
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from failover.levers.clouds import Clouds, translate_errors
from failover.logs.access import ROW, Access, is_asked, read_alb, read_entry, read_row, unzip
from failover.logs.clouds import SERVICE_REQUESTS, Asked, LogPlace, list_entries, query_rows, read_time
from failover.logs.lines import LogLine
from service.errors import Unavailable

BALANCER_REQUESTS = "requests"
"""The log of Google Cloud's load balancer: cloud.google.com/load-balancing/docs/https/https-logging-monitoring"""
TABLE = "ContainerAppHTTPLogs"
_INTERVAL = timedelta(minutes=5)
# AWSLogs/ACCOUNT/elasticloadbalancing/REGION/yyyy/mm/dd/ACCOUNT_elasticloadbalancing_REGION_app.NAME.ID_END_IP_RANDOM
_ENDED = re.compile(r"_(\d{8}T\d{4}Z)_[0-9a-fA-F.:]+_[^_/]+\.log\.gz")
_LATE = {
    "aws": "a load balancer delivers every five minutes",
    "azure": "Log Analytics takes minutes to take rows in",
    "gcp": "Cloud Logging takes seconds to take entries in",
}
_SWITCH = (
    "outlast:accessLogs: true in stacks/Pulumi.{site}.yaml, then `pulumi up -s {site}`, in the sandbox `outlast up`"
)


@dataclass
class AccessReader:
    """Reads the access logs of sites; what is wrong with one and keeps nobody from the rest goes to `tell`.

    A file of S3 does not change, so each is fetched once. That a log has nothing is told once, until it has something.
    """

    clouds: Clouds
    tell: Callable[[str], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _files: dict[str, list[Access]] = field(default_factory=dict)
    _empty: set[str] = field(default_factory=set)

    def read(self, place: LogPlace, asked: Asked) -> list[LogLine]:
        """The lines, the oldest first. Raises Unavailable where the cloud does not answer, refuses, or has no such
        log."""
        readers = {"aws": self._read_balancer, "azure": self._read_ingress, "gcp": self._read_logging}
        found = [one for one in readers[place.cloud](place, asked) if one.time >= asked.since]
        if found:
            self._empty.discard(place.site)
        elif not asked.request:
            self._tell_empty(place, asked)
        return sorted(one.to_line(place.site) for one in found if is_asked(one, asked.request))

    def _tell_empty(self, place: LogPlace, asked: Asked) -> None:
        if place.site not in self._empty:
            self._empty.add(place.site)
            self.tell(
                f"{place.site}: its access log has nothing since {asked.since:%H:%M:%S} UTC\n"
                f"hint: {_LATE[place.cloud]}; it begins with {_switch(place)}"
            )

    # -- AWS -----------------------------------------------------------------------------------------------------------

    def _read_balancer(self, place: LogPlace, asked: Asked) -> Iterator[Access]:
        self._files = {key: read for key, read in self._files.items() if _is_since(key, asked.since)}
        balancer, bucket, prefix = self._find_bucket(place)
        s3 = self.clouds.aws("s3", place.region)
        with translate_errors(f"read the access log of {place.site} in s3://{bucket}"):
            for key in self._list_files(s3, bucket, prefix, balancer, asked.since):
                yield from self._read_file(s3, bucket, key)

    def _find_bucket(self, place: LogPlace) -> tuple[str, str, str]:
        """The load balancer's ARN, the bucket that it writes to, and what its keys begin with."""
        elb = self.clouds.aws("elbv2", place.region)
        with translate_errors(f"look at the load balancer {place.name}"):
            arn = str(elb.describe_load_balancers(Names=[place.name])["LoadBalancers"][0]["LoadBalancerArn"])
            listed = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        said = {one["Key"]: one.get("Value", "") for one in listed}
        if said.get("access_logs.s3.enabled") != "true":
            raise Unavailable(f"the load balancer of {place.site} writes no access log", hint=_switch(place))
        return arn, said.get("access_logs.s3.bucket", ""), said.get("access_logs.s3.prefix", "")

    def _list_files(self, s3: Any, bucket: str, prefix: str, balancer: str, since: datetime) -> Iterator[str]:
        """The keys of one load balancer's files that may hold a line since then, day after day."""
        region, account = balancer.split(":")[3:5]
        own = f"_{balancer.rpartition(':loadbalancer/')[2].replace('/', '.')}_"
        root = f"{prefix}/" if prefix else ""
        for day in _days(since, self.now()):
            folder = f"{root}AWSLogs/{account}/elasticloadbalancing/{region}/{day:%Y/%m/%d}/"
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
                for one in page.get("Contents", []):
                    if own in one["Key"] and _is_since(one["Key"], since):
                        yield one["Key"]

    def _read_file(self, s3: Any, bucket: str, key: str) -> list[Access]:
        if key not in self._files:
            lines, whole = unzip(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            read = [read_alb(line) for line in lines]
            self._files[key] = [one for one in read if one is not None]
            if not whole:
                self.tell(f"s3://{bucket}/{key} is cut off: the lines before that are read")
            if unknown := len(read) - len(self._files[key]):
                self.tell(f"s3://{bucket}/{key}: lines of no known form, left out: {unknown}")
        return self._files[key]

    # -- Azure ---------------------------------------------------------------------------------------------------------

    def _read_ingress(self, place: LogPlace, asked: Asked) -> Iterator[Access]:
        query = [
            f"{TABLE} | where TimeGenerated >= datetime({asked.since.isoformat()})",
            f'where ContainerAppName == "{place.name}"',
            *([f'where RequestId == "{asked.request}"'] if asked.request else []),
            f"project {', '.join(ROW)} | order by StartTime asc",
        ]
        try:
            rows = list(query_rows(place, query, self.clouds))
        except Unavailable as error:
            # The API's word for a table that is not there: none is made before its first row.
            if "SemanticError" not in error.what:
                raise
            raise Unavailable(f"{place.site} has no table {TABLE} yet", hint=_switch(place)) from error
        for row in rows:
            named = dict(zip(ROW, row, strict=True))
            yield read_row(named, read_time(str(named["StartTime"])))

    # -- Google Cloud --------------------------------------------------------------------------------------------------

    def _read_logging(self, place: LogPlace, asked: Asked) -> Iterator[Access]:
        service = f'resource.type="cloud_run_revision" AND resource.labels.service_name="{place.name}"'
        balancer = f'resource.type="http_load_balancer" AND resource.labels.url_map_name="{place.name}"'
        words = [
            f'(({service} AND log_id("{SERVICE_REQUESTS}")) OR ({balancer} AND log_id("{BALANCER_REQUESTS}")))',
            f'timestamp>="{asked.since.isoformat()}"',
            *([f'trace="projects/{place.account}/traces/{asked.request}"'] if asked.request else []),
        ]
        for entry in list_entries(place, words, self.clouds):
            yield read_entry(entry, read_time(entry["timestamp"]))


def _switch(place: LogPlace) -> str:
    return _SWITCH.format(site=place.site)


def read_end(text: str) -> datetime:
    """When the five minutes of a file ended, as its name has it."""
    return datetime.strptime(text, "%Y%m%dT%H%MZ").replace(tzinfo=UTC)


def _is_since(key: str, since: datetime) -> bool:
    """Whether a file may hold a line since then."""
    ended = _ENDED.search(key)
    return ended is not None and read_end(ended[1]) >= since


def _days(since: datetime, now: datetime) -> Iterator[datetime]:
    """Each day on which five minutes ended that hold something since then."""
    first, last = since.astimezone(UTC), now.astimezone(UTC) + _INTERVAL
    for number in range((last.date() - first.date()).days + 1):
        yield first + timedelta(days=number)
