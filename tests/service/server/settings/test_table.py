"""The settings: all mistakes together, nothing half understood, and every one of them in the reference."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.server.http.run import describe_start
from service.server.settings.table import SETTINGS, Settings, find_mistakes, render_rows
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
    assert {place.partition(" [")[0] for place in found} == {*environ, "OUTLAST_TLS_CERTIFICATE"}
    assert "did you mean OUTLAST_MAX_ROWS?" in found["OUTLAST_MAX_ROW"]


def test_keys_may_come_from_a_file_but_not_from_both(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(api_keys())
    assert Settings.from_environment({"OUTLAST_API_KEYS_FILE": str(path)}).api_keys[0].name == "tests"
    assert "OUTLAST_API_KEYS" in _mistakes({"OUTLAST_API_KEYS_FILE": str(path), "OUTLAST_API_KEYS": api_keys()})
    path.write_bytes(b"\x7fELF\xff")
    assert "is not text" in _mistakes({"OUTLAST_API_KEYS_FILE": str(path)})["OUTLAST_API_KEYS_FILE"]


@pytest.mark.parametrize(
    ("environ", "asks"),
    [
        ({"OUTLAST_API_KEYS": api_keys()}, True),
        ({"OUTLAST_API_KEYS": api_keys(), "OUTLAST_METRICS_AUTH": "open"}, False),
        ({"OUTLAST_API_KEYS": api_keys(), "OUTLAST_METRICS_AUTH": "key"}, True),
        (OPEN, False),
        ({**OPEN, "OUTLAST_METRICS_AUTH": " "}, False),
    ],
)
def test_the_metrics_ask_for_a_key_where_predictions_do_unless_they_are_opened(
    environ: dict[str, str], asks: bool
) -> None:
    assert Settings.from_environment(environ).metrics_auth is asks


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


SECRET = "ab" * 31
RECEIPT_KEY = f"k1:{SECRET}ab"


@pytest.mark.parametrize("field", [field for field, setting in SETTINGS.items() if setting.secret])
def test_a_secret_is_in_no_message_no_repr_and_no_line_at_start(field: str) -> None:
    wrong = {"api_keys": f'["{SECRET}"', "receipt_keys": SECRET, "faults": f"http://flags.test/?sig={SECRET}"}
    right = {
        "api_keys": f'[{{"name": "a", "sha256": "{SECRET}ab"}}]',
        "receipt_keys": RECEIPT_KEY,
        "faults": f"https://flags.test/one?sig={SECRET}",
    }
    name = SETTINGS[field].name
    assert SECRET not in str(_mistakes({**OPEN, name: wrong[field]}))
    settings = Settings.from_environment({**OPEN, "OUTLAST_DRILLS": "on", "OUTLAST_FAULTS": "flag", name: right[field]})
    assert settings.given[name] == "(secret)"
    assert SECRET not in str(describe_start(settings, 8080))
    assert SECRET not in repr(settings)


def test_the_start_names_what_is_not_at_its_default() -> None:
    settings = Settings.from_environment({**OPEN, "OUTLAST_MAX_ROWS": "9", "OUTLAST_SITE": "local", "PATH": "/bin"})
    assert settings.given == {"OUTLAST_AUTH": "off", "OUTLAST_MAX_ROWS": "9"}
    assert "settings: OUTLAST_AUTH=off, OUTLAST_MAX_ROWS=9; every other has its default" in describe_start(settings, 1)


def test_a_containers_variables_are_checked_without_the_containers_files() -> None:
    elsewhere = {
        "OUTLAST_API_KEYS_FILE": "/run/secrets/keys.json",
        "OUTLAST_MODELS": "/opt/models",
        "OUTLAST_AUDIT_DIR": "/var/audit",
        "OUTLAST_TLS_CERTIFICATE": "/run/secrets/chain.pem",
        "OUTLAST_TLS_KEY": "/run/secrets/key.pem",
    }
    assert find_mistakes(elsewhere) == []
    places = [mistake.place for mistake in find_mistakes({"OUTLAST_MAX_ROWS": "many", "OUTLAST_DRILL": "on"})]
    assert places == ["OUTLAST_MAX_ROWS", "OUTLAST_API_KEYS", "OUTLAST_DRILL"]
    with pytest.raises(InvalidInput) as caught:
        Settings.from_environment(elsewhere)
    assert [mistake.place for mistake in caught.value.mistakes] == [
        "OUTLAST_MODELS",
        "OUTLAST_API_KEYS_FILE",
        "OUTLAST_AUDIT_DIR",
        "OUTLAST_TLS_CERTIFICATE",
        "OUTLAST_TLS_KEY",
    ]


def test_the_check_loads_nothing_of_the_server_that_serves() -> None:
    """A stack's program asks it, where numpy and the HTTP server may be missing and a start must be quick."""
    program = "import sys, service.server.settings.table; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "service.server.settings.table" in loaded
    assert not loaded & {"numpy", "onnxruntime", "uvicorn", "starlette", "asyncio", "ssl", "service.server.runtime"}


