"""`outlast serve --site`: the stack's file as the server's variables, and what the sandbox adds to rehearse it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.models import ROOT
from infra.settings.kinds import PrivateSettings
from outlast.private_site import prepare, read_private_site, variables_of
from sandbox.layout import Instance, Layout
from sandbox.network.certificates import KeyPair
from service.bundle.folder import RELEASED, read_digest
from service.errors import InvalidInput
from service.server.settings.table import Settings
from tests.infra.harness import KEYS

INSTANCE = Instance(block="127.9.9", port_offset=20000, dns_port=15999, speed=10, token="secret")
DIGEST = read_digest(RELEASED / "tumour")
FILE = {
    "aws:allowedAccountIds": ["000000000000"],
    "aws:region": "us-east-1",
    "outlast:kind": "private",
    "outlast:zone": "zone",
    "outlast:region": "hall-2",
    "outlast:address": "127.9.9.62",
    "outlast:capacityRps": 100,
    "outlast:models": [f"tumour@{DIGEST}"],
    "outlast:geographies": ["eu"],
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the stacks that are committed and one of the kind private, and a sandbox's identity."""
    monkeypatch.delenv("OUTLAST_STATE", raising=False)
    (tmp_path / "stacks").mkdir()
    for path in (ROOT / "stacks").glob("Pulumi.*.yaml"):
        (tmp_path / "stacks" / path.name).write_text(path.read_text())
    write(tmp_path)
    Layout.of(tmp_path).save_instance(INSTANCE)
    return tmp_path


def write(root: Path, **changed: Any) -> None:
    config = FILE | {f"outlast:{key}": value for key, value in changed.items()}
    (root / "stacks" / "Pulumi.own.yaml").write_text(yaml.safe_dump({"config": config}))


def test_a_server_is_the_site_and_serves_what_is_pinned(root: Path) -> None:
    found = prepare("own", {}, root)
    assert found == {"OUTLAST_SITE": "own", "OUTLAST_MODEL_DIGESTS": json.dumps({"tumour": DIGEST})}


def test_the_file_goes_before_the_environment_and_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = variables_of(read_private_site(root, "own"), {"OUTLAST_SITE": "another"})
    assert found["OUTLAST_SITE"] == "own" and "OUTLAST_SITE: the stack's file says it" in capsys.readouterr().err


def test_in_the_sandbox_it_is_a_whole_server(root: Path) -> None:
    keys = root / "keys.json"
    keys.write_text(json.dumps(KEYS))
    environ = {"OUTLAST_SANDBOX_ENDPOINT": "http://127.9.9.1:4567", "OUTLAST_STACK_KEYS": str(keys)}
    settings = Settings.from_environment(environ | prepare("own", environ, root))
    assert (settings.site, settings.host, settings.port) == ("own", "127.9.9.62", 20443)
    assert settings.tls_certificate is not None and settings.tls_key is not None
    names = KeyPair(settings.tls_certificate, settings.tls_key).names
    assert names == ("api.outlast.example", "own.api.outlast.example", "eu.api.outlast.example")


def test_without_a_sandbox_nothing_is_rehearsed(root: Path) -> None:
    Layout.of(root).instance_file.unlink()
    assert "PORT" not in prepare("own", {"OUTLAST_SANDBOX_ENDPOINT": "http://127.9.9.1:4567"}, root)


def test_an_address_of_elsewhere_cannot_be_rehearsed(root: Path) -> None:
    write(root, address="8.8.8.8")
    with pytest.raises(InvalidInput, match="none of this sandbox's addresses") as refused:
        prepare("own", {"OUTLAST_SANDBOX_ENDPOINT": "http://127.9.9.1:4567"}, root)
    assert refused.value.hint == "write 127.9.9.62 to rehearse"


def test_a_site_of_a_cloud_is_not_served_here(root: Path) -> None:
    with pytest.raises(InvalidInput, match="its cloud runs it"):
        read_private_site(root, "zone")


def test_the_settings_are_a_private_site_s(root: Path) -> None:
    assert isinstance(read_private_site(root, "own"), PrivateSettings)
