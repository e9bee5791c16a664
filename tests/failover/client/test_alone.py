"""The client can be taken out of this repository: it needs httpx, dnspython, and two modules beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.imports import imports_of

ROOT = Path(__file__).resolve().parents[3]
BESIDE = {"failover.connection", "failover.resolution"}
LIBRARIES = {"dns", "httpcore", "httpx"}  # httpcore comes with httpx


def test_the_client_imports_httpx_dnspython_and_two_modules_beside_it() -> None:
    paths = [*(ROOT / "failover/client").glob("*.py"), *(ROOT / f"{name.replace('.', '/')}.py" for name in BESIDE)]
    assert len(paths) > 10
    foreign = set[str]()
    for path in paths:
        for name in imports_of(path):
            top = name.partition(".")[0]
            own = name.startswith("failover.client") or name == "failover" or any(name.startswith(b) for b in BESIDE)
            if not own and top not in sys.stdlib_module_names and top not in LIBRARIES:
                foreign.add(name)
    assert foreign == set()


def test_nothing_else_of_ours_is_loaded() -> None:
    code = "import failover.client, sys; print(*sorted(m for m in sys.modules if m.partition('.')[0] == 'service'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
