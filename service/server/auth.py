"""Who may ask: API keys by name, hashed, compared in constant time, each with a rate limit of its own.

A key is 32 random bytes in text, so a plain SHA-256 of it cannot be reversed or guessed; a slow password hash would
only slow every request. Two entries of one name overlap while a key is rotated; they share one limit.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from service.server.protocol.problems import NO_KEY, TOO_MANY_REQUESTS, Problem

ANONYMOUS = "anonymous"
KEY_PREFIX = "olk_"  # so that a leaked key is found by a secret scanner


@dataclass(frozen=True)
class ApiKey:
    """One accepted key: SHA-256 of its text, requests per second, burst, and validity in Unix seconds.

    `judges_all`: may say what was true of any caller's predictions, and not of its own alone.
    """

    name: str
    sha256: bytes
    rps: float = math.inf
    burst: float = math.inf
    not_before: float = -math.inf
    not_after: float = math.inf
    judges_all: bool = False


class Gate:
    """Says whose request it is, or refuses it. The limits hold per replica: replicas share nothing."""

    def __init__(self, keys: Sequence[ApiKey], *, required: bool = True) -> None:
        self._keys = tuple(keys)
        self._required = required
        self._buckets = {key.name: _Bucket(key.rps, key.burst) for key in self._keys if math.isfinite(key.rps)}

    def admit(self, headers: Mapping[bytes, bytes], now: float) -> str:
        """The name of the caller's key at Unix time `now`. Raises Problem 401 or 429."""
        if not self._required:
            return ANONYMOUS
        name = self.identify(headers, now)
        bucket = self._buckets.get(name)
        if bucket is not None and (wait := bucket.take(now)) > 0:
            seconds = math.ceil(wait)
            raise Problem(
                TOO_MANY_REQUESTS,
                f"the key {name!r} may ask {bucket.rps:g} times a second at each replica",
                hint=f"wait {seconds} s, or send several rows in one request",
                headers=[(b"retry-after", str(seconds).encode())],
            )
        return name

    def may_judge(self, name: str, owner: str) -> bool:
        """Whether the key of that name may say what was true of a prediction that `owner` asked for."""
        if owner in (name, ANONYMOUS, ""):
            return True
        return any(key.name == name and key.judges_all for key in self._keys)

    def valid(self, now: float) -> float:
        """How many keys open now."""
        return float(sum(key.not_before <= now <= key.not_after for key in self._keys))

    def opens(self, now: float) -> bool:
        """Whether anybody can get in now."""
        return not self._required or self.valid(now) > 0

    def identify(self, headers: Mapping[bytes, bytes], now: float) -> str:
        """The name of the caller's key, without touching its limit. Raises Problem 401."""
        presented = _presented_key(headers)
        if presented is None:
            raise _refusal("no API key was sent")
        digest = hashlib.sha256(presented).digest()
        found: ApiKey | None = None
        for key in self._keys:  # no early exit: the time tells nothing about which key, or how much of it, was right
            if compare_digest(digest, key.sha256):
                found = key
        if found is None or not found.not_before <= now <= found.not_after:
            raise _refusal("the API key is unknown, not yet valid or expired")
        return found.name


class _Bucket:
    """A token bucket: `rps` tokens a second, at most `burst` of them."""

    def __init__(self, rps: float, burst: float) -> None:
        self.rps = rps
        self._burst = burst
        self._tokens = burst
        self._at = -math.inf

    def take(self, now: float) -> float:
        """Take one token; 0 when there was one, else the seconds until there will be."""
        if self._at != -math.inf:
            self._tokens = min(self._burst, self._tokens + max(0.0, now - self._at) * self.rps)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rps


def make_key() -> tuple[str, str]:
    """A new API key and the hex SHA-256 that the server keeps of it."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, hashlib.sha256(key.encode()).hexdigest()


def _presented_key(headers: Mapping[bytes, bytes]) -> bytes | None:
    if (key := headers.get(b"x-api-key")) is not None:
        return key
    authorization = headers.get(b"authorization", b"")
    scheme, _, token = authorization.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else None


def _refusal(detail: str) -> Problem:
    return Problem(
        NO_KEY,
        detail,
        hint="send it as `Authorization: Bearer <key>` or `x-api-key: <key>`",
        headers=[(b"www-authenticate", b'Bearer realm="outlast"')],
    )
