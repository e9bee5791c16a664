"""What is not known about capacity is said in traffic's preview."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.contract import KnownSite, parse_site
from infra.promises import say_different_models, say_unknown_capacity, say_unnamed_groups
from infra.routing import Geography
from infra.settings.kinds import TrafficSettings
from infra.stack_file import parse
from tests.infra.harness import configuration
from tests.infra.harness import site as site_output


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lines.append)
    return lines


def settings(**changed: Any) -> TrafficSettings:
    parsed = parse("traffic", configuration("traffic"))
    assert isinstance(parsed, TrafficSettings)
    return replace(parsed, **changed)


def write(folder: Path, site: str, day: str) -> None:
    measured = f'  outlast:rpsMeasuredOn: "{day}"\n' if day else ""
    (folder / f"Pulumi.{site}.yaml").write_text(f"config:\n  outlast:rpsPerReplica: 50\n{measured}")


def test_sites_that_nobody_measured_are_named(tmp_path: Path, warned: list[str]) -> None:
    for site, day in {"aws": "2026-11-29", "azure": ""}.items():
        write(tmp_path, site, day)
    (tmp_path / "Pulumi.gcp.yaml").write_text("config: [")
    say_unknown_capacity(settings(peak_rps=100.0), stacks=tmp_path)
    (text,) = warned
    assert "measured what azure, gcp can bear" in text
    assert "outlast capacity measure --site azure --write" in text


def test_a_peak_that_nobody_promised_is_said(tmp_path: Path, warned: list[str]) -> None:
    for site in ("aws", "azure", "gcp"):
        write(tmp_path, site, "2026-11-29")
    say_unknown_capacity(settings(peak_rps=None), stacks=tmp_path)
    (text,) = warned
    assert "no peak is promised" in text and "outlast:peakRps" in text


def test_what_is_known_needs_no_word(tmp_path: Path, warned: list[str]) -> None:
    for site in ("aws", "azure", "gcp"):
        write(tmp_path, site, "2026-11-29")
    say_unknown_capacity(settings(peak_rps=100.0), stacks=tmp_path)
    assert warned == []


def test_a_geography_s_name_without_a_certificate_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    sites = {
        name: KnownSite(name, name, "r", f"{name}.h", "192.0.2.1", "h", "", "", 1, geographies=geographies)
        for name, geographies in (("aws", ["eu"]), ("azure", ["world"]), ("gcp", []))
    }
    europe = Geography("eu", ("continent EU",), ("aws", "azure", "gcp", "absent"))
    say_unnamed_groups([europe], sites)
    (line,) = said
    assert line.startswith("azure, gcp cannot be reached by TLS as eu.<host>") and "outlast:geographies: [eu]" in line
    said.clear()
    say_unnamed_groups([Geography("eu", ("continent EU",), ("aws",))], sites)
    assert said == []


def test_sites_that_serve_different_models_are_told_with_the_way_out(warned: list[str]) -> None:
    sites = {name: known_site(name, digest) for name, digest in (("aws", "sha256:1"), ("gcp", "sha256:2"))}
    say_different_models(sites, {"aws": 10, "gcp": 10}, "traffic")
    (told,) = warned
    assert "aws: sha256:1…; gcp: sha256:2…" in told
    assert "hint: finish the release" in told and "stacks/Pulumi.traffic.yaml" in told


def test_one_model_needs_no_word_nor_does_a_site_that_takes_no_traffic(warned: list[str]) -> None:
    sites = {name: known_site(name, digest) for name, digest in (("aws", "sha256:1"), ("gcp", "sha256:2"))}
    say_different_models(sites, {"aws": 10}, "traffic")
    assert warned == []


def known_site(name: str, digest: str) -> KnownSite:
    return parse_site(site_output(name, model_digest=digest))
