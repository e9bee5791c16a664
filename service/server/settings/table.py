"""The server's configuration: environment variables only, all read here, every mistake reported together.

`SETTINGS` is the one table of names, defaults and meanings; docs/reference/server.md is checked against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from service.errors import InvalidInput, Mistake
from service.server.audit.receipts import SigningKey
from service.server.auth import ApiKey
from service.server.settings import values
from service.server.settings.keys import KEY_HINT, parse_api_keys, parse_receipt_keys

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
        "OUTLAST_QUEUE_MILLISECONDS", "2", "expected wait that may stand in that queue; a burst may wait ten times it"
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
        fields = _read_fields(reader)
        reader.mistakes += _contradictions(reader, fields) + _misspellings(environ)
        if reader.mistakes:
            raise InvalidInput(
                "the server's settings are wrong, so it does not start",
                reader.mistakes,
                hint="every setting is in docs/reference/server.md and in `python -m service serve --help`",
            )
        return cls(**fields)


def _read_fields(read: _Reader) -> dict[str, Any]:
    """Every field of `Settings`; None where its text is a mistake, which the reader then holds."""
    return dict(  # noqa: C408
        port=read.whole("PORT", 0, 65535),
        host=read.take("OUTLAST_HOST_BIND", values.parse_address),
        site=read.take("OUTLAST_SITE", values.parse_label),
        replica=read.take("OUTLAST_REPLICA", values.parse_replica),
        models=read.take("OUTLAST_MODELS", values.find_models),
        model_digests=read.take("OUTLAST_MODEL_DIGESTS", values.parse_digests),
        auth=read.one_of("OUTLAST_AUTH", "on", "off"),
        api_keys=read.api_keys(),
        metrics_auth=read.one_of("OUTLAST_METRICS_AUTH", "key", "open"),
        receipt_keys=read.take("OUTLAST_RECEIPT_KEYS", parse_receipt_keys),
        receipt_days=read.number("OUTLAST_RECEIPT_DAYS", 1 / 24, 36500),
        max_body_bytes=read.whole("OUTLAST_MAX_BODY_BYTES", 1024, 2**30),
        max_rows=read.whole("OUTLAST_MAX_ROWS", 1, 10**6),
        max_header_bytes=read.whole("OUTLAST_MAX_HEADER_BYTES", 1024, 2**20),
        max_connections=read.whole("OUTLAST_MAX_CONNECTIONS", 10, 10**6),
        head_seconds=read.number("OUTLAST_HEAD_SECONDS", 0.1, 600),
        body_seconds=read.number("OUTLAST_BODY_SECONDS", 0.1, 600),
        idle_seconds=read.number("OUTLAST_IDLE_SECONDS", 0.1, 3600),
        queue_depth=read.whole("OUTLAST_QUEUE_DEPTH", 1, 10**5),
        queue_seconds=values.divide_by_thousand(read.number("OUTLAST_QUEUE_MILLISECONDS", 0.1, 60000)),
        drain_seconds=read.number("OUTLAST_DRAIN_SECONDS", 0, 600),
        health_seconds=read.number("OUTLAST_HEALTH_SECONDS", 0.05, 600),
        health_error_ratio=read.number("OUTLAST_HEALTH_ERROR_RATIO", 0.001, 1),
        health_min_requests=read.whole("OUTLAST_HEALTH_MIN_REQUESTS", 1, 10**6),
        audit_stdout=read.one_of("OUTLAST_AUDIT", "stdout", "off"),
        audit_dir=read.take("OUTLAST_AUDIT_DIR", values.find_writable),
        audit_queue=read.whole("OUTLAST_AUDIT_QUEUE", 16, 10**6),
        audit_refuses=read.one_of("OUTLAST_AUDIT_WHEN_FULL", "refuse", "count"),
        drift_rows=read.whole("OUTLAST_DRIFT_ROWS", 0, 10**6),
        drift_seconds=read.number("OUTLAST_DRIFT_SECONDS", 0.05, 3600),
        drills=read.one_of("OUTLAST_DRILLS", "on", "off"),
        faults=read.take("OUTLAST_FAULTS", values.parse_source),
        faults_seconds=read.number("OUTLAST_FAULTS_SECONDS", 0.05, 3600),
        tls_certificate=read.take("OUTLAST_TLS_CERTIFICATE", values.find_readable),
        tls_key=read.take("OUTLAST_TLS_KEY", values.find_readable),
        log_level=read.take("OUTLAST_LOG_LEVEL", values.parse_level),
        log_requests=read.one_of("OUTLAST_LOG_REQUESTS", "on", "off"),
        log_features=read.one_of("OUTLAST_LOG_FEATURES", "on", "off"),
        traces=read.one_of("OUTLAST_TRACES", "on", "off"),
    )


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
        except values.Wrong as error:
            self.mistakes.append(Mistake(name, error.what, error.hint))
        return None

    def whole(self, name: str, least: int, most: int) -> Any:
        """A whole number in [least, most]."""
        return self.take(name, lambda text: values.parse_whole(text, least, most))

    def number(self, name: str, least: float, most: float) -> Any:
        """A number in [least, most]."""
        return self.take(name, lambda text: values.parse_number(text, least, most))

    def one_of(self, name: str, yes: str, no: str) -> Any:
        """True for `yes`, False for `no`."""
        return self.take(name, lambda text: values.parse_either(text, yes, no))

    def api_keys(self) -> Any:
        """The API keys, from the variable or from the file that the other variable names."""
        path = self.take("OUTLAST_API_KEYS_FILE", values.find_readable)
        if path is None:
            return self.take("OUTLAST_API_KEYS", parse_api_keys)
        if self.text("OUTLAST_API_KEYS"):
            self.mistakes.append(
                Mistake("OUTLAST_API_KEYS", "is given beside OUTLAST_API_KEYS_FILE", "give one of them")
            )
        return self.take("OUTLAST_API_KEYS_FILE", lambda _: parse_api_keys(values.read_text(path)))


def _contradictions(read: _Reader, fields: Mapping[str, Any]) -> list[Mistake]:
    """What no single variable shows. Each is looked for however many others are wrong."""
    found = []
    if fields["auth"] and fields["api_keys"] == ():
        found.append(
            Mistake(
                "OUTLAST_API_KEYS",
                "is absent, so nobody could ask for a prediction",
                f"{KEY_HINT}; or, to serve everybody, set OUTLAST_AUTH=off",
            )
        )
    if fields["metrics_auth"] and fields["auth"] is False:
        found.append(Mistake("OUTLAST_METRICS_AUTH", "is `key` while OUTLAST_AUTH is `off`", "set OUTLAST_AUTH=on"))
    certificate, key = fields["tls_certificate"], fields["tls_key"]
    if bool(read.text("OUTLAST_TLS_CERTIFICATE")) != bool(read.text("OUTLAST_TLS_KEY")):
        found.append(Mistake("OUTLAST_TLS_CERTIFICATE", "and OUTLAST_TLS_KEY come together", "give both or neither"))
    elif certificate and key and (reason := values.tls_failure(certificate, key)):
        found.append(Mistake("OUTLAST_TLS_CERTIFICATE", f"and OUTLAST_TLS_KEY cannot be used: {reason}"))
    if fields["drills"] and not read.text("OUTLAST_FAULTS"):
        found.append(
            Mistake("OUTLAST_DRILLS", "is `on` without OUTLAST_FAULTS", "name the file or HTTPS address to poll")
        )
    return found


def _misspellings(environ: Mapping[str, str]) -> list[Mistake]:
    """Variables that nobody reads and that look like one of ours: a limit that silently does not hold."""
    ours = [setting.name for setting in SETTINGS]
    unknown = {name for name in environ if name.startswith("OUTLAST_")}.difference(ours, _OTHERS)
    if not unknown:
        return []
    import difflib  # no start without a mistake has to wait for it

    found = []
    for name in sorted(unknown):
        if near := difflib.get_close_matches(name, ours, n=1, cutoff=0.85):
            found.append(Mistake(name, "is not a setting", f"did you mean {near[0]}?"))
    return found
