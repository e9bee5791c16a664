"""Azurite, Microsoft's emulator of Azure Blob Storage, on the loopback: an independent word on the protocol."""

from __future__ import annotations

import base64
import hmac
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

# Azurite's own account, as its documentation has it; it is no secret.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
PROGRAM = shutil.which("azurite-blob")
_PATIENCE_SECONDS = 20.0


@contextmanager
def start_azurite(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty container, found by the environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/{ACCOUNT}"
    options = ("--inMemoryPersistence", "--blobPort", str(port), "--skipApiVersionCheck", "--disableTelemetry")
    with subprocess.Popen([str(PROGRAM), *options], stdout=subprocess.DEVNULL) as server:
        try:
            _create_container(url, "box")
            variables = {"AZURE_ENDPOINT": url, "AZURE_STORAGE_ACCOUNT_KEY": KEY, "AZURE_ALLOW_HTTP": "true"}
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
            yield f"az://{ACCOUNT}/box"
        finally:
            server.terminate()


def _create_container(url: str, name: str) -> None:
    over = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(_signed(url, name)).close()
        except OSError:
            if time.monotonic() > over:
                raise
            time.sleep(0.1)
        else:
            return


def _signed(url: str, name: str) -> urllib.request.Request:
    """A request of the storage API that its Shared Key signs: the API reference names the lines."""
    about = {"x-ms-date": f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT", "x-ms-version": "2021-12-02"}
    lines = ["PUT", *[""] * 11, *(f"{header}:{value}" for header, value in about.items())]
    lines += [f"/{ACCOUNT}/{ACCOUNT}/{name}", "restype:container"]
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), "\n".join(lines).encode(), "sha256")).decode()
    headers = {**about, "authorization": f"SharedKey {ACCOUNT}:{signature}", "content-length": "0"}
    return urllib.request.Request(f"{url}/{name}?restype=container", method="PUT", headers=headers)
