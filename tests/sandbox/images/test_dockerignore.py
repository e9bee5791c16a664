"""`.dockerignore` by Docker's rules, not git's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.images.dockerignore import Ignored, list_context


@pytest.mark.parametrize(
    ("lines", "name", "kept_out"),
    [
        # The examples of Docker's page on build contexts.
        ("*/temp*", "somedir/temporary.txt", True),
        ("*/temp*", "somedir/temp/below", True),
        ("*/temp*", "temporary.txt", False),
        ("*/*/temp*", "somedir/subdir/temporary.txt", True),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
        ("**/*.go", "main.go", True),
        ("**/*.go", "a/b/main.go", True),
        ("/foo/bar", "foo/bar", True),
        ("foo/bar", "foo/bar/below", True),
        ("foo/bar", "deeper/foo/bar", False),
        # And what else its matcher says.
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("./a/", "a/b", True),
        ("a/../b", "b", True),
        ("[a-c].txt", "b.txt", True),
        ("[^a-c].txt", "b.txt", False),
        ("a.c", "abc", False),
        (r"\*", "a", False),
        (r"\*", "*", True),
        ("# a\n  \n", "a", False),
        ("*\n! a/b", "a/b/c", False),
        ("*\n!a/b", "a/c", True),
    ],
)
def test_the_last_rule_that_matches_decides(lines: str, name: str, kept_out: bool) -> None:
    assert Ignored.of(lines.splitlines()).covers(name) is kept_out


def test_a_file_beside_the_dockerfile_goes_before_the_contexts_own(tmp_path: Path) -> None:
    for name in ("a", "b", "Dockerfile"):
        (tmp_path / name).write_text("")
    (tmp_path / ".dockerignore").write_text("*\n!a\n")
    assert list(list_context(tmp_path, tmp_path / "Dockerfile")) == ["a"]
    (tmp_path / "Dockerfile.dockerignore").write_text("*\n!b\n")
    assert list(list_context(tmp_path, tmp_path / "Dockerfile")) == ["b"]
