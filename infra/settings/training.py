"""Reads the file of a stack that training jobs need: its store, what else a job may read, its key. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.settings.base import read_place, store_check
from infra.settings.kinds import TrainingSettings
from infra.settings.reader import Check, Reader, like
from infra.settings.regions import TITLES

CHECKPOINT_DAYS = 14
"""Longer than a job whose limit nobody raised: Vertex AI ends one after 7 days (its API, Scheduling.timeout)."""

LONGEST_NAMES: Mapping[str, tuple[int, str]] = {
    "aws": (64 - len("outlast--job"), "a role"),
    "azure": (33 - len("outlast-"), "a workspace"),
    "gcp": (30 - len("outlast--job"), "a service account"),
}
"""How long a stack's name may be, by what is called after it and has the least room: IAM API, roleNameType; Azure ML,
workspaceName; IAM API of Google Cloud, service accounts."""

_ACCOUNT_ID = (
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w().-]+/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]{3,24}"
)
# A workspace needs a vault, which is called after the store, and such a name has 24 characters at most.
_STORES = {"azure": like(r"[a-z0-9]{3,21}", "3 to 21 letters a-z and digits, as nobody else has them")}
_KEYS = {
    "aws": (
        r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/[0-9a-f-]{36}",
        "the key's ARN, arn:aws:kms:<region>:<account>:key/<id>",
    ),
    "azure": (
        r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w().-]+/providers/Microsoft\.KeyVault/vaults/"
        r"[A-Za-z][A-Za-z0-9-]{2,23}/keys/[A-Za-z0-9-]{1,127}/versions/[0-9a-f]{32}",
        "the resource id of the key's version, /subscriptions/…/vaults/<vault>/keys/<name>/versions/<version>",
    ),
    "gcp": (
        r"projects/(?P<account>[a-z][a-z0-9-]{4,28}[a-z0-9])/locations/(?P<region>[a-z0-9-]+)/keyRings/[\w-]{1,63}"
        r"/cryptoKeys/[\w-]{1,63}",
        "the key's name, projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<key>",
    ),
}
_NETWORK = like(
    r"projects/\d{6,}/global/networks/[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    "projects/<the project's number>/global/networks/<name>, of a network that Vertex AI is peered with",
)
_SOURCES = {
    "aws": like(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket"),
    "azure": like(_ACCOUNT_ID, "the resource id of a storage account (`az storage account show --query id`)"),
    "gcp": like(r"[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]", "the name of a bucket"),
}


def read_training(reader: Reader, stack: str, clouds: tuple[str, ...]) -> TrainingSettings:
    """What the stack asks for."""
    cloud = reader.choice("cloud", clouds)
    region, account = read_place(reader, cloud)
    store = reader.text("store", check=_STORES.get(cloud, store_check(cloud)))
    _check_name(reader, cloud, stack)
    return TrainingSettings(
        kind="training",
        name=stack,
        cloud=cloud,
        region=region,
        account=account,
        store=store,
        protect=reader.boolean("protect"),
        checkpoint_days=reader.integer("checkpointDays", 1, 365, CHECKPOINT_DAYS),
        data_sources=_read_sources(reader, cloud, store),
        kms_key=_read_key(reader, cloud, region, account),
        **_read_network(reader, cloud),
    )


def _read_network(reader: Reader, cloud: str) -> dict[str, Any]:
    """Which network jobs have, by choice: each cloud's service takes something else."""
    if cloud == "azure":
        return {"isolated": reader.boolean("isolated", False)}
    if cloud == "gcp":
        return {"network": reader.text("network", "", check=_NETWORK)}
    if cloud != "aws":
        return {}
    subnets, groups = (
        reader.texts(key, (), check=like(rf"{prefix}-[0-9a-f]{{8,17}}", f"ids such as {prefix}-0a1b2c3d4e5f67890"))
        for key, prefix in (("subnets", "subnet"), ("securityGroups", "sg"))
    )
    if bool(subnets) != bool(groups) and not reader.is_wrong("subnets") and not reader.is_wrong("securityGroups"):
        missing, given = ("securityGroups", "subnets") if subnets else ("subnets", "securityGroups")
        reader.wrong(missing, f"is missing, and outlast:{given} is there", "SageMaker takes both or none (VpcConfig)")
    return {"subnets": subnets, "security_groups": groups}


def _check_name(reader: Reader, cloud: str, stack: str) -> None:
    """Everything that has no name of its own is called after the stack."""
    longest, called = LONGEST_NAMES.get(cloud, (len(stack), ""))
    if len(stack) > longest:
        what = f"the stack's name '{stack}' is too long: {called} is called after it"
        reader.wrong("kind", what, f"give it at most {longest} characters")


def _read_sources(reader: Reader, cloud: str, store: str) -> tuple[str, ...]:
    sources = reader.texts("dataSources", (), check=_SOURCES.get(cloud))
    if store and store in [source.rpartition("/")[2] for source in sources]:
        reader.wrong("dataSources", f"names {store}, the stack's own store", "leave it out: a job reads that anyway")
    return sources


def _read_key(reader: Reader, cloud: str, region: str, account: str) -> str:
    """The name of a key, of the stack's own cloud and place: a bucket and a disk take no key of another region."""
    pattern, instead = _KEYS.get(cloud, (".*", ""))
    key = reader.text("kmsKey", "", check=_key_check(cloud))
    found = re.fullmatch(pattern, key)
    place = found.groupdict() if found else {}
    if place.get("region", region) != region and region:
        reader.wrong("kmsKey", f"is a key of {place['region']}, and the stack is in {region}", instead)
    if cloud == "gcp" and account and place.get("account", account) != account:
        # Whoever runs the stack grants the use of the key, by its own project.
        reader.wrong("kmsKey", f"is a key of the project {place['account']}, and the stack's is {account}", instead)
    return key


def _key_check(cloud: str) -> Check | None:
    """A key of `cloud`; one of another cloud is answered with whose it is."""
    if cloud not in _KEYS:
        return None
    pattern, instead = _KEYS[cloud]

    def check(value: str) -> str | None:
        if re.fullmatch(pattern, value):
            return None
        other = next((title for name, title in TITLES.items() if re.fullmatch(_KEYS[name][0], value)), "")
        return f"{instead}; this one is of {other}" if other else instead

    return check
