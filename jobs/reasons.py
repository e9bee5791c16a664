"""What a service says when a job cannot start or has failed, and what to do then: one table for calls and jobs. Pure.

Services word the same cause in many ways, so each row looks for what those have in common. Where a row's words are from
is in `docs/reference/jobs.md`; the service's own sentence is always shown as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One cause. `said` finds it in a service's sentence; `why` and `hint` are ours."""

    name: str
    said: re.Pattern[str]
    why: str
    hint: str


def _row(name: str, said: str, why: str, hint: str) -> Reason:
    return Reason(name, re.compile(said, re.IGNORECASE), why, hint)


# The first that is found counts: what is more particular stands above what is more general.
REASONS: tuple[Reason, ...] = (
    _row(
        "credentials ended",
        r"expiredtoken|token.{0,40}expired|expired.{0,20}token|lifetime validation failed|reauthentication is needed",
        "the credentials of this command have ended; a job that was started goes on without them",
        "log in again, then `outlast model jobs attach`",
    ),
    _row(
        "clock",
        r"RequestTimeTooSkewed|Signature (?:expired|not yet current)|Token used too early|short-lived token",
        "the clock of this machine is wrong by minutes: the service takes no signature from another time",
        "set the clock (on Linux: timedatectl set-ntp true), then type the same again",
    ),
    _row(
        "role not trusted",
        r"could not assume role|allows principal|iam\.serviceAccounts\.actAs|permission to act as|PassRole|"
        r"identity.{0,60}(?:not (?:assigned|associated|attached)|cannot be used)",
        "the service may not run a job as this identity, or these credentials may not hand it over",
        "`pulumi up` of the training stack makes both; `outlast permissions` lists what who starts jobs needs",
    ),
    _row(
        "quota",
        r"ResourceLimitExceeded|RESOURCE_EXHAUSTED|service limit|quota",
        "the account's quota for machines of this type is used up, or zero as in a new account",
        "ask the cloud for more of this type, wait for other jobs, or ask for fewer vCPU",
    ),
    _row(
        "no machines",
        r"CapacityError|STOCKOUT|insufficient capacity|AllocationFailed|preempt|low.priority.{0,30}evict",
        "the cloud had no machine of this type left, or took the spot machine away for good",
        "start it again: finished fits are kept; without --spot where it happens again",
    ),
    _row(
        "unknown machine",
        r"instanceType.{0,80}enum value|machine.?type.{0,60}(?:not supported|invalid|unknown|does not exist)|"
        r"(?:VM|instance).{0,10}(?:size|type).{0,80}(?:not (?:supported|available|found|valid)|invalid)|InvalidVmSize",
        "this region does not have machines of this type for training",
        "ask for other vCPU or memory, or train in another region",
    ),
    _row(
        "out of memory",
        r"OutOfMemory|out of memory|exit (?:code|status):? ?137|non-zero status of 137|OOMKilled|oom.?kill",
        "the job used more memory than its machine has",
        "start it again with more memory: finished fits are kept",
    ),
    _row(
        "image",
        r"cannot find repository|image.{0,80}(?:pull|not found|does not exist|manifest|permission|unauthorized)|"
        r"pull.{0,30}(?:image|access denied)|ImagePull|manifest.?unknown|ecr:(?:BatchGetImage|GetDownloadUrl)",
        "the image is not there, or the job's identity may not pull it",
        "`pulumi up` of the training stack pushes it again and grants the right to pull",
    ),
    _row(
        "no training code",
        r"No module named|No such command|invalid choice|exec(?:utable)?.{0,30}not found|"
        r"entrypoint.{0,40}not (?:found|exist)",
        "the image holds no training code: it is one that serves",
        "name the training stack's output `trainingImage`",
    ),
    _row(
        "another region",
        r"PermanentRedirect|must be addressed using the specified endpoint|AuthorizationHeaderMalformed|"
        r"bucket.{0,80}(?:different|another|same|wrong) region",
        "a bucket lies in another region than the job",
        "train in the data's region (`region` of the training stack), or copy the data to a bucket of this one",
    ),
    _row(
        "data not found",
        r"No S3 objects found|NoSuchKey|NoSuchBucket|StreamAccess\.NotFound|BlobNotFound|ContainerNotFound|"
        r"(?:data|object|blob|file|bucket|path).{0,60}(?:not found|does not exist|no such)|FileNotFoundError",
        "there are no data at an address of the spec",
        "look at the addresses; a folder's ends in /",
    ),
    _row(
        "data not readable",
        r"data download failed.{0,80}(?:403|denied|forbidden)|AuthorizationPermissionMismatch|StreamAccess\.Auth|"
        r"storage\.objects\.(?:get|list)|s3:(?:GetObject|ListBucket)|PermissionError|"
        r"(?:S3|blob|storage).{0,80}(?:Access ?Denied|Forbidden|not authorized)",
        "the job's identity may not read the data, or not write the output",
        "name the buckets in the training stack's `outlast:dataSources`, then `pulumi up`",
    ),
    _row(
        "time is up",
        r"MaxRuntimeExceeded|MaxWaitTimeExceeded|timed? ?out|timeout|DEADLINE_EXCEEDED|maximum.{0,20}(?:run|time)",
        "the job reached its limit of time",
        "start it again with a longer --time-limit: finished fits are kept",
    ),
    _row(
        "killed",
        r"exit (?:code|status):? ?(?:143|130|-15|-9)|non-zero status of (?:143|130)|SIGTERM|SIGKILL|killed",
        "the job's process was killed",
        "start it again: finished fits are kept",
    ),
    _row(
        "program failed",
        r"non-zero status of|exit (?:code|status)|AlgorithmError|ExecuteUserScriptError|exited with",
        "the job's own program ended with an error, which its last lines tell",
        "`outlast model jobs attach` prints them",
    ),
    _row(
        "not allowed",
        r"AccessDenied|not authorized|Authorization ?Failed|PERMISSION_DENIED|Forbidden|Unauthorized|UNAUTHENTICATED|"
        r"does not have .{0,40}permission|UnrecognizedClient|InvalidClientTokenId|InvalidAuthenticationToken",
        "these credentials may not do that",
        "`outlast permissions` lists what who starts jobs needs",
    ),
)


def explain(said: str) -> Reason | None:
    """The cause that a service's sentence names; None where no row knows it."""
    return next((reason for reason in REASONS if reason.said.search(said)), None)


def shorten(said: str, longest: int = 500) -> str:
    """A service's sentence on one line: some send a page."""
    line = " ".join(said.split())
    return line if len(line) <= longest else f"{line[:longest]}…"
