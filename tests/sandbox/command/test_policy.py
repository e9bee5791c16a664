"""The policy pack as an argument: there with its SDK, and said to be missing without."""

from __future__ import annotations

from pathlib import Path

from sandbox.command.policy import policy_flags

ROOT = Path(__file__).resolve().parents[3]


def test_the_pack_of_the_project_is_run() -> None:
    said: list[str] = []
    flag, path = policy_flags(ROOT, said.append)
    assert flag == "--policy-pack"
    assert (Path(path) / "PulumiPolicy.yaml").is_file() and (Path(path) / "__main__.py").is_file()
    assert said == []


def test_without_its_sdk_that_is_said() -> None:
    said: list[str] = []
    assert policy_flags(ROOT, said.append, find=lambda name: None) == []
    assert "pip install --no-deps pulumi-policy" in said[0]
