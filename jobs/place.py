"""Where jobs run: what the outputs of a training stack say, read whole and checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from service.errors import InvalidInput, Mistake


@dataclass(frozen=True)
class _Common:
    region: str
    training_image: str
    data_address: str
    output_address: str
    checkpoints_address: str
    identity: str


@dataclass(frozen=True)
class AwsPlace(_Common):
    """A region of AWS. `subnets` and `security_groups` are given where jobs are isolated, `kms_key_arn` by choice."""

    cloud: ClassVar[str] = "aws"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    kms_key_arn: str = ""


@dataclass(frozen=True)
class AzurePlace(_Common):
    """A workspace of Azure Machine Learning. `identity` is a managed identity's resource id."""

    cloud: ClassVar[str] = "azure"
    workspace_id: str
    identity_client_id: str
    kms_key_id: str = ""


@dataclass(frozen=True)
class GooglePlace(_Common):
    """A project and region of Google Cloud. `network` is the full name of one where jobs are isolated."""

    cloud: ClassVar[str] = "gcp"
    project: str
    network: str = ""
    kms_key_name: str = ""


Place = AwsPlace | AzurePlace | GooglePlace

_COMMON = {
    "region": "region",
    "trainingImage": "training_image",
    "dataAddress": "data_address",
    "outputAddress": "output_address",
    "checkpointsAddress": "checkpoints_address",
    "identity": "identity",
}
_LISTS = {"subnets": "subnets", "securityGroups": "security_groups"}
# Output -> field: those that must be there, then those that may be empty or missing.
_MUST: Mapping[str, Mapping[str, str]] = {
    "aws": _COMMON,
    "azure": {**_COMMON, "workspaceId": "workspace_id", "identityClientId": "identity_client_id"},
    "gcp": {**_COMMON, "project": "project"},
}
_MAY: Mapping[str, Mapping[str, str]] = {
    "aws": {"kmsKeyArn": "kms_key_arn"},
    "azure": {"kmsKeyId": "kms_key_id"},
    "gcp": {"network": "network", "kmsKeyName": "kms_key_name"},
}
_KINDS: Mapping[str, type[Place]] = {"aws": AwsPlace, "azure": AzurePlace, "gcp": GooglePlace}


def from_outputs(outputs: Mapping[str, Any]) -> Place:
    """The place that a training stack made. Raises InvalidInput with everything that its outputs lack."""
    cloud = str(outputs.get("cloud", ""))
    if cloud not in _KINDS:
        hint = "pulumi up -s training-aws (or training-azure, training-gcp)"
        raise InvalidInput(f"these are no outputs of a training stack: cloud is {cloud or 'missing'}", hint=hint)
    hint = f"pulumi up -s training-{cloud}"
    missing = [Mistake(name, "is missing or empty") for name in _MUST[cloud] if not _is_text(outputs.get(name))]
    lists = _LISTS if cloud == "aws" else {}
    missing += [Mistake(name, "is no list") for name in lists if not isinstance(outputs.get(name, []), list | tuple)]
    if missing:
        raise InvalidInput(f"the outputs of stack training-{cloud} are not whole", missing, hint=hint)
    read: dict[str, Any] = {field: outputs[name] for name, field in _MUST[cloud].items()}
    read |= {field: str(outputs.get(name) or "") for name, field in _MAY[cloud].items()}
    read |= {field: tuple(outputs.get(name, ())) for name, field in lists.items()}
    return _KINDS[cloud](**read)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
