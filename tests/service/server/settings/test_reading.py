"""A table of settings is read from an environment: every mistake is kept, and secrets are not."""

from __future__ import annotations

from dataclasses import dataclass, fields

from service.errors import InvalidInput, Mistake
from service.server.settings.reading import Reader, Setting, find_misspellings, variable
from service.server.settings.values import Wrong, whole


def _refuse(text: str) -> str:
    if text:
        raise InvalidInput("all of it", [Mistake("[0]", "is wrong"), Mistake("", "is too", "a hint")])
    return text


def _look(value: int) -> None:
    if value > 5:
        raise Wrong("is not on this machine", "look elsewhere")


@dataclass(frozen=True)
class _Few:
    size: int = variable("SIZE", "3", whole(0, 9), "how large", on_machine=_look)
    name: str = variable("NAME", "", str, "who")
    key: str = variable("KEY", "", _refuse, "of what", secret=True)


TABLE: dict[str, Setting] = {field.name: field.metadata["setting"] for field in fields(_Few)}


def test_a_field_is_its_setting_and_a_secret_is_not_in_the_representation() -> None:
    assert TABLE["size"].meaning == "how large"
    assert repr(_Few(1, "a", "b")) == "_Few(size=1, name='a')"


def test_what_is_absent_or_empty_has_its_default() -> None:
    for environ in ({}, {"SIZE": ""}, {"SIZE": "  "}):
        reader = Reader(TABLE, environ)
        assert reader.read() == {"size": 3, "name": "", "key": ""}
        assert reader.mistakes == []
        assert reader.given() == {}


def test_every_mistake_is_kept_under_its_variable() -> None:
    reader = Reader(TABLE, {"SIZE": "many", "KEY": "hush"})
    assert reader.read() == {"size": None, "name": "", "key": None}
    assert [(mistake.place, mistake.what) for mistake in reader.mistakes] == [
        ("SIZE", "is 'many', not a whole number"),
        ("KEY [0]", "is wrong"),
        ("KEY", "is too"),
    ]


def test_what_differs_is_given_without_secrets() -> None:
    assert Reader(TABLE, {"SIZE": " 4 ", "NAME": "a", "KEY": "hush"}).given() == {
        "SIZE": "4",
        "NAME": "a",
        "KEY": "(secret)",
    }


def test_the_machine_is_asked_only_when_told_to_and_only_of_what_could_be_read() -> None:
    reader = Reader(TABLE, {"SIZE": "7"})
    found = reader.read()
    assert (found["size"], reader.mistakes) == (7, [])
    reader.look_at_machine(found)
    assert found["size"] is None
    assert reader.mistakes == [Mistake("SIZE", "is not on this machine", "look elsewhere")]
    unread = Reader(TABLE, {"SIZE": "many"})
    unread.look_at_machine(unread.read())
    assert len(unread.mistakes) == 1


def test_a_misspelling_is_told_apart_from_what_others_read() -> None:
    environ = {"OUTLAST_SIZES": "1", "OUTLAST_SIZE": "1", "OUTLAST_SITE": "a", "OTHER_SIZE": "1", "OUTLAST_X": "1"}
    [mistake] = find_misspellings(environ, ["OUTLAST_SIZE"], ["OUTLAST_SITE"])
    assert (mistake.place, mistake.hint) == ("OUTLAST_SIZES", "did you mean OUTLAST_SIZE?")
