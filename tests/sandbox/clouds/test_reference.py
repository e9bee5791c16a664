from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from sandbox.clouds import reference
from sandbox.clouds.kinds import KINDS

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_page_is_what_the_code_says() -> None:
    assert (ROOT / reference.PAGE).read_text() == reference.render(), f"stale: {reference.COMMAND}"


def test_a_stale_page_is_named_and_written_anew(tmp_path: Path) -> None:
    run = CliRunner()
    stale = run.invoke(reference.main, ["--check", "--root", str(tmp_path)])
    assert stale.exit_code == 1 and reference.COMMAND in stale.output
    assert run.invoke(reference.main, ["--root", str(tmp_path)]).exit_code == 0
    assert run.invoke(reference.main, ["--check", "--root", str(tmp_path)]).exit_code == 0


def test_every_type_is_on_the_page_with_what_it_does_or_lacks() -> None:
    page = reference.render()
    for kind in KINDS.values():
        assert f"`{kind.type}`" in page
        assert kind.effect or kind.not_simulated, kind.type
