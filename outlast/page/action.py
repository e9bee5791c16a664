"""One drill, drain or undrain at a time, as the command that a person would type, and what it said."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failover.drill.report import DEVIATED, INVALID, NOT_MEASURED, PASSED
from service.errors import InvalidInput, Refused

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "drill": ("drill", "now", "--clients", "2", "--lose"),
    "drain": ("drain", "--why", "pressed on the page"),
    "undrain": ("undrain",),
}
VERDICTS = (PASSED, DEVIATED, INVALID, NOT_MEASURED)


@dataclass
class Action:
    """What runs, or ran last. `environment` is read anew for each: the sandbox may have been brought up again."""

    root: Path
    environment: Callable[[], Mapping[str, str]]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _state: dict[str, Any] = field(default_factory=lambda: {"what": "", "site": "", "running": False, "said": ""})

    def state(self) -> dict[str, Any]:
        """What it is, of which site, whether it runs, and its last words."""
        with self._lock:
            return dict(self._state)

    def start(self, what: str, site: str) -> str:
        """Begin it. Raises InvalidInput for what it does not know, Refused while another runs."""
        if what not in COMMANDS:
            raise InvalidInput(f"no button does {what!r}", hint=f"one of {', '.join(COMMANDS)}")
        with self._lock:
            if self._state["running"]:
                raise Refused(f"{self._state['what']} of {self._state['site']} runs", hint="wait until it is done")
            self._state = {"what": what, "site": site, "running": True, "said": ""}
        threading.Thread(target=self._run, args=(what, site), name=f"page-{what}", daemon=True).start()
        return f"{what} of {site} begins"

    def _run(self, what: str, site: str) -> None:
        said = "it could not be started"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "outlast", *COMMANDS[what], site],
                cwd=self.root,
                env=dict(self.environment()),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            said = last_words(done.returncode, done.stdout, done.stderr)
        finally:
            with self._lock:
                self._state |= {"running": False, "said": said}


def last_words(code: int, output: str, errors: str) -> str:
    """Of what it printed what a person needs: a drill's verdict, an error with its hint, or the first line."""
    lines = [line.strip() for line in (output + "\n" + errors).splitlines() if line.strip()]
    verdict = [line for line in lines if line.partition(":")[0] in VERDICTS]
    told = [line for line in lines if line.startswith(("error:", "hint:"))]
    if verdict:
        return verdict[0]
    return " ".join(told) or f"left with {code}" if code else (lines or ["done"])[0]
