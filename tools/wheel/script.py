"""The command `outlast-failover`, which is `python -m failover` under a name of its own."""

from __future__ import annotations

import sys


def main() -> None:
    """Run it; without the extra `drill`, say so."""
    try:
        from failover.__main__ import main as run
    except ModuleNotFoundError as missing:
        sys.exit(f"error: the drills need {missing.name}\nhint: pip install 'outlast-failover[drill]'")
    run(prog_name="outlast-failover")
