"""Container images without a container engine: what a Dockerfile copies and starts, addressed by content.

The final stage's WORKDIR, ENV, COPY, ENTRYPOINT and CMD are followed. A `pip install -r <lock>` becomes a virtual
environment that holds that lock and nothing else. Other RUN lines, USER and base images need a real builder: they
are counted in the digest and otherwise not simulated.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import filelock
import pathspec
from dockerfile_parse import DockerfileParser

from failover.errors import InvalidInput, Unavailable

Report = Callable[[str], None]


@dataclass(frozen=True)
class Copy:
    """One COPY of the final stage: paths relative to the context, and where they go."""

    sources: tuple[str, ...]
    target: str


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
    base: str
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    entry_point: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    lock: str | None = None
    unsimulated: list[str] = field(default_factory=list)


_INSTALL = re.compile(r"\bpip\b.*?\binstall\b.*?\s(?:-r|--requirement)[ =](\S+)", re.S)


def parse_dockerfile(path: Path) -> Recipe:
    """Read a Dockerfile. Raises InvalidInput where it has no exec-form ENTRYPOINT or CMD in its final stage."""
    if not path.is_file():
        raise InvalidInput(f"no Dockerfile at {path}", hint="name it in the image's `dockerfile.location`")
    with path.open("rb") as file:
        lines = DockerfileParser(fileobj=file).structure
    arguments: dict[str, str] = {}
    stages: list[_Stage] = []
    for line in lines:
        _apply(line["instruction"], line["value"], stages, arguments)
    if not stages:
        raise InvalidInput(f"{path} has no FROM", hint="a Dockerfile starts with FROM <base image>")
    final = stages[-1]
    entry_point = tuple(final.entry_point + final.command)
    if not entry_point:
        raise InvalidInput(f"{path} starts nothing", hint='end it with ENTRYPOINT ["python", "-m", "service"]')
    lock = next((stage.lock for stage in reversed(stages) if stage.lock), None)
    return Recipe(entry_point, final.workdir, final.environment, tuple(final.copies), lock, tuple(final.unsimulated))


def _apply(instruction: str, value: str, stages: list[_Stage], arguments: dict[str, str]) -> None:
    """Let one instruction act on the stage that is being read."""
    stage = stages[-1] if stages else None
    match instruction:
        case "COMMENT":
            return
        case "ARG":
            name, _, default = value.partition("=")
            arguments[name.strip()] = default.strip().strip("\"'")
        case "FROM":
            stages.append(_start_stage(value, stages, arguments))
        case _ if stage is None:
            raise InvalidInput(f"the Dockerfile has {instruction} before FROM", hint="begin with FROM <base image>")
        case "WORKDIR":
            stage.workdir = str(PurePosixPath(stage.workdir, _expand(value, stage, arguments)))
        case "ENV":
            stage.environment.update(_pairs(_expand(value, stage, arguments)))
        case "COPY":
            _copy(stage, _expand(value, stage, arguments))
        case "RUN":
            found = _INSTALL.search(value)
            if found:
                stage.lock = _from_context(stage, found[1])
            else:
                stage.unsimulated.append(f"RUN {value}")
        case "ENTRYPOINT":
            stage.entry_point, stage.command = _exec_form(instruction, value), []
        case "CMD":
            stage.command = _exec_form(instruction, value)
        case _:
            stage.unsimulated.append(f"{instruction} {value}")


def _start_stage(value: str, stages: Sequence[_Stage], arguments: Mapping[str, str]) -> _Stage:
    words = [word for word in value.split() if not word.startswith("--")]
    base = re.sub(r"\$\{?(\w+)\}?", lambda m: arguments.get(m[1], ""), words[0])
    name = words[2] if len(words) == 3 else str(len(stages))
    for earlier in stages:
        if earlier.name == base:
            return _Stage(
                name,
                base,
                earlier.workdir,
                dict(earlier.environment),
                list(earlier.copies),
                list(earlier.entry_point),
                list(earlier.command),
                earlier.lock,
            )
    return _Stage(name, base)


def _expand(value: str, stage: _Stage, arguments: Mapping[str, str]) -> str:
    known = {**arguments, **stage.environment}
    return re.sub(r"\$\{?(\w+)\}?", lambda m: known.get(m[1], m[0]), value)


def _pairs(value: str) -> dict[str, str]:
    words = shlex.split(value)
    if "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words)


def _copy(stage: _Stage, value: str) -> None:
    if value.startswith("["):
        words = list(json.loads(value))
    else:
        words = shlex.split(value)
    if any(word.startswith("--from=") for word in words):
        stage.unsimulated.append(f"COPY {value}")  # another stage's result: its virtual environment is made instead
        return
    *sources, target = [word for word in words if not word.startswith("--")]
    directory = target.endswith("/") or len(sources) > 1 or target in (".", "./")
    stage.copies.append(Copy(tuple(sources), str(PurePosixPath(stage.workdir, target)) + ("/" if directory else "")))


def _from_context(stage: _Stage, installed: str) -> str | None:
    """The context's file that lies at the path which pip reads, found through the stage's COPY lines."""
    wanted = PurePosixPath(stage.workdir, installed)
    for copy in stage.copies:
        for source in copy.sources:
            name = PurePosixPath(source).name
            if PurePosixPath(copy.target) == wanted or PurePosixPath(copy.target, name) == wanted:
                return source
    return None


def _exec_form(instruction: str, value: str) -> list[str]:
    if not value.startswith("["):
        raise InvalidInput(
            f"{instruction} {value!r} is in shell form: signals would reach the shell, not the server",
            hint=f'write the exec form: {instruction} ["program", "argument"]',
        )
    return list(json.loads(value))


@dataclass(frozen=True)
class Image:
    """A built image: `digest` covers every file, the recipe and the lock, never the tag it was pushed under."""

    digest: str
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def config(self) -> Mapping[str, object]:
        loaded: Mapping[str, object] = json.loads((self.folder / "config.json").read_text())
        return loaded


def build(context: Path, dockerfile: Path, store: Path, arguments: Mapping[str, str] | None = None) -> Image:
    """Copy what the Dockerfile copies into the store and address it by its content. The same bytes, the same digest."""
    recipe = parse_dockerfile(dockerfile)
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store, prefix=".build-") as scratch:
        root = Path(scratch, "image", "root")
        root.mkdir(parents=True)
        for copy in recipe.copies:
            _copy_into(root, context, copy, dockerfile)
        config = {
            "entry_point": recipe.entry_point,
            "working_directory": recipe.working_directory,
            "environment": dict(recipe.environment),
            "arguments": dict(arguments or {}),
            "lock": (context / recipe.lock).read_text() if recipe.lock else "",
            "unsimulated": recipe.unsimulated,
        }
        text = json.dumps(config, indent=1, sort_keys=True)
        (root.parent / "config.json").write_text(text)
        digest = hashlib.sha256(text.encode() + _hash_tree(root).encode()).hexdigest()
        folder = store / digest
        if not folder.exists():
            root.parent.replace(folder)
    return Image(f"sha256:{digest}", folder)


def load(store: Path, digest: str) -> Image:
    """The image of that digest. Raises Unavailable where the store does not hold it."""
    folder = store / digest.removeprefix("sha256:")
    if not (folder / "config.json").is_file():
        raise Unavailable(f"no image {digest} in {store}", hint="`make up` builds and pushes it again")
    return Image(digest, folder)


def hash_context(context: Path, dockerfile: Path) -> str:
    """SHA-256 over every file that the build may read, and the Dockerfile: what makes a new build necessary."""
    digest = hashlib.sha256(dockerfile.read_bytes())
    for path in _context_files(context, dockerfile):
        digest.update(path.relative_to(context).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _context_files(context: Path, dockerfile: Path) -> Iterator[Path]:
    ignored = _ignored(context, dockerfile)
    for folder, folders, files in os.walk(context):
        base = Path(folder)
        folders[:] = sorted(f for f in folders if not ignored.match_file(f"{(base / f).relative_to(context)}/"))
        yield from (base / f for f in sorted(files) if not ignored.match_file(str((base / f).relative_to(context))))


def _ignored(context: Path, dockerfile: Path) -> pathspec.PathSpec[pathspec.Pattern]:
    candidates = (dockerfile.with_name(dockerfile.name + ".dockerignore"), context / ".dockerignore")
    lines = next((path.read_text().splitlines() for path in candidates if path.is_file()), [])
    # Docker's patterns are anchored at the context's root; git's are not unless they begin with a slash.
    anchored = [_anchor(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return pathspec.PathSpec.from_lines("gitignore", anchored)


def _anchor(pattern: str) -> str:
    sign, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    return sign + (body if body.startswith(("/", "**")) else f"/{body}")


def _copy_into(root: Path, context: Path, copy: Copy, dockerfile: Path) -> None:
    ignored = _ignored(context, dockerfile)
    target = root / copy.target.lstrip("/")
    for pattern in copy.sources:
        found = sorted(context.glob(pattern.lstrip("/"))) if pattern not in (".", "./") else [context]
        if not found:
            raise InvalidInput(f"COPY {pattern}: nothing of that name in {context}", hint=f"see {dockerfile}")
        for source in found:
            _copy_one(source, target, context, ignored, keep_name=copy.target.endswith("/"))


def _copy_one(
    source: Path, target: Path, context: Path, ignored: pathspec.PathSpec[pathspec.Pattern], *, keep_name: bool
) -> None:
    if source.is_file():
        place = target / source.name if keep_name else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        return
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(context)
        if path.is_file() and "__pycache__" not in relative.parts and not ignored.match_file(str(relative)):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def _hash_tree(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def cache_folder() -> Path:
    """The user's cache folder of this product: one virtual environment serves every clone."""
    if sys.platform == "darwin":
        default = Path.home() / "Library" / "Caches"
    else:
        default = Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or default) / "outlast"


def make_environment(lock: str, report: Report) -> Path:
    """A virtual environment that holds `lock` and nothing else; made once, by one process at a time.

    Returns its folder. Raises Unavailable where pip cannot install the lock.
    """
    version = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256(f"{version}\n{sys.base_prefix}\n{lock}".encode()).hexdigest()[:20]
    folder = cache_folder() / "image-environments" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            report("making the image's virtual environment (once for each lock)")
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder, lock)
            (folder / "complete").touch()
    return folder


def _install(folder: Path, lock: str) -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    requirements = folder.with_suffix(".requirements")
    requirements.write_text(lock)
    steps = (
        [base, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(requirements)],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(
                f"the image's requirements could not be installed: {done.stderr.strip()[-600:]}",
                hint="check that pip reaches its index, then repeat",
            )
