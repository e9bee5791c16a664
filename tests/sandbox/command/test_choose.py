"""Which stacks `outlast up` works on: what is asked for, what was there before, and what cannot be both."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import stack_files
from sandbox.command.choose import choose
from sandbox.layout import Layout, choose_instance
from sandbox.stack_files import COMMITTED
from service.errors import InvalidInput, Refused
from tests.sandbox.own_set import PROJECT, own_set, write


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    write(tmp_path, own_set())
    return Layout(tmp_path, tmp_path / ".sandbox")


def bring_up(layout: Layout) -> None:
    """As far as it matters here: the sandbox exists from now on."""
    layout.save_instance(choose_instance(layout))


def test_without_a_word_the_committed_stacks_are_meant(layout: Layout) -> None:
    assert choose(layout, None, print) == choose(layout, "", print) == COMMITTED
    assert not layout.state.exists()


def test_a_set_is_remembered(layout: Layout) -> None:
    chosen = choose(layout, "prod", print)
    bring_up(layout)
    assert choose(layout, None, print) == choose(layout, "prod", print) == stack_files.load(layout) == chosen
    assert stack_files.load_accounts(layout).projects == (PROJECT,)


@pytest.mark.parametrize(("first", "second"), [("", "prod"), ("prod", ""), ("prod", "test")])
def test_a_sandbox_holds_one_set(layout: Layout, first: str, second: str) -> None:
    chosen = choose(layout, first, print)
    bring_up(layout)
    with pytest.raises(Refused, match="this sandbox holds"):
        choose(layout, second, print)
    assert stack_files.load(layout) == chosen


def test_a_set_that_is_wrong_leaves_everything_as_it_was(layout: Layout) -> None:
    files = own_set()
    files["prod-gcp"]["aws:allowedAccountIds"] = ["999999999999"]
    write(layout.root, files)
    with pytest.raises(InvalidInput, match="contradict"):
        choose(layout, "prod", print)
    assert not layout.state.exists()


def test_a_site_more_and_a_site_less(layout: Layout) -> None:
    choose(layout, "prod", print)
    bring_up(layout)
    for stack in own_set():
        stack_files.path_of(layout.root, stack).unlink()
    write(layout.root, own_set(sites={"aws": "aws", "aws-eu": "aws", "azure": "azure"}))
    said: list[str] = []
    assert choose(layout, "prod", said.append).sites == ("prod-aws", "prod-aws-eu", "prod-azure")
    assert said == ["prod-gcp: its file is gone, the stack is not: `outlast exec -- pulumi destroy -s prod-gcp`"]
