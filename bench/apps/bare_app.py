"""The floor: a uvicorn ASGI app that does the inference and nothing else. No checks, no routes, no keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from inference import predict


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    tensor = orjson.loads(body)["inputs"][0]
    labels, probabilities = predict(np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"]))
    shape = list(probabilities.shape)
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": shape[:1], "data": labels},
        {"name": "probabilities", "datatype": "FP32", "shape": shape, "data": probabilities.ravel()},
    ]
    answer = orjson.dumps({"model_name": "tumour", "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
