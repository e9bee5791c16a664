"""The server's configuration: environment variables only, all read here, every mistake reported together.

`SETTINGS` is the one table of names, defaults and meanings; docs/reference/server.md is checked against it.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from service.errors import InvalidInput, Mistake
from service.server.auth import ApiKey
from service.server.receipts import SigningKey

RELEASED = Path(__file__).resolve().parents[1] / "released"
MAX_API_KEYS = 64  # every presented key is compared with all of them, in constant time each
MIN_SECRET_BYTES = 32

T = TypeVar("T")


class Setting(NamedTuple):
    """One environment variable: its name, its default as text ("" = none) and what it means."""

    name: str
    default: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("PORT", "8080", "TCP port; 0 takes a free one and prints it"),
    Setting("OUTLAST_HOST_BIND", "0.0.0.0", "address to listen on"),
    Setting("OUTLAST_SITE", "local", "name of the site, sent as `x-served-by`"),
    Setting("OUTLAST_REPLICA", "", "name of the replica in logs and audit; the host's name and process id when absent"),
    Setting("OUTLAST_MODELS", "", "folder of released models, one folder each; the package's own when absent"),
    Setting(
        "OUTLAST_MODEL_DIGESTS", "", "JSON, model name -> digest that must be the one served; others are unhealthy"
    ),
    Setting("OUTLAST_AUTH", "on", "`on`: an API key is needed; `off`: nobody is asked, said in words at start"),
    Setting(
        "OUTLAST_API_KEYS", "", "JSON list of keys: name, sha256, and optionally rps, burst, not_before, not_after"
    ),
    Setting("OUTLAST_API_KEYS_FILE", "", "file with that list, instead of the variable"),
    Setting("OUTLAST_METRICS_AUTH", "open", "`open` or `key`: whether /metrics and /drift ask for an API key"),
    Setting(
        "OUTLAST_RECEIPT_KEYS",
        "",
        "`id:hex,…`, at least 32 bytes each, the same on all sites; the first signs, all verify",
    ),
    Setting("OUTLAST_RECEIPT_DAYS", "400", "receipts older than this are refused as feedback"),
    Setting("OUTLAST_MAX_BODY_BYTES", "4194304", "largest request body, also after decompression"),
    Setting("OUTLAST_MAX_ROWS", "4096", "most rows in one request"),
    Setting("OUTLAST_MAX_HEADER_BYTES", "16384", "largest request line and headers together"),
    Setting("OUTLAST_MAX_CONNECTIONS", "12000", "open connections; beyond it the longest idle one is closed"),
    Setting("OUTLAST_HEAD_SECONDS", "10", "time to send a request's headers"),
    Setting("OUTLAST_BODY_SECONDS", "30", "time to send a request's body"),
    Setting("OUTLAST_IDLE_SECONDS", "75", "idle time of a kept-alive connection; above the load balancer's own"),
    Setting("OUTLAST_QUEUE_DEPTH", "256", "most requests waiting for inference; beyond it 503 with Retry-After"),
    Setting(
        "OUTLAST_QUEUE_MILLISECONDS", "4", "expected wait that may stand in that queue; a burst may wait ten times it"
    ),
    Setting("OUTLAST_DRAIN_SECONDS", "5", "after SIGTERM, how long requests are still taken while /healthz says 503"),
    Setting("OUTLAST_HEALTH_SECONDS", "5", "interval of the self-inference and the digest check behind /healthz"),
    Setting(
        "OUTLAST_HEALTH_ERROR_RATIO", "0.5", "share of server errors in the last minute that makes the replica unwell"
    ),
    Setting("OUTLAST_HEALTH_MIN_REQUESTS", "20", "answers in the last minute below which that share says nothing"),
    Setting("OUTLAST_AUDIT", "stdout", "`stdout` or `off`: the audit trail's stream"),
    Setting("OUTLAST_AUDIT_DIR", "", "folder that gets the audit trail as well, one file per replica"),
    Setting("OUTLAST_AUDIT_QUEUE", "8192", "most audit records not yet written"),
    Setting(
        "OUTLAST_AUDIT_WHEN_FULL",
        "refuse",
        "`refuse` predictions when the sink stalls, or `count` the lost records in the chain",
    ),
    Setting("OUTLAST_DRIFT_ROWS", "2000", "rows in the sliding window of the drift scores; 0 turns them off"),
    Setting("OUTLAST_DRIFT_SECONDS", "15", "interval of the drift scores"),
    Setting("OUTLAST_DRILLS", "off", "`on` lets the fault flags below act; `off` ignores them"),
    Setting("OUTLAST_FAULTS", "", "file or HTTPS address of the fault flag that all replicas poll"),
    Setting("OUTLAST_FAULTS_SECONDS", "1", "interval of that poll"),
    Setting("OUTLAST_TLS_CERTIFICATE", "", "PEM certificate chain: the server then speaks TLS itself"),
    Setting("OUTLAST_TLS_KEY", "", "PEM key of that certificate"),
    Setting("OUTLAST_LOG_LEVEL", "info", "debug, info, warning or error; JSON lines on stderr"),
    Setting("OUTLAST_LOG_REQUESTS", "off", "`on` logs a line per request too (the audit trail has one already)"),
    Setting("OUTLAST_LOG_FEATURES", "off", "`on` puts feature values into those lines; they may be personal data"),
    Setting(
        "OUTLAST_TRACES", "off", "`on` exports OpenTelemetry spans (needs the `tracing` extra; OTEL_* variables apply)"
    ),
)

# The rest of the product reads these; a name close to one of ours is then no misspelling.
_OTHERS = ("OUTLAST_HOST", "OUTLAST_NAMESERVER", "OUTLAST_PORT_OFFSET", "OUTLAST_CA_FILE", "OUTLAST_SPEED")


@dataclass(frozen=True)
class Settings:
    """The server's configuration, checked. Times in seconds, sizes in bytes; field by field as in `SETTINGS`."""

    port: int
    host: str
    site: str
    replica: str
    models: Path
    model_digests: Mapping[str, str]
    auth: bool
    api_keys: tuple[ApiKey, ...]
    metrics_auth: bool
    receipt_keys: tuple[SigningKey, ...]
    receipt_days: float
    max_body_bytes: int
    max_rows: int
    max_header_bytes: int
    max_connections: int
    head_seconds: float
    body_seconds: float
    idle_seconds: float
    queue_depth: int
    queue_seconds: float
    drain_seconds: float
    health_seconds: float
    health_error_ratio: float
    health_min_requests: int
    audit_stdout: bool
    audit_dir: Path | None
    audit_queue: int
    audit_refuses: bool
    drift_rows: int
    drift_seconds: float
    drills: bool
    faults: str
    faults_seconds: float
    tls_certificate: Path | None
    tls_key: Path | None
    log_level: str
    log_requests: bool
    log_features: bool
    traces: bool

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read every setting. Raises InvalidInput with all mistakes found."""
        reader = _Reader(environ)
        settings = _read_settings(reader)
        reader.mistakes += _misspellings(environ)
        if reader.mistakes or settings is None:
            raise InvalidInput(
                "the server's settings are wrong, so it does not start",
                reader.mistakes,
                hint="every setting is in docs/reference/server.md and in `python -m service serve --help`",
            )
        return settings


def _read_settings(read: _Reader) -> Settings | None:
    keys = read.api_keys()
    receipt_keys = read.take("OUTLAST_RECEIPT_KEYS", _receipt_keys)
    settings: dict[str, Any] = dict(  # noqa: C408
        port=read.whole("PORT", 0, 65535),
        host=read.take("OUTLAST_HOST_BIND", _address),
        site=read.take("OUTLAST_SITE", _label),
        replica=read.take("OUTLAST_REPLICA", _label_or_default),
        models=read.take("OUTLAST_MODELS", _models_folder),
        model_digests=read.take("OUTLAST_MODEL_DIGESTS", _digests),
        auth=read.one_of("OUTLAST_AUTH", "on", "off"),
        api_keys=keys,
        metrics_auth=read.one_of("OUTLAST_METRICS_AUTH", "key", "open"),
        receipt_keys=receipt_keys,
        receipt_days=read.number("OUTLAST_RECEIPT_DAYS", 1 / 24, 36500),
        max_body_bytes=read.whole("OUTLAST_MAX_BODY_BYTES", 1024, 2**30),
        max_rows=read.whole("OUTLAST_MAX_ROWS", 1, 10**6),
        max_header_bytes=read.whole("OUTLAST_MAX_HEADER_BYTES", 1024, 2**20),
        max_connections=read.whole("OUTLAST_MAX_CONNECTIONS", 10, 10**6),
        head_seconds=read.number("OUTLAST_HEAD_SECONDS", 0.1, 600),
        body_seconds=read.number("OUTLAST_BODY_SECONDS", 0.1, 600),
        idle_seconds=read.number("OUTLAST_IDLE_SECONDS", 0.1, 3600),
        queue_depth=read.whole("OUTLAST_QUEUE_DEPTH", 1, 10**5),
        queue_seconds=_per_thousand(read.number("OUTLAST_QUEUE_MILLISECONDS", 0.1, 60000)),
        drain_seconds=read.number("OUTLAST_DRAIN_SECONDS", 0, 600),
        health_seconds=read.number("OUTLAST_HEALTH_SECONDS", 0.05, 600),
        health_error_ratio=read.number("OUTLAST_HEALTH_ERROR_RATIO", 0.001, 1),
        health_min_requests=read.whole("OUTLAST_HEALTH_MIN_REQUESTS", 1, 10**6),
        audit_stdout=read.one_of("OUTLAST_AUDIT", "stdout", "off"),
        audit_dir=read.take("OUTLAST_AUDIT_DIR", _writable_folder),
        audit_queue=read.whole("OUTLAST_AUDIT_QUEUE", 16, 10**6),
        audit_refuses=read.one_of("OUTLAST_AUDIT_WHEN_FULL", "refuse", "count"),
        drift_rows=read.whole("OUTLAST_DRIFT_ROWS", 0, 10**6),
        drift_seconds=read.number("OUTLAST_DRIFT_SECONDS", 0.05, 3600),
        drills=read.one_of("OUTLAST_DRILLS", "on", "off"),
        faults=read.take("OUTLAST_FAULTS", _faults_source),
        faults_seconds=read.number("OUTLAST_FAULTS_SECONDS", 0.05, 3600),
        tls_certificate=read.take("OUTLAST_TLS_CERTIFICATE", _readable_file),
        tls_key=read.take("OUTLAST_TLS_KEY", _readable_file),
        log_level=read.take("OUTLAST_LOG_LEVEL", _log_level),
        log_requests=read.one_of("OUTLAST_LOG_REQUESTS", "on", "off"),
        log_features=read.one_of("OUTLAST_LOG_FEATURES", "on", "off"),
        traces=read.one_of("OUTLAST_TRACES", "on", "off"),
    )
    if read.mistakes:
        return None
    settings_object = Settings(**settings)
    read.mistakes += _contradictions(settings_object)
    return settings_object


class _Reader:
    """Takes variables out of an environment, remembering every mistake so that they are reported together."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.mistakes: list[Mistake] = []
        self._environ = environ
        self._defaults = {setting.name: setting.default for setting in SETTINGS}

    def text(self, name: str) -> str:
        """The variable's text; an empty one counts as absent, as compose files and task definitions write it."""
        return self._environ.get(name, "").strip() or self._defaults[name]

    def take(self, name: str, parse: Callable[[str], T]) -> Any:
        """The parsed value; None and a mistake when it is wrong."""
        text = self.text(name)
        try:
            return parse(text)
        except InvalidInput as error:
            self.mistakes += [
                Mistake(f"{name} {mistake.place}".strip(), mistake.what, mistake.hint) for mistake in error.mistakes
            ]
        except _Wrong as error:
            self.mistakes.append(Mistake(name, error.what, error.hint))
        return None

    def whole(self, name: str, least: int, most: int) -> Any:
        """A whole number in [least, most]."""
        return self.take(name, lambda text: _whole(text, least, most))

    def number(self, name: str, least: float, most: float) -> Any:
        """A number in [least, most]."""
        return self.take(name, lambda text: _number(text, least, most))

    def one_of(self, name: str, yes: str, no: str) -> Any:
        """True for `yes`, False for `no`."""
        return self.take(name, lambda text: _one_of(text, yes, no))

    def api_keys(self) -> Any:
        """The API keys, from the variable or from the file that the other variable names."""
        path = self.take("OUTLAST_API_KEYS_FILE", _readable_file)
        if path is None:
            return self.take("OUTLAST_API_KEYS", parse_api_keys)
        if self.text("OUTLAST_API_KEYS"):
            self.mistakes.append(
                Mistake("OUTLAST_API_KEYS", "is given beside OUTLAST_API_KEYS_FILE", "give one of them")
            )
        return self.take("OUTLAST_API_KEYS_FILE", lambda _: parse_api_keys(path.read_text()))


