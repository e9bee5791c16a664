"""A cluster that runs something else is refused, with what differs and where."""

from __future__ import annotations

import pytest

from service.cluster.versions import digest_code, refuse_other_code, refuse_other_versions
from service.errors import Unavailable

HERE = {
    "python": "3.12.1.final.0",
    "dask": "2026.8.0",
    "distributed": "2026.8.0",
    "numpy": "2.4.0",
    "pandas": "3.1.1",
    "onnxruntime": "1.30.0",
    "scikit-learn": "1.9.1",
}
ADDRESS = "tcp://scheduler:8786"


def test_the_same_versions_pass_whatever_the_patch_of_python() -> None:
    there = HERE | {"python": "3.12.9.final.0"}
    # A scheduler computes nothing, so it needs neither numpy nor onnxruntime.
    scheduler = {name: there[name] for name in ("python", "dask", "distributed")}
    refuse_other_versions(HERE, scheduler, {"tcp://a:1": there}, ADDRESS)


@pytest.mark.parametrize(
    ("scheduler", "worker", "words"),
    [
        ({"distributed": "2025.1.0"}, {}, "the scheduler has distributed 2025.1.0, not 2026.8.0"),
        ({"python": "3.11.2.final.0"}, {}, "the scheduler has python 3.11, not 3.12"),
        ({}, {"onnxruntime": None}, "worker tcp://a:1 has onnxruntime missing, not 1.30.0"),
        ({"dask": "1"}, {"numpy": "1.0"}, "the scheduler has dask 1, not 2026.8.0; worker tcp://a:1 has numpy 1.0"),
    ],
)
def test_what_differs_is_named(scheduler: dict[str, str], worker: dict[str, str | None], words: str) -> None:
    with pytest.raises(Unavailable) as caught:
        refuse_other_versions(HERE, HERE | scheduler, {"tcp://a:1": {**HERE, **worker}}, ADDRESS)
    assert words in caught.value.what
    assert ADDRESS in caught.value.what
    assert "outlast[dask]" in caught.value.hint


def test_a_hundred_workers_do_not_fill_the_screen() -> None:
    workers = {f"tcp://w:{port}": HERE | {"numpy": "1.0"} for port in range(100)}
    with pytest.raises(Unavailable, match="and 95 more"):
        refuse_other_versions(HERE, HERE, workers, ADDRESS)


def test_another_outlast_is_named_by_its_worker() -> None:
    here = digest_code()
    assert len(here) == 64
    refuse_other_code(here, {"tcp://a:1": here}, ADDRESS)
    with pytest.raises(Unavailable, match="another Outlast on tcp://b:1"):
        refuse_other_code(here, {"tcp://a:1": here, "tcp://b:1": "0" * 64}, ADDRESS)
