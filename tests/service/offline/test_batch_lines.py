"""The lines of the output: with the file's name where there may be several files."""

from __future__ import annotations

from pathlib import Path

from service.bundle.classifier import Classifier
from service.offline.batch_files import open_tables
from service.offline.batch_lines import render_block, render_heads
from service.offline.batch_rows import read_blocks
from service.stores.matching import Found, find_files
from tests.service.offline.files import RELEASED, write_parts


def test_every_line_names_its_file_and_the_number_within_it(tmp_path: Path) -> None:
    classifier = Classifier.load(RELEASED)
    tables = open_tables(find_files(write_parts(tmp_path)), classifier.manifest)
    head, bad_head = render_heads(tables, classifier.manifest)
    assert head == b"file,row,patient,label,probability_benign,probability_malignant,note\n"
    assert bad_head.startswith(b"file,row,reason,mean_radius,")
    (block,) = read_blocks(tables.tables[1], classifier.manifest)
    lines, apart = render_block(block, 1, tables, classifier)
    assert lines.decode().splitlines()[0].startswith(f"{tmp_path}/b.csv.gz,1,p200,")
    assert apart == b""


def test_one_file_gives_the_lines_without_a_name(tmp_path: Path) -> None:
    classifier = Classifier.load(RELEASED)
    write_parts(tmp_path)
    tables = open_tables(Found((tmp_path / "a.csv",), False), classifier.manifest)
    assert render_heads(tables, classifier.manifest)[0].startswith(b"row,patient,label,")
    (block,) = read_blocks(tables.tables[0], classifier.manifest)
    lines, apart = render_block(block, 0, tables, classifier)
    assert lines.startswith(b"1,p0,malignant,")
    assert b'\n4,"an ""odd"",\nname",' in lines
    assert apart.startswith(b"9,\"mean_area is 'many', not a number")
