"""The stores of the clouds: Amazon S3, Azure Blob Storage and Google Cloud Storage, by obstore (the extra `stores`).

Credentials, region and endpoint are those that the clouds' own tools find: variables such as AWS_ACCESS_KEY_ID,
AZURE_STORAGE_ACCOUNT_KEY, GOOGLE_APPLICATION_CREDENTIALS, profiles of AWS, or the machine's own identity. An endpoint
without TLS, such as an emulator's, is spoken to only where AWS_ALLOW_HTTP (AZURE_, GOOGLE_) is true.

OUTLAST_AZURE_ENDPOINT and OUTLAST_GOOGLE_ENDPOINT stand for every API of their vendor, as for drills: the store's own
host then begins the path, and the token is that in OUTLAST_AZURE_TOKEN or OUTLAST_GOOGLE_TOKEN.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any, BinaryIO

from service.errors import InvalidInput, OutlastError, Refused, Unavailable
from service.stores.address import Address
from service.stores.parts import ONE_REQUEST, measure_rest, put_by_client, put_to_amazon
from service.stores.store import Entry

# obstore's own three minutes are long for whoever mistyped an endpoint.
_RETRY = {"max_retries": 5, "retry_timeout": timedelta(seconds=30)}
_CLIENT = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(minutes=5)}
_ALLOW_HTTP = {"s3": "AWS_ALLOW_HTTP", "az": "AZURE_ALLOW_HTTP", "gs": "GOOGLE_ALLOW_HTTP"}
_CREDENTIALS = {
    "s3": "log in (`aws configure`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "az": "set AZURE_STORAGE_ACCOUNT_KEY, or AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID; "
    "or `az login` with AZURE_USE_AZURE_CLI=true",
    "gs": "log in (`gcloud auth application-default login`), or set GOOGLE_APPLICATION_CREDENTIALS",
}


class ObjectStore:
    """A bucket, or what lies in it below a prefix. `native` is obstore's own store."""

    def __init__(self, native: Any, address: Address) -> None:
        self._native, self._address = native, address

    @classmethod
    def open(cls, address: Address) -> ObjectStore:
        """A store at an address. Nothing is asked of the cloud yet."""
        return cls(_build(address), address)

    def put_if_absent(self, key: str, content: bytes | BinaryIO) -> bool:
        """One conditional PUT: the cloud itself refuses the second of two writers. In parts where it is large."""
        size = measure_rest(content)
        with self._told(key, "written"):
            if not isinstance(content, bytes) and size > ONE_REQUEST:
                return self._put_in_parts(key, content, size)
            try:
                self._native.put(key, content, mode="create", use_multipart=False)
            except _errors().AlreadyExistsError:
                return False
        return True

    def _put_in_parts(self, key: str, content: BinaryIO, size: int) -> bool:
        if self.find(key) is not None:
            return False
        if self._address.scheme == "s3":
            return put_to_amazon(self._address, key, content, size)
        put_by_client(self._native, key, content, size)
        return True

    def read_range(self, key: str, start: int, length: int, *, version: str = "") -> bytes:
        """Some bytes of an object."""
        if not length:
            return b""
        options: dict[str, Any] = {"range": (start, start + length)}
        if version:
            options["if_match"] = version
        with self._told(key, "read"):
            return bytes(self._native.get(key, options=options).bytes())

    def find(self, key: str) -> Entry | None:
        """What is there under a key."""
        with self._told(key, "read"):
            try:
                return _describe(self._native.head(key))
            except (_errors().NotFoundError, FileNotFoundError):
                return None

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """The objects whose keys begin with the prefix."""
        folder = prefix.rpartition("/")[0]
        with self._told(prefix, "listed"):
            found = [_describe(each) for chunk in self._native.list(folder or None) for each in chunk]
        return iter(sorted((entry for entry in found if entry.key.startswith(prefix)), key=lambda entry: entry.key))

    def name(self, key: str) -> str:
        """The address of a key."""
        return f"{str(self._address).rstrip('/')}/{key}"

    @contextmanager
    def _told(self, key: str, done: str) -> Iterator[None]:
        """What obstore raises, in words that name the address."""
        try:
            yield
        except Exception as error:
            if isinstance(error, OutlastError):
                raise
            raise self._translate(self.name(key), done, error) from error

    def _translate(self, name: str, done: str, error: Exception) -> OutlastError:
        kinds = _errors()
        if isinstance(error, kinds.NotFoundError | FileNotFoundError):
            return InvalidInput(f"there is no {name}", hint="are bucket and key right?")
        if isinstance(error, kinds.PreconditionError):
            return Refused(f"{name} was changed while it was read", hint="repeat the command")
        if isinstance(error, kinds.PermissionDeniedError | kinds.UnauthenticatedError | PermissionError):
            what = f"{name} may not be {done} with the credentials that are set"
            return Unavailable(what, hint=_CREDENTIALS[self._address.scheme])
        return Unavailable(
            f"{name} cannot be {done}: {_shorten(error)}",
            hint=f"is the network there, the region right, and who asks known? {_CREDENTIALS[self._address.scheme]}",
        )


def _build(address: Address) -> Any:
    stores = _import("obstore.store")
    # The variable is obstore's own, but it is not read beside options that are given.
    allow_http = os.environ.get(_ALLOW_HTTP[address.scheme], "").lower() in ("1", "true")
    client = {**_CLIENT, "allow_http": allow_http}
    common = {"client_options": client, "retry_config": _RETRY, "prefix": address.key or None}
    if address.scheme == "s3":
        return stores.S3Store(address.bucket, **common, **_find_profile())
    if address.scheme == "az":
        elsewhere = _find_endpoint("AZURE", f"{address.account}.blob.core.windows.net", "endpoint", "token")
        return stores.AzureStore(address.bucket, account_name=address.account, **common, **elsewhere)
    elsewhere = _find_endpoint("GOOGLE", "storage.googleapis.com", "base_url", "bearer_token")
    return stores.GCSStore(address.bucket, **common, **elsewhere)


def _find_endpoint(vendor: str, host: str, url: str, token: str) -> dict[str, str]:
    """What stands in the place of a vendor's own host, under the names of obstore's options, where anything does."""
    endpoint, given = (os.environ.get(f"OUTLAST_{vendor}_{what}") for what in ("ENDPOINT", "TOKEN"))
    return {url: f"{endpoint}/{host}", **({token: given} if given else {})} if endpoint else {}


def _find_profile() -> dict[str, Any]:
    """The credentials and the region that boto3 finds, profiles among them, which obstore does not read by itself."""
    session = import_module("boto3").Session()
    if session.get_credentials() is None:
        return {}
    return {"credential_provider": import_module("obstore.auth.boto3").Boto3CredentialProvider(session)}


def _describe(meta: Any) -> Entry:
    return Entry(meta["path"], meta["size"], meta["e_tag"] or "")


def _shorten(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return first if len(first) <= 300 else f"{first[:300]} …"


def _errors() -> Any:
    return _import("obstore.exceptions")


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        what = "addresses of stores cannot be opened here: obstore is not installed"
        raise Unavailable(what, hint="install it: pip install 'outlast[stores]'") from error
