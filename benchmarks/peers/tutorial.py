"""FastAPI as tutorials write it: a pydantic body, a `def` in the thread pool, and a lock around the model."""

from __future__ import annotations

import sys
import threading

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.classifier import Classifier

app = FastAPI()
lock = threading.Lock()


class Body(BaseModel):
    instances: list[list[float]]


class Answer(BaseModel):
    predictions: list[str | int]
    probabilities: list[list[float]]


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
def predict(body: Body) -> Answer:
    with lock:
        labels, probabilities = app.state.classifier.predict(body.instances)
    return Answer(predictions=labels, probabilities=probabilities)


def main(description: str, port: str) -> None:
    app.state.classifier = Classifier(description)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
