"""The regions that a site may name, by cloud.

AWS comes with botocore. The SDKs of the other two hold no list, so theirs is written here from the vendors' pages;
a region that opened later is one more word below.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Mapping

from infra.settings.reader import Check
from infra.settings.spelling import closest

REGION_KEYS: Mapping[str, str] = {"aws": "aws:region", "azure": "azure-native:location", "gcp": "gcp:region"}
"""Cloud -> the setting that says where a stack's resources lie: that of the cloud's provider."""

# https://learn.microsoft.com/azure/reliability/regions-list, column "Programmatic name", without the restricted ones.
_AZURE = """
australiacentral australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth canadacentral canadaeast
centralindia centralus chilecentral eastasia eastus eastus2 francecentral germanywestcentral indonesiacentral
israelcentral italynorth japaneast japanwest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth
northcentralus northeurope norwayeast polandcentral qatarcentral southafricanorth southcentralus southeastasia
southindia spaincentral swedencentral switzerlandnorth uaenorth uksouth ukwest westcentralus westeurope westindia
westus westus2 westus3
"""

# The same page, column "Availability zone support": those of them that have none.
_ONE_ZONE = """
australiacentral australiasoutheast canadaeast koreasouth northcentralus southindia ukwest westcentralus
westindia westus
"""

# https://cloud.google.com/run/docs/locations, and for the two that opened since
# https://docs.cloud.google.com/saas-runtime/docs/locations (europe-north2), northamerica-south1.
_GCP = """
africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2
europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6
europe-west8 europe-west9 me-central1 me-central2 me-west1 northamerica-northeast1 northamerica-northeast2
northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1
us-west2 us-west3 us-west4
"""


# The same place, or the next one to it, in AWS, Azure and Google Cloud: only for saying what was probably meant.
_NEIGHBOURS = """
us-east-1 eastus us-east4
us-east-2 centralus us-central1
us-west-1 westus us-west2
us-west-2 westus2 us-west1
ca-central-1 canadacentral northamerica-northeast1
ca-west-1 canadacentral us-west1
mx-central-1 mexicocentral northamerica-south1
sa-east-1 brazilsouth southamerica-east1
eu-west-1 northeurope europe-west1
eu-west-2 uksouth europe-west2
eu-west-3 francecentral europe-west9
eu-central-1 germanywestcentral europe-west3
eu-central-1 westeurope europe-west4
eu-central-1 polandcentral europe-central2
eu-central-2 switzerlandnorth europe-west6
eu-north-1 swedencentral europe-north2
eu-south-1 italynorth europe-west8
eu-south-2 spaincentral europe-southwest1
ap-northeast-1 japaneast asia-northeast1
ap-northeast-2 koreacentral asia-northeast3
ap-northeast-3 japanwest asia-northeast2
ap-southeast-1 southeastasia asia-southeast1
ap-southeast-2 australiaeast australia-southeast1
ap-southeast-3 indonesiacentral asia-southeast2
ap-southeast-4 australiasoutheast australia-southeast2
ap-south-1 westindia asia-south1
ap-east-1 eastasia asia-east2
me-central-1 uaenorth me-central1
il-central-1 israelcentral me-west1
af-south-1 southafricanorth africa-south1
"""
CLOUDS = ("aws", "azure", "gcp")
TITLES = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


def region_check(cloud: str) -> Check:
    """A region of `cloud`; one of another cloud is answered with its neighbour here, a misspelt one with the right."""
    known = regions_of(cloud)

    def check(value: str) -> str | None:
        if value in known:
            return None
        other = next((c for c in CLOUDS if c != cloud and value in regions_of(c)), None)
        near = _neighbour(cloud, other, value) if other else None
        if other:
            where = f"; near it is '{near}'" if near else f"; write one of {', '.join(sorted(known))}"
            return f"a region of {TITLES[cloud]}: '{value}' is one of {TITLES[other]}{where}"
        meant = closest(value.replace(" ", ""), sorted(known))
        return f"'{meant}'?" if meant else f"one of {', '.join(sorted(known))}"

    return check


def _neighbour(cloud: str, other: str, value: str) -> str | None:
    rows = [dict(zip(CLOUDS, row.split(), strict=True)) for row in _NEIGHBOURS.strip().splitlines()]
    return next((row[cloud] for row in rows if row[other] == value), None)


@functools.cache
def regions_of(cloud: str) -> frozenset[str]:
    """The regions of `aws` (its commercial partition), `azure` or `gcp`."""
    if cloud == "aws":
        return _aws_regions()
    return frozenset({"azure": _AZURE, "gcp": _GCP}[cloud].split())


def has_zones(region: str) -> bool:
    """Whether a region of Azure has availability zones, so that something can lie in several of them."""
    return region.lower().replace(" ", "") not in _ONE_ZONE.split()


def _aws_regions() -> frozenset[str]:
    """Read from botocore's own data; importing botocore for it would cost a quarter of a second."""
    partitions = json.loads(importlib.resources.files("botocore").joinpath("data/partitions.json").read_text())
    commercial = next(p for p in partitions["partitions"] if p["id"] == "aws")
    return frozenset(commercial["regions"]) - {"aws-global"}
