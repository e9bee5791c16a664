"""Histogram gradient boosting is written as ONNX exactly: thresholds, sums, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from service.training.export_boosting import describe_trees, round_down


def test_a_threshold_parts_the_same_numbers_in_float32_as_before() -> None:
    rng = np.random.default_rng(0)
    below = rng.normal(size=1000).astype(np.float32)
    above = np.nextafter(below, np.float32(np.inf))
    between = (below.astype(np.float64) + above.astype(np.float64)) / 2
    rounded = round_down(np.concatenate([between, [np.inf, 1e300]]))
    assert rounded.dtype == np.float32
    assert (below <= rounded[:-2]).all()
    assert not (above <= rounded[:-2]).any()
    assert rounded[-2] == np.inf
    assert rounded[-1] == np.finfo(np.float32).max


def test_a_split_by_a_set_of_categories_is_refused_rather_than_written_wrongly() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 6, (300, 1)).astype(float)
    truth = np.isin(codes[:, 0], [1, 4]).astype(int)
    model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=3).fit(codes, truth)
    with pytest.raises(ValueError, match="one-hot before boosting"):
        describe_trees(model)


def test_attributes_are_lists_of_pythons_own_numbers_one_entry_a_node_or_leaf() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3))
    model = HistGradientBoostingClassifier(max_iter=4).fit(rows, np.arange(200) % 3)
    trees = describe_trees(model)
    assert trees["n_targets"] == len(trees["base_values"]) == 3
    nodes = sum(len(tree.nodes) for stage in model._predictors for tree in stage)
    lists = {name: value for name, value in trees.items() if isinstance(value, list)}
    assert {name: {type(each) for each in value} for name, value in lists.items()}.items() >= {
        "nodes_missing_value_tracks_true": {int},
        "nodes_values": {float},
        "nodes_modes": {str},
        "target_weights": {float},
    }.items()
    assert all(len(value) == nodes for name, value in lists.items() if name.startswith("nodes_"))
    leaves = lists["nodes_modes"].count("LEAF")
    assert all(len(value) == leaves for name, value in lists.items() if name.startswith("target_"))
