"""The import graph of a tree of files, and the circles in it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tools.imports import circles, import_graph, imports_of, merged, modules


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "a/__init__.py": "NAME = 1\n",
        "a/one.py": "from b import two\nimport json\n",
        "a/deep/__init__.py": "",
        "a/deep/three.py": "from a import NAME\nfrom a.deep import four\n",
        "a/deep/four.py": "def late():\n    from a.deep import three\n    return three\n",
        "b/__init__.py": "",
        "b/two.py": "import typing\nif typing.TYPE_CHECKING:\n    from a import one\nelse:\n    import a.deep.four\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_package_goes_by_its_own_name(tree: Path) -> None:
    found = modules(tree, ["a", "b"])
    assert sorted(found) == ["a", "a.deep", "a.deep.four", "a.deep.three", "a.one", "b", "b.two"]
    assert found["a.deep"] == tree / "a" / "deep" / "__init__.py"


def test_what_only_the_type_checker_imports_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "it.py"
    path.write_text(
        dedent("""\
            import typing
            from x.y import z
            if typing.TYPE_CHECKING:
                import seen_by_mypy_alone
            else:
                import seen_when_it_runs
            try:
                import within
            except ImportError:
                pass
        """)
    )
    assert list(imports_of(path)) == ["typing", "x.y", "x.y.z", "seen_when_it_runs", "within"]


def test_the_graph_has_our_modules_those_imported_late_too(tree: Path) -> None:
    graph = import_graph(modules(tree, ["a", "b"]))
    assert graph["a.one"] == {"b.two"}
    assert graph["b.two"] == {"a.deep.four"}
    assert graph["a.deep.four"] == {"a.deep.three"}


def test_a_package_counts_where_a_name_is_taken_from_its_own_file(tree: Path) -> None:
    graph = import_graph(modules(tree, ["a", "b"]))
    assert graph["a.deep.three"] == {"a", "a.deep.four"}, "`a` holds NAME; `a.deep` only leads to `four`"


def test_circles_are_told_each_once_and_sorted(tree: Path) -> None:
    assert circles(import_graph(modules(tree, ["a", "b"]))) == [["a.deep.four", "a.deep.three"]]
    assert circles({"x": ["y"], "y": ["z"], "z": ["x"], "w": ["x"], "v": []}) == [["x", "y", "z"]]


def test_groups_have_the_arrows_of_their_modules_and_none_to_themselves() -> None:
    graph = {"a.one": {"b.two", "a.three"}, "a.three": set[str](), "b.two": {"c"}, "c": set[str]()}
    groups = {"a.one": "a", "a.three": "a", "b.two": "b", "c": "c"}
    assert merged(graph, groups) == {"a": {"b"}, "b": {"c"}, "c": set()}
