"""A page in a real browser, from disk: what it says on its console, what it asks the network for, how wide it is.

Needs Chromium (`apt-get install chromium`); tests that use it are skipped where there is none.
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
    hidden: [...document.querySelectorAll(".scroll")].filter(box => box.scrollWidth > box.clientWidth)
      .map(box => box.getAttribute("aria-label")),
    images: images.length, broken: images.filter(image => !image.complete || !image.naturalWidth).length,
  }));
}
addEventListener("load", measure);
addEventListener("resize", measure);
</script>"""
SIZES = {"desk": (1200, 900), "phone": (390, 844)}

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (apt-get install chromium)")


class Seen(NamedTuple):
    """What a browser said on its console, what the page asked the network for, and a picture of it."""

    console: list[str]
    requests: list[str]
    picture: np.ndarray


def open_page(page: str, folder: Path, size: tuple[int, int]) -> Seen:
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


def look_at(page: str, folder: Path, size: tuple[int, int]) -> dict[str, Any]:
    """What the page measured of itself. Asserts what holds for each page: no error, no request, something drawn."""
    seen = open_page(page.replace("</body>", f"{MEASURE}</body>"), folder, size)
    assert seen.console
    assert [words for words in seen.console if not words.startswith("measured ")] == []
    assert seen.requests == []
    assert seen.picture.shape[:2] == size[::-1]
    dark = (seen.picture[..., :3].mean(axis=-1) < 0.5).mean()
    assert 0.005 < dark < 0.5, "neither blank nor black"
    measured: dict[str, Any] = json.loads(seen.console[-1].removeprefix("measured "))
    assert measured["width"] <= measured["room"] == size[0], "wider than the window"
    assert measured["broken"] == 0
    return measured
