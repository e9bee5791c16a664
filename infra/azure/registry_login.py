"""Logging in to an Azure registry without its admin user: a token for one repository, good for about an hour.

The provider cannot make one (pulumi/pulumi-azure-native#3099: a registry `Token` has no password until an operation is
called that Pulumi does not know), so the registry is asked as `az acr login` does it: the deployer's own Entra token is
exchanged for a refresh token, and that for an access token that may push and pull one repository.
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import pulumi

from infra.applied import apply
from service.errors import Unavailable

TOKEN_USER = "00000000-0000-0000-0000-000000000000"
"""Under this name a registry takes a token for a password."""

TIMEOUT_SECONDS = 30

Post = Callable[[str, dict[str, str]], dict[str, str]]
"""Sends a form to a URL and gives back the JSON object of the answer."""


def repository_token(server: pulumi.Input[str], repository: str, entra_token: pulumi.Input[str]) -> pulumi.Output[str]:
    """A token that may push to and pull from `repository` on the registry `server`. Nothing is asked in a preview."""
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.secret("not asked for in a preview")
    both = pulumi.Output.all(pulumi.Output.from_input(server), pulumi.Output.secret(entra_token))
    return apply(both, lambda known: exchange(known[0], repository, known[1], post_form))


def exchange(server: str, repository: str, entra_token: str, post: Post) -> str:
    """The two steps of the exchange, through `post`."""
    base = f"https://{server}/oauth2"
    refresh = post(f"{base}/exchange", {"grant_type": "access_token", "service": server, "access_token": entra_token})
    access = post(
        f"{base}/token",
        {
            "grant_type": "refresh_token",
            "service": server,
            "scope": f"repository:{repository}:pull,push",
            "refresh_token": refresh["refresh_token"],
        },
    )
    return access["access_token"]


def post_form(url: str, form: dict[str, str]) -> dict[str, str]:
    """POST `form`; Unavailable, without the tokens in it, when there is no good answer."""
    body = urllib.parse.urlencode(form).encode()
    try:
        found: dict[str, str] = json.loads(_post(url, body))
        return found
    except (OSError, ValueError, Unavailable) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the answer as well, with its socket
        raise Unavailable(
            f"{url} gave no token: {error}",
            hint="the deploying identity needs AcrPush on the registry; or log in by yourself (`az acr login`) and set "
            "outlast:registryLogin to docker",
        ) from None


def _post(url: str, body: bytes) -> bytes:
    """By the system's resolver and proxies, unless the environment says how names are reached from here."""
    if os.environ.get("OUTLAST_NAMESERVER"):
        return _dial(url, body)
    with urllib.request.urlopen(url, data=body, timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
        return content


def _dial(url: str, body: bytes) -> bytes:
    import httpx  # both bring much with them, which a site on another network does not need

    from failover.dial import Dial

    try:
        with Dial.from_environment(os.environ).client(deadline_seconds=TIMEOUT_SECONDS) as http:
            answer = http.post(url, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
            answer.raise_for_status()
            return answer.content
    except httpx.HTTPError as error:
        raise OSError(str(error).partition("\n")[0]) from None
