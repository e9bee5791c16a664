"""Container images without a container engine: what a Dockerfile copies and starts, addressed by content.

The final stage's files are copied into a store. A `pip install -r <lock>` becomes a virtual environment that holds
that lock and nothing else. Other RUN lines, USER and base images need a real builder: they are counted in the digest
and otherwise not simulated.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import filelock

from sandbox.engine.files import cache_folder
from sandbox.images.dockerfile import Copy, Recipe, parse_dockerfile
from sandbox.images.dockerignore import list_context
from sandbox.install import find_uv, install_lock, run_quietly
from service.errors import InvalidInput, Unavailable

Report = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """A built image: `digest` covers every file, the recipe and the lock, never the tag it was pushed under."""

    digest: str
    folder: Path

    @property
    def root(self) -> Path:
        """What is `/` inside."""
        return self.folder / "root"

    @property
    def config(self) -> Mapping[str, Any]:
        """entry_point, working_directory, environment, arguments, lock (its text) and unsimulated."""
        loaded: Mapping[str, Any] = json.loads((self.folder / "config.json").read_text())
        return loaded


# -- building -----------------------------------------------------------------------------------------


def build(
    context: Path,
    dockerfile: Path,
    store: Path,
    arguments: Mapping[str, str] | None = None,
    named: Mapping[str, Path] | None = None,
    target: str = "",
) -> Image:
    """Copy what the Dockerfile copies into the store and address it by its content. The same bytes, the same digest.

    `named` are build contexts beside the main one, each a folder that `COPY --from=<name>` copies from; `target` is the
    stage that is built, "" the last one.
    Raises InvalidInput where the Dockerfile cannot be followed, or copies what is not there.
    """
    recipe = parse_dockerfile(dockerfile, arguments, (named or {}).keys(), target)
    files = list_context(context, dockerfile)
    contexts = {"": files, **{name: list_context(folder, dockerfile) for name, folder in (named or {}).items()}}
    text = json.dumps(_config(recipe, files, arguments or {}), indent=1, sort_keys=True)
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store, prefix=".build-") as scratch:
        root = Path(scratch, "image", "root")
        root.mkdir(parents=True)
        for copy in recipe.copies:
            _copy_into(root, contexts, copy)
        (root / recipe.working_directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        (root.parent / "config.json").write_text(text)
        digest = hashlib.sha256(text.encode() + _hash_tree(root).encode()).hexdigest()
        folder = store / digest
        try:
            root.parent.replace(folder)
        except OSError:  # there already, or put there by another build at this moment: the same
            os.utime(folder)  # somebody is about to use it
    return load(store, f"sha256:{digest}")


def load(store: Path, digest: str) -> Image:
    """The image of that digest. Raises Unavailable where the store does not hold it."""
    folder = store / digest.removeprefix("sha256:")
    if not (folder / "config.json").is_file():
        raise Unavailable(f"no image {digest} in {store}", hint="`make up` builds and pushes it again")
    return Image(digest, folder)


def hash_context(
    context: Path,
    dockerfile: Path,
    named: Mapping[str, Path] | None = None,
    arguments: Mapping[str, str] | None = None,
    target: str = "",
) -> str:
    """SHA-256 over every file that the build may read, and the Dockerfile: what makes a new build necessary.

    What is read in the Dockerfile counts as well: a later version of this builder may take another lock of the same
    file, and an image that an earlier one made must not be taken for its.
    """
    digest = hashlib.sha256(dockerfile.read_bytes())
    digest.update(_describe_recipe(dockerfile, arguments, (named or {}).keys(), target).encode() + b"\0")
    for prefix, folder in {"": context, **(named or {})}.items():
        for name, path in list_context(folder, dockerfile).items():
            digest.update(f"{prefix}\0{name}".encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _describe_recipe(dockerfile: Path, arguments: Mapping[str, str] | None, named: Collection[str], target: str) -> str:
    """What the builder reads; nothing of a Dockerfile that cannot be built: the build says why."""
    try:
        return repr(parse_dockerfile(dockerfile, arguments, named, target))
    except InvalidInput:
        return ""


def _config(recipe: Recipe, files: Mapping[str, Path], arguments: Mapping[str, str]) -> dict[str, Any]:
    if recipe.lock is not None and recipe.lock not in files:
        raise InvalidInput(
            f"pip installs {recipe.lock}, which is not in the context", hint="add it, or let .dockerignore let it in"
        )
    return {
        "entry_point": recipe.entry_point,
        "working_directory": recipe.working_directory,
        "environment": dict(recipe.environment),
        "arguments": dict(arguments),
        "lock": files[recipe.lock].read_text() if recipe.lock else "",
        "unsimulated": recipe.unsimulated,
    }


# -- copying ------------------------------------------------------------------------------------------


def _copy_into(root: Path, contexts: Mapping[str, Mapping[str, Path]], copy: Copy) -> None:
    """Follow one COPY. From another stage only files come; what its RUN lines made is not there to be copied."""
    if copy.stage is None:
        _copy_matching(root, contexts[copy.context], copy, required=True)
        return
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        other = Path(scratch)
        for earlier in copy.stage:
            _copy_into(other, contexts, earlier)
        made = {path.relative_to(other).as_posix(): path for path in sorted(other.rglob("*")) if path.is_file()}
        _copy_matching(root, made, copy, required=False)


def _copy_matching(root: Path, files: Mapping[str, Path], copy: Copy, *, required: bool) -> None:
    for source in copy.sources:
        found = list(_match(files, source, copy.target))
        if not found and required:
            raise InvalidInput(
                f"COPY {source}: the context has no file of that name that .dockerignore lets in",
                hint="correct the name in the Dockerfile, or let the file in with a line `!…`",
            )
        for path, place in found:
            target = root / place.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _match(files: Mapping[str, Path], source: str, target: str) -> Iterator[tuple[Path, str]]:
    """The files that a COPY source means, each with its place in the image; a folder gives what is below it."""
    wanted = PurePosixPath(source.lstrip("/")).parts
    for name, path in files.items():
        parts = PurePosixPath(name).parts
        if parts[: len(wanted)] != wanted:
            continue
        below = parts[len(wanted) :]
        if below:
            yield path, str(PurePosixPath(target, *below))
        elif wanted:
            yield path, str(PurePosixPath(target, parts[-1])) if target.endswith("/") else target


def _hash_tree(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


# -- the environment that an image's lock asks for ----------------------------------------------------


def make_environment(lock: str, report: Report) -> Path:
    """A virtual environment that holds `lock` (a requirements file with hashes) and nothing else.

    Made once, by one process at a time; an image without a lock gets an empty one. Returns its folder. Raises
    Unavailable where pip cannot install the lock.
    """
    version = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256(f"{version}\n{sys.base_prefix}\n{lock}".encode()).hexdigest()[:20]
    folder = cache_folder() / "image-environments" / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{folder}.lock"):
            if not (folder / "complete").exists():
                report("making the image's virtual environment (once for each lock)")
                shutil.rmtree(folder, ignore_errors=True)
                _install(folder, lock)
                (folder / "complete").touch()
    except OSError as error:
        raise Unavailable(
            f"the image's virtual environment cannot be made in {folder.parent}: {error}",
            hint="free some disk space, or name another place in XDG_CACHE_HOME",
        ) from error
    return folder


def _install(folder: Path, lock: str) -> None:
    # The interpreter below any virtual environment that this process runs in: a cache must outlive the clone.
    base = getattr(sys, "_base_executable", sys.executable)
    _make_empty(base, folder)
    if not lock.strip():
        return
    requirements = folder.with_suffix(".requirements")
    requirements.write_text(lock)
    install_lock(folder / "bin" / "python", requirements, find_uv(), compiled=True)
    requirements.unlink()


def _make_empty(base: str, folder: Path) -> None:
    failed = run_quietly([base, "-m", "venv", "--without-pip", str(folder)])
    if failed:
        raise Unavailable(f"{base} cannot make a virtual environment: {failed}", hint="rm -r .venv, then `make up`")
