"""The one seam to the clouds' APIs: where each is, and what a call to it is signed with.

boto3 reads its own environment. For Azure and Google Cloud a token comes from their own libraries (extra `clouds`), or
from a variable; the sandbox gives addresses and tokens by variables, as it does for boto3:

    OUTLAST_AZURE_ENDPOINT, OUTLAST_AZURE_TOKEN      Azure Resource Manager
    OUTLAST_GOOGLE_ENDPOINT, OUTLAST_GOOGLE_TOKEN    Cloud Run's API
    OUTLAST_SANDBOX_ENDPOINT, OUTLAST_SANDBOX_TOKEN  the sandbox's control interface
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from service.errors import Refused, Unavailable

ARM, RUN = "https://management.azure.com", "https://run.googleapis.com"
ARM_SCOPE, BLOB_SCOPE = f"{ARM}/.default", "https://storage.azure.com/.default"
GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
DEADLINE_SECONDS = 20.0
STALE = (409, 412)
_STALE_CODES = ("PreconditionFailed", "ConditionalRequestConflict", "ConditionalCheckFailedException")
_DENIED = ("AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClient", "ExpiredToken")


class _Bearer(httpx.Auth):
    """Each request carries a token that is valid at that moment: one expires in the middle of a long drill."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        request.headers["authorization"] = f"Bearer {self._token()}"
        yield request


@dataclass(frozen=True)
class Clouds:
    """Clients of the clouds' APIs; `transport` in place of the network."""

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)  # it holds tokens
    transport: httpx.BaseTransport | None = None
    _made: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def aws(self, service: str, region: str) -> Any:
        """A boto3 client that gives up after about 20 s: whoever undoes has to try again. Made once: that is slow."""
        if (service, region) not in self._made:
            self._made[service, region] = self._make_aws(service, region)
        return self._made[service, region]

    def _make_aws(self, service: str, region: str) -> Any:
        config = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 2})
        with translate_errors(f"reach {service} in {region}"):
            # A session of its own: boto3's default one keeps the first credentials that it ever found.
            session: Any = boto3.Session()
            return session.client(service, region_name=region, config=config)

    def azure(self, scope: str = ARM_SCOPE, endpoint: str = ARM) -> httpx.Client:
        """A client of Azure Resource Manager, or of another of Azure's APIs."""
        return self._client("AZURE", endpoint, lambda: _azure_token(scope))

    def google(self, endpoint: str = RUN) -> httpx.Client:
        """A client of Cloud Run's API, or of another of Google's."""
        return self._client("GOOGLE", endpoint, _google_token)

    def sandbox(self) -> httpx.Client:
        """A client of the sandbox's control interface. Raises Unavailable where there is no sandbox."""
        if not self.environ.get("OUTLAST_SANDBOX_ENDPOINT"):
            raise Unavailable(
                "this fault is the sandbox's, and no sandbox is named in OUTLAST_SANDBOX_ENDPOINT",
                hint="outlast exec -- outlast drill …, or make drill LOSE=… LEVEL=4 KIND=…",
            )
        return self._client("SANDBOX", "", lambda: "")

    def _client(self, vendor: str, endpoint: str, token: Callable[[], str]) -> httpx.Client:
        override, host = self.environ.get(f"OUTLAST_{vendor}_ENDPOINT"), urlsplit(endpoint).netloc
        # One address in the place of a vendor's stands for all of its APIs: the one that is meant is named first.
        base = (override if endpoint in (ARM, RUN, "") else f"{override}/{host}") if override else endpoint
        given = self.environ.get(f"OUTLAST_{vendor}_TOKEN")
        bearer = _Bearer((lambda: given) if given else token)
        return httpx.Client(
            base_url=base, auth=bearer, transport=self.transport, timeout=DEADLINE_SECONDS, trust_env=False
        )


def ask(client: httpx.Client, method: str, path: str, doing: str, **request: Any) -> httpx.Response:
    """One call; whatever is not a success is raised in our words.

    Raises:
        Refused: somebody else changed it meanwhile.
        Unavailable: no answer, no permission, or any other refusal.
    """
    try:
        response = client.request(method, path, **request)
    except httpx.HTTPError as error:
        raise Unavailable(
            f"could not {doing}: {str(error) or type(error).__name__}", hint="check the network"
        ) from error
    if response.is_success or response.status_code == 404:
        return response
    said = response.text[:300]
    if response.status_code in STALE:
        raise Refused(f"could not {doing}: somebody else changed it meanwhile ({said})", hint="look, then plan anew")
    if response.status_code in (401, 403):
        raise Unavailable(
            f"the cloud refused to {doing}: {said}",
            hint="these credentials lack a permission; docs/guides/run-a-drill.md lists those that a drill needs",
        )
    raise Unavailable(f"could not {doing}: HTTP {response.status_code} {said}", hint="try again in a minute")


def ask_for(client: httpx.Client, method: str, path: str, doing: str, **request: Any) -> dict[str, Any]:
    """`ask` for a JSON document of something that has to exist."""
    response = ask(client, method, path, doing, **request)
    if response.status_code == 404:
        raise Unavailable(f"could not {doing}: there is no such thing", hint="`pulumi up` of traffic names it anew")
    document: dict[str, Any] = response.json() if response.content else {}
    return document


@contextmanager
def translate_errors(doing: str) -> Iterator[None]:
    """Raise what botocore raises as `Refused` (somebody was faster) or `Unavailable`, saying what was being done."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _STALE_CODES:
            raise Refused(
                f"could not {doing}: somebody else was faster ({code})", hint="look, then plan anew"
            ) from error
        denied = code.startswith(_DENIED)
        hint = "docs/guides/run-a-drill.md lists the permissions" if denied else "is it still there? try again"
        raise Unavailable(f"could not {doing}: {error}", hint=hint) from error
    except BotoCoreError as error:
        raise Unavailable(
            f"could not {doing}: {error}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE; for the sandbox: make shell",
        ) from error


def _azure_token(scope: str) -> str:
    identity = _library("azure.identity", "Azure", "OUTLAST_AZURE_TOKEN")
    try:
        return str(identity.DefaultAzureCredential().get_token(scope).token)
    except Exception as error:  # the library raises a dozen kinds, and each says what to do
        raise Unavailable(f"no credentials for Azure: {error}", hint="az login") from error


def _google_token() -> str:
    auth = _library("google.auth", "Google Cloud", "OUTLAST_GOOGLE_TOKEN")
    transport = _library("google.auth.transport.urllib3", "Google Cloud", "OUTLAST_GOOGLE_TOKEN")
    try:
        credentials, _ = auth.default(scopes=[GOOGLE_SCOPE])
        credentials.refresh(transport.Request(importlib.import_module("urllib3").PoolManager()))
        return str(credentials.token)
    except Exception as error:
        raise Unavailable(
            f"no credentials for Google Cloud: {error}", hint="gcloud auth application-default login"
        ) from error


def _library(name: str, vendor: str, variable: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Unavailable(
            f"this needs {vendor}'s credentials, and {name} is not installed",
            hint=f"pip install 'outlast[clouds]', or give a token in {variable}",
        ) from error
