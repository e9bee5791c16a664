"""Sends rows by MLServer's own client, `mlserver infer`; runs in MLServer's environment, not in ours.

Standard input: JSON with `address` (host:port), `headers`, `rows`, `batch` (requests sent as one), `binary`. Standard
output: JSON, what the client wrote for each row, as its own types read it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from mlserver.cli.main import root
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


def main() -> None:
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        requests, answers = Path(folder, "requests"), Path(folder, "answers")
        requests.write_text("\n".join(_encode(row, number) for number, row in enumerate(asked["rows"])))
        options = ["-u", asked["address"], "-m", "tumour", "-i", str(requests), "-o", str(answers), "-r", "1"]
        options += ["-s", str(asked["batch"]), *(["-b"] if asked["binary"] else [])]
        options += [part for name, text in asked["headers"].items() for part in ("-H", f"{name}: {text}")]
        root(["infer", *options], standalone_mode=False)
        lines = [json.loads(line) for line in answers.read_text().splitlines()]
    json.dump(sorted(map(_decode, lines), key=lambda found: found["index"]), sys.stdout)


def _encode(row: list[float], number: int) -> str:
    tensor = NumpyCodec.encode_input("features", np.array([row], dtype=np.float32))
    return InferenceRequest(id=f"row-{number}", inputs=[tensor]).model_dump_json(exclude_none=True)


def _decode(line: dict) -> dict:
    index = line["parameters"]["batch_index"]
    if "error" in line:
        return {"index": index, "error": line["error"]["msg"]}
    outputs = {output.name: output for output in InferenceResponse.model_validate(line).outputs}
    return {
        "index": index,
        "label": StringCodec.decode_output(outputs["label"])[0],
        "probabilities": NumpyCodec.decode_output(outputs["probabilities"])[0].tolist(),
    }


if __name__ == "__main__":
    main()
