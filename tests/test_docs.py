"""Every code block of README and the guides is run by a test or says why not; what it types is known to the program."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml
from click.testing import CliRunner

from infra.settings.kinds import BaseSettings
from infra.stack_file import parse
from outlast.__main__ import main
from sandbox.accounts_file import read as read_accounts
from service.errors import OutlastError
from service.offline.batch import COMMANDS as FILES
from tests.end_to_end.test_own_stacks import EU
from tests.infra.harness import as_text, configuration

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
SETTINGS = (ROOT / "docs" / "reference" / "settings.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
FENCED = re.compile(r"^ *```(\S*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

# Page, the beginning of a block's first line ("" for all others of the page): the tests that run it, or why none does.
# What only has to be true of a block as it stands (options, settings, keys of a file) is tested below for all of them.
ON_CALL = "tests/end_to_end/test_on_call.py::test_every_command_of_the_guide_does_what_it_says"
OWN_TABLE = "tests/end_to_end/test_bring_your_own_model.py::test_the_commands_of_the_page_run_in_its_order"
FOREIGN = "tests/end_to_end/test_import_a_model.py::test_the_commands_of_the_page_run_in_its_order"
AS_IT_STANDS = "tests/test_docs.py"
OWN_STACKS = "tests/end_to_end/test_own_stacks.py::test_mended_accounts_let_the_same_command_go_on"
ACCOUNTS = "not run: it changes accounts of the reader's own, which no test has"
RUN_BY = {
    ("add-a-region.md", "cp stacks"): OWN_STACKS,
    (
        "add-a-region.md",
        "# in stacks/Pulumi.prod-aws-eu.yaml",
    ): f"{AS_IT_STANDS}::test_the_region_is_the_rehearsed_one",
    (
        "add-a-region.md",
        "# in stacks/Pulumi.prod-traffic.yaml",
    ): f"{AS_IT_STANDS}::test_the_region_is_in_the_answers",
    ("add-a-region.md", "$ make up"): OWN_STACKS,
    ("add-a-region.md", ""): ACCOUNTS,
    ("move-into-a-base-stack.md", "outlast base adopt"): (
        "tests/end_to_end/test_own_stacks.py::test_base_stacks_take_over_what_should_outlive_sites"
        " + tests/end_to_end/test_own_stacks.py::test_what_was_taken_over_is_neither_made_nor_replaced"
    ),
    (
        "move-into-a-base-stack.md",
        "# stacks/Pulumi.prod-base-aws.yaml",
    ): f"{AS_IT_STANDS}::test_what_a_base_stack_holds_is_read",
    ("drill-on-a-friday.md", "$ make up"): "tests/end_to_end/test_readme.py",
    ("drill-on-a-friday.md", "$ outlast status"): f"{ON_CALL} + tests/failover/drill/test_plan.py"
    " + tests/failover/evidence/test_commands.py",
    (
        "drill-on-a-friday.md",
        "$ outlast lint",
    ): f"{ON_CALL} + tests/end_to_end/test_parity.py + tests/outlast/test_drill.py",
    ("first-ten-minutes.md", "$ make doctor"): "tests/outlast/doctor",
    ("first-ten-minutes.md", ""): "tests/end_to_end/test_readme.py::test_the_commands_of_the_page_run_in_its_order",
    ("README.md", ""): "tests/end_to_end/test_readme.py::test_the_commands_of_the_page_run_in_its_order",
    ("a-cloud-is-down.md", ""): ON_CALL,
    ("alarms.md", "pulumi config set"): f"{AS_IT_STANDS}::test_every_setting_is_one",
    ("alarms.md", "$ make up"): "not run: it takes minutes; tests/sandbox/clouds has what raises an alarm",
    ("audit.md", "config:"): f"{AS_IT_STANDS}::test_a_stack_file_is_read_by_the_program",
    ("audit.md", "pulumi up"): "tests/end_to_end/test_own_stacks.py::"
    "test_audit_records_are_whole_in_three_stores_after_a_kill_and_a_failover",
    ("audit.md", "outlast audit"): "tests/outlast/audit/test_merged.py",
    ("audit.md", "az storage"): f"{ACCOUNTS}, and it cannot be undone",
    ("bring-your-own-model.md", "$ outlast model import --onnx"): FOREIGN,
    ("bring-your-own-model.md", "$ outlast model import --predictions"): FOREIGN,
    ("bring-your-own-model.md", ""): OWN_TABLE,
    ("call-the-endpoint.md", "from"): f"{AS_IT_STANDS}::test_python_imports_and_calls_what_is_there",
    ("call-the-endpoint.md", "import os"): f"{AS_IT_STANDS}::test_python_imports_and_calls_what_is_there",
    ("call-the-endpoint.md", "import {"): f"{AS_IT_STANDS}::test_javascript_is_well_formed",
    ("capacity.md", ""): "tests/outlast/test_capacity.py",
    ("certificates.md", "outlast certificate renew"): ACCOUNTS,
    ("certificates.md", "outlast exec"): "tests/end_to_end/test_certificate.py::"
    "test_the_site_presents_the_renewed_certificate",
    ("certificates.md", "outlast certificate check"): "tests/outlast/test_certificate.py",
    ("cost.md", ""): "tests/outlast/test_cost.py",
    ("deploy-for-real.md", "mkdir -p state-"): "tests/end_to_end/test_state_elsewhere.py::"
    "test_survivors_are_changed_from_a_copy_of_the_state",
    ("deploy-for-real.md", "{"): f"{AS_IT_STANDS}::test_json_is_json",
    ("deploy-for-real.md", "gcloud"): "tests/infra/test_docs.py::"
    "test_the_apis_to_enable_are_those_of_the_program_and_the_two_that_it_needs_for_that",
    ("deploy-for-real.md", "curl"): "not run: it asks a host of the reader's own",
    ("empty-a-cloud.md", "record of aws"): "not run: a drawing of what the program makes (tests/infra/test_gates.py)",
    ("empty-a-cloud.md", "#"): f"{AS_IT_STANDS}::test_a_stack_file_is_read_by_the_program",
    ("empty-a-cloud.md", "pulumi up"): ACCOUNTS,
    ("empty-a-cloud.md", "outlast drain"): "tests/end_to_end/test_own_stacks.py::"
    "test_a_site_is_drained_by_its_switch_while_route53s_api_refuses",
    ("keys.md", "outlast keys rotate"): "tests/end_to_end/test_keys.py::"
    "test_a_key_is_rotated_under_load_without_a_valid_one_refused",
    ("keys.md", "$ outlast keys new"): f"{AS_IT_STANDS}::test_a_key_is_made",
    (
        "learn-from-text.md",
        "",
    ): "not run: it asks the npm registry, for minutes; its parts are in tests/service/training",
    ("one-view.md", "$ make metrics"): "tests/outlast/test_metrics.py",
    ("one-view.md", "$ outlast logs --source access --site gcp"): "tests/end_to_end/test_edge.py",
    ("one-view.md", "$ outlast logs --stacks prod"): "tests/failover/logs/test_access_reading.py",
    ("one-view.md", "* * * * *"): "not run: a line of a crontab on the reader's machine",
    ("private-site.md", "config:"): f"{AS_IT_STANDS}::test_a_stack_file_is_read_by_the_program",
    ("private-site.md", ""): "tests/end_to_end/test_own_stacks.py::"
    "test_a_site_on_a_machine_of_one_s_own_is_drilled_and_goes",
    ("rehearse-your-stacks.md", "make up"): "tests/end_to_end/test_own_stacks.py",
    ("rehearse-your-stacks.md", "aws:"): f"{AS_IT_STANDS}::test_a_file_of_accounts_is_read_by_the_program",
    ("release-a-model.md", "objective"): "tests/service/evaluation/test_docs.py::test_the_problem_file_shown_is_sound",
    ("run-a-drill.md", "$ make up"): "tests/end_to_end/test_readme.py",
    ("run-a-drill.md", "$ export"): ACCOUNTS,
    ("run-a-drill.md", "$ outlast drill restore"): "tests/failover/drill/test_finish.py",
    ("run-a-drill.md", "$ outlast drill sweep"): "tests/failover/drill/test_finish.py",
    ("run-a-drill.md", "outlast:drillEveryDays"): f"{AS_IT_STANDS}::test_every_setting_is_one",
    ("run-a-drill.md", "$ outlast drill history"): "tests/outlast/test_drill.py",
    ("run-a-drill.md", "$ pip install"): "tests/end_to_end/test_chaostoolkit.py",
    ("run-a-drill.md", "{"): "tests/outlast/test_permissions.py",
    ("run-the-endpoint.md", "import tritonclient"): "tests/service/server/test_protocol.py",
    ("run-the-endpoint.md", "$ outlast audit verify"): "tests/outlast/audit/test_command.py",
    ("run-the-endpoint.md", ""): "tests/service/server/http/test_run.py",
    (
        "same-answers.md",
        "",
    ): "tests/end_to_end/test_parity.py::test_three_sites_answer_the_same_and_one_that_is_lost_is_named",
    (
        "score-many-files.md",
        "pip install",
    ): "not run: it installs; files and Dask are in tests/service/offline",
    ("score-many-files.md", ""): "tests/service/offline",
    ("sync-stores.md", "sha256/"): "not run: it is the layout, which tests/outlast/sync/test_manifest.py holds",
    ("sync-stores.md", ""): "tests/outlast/sync/test_command.py + tests/outlast/sync/test_kills.py",
    ("train-where-the-data-is.md", "outlast up"): "tests/end_to_end/test_training.py::test_the_guide_trains_on_aws",
    ("train-where-the-data-is.md", "pulumi stack init"): ACCOUNTS,
    ("the-page.md", "$ make watch"): "tests/end_to_end/test_page.py::test_the_same_is_in_a_terminal",
    ("the-page.md", "$ make page"): "tests/end_to_end/test_page.py",
    (
        "the-page.md",
        "$ export OUTLAST_API_KEY",
    ): "not run: it goes on until Ctrl-C; test_page.py::test_of_real_accounts_it_is_the_same_and_every_call_only_reads",
}


class Block(NamedTuple):
    """One fenced block of a page."""

    page: str
    language: str
    text: str

    @property
    def first(self) -> str:
        return self.text.strip().splitlines()[0].strip()

    def __str__(self) -> str:
        return f"{self.page}:{self.first}"


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        for language, text in FENCED.findall(page.read_text()):
            yield Block(page.name, language, textwrap.dedent(text))


BLOCKS = list(_blocks())


def _of(*languages: str) -> Any:
    return pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in languages], ids=str)


def _row(block: Block) -> tuple[str, str] | None:
    """The row of RUN_BY that tells of a block: the one that says most of its beginning."""
    rows = [key for key in RUN_BY if key[0] == block.page and block.first.startswith(key[1])]
    return max(rows, key=lambda key: len(key[1]), default=None)


# -- the inventory ---------------------------------------------------------------------------------------------------


def test_every_block_is_run_or_says_why_not() -> None:
    assert [str(block) for block in BLOCKS if _row(block) is None] == []


def test_no_row_is_left_over() -> None:
    assert set(RUN_BY) - {_row(block) for block in BLOCKS} == set()


TESTS = sorted({test for told in RUN_BY.values() if not told.startswith("not run: ") for test in told.split(" + ")})


@pytest.mark.parametrize("told", TESTS)
def test_who_runs_it_is_there(told: str) -> None:
    path, _, name = told.partition("::")
    assert (ROOT / path).exists()
    assert not name or re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


# -- what is typed ---------------------------------------------------------------------------------------------------


def _typed(block: Block) -> Iterator[str]:
    """The commands of a block, one each, without prompt and comment."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language == "console" and not line.startswith("$ "):
            continue
        for command in re.split(r"\s+(?:&&|\|\|?|;)\s+", re.sub(r"(^|\s)# .*", "", line.removeprefix("$ "))):
            yield re.sub(r"^(?:[A-Z_]+=\S+ +)*(?:\.venv/bin/)?", "", command.strip())


