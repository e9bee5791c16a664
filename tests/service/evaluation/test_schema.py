"""A name belongs to one target and one schema."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.bundle.columns import CATEGORY, InputSpec
from service.bundle.folder import RELEASED, load_release
from service.bundle.manifest import Manifest
from service.errors import InvalidInput
from service.evaluation.schema import refuse_another_schema
from service.evaluation.workbench import Workbench


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_release(RELEASED / "tumour").manifest


def test_a_release_of_the_same_schema_may_be_replaced(workbench: Workbench, manifest: Manifest) -> None:
    refuse_another_schema(workbench, None)
    refuse_another_schema(workbench, manifest)
    refuse_another_schema(workbench, replace(manifest, data=replace(manifest.data, target="diagnosis")))


@pytest.mark.parametrize(
    ("changed", "place", "what"),
    [
        ("target", "target", "is diagnosis, the model's is outcome"),
        ("columns", "columns", "lack age and have mean_radius, which the model has not"),
        ("classes", "classes", "have malignant, which the model has not"),
    ],
)
def test_another_schema_is_refused_with_what_differs(
    workbench: Workbench, manifest: Manifest, changed: str, place: str, what: str
) -> None:
    other = {
        "target": replace(manifest, data=replace(manifest.data, target="outcome")),
        "columns": _with_age(manifest),
        "classes": replace(manifest, classes=("benign",)),
    }[changed]
    with pytest.raises(InvalidInput) as caught:
        refuse_another_schema(workbench, other)
    (mistake,) = caught.value.mistakes
    assert (mistake.place, mistake.what) == (place, what)
    assert "outlast model remove tumour" in caught.value.hint


def _with_age(manifest: Manifest) -> Manifest:
    """The manifest of a model whose first column is another."""
    return replace(manifest, input=InputSpec.of_numbers(["age", *manifest.input.features[1:]]))


def test_a_number_that_became_a_text_is_named(workbench: Workbench, manifest: Manifest) -> None:
    first = replace(manifest.input.columns[0], type=CATEGORY)
    other = replace(manifest, input=InputSpec.of_columns((first, *manifest.input.columns[1:])))
    with pytest.raises(InvalidInput) as caught:
        refuse_another_schema(workbench, other)
    (mistake,) = caught.value.mistakes
    assert (mistake.place, mistake.what) == (f"column {first.name}", "is a number, the model's is text")
