"""A fitted scikit-learn classifier out of a joblib or skops file.

A joblib file is a pickle, and to open a pickle is to run what its author put into it: it is refused without `--trust`.
A skops file names the types in it, and those that are not known as harmless are listed before anything is made of them.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import onnx
import pandas as pd
from skl2onnx import convert_sklearn
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn import __version__ as sklearn_version
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from service.bundle.columns import CATEGORY, NUMBER, Column
from service.errors import InvalidInput, Mistake, Refused
from service.importing.foreign import Answers, Foreign, match_names, require
from service.importing.inputs import Values
from service.importing.table import GivenTable
from service.training.export import OPSETS

_WHY = "opening it runs whatever its author put into it: a joblib file is a pickle, and a pickle is a program"


def read_sklearn(path: Path, table: GivenTable, *, trust: bool, texts: Sequence[str] = ()) -> Foreign:
    """A classifier from a file, converted by skl2onnx. `texts` are the table's columns of digits that it takes as text.

    Raises Refused for a file that nobody vouches for, InvalidInput for what is no classifier or cannot be converted.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = _load_skops(path, trust) if path.suffix == ".skops" else _load_joblib(path, trust)
    notes = tuple(_note_versions(caught))
    _refuse_other(model, path)
    columns = _name_columns(model, table, texts)
    return Foreign(
        title=f"scikit-learn {_name(model)}",
        graph=_convert(model, columns, path, FloatTensorType),
        exact=lambda: _convert_exactly(model, columns, path),
        features=tuple(column.name for column in columns),
        classes=tuple(map(str, model.classes_)),
        ask=lambda values: _ask(model, columns, values),
        versions={"scikit-learn": sklearn_version},
        notes=notes,
    )


def _load_joblib(path: Path, trust: bool) -> Any:
    import joblib

    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--sklearn takes a .joblib or .skops file")
    if not trust:
        hint = "add --trust if you made the file yourself or trust who did; or save it by skops, which runs nothing"
        raise Refused(f"{path} was not opened: {_WHY}", hint=hint)
    try:
        return joblib.load(path)
    except ModuleNotFoundError as error:
        what = f"{path} needs the module {error.name}, which is not installed here"
        raise InvalidInput(
            what, hint=f"install it, or bring the model as ONNX: converted where {error.name} is"
        ) from error
    except (AttributeError, ImportError) as error:
        what = f"{path} needs code that is not here: {error}"
        raise InvalidInput(what, hint="define its functions and classes in a module that is installed here") from error
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, TypeError, OSError) as error:
        what = f"{path} cannot be read as a joblib file: {error}"
        raise InvalidInput(what, hint="save it again by joblib.dump, with the scikit-learn of this machine") from error


def _load_skops(path: Path, trust: bool) -> Any:
    io = require("skops.io", "skops")
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--sklearn takes a .joblib or .skops file")
    try:
        untrusted = sorted(io.get_untrusted_types(file=path))
        if untrusted and not trust:
            mistakes = [Mistake(name, "is not a type that skops knows as harmless") for name in untrusted]
            hint = "look at each; --trust reads them all the same"
            raise Refused(f"{path} was not opened: it holds types that could run code", mistakes, hint=hint)
        return io.load(path, trusted=untrusted)
    except ModuleNotFoundError as error:
        what = f"{path} needs the module {error.name}, which is not installed here"
        raise InvalidInput(what, hint="install it, or bring the model as ONNX") from error
    except (BadZipFile, ValueError, KeyError, TypeError, AttributeError, ImportError, OSError) as error:
        what = f"{path} cannot be read as a skops file: {error}"
        raise InvalidInput(what, hint="save it again by skops.io.dump") from error


