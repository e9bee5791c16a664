"""`outlast cost`: the text, the data and the page."""

from __future__ import annotations

import datetime
import html
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.cost import prices
from jobs import machines
from outlast.cost import cost, load_traffic
from service.errors import InvalidInput
from tests.infra.harness import ROOT


def run(*words: str) -> str:
    done = CliRunner().invoke(cost, [*words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_text_has_every_site_and_the_price_of_redundancy() -> None:
    text = run("--rps", "20")
    assert "at 20 predictions a second" in text
    assert "active-passive" in text and "active-active" in text and "Spot" in text
    assert "one training job of 60 minutes" in text


def test_more_is_dearer_by_month_and_cheaper_by_prediction() -> None:
    few, many = (json.loads(run("--json", "--rps", rps)) for rps in ("1", "100"))
    assert many["month"] > few["month"]
    assert many["per_1000_predictions"] < few["per_1000_predictions"]


def test_the_load_of_the_stack_file_is_taken_where_none_is_typed() -> None:
    assert json.loads(run("--json"))["rps"] == load_traffic(None, ROOT).average_rps


def test_the_page_has_bars_of_every_site_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    run("--html", str(tmp_path / "cost.html"))
    page = (tmp_path / "cost.html").read_text()
    assert len(re.findall(r'<div class="bar"', page)) >= 8
    assert "one training job of 60 minutes" in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "list prices" in page.lower()


def test_text_data_and_page_say_the_same_lines_and_the_same_sums(tmp_path: Path) -> None:
    text = run("--lines", "--html", str(tmp_path / "cost.html"))
    page, data = html.unescape((tmp_path / "cost.html").read_text()), json.loads(run("--json"))
    for line in data["lines"]:
        said = f"{line['what']}: {line['formula']} at"
        assert [row for row in text.splitlines() if said in row and f"{line['month']:,.2f}" in row], said
        assert line["what"] in page and line["formula"] in page
    for place, usd in data["places"].items():
        assert re.search(rf"^  {place} +{usd:,.2f}$", text, re.MULTILINE)
        assert f"{usd:,.2f}" in page
    assert f"{data['month']:,.2f}" in page
    assert sum(line["month"] for line in data["lines"]) == pytest.approx(data["month"], abs=0.01 * len(data["lines"]))
    for variant in data["variants"]:
        assert f"{variant['month']:,.2f}" in page and variant["name"] in page


def test_old_prices_are_a_warning_and_refused_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def check_on(day: datetime.date) -> None:
        monkeypatch.setattr(prices, "CHECKED", day)
        monkeypatch.setattr(machines, "CHECKED", day)

    check_on(datetime.datetime.now(datetime.UTC).date())
    assert run("--strict"), "new enough"
    check_on(datetime.date(2001, 1, 1))
    said = CliRunner().invoke(cost, [])
    assert said.exit_code == 0 and "warning: the prices are " in said.stderr
    refused = CliRunner().invoke(cost, ["--strict", "--json"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "the prices are " in refused.stderr and "the prices of training are " in refused.stderr, "both at once"
    assert "hint: mend each" in refused.stderr


def test_a_set_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no stack file"):
        load_traffic("nowhere", ROOT)
