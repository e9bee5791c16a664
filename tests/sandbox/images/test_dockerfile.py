"""A Dockerfile is followed as far as the sandbox can, and what it cannot is said, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.images.dockerfile import Copy, Recipe, parse_dockerfile
from service.errors import InvalidInput

Parse = Callable[..., Recipe]
START = 'ENTRYPOINT ["python", "-m", "it"]\n'


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    def follow(text: str, **arguments: str) -> Recipe:
        path = tmp_path / "Dockerfile"
        path.write_text(text)
        return parse_dockerfile(path, arguments)

    return follow


def test_the_services_own_dockerfile_is_followed_whole() -> None:
    recipe = parse_dockerfile(Path(__file__).parents[3] / "service" / "Dockerfile")
    assert recipe.entry_point == ("python", "-m", "service", "serve")
    assert recipe.working_directory == "/app"
    assert recipe.environment["PORT"] == "8080"
    assert recipe.lock == "requirements.lock"
    assert [note.split()[0] for note in recipe.unsimulated] == ["USER"]


def test_the_stage_that_is_named_is_built_with_the_lock_that_comes_to_it(parse: Parse, tmp_path: Path) -> None:
    def stage(name: str, lock: str) -> str:
        made = f"FROM a AS {name}-build\nCOPY {lock} ./\nRUN pip install -r {lock}\n"
        return f'{made}FROM a AS {name}\nCOPY --from={name}-build /venv /venv\nCMD ["{name}"]\n'

    path = tmp_path / "Dockerfile"
    path.write_text(stage("one", "one.lock") + stage("two", "two.lock") + "FROM a AS empty\nCOPY x ./\n")
    for name in ("one", "two"):
        recipe = parse_dockerfile(path, target=name)
        assert (recipe.entry_point, recipe.lock) == ((name,), f"{name}.lock")
    assert parse_dockerfile(path, target="Two").lock == "two.lock"
    for target, words in (("three", 'target stage "three" could not be found'), ("", "starts nothing")):
        with pytest.raises(InvalidInput) as caught:
            parse_dockerfile(path, target=target)
        assert words in caught.value.mistakes[0].what
    assert "one-build, one, two-build, two, empty" in _mistake(path, "three")


def _mistake(path: Path, target: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_dockerfile(path, target=target)
    return caught.value.mistakes[0].hint


def test_the_services_training_stage_starts_a_training_job() -> None:
    recipe = parse_dockerfile(Path(__file__).parents[3] / "service" / "Dockerfile", target="train")
    assert recipe.entry_point == ("python", "-m", "service", "model", "--help")
    assert (recipe.lock, recipe.unsimulated) == ("requirements-train.lock", ())


def test_command_follows_entry_point_and_a_later_entry_point_takes_the_command_away(parse: Parse) -> None:
    assert parse('FROM a\nENTRYPOINT ["e"]\nCMD ["c", "d"]\n').entry_point == ("e", "c", "d")
    assert parse('FROM a\nCMD ["c"]\n').entry_point == ("c",)
    assert parse('FROM a\nCMD ["c"]\nENTRYPOINT ["e"]\n').entry_point == ("e",)


def test_folders_build_on_each_other(parse: Parse) -> None:
    recipe = parse(f"FROM a\nWORKDIR /app\nWORKDIR sub\nCOPY x ./\nWORKDIR /other\n{START}")
    assert recipe.working_directory == "/other"
    assert recipe.copies == (Copy(("x",), "/app/sub/"),)


@pytest.mark.parametrize(
    ("written", "copy"),
    [
        ("a b", Copy(("a",), "/w/b")),
        ("a b/", Copy(("a",), "/w/b/")),
        ("a b c/", Copy(("a", "b"), "/w/c/")),
        ("a b c", Copy(("a", "b"), "/w/c/")),
        ("a .", Copy(("a",), "/w/")),
        ("a /", Copy(("a",), "/")),
        ("a /abs", Copy(("a",), "/abs")),
        ('"with space" b/', Copy(("with space",), "/w/b/")),
        ("${NAME}.py $NAME/", Copy(("it.py",), "/w/it/")),
    ],
)
def test_the_forms_of_copy(parse: Parse, written: str, copy: Copy) -> None:
    assert parse(f"FROM a\nENV NAME=it\nWORKDIR /w\nCOPY {written}\n{START}").copies == (copy,)


def test_variables_come_from_arguments_and_environment(parse: Parse) -> None:
    text = f"""ARG BASE=slim
FROM python:$BASE
ARG VERSION=1 OTHER
ENV A=$VERSION B="two words" \\
    C='single'
