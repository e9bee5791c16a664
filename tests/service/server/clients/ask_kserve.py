"""Asks an endpoint by KServe's own client, `InferenceRESTClient`; runs in an environment of its own, not in ours.

Standard input: JSON with `url`, `headers`, `rows`, `binary`. Standard output: JSON, what the client understood.
"""

from __future__ import annotations

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


async def main() -> None:
    asked = json.load(sys.stdin)
    url, headers = asked["url"], asked["headers"]
    async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as client:
        said = {
            "live": await client.is_server_live(url, headers=headers),
            "ready": await client.is_server_ready(url, headers=headers),
            "model_ready": await client.is_model_ready(url, "tumour", headers=headers),
        }
        try:
            said |= await _infer(client, asked)
        except Exception as error:  # what a user of the client sees
            said["error"] = str(error)
    json.dump(said, sys.stdout)


async def _infer(client: InferenceRESTClient, asked: dict) -> dict:
    rows = np.array(asked["rows"], dtype=np.float32)
    tensor = InferInput("features", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, binary_data=asked["binary"])
    outputs = [RequestedOutput(name, {"binary_data": asked["binary"]}) for name in ("label", "probabilities")]
    request = InferRequest("tumour", [tensor], request_id="seven", request_outputs=outputs)
    answer = await client.infer(asked["url"], request, model_name="tumour", headers=asked["headers"])
    found = {output.name: output.as_numpy() for output in answer.outputs}
    labels = [label.decode() if isinstance(label, bytes) else label for label in found["label"].tolist()]
    return {
        "id": answer.id,
        "model": answer.model_name,
        "labels": labels,
        "probabilities": found["probabilities"].tolist(),
    }


if __name__ == "__main__":
    asyncio.run(main())
