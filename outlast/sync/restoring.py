"""Writes the files of a set into a folder under their own names, each as its manifest has it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from outlast.sync.copying import Tell, fetch
from outlast.sync.manifest import File
from outlast.sync.reading import Source, hash_object
from service.bundle.manifest import MANIFEST_FILE
from service.errors import Mistake, Refused
from service.stores.folder import FolderStore


def restore(source: Source, folder: Path, tell: Tell = lambda size: None) -> int:
    """Returns how many files were written; what is there already is left. Raises Refused where it is another content.

    A model's own manifest comes last: a model that is half there is not taken for one.
    """
    target = FolderStore(folder)
    _refuse_others(source.files, target)
    written = 0
    for file in sorted(source.files, key=lambda file: (PurePosixPath(file.name).name == MANIFEST_FILE, file.name)):
        if target.find(file.name) is None:
            with fetch(source, file, tell) as content:
                content.seek(0)
                written += target.put_if_absent(file.name, content)
    return written


def _refuse_others(files: tuple[File, ...], target: FolderStore) -> None:
    mistakes = []
    for file in files:
        entry = target.find(file.name)
        if entry is not None and (entry.size != file.size or hash_object(target, entry) != file.sha256):
            mistakes.append(Mistake(target.name(file.name), "is there with another content"))
    if mistakes:
        raise Refused("nothing is overwritten", mistakes, hint="name an empty folder: --into FOLDER")
