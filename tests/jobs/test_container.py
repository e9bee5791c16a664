"""The command that every service runs."""

from __future__ import annotations

from pathlib import Path

from jobs.container import PACKAGES, arguments, channel, file_name, is_folder
from service.training.algorithms import ALGORITHMS


def test_data_comes_first_in_its_order_and_the_problems_own_arguments_last() -> None:
    assert arguments(["/a", "/b"], "/c", "/o", ["--x", "1"]) == [
        *("--data", "/a", "--data", "/b", "--checkpoints", "/c", "--out", "/o", "--x", "1"),
    ]


def test_channels_sort_as_they_are_numbered() -> None:
    names = [channel(number) for number in range(20)]
    assert names == sorted(names)


def test_a_folder_ends_in_a_slash() -> None:
    assert is_folder("s3://b/k/") and file_name("s3://b/k/") == ""
    assert not is_folder("s3://b/k.csv") and file_name("s3://b/k.csv") == "k.csv"


def test_the_packages_of_algorithms_are_those_that_the_image_is_built_with() -> None:
    wanted = (Path(__file__).parents[2] / "service" / "requirements-train.in").read_text()
    held = {line.partition("==")[0].removesuffix("-cpu") for line in wanted.splitlines() if "==" in line}
    assert {one.package for one in ALGORITHMS.values() if one.package in held} == PACKAGES
