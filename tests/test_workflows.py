"""The workflows: every command in them is there with its options, and who may do what is as narrow as it is said."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools_of_pages import check_command

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".github"
FILES = sorted([*FOLDER.glob("workflows/*.yml"), *FOLDER.glob("actions/*/action.yml")])
OURS = ("outlast", "make", "pulumi")


def read(name: str) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return found


def steps(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a workflow or of a composite action."""
    jobs = document.get("jobs", {"it": document.get("runs", {})})
    for job in jobs.values():
        yield from job.get("steps", ())


def commands(path: Path) -> Iterator[list[str]]:
    """Every command of ours that a file runs, as words."""
    for step in steps(yaml.safe_load(path.read_text())):
        for line in str(step.get("run", "")).replace("\\\n", " ").splitlines():
            text = re.sub(r"\$\{\w+:\+(.*?)\}(?=\s|$)", r"\1", re.sub(r"\$\{\{.*?\}\}", "X", line))
            for part in re.split(r"&&|\|\||[|;]| 2?>>? ?\S+", text):
                words = _words(part)
                if words and Path(words[0]).name in OURS:
                    yield words


def _words(text: str) -> list[str]:
    try:
        return [word for word in shlex.split(text, comments=True) if word != "2>&1"]
    except ValueError:
        return []  # a piece of a quoted text, which is no command


ALL = [(path.relative_to(ROOT).as_posix(), words) for path in FILES for words in commands(path)]


@pytest.mark.parametrize(("where", "words"), ALL, ids=[f"{Path(w).stem}: {' '.join(c)[:60]}" for w, c in ALL])
def test_each_command_is_there_with_its_options(where: str, words: list[str]) -> None:
    check_command(words)


def test_the_commands_that_a_deployment_needs_are_found_by_this_test() -> None:
    said = {" ".join(words[:2]) for _, words in ALL}
    assert {"pulumi preview", "pulumi up", "pulumi stack", "outlast drill", "outlast doctor", "outlast cost"} <= said
    assert "outlast certificate" in said


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name + "/" + path.name)
def test_what_is_used_is_of_a_release_or_from_here(path: Path) -> None:
    used = [step["uses"] for step in steps(yaml.safe_load(path.read_text())) if "uses" in step]
    for one in used:
        if one.startswith("./"):
            assert (ROOT / one / "action.yml").is_file()
        else:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+(\.\d+)*", one), one


def test_a_job_gets_tokens_of_the_clouds_only_where_it_needs_them() -> None:
    deploy = read("workflows/deploy.yml")
    assert deploy["permissions"] == {"contents": "read"}
    with_tokens = {name for name, job in deploy["jobs"].items() if "id-token" in job.get("permissions", {})}
    assert with_tokens == deploy["jobs"].keys() - {"plan", "comment"}
    for name in with_tokens:
        job = deploy["jobs"][name]
        environment = job["with"]["environment"] if "uses" in job else job["environment"]
        assert environment, f"{name}: the clouds trust environments, each with reviewers of its own"


def test_code_of_a_fork_gets_nothing() -> None:
    jobs = read("workflows/deploy.yml")["jobs"]
    assert "head.repo.full_name == github.repository" in jobs["plan"]["if"]
    assert all(name == "plan" or "plan" in job["needs"] for name, job in jobs.items())
    assert "pull_request_target" not in (FOLDER / "workflows" / "deploy.yml").read_text()


def test_stacks_come_up_in_their_order_and_sites_one_after_the_other() -> None:
    jobs = read("workflows/deploy.yml")["jobs"]
    assert "zone" in jobs["bases"]["needs"] and "bases" in jobs["sites"]["needs"]
    assert "sites" in jobs["traffic"]["needs"] and "traffic" in jobs["drill"]["needs"]
    assert jobs["sites"]["strategy"]["max-parallel"] == 1
    assert {jobs[name]["with"]["do"] for name in ("zone", "bases", "sites", "traffic")} == {"up"}
    outputs = set(jobs["plan"]["outputs"])
    said = set(re.findall(r"needs\.plan\.outputs\.(\w+)", (FOLDER / "workflows" / "deploy.yml").read_text()))
    assert said == outputs


def test_a_pull_request_changes_nothing() -> None:
    jobs = read("workflows/deploy.yml")["jobs"]
    at_pull_requests = [job for job in jobs.values() if "== 'pull_request'" in str(job.get("if", ""))]
    assert [job["with"]["do"] for job in at_pull_requests if "with" in job] == ["preview"]
    for step in steps(read("workflows/stack.yml")):
        if "pulumi up" in step.get("run", ""):
            assert step["if"] == "inputs.do == 'up'"


def test_no_text_of_somebody_else_reaches_a_shell() -> None:
    for path in FILES:
        for step in steps(yaml.safe_load(path.read_text())):
            assert "${{" not in step.get("run", ""), f"{path.name}: hand it over as a variable"
