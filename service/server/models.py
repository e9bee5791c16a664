"""The released models that this process serves, by name and version; and the one place where rows meet a model.

Faults for drills act here, beneath everything else, so that whatever they break is broken for the health check too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.bundle.classifier import Classifier
from service.bundle.folder import load_release
from service.bundle.golden import find_mistakes
from service.bundle.manifest import MANIFEST_FILE
from service.bundle.rows import Rows
from service.errors import InvalidInput, Mistake, OutlastError
from service.server.faults import Faults
from service.server.protocol.problems import INTERNAL, NOT_FOUND, Problem


class BrokenModel(Exception):
    """The model gave something that is no answer (NaN); never passed on to a caller."""


@dataclass(frozen=True)
class Answers:
    """`labels` [n], class names; `probabilities` [n, classes], float32, columns in the manifest's order."""

    labels: list[str]
    probabilities: NDArray[np.float32]


class ServedModel:
    """One released model in memory."""

    def __init__(self, folder: Path, classifier: Classifier, faults: Faults) -> None:
        manifest = classifier.manifest
        self.folder = folder
        self.classifier = classifier
        self.name = manifest.problem
        self.version = manifest.version
        self.manifest = manifest
        self.classes = list(manifest.classes)
        self._golden_rows = classifier.read([row.features for row in classifier.golden])
        self._faults = faults

    @property
    def digest(self) -> str:
        """The digest of what is served: the manifest's, which pins the rest."""
        if self._faults.mode() == "stale-model":
            return "sha256:" + hashlib.sha256(b"stale " + self.classifier.digest.encode()).hexdigest()
        return self.classifier.digest

    @property
    def threshold(self) -> float | None:
        """The released probability from which the positive class is predicted; None where the highest one wins."""
        return next(iter(self.manifest.thresholds.values()), None)

    def infer(self, rows: Rows) -> Answers:
        """Answer rows [n, columns]. Raises BrokenModel when an answer is not a number."""
        probabilities = self.classifier.predict_probabilities(rows)
        mode = self._faults.mode()
        if mode == "wrong-answers":
            probabilities = np.ascontiguousarray(np.roll(probabilities, 1, axis=1))
        elif mode == "nan-answers":
            probabilities = np.full_like(probabilities, np.nan)
        if not probabilities.sum() < np.inf:  # false for NaN as well
            raise BrokenModel(f"the model {self.name} answered NaN or infinity")
        classes = self.classes
        return Answers([classes[i] for i in self.classifier.decide(probabilities).tolist()], probabilities)

    def golden_failures(self) -> list[str]:
        """Why the model, asked as callers ask it, does not give its golden answers; empty when it does."""
        golden = self.classifier.golden
        try:
            answers = self.infer(self._golden_rows)
        except BrokenModel as error:
            return [str(error)]
        found = find_mistakes(golden, answers.labels, answers.probabilities, self.manifest.tolerance)
        return [f"{self.name} {mistake}" for mistake in found]

    def digest_failure(self, accepted: str | None, *, just_loaded: bool = False) -> str:
        """Why the artifact is not the right one: changed on disk, or not the digest that this site is to serve.

        `just_loaded`: what lies on disk was read and verified a moment ago, and is not read again.
        """
        try:
            on_disk = self.classifier.digest if just_loaded else load_release(self.folder).digest
        except OutlastError as error:
            return f"{self.name}: {error.what}"
        if self.digest != on_disk:
            return f"{self.name}: {self.digest} is served, {on_disk} is released"
        if accepted is not None and self.digest != accepted:
            return f"{self.name}: {self.digest} is served, this site is to serve {accepted}"
        return ""


class Models:
    """Every served model, by name and by version; without a version the newest of that name."""

    def __init__(self, models: Iterable[ServedModel]) -> None:
        self._versions: dict[str, dict[str, ServedModel]] = {}
        for model in sorted(models, key=lambda model: model.manifest.created):
            self._versions.setdefault(model.name, {})[model.version] = model

    @classmethod
    def load(cls, folder: Path, faults: Faults) -> Models:
        """Load every released model under a folder. Raises InvalidInput or ModelMismatch, all failures together."""
        mistakes: list[Mistake] = []
        loaded: list[ServedModel] = []
        for path in sorted(path for path in folder.iterdir() if (path / MANIFEST_FILE).is_file()):
            try:
                loaded.append(ServedModel(path, Classifier.load(path), faults))
            except OutlastError as error:
                details: Sequence[Mistake] = getattr(error, "mistakes", ())
                mistakes += [Mistake(str(path), error.what, error.hint), *details]
        names = [(model.name, model.version) for model in loaded]
        mistakes += [
            Mistake(str(folder), f"{n} version {v} is there twice") for n, v in set(names) if names.count((n, v)) > 1
        ]
        if not loaded and not mistakes:
            mistakes.append(Mistake(str(folder), "holds no released model", "release one: `make model PROBLEM=tumour`"))
        if mistakes:
            raise InvalidInput("the released models cannot be served", mistakes)
        return cls(loaded)

    def __iter__(self) -> Iterator[ServedModel]:
        return iter([model for versions in self._versions.values() for model in versions.values()])

    def choose_default(self, name: str, accepted: Mapping[str, str]) -> ServedModel | None:
        """The model that `/predict` without a name asks: of that name, or the only one, or the only one of `accepted`.

        None where several could be meant. Raises InvalidInput for a name that is not served.
        """
        newest = self.newest()
        if name and name not in newest:
            raise InvalidInput(
                f"OUTLAST_DEFAULT_MODEL names {name!r}, which is not served", hint=f"there are {', '.join(newest)}"
            )
        meant = [name] if name else list(newest) if len(newest) == 1 else [n for n in accepted if n in newest]
        return newest[meant[0]] if len(meant) == 1 else None

    def newest(self) -> Mapping[str, ServedModel]:
        """Name -> newest version."""
        return {name: next(reversed(versions.values())) for name, versions in self._versions.items()}

    def versions(self, name: str) -> list[str]:
        """The versions of a model, oldest first."""
        return list(self._versions.get(name, {}))

    def find(self, name: str, version: str | None = None) -> ServedModel:
        """Raises Problem 404."""
        versions = self._versions.get(name)
        if versions is None:
            raise Problem(
                NOT_FOUND, f"no model is named {name!r}", hint=f"there are {', '.join(sorted(self._versions))}"
            )
        if version is None:
            return next(reversed(versions.values()))
        if version not in versions:
            raise Problem(NOT_FOUND, f"{name} has no version {version!r}", hint=f"there are {', '.join(versions)}")
        return versions[version]


def internal_error(detail: str = "the request was right; the server could not answer it") -> Problem:
    """500: counts against the replica's health."""
    return Problem(INTERNAL, detail, hint="try again, or at another site; quote the request id to the operator")
