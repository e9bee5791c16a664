"""What of a site is secret: its API keys' hashes and its receipts' keys, each from an encrypted setting. Pure.

The values go from the stack's file, where they are encrypted, into the cloud's own store, and from there into the
containers (docs/decisions/0010-where-secrets-lie.md). Where a file is named in `OUTLAST_STACK_KEYS`, they are its own
instead: so the sandbox gives its sites keys without a change to a committed file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from infra.settings.reader import NAMESPACE, Reader
from service.bundle.reading import Reader as FileReader
from service.bundle.reading import parse_json, read_file
from service.errors import InvalidInput, Mistake

VARIABLE = "OUTLAST_STACK_KEYS"
"""Names a file with the settings below, as text, that every program reads in the place of the stack file's."""

API_KEYS, RECEIPT_KEYS = "OUTLAST_API_KEYS", "OUTLAST_RECEIPT_KEYS"
SETTINGS: Mapping[str, str] = {"apiKeys": API_KEYS, "receiptKeys": RECEIPT_KEYS}
"""Setting of a site -> the variable of the container that gets its value."""

SHORT_NAMES: Mapping[str, str] = {API_KEYS: "api-keys", RECEIPT_KEYS: "receipt-keys"}
"""Variable -> what its secret is called in a cloud, after the site's name. No end of a hyphen and six characters: in a
partial ARN Secrets Manager takes those for its own (Secrets Manager API, CreateSecret)."""

_KEY_PREFIX = "olk_"  # of every API key: `service.server.auth`
_SET = "`pulumi config set --secret {0}:{1} -s {2}` writes it, and asks for the value"


LARGEST: Mapping[str, tuple[int, str]] = {
    "aws": (65_536, "Secrets Manager"),
    "azure": (25_000, "Key Vault"),
    "gcp": (65_536, "Secret Manager"),
}
"""Cloud -> the bytes of a value that its store takes: botocore, SecretStringType; 25k bytes by
learn.microsoft.com/azure/key-vault/secrets/about-secrets; 64 KiB by Secret Manager API, SecretPayload."""


def read_secrets(reader: Reader, encrypted: Collection[str], cloud: str) -> dict[str, str]:
    """Variable -> value, of the secrets that a site's file gives; `encrypted` are its keys with their namespace."""
    found = {}
    for key, variable in SETTINGS.items():
        if text := reader.text(key, "").strip():
            found[variable] = text
            if f"{NAMESPACE}:{key}" not in encrypted:
                reader.wrong(key, "is in plain text in the file", _SET.format(NAMESPACE, key, reader.stack))
            _check_size(reader, key, text, cloud)
    return found


def _check_size(reader: Reader, key: str, text: str, cloud: str) -> None:
    length, (most, store) = len(text.encode()), LARGEST[cloud]
    if length > most:
        what = f"has {length} bytes, and {store} takes {most}"
        reader.wrong(key, what, "take out keys that nobody uses any more; the list is the same on every site")


def note_plain_secrets(reader: Reader, variables: Mapping[str, object], secrets: Collection[str]) -> None:
    """Note what of `outlast:environment` is a secret: it would lie in the file, the state and the cloud's console."""
    for name, value in variables.items():
        place = f"environment.{name}"
        if name == RECEIPT_KEYS:
            what = "is a secret, and in plain text in the file, in the state and in the cloud's console"
            hint = f"make new ones, for these were read; {_SET.format(NAMESPACE, 'receiptKeys', reader.stack)}"
            reader.wrong(place, what, hint)
        elif _KEY_PREFIX in str(value):
            hint = "take it out and make another: whoever calls holds the key, a site only its hash"
            reader.wrong(place, "holds an API key in plain text", hint)
        elif name in (API_KEYS, f"{API_KEYS}_FILE") and API_KEYS in secrets:
            reader.wrong(place, f"is given beside {NAMESPACE}:apiKeys", "leave this one out")


def place_mistake(stack: str, mistake: Mistake, variables: Collection[str], secrets: Collection[str]) -> Mistake:
    """What the server's own table says of the container's variables, at the setting that somebody has to change.

    `variables` are those of `outlast:environment`, `secrets` those that a setting of their own gives.
    """
    variable = mistake.place.partition(" ")[0]
    key = next((key for key, its in SETTINGS.items() if its == variable and its not in variables), "")
    if not key:
        return Mistake(f"environment.{mistake.place}", mistake.what, mistake.hint)
    if variable in secrets:
        return Mistake(mistake.place.replace(variable, key, 1), mistake.what, mistake.hint)
    hint = f"`outlast keys new --name <who>` makes an entry of the list; {_SET.format(NAMESPACE, key, stack)}"
    return Mistake(key, "is missing, so nobody could ask for a prediction", hint)


# -- keys that are not in the stack's file -----------------------------------------------------------------------------


def read_key_file(environ: Mapping[str, str]) -> dict[str, str]:
    """Setting with its namespace -> its text, from the file that is named; empty where none is. Raises InvalidInput."""
    named = environ.get(VARIABLE, "")
    if not named:
        return {}
    hint = f"unset {VARIABLE}; a sandbox draws new keys: `rm {named}`, then `outlast up`"
    reader = FileReader(parse_json(read_file(Path(named), hint=hint), named, hint=hint), named)
    keys = [f"{NAMESPACE}:{key}" for key in SETTINGS]
    found = {key: reader.take(key, lambda value: isinstance(value, str), "must be a text") for key in keys}
    reader.refuse_unknown("a file of keys")
    if reader.mistakes:
        raise InvalidInput(f"{named} is no file of keys", reader.mistakes, hint=hint)
    return {key: str(text) for key, text in found.items()}


def lay_over_keys(config: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    """A stack's settings with `keys` in the place of theirs.

    A stack that has no containers is left alone, and so is a site that asks nobody for a key, or whose file gives the
    hashes among its variables.
    """
    is_site = config.get(f"{NAMESPACE}:kind") in ("aws", "azure", "gcp")
    return {**config, **keys} if is_site and not _is_settled(config) else dict(config)


def _is_settled(config: Mapping[str, str]) -> bool:
    try:
        variables = json.loads(config.get(f"{NAMESPACE}:environment") or "{}")
    except ValueError:
        return False
    given = variables if isinstance(variables, dict) else {}
    return given.get("OUTLAST_AUTH") == "off" or bool({API_KEYS, f"{API_KEYS}_FILE"} & given.keys())
