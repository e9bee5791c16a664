"""What Container Apps refuses of an app, by its environment, its image, its identity and its domains."""

from __future__ import annotations

from sandbox.clouds.azure.certificates import CERTIFICATE, fits, names_of
from sandbox.clouds.azure.common import location_of, subscription_of
from sandbox.clouds.azure.environments import environment_of, verification_id
from sandbox.clouds.azure.identity import ACR_PULL, IDENTITY, assigned, has_role
from sandbox.clouds.azure.registry import find_registry
from sandbox.clouds.azure.secrets import read_secrets
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

_PLATFORM = "linux/amd64"
_INVALID = 'Code="InvalidParameterValueInContainerTemplate"'


def container_of(r: Resource) -> Values:
    """The one container that the sandbox runs of an app: the first."""
    return nested(r.inputs, "template", "containers", 0) or {}


def environment_rule(world: World, r: Resource) -> None:
    """The environment exists, is where the app is, and has its workload profile: Container Apps, "Workload profiles in
    Azure Container Apps"; ARM, apps and their environment share a location.
    """
    environment = environment_of(world, r)
    if environment is None:
        raise CloudRefused('Code="ManagedEnvironmentNotFound" Message="The environment was not found."')
    if location_of(r) != location_of(environment):
        raise CloudRefused(
            f'Code="InvalidRequestParameterWithDetails" Message="The location {location_of(r)} of the container app is '
            f'not that of its environment, {location_of(environment)}."',
            hint="leave the location out, or take the environment's",
        )
    wanted = r.inputs.get("workloadProfileName")
    known = [str(profile.get("name")) for profile in environment.inputs.get("workloadProfiles") or []]
    if wanted and str(wanted).lower() not in [name.lower() for name in known]:
        raise CloudRefused(
            f'Code="WorkloadProfileNotFound" Message="The workload profile {wanted} is none of the environment\'s."',
            hint=f"the environment has {', '.join(known) or 'no workload profiles: leave the name out'}",
        )


def image_rule(world: World, r: Resource) -> None:
    """The image is in a registry of Azure, and for linux/amd64: learn.microsoft.com/azure/container-apps/containers."""
    container = container_of(r)
    if not container:
        raise CloudRefused(f'{_INVALID} Message="The template has no container."')
    image = str(container["image"])
    told = f'{_INVALID} Message="Field template.containers.image is invalid with details:'
    digest = world.images.digest_of(image)
    if digest is None or find_registry(world, image.partition("/")[0]) is None:
        raise CloudRefused(
            f'{told} MANIFEST_UNKNOWN: manifest for {image} is not found."',
            hint="deploy the reference that the image resource gives back",
        )
    if not world.images.runs_on(image, _PLATFORM):
        raise CloudRefused(
            f'{told} image OS/Arc must be {_PLATFORM}."', hint=f"build the image for {_PLATFORM}: `platforms`"
        )
    r.place["digest"] = digest


def pull_rule(world: World, r: Resource) -> None:
    """The identity that the app names for the registry is its own, and has AcrPull there:
    learn.microsoft.com/azure/container-apps/managed-identity-image-pull.
    """
    image = str(container_of(r)["image"])
    server = image.partition("/")[0]
    registry = find_registry(world, server)
    known = [c for c in nested(r.inputs, "configuration", "registries") or [] if c.get("server") == server]
    named = known[0].get("identity") if known else None
    identity = world.store.find(IDENTITY, named) if str(named).lower() in assigned(r) else None
    if registry is None or identity is None or not has_role(world, identity, ACR_PULL, registry.id):
        raise CloudRefused(
            f'Code="ContainerAppOperationError" Message="Unable to pull image {image} using Managed identity '
            f'{named or "(none)"} for registry {server}: unauthorized."',
            hint="give the app that identity, assign it AcrPull on the registry, and make the app depend on it",
        )


def secret_rule(world: World, r: Resource) -> None:
    """What the app names of Key Vault is there, and the identity may read it:
    learn.microsoft.com/azure/container-apps/manage-secrets. A revision goes on with what it was made with.
    """
    found, before = read_secrets(world, r, container_of(r)), world.store.get(r.type, r.id) if r.id else None
    if before is None or before.inputs.get("template") != r.inputs.get("template"):
        r.place["secrets"] = found


def domain_rule(world: World, r: Resource) -> None:
    """Each custom domain is proven by its TXT record, and has a certificate that is for it:
    learn.microsoft.com/azure/container-apps/custom-domains-certificates.
    """
    for domain in nested(r.inputs, "configuration", "ingress", "customDomains") or []:
        _refuse_domain(world, domain, verification_id(subscription_of(r)))


def _refuse_domain(world: World, domain: Values, wanted: str) -> None:
    name = domain["name"]
    if wanted not in world.record_values(f"asuid.{name}", "TXT"):
        raise CloudRefused(
            f'Code="InvalidCustomHostNameValidation" Message="A TXT record pointing from asuid.{name} to '
            f'{wanted} was not found."',
            hint=f"write TXT asuid.{name} into the zone before the app: see get_custom_domain_verification_id",
        )
    if domain.get("bindingType") in (None, "Disabled"):
        return
    told = f'Code="CertificateMissing" Message="CertificateId property is missing for customDomain \'{name}\'."'
    certificate = world.store.require(CERTIFICATE, domain.get("certificateId"), told)
    if not fits(name, names_of(certificate)):
        raise CloudRefused(
            f'Code="CertificateDomainMismatch" Message="The certificate {certificate.id} does not match the custom '
            f"domain name '{name}'; it is for {names_of(certificate)}.\""
        )


APP_RULES = (environment_rule, image_rule, pull_rule, secret_rule, domain_rule)
