"""How the clouds' SDKs may be called, and which of them a stack imports. The house rules are those of every package."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.harness import ROOT

INFRA = sorted(path for path in (ROOT / "infra").rglob("*.py") if path.name != "__init__.py")

# Maps whose keys are the user's own; everything else that a resource takes has a class.
OPEN_MAPS = {"tags", "build_args", "limits", "metadata", "named", "labels", "dimensions"}


@pytest.mark.parametrize("path", INFRA, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_asks_whether_it_runs_on_the_sandbox(path: Path) -> None:
    words = [n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)]
    assert not [w for w in words if isinstance(w, str) and w.strip() in ("sandbox", "outlast-sandbox", "000000000000")]


@pytest.mark.parametrize("path", INFRA, ids=lambda p: str(p.relative_to(ROOT)))
def test_resources_take_classes_where_the_sdk_has_them(path: Path) -> None:
    """A misspelt key of a dict passes the SDK silently, a misspelt argument of a class does not."""
    for call in (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)):
        if not is_sdk(call.func):
            continue
        for keyword in call.keywords:
            dicts = [n for n in within(keyword.value) if isinstance(n, ast.Dict)]
            assert not dicts or keyword.arg in OPEN_MAPS, f"{path.name}:{call.lineno}: {keyword.arg} is given a dict"


def is_sdk(function: ast.expr) -> bool:
    """Whether a call is of a cloud's SDK, as these modules import them."""
    root = ast.unparse(function).split(".")[0]
    sdks = {"aws", "gcp", "docker", "app", "authorization", "containerregistry", "managedidentity", "resources"}
    return root in sdks and isinstance(function, ast.Attribute) and function.attr[0].isupper()


def within(value: ast.expr) -> Iterator[ast.AST]:
    """A value and what is in it, but not what is in further calls: those are looked at by themselves."""
    yield value
    for child in ast.iter_child_nodes(value):
        if isinstance(child, ast.expr) and not isinstance(child, ast.Call):
            yield from within(child)


def test_main_only_joins_settings_and_program() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 30


WATCH = """
import json, sys
sys.argv = ["__main__.py"]
sys.path.insert(0, ".")
import pulumi
pulumi.runtime.set_all_config(json.loads(sys.stdin.read()))
pulumi.runtime.mocks.set_mocks(type("M", (pulumi.runtime.Mocks,), {
    "new_resource": lambda self, args: ("id", {**args.inputs, "outputs": {}}), "call": lambda self, args: {}})(),
    "outlast", "zone", preview=True, organization="organization")
import runpy
pulumi.runtime.test(lambda: runpy.run_path("__main__.py", run_name="__main__"))()
print(json.dumps(sorted(m for m in sys.modules if m in ("pulumi_aws", "pulumi_azure_native", "pulumi_gcp", "boto3"))))
"""


def test_a_stack_imports_its_own_cloud_and_no_other() -> None:
    from tests.infra.harness import configuration

    done = subprocess.run(
        [sys.executable, "-c", WATCH],
        input=json.dumps(configuration("zone")),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["pulumi_aws"]
