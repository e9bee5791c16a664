"""What a Dockerfile says about the image that it makes: files, folder, environment, lock and the program to start.

Followed are FROM, ARG, ENV, WORKDIR, COPY (also from own stages), ENTRYPOINT and CMD in exec form, and the RUN line
that installs a requirements file. Everything else is kept in words as `unsimulated`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from dockerfile_parse import DockerfileParser

from service.errors import InvalidInput, Mistake

# https://docs.docker.com/reference/dockerfile/, as of 2026-11.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:[-+])([^}]*))?\})")
_INSTALL = re.compile(r"\bpip\b.*?\binstall\b.*?\s(?:-r|--requirement)[ =](\S+)", re.S)
# They say something about the image and change nothing of what is simulated.
_WITHOUT_EFFECT = frozenset({"COMMENT", "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK"})


@dataclass(frozen=True)
class Copy:
    """One COPY: paths relative to the context, or inside `stage` where that is not None, and where they go."""

    sources: tuple[str, ...]
    target: str  # absolute in the image; ends with a slash where it is a folder
    stage: tuple[Copy, ...] | None = None  # what the other stage's files are made of


@dataclass(frozen=True)
class Recipe:
    """What a Dockerfile says about the image that it makes."""

    entry_point: tuple[str, ...]
    working_directory: str
    environment: Mapping[str, str]
    copies: tuple[Copy, ...]
    lock: str | None  # the requirements file that is installed, relative to the context
    unsimulated: tuple[str, ...] = ()


@dataclass
class _Stage:
    name: str
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    entry_point: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    lock: str | None = None
    unsimulated: list[str] = field(default_factory=list)

    def begin(self, name: str) -> _Stage:
        """A stage that goes on from this one."""
        return replace(
            self,
            name=name,
            environment=dict(self.environment),
            copies=list(self.copies),
            unsimulated=list(self.unsimulated),
        )


def parse_dockerfile(path: Path, arguments: Mapping[str, str] | None = None) -> Recipe:
    """Read a Dockerfile; `arguments` are the values given for its ARGs.

    Raises InvalidInput with every mistake: no FROM, nothing to start, a shell form, a COPY from outside the context.
    """
    if not path.is_file():
        raise InvalidInput(f"no Dockerfile at {path}", hint="name it in the image's `dockerfile.location`")
    with path.open("rb") as file:
        lines = DockerfileParser(fileobj=file).structure
    reader = _Reader(dict(arguments or {}))
    mistakes = []
    for line in lines:
        try:
            reader.follow(line["instruction"], line["value"])
        except _Wrong as error:
            mistakes.append(Mistake(f"{path.name}:{line['startline'] + 1}", error.what, error.hint))
    if not reader.stages and not mistakes:
        mistakes.append(Mistake(path.name, "has no FROM", "a Dockerfile starts with FROM <base image>"))
    if reader.stages and not reader.entry_point and not mistakes:
        mistakes.append(Mistake(path.name, "starts nothing", 'end it with ENTRYPOINT ["python", "-m", "service"]'))
    if mistakes:
        raise InvalidInput(f"{path} cannot be built here", mistakes)
    return reader.recipe()


class _Wrong(Exception):
    """An instruction cannot be followed."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class _Reader:
    """Follows a Dockerfile from its first line to its last."""

    def __init__(self, given: dict[str, str]) -> None:
        self.stages: list[_Stage] = []
        self._given = given
        self._arguments: dict[str, str] = {}

    @property
    def entry_point(self) -> list[str]:
        return self.stages[-1].entry_point + self.stages[-1].command

    def recipe(self) -> Recipe:
        final = self.stages[-1]
        # A virtual environment made in one stage is copied into another: the lock counts wherever it is installed.
        lock = next((stage.lock for stage in reversed(self.stages) if stage.lock), None)
        return Recipe(
            tuple(self.entry_point),
            final.workdir,
            final.environment,
            tuple(final.copies),
            lock,
            tuple(final.unsimulated),
        )

    def follow(self, instruction: str, value: str) -> None:
        """Let one instruction act on the stage that is being read."""
        if instruction in _WITHOUT_EFFECT:
            return
        if instruction == "ARG":
            self._argue(value)
        elif instruction == "FROM":
            self._begin(value)
        elif not self.stages:
            raise _Wrong(f"{instruction} stands before FROM", "begin with FROM <base image>")
        else:
            self._act(self.stages[-1], instruction, value)

    def _act(self, stage: _Stage, instruction: str, value: str) -> None:
        match instruction:
            case "WORKDIR":
                stage.workdir = str(PurePosixPath(stage.workdir, self._expand(value)))
            case "ENV":
                # One line sees the values from before it, not those that it sets itself.
                stage.environment |= {name: self._expand(text) for name, text in _pairs(value).items()}
            case "COPY":
                self._copy(stage, value)
            case "RUN":
                self._run(stage, value)
            case "ENTRYPOINT":
                stage.entry_point, stage.command = _exec_form(instruction, value), []
            case "CMD":
                stage.command = _exec_form(instruction, value)
            case _:
                stage.unsimulated.append(f"{instruction} {value}")

    def _argue(self, value: str) -> None:
        for word in _words("ARG", value):
            name, _, default = word.partition("=")
            self._arguments[name] = self._given.get(name, self._expand(default))

    def _begin(self, value: str) -> None:
        words = [word for word in self._expand(value).split() if not word.startswith("--")]
        named = len(words) == 3 and words[1].lower() == "as"
        if not named and len(words) != 1:
            raise _Wrong(f"FROM {value} is not understood", "write FROM <base image> or FROM <base image> AS <name>")
        name = words[2] if named else str(len(self.stages))
        base = self._stage(words[0])
        self.stages.append(base.begin(name) if base else _Stage(name))

    def _stage(self, name: str) -> _Stage | None:
        """An earlier stage, by its name or its number."""
        for number, stage in enumerate(self.stages):
            if name.lower() in (stage.name.lower(), str(number)):
                return stage
        return None

    def _copy(self, stage: _Stage, value: str) -> None:
        words = _json_words("COPY", value) if value.startswith("[") else _words("COPY", value)
        flags = {flag.partition("=")[0]: flag.partition("=")[2] for flag in words if flag.startswith("--")}
        *sources, target = [self._expand(word) for word in words if not word.startswith("--")] or [""]
        if not sources or any(source.startswith("<<") for source in sources):
            raise _Wrong(f"COPY {value} is not understood", "write COPY <source>... <target>")
        origin: tuple[Copy, ...] | None = None
        if "--from" in flags:
            other = self._stage(flags["--from"])
            if other is None:
                stage.unsimulated.append(f"COPY {value}")  # another image: nobody here has its files
                return
            origin = tuple(other.copies)
        elif any(".." in PurePosixPath(source).parts for source in sources):
            raise _Wrong(f"COPY {value} leaves the context", "move the file into the context, or the context up")
        folder = target.endswith(("/", "/.")) or len(sources) > 1 or target in (".", "./")
        place = str(PurePosixPath(stage.workdir, target)).rstrip("/") + ("/" if folder else "")
        stage.copies.append(Copy(tuple(sources), place, origin))

    def _run(self, stage: _Stage, value: str) -> None:
        found = _INSTALL.search(value)
        if not found:
            stage.unsimulated.append(f"RUN {value}")
            return
        lock = _from_context(stage, found[1])
        if lock is None:
            raise _Wrong(
                f"pip reads {found[1]}, which no COPY before it put there",
                f"COPY the requirements file to {PurePosixPath(stage.workdir, found[1])} first",
            )
        stage.lock = lock

    def _expand(self, value: str) -> str:
        """Put variables in: `$NAME`, `${NAME}`, `${NAME:-otherwise}` and `${NAME:+instead}`; unknown ones are empty."""
        known = {**self._arguments, **(self.stages[-1].environment if self.stages else {})}

        def put_in(found: re.Match[str]) -> str:
            set_to = known.get(found[1] or found[2], "")
            if found[3] == ":-":
                return set_to or found[4]
            if found[3] == ":+":
                return found[4] if set_to else ""
            return set_to

        return _VARIABLE.sub(put_in, value)


