"""A command in the sandbox meets the sandbox alone: nothing of the person's own accounts leaks in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from failover.dial import Dial
from sandbox.command.environment import dial_of, load_cli, sandbox_environment
from sandbox.layout import Instance, Layout

ROOT = Path(__file__).resolve().parents[3]
INSTANCE = Instance(block="127.9.9", port_offset=20000, dns_port=15999, speed=10, token="secret")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    return Layout(tmp_path, tmp_path / ".sandbox")


def test_credentials_and_profiles_of_elsewhere_are_left_out(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AZURE_CLIENT_ID", "ARM_TENANT_ID", "GOOGLE_CREDENTIALS", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "somebody's own")
    monkeypatch.setenv("KEPT", "harmless")
    made = sandbox_environment(layout, INSTANCE, None)
    assert "somebody's own" not in made.values() and made["KEPT"] == "harmless"
    assert made["AWS_ENDPOINT_URL"].startswith("http://127.9.9.1:")
    assert made["OUTLAST_HOST"] == "api.outlast.example"


def test_the_clouds_apis_are_the_sandboxs_with_its_token(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLAST_AZURE_TOKEN", "a real one")
    made = sandbox_environment(layout, INSTANCE, None)
    for vendor in ("AZURE", "GOOGLE", "SANDBOX"):
        assert made[f"OUTLAST_{vendor}_ENDPOINT"].startswith("http://127.9.9.1:")
        assert made[f"OUTLAST_{vendor}_TOKEN"] == "secret"
    assert made["OUTLAST_ACME_DIRECTORY"] == "http://127.9.9.1:4567/acme/directory"


def test_a_dial_is_made_of_what_it_says(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    said = dial_of(layout, INSTANCE)
    assert said["OUTLAST_NAMESERVER"] == "127.9.9.53" and said["OUTLAST_SPEED"] == "10"
    assert Dial.from_environment({**said, "OUTLAST_CA_FILE": ""}) is not None


def test_before_the_first_up_no_pulumi_is_known(layout: Layout) -> None:
    assert load_cli(layout) is None
