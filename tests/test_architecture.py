"""The house rules of every package, read from the source: what imports what, what is pure, how long, tested where.

Each list of exceptions may only shrink: an entry that is no longer needed fails, as does one more that is not written
down. `tests/unmirrored.txt` is the longest, one module a line with the tests that hold it meanwhile.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import pytest

from tools.imports import circles, import_graph, imports_of, merged, modules


def words(text: str) -> list[str]:
    """A long list, written down as words."""
    return text.split()


ROOT = Path(__file__).resolve().parent.parent
# What each package may import of the others: a whole package, or a part of it.
COMMON = {"service.errors", "service.bundle", "service.command_line", "service.ticks"}
ALLOWED = {
    "service": set[str](),
    "failover": {*COMMON, "service.pages"},
    "infra": {*COMMON, "service.server.settings", "failover.routing", "failover.recovery.kinds", "failover.dial"},
    "jobs": {"service.errors", "service.command_line"},
    "sandbox": {*COMMON, "infra", "failover"},
    "bench": {"service", "infra", "failover", "sandbox"},
    "tools": {"service", "infra", "failover", "jobs", "sandbox", "bench"},
    "outlast": {"service", "infra", "failover", "jobs", "sandbox", "bench"},
}
PACKAGES = tuple(name for name in ALLOWED if (ROOT / name).is_dir())
# The peers of the benchmark run in environments of their own, with libraries that ours has not.
PEERS = "bench.apps"
MODULES = {name: path for name, path in modules(ROOT, PACKAGES).items() if not f"{name}.".startswith(f"{PEERS}.")}
pytestmark = pytest.mark.xdist_group("sources")  # one worker, so that each source is read once

# Modules that decide: everything they need is handed in. Neither they nor what they import of ours has an effect.
PURE = words("""
failover.routing.answers failover.routing.lint failover.routing.lint_rules failover.routing.lint_sites
failover.routing.lint_zone failover.routing.places failover.routing.predict failover.routing.spread
failover.simulator.health
failover.client.answers failover.client.receipts
failover.recovery.distribution failover.recovery.kinds failover.recovery.picture
failover.chaostoolkit.journal failover.drill.account failover.drill.chain
failover.drill.blackout
failover.drill.changes failover.drill.facts failover.drill.fleet failover.drill.guards failover.drill.measure
failover.drill.measurement failover.drill.plan failover.drill.report failover.drill.samples failover.drill.shares
failover.drill.tables failover.drill.timeline
failover.parity.compare failover.parity.mistakes
failover.oncall.alarms failover.oncall.notes failover.oncall.render failover.oncall.standing
failover.levers.change failover.levers.levels failover.logs.lines
infra.azure.metrics infra.capacity infra.contract infra.cost.estimate infra.cost.prices infra.cost.report
infra.cost.variants infra.gcp.metrics infra.health_check infra.holds infra.labels infra.panels infra.permissions.aws
infra.permissions.aws_table infra.permissions.azure infra.permissions.gcp infra.permissions.in_use infra.plan
infra.policy.aws infra.policy.azure infra.policy.every infra.policy.gcp infra.policy.rule infra.policy.rules
infra.policy.values infra.prediction infra.routing infra.settings.base infra.settings.exceptions infra.settings.kinds
infra.settings.options infra.settings.profiles infra.settings.reader infra.settings.regions infra.settings.routing
infra.settings.served infra.settings.spelling infra.stack_file infra.settings.variables infra.sizes
infra.switch
jobs.azure_ml jobs.container jobs.cost jobs.machines jobs.place jobs.reasons jobs.sagemaker jobs.service jobs.spec
jobs.vertex outlast.cost_training
sandbox.chaos.faults sandbox.chaos.page sandbox.chaos.row
sandbox.engine.changes sandbox.engine.cloud sandbox.engine.failures sandbox.engine.wire
service.bundle.columns service.bundle.decision service.bundle.golden service.bundle.manifest service.bundle.missing
service.bundle.numbers service.bundle.reading service.bundle.reference service.bundle.rows service.bundle.values
service.errors
outlast.sync.manifest outlast.sync.plan outlast.sync.reckoning
service.evaluation.advisor service.evaluation.intervals service.evaluation.metrics service.evaluation.notes
service.evaluation.quality service.evaluation.ranking service.offline.batch_rows service.offline.feedback
service.server.audit.receipts service.server.protocol.bodies service.server.protocol.column_tensors
service.server.protocol.named service.server.protocol.problems service.server.protocol.tensor_elements
service.server.protocol.tensors service.training.algorithms service.training.export_svm service.training.problem
service.training.splits
""")
EFFECTS = words("""
asyncio boto3 botocore grpc http httpx os psutil pulumi random requests secrets shutil signal socket ssl subprocess
tempfile threading time urllib uvicorn
""")

# Modules that draw from a generator which a seed began, and from nothing else: the same arguments give the same answer.
SEEDED = {"failover.recovery.distribution"}

# Rooms that import each other, until whoever works on them opens the circle.
CIRCLES: list[list[str]] = []

LONGEST_FILE = 300
SAYS_WHY_IT_IS_LONG = re.compile(r"\b(?:[Oo]ne\s+file,?\s+although|[Oo]ver\s+300\s+lines)\b")
LONGEST_FUNCTION = 62
NINE_OF_TEN_FUNCTIONS = 20

# Every way around a tool, counted. One fewer: lower the number. One more: say in the commit why it has to be.
COUNTED = {
    "product": {"type: ignore": 20, "noqa": 2, "no cover": 0, "print(": 2},
    "tests": {"type: ignore": 53, "noqa": 2, "no cover": 0, "print(": 4},
}


def _top_level(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@functools.cache
def _graph() -> dict[str, set[str]]:
    return import_graph(MODULES)


@pytest.mark.parametrize("package", PACKAGES)
def test_dependencies_point_one_way(package: str) -> None:
    wrong = []
    for name, path in MODULES.items():
        if name.partition(".")[0] == package:
            wrong += [f"{name} imports {other}" for other in imports_of(path) if not _may_import(package, other)]
    assert wrong == []


def _may_import(package: str, other: str) -> bool:
    top = other.partition(".")[0]
    if top == "tests":
        return False
    if top not in ALLOWED or top == package:
        return True
    return any(f"{other}.".startswith(f"{a}.") or a.startswith(f"{other}.") for a in ALLOWED[package])


@pytest.mark.parametrize("name", PURE)
def test_what_decides_reaches_no_effect(name: str) -> None:
    reached, waiting = set[str](), [name]
    while waiting:
        if (module := waiting.pop()) not in reached:
            reached.add(module)
            waiting += _graph()[module]
    found = {
        module: {i.partition(".")[0] for i in imports_of(MODULES[module])}.intersection(EFFECTS) for module in reached
    }
    found = {module: effects - {"random"} if module in SEEDED else effects for module, effects in found.items()}
    assert {module: effects for module, effects in found.items() if effects} == {}


@pytest.mark.parametrize("name", sorted(SEEDED))
def test_what_draws_is_seeded(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text())
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "random"}
    begun = [c.args for c in ast.walk(tree) if isinstance(c, ast.Call) and ast.unparse(c.func) == "random.Random"]
    assert used == {"Random"} and begun and all(begun)


def test_no_modules_import_each_other() -> None:
    assert circles(_graph()) == CIRCLES


def test_no_wings_import_each_other() -> None:
    """Sub-packages of one package; the modules at its ground floor use them and are used by them."""
    found = []
    for parent in sorted({name.rpartition(".")[0] for name in MODULES} - {""}):
        inside = {name: _wing(name, parent) for name in MODULES if _wing(name, parent)}
        graph = {name: _graph()[name] & inside.keys() for name in inside}
        found += circles(merged(graph, inside))
    assert found == []


def _wing(name: str, parent: str) -> str:
    """The sub-package of `parent` that a module is in, or "" where it is in none."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    if not package.startswith(f"{parent}."):
        return ""
    return ".".join(package.split(".")[: parent.count(".") + 2])


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_short_or_say_why_not(package: str) -> None:
    paths = [path for name, path in MODULES.items() if name.partition(".")[0] == package]
    assert paths
    wrong = []
    for path in paths:
        text = path.read_text()
        lines = len(text.splitlines())
        if lines > LONGEST_FILE and not SAYS_WHY_IT_IS_LONG.search(ast.get_docstring(ast.parse(text)) or ""):
            wrong.append(f"{path.relative_to(ROOT)}: {lines} lines, and no word of why in its docstring")
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_are_short(package: str) -> None:
    lengths = sorted(
        (node.end_lineno - node.lineno + 1, f"{name}.{node.name}")
        for name, path in MODULES.items()
        if name.partition(".")[0] == package
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    assert [each for each in lengths if each[0] > LONGEST_FUNCTION] == []
    assert lengths[int(0.9 * len(lengths))][0] <= NINE_OF_TEN_FUNCTIONS


def test_every_module_is_mirrored_by_its_test() -> None:
    missing = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES.values()
        if path.stem not in ("__init__", "__main__") and not _mirror(path).exists()
    }
    known = _unmirrored()
    assert sorted(missing - known.keys()) == [], "write tests/<same path>/test_<name>.py"
    assert sorted(known.keys() - missing) == [], "take these lines out of tests/unmirrored.txt"
    tests = set(chain.from_iterable(known.values()))
    assert [test for test in sorted(tests) if not (ROOT / test).is_file()] == []
    assert [module for module, held_by in known.items() if not held_by] == []


