"""Bytes are counted from any thread, and told as any other long step is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from outlast.sync import meter
from outlast.sync.meter import count_bytes
from service.evaluation.progress import Announce


def test_the_bytes_of_all_threads_are_one_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []

    @contextmanager
    def show() -> Iterator[Announce]:
        yield lambda *step: told.append(step)

    monkeypatch.setattr(meter, "show_progress", show)
    with count_bytes("copying", 8_000_000) as add:
        threads = [threading.Thread(target=lambda: [add(1000) for _ in range(1000)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert told == [("copying, kB", done, 8000) for done in range(1, 8001)]


def test_what_is_short_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with count_bytes("copying", 10) as add:
        add(10)
    assert capsys.readouterr().err == ""