COMMANDS = [
    (block.page, typed)
    for block in BLOCKS
    if block.language in ("", "console", "sh", "bash")
    for typed in _typed(block)
]
OURS = sorted({(page, typed) for page, typed in COMMANDS if typed.startswith("outlast ")})
IN_TEXT = sorted(
    {
        (page.name, typed)
        for page in PAGES
        for typed in re.findall(
            r"`(outlast [a-z][^`\n]*)`", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        )
    }
)
MAKE = sorted({(page, typed) for page, typed in COMMANDS if typed.startswith("make ")})


def _understood(words: list[str]) -> None:
    """The words go as far as the command's own parser: click raises what it raises at a terminal."""
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        context = click.Context(command, info_name="outlast")
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = FILES["predict"] if found.name == "predict" and "--csv" in words else found
    if "--" in words:
        inner = words[words.index("--") + 1 :]
        if inner[:1] == ["outlast"]:
            _understood(inner[1:])
        words = words[: words.index("--")]
    command.make_parser(click.Context(command)).parse_args(words)


@pytest.mark.parametrize(("page", "typed"), OURS)
def test_every_command_and_option_is_one(page: str, typed: str) -> None:
    _understood(shlex.split(typed)[1:])


@pytest.mark.parametrize(("page", "typed"), IN_TEXT)
def test_every_command_in_a_sentence_is_one(page: str, typed: str) -> None:
    with contextlib.suppress(click.BadOptionUsage):  # an option that is named without its value
        _understood(shlex.split(typed)[1:])


