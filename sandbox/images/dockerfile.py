"""What a Dockerfile says about the image that it makes: files, folder, environment, lock and the program to start.

Followed is what service/Dockerfile uses, and the rest is refused: FROM, ARG, ENV, WORKDIR, COPY of plain names (also
from an own stage, or a named build context), ENTRYPOINT and CMD in exec form, and the RUN line that installs a
requirements file. Other RUN lines and USER cannot be simulated; they are kept in words.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dockerfile_parse import DockerfileParser

from service.errors import InvalidInput, Mistake

# https://docs.docker.com/reference/dockerfile/, as of 2026-11.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_INSTALL = re.compile(r"\bpip\b.*?\binstall\b.*?\s-r (\S+)", re.S)
# They say something about the image and change nothing of what is simulated.
_WITHOUT_EFFECT = frozenset({"COMMENT", "LABEL", "EXPOSE", "HEALTHCHECK"})
_FOLLOWED = "the sandbox follows what service/Dockerfile uses: docs/concepts/sandbox.md, Images and replicas"


@dataclass(frozen=True)
class Copy:
    """One COPY: paths relative to the context, or inside `stage` where that is not None, and where they go."""

    sources: tuple[str, ...]
    target: str  # absolute in the image; ends with a slash where it is a folder
    stage: tuple[Copy, ...] | None = None  # what the other stage's files are made of
    context: str = ""  # the named build context that the paths are relative to, instead of the main one


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
    origins: list[_Stage] = field(default_factory=list)  # the stages that it copies files of

    def find_lock(self) -> str | None:
        """The requirements installed here; else those of the last stage copied from: with it comes its environment."""
        return self.lock or next((lock for stage in reversed(self.origins) if (lock := stage.find_lock())), None)


def parse_dockerfile(
    path: Path, arguments: Mapping[str, str] | None = None, named: Collection[str] = (), target: str = ""
) -> Recipe:
    """Read a Dockerfile; `arguments` are the values given for its ARGs, `named` the build contexts beside the main one.

    `target` is the stage that is built; "" the last one. Raises InvalidInput with every mistake: no FROM, no such
    stage, nothing to start, a shell form, what is not followed.
    """
    if not path.is_file():
        raise InvalidInput(f"no Dockerfile at {path}", hint="name it in the image's `dockerfile.location`")
    with path.open("rb") as file:
        lines = DockerfileParser(fileobj=file).structure
    reader = _Reader(dict(arguments or {}), named)
    mistakes = []
    for line in lines:
        try:
            reader.follow(line["instruction"], line["value"])
        except _Wrong as error:
            mistakes.append(Mistake(f"{path.name}:{line['startline'] + 1}", error.what, error.hint))
    if not reader.stages and not mistakes:
        mistakes.append(Mistake(path.name, "has no FROM", "a Dockerfile starts with FROM <base image>"))
    built = reader.find_target(target)
    if reader.stages and not mistakes:
        mistakes += _judge_target(path.name, target, built, reader.stages)
    if mistakes or built is None:
        raise InvalidInput(f"{path} cannot be built here", mistakes)
    return _describe(built)


def _judge_target(file: str, target: str, built: _Stage | None, stages: Sequence[_Stage]) -> Iterator[Mistake]:
    if built is None:
        known = ", ".join(stage.name for stage in stages if stage.name) or "none"
        # The words of BuildKit: moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go.
        yield Mistake(file, f'target stage "{target}" could not be found', f"its named stages: {known}")
    elif not built.entry_point + built.command:
        yield Mistake(file, "starts nothing", 'end it with ENTRYPOINT ["python", "-m", "service"]')


def _describe(built: _Stage) -> Recipe:
    """A virtual environment made in one stage is copied into another: the lock counts wherever it is installed."""
    return Recipe(
        (*built.entry_point, *built.command),
        built.workdir,
        built.environment,
        tuple(built.copies),
        built.find_lock(),
        tuple(built.unsimulated),
    )


class _Wrong(Exception):
    """An instruction cannot be followed."""

    def __init__(self, what: str, hint: str = _FOLLOWED) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class _Reader:
    """Follows a Dockerfile from its first line to its last."""

    def __init__(self, given: dict[str, str], named: Collection[str]) -> None:
        self.stages: list[_Stage] = []
        self._given = given
        self._named = named
        self._arguments: dict[str, str] = {}

    def find_target(self, name: str) -> _Stage | None:
        """The stage of that name; the last one where none is named."""
        return self.find(name) if name else next(reversed(self.stages), None)

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
                _run(stage, value)
            case "ENTRYPOINT":
                stage.entry_point, stage.command = _exec_form(instruction, value), []
            case "CMD":
                stage.command = _exec_form(instruction, value)
            case "USER":
                stage.unsimulated.append(f"USER {value}")
            case _:
                raise _Wrong(f"{instruction} {value} is not followed here")

    def _argue(self, value: str) -> None:
        for word in _words("ARG", value):
            name, _, default = word.partition("=")
            self._arguments[name] = self._given.get(name, self._expand(default))

    def _begin(self, value: str) -> None:
        words = self._expand(value).split()
        named = len(words) == 3 and words[1].lower() == "as"
        if not named and len(words) != 1:
            raise _Wrong(f"FROM {value} is not followed here", "write FROM <base image> or FROM <base image> AS <name>")
        if self.find(words[0]):
            raise _Wrong(f"FROM {value} goes on from an own stage, which is not followed here")
        self.stages.append(_Stage(words[2] if named else ""))

    def find(self, name: str) -> _Stage | None:
        """An earlier stage, by its name."""
        return next((stage for stage in self.stages if stage.name and stage.name.lower() == name.lower()), None)

    def _copy(self, stage: _Stage, value: str) -> None:
        words = [self._expand(word) for word in _words("COPY", value)]
        origin, context = self._origin(words, value)
        if len(words) < 2 or any(word.startswith(("--", "<<", "[")) or set(word) & set("*?") for word in words):
            raise _Wrong(f"COPY {value} is not followed here", "write COPY <source>... <target>, each a plain name")
        *sources, target = words
        if origin is None and any(".." in PurePosixPath(source).parts for source in sources):
            raise _Wrong(f"COPY {value} leaves the context", "move the file into the context, or the context up")
        folder = target.endswith("/") or len(sources) > 1 or target == "."
        place = str(PurePosixPath(stage.workdir, target)).rstrip("/") + ("/" if folder else "")
        stage.copies.append(Copy(tuple(sources), place, origin, context))

    def _origin(self, words: list[str], value: str) -> tuple[tuple[Copy, ...] | None, str]:
        """What `--from=` of a COPY means, which is taken off: an own stage's files, or a named build context.

        A build context takes the place of the stage of its name:
        https://docs.docker.com/reference/cli/docker/buildx/build/#build-context.
        """
        if not words or not words[0].startswith("--from="):
            return None, ""
        name = words.pop(0).removeprefix("--from=")
        if name in self._named:
            return None, name
        other = self.find(name)
        if other is None:
            raise _Wrong(f"COPY {value} takes files of another image, which nobody here has")
        self.stages[-1].origins.append(other)
        return tuple(other.copies), ""

    def _expand(self, value: str) -> str:
        """Put variables in: `$NAME` and `${NAME}`; unknown ones are empty."""
        if "${" in _VARIABLE.sub("", value):
            raise _Wrong(f"{value} has a variable in a form that is not followed here", "write $NAME or ${NAME}")
        known = {**self._arguments, **(self.stages[-1].environment if self.stages else {})}
        return _VARIABLE.sub(lambda found: known.get(found[1] or found[2], ""), value)


def _run(stage: _Stage, value: str) -> None:
    found = _INSTALL.search(value)
    if not found:
        stage.unsimulated.append(f"RUN {value}")
        return
    stage.lock = _from_context(stage, found[1])
    if stage.lock is None:
        raise _Wrong(
            f"pip reads {found[1]}, which no COPY before it put there by its name",
            f"COPY the requirements file to {PurePosixPath(stage.workdir, found[1])} first",
        )


def _from_context(stage: _Stage, installed: str) -> str | None:
    """The context's file that lies at the path which pip reads, found through the stage's COPY lines."""
    wanted = PurePosixPath(stage.workdir, installed)
    for copy in reversed(stage.copies):
        for source in copy.sources if copy.stage is None and not copy.context else ():
            if wanted in (PurePosixPath(copy.target), PurePosixPath(copy.target, PurePosixPath(source).name)):
                return source
    return None


def _pairs(value: str) -> dict[str, str]:
    words = _words("ENV", value)
    if not words or not all("=" in word for word in words):
        raise _Wrong(f"ENV {value} is not followed here", "write ENV NAME=value, in quotes where it has spaces")
    return dict(word.split("=", 1) for word in words)


def _exec_form(instruction: str, value: str) -> list[str]:
    if not value.startswith("["):
        raise _Wrong(
            f"{instruction} {value!r} is in shell form: signals would reach the shell, not the server",
            f'write the exec form: {instruction} ["program", "argument"]',
        )
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
