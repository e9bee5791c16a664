"""`python -m infra.cost.guide`: writes the table of costs in docs/guides/deploy-for-real.md.

The table is of the committed stack files without a caller, so that it changes with them and with nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from infra.cost.estimate import Checks, Estimate, Load, estimate
from infra.cost.stacks import count_regions, read_deployment
from infra.models import ROOT, STACKS
from service.bundle.writing import write_whole

PAGE = ROOT / "docs" / "guides" / "deploy-for-real.md"
BEGIN, END = "<!-- costs: written by `make reference` -->\n", "<!-- end of costs -->\n"


def estimate_committed(folder: Path = STACKS) -> Estimate:
    """The committed deployment, without a caller."""
    config = yaml.safe_load((folder / "Pulumi.traffic.yaml").read_text())["config"]
    weights: Mapping[str, int] = config["outlast:weights"]
    regions = count_regions(config.get("outlast:checkerRegions", ()))
    checks = Checks(int(config["outlast:checkIntervalSeconds"]), regions, alarms="outlast:alertEmail" in config)
    return estimate(read_deployment(folder, weights).sites, checks, Load())


def render_table(found: Estimate) -> str:
    """What is due without a request as a table of Markdown, and what the health checkers' requests add."""
    standing = [line for line in found.lines if line.standing]
    rows = [f"| {x.where}: {x.what} | {x.formula} | {x.price} | {x.usd:.2f} |" for x in standing]
    caused = found.usd - found.standing_usd
    return "\n".join(
        [
            "| what | amount | each | a month |",
            "|---|---|---|---|",
            *rows,
            f"| **together, without a request** | | | **{found.standing_usd:.2f}** |",
            f"| the requests of Route 53's health checkers | | | {caused:.2f} |",
            "",
        ]
    )


def write_table(page: str, table: str) -> str:
    """The page with this table in the place of the one between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> int:
    """Write the page anew."""
    write_whole(PAGE, write_table(PAGE.read_text(), render_table(estimate_committed())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
