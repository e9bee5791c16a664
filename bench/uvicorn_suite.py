"""`python -m bench.uvicorn_suite`: uvicorn's own HTTP tests against the class that serves the endpoint.

The tests come with the source distribution of the version that is pinned here; pip obtains it into a folder that is
removed again. What deviates on purpose is listed here with its reason; anything else that fails is a mistake.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import click

from bench.environments import ROOT
from service.command_line import CONTEXT, Command, say
from service.errors import Deviated, OutlastError, Unavailable

_DOWNLOAD_SECONDS = 300
_RUN_SECONDS = 300
_REFUSAL = "the refusal is a problem document, and waits for its turn among those who showed no key"
_UPGRADE = "an offer to upgrade is ignored without a warning: any caller could fill the log with it"

ON_PURPOSE: Mapping[str, str] = {
    "test_invalid_http": _REFUSAL,
    "test_invalid_http_request": _REFUSAL,
    "test_shutdown_during_idle": "one who has just connected is given half a second: his request is on the way",
    "test_unsupported_ws_upgrade_request_warn_on_auto": _UPGRADE,
    "test_header_upgrade_is_not_websocket_depend_installed": _UPGRADE,
    "test_header_upgrade_is_websocket_depend_not_installed": _UPGRADE,
    "test_huge_headers_httptools_will_pass": "a head over OUTLAST_MAX_HEADER_BYTES is refused, however it is cut",
    "test_huge_headers_httptools": "a head over OUTLAST_MAX_HEADER_BYTES is refused, however it is cut",
}
"""Test of uvicorn's -> why ours does otherwise."""


@dataclass(frozen=True)
class Outcome:
    """The tests of one run by how they ended; skipped ones need packages that are not installed here."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]

    @property
    def mistakes(self) -> list[str]:
        """What failed and is not listed."""
        return sorted(name for name in self.failed if _bare(name) not in ON_PURPOSE)

    @property
    def outdated(self) -> list[str]:
        """What is listed and did not fail."""
        return sorted(ON_PURPOSE.keys() - {_bare(name) for name in self.failed})


def _bare(name: str) -> str:
    return name.partition("[")[0]


def obtain(folder: Path) -> Path:
    """uvicorn's source distribution, unpacked into a folder. Raises Unavailable where it cannot be obtained."""
    wanted = f"uvicorn=={version('uvicorn')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "uvicorn", "--dest", str(folder), wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_DOWNLOAD_SECONDS)
        said = done.stderr.strip()[-500:]
    except subprocess.TimeoutExpired:
        said = f"nothing came within {_DOWNLOAD_SECONDS} s"
    archives = list(folder.glob("uvicorn-*.tar.gz"))
    if not archives:
        hint = "its tests are in its source distribution only; run this where pip reaches a package index"
        raise Unavailable(f"{wanted} cannot be downloaded: {said}", hint=hint)
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return archives[0].with_name(archives[0].name.removesuffix(".tar.gz"))


def run(source: Path) -> Outcome:
    """Run the suite with our class in the place of uvicorn's."""
    report = source / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bench.uvicorn_plugin", "-p", "no:cacheprovider"]
    command += ["-o", "addopts=", "-W", "ignore", f"--junitxml={report}", "tests/protocols/test_http.py"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)])}
    done = subprocess.run(
        command, cwd=source, env=environ, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS
    )
    if done.returncode not in (0, 1) or not report.exists():
        raise OutlastError(f"uvicorn's tests could not be run; last words:\n{(done.stdout + done.stderr)[-1500:]}")
    return read_report(report.read_text())


def read_report(text: str) -> Outcome:
    """What pytest's XML says."""
    found: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
    for name, ending in _endings(text):
        found[ending].add(name)
    return Outcome(*(frozenset(found[ending]) for ending in ("passed", "failed", "skipped")))


def _endings(text: str) -> Iterator[tuple[str, str]]:
    for case in ElementTree.fromstring(text).iter("testcase"):
        children = {child.tag: child for child in case}
        missing = "error" in children and "ModuleNotFoundError" in (children["error"].text or "")
        if missing or "skipped" in children:
            yield case.attrib["name"], "skipped"
        elif children.keys() & {"failure", "error"}:
            yield case.attrib["name"], "failed"
        else:
            yield case.attrib["name"], "passed"


def render(seen: Outcome) -> str:
    """The outcome in words: every deviation with its reason."""
    deviating = sorted({_bare(name) for name in seen.failed} & ON_PURPOSE.keys())
    lines = [
        f"uvicorn {version('uvicorn')}: {len(seen.passed)} tests pass, {len(seen.failed)} do not, "
        f"{len(seen.skipped)} need packages that are not installed here",
        *(f"on purpose: {name}: {ON_PURPOSE[name]}" for name in deviating),
        *(f"a mistake: {name}" for name in seen.mistakes),
        *(f"no deviation any more: {name}" for name in seen.outdated),
    ]
    return "\n".join(lines)


@click.command(cls=Command, context_settings=CONTEXT)
def main() -> None:
    """Run uvicorn's own HTTP tests against the endpoint's connection class. Leaves with 5 on an unlisted deviation."""
    with tempfile.TemporaryDirectory() as name:
        say(f"obtaining the source distribution of uvicorn {version('uvicorn')}")
        seen = run(obtain(Path(name)))
    click.echo(render(seen))
    if seen.mistakes or seen.outdated:
        raise Deviated("the deviations are not those that are listed in bench/uvicorn_suite.py")


if __name__ == "__main__":
    main(prog_name="python -m bench.uvicorn_suite")
