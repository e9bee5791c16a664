"""The report in a real browser, from disk: no error, nothing fetched, every picture drawn, no wider than a phone.

Needs Chromium (`apt-get install chromium`); skipped where there is none.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from matplotlib.image import imread

from service.evaluation.findings import Findings
from service.evaluation.report import render_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps", "--hide-scrollbars"),
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the browser's own requests leave the machine no more than the page's
)
# Told to the console by the page itself, so a console that is not heard fails the test as well. A window opens no
# narrower than 500 points: the size asked for comes with the picture.
MEASURE = """<script>
function measure() {
  const images = [...document.images];
  console.log("measured " + JSON.stringify({
    room: innerWidth, width: document.documentElement.scrollWidth,
    images: images.length, broken: images.filter(image => !image.complete || !image.naturalWidth).length,
  }));
}
addEventListener("load", measure);
addEventListener("resize", measure);
</script>"""
SIZES = {"desk": (1280, 900), "phone": (390, 844)}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (apt-get install chromium)"),
]


class Seen(NamedTuple):
    """What a browser said on its console, what the page asked the network for, and a picture of it."""

    console: list[str]
    requests: list[str]
    picture: np.ndarray


def _open(page: str, folder: Path, size: tuple[int, int]) -> Seen:
    document, network, picture = folder / "page.html", folder / "network.json", folder / "page.png"
    document.write_text(page, encoding="utf-8")
    command = [
        *(str(BROWSER), *QUIET, f"--user-data-dir={folder / 'profile'}", "--window-size={},{}".format(*size)),
        *(f"--log-net-log={network}", "--enable-logging=stderr", f"--screenshot={picture}", document.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    console = re.findall(r':CONSOLE[:(].*?"(.*)", source: ', done.stderr)
    return Seen(console, _read_requests(json.loads(network.read_bytes())), imread(picture))


def _read_requests(log: dict[str, Any]) -> list[str]:
    """The addresses that pages asked for; what the browser asks for by itself has no origin."""
    started = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event["params"] for event in log["events"] if event["type"] == started and "params" in event]
    return [said["url"] for said in asked if said.get("initiator", "not an origin") != "not an origin"]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("problem", ["tumour", "three"])
def test_the_report_opens_without_error_or_network(
    problem: str, size: tuple[int, int], findings: Findings, three_report: str, tmp_path: Path
) -> None:
    page = render_report(findings) if problem == "tumour" else three_report
    seen = _open(page.replace("</body>", f"{MEASURE}</body>"), tmp_path, size)
    assert seen.console
    assert [words for words in seen.console if not words.startswith("measured ")] == []
    measured = json.loads(seen.console[-1].removeprefix("measured "))
    assert measured["width"] <= measured["room"] == size[0], "wider than the window"
    assert measured["images"] == page.count("<img ")
    assert measured["broken"] == 0
    assert seen.requests == []
    assert seen.picture.shape[:2] == size[::-1]
    dark = (seen.picture[..., :3].mean(axis=-1) < 0.5).mean()
    assert 0.005 < dark < 0.5, "neither blank nor black"


def test_a_page_with_an_error_and_a_request_is_found_out(tmp_path: Path) -> None:
    seen = _open('<img src="http://127.0.0.1:9/x.png"><script>missing()</script>', tmp_path, SIZES["phone"])
    assert seen.requests == ["http://127.0.0.1:9/x.png"]
    assert "missing is not defined" in seen.console[0]
