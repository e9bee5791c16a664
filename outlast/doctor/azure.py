"""What `outlast doctor` asks Azure: subscription, registered namespaces, environments, the certificate in the vault."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime

import httpx

from failover.certificates.vault import CertificateVault
from failover.levers.clouds import Clouds, ask
from outlast.doctor.checks import Finding, fine, unknown, wrong
from outlast.doctor.ends import judge_end
from service.errors import Unavailable

NAMESPACES = (
    *("Microsoft.App", "Microsoft.ContainerRegistry", "Microsoft.Insights", "Microsoft.KeyVault"),
    *("Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.OperationalInsights"),
)
"""Of what a site registers, but for those that every subscription is registered for
(learn.microsoft.com/azure/azure-resource-manager/management/azure-services-resource-providers)."""
OF_BASES = ("Microsoft.Storage",)
"""Those of a base stack beside."""
_LOGIN = "az login, then az account set --subscription {}"
_SUBSCRIPTIONS, _PROVIDERS, _USAGES = "2022-12-01", "2021-04-01", "2024-03-01"
"""Versions of the APIs: Subscriptions, Resource Providers, Container Apps."""


def look_at_credentials(clouds: Clouds, subscription: str) -> Finding:
    """Who these credentials are, and whether they see the subscription that the files name."""
    path, version = f"/subscriptions/{subscription}", {"api-version": _SUBSCRIPTIONS}
    try:
        with clouds.azure() as arm:
            answer = ask(arm, "GET", path, f"read the subscription {subscription}", params=version)
    except Unavailable as error:
        return wrong(error.what, _LOGIN.format(subscription))
    if answer.status_code == 404:
        return wrong(f"these credentials do not see the subscription {subscription}", _LOGIN.format(subscription))
    state = answer.json().get("state", "")
    if state != "Enabled":
        return wrong(
            f"the subscription {subscription} is {state or 'in no state'}", "its owner enables it in the portal"
        )
    return fine(f"{read_principal(answer.request)} on {answer.json().get('displayName') or subscription}")


def read_principal(request: httpx.Request) -> str:
    """Whose token a request carried, by its claims; they are only shown, so the signature is not looked at."""
    parts = request.headers.get("authorization", "").removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return "a token"
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return "a token"
    return str(claims.get("upn") or claims.get("unique_name") or claims.get("appid") or claims.get("oid") or "a token")


def look_at_namespaces(clouds: Clouds, subscription: str, more: Sequence[str] = ()) -> Finding:
    """A subscription that never had a resource of a kind has to be registered for it."""
    lacking, wanted = [], (*NAMESPACES, *more)
    with clouds.azure() as arm:
        for namespace in wanted:
            path = f"/subscriptions/{subscription}/providers/{namespace}"
            answer = ask(arm, "GET", path, f"read {namespace}", params={"api-version": _PROVIDERS})
            if answer.status_code == 404 or answer.json().get("registrationState") != "Registered":
                lacking.append(namespace)
    if not lacking:
        return fine(", ".join(wanted))
    commands = "; ".join(f"az provider register --wait -n {name}" for name in lacking)
    return wrong(f"not registered: {', '.join(lacking)}", commands)


def look_at_environments(clouds: Clouds, subscription: str, region: str, sites: int) -> Finding:
    """How many environments of Container Apps the subscription may have in a region."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.App/locations/{region}/usages"
    with clouds.azure() as arm:
        answer = ask(arm, "GET", path, f"read the quotas in {region}", params={"api-version": _USAGES})
    rows = answer.json().get("value", []) if answer.status_code != 404 else []
    row = next((one for one in rows if one["name"]["value"] == "ManagedEnvironmentCount"), None)
    if row is None:
        return unknown("Azure does not say how many there may be")
    limit, used = int(row["limit"]), int(row["currentValue"])
    told = f"{limit} environments of Container Apps, {used} in use; the sites of these files take {sites}"
    more = "ask for more: the quota of Microsoft.App in the portal, or `az quota update`"
    if limit < sites:
        return wrong(told, more)
    return fine(told) if limit - used >= sites else unknown(f"{told}: enough only if those are theirs", more)


def look_at_certificate(clouds: Clouds, secret: str, host: str, now: Callable[[], datetime]) -> Finding:
    """The certificate behind the secret that a site names: when it ends, and whether it is for the public host."""
    vault = CertificateVault.at(secret, clouds)
    where = vault.base.removeprefix("https://")
    renew = f"outlast certificate renew puts one into {where}; docs/guides/certificates.md tells other ways"
    held = vault.look()
    if held is None:
        return wrong(f"{where} has no certificate {vault.name}", renew)
    return judge_end(host, held.not_after, held.names, now(), renew)
