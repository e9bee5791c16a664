"""Which stores hold copies is remembered, a run for each set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from outlast.sync.remembered import FILE, Remembered, load, save
from service.errors import InvalidInput

RUN = Remembered("models", "/m", ("s3://b", "az://a/c"), "2026-11-29T12:00:00+00:00", 1e6)


def test_the_last_run_of_each_set_is_kept(tmp_path: Path) -> None:
    assert load(tmp_path) == []
    save(tmp_path, RUN, load(tmp_path))
    other, later = replace(RUN, what="data"), replace(RUN, targets=("gs://b",))
    save(tmp_path, other, load(tmp_path))
    save(tmp_path, later, load(tmp_path))
    assert load(tmp_path) == [other, later]


@pytest.mark.parametrize("content", ["{", "[1]", '[{"what": "models"}]', '[{"targets": [], "x": 1}]'])
def test_a_damaged_file_is_told_with_the_way_out(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(InvalidInput, match=r"\.copies\.json is damaged[\s\S]*hint: delete it"):
        load(tmp_path)
