"""An import knows the sites of the stack files, with the size of a replica."""

from __future__ import annotations

from pathlib import Path

from outlast.importing import COMMANDS, read_sites
from service.importing.limits import Site


def test_the_sites_of_the_stack_files_are_read() -> None:
    assert Site("aws", 0.5, 1024) in read_sites()
    assert {site.name for site in read_sites()} == {"aws", "azure", "gcp"}


def test_a_file_that_is_no_stacks_is_left_to_its_own_stack(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.a.yaml").write_text("config: [")
    (tmp_path / "Pulumi.b.yaml").write_text("config: {outlast:cpu: much, outlast:memoryMiB: 512}")
    (tmp_path / "Pulumi.c.yaml").write_text('config: {"outlast:cpu": 2, "outlast:memoryMiB": 4096}')
    assert read_sites(tmp_path) == [Site("c", 2, 4096)]


def test_the_command_is_there() -> None:
    assert COMMANDS["import"].name == "import"
