"""Where a run's answers go, what identifies the run, and what it says in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.bundle.writing import sync_folder
from service.errors import InvalidInput, Refused
from service.offline.batch_files import Tables
from service.tables.outputs import refuse_own_input
from service.tables.parquet import ParquetText
from service.tables.readable import Readable


@dataclass(frozen=True)
class Summary:
    """What a run did: rows predicted, rows set apart, and the row it went on from (0: from the start).

    `read_as` says how the files are written, where that is not UTF-8 with commas and decimal points. `found_rows`
    were scored by a run before this one that a cluster worked on, and are not among those scored now.
    """

    predicted: int
    bad: int
    resumed_at: int
    out: str
    bad_rows: str
    read_as: str
    found_rows: int = 0


@dataclass(frozen=True)
class Output:
    """The files of a run: answers, rows set apart, and how far an unfinished run is."""

    out: Path
    bad: Path
    state: Path

    @classmethod
    def of(cls, out: Path, sources: Sequence[Readable]) -> Output:
        """The files for an --out. Raises Refused where one of them is read."""
        files = cls(out, out.with_name(f"{out.name}.bad.csv"), out.with_name(f"{out.name}.progress.json"))
        for source in sources:
            if isinstance(source, Path) and source.exists():
                refuse_own_input(source, (files.out, files.bad, files.state))
        return files

    def refuse_existing(self, overwrite: bool) -> None:
        """Raises Refused where a finished run left its files, InvalidInput where there is no folder for new ones."""
        for path in (self.out, self.bad):
            if path.exists() and not overwrite:
                hint = "give another --out, or --overwrite"
                raise Refused(f"{path} exists, and no unfinished run left it", hint=hint)
        if not self.out.parent.is_dir():
            raise InvalidInput(f"there is no folder {self.out.parent}", hint="make it, or give another --out")

    def refuse_missing(self) -> None:
        """Raises InvalidInput where one of the files is gone that an unfinished run wrote into."""
        for path in (self.out, self.bad):
            if not path.exists():
                what = f"{path} is gone, and {self.state} says that a run wrote into it"
                raise InvalidInput(what, hint="bring it back, or begin anew with --overwrite")

    def write(self, heads: tuple[bytes, bytes], fill: Callable[[Path, Path], None], *, any_bad: bool) -> None:
        """Both files whole or not at all: `fill` appends the lines to scratch files, which then take their places."""
        self.state.unlink(missing_ok=True)  # of a run that this one replaces
        scratch = [path.with_name(f".{path.name}.scratch") for path in (self.out, self.bad)]
        try:
            for path, head in zip(scratch, heads, strict=True):
                path.write_bytes(head)
            fill(scratch[0], scratch[1])
            if any_bad:
                scratch[1].replace(self.bad)
            else:
                self.bad.unlink(missing_ok=True)
            scratch[0].replace(self.out)
            sync_folder(self.out.parent)
        finally:
            for path in scratch:
                path.unlink(missing_ok=True)


def identify(tables: Tables, digest: str, parse: Sequence[str]) -> str:
    """What is being done: to go on with other files or another model would mix two answers in one file."""
    files = [
        f"{_locate(table.file.path)} {version}" for table, version in zip(tables.tables, tables.versions, strict=True)
    ]
    said = [*files, *(["as parts of one table"] if tables.names else [])]
    return "\n".join(said) + f" {digest}" + "".join(f" --parse {name}" for name in sorted(parse))


def _locate(source: Readable) -> str:
    source = source.source if isinstance(source, ParquetText) else source
    return str(source.resolve()) if isinstance(source, Path) else str(source)
