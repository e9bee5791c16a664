"""The edge to Route 53: a client with short deadlines, and botocore's errors put into our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from service.errors import OutlastError, Refused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

STALE = "HealthCheckVersionMismatch"
THROTTLED = ("Throttling", "ThrottlingException", "PriorRequestNotComplete")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
# Five requests a second are an account's share (Developer Guide, DNSLimitations), and a drill begins with a dozen: it
# waits a second and tries again, more often than it would wait for an API that does not answer at all.
THROTTLED_WAIT_SECONDS, THROTTLED_ATTEMPTS = 1.0, 8


def build_client(endpoint_url: str | None = None) -> Route53Client:
    """A Route 53 client from boto3's own environment; it gives up after about 20 s: an undo has to try again."""
    config = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 2})
    with translate_errors("start"):
        # Route 53 is global: a region is needed only to sign, and must not have to be configured.
        # A session of its own: boto3's default one keeps the first credentials that it ever found.
        client = boto3.Session().client("route53", region_name="us-east-1", endpoint_url=endpoint_url, config=config)
    client.meta.events.register_first("needs-retry.route53", cast(Any, _wait_when_throttled))
    return client


def _wait_when_throttled(*, attempts: int, response: tuple[Any, Any] | None, **_: Any) -> float | None:
    """For botocore: how many seconds to wait before another attempt, None to leave that to its own rules."""
    code = response[1].get("Error", {}).get("Code") if response is not None else None
    return THROTTLED_WAIT_SECONDS if code in THROTTLED and attempts < THROTTLED_ATTEMPTS else None


@contextmanager
def translate_errors(doing: str) -> Iterator[None]:
    """Raise what botocore raises as `Refused` or `Unavailable`, saying what was being done."""
    try:
        yield
    except ClientError as error:
        raise _translate_answer(error, doing) from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise Unavailable(
            f"no AWS credentials to {doing}: {error}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE; for the sandbox: make shell",
        ) from error
    except (ConnectionError, HTTPClientError) as error:
        raise Unavailable(
            f"Route 53's API does not answer, trying to {doing}: {error}",
            hint="check the network and AWS_ENDPOINT_URL; is the sandbox up (make status)?",
        ) from error
    except BotoCoreError as error:
        raise Unavailable(
            f"could not {doing}: {error}", hint="check boto3's configuration: aws configure list"
        ) from error


def error_code(error: ClientError) -> str:
    """The code that Route 53 gave a refused call, such as `HealthCheckVersionMismatch`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _translate_answer(error: ClientError, doing: str) -> OutlastError:
    code = error_code(error)
    if code == STALE:
        return Refused(
            f"could not {doing}: the health check was changed by someone else meanwhile ({code})",
            hint="look at who is at work, then make a new plan: outlast drill plan --lose SITE",
        )
    if "AccessDenied" in code or code in (
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ):
        return Unavailable(
            f"AWS refused to {doing}: {error}",
            hint="these credentials lack a permission; docs/guides/run-a-drill.md lists those that a drill needs",
        )
    if code in EXPIRED:
        return Unavailable(
            f"the AWS credentials expired, trying to {doing} ({code})",
            hint="renew them (aws sso login, or whatever gave you these), then type the same again",
        )
    if code in THROTTLED:
        return Unavailable(f"Route 53 asks to slow down, trying to {doing}: {code}", hint="try again in a minute")
    return Unavailable(f"could not {doing}: {error}", hint="is the host, and its health check, still there?")
