"""Whether all machines of a cluster run what this one runs: other versions may answer otherwise, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from service.errors import Unavailable

Packages = Mapping[str, str | None]

SCHEDULER = ("python", "dask", "distributed")
COMPUTES = ("numpy", "pandas", "onnxruntime", "scikit-learn")
_SHOWN = 5


def refuse_other_versions(here: Packages, scheduler: Packages, workers: Mapping[str, Packages], address: str) -> None:
    """Raises Unavailable where a package is of another version there. Of Python the first two numbers count."""
    found = list(_compare("the scheduler", scheduler, here, SCHEDULER))
    for name, packages in sorted(workers.items()):
        found += _compare(f"worker {name}", packages, here, (*SCHEDULER, *COMPUTES))
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        what = f"the Dask cluster at {address} runs other versions: {'; '.join(found[:_SHOWN])}{more}"
        raise Unavailable(what, hint="install the same `outlast[dask]` there as here, and the same Python")


def refuse_other_code(here: str, workers: Mapping[str, str], address: str) -> None:
    """Raises Unavailable where a worker runs another Outlast. Compared by the digest of its files."""
    others = sorted(name for name, digest in workers.items() if digest != here)
    if others:
        what = f"the Dask cluster at {address} runs another Outlast on {', '.join(others[:_SHOWN])}"
        raise Unavailable(what, hint="install the same release of Outlast there as here")


@cache
def digest_code() -> str:
    """The SHA-256 (hex) of the files that score rows and fit models, wherever this is called."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for folder in ("bundle", "cluster", "offline", "stores", "tables", "training"):
        for path in sorted((root / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _compare(where: str, there: Packages, here: Packages, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        found, expected = _cut(name, there.get(name)), _cut(name, here.get(name))
        if found != expected:
            yield f"{where} has {name} {found}, not {expected}"


def _cut(name: str, version: str | None) -> str:
    if version is None:
        return "missing"
    return ".".join(version.split(".")[:2]) if name == "python" else version
