"""What a job was started with is found again by its name, from any machine, and is not believed when changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.spec import TrainingSpec, job_name
from outlast.train.journal import read_entry, write_entry
from service.errors import InvalidInput, ModelMismatch
from service.stores.folder import FolderStore

SPEC = TrainingSpec(
    "image", ("a/", "b"), "out", "kept", ("--budget", "2"), 2, 8.0, 3600, "role", True, {"A": "b"}, {"c": "d"}
)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_what_is_written_is_read(store: FolderStore) -> None:
    for attempt in (1, 2, 2):
        write_entry(store, SPEC, attempt)
        assert read_entry(store, job_name(SPEC, attempt)) == SPEC


def test_a_job_of_somebody_else_is_said(store: FolderStore) -> None:
    with pytest.raises(InvalidInput, match="there is no"):
        read_entry(store, job_name(SPEC, 1))


def test_an_entry_that_was_changed_or_cut_is_refused(store: FolderStore, tmp_path: Path) -> None:
    write_entry(store, SPEC, 1)
    (path,) = (tmp_path / "jobs").iterdir()
    whole = path.read_text()
    for text in (whole[:-9], "{}", whole.replace('"cpu"', '"cores"'), whole.replace('"kept"', '"other"')):
        path.write_text(text)
        with pytest.raises(ModelMismatch):
            read_entry(store, job_name(SPEC, 1))
    path.write_text(whole)
    assert read_entry(store, job_name(SPEC, 1)) != replace(SPEC, cpu=4)
