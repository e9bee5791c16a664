"""The models that are here, and those that a site's stack names laid out for its image: what the site serves.

An image's build takes them from a folder of their own. Its name is made of their digests, so that the same models give
the same folder on every machine, and two stacks that are run at once do not disturb each other.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock
import yaml

from infra.overlay import ACCEPTED
from infra.settings.served import Available
from service.bundle.folder import DRAFTS, RELEASED, list_models, list_released, load_release, read_digest
from service.errors import ModelMismatch, OutlastError, Unavailable

ROOT = Path(__file__).resolve().parent.parent
STACKS = ROOT / "stacks"
LAID_OUT = ".models"
"""Below the project's folder. Git ignores it, and whatever is in it can be made again."""


def find_available(stack: str, overlay: Mapping[str, Any], *, stacks: Path | None = None) -> Available:
    """The models that are here, and what those stacks of traffic accept that send clients to the site `stack`.

    The latter by the files in the folder `stacks`, or by the overlay in their place; without a folder there are none.
    """
    released, drafts = (
        {name: read_digest(folder / name) for name in list_released(folder)} for folder in (RELEASED, DRAFTS)
    )
    found = _read_accepted(stack, stacks) if stacks else {}
    return Available(released, drafts, {name: overlay.get(ACCEPTED, digests) for name, digests in found.items()})


def _read_accepted(site: str, stacks: Path) -> dict[str, list[str]]:
    """Stack of traffic -> the digests that its file accepts, of those that name the site.

    A file that cannot be read says so when its own stack is run.
    """
    found = {}
    for path in sorted(stacks.glob("Pulumi.*.yaml")):
        try:
            config = yaml.safe_load(path.read_text())["config"]
            if config["outlast:kind"] == "traffic" and site in config["outlast:sites"]:
                found[path.name.removeprefix("Pulumi.").removesuffix(".yaml")] = [*map(str, config[ACCEPTED])]
        except (OSError, KeyError, TypeError, yaml.YAMLError):
            continue
    return found


def lay_out(models: Mapping[str, str], *, root: Path = ROOT, here: Mapping[str, Path] | None = None) -> str:
    """Copy the models (name -> digest) into a folder that holds no other; gives its path below `root`.

    `here` maps each model that can be had to its folder. Raises Unavailable for one that is not among them, and
    ModelMismatch for one of another digest.
    """
    named = "\n".join(f"{name}@{digest}" for name, digest in sorted(models.items()))
    place = Path(LAID_OUT, hashlib.sha256(named.encode()).hexdigest()[:16])
    target = root / place
    try:
        target.parent.mkdir(exist_ok=True)
        with filelock.FileLock(f"{target}.lock"):
            if not _holds(target, models):
                _copy(models, list_models() if here is None else here, target)
    except OSError as error:
        what = f"the models cannot be laid out in {target.parent}: {error.strerror or error}"
        raise Unavailable(what, hint="free some disk space, or correct the folder's rights") from error
    return place.as_posix()


def _holds(folder: Path, models: Mapping[str, str]) -> bool:
    """Whether the models were laid out there before, and are as they were."""
    try:
        return {path.name: load_release(path).digest for path in folder.iterdir()} == dict(models)
    except (OSError, OutlastError):
        return False


def _copy(models: Mapping[str, str], here: Mapping[str, Path], target: Path) -> None:
    """All of them or nothing: the folder appears under its name when it is whole."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".laying-out-") as scratch:
        for name, digest in models.items():
            _copy_one(name, digest, here, Path(scratch, "models", name))
        shutil.rmtree(target, ignore_errors=True)
        Path(scratch, "models").rename(target)


def _copy_one(name: str, digest: str, here: Mapping[str, Path], target: Path) -> None:
    if name not in here:
        raise Unavailable(f"the model {name} is not here", hint="`outlast model list` names those that are")
    release = load_release(here[name])
    if release.digest != digest:
        what = f"the model {name} that is here is {release.digest}, and {digest} is to be served"
        raise ModelMismatch(what, hint=f"write {name}@{release.digest} in the stack's outlast:models to serve this one")
    target.mkdir(parents=True)
    for file in sorted(path for path in release.folder.iterdir() if path.is_file()):
        shutil.copyfile(file, target / file.name)