def _mirror(path: Path) -> Path:
    return ROOT / "tests" / path.relative_to(ROOT).parent / f"test_{path.name}"


def _unmirrored() -> dict[str, list[str]]:
    lines = (ROOT / "tests" / "unmirrored.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {module: tests for module, *tests in rows}


@pytest.mark.parametrize("where", COUNTED)
def test_ways_around_a_tool_are_counted(where: str) -> None:
    paths = (ROOT / "tests").rglob("*.py") if where == "tests" else chain([ROOT / "__main__.py"], MODULES.values())
    texts = [text for text in (path.read_text() for path in paths) if any(around in text for around in COUNTED[where])]
    found = [around for text in texts for around in _ways_around(text)]
    assert {around: found.count(around) for around in COUNTED[where]} == COUNTED[where]


def _ways_around(text: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from (words for words in ("type: ignore", "noqa", "no cover") if words in token.string)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield "print("


def test_no_machine_or_secret_is_written_down() -> None:
    """Nothing of the machine that a file was written on: its folders, its registries, its keys."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    traces = (f"{ROOT}/", f"{Path.home()}/", "BEGIN PRIVATE KEY", "BEGIN EC PRIVATE KEY", "--index-url", "--find-links")
    wrong = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path == Path(__file__).resolve() or not path.is_file():
            continue
        text = path.read_text(errors="ignore")
        wrong += [f"{name}: {trace}" for trace in traces if trace in text]
    assert wrong == []


# Where the name of a problem may stand in code: the table of data sets, and apps that are written for one model.
NAMED = (
    *("service/training/datasets.py", "service/training/corpora.py", "service/training/fetched.py"),
    "bench/apps/",
)
EXPLAIN = {"hint", "help"}  # arguments that show a person an example
EXAMPLES = {"Mistake", "Wrong", "InvalidInput"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_problem_is_named_in_code(package: str) -> None:
    """Which models there are is for folders, stack files and options to say: code that names one works for one."""
    names = {path.stem for path in (ROOT / "service/problems").glob("*.toml")}
    names |= {path.name for path in (ROOT / "service/released").iterdir()}
    assert names >= {"tumour", "digits"}
    # As a word of its own or as a part of a path or an assignment: prose has words such as "12 digits".
    named = re.compile(rf"(?:^|[/=])(?:{'|'.join(sorted(names))})(?:$|[/.\s'\"])")
    wrong = []
    for path in sorted((ROOT / package).rglob("*.py")):
        place = str(path.relative_to(ROOT))
        if not place.startswith(NAMED) and any(name in path.read_text() for name in names):
            wrong += [f"{place}:{line}: {text!r}" for line, text in _code_texts(path) if named.search(text)]
    assert wrong == []


def _code_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a file but documentation and examples for people."""
    tree = ast.parse(path.read_text())
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        shown = [k.value for k in call.keywords if k.arg in EXPLAIN]
        shown += call.args[1:] if ast.unparse(call.func).rpartition(".")[2] in EXAMPLES else []
        spoken |= {id(inner) for value in shown for inner in ast.walk(value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.lineno, node.value
