"""The server's configuration: environment variables only, all read here, every mistake reported together.

The fields of `Settings` are the table: each one's metadata holds its variable, default, parser and meaning. Reading,
`serve --help`, the start-up line and the table in docs/reference/server.md come from it. One file, although long: it is
one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from service.errors import InvalidInput, Mistake
from service.server.audit.receipts import SigningKey
from service.server.auth import ApiKey
from service.server.settings import values
from service.server.settings.keys import KEY_HINT, parse_api_keys, parse_receipt_keys
from service.server.settings.reading import Reader, Setting, find_misspellings, variable
from service.server.settings.values import either, number, one_of, optional_path, whole

# The rest of the product reads these; a name close to one of ours is then no misspelling.
_OTHERS = ("OUTLAST_HOST", "OUTLAST_NAMESERVER", "OUTLAST_PORT_OFFSET", "OUTLAST_CA_FILE", "OUTLAST_SPEED")


@dataclass(frozen=True)
class Settings:
    """The server's configuration, checked. Times in seconds, sizes in bytes."""

    port: int = variable("PORT", "8080", whole(0, 65535), "TCP port; 0 takes a free one and prints it")
    host: str = variable("OUTLAST_HOST_BIND", "0.0.0.0", values.parse_address, "address to listen on")
    site: str = variable("OUTLAST_SITE", "local", values.parse_label, "name of the site, sent as `x-served-by`")
    replica: str = variable(
        "OUTLAST_REPLICA",
        "",
        values.parse_replica,
        "name of the replica in logs and audit; the host's name and process id when absent",
    )
    models: Path = variable(
        "OUTLAST_MODELS",
        "",
        values.parse_models,
        "folder of released models, one folder each; the package's own when absent",
        on_machine=values.require_folder,
    )
    model_digests: Mapping[str, str] = variable(
        "OUTLAST_MODEL_DIGESTS",
        "",
        values.parse_digests,
        "JSON, model name -> digest that must be the one served; others are unhealthy",
        most_characters=values.LONG,
    )
    default_model: str = variable(
        "OUTLAST_DEFAULT_MODEL",
        "",
        values.parse_optional_label,
        "model that `/predict` without a name asks; when absent the only one served, or that the digests name",
    )
    auth: bool = variable(
        "OUTLAST_AUTH",
        "on",
        either("on", "off"),
        "`on`: an API key is needed; `off`: nobody is asked, said in words at start",
    )
    api_keys: tuple[ApiKey, ...] = variable(
        "OUTLAST_API_KEYS",
        "",
        parse_api_keys,
        "JSON list of keys: name, sha256, and optionally rps, burst, not_before, not_after, feedback (`own` or `any`)",
        secret=True,
        most_characters=values.LONG,
    )
    api_keys_file: Path | None = variable(
        "OUTLAST_API_KEYS_FILE",
        "",
        optional_path,
        "file with that list, instead of the variable",
        on_machine=values.require_readable,
    )
    metrics_auth: bool = variable(
        "OUTLAST_METRICS_AUTH",
        "",
        values.either_or_absent("key", "open"),
        "`key` or `open`: whether /metrics and /drift ask for an API key; as OUTLAST_AUTH is when absent",
    )
    receipt_keys: tuple[SigningKey, ...] = variable(
        "OUTLAST_RECEIPT_KEYS",
        "",
        parse_receipt_keys,
        "`id:hex,…`, at least 32 bytes each, the same on all sites; the first signs, all verify",
        secret=True,
        most_characters=values.LONG,
    )
    receipt_days: float = variable(
        "OUTLAST_RECEIPT_DAYS", "400", number(1 / 24, 36500), "receipts older than this are refused as feedback"
    )
    max_body_bytes: int = variable(
        "OUTLAST_MAX_BODY_BYTES", "4194304", whole(1024, 2**30), "largest request body, also after decompression"
    )
    max_rows: int = variable("OUTLAST_MAX_ROWS", "4096", whole(1, 10**6), "most rows in one request")
    max_header_bytes: int = variable(
        "OUTLAST_MAX_HEADER_BYTES", "16384", whole(1024, 2**20), "largest request line and headers together"
    )
    max_connections: int = variable(
        "OUTLAST_MAX_CONNECTIONS",
        "12000",
        whole(10, 10**6),
        "open connections; beyond it the longest idle one is closed",
    )
    max_buffered_bytes: int = variable(
        "OUTLAST_MAX_BUFFERED_BYTES",
        "67108864",
        whole(65536, 2**36),
        "bytes of requests and unread answers that the process holds at once; beyond it 503",
    )
    head_seconds: float = variable("OUTLAST_HEAD_SECONDS", "10", number(0.1, 600), "time to send a request's headers")
    body_seconds: float = variable("OUTLAST_BODY_SECONDS", "30", number(0.1, 600), "time to send a request's body")
    idle_seconds: float = variable(
        "OUTLAST_IDLE_SECONDS",
        "75",
        number(0.1, 3600),
        "idle time of a kept-alive connection; above the load balancer's own",
    )
    connection_seconds: float = variable(
        "OUTLAST_CONNECTION_SECONDS",
        "120",
        number(0.05, 10**6),
        "greatest age of a connection, by chance up to a quarter less: the next answer ends it; its client asks DNS",
    )
    leaving_connection_seconds: float = variable(
        "OUTLAST_LEAVING_CONNECTION_SECONDS",
        "10",
        number(0.05, 10**6),
        "the same while clients should leave: /health says 503, or Route 53's health checkers have stopped asking",
    )
    requests_per_minute_per_address: int = variable(
        "OUTLAST_REQUESTS_PER_MINUTE_PER_ADDRESS",
        "0",
        whole(0, 10**6),
        "requests of one address (one /64 of IPv6) in a minute, health checks aside; beyond it 429; 0 sets no limit",
    )
    forwarded_hops: int = variable(
        "OUTLAST_FORWARDED_HOPS",
        "0",
        whole(0, 8),
        "load balancers in front that append to `x-forwarded-for`: the caller's address is that many from its right",
    )
    queue_depth: int = variable(
        "OUTLAST_QUEUE_DEPTH",
        "256",
        whole(1, 10**5),
        "most requests waiting for inference; beyond it 503 with Retry-After",
    )
    queue_seconds: float = variable(
        "OUTLAST_QUEUE_MILLISECONDS",
        "2",
        number(0.1, 60000, divided_by=1000),
        "expected wait that may stand in that queue; a burst may wait ten times it",
    )
    drain_seconds: float = variable(
        "OUTLAST_DRAIN_SECONDS",
        "5",
        number(0, 600),
        "after SIGTERM, how long requests are still taken while /health says 503",
    )
    health_seconds: float = variable(
        "OUTLAST_HEALTH_SECONDS",
        "1",
        number(0.05, 600),
        "interval of the self-inference behind /health; the digests are checked every fifth time, or after 5 s",
    )
    health_error_ratio: float = variable(
        "OUTLAST_HEALTH_ERROR_RATIO",
        "0.1",
        number(0.001, 1),
        "share of server errors among the latest answers that makes the replica unhealthy",
    )
    health_min_requests: int = variable(
        "OUTLAST_HEALTH_MIN_REQUESTS",
        "50",
        whole(1, 10**6),
        "answers in the window below which that share says nothing, nor the time that they took",
    )
    health_window_seconds: float = variable(
        "OUTLAST_HEALTH_WINDOW_SECONDS",
        "60",
        number(1, 3600),
        "how long answers count; where its latest third holds enough of them, that alone is judged",
    )
    health_p95_seconds: float = variable(
        "OUTLAST_HEALTH_P95_MILLISECONDS",
        "2000",
        number(1, 600000, divided_by=1000),
        "promised time to answer: the replica is unhealthy while over 5 % of the latest answers took longer",
    )
    audit_stdout: bool = variable(
        "OUTLAST_AUDIT", "stdout", either("stdout", "off"), "`stdout` or `off`: the audit log's stream"
    )
    audit_dir: Path | None = variable(
        "OUTLAST_AUDIT_DIR",
        "",
        optional_path,
        "folder that gets the audit log as well, one file per replica",
        on_machine=values.require_writable,
    )
    audit_queue: int = variable("OUTLAST_AUDIT_QUEUE", "8192", whole(16, 10**6), "most audit records not yet written")
    audit_refuses: bool = variable(
        "OUTLAST_AUDIT_WHEN_FULL",
        "refuse",
        either("refuse", "count"),
        "`refuse` predictions when the sink stalls, or `count` the lost records in the chain",
    )
    drift_rows: int = variable(
        "OUTLAST_DRIFT_ROWS",
        "2000",
        whole(0, 10**6),
        "rows in the sliding window of the drift scores; 0 turns them off",
    )
    drift_seconds: float = variable("OUTLAST_DRIFT_SECONDS", "15", number(0.05, 3600), "interval of the drift scores")
    drills: bool = variable(
        "OUTLAST_DRILLS", "off", either("on", "off"), "`on` lets the fault flags below act; `off` ignores them"
    )
    faults: str = variable(
        "OUTLAST_FAULTS",
        "",
        values.parse_source,
        "file or HTTPS address of the fault flag that all replicas poll",
        secret=True,
    )
    faults_seconds: float = variable("OUTLAST_FAULTS_SECONDS", "1", number(0.05, 3600), "interval of that poll")
    tls_certificate: Path | None = variable(
        "OUTLAST_TLS_CERTIFICATE",
        "",
        optional_path,
        "PEM certificate chain: the server then speaks TLS itself",
        on_machine=values.require_readable,
    )
    tls_key: Path | None = variable(
        "OUTLAST_TLS_KEY", "", optional_path, "PEM key of that certificate", on_machine=values.require_readable
    )
    log_level: str = variable(
        "OUTLAST_LOG_LEVEL",
        "info",
        one_of("debug", "info", "warning", "error"),
        "debug, info, warning or error; JSON lines on stderr",
    )
    log_requests: bool = variable(
        "OUTLAST_LOG_REQUESTS",
        "off",
        either("on", "off"),
        "`on` logs a line per request too (the audit log has one already)",
    )
    log_features: bool = variable(
        "OUTLAST_LOG_FEATURES",
        "off",
        either("on", "off"),
        "`on` puts feature values into those lines; they may be personal data",
    )
    traces: bool = variable(
        "OUTLAST_TRACES",
        "off",
        either("on", "off"),
        "`on` exports OpenTelemetry spans (needs the `tracing` extra; OTEL_* variables apply)",
    )
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The variables that were not left at their defaults, as text; a secret's text is not kept here."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read every setting. Raises InvalidInput with all mistakes found."""
        reader = Reader(SETTINGS, environ)
        found = _read_texts(reader)
        reader.look_at_machine(found)
        if (path := found["api_keys_file"]) is not None:
            found["api_keys"] = reader.take("OUTLAST_API_KEYS_FILE", lambda: parse_api_keys(values.read_text(path)))
        reader.mistakes += [*_contradictions(found, reader), *_unusable_tls(found), *_misspellings(environ)]
        if reader.mistakes:
            raise InvalidInput(
                "the server's settings are wrong, so it does not start",
                reader.mistakes,
                hint="every setting is in docs/reference/server.md and in `python -m service serve --help`",
            )
        return cls(**found, given=reader.given())