class _Wrong(Exception):
    """A value that a parser refuses: what is wrong, and what to write instead."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """API keys from their JSON list. Raises InvalidInput with every mistake."""
    try:
        entries = json.loads(text or "[]")
    except ValueError as error:
        raise _Wrong(f"is not JSON: {error}", _KEY_HINT) from error
    if not isinstance(entries, list):
        raise _Wrong(f"is a JSON {type(entries).__name__}, not a list", _KEY_HINT)
    if len(entries) > MAX_API_KEYS:
        raise _Wrong(f"holds {len(entries)} keys; at most {MAX_API_KEYS} are compared for each request")
    mistakes: list[Mistake] = []
    keys: list[ApiKey] = []
    for number, entry in enumerate(entries):
        try:
            keys.append(_api_key(entry))
        except _Wrong as error:
            mistakes.append(Mistake(f"[{number}]", error.what, error.hint or _KEY_HINT))
    if mistakes:
        raise InvalidInput("the API keys are wrong", mistakes)
    return tuple(keys)


_KEY_HINT = "make an entry with `python -m service key --name <who>`"
_KEY_FIELDS = {"name", "sha256", "rps", "burst", "not_before", "not_after"}


def _api_key(entry: object) -> ApiKey:
    if not isinstance(entry, dict):
        raise _Wrong(f"is a JSON {type(entry).__name__}, not an object")
    if unknown := sorted(set(entry) - _KEY_FIELDS):
        raise _Wrong(f"has unknown fields: {', '.join(unknown)}", f"the fields are {', '.join(sorted(_KEY_FIELDS))}")
    name, sha256 = entry.get("name"), entry.get("sha256")
    if not isinstance(name, str) or not _LABEL.fullmatch(name):
        raise _Wrong(f"name is {name!r}; it must be 1 to 63 letters, digits, dots or dashes")
    if not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise _Wrong("sha256 must be the SHA-256 of the key as 64 lower-case hex digits")
    rps = _entry_number(entry, "rps", default=math.inf)
    burst = _entry_number(entry, "burst", default=max(1.0, rps))
    return ApiKey(
        name=name,
        sha256=bytes.fromhex(sha256),
        rps=rps,
        burst=burst,
        not_before=_entry_time(entry, "not_before", -math.inf),
        not_after=_entry_time(entry, "not_after", math.inf),
    )


def _entry_number(entry: Mapping[str, object], field: str, default: float) -> float:
    value = entry.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise _Wrong(f"{field} is {value!r}; it must be a number above 0")
    return float(value)


def _entry_time(entry: Mapping[str, object], field: str, default: float) -> float:
    value = entry.get(field)
    if value is None:
        return default
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _Wrong(f"{field} is {value!r}, not a time", "write it like 2026-12-31T00:00:00Z") from error
    if moment.tzinfo is None:
        raise _Wrong(f"{field} is {value!r}, without a time zone", "write it like 2026-12-31T00:00:00Z")
    return moment.timestamp()


def _receipt_keys(text: str) -> tuple[SigningKey, ...]:
    keys: list[SigningKey] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, secret = part.partition(":")
        # The secret itself never appears in a message.
        if not _LABEL.fullmatch(name):
            raise _Wrong("holds a key without an id before its colon", "write it as id:hex,id:hex")
        if not re.fullmatch(r"[0-9a-fA-F]+", secret) or len(secret) % 2 or len(secret) < 2 * MIN_SECRET_BYTES:
            raise _Wrong(
                f"key {name!r} is not {MIN_SECRET_BYTES} or more bytes in hex", "make one with `openssl rand -hex 32`"
            )
        if any(key.name == name for key in keys):
            raise _Wrong(f"holds the id {name!r} twice")
        keys.append(SigningKey(name, bytes.fromhex(secret)))
    return tuple(keys)


_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise _Wrong(f"is {text!r}; it must be 1 to 63 letters, digits, dots or dashes")
    return text


def _label_or_default(text: str) -> str:
    return _label(text) if text else f"{socket.gethostname()}-{os.getpid()}"[-63:].lstrip(".-_")


def _address(text: str) -> str:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except OSError:
            continue
        return text
    raise _Wrong(f"is {text!r}, not an IP address", "0.0.0.0 listens on every address, 127.0.0.1 on this machine only")


def _models_folder(text: str) -> Path:
    folder = Path(text) if text else RELEASED
    if not folder.is_dir():
        raise _Wrong(f"{folder} is not a folder", "it holds one folder per released model, each with a manifest.json")
    return folder


def _digests(text: str) -> Mapping[str, str]:
    try:
        digests = json.loads(text or "{}")
    except ValueError as error:
        raise _Wrong(f"is not JSON: {error}", 'write it like {"tumour": "sha256:…"}') from error
    if not isinstance(digests, dict) or not all(isinstance(v, str) and _DIGEST.fullmatch(v) for v in digests.values()):
        raise _Wrong("must map a model's name to sha256: and 64 hex digits", 'write it like {"tumour": "sha256:…"}')
    return digests


def _writable_folder(text: str) -> Path | None:
    if not text:
        return None
    folder = Path(text)
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise _Wrong(f"{folder} is not a folder that this user may write to", "mount a volume there")
    return folder


def _readable_file(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text)
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise _Wrong(f"{path} cannot be read: {error.strerror}") from error


def _faults_source(text: str) -> str:
    if "://" in text and not text.startswith("https://"):
        raise _Wrong(f"is {text!r}; a fault flag is polled from a file or over HTTPS only")
    return text


def _log_level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise _Wrong(f"is {text!r}; it must be debug, info, warning or error")
    return text.lower()


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise _Wrong(f"is {text!r}, not a whole number", f"write a number from {least} to {most}")
    if not least <= int(text) <= most:
        raise _Wrong(f"is {text}, outside {least} to {most}")
    return int(text)


def _number(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise _Wrong(f"is {text!r}, not a number", f"write a number from {least:g} to {most:g}") from error
    if not least <= value <= most:
        raise _Wrong(f"is {text}, outside {least:g} to {most:g}")
    return value


def _per_thousand(value: float | None) -> float | None:
    return None if value is None else value / 1000


def _one_of(text: str, yes: str, no: str) -> bool:
    if text.lower() not in (yes, no):
        raise _Wrong(f"is {text!r}; it must be `{yes}` or `{no}`")
    return text.lower() == yes


def _contradictions(settings: Settings) -> list[Mistake]:
    """What no single variable shows."""
    found = []
    if settings.auth and not settings.api_keys:
        found.append(
            Mistake(
                "OUTLAST_API_KEYS",
                "is absent, so nobody could ask for a prediction",
                f"{_KEY_HINT}; or, to serve everybody, set OUTLAST_AUTH=off",
            )
        )
    if settings.metrics_auth and not settings.auth:
        found.append(Mistake("OUTLAST_METRICS_AUTH", "is `key` while OUTLAST_AUTH is `off`", "set OUTLAST_AUTH=on"))
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        found.append(Mistake("OUTLAST_TLS_CERTIFICATE", "and OUTLAST_TLS_KEY come together", "give both or neither"))
    if settings.drills and not settings.faults:
        found.append(
            Mistake("OUTLAST_DRILLS", "is `on` without OUTLAST_FAULTS", "name the file or HTTPS address to poll")
        )
    return found


def _misspellings(environ: Mapping[str, str]) -> list[Mistake]:
    """Variables that nobody reads and that look like one of ours: a limit that silently does not hold."""
    ours = [setting.name for setting in SETTINGS]
    found = []
    for name in sorted(environ):
        if not name.startswith("OUTLAST_") or name in ours or name in _OTHERS:
            continue
        if near := difflib.get_close_matches(name, ours, n=1, cutoff=0.85):
            found.append(Mistake(name, "is not a setting", f"did you mean {near[0]}?"))
    return found
