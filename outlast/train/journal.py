"""What a job was started with, written beside its data before it is started, so that any machine can come back to it.

The service knows the job, its store knows the spec: nothing about a job lies on the machine that started it alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from jobs.spec import TrainingSpec, digest, job_name, parse_name
from service.errors import ModelMismatch
from service.stores.store import Store, read_whole


def write_entry(store: Store, spec: TrainingSpec, attempt: int) -> None:
    """Keep what a job is started with; the same again changes nothing, as its name is made of it."""
    text = json.dumps({"schema": 1, "spec": asdict(spec)}, indent=2, sort_keys=True)
    store.put_if_absent(_key(job_name(spec, attempt)), text.encode())


def read_entry(store: Store, name: str) -> TrainingSpec:
    """What a job was started with. Raises InvalidInput where nothing is kept, ModelMismatch for another job's."""
    key = _key(name)
    try:
        spec = _parse(json.loads(read_whole(store, key))["spec"])
    except (ValueError, KeyError, TypeError) as error:
        what = f"{store.name(key)} does not say what {name} was started with: {error}"
        raise ModelMismatch(what, hint="start the training again") from error
    named = parse_name(name)
    if named is None or named[0] != digest(spec)[:16]:
        raise ModelMismatch(f"{store.name(key)} is of another job than {name}", hint="start the training again")
    return spec


def _parse(document: dict[str, Any]) -> TrainingSpec:
    lists = {name: tuple(document[name]) for name in ("data", "arguments")}
    return TrainingSpec(**{**document, **lists})


def _key(name: str) -> str:
    return f"jobs/{name}.json"
