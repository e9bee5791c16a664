"""What counts as an image that is as it should be, and how it is run."""

from __future__ import annotations

import json

import pytest

from tools.image_proof.build import SERVICE
from tools.image_proof.findings import (
    NOT_PROVEN,
    SERVED,
    STOP_SECONDS,
    Finding,
    Process,
    judge_contents,
    judge_ids,
    judge_packages,
    judge_process,
    judge_stop,
    read_process,
    render_page,
    render_text,
    runtime_config,
)

STATUS = "Name:\tpython\nUid:\t65532\t65532\t65532\t65532\nNoNewPrivs:\t1\nCapEff:\t0000000000000000\n"
BILL = json.loads((SERVICE / "sbom.json").read_text())
LISTED = {part["name"]: part["version"] for part in BILL["components"] if "purl" in part}


def test_the_kernel_says_as_whom_it_runs() -> None:
    assert read_process(STATUS) == Process(65532, 0, True)
    assert all(finding.good for finding in judge_process(read_process(STATUS)))


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("Uid:\t65532\t65532", "Uid:\t65532\t0"),
        ("CapEff:\t0000000000000000", "CapEff:\t0000000000000400"),
        ("NoNewPrivs:\t1", "NoNewPrivs:\t0"),
    ],
)
def test_each_right_too_many_is_found(line: str, other: str) -> None:
    found = judge_process(read_process(STATUS.replace(line, other)))
    assert [finding.good for finding in found].count(False) == 1


def test_one_build_alone_proves_nothing() -> None:
    assert judge_ids(["sha256:1", "sha256:1"]).good
    assert not judge_ids(["sha256:1", "sha256:2"]).good
    assert not judge_ids(["sha256:1"]).good


def test_the_bill_of_materials_is_met_to_the_version() -> None:
    assert judge_packages(LISTED, BILL).good
    assert judge_packages({name.replace("-", "_").upper(): version for name, version in LISTED.items()}, BILL).good
    newer = judge_packages(LISTED | {"numpy": "0"}, BILL)
    assert (newer.good, "not alike: numpy" in newer.told) == (False, True)
    assert "not alike: pandas" in judge_packages(LISTED | {"pandas": "3"}, BILL).told
    assert not judge_packages({}, BILL).good


def test_training_code_is_found_as_a_folder_and_as_a_package() -> None:
    assert judge_contents({*SERVED, "__pycache__"}, LISTED).good
    assert judge_contents({*SERVED, "training"}, LISTED).told == "foreign: training"
    assert judge_contents(SERVED, {*LISTED, "Pandas"}).told == "foreign: pandas"
    assert judge_contents(SERVED - {"server"}, LISTED).told == "missing: server"


@pytest.mark.parametrize(
    ("seconds", "code", "good"), [(5.0, 0, True), (STOP_SECONDS + 1, 0, False), (5.0, 137, False), (None, None, False)]
)
def test_it_has_to_end_in_time_and_by_itself(seconds: float | None, code: int | None, good: bool) -> None:
    assert judge_stop(seconds, code).good is good


def test_it_is_run_by_its_own_command_without_any_right() -> None:
    image = {
        "config": {"Env": ["PATH=/venv/bin", "PORT=8080"], "Entrypoint": ["a"], "Cmd": ["b"], "WorkingDir": "/app"}
    }
    config = runtime_config(image, "/root", {"PORT": "1"}, 60)
    assert config["process"]["args"] == ["a", "b"]
    assert set(config["process"]["env"]) == {"PATH=/venv/bin", "PORT=1"}
    assert not any(config["process"]["capabilities"].values())
    assert config["root"] == {"path": "/root", "readonly": True}


def test_the_page_names_what_is_wrong_and_what_is_not_proven() -> None:
    findings = [Finding("a", "1", True), Finding("b", "2", False)]
    assert render_text(findings) == "✓ a: 1\n✗ b: 2"
    page = render_page(findings, "here, today")
    assert "| a | 1 | yes |\n| b | 2 | **no** |" in page
    assert all(f"* {line}\n" in page for line in NOT_PROVEN)
