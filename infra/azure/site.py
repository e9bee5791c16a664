"""A site on Azure: Container Apps, with a certificate brought along in a Key Vault.

Azure's own free certificate is no choice here: it is issued and renewed only while the host is a CNAME directly to the
app, and ours is answered by other clouds too (docs/concepts/sites.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import app, authorization, managedidentity

from infra import plan, sizes
from infra.azure import alarms, audit, budget, dashboard, holdings, logs, registry_login
from infra.azure import secrets as azure_secrets
from infra.azure.edge import edge_variables
from infra.azure.holdings import Holdings
from infra.azure.hosts import bind_hosts, claim_hosts
from infra.azure.network import build_network
from infra.azure.roles import grant
from infra.azure.secrets import AppSecrets
from infra.contract import HEALTH_PATH, LIVE_PATH, PORT, Site, SiteSpec
from infra.dns import ZoneWriter
from infra.edge import SETTING
from infra.image import BuiltImage, Login, build_image
from infra.settings.kinds import AzureOptions, SiteSettings
from infra.site import after, deploy_site, held
from infra.stack import build_spec

# The same in every subscription: learn.microsoft.com/azure/role-based-access-control/built-in-roles
PULL_IMAGES = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
READ_SECRETS = "4633458b-17de-408a-b874-0445c86b69e6"

CONTAINER = "service"


def program(settings: SiteSettings[AzureOptions]) -> dict[str, Any]:
    """Of a stack of the kind `azure`."""
    return deploy_site(Azure(settings.options), build_spec(settings))


@dataclass(frozen=True)
class Base:
    """What the app stands on: its group with registry and log, its secrets, and the identity that may read them."""

    group: Holdings
    identity: managedidentity.UserAssignedIdentity
    may_pull: authorization.RoleAssignment
    may_read: authorization.RoleAssignment
    secrets: AppSecrets

    @property
    def grants(self) -> list[pulumi.Resource]:
        """All that the identity is allowed."""
        return [self.may_pull, self.may_read, *self.secrets.may_read]


class Azure:
    """Satisfies `infra.contract.Cloud`."""

    name = "azure"

    def __init__(self, options: AzureOptions) -> None:
        self._options = options

    def unsupported(self, spec: SiteSpec) -> Mapping[str, str]:
        """All but one limit for a whole site."""
        return {SETTING: "the ingress counts nothing, so each replica does by itself"} if spec.address_limit else {}

    def deploy(self, spec: SiteSpec) -> Site:
        """Register the site's resources."""
        name = plan.name_site(spec.prefix, spec.name)
        origin = pulumi.Output.concat(f"{spec.name}.", spec.host)
        zone = ZoneWriter(spec.zone_id, self._options.dns)
        base = self._base(name, spec)
        image = self._image(base, spec.models)
        environment = _environment(name, spec, self._options, base)
        certificate = self._certificate(name, base, environment)
        ownership = claim_hosts(zone, spec)
        sent = [logs.send_logs(environment, base.group.workspace_id, spec)]
        sent += [audit.send_log(environment, spec.audit)] if spec.audit else []
        container_app = _app(name, spec, base, environment, certificate, image, [*ownership, *sent])
        if spec.dashboard:
            dashboard.build_dashboard(name, spec, base.group, container_app)
        if spec.alert_email:
            alarms.build_alarms(name, spec.alert_email, base.group, container_app, spec.replicas.minimum)
            budget.build_budget(name, spec, base.group)
        record = zone.address("origin", origin, environment.static_ip)
        return Site(
            name=spec.name,
            cloud=self.name,
            region=spec.region,
            origin_host=after(origin, record),
            probe_address=environment.static_ip,
            probe_server_name=spec.host,
            model_digest=spec.model_digest,
            image_digest=after(image.digest, container_app),
            capacity_rps=plan.capacity(spec.replicas, spec.rps_per_replica),
            workload=container_app.id,
        )

    def _base(self, name: str, spec: SiteSpec) -> Base:
        group = holdings.of_site(name, spec)
        identity = managedidentity.UserAssignedIdentity(
            "identity", resource_name_=name, resource_group_name=group.name, location=spec.region
        )
        return Base(
            group,
            identity,
            may_pull=self._grant("may-pull", identity, PULL_IMAGES, group.registry_id),
            may_read=self._grant("may-read", identity, READ_SECRETS, self._certificate_scope),
            secrets=azure_secrets.build_secrets(
                name, self._options.secrets_vault, spec.secrets, identity, self._grant_reading
            ),
        )

    @property
    def _certificate_scope(self) -> str:
        """The one secret: a vault may hold those of other sites."""
        return f"{self._options.certificate_vault}/secrets/{self._options.certificate_secret.rpartition('/')[2]}"

    def _grant_reading(
        self, name: str, identity: managedidentity.UserAssignedIdentity, scope: pulumi.Input[str]
    ) -> authorization.RoleAssignment:
        return self._grant(name, identity, READ_SECRETS, scope)

    def _grant(
        self, name: str, identity: managedidentity.UserAssignedIdentity, role: str, scope: pulumi.Input[str]
    ) -> authorization.RoleAssignment:
        return grant(self._options.subscription_id, name, identity, role, scope)

    def _image(self, base: Base, models: Mapping[str, str]) -> BuiltImage:
        repository = pulumi.Output.concat(base.group.login_server, "/", CONTAINER)
        if self._options.registry_login == "docker":
            return build_image(repository, None, models)
        token = registry_login.repository_token(
            base.group.login_server, CONTAINER, authorization.get_client_token_output().token
        )
        login = Login(base.group.login_server, registry_login.TOKEN_USER, token)
        return build_image(repository, login, models)

    def _certificate(self, name: str, base: Base, environment: app.ManagedEnvironment) -> app.Certificate:
        """Read from the vault by the site's identity; renewed there, it is read again within twelve hours."""
        return app.Certificate(
            "certificate",
            certificate_name=name,
            environment_name=environment.name,
            resource_group_name=base.group.name,
            location=base.group.location,
            properties=app.CertificatePropertiesArgs(
                certificate_key_vault_properties=app.CertificateKeyVaultPropertiesArgs(
                    identity=base.identity.id, key_vault_url=self._options.certificate_secret
                )
            ),
            opts=pulumi.ResourceOptions(depends_on=[base.may_read]),
        )


