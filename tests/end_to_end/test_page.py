"""The page in a real Chromium: a drill that is pressed there moves the picture and back; axe finds nothing; one row.

`PICTURES=docs/guides/pictures` writes what was seen before, during and after into that folder, at both widths.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
import pytest

from failover.drill.route53 import build_client
from outlast.page import account
from tests.browser import BROWSER, SIZES, needs_browser
from tests.end_to_end.conftest import HOST, Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync"),
)
Scheme = Literal["dark", "light"]
SITE = "aws"
# The last answer of the client that honours TTLs: it follows DNS, where others hold on to a lost site for longer.
FOLLOWS = """site => [...document.querySelectorAll("#clients tr")].some(row =>
  row.cells[0].textContent === "honours the TTL" && (row.cells[1].textContent === site[0]) === site[1])"""
SAYS = "([id, words]) => words.some(word => document.getElementById(id).textContent.includes(word))"


@pytest.fixture(scope="module")
def link(project: Project) -> str:
    """What `make up` prints; nothing serves it before somebody opens it."""
    found: str = project.status()["page"]
    assert project.run("-m", "outlast", "page").stdout == f"{found}\n"
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # only where there is a browser: it takes a while to import

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=list(QUIET))
        yield opened
        opened.close()


@needs_browser
def test_a_drill_that_is_pressed_moves_the_picture_and_back(link: str, browser: Browser) -> None:
    said: list[str] = []
    desk, phone = (_open(browser, link, size, said) for size in ("desk", "phone"))
    desk.wait_for_function(FOLLOWS, arg=[SITE, True], timeout=60_000)
    _look(desk, phone, "before")

    desk.get_by_role("button", name=f"Drill: {SITE}").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_function(SAYS, arg=["drill", [f"{SITE}: moved", f"{SITE}: restore"]], timeout=60_000)
    desk.wait_for_function(FOLLOWS, arg=[SITE, False], timeout=30_000)
    assert "nine of ten drills like this" in desk.inner_text("#drill")
    _picture(desk, phone, "during")

    desk.wait_for_function(SAYS, arg=["action", ["passed", "deviated", "invalid"]], timeout=60_000)
    desk.wait_for_function(FOLLOWS, arg=[SITE, True], timeout=60_000)
    assert desk.inner_text("#drill") == "none runs"
    _look(desk, phone, "after")

    desk.get_by_role("button", name="Send").click()
    desk.wait_for_function(SAYS, arg=["answer", ["malignant (", "benign ("]], timeout=20_000)
    desk.wait_for_function(SAYS, arg=["proof", ["audit record"]], timeout=20_000)
    assert "receipt" in desk.inner_text("#proof")
    assert said == []
    desk.close()
    phone.close()


@needs_browser
def test_a_cloud_that_is_lost_on_the_page_is_given_back_there(link: str, browser: Browser, project: Project) -> None:
    page = _open(browser, link, "desk", [])
    page.get_by_role("button", name=f"Lose this cloud: {SITE}").click()
    try:
        page.wait_for_function(SAYS, arg=["alarms", [f"{SITE}: "]], timeout=20_000)
        assert [fault["site"] for fault in project.status()["faults"]] == [SITE]
    finally:
        page.get_by_role("button", name=f"Give it back: {SITE}").click()
        page.wait_for_function(SAYS, arg=["said", ["is given back"]], timeout=20_000)
    assert project.status()["faults"] == []
    page.close()


@needs_browser
def test_without_the_token_the_page_shows_and_does_nothing(link: str, browser: Browser) -> None:
    page = _open(browser, link.partition("#")[0], "phone", [])
    assert page.get_by_role("button").count() > 3
    assert all(button.is_disabled() for button in page.get_by_role("button").all())
    page.close()


def test_a_port_of_ones_own_is_served_until_ctrl_c(project: Project) -> None:
    command = [project.python, "-m", "outlast", "page", "--port", "0"]
    server = subprocess.Popen(
        command, cwd=project.root, env=project.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        assert httpx.get(server.stdout.readline().strip()).status_code == 200
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=20)
        assert (server.returncode, errors) == (0, "Ctrl-C ends it\n")
    finally:
        server.kill()
        server.communicate()


def test_of_real_accounts_it_is_the_same_and_every_call_only_reads(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = project.inside()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    called: list[str] = []
    client = build_client()
    client.meta.events.register("before-call.route53", lambda model, **_: called.append(model.name))
    monkeypatch.setattr(account, "build_client", lambda: client)
    real = account.open_account(HOST, environ, account.Options(may_predict=True))
    view = real.view()
    assert {(site["name"], site["health"], len(site["regions"])) for site in view["sites"]} == {
        (site, "healthy", 8) for site in ("aws", "azure", "gcp")
    }
    assert all(site["digest"].startswith("sha256:") and site["ready"] and site["memory_mb"] for site in view["sites"])
    assert view["alarms"] == [] and view["zone"]["ttl_seconds"] == 30
    assert {one.partition("'")[0] for one in view["unread"]} <= {"aws", "azure", "gcp", "traffic"}, "none waits"
    assert real.act("drill", "aws") == f"type: outlast drill now --lose aws --host {HOST}"
    assert real.predict(real.example()["row"])["receipt"]
    assert len(called) > 5 and {name for name in called if not name.startswith(("Get", "List"))} == set()


@needs_browser
def test_the_page_of_real_accounts_shows_what_each_cloud_measures(
    link: str, browser: Browser, project: Project
) -> None:
    command = [project.python, "-m", "outlast", "watch", "--page", "--host", HOST]
    server = subprocess.Popen(command, cwd=project.root, env=project.inside(), stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    said: list[str] = []
    try:
        played = _open(browser, link, "desk", said)  # whose clients ask as long as it is open
        own = server.stdout.readline().strip()
        desk, phone = (_open(browser, own, size, said) for size in ("desk", "phone"))
        for service in ("CloudWatch", "Azure Monitor", "Cloud Monitoring"):
            desk.get_by_text(f"{service}, minute of").wait_for(timeout=30_000)
        desk.wait_for_function(SAYS, arg=["legend", [f"{SITE} {number}" for number in range(1, 100)]], timeout=30_000)
        phone.get_by_text("CloudWatch, minute of").wait_for(timeout=30_000)
        assert desk.inner_text("#unread") == ""
        if "PICTURES" in os.environ:
            desk.wait_for_timeout(30_000)  # a picture of half a minute says more
        _look(desk, phone, "account")
        assert said == []
        for page in (played, desk, phone):
            page.close()
    finally:
        server.kill()
        server.communicate()


def test_the_same_is_in_a_terminal(project: Project) -> None:
    shown = project.run("-m", "outlast", "watch", "--plain", "--looks", "2").stdout
    sites = {line.split()[1] for line in shown.splitlines() if ": healthy, weight" in line}
    assert sites == {"aws:", "azure:", "gcp:"}, shown


def _open(browser: Browser, link: str, size: str, said: list[str]) -> Page:
    """The page once it shows the sites; what it says on its console is added to `said`. The phone is a dark one."""
    width, height = SIZES[size]
    scheme = "dark" if size == "phone" else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(link)
    page.get_by_role("article").first.wait_for(timeout=20_000)
    return page


def _look(desk: Page, phone: Page, when: str) -> None:
    """Nothing is wider than its window, and nobody is shut out; in each colour scheme."""
    from axe_playwright_python.sync_playwright import Axe

    light_last: list[Scheme] = ["dark", "light"]
    for page, schemes in ((desk, light_last), (phone, light_last[::-1])):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    _picture(desk, phone, when)


def _picture(desk: Page, phone: Page, when: str) -> None:
    if folder := os.environ.get("PICTURES"):
        for page, name in ((desk, "desk"), (phone, "phone")):
            page.screenshot(path=Path(folder) / f"page-{when}-{name}.png", full_page=True)
