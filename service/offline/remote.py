"""An endpoint of the Open Inference Protocol as a classifier: several rows a request, and more than one site.

A site is asked once which model it serves: answers of another model would be written under this one's name. A site that
serves another is left for good, one that fails for the next round.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
from numpy.typing import NDArray

from service.bundle.classifier import Predictions
from service.bundle.manifest import Manifest
from service.bundle.rows import render_rows
from service.errors import InvalidInput, Mistake, Unavailable

_ROUNDS = 5  # over all sites, before giving up
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0  # of what a site asks for by Retry-After
_TIMEOUT_SECONDS = 10.0


class _SiteFailed(Exception):
    """A site did not answer as it should; another may, or the same one later."""

    def __init__(self, what: str, *, pause_seconds: float = 0.0) -> None:
        super().__init__(what)
        self.pause_seconds = pause_seconds


class _WrongModel(Exception):
    """A site serves another model than the one whose answers are asked for."""


class _TooLarge(Exception):
    """A site takes fewer rows a request."""


class RemoteClassifier:
    """Asks one site after the other. A site that does not answer is left for the next one; the last to answer is kept.

    Raises InvalidInput for addresses that are none. A context manager: leaving it closes the connections. `transport`
    and `sleep` are handed in by tests.
    """

    def __init__(
        self,
        manifest: Manifest,
        digest: str,
        urls: Sequence[str],
        *,
        api_key: str | None = None,
        ca_file: Path | None = None,
        batch: int = 500,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        _refuse_addresses(urls, ca_file)
        self.manifest = manifest
        self.digest = digest
        headers = {"x-api-key": api_key} if api_key else {}
        self._client = httpx.Client(
            headers=headers, verify=_trust(ca_file), timeout=_TIMEOUT_SECONDS, transport=transport
        )
        self._sites = [_Site(url.rstrip("/"), manifest, digest, self._client) for url in urls]
        self._batch = batch
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def predict(self, rows: NDArray[Any]) -> Predictions:
        """Labels and probabilities of rows [n, features], in order. Raises Unavailable when no site answers."""
        parts: list[Predictions] = []
        start = 0
        while start < len(rows):
            asked = rows[start : start + self._batch]
            try:
                parts.append(self._ask(asked))
            except _TooLarge as error:
                if len(asked) == 1:
                    what = f"the endpoint refuses a single row as too large: {error}"
                    raise InvalidInput(what, hint="shorten its texts, or raise OUTLAST_MAX_BODY_BYTES there") from error
                self._batch = len(asked) // 2
            else:
                start += len(asked)
        labels, probabilities = zip(*parts, strict=True)
        return Predictions(np.concatenate(labels), np.concatenate(probabilities))

    def _ask(self, rows: NDArray[Any]) -> Predictions:
        """One request, tried on every site in turn."""
        inputs = render_rows(self.manifest.input, rows)
        content = json.dumps({"inputs": inputs}, allow_nan=False, separators=(",", ":")).encode()
        last = ""
        for number in range(_ROUNDS):
            pause = _FIRST_PAUSE_SECONDS * 2**number
            for site in list(self._sites):
                try:
                    return site.infer(content, len(rows))
                except _SiteFailed as error:
                    last, pause = str(error), max(pause, error.pause_seconds)
                    self._sites.append(self._sites.pop(0))
                except _WrongModel as error:
                    self._leave(site, str(error))
            self._sleep(pause)
        hint = (
            "name the CA: --ca-file" if "CERTIFICATE_VERIFY" in last else "run the same command again: it goes on here"
        )
        raise Unavailable(f"no site answers; the last said {last}", hint=hint)

    def _leave(self, site: _Site, why: str) -> None:
        self._sites.remove(site)
        if not self._sites:
            hint = "give the problem that the endpoint serves, or the commit that was released there"
            raise InvalidInput(
                f"no site serves the model {self.manifest.problem} that is released here: {why}", hint=hint
            )


class _Site:
    """One address, and whether it was found to serve the right model."""

    def __init__(self, url: str, manifest: Manifest, digest: str, client: httpx.Client) -> None:
        self._model_url = f"{url}/v2/models/{manifest.problem}"
        self._manifest, self._digest, self._client = manifest, digest, client
        self._is_known = False

    def infer(self, content: bytes, rows: int) -> Predictions:
        """The answers to one request. Raises _SiteFailed, _WrongModel, _TooLarge, or InvalidInput where all would."""
        if not self._is_known:
            self._refuse_other_model()
            self._is_known = True
        headers = {"content-type": "application/json"}
        document = self._send("POST", "/infer", content=content, headers=headers)
        # During a release a site may go over to the next model between two requests.
        if document.get("model_version", self._manifest.version) != self._manifest.version:
            said = f"{self._model_url} answers with version {document['model_version']}"
            raise _WrongModel(f"{said}, here is {self._manifest.version}")
        try:
            outputs = {output["name"]: output["data"] for output in document["outputs"]}
            labels = np.array(outputs["label"], dtype=object)
            shares = np.array(outputs["probabilities"], dtype=np.float32).reshape(rows, len(self._manifest.classes))
        except (KeyError, TypeError, ValueError) as error:
            raise _SiteFailed(f"{self._model_url}: no answers to {rows} rows ({error!r})") from error
        if len(labels) != rows:
            raise _SiteFailed(f"{self._model_url}: {len(labels)} labels to {rows} rows")
        return Predictions(labels, shares)

    def _refuse_other_model(self) -> None:
        said = self._send("GET", "").get("parameters", {})
        served = said.get("digest") if isinstance(said, dict) else None
        if served != self._digest:
            raise _WrongModel(f"{self._model_url} serves {served or 'it does not say what'}, here is {self._digest}")

    def _send(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        url = self._model_url + path
        try:
            response = self._client.request(method, url, **more)
        except httpx.HTTPError as error:
            raise _SiteFailed(f"{url}: {type(error).__name__} {error}") from error
        said = f"{url}: {response.status_code} {response.text[:200]}"
        if response.status_code == 404:
            raise _WrongModel(said)
        if response.status_code == 413:
            raise _TooLarge(said)
        if response.status_code >= 500 or response.status_code in (408, 429):
            raise _SiteFailed(said, pause_seconds=_read_pause(response.headers.get("retry-after", "")))
        if response.status_code >= 400:
            raise InvalidInput(f"the endpoint refuses these rows: {said}", hint=_hint_for(response.status_code))
        try:
            document = response.json()
        except ValueError as error:
            raise _SiteFailed(f"{url}: what came is not JSON") from error
        if not isinstance(document, dict):
            raise _SiteFailed(f"{url}: what came is not a JSON object")
        return document


def _refuse_addresses(urls: Sequence[str], ca_file: Path | None) -> None:
    mistakes = [
        Mistake(f"--url {url}", "is not an address of a site", "write https://host or http://host:port")
        for url in urls
        if not url.startswith(("http://", "https://"))
    ]
    if ca_file is not None and not ca_file.is_file():
        mistakes.append(Mistake(f"--ca-file {ca_file}", "is not there"))
    if mistakes:
        raise InvalidInput("no endpoint can be asked", mistakes, hint="see `outlast predict --csv FILE --help`")


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, and one more. Raises InvalidInput for a file that holds none."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))  # given to the constructor it would be the only one
        except (ssl.SSLError, OSError) as error:
            raise InvalidInput(f"{ca_file} holds no certificate: {error}", hint="--ca-file takes a PEM file") from error
    return context


def _read_pause(retry_after: str) -> float:
    """Seconds that a site asks to be left alone for; a date, which is allowed too, counts as none."""
    return min(float(retry_after), _LONGEST_PAUSE_SECONDS) if retry_after.isdecimal() else 0.0


def _hint_for(status: int) -> str:
    if status in (401, 403):
        return "give the endpoint's key: --api-key, or OUTLAST_API_KEY"
    return "does the endpoint serve this model? compare its metadata with the manifest"
