"""`outlast serve`: the server's own command; with --site in the environment of that site, without a caller's key."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from outlast import private_site
from outlast.serve import serve
from service.server.commands import serve_command


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str | None]]:
    """What the server was started with, each time."""
    found: list[dict[str, str | None]] = []

    def start(check: bool) -> None:
        variables = {name: os.environ.get(name) for name in ("OUTLAST_SITE", "OUTLAST_API_KEY")}
        found.append({"check": str(check), **variables})

    monkeypatch.setattr(serve_command, "callback", start)
    monkeypatch.setattr(private_site, "prepare", lambda stack, environ: {"OUTLAST_SITE": stack})
    for name, value in (("OUTLAST_SITE", "before"), ("OUTLAST_API_KEY", "olk_x")):
        monkeypatch.setenv(name, value)  # and what the command changes is put back
    return found


def test_without_a_site_the_environment_is_left_as_it_is(seen: list[dict[str, str | None]]) -> None:
    assert CliRunner().invoke(serve, []).exit_code == 0
    assert seen == [{"check": "False", "OUTLAST_SITE": "before", "OUTLAST_API_KEY": "olk_x"}]


def test_with_a_site_the_server_is_that_site(seen: list[dict[str, str | None]]) -> None:
    assert CliRunner().invoke(serve, ["--site", "prod-private", "--check"]).exit_code == 0
    assert seen == [{"check": "True", "OUTLAST_SITE": "prod-private", "OUTLAST_API_KEY": None}]


def test_a_server_without_a_site_carries_nothing_of_stacks() -> None:
    code = "import sys, outlast.serve; print(sorted({'infra', 'sandbox'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