SETTINGS: Mapping[str, Setting] = {f.name: f.metadata["setting"] for f in fields(Settings) if "setting" in f.metadata}
"""Field of `Settings` -> its variable."""


def find_mistakes(environ: Mapping[str, str]) -> list[Mistake]:
    """What is wrong with a container's variables, as far as it shows without the container's files."""
    reader = Reader(SETTINGS, environ)
    found = _read_texts(reader)
    return [*reader.mistakes, *_contradictions(found, reader), *_misspellings(environ)]


def render_rows() -> str:
    """The rows of the table in docs/reference/server.md."""
    rows = []
    for setting in SETTINGS.values():
        default = f"`{setting.default}`" if setting.default else "none"
        rows.append(f"| `{setting.name}` | {default} | {setting.meaning} |")
    return "\n".join(rows)


def _read_texts(reader: Reader) -> dict[str, Any]:
    """Every field of `Settings`, as far as the variables alone say."""
    found = reader.read()
    if found["api_keys_file"] is not None and found["api_keys"] == ():
        found["api_keys"] = None  # how many there are, only a server that starts can read
    return found if reader.text("metrics_auth") else found | {"metrics_auth": found["auth"]}


def _contradictions(found: Mapping[str, Any], reader: Reader) -> Iterator[Mistake]:
    """What no single variable shows. Each is looked for however many others are wrong."""
    if reader.text("api_keys_file") and reader.text("api_keys"):
        yield Mistake("OUTLAST_API_KEYS", "is given beside OUTLAST_API_KEYS_FILE", "give one of them")
    if found["auth"] and found["api_keys"] == ():
        hint = f"{KEY_HINT}; or, to serve everybody, set OUTLAST_AUTH=off"
        yield Mistake("OUTLAST_API_KEYS", "is absent, so nobody could ask for a prediction", hint)
    if found["metrics_auth"] and found["auth"] is False:
        yield Mistake("OUTLAST_METRICS_AUTH", "is `key` while OUTLAST_AUTH is `off`", "set OUTLAST_AUTH=on")
    if bool(reader.text("tls_certificate")) != bool(reader.text("tls_key")):
        yield Mistake("OUTLAST_TLS_CERTIFICATE", "and OUTLAST_TLS_KEY come together", "give both or neither")
    if found["drills"] and not reader.text("faults"):
        yield Mistake("OUTLAST_DRILLS", "is `on` without OUTLAST_FAULTS", "name the file or HTTPS address to poll")


def _unusable_tls(found: Mapping[str, Any]) -> Iterator[Mistake]:
    certificate, key = found["tls_certificate"], found["tls_key"]
    if certificate and key and (reason := values.tls_failure(certificate, key)):
        yield Mistake("OUTLAST_TLS_CERTIFICATE", f"and OUTLAST_TLS_KEY cannot be used: {reason}")


def _misspellings(environ: Mapping[str, str]) -> list[Mistake]:
    return find_misspellings(environ, [setting.name for setting in SETTINGS.values()], _OTHERS)
