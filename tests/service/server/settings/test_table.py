"""The settings: all mistakes together, nothing half understood, and every one of them in the reference."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.server.settings.table import SETTINGS, Settings
from tests.service.server.harness import ROOT, api_keys

OPEN = {"OUTLAST_AUTH": "off"}


def _mistakes(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        Settings.from_environment(environ)
    return {mistake.place: f"{mistake.what} {mistake.hint}" for mistake in caught.value.mistakes}


def test_the_defaults_need_one_decision_only() -> None:
    assert "OUTLAST_AUTH=off" in _mistakes({})["OUTLAST_API_KEYS"]
    settings = Settings.from_environment(OPEN)
    assert (settings.port, settings.host, settings.site, settings.auth) == (8080, "0.0.0.0", "local", False)
    assert Settings.from_environment({"OUTLAST_API_KEYS": api_keys()}).auth


def test_an_empty_variable_is_an_absent_one() -> None:
    assert Settings.from_environment({**OPEN, "PORT": "", "OUTLAST_SITE": " "}).port == 8080


def test_every_mistake_is_reported_at_once() -> None:
    environ = {
        "PORT": "99999",
        "OUTLAST_HOST_BIND": "localhost",
        "OUTLAST_SITE": "a b",
        "OUTLAST_AUTH": "no",
        "OUTLAST_MAX_ROWS": "many",
        "OUTLAST_QUEUE_MILLISECONDS": "nan",
        "OUTLAST_HEALTH_ERROR_RATIO": "1.5",
        "OUTLAST_RECEIPT_KEYS": "k1:abc",
        "OUTLAST_MODEL_DIGESTS": '{"tumour": "latest"}',
        "OUTLAST_FAULTS": "http://example.test/flag",
        "OUTLAST_LOG_LEVEL": "loud",
        "OUTLAST_AUDIT_DIR": "/nowhere",
        "OUTLAST_TLS_KEY": "/nowhere/key.pem",
        "OUTLAST_MAX_ROW": "3",
    }
    found = _mistakes(environ)
    # The key is given without its certificate as well: what only two variables show is told with the rest.
    assert set(found) == {*environ, "OUTLAST_TLS_CERTIFICATE"}
    assert "did you mean OUTLAST_MAX_ROWS?" in found["OUTLAST_MAX_ROW"]


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ("{", "OUTLAST_API_KEYS"),
        ("{}", "OUTLAST_API_KEYS"),
        ("[1]", "OUTLAST_API_KEYS [0]"),
        ('[{"name": "a"}]', "OUTLAST_API_KEYS [0]"),
        ('[{"name": "a", "sha256": "AB"}]', "OUTLAST_API_KEYS [0]"),
        (json.dumps([{"name": "a", "sha256": "0" * 64, "rps": 0}]), "OUTLAST_API_KEYS [0]"),
        (json.dumps([{"name": "a", "sha256": "0" * 64, "rps": True}]), "OUTLAST_API_KEYS [0]"),
        (json.dumps([{"name": "a", "sha256": "0" * 64, "not_after": "2030-01-01"}]), "OUTLAST_API_KEYS [0]"),
        (json.dumps([{"name": "a", "sha256": "0" * 64, "rsp": 1}]), "OUTLAST_API_KEYS [0]"),
        (json.dumps([{"name": "a", "sha256": "0" * 64}] * 65), "OUTLAST_API_KEYS"),
    ],
)
def test_a_wrong_key_is_named_by_its_place(keys: str, place: str) -> None:
    assert place in _mistakes({"OUTLAST_API_KEYS": keys})


def test_keys_may_come_from_a_file_but_not_from_both(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(api_keys())
    assert Settings.from_environment({"OUTLAST_API_KEYS_FILE": str(path)}).api_keys[0].name == "tests"
    assert "OUTLAST_API_KEYS" in _mistakes({"OUTLAST_API_KEYS_FILE": str(path), "OUTLAST_API_KEYS": api_keys()})
    path.write_bytes(b"\x7fELF\xff")
    assert "is not text" in _mistakes({"OUTLAST_API_KEYS_FILE": str(path)})["OUTLAST_API_KEYS_FILE"]


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"OUTLAST_METRICS_AUTH": "key"}, "OUTLAST_METRICS_AUTH"),
        ({"OUTLAST_TLS_CERTIFICATE": __file__}, "OUTLAST_TLS_CERTIFICATE"),
        ({"OUTLAST_TLS_CERTIFICATE": __file__, "OUTLAST_TLS_KEY": __file__}, "OUTLAST_TLS_CERTIFICATE"),
        ({"OUTLAST_DRILLS": "on"}, "OUTLAST_DRILLS"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(environ: dict[str, str], place: str) -> None:
    assert place in _mistakes({**OPEN, **environ})


def test_a_secret_is_never_in_a_message_or_a_repr() -> None:
    secret = "ab" * 31
    assert secret not in str(_mistakes({**OPEN, "OUTLAST_RECEIPT_KEYS": f"k1:{secret}"}))
    assert secret not in repr(Settings.from_environment({**OPEN, "OUTLAST_RECEIPT_KEYS": f"k1:{secret}ab"}))


def test_the_command_prints_every_mistake_and_leaves_with_2() -> None:
    command = [sys.executable, "-m", "service", "serve"]
    environ = {"PORT": "x", "OUTLAST_AUTH": "maybe"}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2
    assert "PORT: is 'x'" in run.stderr
    assert "OUTLAST_AUTH: is 'maybe'" in run.stderr
    assert run.stdout == ""


def test_every_setting_is_in_the_reference_and_in_help() -> None:
    reference = (ROOT / "docs" / "reference" / "server.md").read_text()
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        assert f"| `{setting.name}` | {default} | {setting.meaning} |" in reference
