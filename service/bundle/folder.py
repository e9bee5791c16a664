"""A released model as it lies on disk: `model.onnx`, `golden.json`, and the `manifest.json` that pins both.

The manifest holds the SHA-256 of the model and of the golden rows, so the SHA-256 of the manifest's own bytes
(`Release.digest`) identifies all three. Nothing is loaded that does not match. Standard library only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.bundle.golden import Golden, GoldenRow, parse_golden, render_golden
from service.bundle.manifest import MANIFEST_FILE, REMAKE, Manifest, parse_manifest, render_manifest
from service.bundle.reading import read_file
from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake, ModelMismatch, Unavailable

RELEASED = Path(__file__).resolve().parent.parent / "released"
# Models that are not committed: drafts, models that were imported, and those too large for git. Git ignores the folder.
DRAFTS = RELEASED.with_name("drafts")
GOLDEN_HINT = "name the golden.json of a release, to a drill with --golden; the manifest.json beside it belongs to it"


@dataclass(frozen=True)
class Release:
    """A model that matches its manifest, read into memory."""

    folder: Path
    manifest: Manifest
    digest: str
    model_bytes: bytes
    golden: tuple[GoldenRow, ...]


def list_released(folder: Path = RELEASED) -> tuple[str, ...]:
    """The names of the models that are released in a folder, one folder each, in order of the alphabet."""
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST_FILE}")))


def list_models(*, released: Path = RELEASED, drafts: Path = DRAFTS) -> dict[str, Path]:
    """Name -> folder of every model that is here, released or a draft; where both are of one name, the release."""
    return {name: folder / name for folder in (drafts, released) for name in list_released(folder)}


def choose_released(
    name: str | None, *, released: Path = RELEASED, drafts: Path = DRAFTS, option: str = "--model"
) -> Path:
    """The folder of the model of that name, released or a draft; without one, of the only model that is released.

    Raises InvalidInput, which says what to write, where there is no such model or several could be meant.
    """
    known, models = list_released(released), list_models(released=released, drafts=drafts)
    if not known and name not in models:
        raise InvalidInput(f"{released} holds no released model", hint=REMAKE)
    if name is None and len(known) > 1:
        what = f"{len(known)} models are released, {' and '.join(known)}, and none is named"
        raise InvalidInput(what, hint=f"name one: {option} {known[0]}, or OUTLAST_DEFAULT_MODEL={known[0]}")
    chosen = known[0] if name is None else name
    if chosen not in models:
        there = ", ".join(sorted(models))
        raise InvalidInput(f"no model {chosen!r} is released", hint=f"{option} takes one of {there}")
    return models[chosen]


def compute_digest(manifest_bytes: bytes) -> str:
    """The model digest: `sha256:` and the SHA-256 (hex) of manifest.json as it lies on disk."""
    return "sha256:" + hashlib.sha256(manifest_bytes).hexdigest()


def read_digest(folder: Path) -> str:
    """The digest of the model released in a folder, by its manifest alone, which pins everything else.

    Raises Unavailable where there is none.
    """
    manifest = folder / MANIFEST_FILE
    try:
        return compute_digest(manifest.read_bytes())
    except OSError as error:
        raise Unavailable(
            f"no released model: {manifest} cannot be read ({error.strerror})",
            hint="it is committed; `git checkout -- service/released` brings it back, `make model` makes it anew",
        ) from None


def load_release(folder: Path) -> Release:
    """Read a released model whole.

    Raises InvalidInput when a file is absent or not what its schema says, and ModelMismatch when the model or the
    golden rows are not, byte for byte, what the manifest pins.
    """
    manifest_bytes = read_file(folder / MANIFEST_FILE, hint=REMAKE)
    manifest = parse_manifest(manifest_bytes, place=str(folder / MANIFEST_FILE))
    model_bytes = read_file(folder / manifest.model.file, hint=REMAKE)
    golden_bytes = read_file(folder / manifest.golden.file, hint=REMAKE)
    _refuse_mismatch(folder, manifest, model_bytes, golden_bytes)
    golden = parse_golden(golden_bytes, manifest, place=str(folder / manifest.golden.file))
    return Release(folder, manifest, compute_digest(manifest_bytes), model_bytes, golden)


def load_golden(path: Path) -> Golden:
    """The golden rows of a release's folder, or in a file with the manifest beside it; the model need not be there.

    Raises InvalidInput, or ModelMismatch for rows that the manifest does not pin.
    """
    manifest_path = path / MANIFEST_FILE if path.is_dir() else path.with_name(MANIFEST_FILE)
    manifest_bytes = read_file(manifest_path, hint=GOLDEN_HINT)
    manifest = parse_manifest(manifest_bytes, place=str(manifest_path))
    path = path / manifest.golden.file if path.is_dir() else path
    golden_bytes = read_file(path, hint=GOLDEN_HINT)
    if mistakes := _find_mismatch(path, manifest.golden.sha256, golden_bytes):
        raise ModelMismatch(f"{path} cannot be used as golden rows", mistakes, hint=GOLDEN_HINT)
    rows = parse_golden(golden_bytes, manifest, place=str(path))
    digest = compute_digest(manifest_bytes)
    return Golden(manifest.problem, manifest.classes, manifest.input, manifest.tolerance, digest, rows)


def write_release(folder: Path, manifest: Manifest, model_bytes: bytes, golden: Sequence[GoldenRow]) -> Release:
    """Write the three files and read them back. The manifest comes last, so a reader never sees it without the rest.

    Raises ModelMismatch when the manifest does not pin these bytes.
    """
    golden_bytes = render_golden(golden)
    _refuse_mismatch(folder, manifest, model_bytes, golden_bytes)
    write_whole(folder / manifest.model.file, model_bytes)
    write_whole(folder / manifest.golden.file, golden_bytes)
    write_whole(folder / MANIFEST_FILE, render_manifest(manifest))
    return load_release(folder)


def _refuse_mismatch(folder: Path, manifest: Manifest, model_bytes: bytes, golden_bytes: bytes) -> None:
    mistakes = [
        *_find_mismatch(folder / manifest.model.file, manifest.model.sha256, model_bytes),
        *_find_mismatch(folder / manifest.golden.file, manifest.golden.sha256, golden_bytes),
    ]
    if mistakes:
        raise ModelMismatch(
            f"the model in {folder} does not match its manifest, so it is not loaded", mistakes, hint=REMAKE
        )


def _find_mismatch(path: Path, pinned: str, content: bytes) -> list[Mistake]:
    actual = hashlib.sha256(content).hexdigest()
    return [] if actual == pinned else [Mistake(str(path), f"its SHA-256 is {actual}, the manifest pins {pinned}")]
