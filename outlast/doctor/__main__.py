"""`python3 -m outlast.doctor`: the look at this machine alone, while there is no environment for the command itself."""

from __future__ import annotations

import sys
from pathlib import Path

from outlast.doctor.checks import count_wrong, render, run_checks
from outlast.doctor.machine import REQUIRED, Machine, checks


def main(root: Path) -> int:
    """Print what is there and what is missing; 4, as the command itself, where something that is needed is."""
    findings = run_checks(checks(Machine(root)))
    sys.stdout.write("\n".join(render(findings)) + "\n")
    return 4 if count_wrong(findings, REQUIRED) else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