def test_the_command_prints_every_mistake_and_leaves_with_2() -> None:
    command = [sys.executable, "-m", "service", "serve"]
    environ = {"PORT": "x", "OUTLAST_AUTH": "maybe"}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2
    assert "PORT: is 'x'" in run.stderr
    assert "OUTLAST_AUTH: is 'maybe'" in run.stderr
    assert run.stdout == ""


def test_the_reference_holds_the_table_and_nothing_else() -> None:
    """To accept a change: write what `render_rows()` returns between the two marks of docs/reference/server.md."""
    reference = (ROOT / "docs" / "reference" / "server.md").read_text()
    table = reference.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert table.splitlines()[2:] == render_rows().splitlines()


def test_every_field_of_the_settings_is_a_variable() -> None:
    assert set(SETTINGS) == {field.name for field in dataclasses.fields(Settings)} - {"given"}
    names = [setting.name for setting in SETTINGS.values()]
    assert len(set(names)) == len(names) > 30


_ABSURD = {
    "digits": "1" * 1_000_000,
    "signed": "-" + "9" * 5_000,
    "letters": "é" * 1_000_000,
    "path": "/" + "d" * 3_000,
    "scheme": "s" * 4_000 + "://",
    "nested": "[" * 100_000,
    "list": "[" + "1," * 50_000 + "1]",
    "entries": '[{"name": "a", "sha256": "' + "0" * 64 + '", "rps": 1' + "0" * 400 + "}]",
    "fields": '[{"' + "f" * 100_000 + '": 1}]',
    "commas": "a," * 60_000,
}


@pytest.mark.parametrize("text", _ABSURD.values(), ids=_ABSURD)
def test_a_setting_of_absurd_length_is_a_short_mistake(text: str) -> None:
    """Of each setting in turn: either it is taken, or what is said of it fits on a screen and does not repeat it."""
    refused = set()
    for setting in SETTINGS.values():
        try:
            Settings.from_environment({**OPEN, setting.name: text})
        except InvalidInput as error:
            refused |= {setting.name for mistake in error.mistakes if mistake.place.startswith(setting.name)}
            assert len(str(error)) < 1_000
    assert {"PORT", "OUTLAST_SITE", "OUTLAST_AUTH", "OUTLAST_API_KEYS", "OUTLAST_RECEIPT_KEYS"} <= refused


def test_a_file_of_keys_of_absurd_length_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("[" + " " * 2_000_000 + "]")
    said = _mistakes({"OUTLAST_API_KEYS_FILE": str(path)})["OUTLAST_API_KEYS_FILE"]
    assert "is over 1,000,000 bytes long" in said and len(said) < 500


def test_a_variable_of_absurd_name_or_number_of_them_is_no_burden() -> None:
    environ = {**OPEN, "OUTLAST_" + "X" * 1_000_000: "1", "PORT": "x" * 4096}
    assert set(_mistakes(environ)) == {"PORT"}
