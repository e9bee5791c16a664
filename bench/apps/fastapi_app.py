"""FastAPI as its documentation shows it: pydantic models in and out, under uvicorn with uvloop and httptools."""

from __future__ import annotations

import numpy as np
from fastapi import FastAPI
from inference import predict
from pydantic import BaseModel


class InputTensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class InferRequest(BaseModel):
    id: str | None = None
    inputs: list[InputTensor]


class OutputTensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[str] | list[float]


class InferResponse(BaseModel):
    id: str | None = None
    model_name: str
    outputs: list[OutputTensor]


app = FastAPI()


@app.post("/v2/models/tumour/infer")
async def infer(request: InferRequest) -> InferResponse:
    tensor = request.inputs[0]
    labels, probabilities = predict(np.array(tensor.data, dtype=np.float32).reshape(tensor.shape))
    outputs = [
        OutputTensor(name="label", shape=[len(labels)], datatype="BYTES", data=labels),
        OutputTensor(
            name="probabilities",
            shape=list(probabilities.shape),
            datatype="FP32",
            data=probabilities.ravel().tolist(),
        ),
    ]
    return InferResponse(id=request.id, model_name="tumour", outputs=outputs)