def test_a_wrong_option_is_found() -> None:
    with pytest.raises(click.NoSuchOption):
        _understood(["exec", "--", "outlast", "drill", "now", "--loose", "aws"])


@pytest.mark.parametrize(("page", "typed"), MAKE)
def test_every_make_command_takes_what_it_is_given(page: str, typed: str) -> None:
    _, target, *given = shlex.split(typed)
    taken = re.findall(rf"^TAKES_{target} := (.*)$", MAKEFILE, re.MULTILINE)
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    assert {word.split("=")[0] for word in given} <= set(" ".join(taken).split())


def test_every_setting_is_one() -> None:
    named = {name for block in BLOCKS for name in re.findall(r"\boutlast:(\w+)", block.text)}
    assert {name for name in named if f"`outlast:{name}`" not in SETTINGS} == set()


def test_a_key_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["keys", "new", "--name", "clinic"])
    assert done.exit_code == 0
    assert "olk_" in done.output


# -- what is in files ------------------------------------------------------------------------------------------------

STACK_FILES = [b for b in BLOCKS if b.language == "yaml" and re.search(r"^config:$", b.text, re.MULTILINE)]


@pytest.mark.parametrize("block", STACK_FILES, ids=str)
def test_a_stack_file_is_read_by_the_program(block: Block) -> None:
    config = {key: as_text(value) for key, value in yaml.safe_load(block.text)["config"].items()}
    found = parse("example", config)
    assert found.kind == config["outlast:kind"]
    with pytest.raises(OutlastError, match="nonsense"):
        parse("example", config | {"outlast:nonsense": "1"})


