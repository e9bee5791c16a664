"""The TXT records by which an authority sees that we control a domain (DNS-01, RFC 8555, 8.4), in Route 53.

Each record says whose it is and until when it may be there, in its set identifier: the zone itself is the journal. So
what a killed run leaves is found and removed by the next one, on whatever machine that runs, and what another run has
just written, or another program, is left alone. The sets are multivalue answers: Route 53 gives the values of all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from failover.levers.clouds import translate_errors
from service.errors import OutlastError, Refused, Unavailable

LABEL = "_acme-challenge"
OWNER = "outlast-certificate"
TTL_SECONDS = 60
LEASE = timedelta(minutes=15)  # longer than a renewal may take: what is older is nobody's any more
_WAIT_SECONDS, _PAUSE_SECONDS = 180.0, 2.0
_STAMP = "%Y-%m-%dT%H:%M:%SZ"

Proof = tuple[str, str]
"""A domain, and the value that its record must have."""
RecordSet = dict[str, Any]


@dataclass(frozen=True)
class Proofs:
    """Writes proofs into one hosted zone, and takes them away. `report` is told what could not be."""

    route53: Any
    zone_id: str
    now: Callable[[], datetime]
    pause: Callable[[float], None]
    report: Callable[[str], None]

    @contextmanager
    def standing(self, proofs: Sequence[Proof]) -> Iterator[None]:
        """The records are there, and every name server of Route 53 has them; afterwards they are gone.

        Raises Refused where something else stands at one of the names, Unavailable where Route 53 does not do it.
        """
        self.sweep({domain for domain, _ in proofs})
        ends = self.now() + LEASE
        records = [_record(domain, value, ends) for domain, value in proofs]
        try:
            self._wait(self._write(records))
            yield
        finally:
            self._remove(records)

    def sweep(self, domains: Iterable[str]) -> int:
        """Remove what killed runs left for these domains; how many there were."""
        left = [found for domain in sorted(domains) for found in self._find(domain) if is_over(found, self.now())]
        if left:
            self._remove(left)
            self.report(f"removed {len(left)} proof(s) that a run before this one had left in the zone")
        return len(left)

    def _find(self, domain: str) -> list[RecordSet]:
        name = f"{LABEL}.{domain}."
        with translate_errors(f"look for {name} in the zone {self.zone_id}"):
            pages = self.route53.get_paginator("list_resource_record_sets").paginate(
                HostedZoneId=self.zone_id, StartRecordName=name, StartRecordType="TXT"
            )
            found: list[RecordSet] = []
            for page in pages:
                same = [one for one in page["ResourceRecordSets"] if one["Name"] == name and one["Type"] == "TXT"]
                found += same
                if len(same) < len(page["ResourceRecordSets"]):
                    break
        return found

    def _write(self, records: Sequence[RecordSet]) -> str:
        try:
            return self._change("CREATE", records, "write the proofs")
        except OutlastError as error:
            if "InvalidChangeBatch" not in error.what:
                raise
            names = ", ".join(sorted({record["Name"] for record in records}))
            hint = f"`dig {names} TXT` and CNAME: another program's record there has to go, or that one has to renew"
            raise Refused(f"the zone takes no proof at {names}: {error.what}", hint=hint) from error

    def _change(self, action: str, records: Sequence[RecordSet], doing: str) -> str:
        changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
        with translate_errors(f"{doing} in the zone {self.zone_id}"):
            batch = {"Changes": changes, "Comment": OWNER}
            told = self.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch=batch)
        return str(told["ChangeInfo"]["Id"])

    def _wait(self, change: str) -> None:
        """An authority asks any of the zone's servers, and it remembers what it finds missing."""
        waited = 0.0
        while waited < _WAIT_SECONDS:
            with translate_errors("ask how far the change has come"):
                if self.route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC":
                    return
            self.pause(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
        what = f"the proofs are not on all of Route 53's name servers after {_WAIT_SECONDS:.0f} s"
        raise Unavailable(what, hint="see health.aws.amazon.com, and renew again")

    def _remove(self, records: Sequence[RecordSet]) -> None:
        """One after the other: one that is gone already must not keep the others. What fails waits for `sweep`."""
        for record in records:
            try:
                self._change("DELETE", [record], f"remove the proof {record['Name']}")
            except OutlastError as error:
                if "not found" not in error.what:
                    self.report(f"{error}\nthe next renewal removes it")


def is_over(record: RecordSet, now: datetime) -> bool:
    """Whether a record is a proof of ours whose time is over."""
    owner, _, rest = str(record.get("SetIdentifier", "")).partition(" ")
    try:
        ends = datetime.strptime(rest.partition(" ")[0], _STAMP).replace(tzinfo=now.tzinfo)
    except ValueError:
        return False
    return owner == OWNER and ends <= now


def find_zone(route53: Any, domain: str) -> str:
    """The id of the public hosted zone that holds `domain`. Raises Unavailable for none, Refused for several."""
    with translate_errors("list the hosted zones"):
        pages = route53.get_paginator("list_hosted_zones").paginate()
        public = [zone for page in pages for zone in page["HostedZones"] if not zone["Config"].get("PrivateZone")]
    holding = [zone for zone in public if f".{domain}.".endswith(f".{zone['Name']}")]
    if not holding:
        hint = "use credentials of the account that holds it, or name it with --zone-id"
        raise Unavailable(f"this AWS account has no public hosted zone for {domain}", hint=hint)
    closest = max(len(zone["Name"]) for zone in holding)
    found = [str(zone["Id"]).rpartition("/")[2] for zone in holding if len(zone["Name"]) == closest]
    if len(found) > 1:
        what = f"this AWS account has {len(found)} public hosted zones of that name: {', '.join(found)}"
        raise Refused(what, hint="name the delegated one with --zone-id")
    return found[0]


def _record(domain: str, value: str, ends: datetime) -> RecordSet:
    own = hashlib.sha256(value.encode()).hexdigest()[:12]
    return {
        "Name": f"{LABEL}.{domain}.",
        "Type": "TXT",
        "TTL": TTL_SECONDS,
        "SetIdentifier": f"{OWNER} {ends.strftime(_STAMP)} {own}",
        "MultiValueAnswer": True,
        "ResourceRecords": [{"Value": f'"{value}"'}],
    }
