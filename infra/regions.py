"""The regions that a site may name, by cloud.

AWS comes with botocore. The SDKs of the other two hold no list, so theirs is written here from the vendors' pages;
a region that opened later is one more word below.
"""

from __future__ import annotations

import functools
import importlib.resources
import json

# https://learn.microsoft.com/azure/reliability/regions-list, column "Programmatic name", without the restricted ones.
_AZURE = """
australiacentral australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth canadacentral canadaeast
centralindia centralus chilecentral eastasia eastus eastus2 francecentral germanywestcentral indonesiacentral
israelcentral italynorth japaneast japanwest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth
northcentralus northeurope norwayeast polandcentral qatarcentral southafricanorth southcentralus southeastasia
southindia spaincentral swedencentral switzerlandnorth uaenorth uksouth ukwest westcentralus westeurope westindia
westus westus2 westus3
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


@functools.cache
def regions_of(cloud: str) -> frozenset[str]:
    """The regions of `aws` (its commercial partition), `azure` or `gcp`."""
    if cloud == "aws":
        return _aws_regions()
    return frozenset({"azure": _AZURE, "gcp": _GCP}[cloud].split())


def _aws_regions() -> frozenset[str]:
    """Read from botocore's own data; importing botocore for it would cost a quarter of a second."""
    partitions = json.loads(importlib.resources.files("botocore").joinpath("data/partitions.json").read_text())
    commercial = next(p for p in partitions["partitions"] if p["id"] == "aws")
    return frozenset(commercial["regions"]) - {"aws-global"}