ENV A=9 D=${{A}}-${{NONE}}-$B E=${{NONE}}
{START}"""
    assert parse(text).environment == {"A": "9", "B": "two words", "C": "single", "D": "1--two words", "E": ""}
    assert parse(text, VERSION="7").environment["D"] == "7--two words"


def test_a_stage_has_nothing_of_another(parse: Parse) -> None:
    recipe = parse(f"FROM a AS base\nENV X=1\nWORKDIR /x\nCOPY a /a\nRUN make\nFROM b\nCOPY b /b\n{START}")
    assert (recipe.environment, recipe.working_directory, recipe.unsimulated) == ({}, "/", ())
    assert recipe.copies == (Copy(("b",), "/b"),)


def test_files_of_an_own_stage_are_known_by_its_name(parse: Parse) -> None:
    made = (Copy(("a",), "/made/a"),)
    for name in ("maker", "MAKER"):
        recipe = parse(f"FROM x AS maker\nCOPY a /made/a\nFROM y\nCOPY --from={name} /made /here\n{START}")
        assert recipe.copies == (Copy(("/made",), "/here", made),)


@pytest.mark.parametrize(
    ("copy", "run", "lock"),
    [
        ("requirements.lock ./", "pip install -r requirements.lock", "requirements.lock"),
        (
            "deps/r.lock /tmp/here.txt",
            "python -m pip install --no-cache-dir -r /tmp/here.txt && rm -rf /x",
            "deps/r.lock",
        ),
    ],
)
def test_the_lock_is_found_where_pip_reads_it(parse: Parse, copy: str, run: str, lock: str) -> None:
    recipe = parse(f"FROM a\nWORKDIR /app\nCOPY {copy}\nRUN {run}\n{START}")
    assert recipe.lock == lock
    assert recipe.unsimulated == ()


def test_a_lock_installed_in_an_earlier_stage_counts(parse: Parse) -> None:
    text = f"FROM a AS b\nCOPY r.lock /\nRUN pip install -r /r.lock\nFROM a\nCOPY --from=b /venv /venv\n{START}"
    assert parse(text).lock == "r.lock"


def test_what_is_not_simulated_is_kept_in_words(parse: Parse) -> None:
    recipe = parse(f"FROM a\nRUN apt-get install curl\nUSER 1\nLABEL a=b\nEXPOSE 1\n{START}")
    assert recipe.unsimulated == ("RUN apt-get install curl", "USER 1")


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("", "Dockerfile", "has no FROM"),
        ("FROM a\n", "Dockerfile", "starts nothing"),
        ("WORKDIR /a\nFROM a\n" + START, "Dockerfile:1", "WORKDIR stands before FROM"),
        ("FROM a b\n", "Dockerfile:1", "is not followed here"),
        ("FROM a\nCMD python -m it\n", "Dockerfile:2", "shell form"),
        ("FROM a\nCMD ['a']\n", "Dockerfile:2", "no JSON list of strings"),
        ("FROM a\nCMD [1]\n", "Dockerfile:2", "no JSON list of strings"),
        ("FROM a\nCOPY onlyone\n" + START, "Dockerfile:2", "is not followed here"),
        ("FROM a AS b\nFROM b\n" + START, "Dockerfile:2", "goes on from an own stage"),
        ("FROM --platform=x a\n", "Dockerfile:1", "is not followed here"),
        ("FROM a\nCOPY --from=other /bin/tool /bin/\n" + START, "Dockerfile:2", "files of another image"),
        ("FROM a\nCOPY --chown=1:1 a b\n" + START, "Dockerfile:2", "is not followed here"),
        ("FROM a\nCOPY *.py /app/\n" + START, "Dockerfile:2", "is not followed here"),
        ('FROM a\nCOPY ["a", "b"]\n' + START, "Dockerfile:2", "is not followed here"),
        ("FROM a\nADD a b\n" + START, "Dockerfile:2", "ADD a b is not followed here"),
        ("FROM a\nVOLUME /x\n" + START, "Dockerfile:2", "is not followed here"),
        ("FROM a\nENV OLD the rest\n" + START, "Dockerfile:2", "is not followed here"),
        ("FROM a\nENV A=${B:-c}\n" + START, "Dockerfile:2", "a variable in a form"),
        ("FROM a\nCOPY ../secret /\n" + START, "Dockerfile:2", "leaves the context"),
        ("FROM a\nCOPY 'open /\n" + START, "Dockerfile:2", "No closing quotation"),
        ("FROM a\nENV A=1 B\n" + START, "Dockerfile:2", "is not followed here"),
        ("FROM a\nRUN pip install -r none.txt\n" + START, "Dockerfile:2", "which no COPY before it put there"),
    ],
)
def test_a_mistake_is_named_with_its_line(parse: Parse, text: str, place: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    [mistake] = caught.value.mistakes
    assert mistake.place == place
    assert told in mistake.what
    assert mistake.hint


def test_all_mistakes_are_told_together(parse: Parse) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("FROM a\nCOPY x\nENV\nCMD sh -c x\n")
    assert [mistake.place for mistake in caught.value.mistakes] == ["Dockerfile:2", "Dockerfile:3", "Dockerfile:4"]


def test_a_missing_dockerfile_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no Dockerfile at"):
        parse_dockerfile(tmp_path / "Dockerfile")
