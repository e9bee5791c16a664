"""The winner is held to the released model on the rows that neither was trained on, and to no model at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.bundle.folder import RELEASED, Release, load_release
from service.evaluation.findings import Findings, _name_metrics
from service.evaluation.verdict import judge_winner


def _judge(findings: Findings, released: Release | None, **more: object):
    names = _name_metrics(findings.bench)
    return judge_winner(findings.bench, findings.winner, released, names=names, **more)


@pytest.fixture
def released() -> Release:
    return load_release(RELEASED / "tumour")


def test_without_a_release_only_floors_and_the_cheapest_answer_count(findings: Findings) -> None:
    verdict = _judge(findings, None)
    assert verdict.paired is None
    assert verdict.constant is not None
    assert verdict.constant.answer == "malignant"
    assert verdict.constant.cost == pytest.approx(630)
    assert verdict.constant.ours < 100


def test_the_released_model_answers_the_same_rows(findings: Findings, released: Release) -> None:
    verdict = _judge(findings, released)
    assert verdict.paired is not None
    assert verdict.paired.rows == len(findings.bench.splits.held_out)
    assert verdict.regressions == ()


def test_a_worse_winner_is_refused_by_the_pairs(findings: Findings, released: Release) -> None:
    held_out = findings.winner.held_out
    rng = np.random.default_rng(1)
    shuffled = rng.permutation(held_out.evaluation.probabilities)
    held_out.evaluation.probabilities, kept = shuffled, held_out.evaluation.probabilities
    try:
        verdict = _judge(findings, released)
    finally:
        held_out.evaluation.probabilities = kept
    assert {"auc", "recall", "accuracy"} <= {r.metric for r in verdict.regressions}
    assert all("on the same" in r.against for r in verdict.regressions if r.metric == "auc")


def test_rows_that_it_may_have_learnt_from_are_not_compared_on(findings: Findings, released: Release) -> None:
    other = replace(released.manifest, metrics={**released.manifest.metrics, "held_out_rows": 7})
    assert _judge(findings, replace(released, manifest=other)).paired is None
    grown = replace(other, data=replace(other.data, sha256="0" * 64))
    assert _judge(findings, replace(released, manifest=grown)).paired is not None
    fresh = findings.bench.splits.held_out[:30]
    paired = _judge(findings, released, fresh=np.append(fresh, findings.bench.splits.training[:5])).paired
    assert paired.rows == 30
