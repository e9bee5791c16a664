"""The command that every service runs."""

from __future__ import annotations

from jobs.container import arguments, channel, file_name, is_folder


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