def _pairs(value: str) -> dict[str, str]:
    words = _words("ENV", value)
    if not words:
        raise _Wrong("ENV names nothing", "write ENV NAME=value")
    if "=" not in words[0]:  # the old form: one variable, and the rest of the line is its value
        return {words[0]: " ".join(words[1:])}
    if not all("=" in word for word in words):
        raise _Wrong(f"ENV {value} is not understood", "write ENV NAME=value, in quotes where it has spaces")
    return dict(word.split("=", 1) for word in words)


def _from_context(stage: _Stage, installed: str) -> str | None:
    """The context's file that lies at the path which pip reads, found through the stage's COPY lines."""
    wanted = PurePosixPath(stage.workdir, installed)
    for copy in reversed(stage.copies):
        for source in copy.sources if copy.stage is None else ():
            name = PurePosixPath(source).name
            if PurePosixPath(copy.target) == wanted or PurePosixPath(copy.target, name) == wanted:
                return source.removeprefix("./").lstrip("/")
            # A folder that is copied brings the file with it.
            if wanted.is_relative_to(copy.target) and not PurePosixPath(source).suffix:
                return str(PurePosixPath(source.lstrip("/"), wanted.relative_to(copy.target)))
    return None


def _exec_form(instruction: str, value: str) -> list[str]:
    if not value.startswith("["):
        raise _Wrong(
            f"{instruction} {value!r} is in shell form: signals would reach the shell, not the server",
            f'write the exec form: {instruction} ["program", "argument"]',
        )
    return _json_words(instruction, value)


def _json_words(instruction: str, value: str) -> list[str]:
    try:
        words = json.loads(value)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _Wrong(f"{instruction} {value} is no JSON list of strings", 'use double quotes: ["a", "b"]')
    return words


def _words(instruction: str, value: str) -> Sequence[str]:
    try:
        return shlex.split(value)
    except ValueError as error:
        raise _Wrong(f"{instruction} {value}: {error}", "close the quotes") from error
