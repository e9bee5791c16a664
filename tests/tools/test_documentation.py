"""The documentation as a site: it builds without a warning, asks nobody else for anything, and is searched offline."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import BROWSER
from tools.documentation import ROOT, as_on_site

CDNS = {"https://unpkg.com/mermaid@11/dist/mermaid.min.js", "https://unpkg.com/resize-observer-polyfill"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make docs` builds, at another place."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


@pytest.mark.parametrize(
    ("source", "written", "shown"),
    [
        ("README.md", "[cost](docs/guides/cost.md#a)", "[cost](guides/cost.md#a)"),
        ("README.md", "[guides](docs/guides)", "[guides](guides/first-ten-minutes.md)"),
        ("docs/guides/cost.md", "[read](../../README.md)", "[read](../index.md)"),
        ("docs/guides/cost.md", "[file](../../stacks/Pulumi.aws.yaml)", "[file](../files/stacks/Pulumi.aws.yaml.txt)"),
        ("docs/guides/cost.md", "[beside](keys.md)", "[beside](keys.md)"),
        ("docs/guides/cost.md", "[far](https://example.com/)", "[far](https://example.com/)"),
        ("docs/guides/cost.md", "[here](#there)", "[here](#there)"),
        ("docs/guides/cost.md", "```\n[code](../../README.md)\n```", "```\n[code](../../README.md)\n```"),
        ("docs/guides/cost.md", "Three:\n* one\n* two\n", "Three:\n\n* one\n* two\n"),
        ("docs/guides/cost.md", "* one\n  goes on\n* two\n", "* one\n  goes on\n* two\n"),
    ],
)
def test_a_page_of_the_repository_is_a_page_of_the_site(source: str, written: str, shown: str) -> None:
    assert as_on_site(written, source) == shown


@pytest.mark.slow
def test_every_page_is_on_the_site(site: Path) -> None:
    pages = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (site / page).is_file()} == set()
    assert "Run one trained classifier" in (site / "index.html").read_text()
    assert "outlast:kind" in (site / "files" / "stacks" / "Pulumi.aws.yaml.txt").read_text()


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {page: page.read_text() for page in site.rglob("*.html")}
    loads = r"""<(?:script|img|iframe|source|link|form)\b[^>]*\b(?:src|srcset|href|action)=["']?(?:https?:)?//[^>]*"""
    assert {str(page): re.findall(loads, text) for page, text in pages.items() if re.search(loads, text)} == {}
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert re.findall(r"""(?:url\(|@import )\s*["']?(?:https?:)?//[^)]*""", styles) == []
    # The theme's script knows a CDN for pages with a Mermaid diagram and for browsers before 2020, and it asks GitHub
    # where a page names a repository: there is no such page. Whatever else it would come to know has to be looked at.
    scripts = "".join(script.read_text() for script in (site / "assets").rglob("*.js"))
    assert set(re.findall(r"""["'](https?://[^"']+)["']""", scripts)) == CDNS
    assert [page for page, text in pages.items() if 'class="mermaid"' in text or 'component="source"' in text] == []


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed (`apt-get install chromium`)")
def test_the_search_works_from_the_disk(site: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto((site / "index.html").as_uri())
        page.locator("input.md-search__input").press_sequentially("certificates")
        expect(page.locator(".md-search-result__meta")).to_contain_text("matching documents")
        expect(page.locator("a.md-search-result__link[href*='guides/certificates.html']").first).to_be_attached()
        browser.close()
    assert [address for address in asked if not address.startswith(("file:", "about:", "data:"))] == []
    assert said == []
