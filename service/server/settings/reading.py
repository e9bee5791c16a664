"""Takes a table's variables out of an environment, and gathers every mistake in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from service.errors import InvalidInput, Mistake
from service.server.settings.values import Wrong

Parse = Callable[[str], Any]
_LONGEST_NAME = 80  # of a variable that could be a misspelling


class Setting(NamedTuple):
    """One environment variable: its name, its default as text ("" = none), how it is read and what it means.

    `parse` looks at the text alone, so that a stack's variables can be checked far from the container. `on_machine`
    looks at the files that a value names; only a server that starts asks. A secret's text is shown nowhere.
    """

    name: str
    default: str
    parse: Parse
    meaning: str
    secret: bool = False
    on_machine: Callable[[Any], None] | None = None
    most_characters: int = 4096  # as many as a path may have; what is longer is read by nobody, and repeated nowhere


def variable(name: str, default: str, parse: Parse, meaning: str, **more: Any) -> Any:
    """A dataclass's field that is read from a variable; a secret one is not in the representation either."""
    setting = Setting(name, default, parse, meaning, **more)
    return dataclasses.field(metadata={"setting": setting}, repr=not setting.secret)


class Reader:
    """Reads every setting of a table. A value that is wrong is None in what it returns, and a mistake here."""

    def __init__(self, table: Mapping[str, Setting], environ: Mapping[str, str]) -> None:
        self.mistakes: list[Mistake] = []
        self._table = table
        self._environ = environ

    def text(self, field: str) -> str:
        """The variable's text; an empty one counts as absent, as compose files and task definitions write it."""
        setting = self._table[field]
        return self._environ.get(setting.name, "").strip() or setting.default

    def given(self) -> dict[str, str]:
        """The variables that differ from their defaults, for an operator to see."""
        texts = {setting: self.text(field) for field, setting in self._table.items()}
        return {s.name: "(secret)" if s.secret else text for s, text in texts.items() if text != s.default}

    def read(self) -> dict[str, Any]:
        """Field -> value."""
        return {field: self._parse(field) for field in self._table}

    def look_at_machine(self, found: dict[str, Any]) -> None:
        """Set to None, with a mistake, each value that names what this machine does not have."""
        for field, setting in self._table.items():
            if setting.on_machine is not None and found[field] is not None:
                found[field] = self.take(setting.name, self._confirm, setting.on_machine, found[field])

    def take(self, name: str, parse: Callable[..., Any], *arguments: Any) -> Any:
        """What `parse` returns; None, and the mistakes under the variable's name, when it refuses."""
        try:
            return parse(*arguments)
        except InvalidInput as error:
            self.mistakes += [
                Mistake(f"{name} {mistake.place}".strip(), mistake.what, mistake.hint) for mistake in error.mistakes
            ]
        except Wrong as error:
            self.mistakes.append(Mistake(name, error.what, error.hint))
        return None

    def _parse(self, field: str) -> Any:
        return self.take(self._table[field].name, self._parse_text, self._table[field], self.text(field))

    @staticmethod
    def _parse_text(setting: Setting, text: str) -> Any:
        if len(text) > setting.most_characters:
            hint = "it may hold a whole file by mistake; docs/reference/server.md says what it means"
            raise Wrong(f"is {len(text):,} characters long; at most {setting.most_characters:,} are read", hint)
        return setting.parse(text)

    @staticmethod
    def _confirm(look: Callable[[Any], None], value: Any) -> Any:
        look(value)
        return value


def find_misspellings(environ: Mapping[str, str], ours: Iterable[str], others: Iterable[str]) -> list[Mistake]:
    """Variables that nobody reads and that look like one of ours: a limit that silently does not hold."""
    ours = list(ours)
    unknown = {name for name in environ if name.startswith("OUTLAST_") and len(name) <= _LONGEST_NAME}.difference(
        ours, others
    )
    if not unknown:
        return []
    import difflib  # no start without a mistake has to wait for it

    found = []
    for name in sorted(unknown):
        if near := difflib.get_close_matches(name, ours, n=1, cutoff=0.85):
            found.append(Mistake(name, "is not a setting", f"did you mean {near[0]}?"))
    return found
