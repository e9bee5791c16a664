"""What a job is given, laid into the store of the cloud that trains: every object by its content's SHA-256.

So the same files are uploaded once, a second start finds what the first one wrote, and nothing is ever overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from outlast.train.tables import Table
from service.bundle.folder import Release
from service.bundle.manifest import MANIFEST_FILE
from service.errors import InvalidInput, OutlastError
from service.stores.files import StoreFile
from service.stores.store import Store, check_digest, read_whole
from service.training.job_inputs import INPUTS_FILE, RELEASED_FOLDER, InputTable, JobInputs, render_inputs


@dataclass(frozen=True)
class Uploaded:
    """The addresses of a job's data, the folder with inputs.json first; and what inputs.json says."""

    addresses: tuple[str, ...]
    inputs: JobInputs


def upload(store: Store, problem: Path, tables: Sequence[Table], released: Release | None) -> Uploaded:
    """Lay everything into the store that is not there yet. Tables that lie in a store stay where they are."""
    model = _files_of(released)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in model.items()}
    uploaded = describe(store, problem, tables, digests)
    for table in tables:
        _place(store, table)
    rendered = render_inputs(uploaded.inputs)
    folder = folder_of(rendered)
    for name, content in model.items():
        _put(store, f"{folder}{RELEASED_FOLDER}/{problem.stem}/{name}", content)
    _put(store, f"{folder}{problem.name}", problem.read_bytes())
    _put(store, f"{folder}{INPUTS_FILE}", rendered)
    return uploaded


def describe(store: Store, problem: Path, tables: Sequence[Table], released: Mapping[str, str]) -> Uploaded:
    """What a job is given that is held to a model with files of these SHA-256. Nothing is uploaded."""
    addresses = [_address(store, table) for table in tables]
    described = [
        InputTable(table.name, address, table.sha256, table.size)
        for table, address in zip(tables, addresses, strict=True)
    ]
    inputs = JobInputs(problem.name, hashlib.sha256(problem.read_bytes()).hexdigest(), tuple(described), released)
    folder = folder_of(render_inputs(inputs))
    return Uploaded((f"{store.name(folder).rstrip('/')}/", *addresses), inputs)


def folder_of(rendered: bytes) -> str:
    """The key of the folder that holds an inputs.json, by its bytes."""
    return f"inputs/{hashlib.sha256(rendered).hexdigest()[:32]}/"


def _address(store: Store, table: Table) -> str:
    """Where a table lies in the cloud that trains, once it is uploaded."""
    return str(table.file) if isinstance(table.file, StoreFile) else store.name(_key(table))


def _key(table: Table) -> str:
    return f"tables/{table.sha256}/{table.name}"


def _place(store: Store, table: Table) -> None:
    if isinstance(table.file, StoreFile):
        return
    key = _key(table)
    there = store.find(key)
    if there is None:
        store.put_if_absent(key, _read_unchanged(table))
        there = store.find(key)
    if there is None or there.size != table.size:
        what = f"{store.name(key)} holds {there.size if there else 'nothing'}, and {table} has {table.size} bytes"
        raise OutlastError(what, hint="somebody else wrote it: delete the object and start again")


def _read_unchanged(table: Table) -> bytes:
    """What is uploaded under a SHA-256 has to have it: other bytes would stay there, and fail every job of it."""
    content = cast(Path, table.file).read_bytes()
    if hashlib.sha256(content).hexdigest() != table.sha256:
        raise InvalidInput(f"{table} was changed since it was read", hint="start again once nobody writes it")
    return content


def _put(store: Store, key: str, content: bytes) -> None:
    if not store.put_if_absent(key, content):
        check_digest(
            store.name(key), hashlib.sha256(read_whole(store, key)).hexdigest(), hashlib.sha256(content).hexdigest()
        )


def _files_of(released: Release | None) -> Mapping[str, bytes]:
    """The files of the model that the candidate is held to."""
    if released is None:
        return {}
    names = (MANIFEST_FILE, released.manifest.model.file, released.manifest.golden.file)
    return {name: (released.folder / name).read_bytes() for name in names}
