"""What an error says is read from the source, as far as the source tells it."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tools.error_texts import Scope, Source


def _render(body: str, *, constants: str = "", others: dict[str, Source] | None = None) -> str:
    """The argument of `say(…)` in a function with that body."""
    text = f"{constants}\ndef f(given, error):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    source = Source("here", text, others or {})
    function = next(node for node in source.tree.body if isinstance(node, ast.FunctionDef))
    call = next(node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == "say")
    return Scope(source, function, call.lineno).render(call.args[0])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("say('plain')", "plain"),
        ("say(f'{given} is there: {error.strerror}')", "<given> is there: <error.strerror>"),
        ("say('one, ' 'and ' + f'{given}')", "one, and <given>"),
        ("say('yes' if given else 'no')", "yes / no"),
        ("what = f'no {given}'\nsay(what)", "no <given>"),
        ("if given:\n    what = 'a'\nelse:\n    what = 'b'\nsay(f'{what}!')", "a / b!"),
        ("what, hint = f'no {given}', 'look'\nsay(hint)", "look"),
        ("say(given)", "<given>"),
        ("what = given.text()\nsay(f'it is {what}')", "it is <what>"),
        ("say('later')\nwhat = 'not this'", "later"),
        ("say(f'number {given + 1}')", "number <given + 1>"),
        (
            "say(f'{given.a_rather_long_name(error).and_another_long_one}')",
            "<given.a_rather_long_name(error).and_anot…>",
        ),
    ],
)
def test_patterns(body: str, told: str) -> None:
    assert _render(body) == told


def test_a_name_is_followed_into_the_module_and_into_another() -> None:
    other = Source("there", "HINT = 'do that'")
    constants = "from there import HINT as TOLD\nKEEP = f'keep {3}'"
    assert _render("say(f'{KEEP}, {TOLD}')", constants=constants, others={"there": other}) == "keep 3, do that"


def test_a_name_that_is_given_anew_by_itself_ends() -> None:
    assert _render("what = 'a'\nwhat = f'{what} b'\nsay(what)").endswith("b")
