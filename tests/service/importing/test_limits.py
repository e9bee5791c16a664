"""A model that would not start, or not fit, on a site is refused before an image is built."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from service.bundle.folder import RELEASED
from service.errors import OutlastError, Refused
from service.importing import limits
from service.importing.limits import Needs, Site, refuse_too_large

SMALL = Site("aws", 0.5, 1024)


def test_what_fits_is_let_through() -> None:
    refuse_too_large(Needs(2.0, 400, 1000), [SMALL])
    refuse_too_large(Needs(2000.0, 4e6, 1000), [])


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (Needs(2.0, 900, 0), "site aws: takes 900 MiB to serve; a replica has 1024 MiB"),
        (Needs(31.0, 100, 0), "site aws: takes some 62 s to start on 0.5 virtual CPUs; a replica has 60 s"),
    ],
)
def test_what_does_not_is_named_with_its_site(needs: Needs, words: str) -> None:
    with pytest.raises(Refused, match=words):
        refuse_too_large(needs, [SMALL, Site("big", 4, 16384)])


def test_needs_are_read_from_a_process_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[-2:] == ["service.importing.trial", str(RELEASED / "tumour")]
        return subprocess.CompletedProcess(command, 0, json.dumps({"seconds": 1.5, "memory_mib": 90.0}), "")

    monkeypatch.setattr(limits.subprocess, "run", run)
    needs = limits.measure_needs(RELEASED / "tumour")
    assert (needs.start_seconds, needs.memory_mib) == (1.5, 90.0)
    assert needs.bytes == (RELEASED / "tumour" / "model.onnx").stat().st_size
    assert "90 MiB of memory, 1.5 s to start" in str(needs)


def test_a_model_that_does_not_load_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "Traceback\nModelMismatch: not its golden answers\n")

    monkeypatch.setattr(limits.subprocess, "run", fail)
    with pytest.raises(OutlastError, match="not its golden answers"):
        limits.measure_needs(Path("nowhere"))


def test_a_model_that_never_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(limits.subprocess, "run", hang)
    with pytest.raises(Refused, match="within 300 s of its start"):
        limits.measure_needs(Path("nowhere"))
