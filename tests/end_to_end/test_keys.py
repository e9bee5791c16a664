"""Keys in the sandbox: every site asks for one, and another one is put on all of them without a valid one refused."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from failover.dial import Dial
from sandbox.command.environment import dial_of
from service.bundle.folder import RELEASED, load_golden
from tests.end_to_end.conftest import HOST, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
SITES = ("aws", "azure", "gcp")
GOLDEN = load_golden(RELEASED / "tumour")
ASKED = ("/metrics", "/drift")


def asked(project: Project, site: str, path: str, key: str = "") -> httpx.Response:
    """What a site answers at its own address as the public host; a row is sent where one is asked for."""
    dial = Dial.from_environment(dial_of(project.layout, project.control.instance))
    address = dial.resolve(f"{site}.{HOST}").addresses[0]
    with dial.client(address=address, deadline_seconds=10.0) as http:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        if path == GOLDEN.path:
            body = GOLDEN.render_request(GOLDEN.rows[0])
            return http.post(
                f"https://{HOST}{path}", content=body, headers=headers | {"content-type": "application/json"}
            )
        return http.get(f"https://{HOST}{path}", headers=headers)


@pytest.mark.parametrize("site", SITES)
def test_a_site_asks_for_a_key_and_its_health_does_not(project: Project, site: str) -> None:
    key = project.inside()["OUTLAST_API_KEY"]
    for path in (GOLDEN.path, *ASKED):
        assert asked(project, site, path).status_code == 401, path
        assert asked(project, site, path, "olk_of-nobody").status_code == 401, path
        assert asked(project, site, path, key).status_code == 200, path
    for path in ("/health", "/livez") if site != "gcp" else ("/health",):
        assert asked(project, site, path).status_code == 200


def test_no_key_is_in_a_file_that_git_has_nor_in_a_plain_state(project: Project) -> None:
    """The key itself is in the sandbox's own file alone; what the sites have of it is encrypted in Pulumi's state."""
    key, receipts = project.inside()["OUTLAST_API_KEY"], json.loads((project.root / ".sandbox/keys.json").read_text())
    secrets = (key, receipts["outlast:receiptKeys"].partition(":")[2])
    folder = project.layout.pulumi_state / ".pulumi" / "stacks"
    states = [path for stack in ("zone", *SITES, "traffic") for path in folder.rglob(f"{stack}.json*")]
    assert len(states) >= 5
    for path in states:
        assert not any(secret in path.read_text() for secret in secrets), path
    assert _git(project, "status", "--porcelain", "--untracked-files=no") == []
    for name in _git(project, "ls-files", "--others", "--exclude-standard"):  # what other tests left there
        assert not any(secret.encode() in (project.root / name).read_bytes() for secret in secrets), name


def _git(project: Project, *words: str) -> list[str]:
    return project.run_in(project.environment(), "git", *words).stdout.splitlines()


@contextmanager
def load(project: Project, keys: list[str]) -> Iterator[Counter[tuple[str, int]]]:
    """Every site asked all the time with the last of `keys`; how often each answered what."""
    answers: Counter[tuple[str, int]] = Counter()
    ended = threading.Event()

    def ask(site: str) -> None:
        while not ended.wait(0.1):
            try:
                answers[site, asked(project, site, GOLDEN.path, keys[-1]).status_code] += 1
            except httpx.HTTPError:
                answers[site, 0] += 1

    threads = [threading.Thread(target=ask, args=(site,)) for site in SITES]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def rotate(project: Project, *words: str) -> dict[str, Any]:
    done = project.run("-m", "outlast", "keys", "rotate", *words, "--json", timeout_seconds=300.0)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_key_is_rotated_under_load_without_a_valid_one_refused(project: Project) -> None:
    keys = [project.inside()["OUTLAST_API_KEY"]]
    with load(project, keys) as answers:
        keys.append(rotate(project, "--overlap", "3600")["key"])
        before = sum(answers.values())
        project.wait_until(lambda: sum(answers.values()) > before + 60, "the new key being asked with")
    assert {site for site, code in answers if code == 200} == set(SITES)
    assert not any(code == 401 for _, code in answers), answers
    assert project.inside()["OUTLAST_API_KEY"] == keys[-1] != keys[0]
    for site in SITES:
        assert asked(project, site, GOLDEN.path, keys[0]).status_code == 200, "the overlap goes on"
