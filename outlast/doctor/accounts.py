"""Every look at the accounts, names and certificates of a set of stack files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from failover.dial import Dial
from failover.levers.clouds import Clouds
from outlast.doctor import aws, azure, google, names, stacks, state
from outlast.doctor.checks import Check, Finding, unknown
from outlast.doctor.ends import judge_end
from outlast.doctor.stacks import Subjects
from service.errors import Unavailable

FILES, AWS, AZURE, GOOGLE, NAMES, STATE = "stack files", "AWS", "Azure", "Google Cloud", "names", "state"
PURPOSES = (FILES, AWS, AZURE, GOOGLE, NAMES, STATE)


@dataclass(frozen=True)
class Asked:
    """Whom the looks ask: the clouds' APIs, DNS, and Pulumi in this environment."""

    clouds: Clouds
    dial: Dial
    environ: Mapping[str, str]


def checks(asked: Asked, subjects: Subjects) -> list[Check]:
    """Every look, by the cloud that it asks."""
    return [
        Check(FILES, "agreement", partial(stacks.look_at_files, subjects)),
        Check(FILES, "API keys", partial(stacks.look_for_keys, subjects, asked.environ)),
        *_of_aws(asked.clouds, subjects),
        *_of_azure(asked.clouds, subjects),
        *_of_google(asked.clouds, subjects),
        *_of_names(asked, subjects),
        Check(STATE, "backend", partial(state.look_at_backend, asked.environ, subjects)),
        Check(STATE, "stacks", partial(state.look_at_stacks, asked.environ, subjects)),
        Check(STATE, "passphrase", partial(state.look_at_passphrase, asked.environ, subjects)),
    ]


def _of_aws(clouds: Clouds, subjects: Subjects) -> Iterator[Check]:
    yield Check(AWS, "credentials", partial(aws.look_at_credentials, clouds, subjects))
    for (_, region), sites in subjects.places("aws", "", "aws:region").items():
        for quota in aws.QUOTAS:
            yield Check(AWS, f"{region}: {quota.what}", partial(aws.look_at_quota, clouds, region, quota, sites))
    if subjects.sites("aws"):
        yield Check(AWS, "role of ECS", partial(aws.look_at_role, clouds, subjects.zone_region))


def _of_azure(clouds: Clouds, subjects: Subjects) -> Iterator[Check]:
    places = subjects.places("azure", "azure-native:subscriptionId", "azure-native:location")
    more = azure.OF_BASES if subjects.has_base("azure") else ()
    for subscription in dict.fromkeys(account for account, _ in places):
        yield Check(AZURE, "credentials", partial(azure.look_at_credentials, clouds, subscription))
        yield Check(AZURE, "namespaces", partial(azure.look_at_namespaces, clouds, subscription, more))
    for (subscription, region), sites in places.items():
        look = partial(azure.look_at_environments, clouds, subscription, region, len(sites))
        yield Check(AZURE, f"{region}: environments", look)
    for stack, config in subjects.sites("azure").items():
        secret = str(config.get("outlast:certificateSecret", ""))
        look = partial(azure.look_at_certificate, clouds, secret, subjects.host, _now)
        yield Check(AZURE, f"certificate of {stack}", look)


def _of_google(clouds: Clouds, subjects: Subjects) -> Iterator[Check]:
    projects = [str(config.get("gcp:project", "")) for config in subjects.sites("gcp").values()]
    for project in dict.fromkeys(projects):
        yield Check(GOOGLE, "credentials", partial(google.look_at_credentials, clouds, project))
        yield Check(GOOGLE, "APIs", partial(google.look_at_apis, clouds, project))
        yield Check(GOOGLE, "quotas", partial(google.look_at_quotas, clouds, project, projects.count(project)))


def _of_names(asked: Asked, subjects: Subjects) -> Iterator[Check]:
    kinds = [kind for kind in ("aws", "azure", "gcp") if subjects.sites(kind)]
    yield Check(NAMES, "delegation", partial(_look_at_delegation, asked, subjects))
    yield Check(NAMES, "CAA", partial(names.look_at_caa, asked.dial, subjects.host, kinds))
    for stack in subjects.stacks.sites:
        yield Check(NAMES, f"TLS of {stack}", partial(_look_at_served, asked.dial, stack, subjects.host))


def _look_at_delegation(asked: Asked, subjects: Subjects) -> Finding:
    route53 = asked.clouds.aws("route53", subjects.zone_region)
    return names.look_at_delegation(route53, asked.dial, subjects.domain)


def _look_at_served(dial: Dial, stack: str, host: str) -> Finding:
    """What the site itself serves for the public host; one that is not up has no address."""
    origin = f"{stack}.{host}"
    addresses = dial.resolve(origin).addresses
    if not addresses:
        return unknown(f"{origin} has no address yet", f"pulumi up -s {stack}")
    try:
        served = dial.certificate(host, address=addresses[0])
    except Unavailable as error:
        return unknown(error.what, "a site that came up just now may take minutes for its certificate")
    return judge_end(host, served.not_after, served.names, _now(), f"pulumi up -s {stack}")


def _now() -> datetime:
    return datetime.now(UTC)