def _environment(name: str, spec: SiteSpec, options: AzureOptions, base: Base) -> app.ManagedEnvironment:
    return app.ManagedEnvironment(
        "environment",
        environment_name=name,
        resource_group_name=base.group.name,
        location=base.group.location,
        # Needed to read the certificate from the vault.
        identity=_identity(base),
        # To diagnostic settings, of which one sends to the site's workspace, and another to an audit store.
        app_logs_configuration=app.AppLogsConfigurationArgs(destination="azure-monitor"),
        vnet_configuration=build_network(name, spec, options, base.group),
        zone_redundant=options.zone_redundant,
        workload_profiles=[app.WorkloadProfileArgs(name="Consumption", workload_profile_type="Consumption")],
        # A role counts minutes after it was assigned, and making an environment takes minutes: let them be the same
        # ones. What is then refused without its role would be tried again by nobody.
        opts=held(spec, pulumi.ResourceOptions(depends_on=base.grants)),
    )


def _identity(base: Base) -> app.ManagedServiceIdentityArgs:
    return app.ManagedServiceIdentityArgs(
        type=app.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[base.identity.id]
    )


def _app(
    name: str,
    spec: SiteSpec,
    base: Base,
    environment: app.ManagedEnvironment,
    certificate: app.Certificate,
    image: BuiltImage,
    first: Sequence[pulumi.Resource],
) -> app.ContainerApp:
    return app.ContainerApp(
        "app",
        container_app_name=name,
        resource_group_name=base.group.name,
        location=base.group.location,
        environment_id=environment.id,
        workload_profile_name="Consumption",
        identity=_identity(base),
        configuration=app.ConfigurationArgs(
            active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
            ingress=_ingress(spec, certificate),
            registries=[app.RegistryCredentialsArgs(server=base.group.login_server, identity=base.identity.id)],
            secrets=list(base.secrets.references),
        ),
        template=app.TemplateArgs(containers=[_container(spec, image, base.secrets)], scale=_scale(spec)),
        # Without the TXT record the custom domain is refused, without the roles the image and the secrets are.
        opts=pulumi.ResourceOptions(depends_on=[*first, *base.grants]),
    )


def _ingress(spec: SiteSpec, certificate: app.Certificate) -> app.IngressArgs:
    return app.IngressArgs(
        external=True,
        target_port=PORT,
        transport=app.IngressTransportMethod.AUTO,
        allow_insecure=False,
        custom_domains=bind_hosts(spec, certificate),
        traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
    )


def _container(spec: SiteSpec, image: BuiltImage, secrets: AppSecrets) -> app.ContainerArgs:
    extra = {**spec.environment, **edge_variables(spec.address_limit)}
    variables = plan.environment(spec.name, spec.models, extra) | {"PORT": str(PORT)}
    return app.ContainerArgs(
        name=CONTAINER,
        image=image.reference,
        env=[*(app.EnvironmentVarArgs(name=k, value=v) for k, v in sorted(variables.items())), *secrets.variables],
        resources=app.ContainerResourcesArgs(cpu=spec.size.cpu, memory=sizes.gibibytes(spec.size.memory_mib)),
        # At most 10 failures, as the API's own description of a probe says, although it takes more for startup:
        # github.com/hashicorp/terraform-provider-azurerm/pull/31989
        probes=[
            _probe(app.Type.STARTUP, HEALTH_PATH, period_seconds=6, failure_threshold=10),
            _probe(app.Type.LIVENESS, LIVE_PATH, period_seconds=10, failure_threshold=3),
            _probe(app.Type.READINESS, HEALTH_PATH, period_seconds=5, failure_threshold=2),
        ],
    )


def _probe(kind: app.Type, path: str, *, period_seconds: int, failure_threshold: int) -> app.ContainerAppProbeArgs:
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=PORT),
        period_seconds=period_seconds,
        failure_threshold=failure_threshold,
        timeout_seconds=2,
    )


def _scale(spec: SiteSpec) -> app.ScaleArgs:
    """Another replica when each has more than `concurrency` requests a second, or too little processor left.

    The rule that wants the most replicas counts: learn.microsoft.com/azure/container-apps/scale-app.
    """
    requests = app.HttpScaleRuleArgs(metadata={"concurrentRequests": str(spec.concurrency)})
    cpu = app.CustomScaleRuleArgs(type="cpu", metadata={"type": "Utilization", "value": str(plan.CPU_PERCENT)})
    return app.ScaleArgs(
        min_replicas=spec.replicas.minimum,
        max_replicas=spec.replicas.maximum,
        rules=[app.ScaleRuleArgs(name="requests", http=requests), app.ScaleRuleArgs(name="cpu", custom=cpu)],
    )