def test_what_a_base_stack_holds_is_read() -> None:
    (block,) = [b for b in BLOCKS if b.page == "move-into-a-base-stack.md" and b.language == "yaml"]
    said = yaml.safe_load(block.text)
    held_in = said.pop("outlast:heldIn")
    base = parse(held_in, configuration("base-aws", **{key.partition(":")[2]: its for key, its in said.items()}))
    assert isinstance(base, BaseSettings) and base.holds_for == ("prod-aws",) and len(base.holds_secrets) == 2


def _lines(page: str, file: str) -> dict[str, Any]:
    """The settings that a page tells to write into a file."""
    (block,) = [b for b in BLOCKS if b.page == page and b.first == f"# in stacks/Pulumi.{file}.yaml"]
    settings: dict[str, Any] = yaml.safe_load(block.text)
    return settings


def test_the_region_is_the_rehearsed_one() -> None:
    own = _lines("add-a-region.md", "prod-aws-eu")
    assert own.items() <= EU.items()
    config = configuration("aws") | {key: as_text(value) for key, value in own.items()}
    assert parse("prod-aws-eu", config).kind == "aws"


def test_the_region_is_in_the_answers() -> None:
    traffic = _lines("add-a-region.md", "prod-traffic")
    config = configuration("traffic") | {key: as_text(value) for key, value in traffic.items()}
    found = parse("traffic", config)
    assert found.kind == "traffic"
    assert "prod-aws-eu" in traffic["outlast:sites"]


def test_a_file_of_accounts_is_read_by_the_program(tmp_path: Path) -> None:
    (text,) = [b.text for b in BLOCKS if b.page == "rehearse-your-stacks.md" and b.language == "yaml"]
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "accounts.prod.yaml").write_text(text)
    assert read_accounts(tmp_path, "prod") != read_accounts(tmp_path, "of-nobody")


@_of("yaml")
def test_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


@_of("json")
def test_json_is_json(block: Block) -> None:
    assert {statement["Effect"] for statement in json.loads(block.text)["Statement"]} == {"Allow"}


@_of("python")
def test_python_imports_and_calls_what_is_there(block: Block) -> None:
    tree = ast.parse(block.text)
    known: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            known.update({alias.name: getattr(module, alias.name) for alias in node.names})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id.capitalize(), known.get(node.value.id))
            assert owner is None or hasattr(owner, node.attr)


@_of("js")
@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed (`apt-get install nodejs`)")
def test_javascript_is_well_formed(block: Block, tmp_path: Path) -> None:
    (tmp_path / "block.mjs").write_text(block.text)
    done = subprocess.run(
        ["node", "--check", "block.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# -- what a command leaves with --------------------------------------------------------------------------------------


def _below(error: type[OutlastError]) -> Iterator[type[OutlastError]]:
    yield error
    for narrower in error.__subclasses__():
        yield from _below(narrower)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    told = {int(code) for code in re.findall(r"^\| (\d+) \| ", page, re.MULTILINE)}
    ours = {error.exit_code for error in _below(OutlastError) if error.__module__ == OutlastError.__module__}
    assert told == ours | {0, 130}
