"""An endpoint of the Open Inference Protocol as a classifier: several rows a request, and more than one site."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, Unavailable
from service.model.inference import Predictions
from service.model.manifest import Manifest

_ROUNDS = 5  # over all sites, before giving up
_FIRST_PAUSE_SECONDS = 0.5
_TIMEOUT_SECONDS = 10.0


class RemoteClassifier:
    """Asks one site after the other. A site that does not answer is left for the next one; the last to answer is kept.

    `transport` and `sleep` are handed in by tests.
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
        self.manifest = manifest
        self.digest = digest
        self._urls = [f"{url.rstrip('/')}/v2/models/{manifest.problem}/infer" for url in urls]
        self._batch = batch
        self._sleep = sleep
        self._current = 0
        trust: Any = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
        headers = {"x-api-key": api_key} if api_key else {}
        self._client = httpx.Client(headers=headers, verify=trust, timeout=_TIMEOUT_SECONDS, transport=transport)

    def predict(self, rows: NDArray[Any]) -> Predictions:
        """Labels and probabilities of rows [n, features], in order."""
        parts = [self._ask(rows[start : start + self._batch]) for start in range(0, len(rows), self._batch)]
        labels, probabilities = zip(*parts, strict=True)
        return Predictions(np.concatenate(labels), np.concatenate(probabilities))

    def _ask(self, rows: NDArray[Any]) -> Predictions:
        """One request, tried on every site in turn. Raises Unavailable when none answers."""
        spec = self.manifest.input
        tensor = {
            "name": spec.name,
            "shape": list(rows.shape),
            "datatype": spec.datatype,
            "data": rows.ravel().tolist(),
        }
        last = ""
        for attempt in range(_ROUNDS * len(self._urls)):
            url = self._urls[self._current]
            try:
                response = self._client.post(url, json={"inputs": [tensor]})
            except ValueError as error:  # NaN has no place in JSON
                raise InvalidInput(
                    "the endpoint takes whole rows only, and some have missing values",
                    hint="fill them in, or predict here (leave --url out): the model puts the median in their place",
                ) from error
            except httpx.HTTPError as error:
                last = f"{url}: {type(error).__name__} {error}"
            else:
                if response.status_code < 400:
                    return self._read(response.json(), len(rows), url)
                last = f"{url}: {response.status_code} {response.text[:200]}"
                if response.status_code < 500 and response.status_code != 429:
                    raise InvalidInput(f"the endpoint refuses these rows: {last}", hint=_hint_for(response.status_code))
            self._current = (self._current + 1) % len(self._urls)
            if self._current == 0 or len(self._urls) == 1:
                self._sleep(_FIRST_PAUSE_SECONDS * 2 ** (attempt // len(self._urls)))
        raise Unavailable(f"no site answers; the last said {last}", hint="run the same command again: it goes on here")

    def _read(self, document: Any, rows: int, url: str) -> Predictions:
        outputs = {output["name"]: output for output in document["outputs"]}
        classes = len(self.manifest.classes)
        labels = np.array(outputs["label"]["data"], dtype=object)
        probabilities = np.array(outputs["probabilities"]["data"], dtype=np.float32).reshape(-1, classes)
        if len(labels) != rows or len(probabilities) != rows:
            raise Unavailable(
                f"{url} answered {len(labels)} labels to {rows} rows", hint="report it to the endpoint's owner"
            )
        return Predictions(labels, probabilities)


def _hint_for(status: int) -> str:
    if status in (401, 403):
        return "give the endpoint's key: --api-key, or OUTLAST_API_KEY"
    return "does the endpoint serve this model? compare its metadata with the manifest"
