"""What a training job costs, beside what the sites cost."""

from __future__ import annotations

import datetime

import pytest

from jobs.machines import CHECKED
from outlast.cost_training import CPU, MEMORY_GIB, Training
from outlast.train.command import train


def test_every_cloud_has_its_machine_and_its_price() -> None:
    text = Training.of(60).render_text()
    assert "one training job of 60 minutes" in text
    assert "0.121* ml.m5.large" in text and "0.096* Standard_D2s_v3" in text and "0.109* e2-highmem-2" in text


def test_half_the_time_costs_half() -> None:
    whole, half = Training.of(60).to_data()["clouds"], Training.of(30).to_data()["clouds"]
    assert half["aws"]["usd"] == pytest.approx(whole["aws"]["usd"] / 2, abs=0.0001)


def test_a_stack_without_a_job_costs_its_registry() -> None:
    """0.10 a GB for half of one; on Azure 0.1666 a day."""
    stacks = {cloud: each["stack_month"] for cloud, each in Training.of(60).to_data()["clouds"].items()}
    assert stacks == {"aws": 0.05, "azure": 5.06, "gcp": 0.05}
    assert "its stack 5.06 a month without a job" in Training.of(60).render_text()


def test_old_prices_are_told() -> None:
    assert Training.of(60).warnings(CHECKED) == []
    assert "91 days old" in Training.of(60).warnings(CHECKED + datetime.timedelta(days=91))[0]


def test_the_usual_size_is_the_commands() -> None:
    defaults = {option.name: option.default for option in train.params}
    assert (defaults["cpu"], defaults["memory"]) == (CPU, MEMORY_GIB)