def _note_versions(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """That a file was written by another scikit-learn, which promises nothing then; said once."""
    written = {
        str(w.message.original_sklearn_version) for w in caught if isinstance(w.message, InconsistentVersionWarning)
    }
    return [
        f"it was written by scikit-learn {version} and read by {sklearn_version}, which may answer otherwise"
        for version in sorted(written)
    ]


def _refuse_other(model: Any, path: Path) -> None:
    if not hasattr(model, "predict") or not is_classifier(model):
        what = f"{path} holds a {type(model).__name__}, which is not a classifier of scikit-learn"
        raise InvalidInput(what, hint="save the fitted classifier, or the pipeline that ends in one")
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise InvalidInput(
            f"{path} holds a {_name(model)} that was never fitted", hint="fit it, then save it"
        ) from error
    if not hasattr(model, "predict_proba"):
        what = f"{path} holds a {_name(model)}, which gives no probabilities"
        raise InvalidInput(what, hint="wrap it in CalibratedClassifierCV, fit that, and save it")
    if not hasattr(model, "classes_") or np.ndim(model.classes_[0]) != 0:
        raise InvalidInput(f"{path} predicts several targets at once", hint="save one classifier for one target")


def _name(model: Any) -> str:
    """A classifier's class; of a pipeline that of its last step."""
    steps = getattr(model, "steps", None)
    return f"pipeline that ends in {type(steps[-1][1]).__name__}" if steps else type(model).__name__


def _name_columns(model: Any, table: GivenTable, texts: Sequence[str]) -> tuple[Column, ...]:
    known = [str(name) for name in getattr(model, "feature_names_in_", ())]
    count = int(getattr(model, "n_features_in_", 0))
    names = match_names(known or [f"x{place}" for place in range(count)], table.features, "the scikit-learn model")
    return tuple(Column(name, CATEGORY if name in texts or table.is_text(name) else NUMBER) for name in names)


def _convert_exactly(model: Any, columns: Sequence[Column], path: Path) -> onnx.ModelProto | None:
    """The graph in 64 bits; None where the converters have none."""
    try:
        return _convert(model, columns, path, DoubleTensorType)
    except InvalidInput:
        return None


def _convert(model: Any, columns: Sequence[Column], path: Path, numbers: Any) -> onnx.ModelProto:
    """The graph: of one tensor where all columns are numbers and the model does not ask for them by name.

    `numbers` is the type of a number in it.
    """
    each = [(c.name, (StringTensorType if c.type == CATEGORY else numbers)([None, 1])) for c in columns]
    ways: list[Callable[[], Any]] = [lambda: _run_converter(model, each)]
    if all(column.type == NUMBER for column in columns):
        ways.insert(0, lambda: _run_converter(model, [("features", numbers([None, len(columns)]))]))
    failed: Exception | None = None
    for way in ways:
        try:
            graph: onnx.ModelProto = way()
            return graph
        except (MissingConverter, MissingShapeCalculator) as error:
            first = str(error).partition("\n")[0]
            what = f"{path} holds a step that skl2onnx cannot convert: {first}"
            raise InvalidInput(what, hint="replace that step, or bring a converter: the model as ONNX") from error
        except Exception as error:  # converters raise whatever they meet
            failed = failed or error
    what = f"{path} cannot be converted to ONNX: skl2onnx says: {str(failed).strip().splitlines()[0]}"
    raise InvalidInput(what, hint="convert it where it was trained, and bring it with --onnx") from failed


def _run_converter(model: Any, initial_types: Sequence[tuple[str, Any]]) -> Any:
    last = getattr(model, "steps", [("", model)])[-1][1]
    asked = {"name": "imported", "initial_types": list(initial_types), "target_opset": OPSETS}
    with warnings.catch_warnings(), _with_probabilities(model):
        warnings.simplefilter("ignore")  # of what scikit-learn has deprecated and skl2onnx still reads
        try:
            return convert_sklearn(model, options={id(last): {"zipmap": False}}, **asked)
        except NameError:  # its converter makes no ZipMap
            return convert_sklearn(model, **asked)


def _ask(model: Any, columns: Sequence[Column], values: Values) -> Answers:
    """The classifier's own answers; it gets its columns by name where it knows them.

    A missing text is NaN to it, as pandas has it, unless it was trained on rows in which that was an empty text.
    """
    frame = pd.DataFrame({column.name: values[column.name] for column in columns})
    texts = [column.name for column in columns if column.type == CATEGORY]
    if texts and not _knows_empty(model):
        frame[texts] = frame[texts].mask(frame[texts] == "")
    rows = frame if hasattr(model, "feature_names_in_") else frame.to_numpy()
    try:
        probabilities = np.asarray(model.predict_proba(rows), dtype=np.float64)
        labels = np.asarray([str(label) for label in model.predict(rows)], dtype=object)
    except (ValueError, TypeError) as error:
        first = str(error).strip().splitlines()[0]
        what = f"the scikit-learn model does not take the table's rows: {first}"
        raise InvalidInput(what, hint="the table's columns are to be as those that it was fitted on") from error
    return Answers(probabilities, labels)


@contextmanager
def _with_probabilities(model: Any) -> Iterator[None]:
    """Let skl2onnx's own converter write an SVC that has probabilities; the one for training here writes its votes.

    What only says how a part transforms is set to what its converter knows.
    """
    parts = list(_walk(model))
    for part in parts:
        if hasattr(part, "flatten_transform"):
            part.flatten_transform = False
    ours = sklearn_operator_name_map[SVC]
    if any(isinstance(part, SVC) and part.probability is True for part in parts):
        sklearn_operator_name_map[SVC] = "SklearnSVC"
    try:
        yield
    finally:
        sklearn_operator_name_map[SVC] = ours


def _knows_empty(model: Any) -> bool:
    """Whether an encoder somewhere in a fitted model saw the empty text as a category."""
    return any("" in list(seen) for part in _walk(model) for seen in getattr(part, "categories_", ()))


def _walk(part: Any) -> Iterator[BaseEstimator]:
    """A fitted model and every estimator within it."""
    if isinstance(part, BaseEstimator):
        yield part
        part = list(vars(part).values())
    if isinstance(part, list | tuple):
        for inner in part:
            yield from _walk(inner)
