"""Shared dashboards of Azure's portal: checked as far as Azure documents what is inside one."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.azure.common import REGION, common_outputs, in_group
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Mistake, Range, Text, because, values_at
from sandbox.clouds.values import Values

DASHBOARD = "azure-native:portal:Dashboard"

_API = "Microsoft.Portal/dashboards"
_PARTS = "properties.lenses[].parts[]"


def _orders(inputs: Values) -> Iterator[Mistake]:
    """Microsoft.Portal/dashboards, DashboardLens.order: each lens has a place of its own."""
    orders = [order for _, order in values_at(inputs, "properties.lenses[].order")]
    if len(set(orders)) < len(orders):
        yield "properties.lenses", "InvalidDashboard: two lenses have the same order"


declare(
    DASHBOARD,
    fidelity=Fidelity.TYPED,
    not_simulated="that anybody sees it; what is inside a part's settings, which the portal reads and the API does not",
    id_of=in_group(_API, "dashboardName"),
    outputs=lambda world, r: common_outputs(r, _API),
    limits={
        "dashboardName": Text(160, r"[A-Za-z0-9-]+", "ARM, naming rules of Microsoft.Portal", shortest=3),
        "location": REGION,
        "properties.lenses[].order": Range(0, 2**31 - 1, f"{_API}, DashboardLens.order"),
        f"{_PARTS}.position.x": Range(0, 2**31 - 1, f"{_API}, position"),
        f"{_PARTS}.position.y": Range(0, 2**31 - 1, f"{_API}, position"),
        f"{_PARTS}.position.colSpan": Range(1, 2**31 - 1, f"{_API}, position"),
        f"{_PARTS}.position.rowSpan": Range(1, 2**31 - 1, f"{_API}, position"),
        f"{_PARTS}.metadata.type": Text(None, r"Extension/\w+/PartType/\w+", f"{_API}, DashboardPartMetadata.type"),
    },
    combinations=(_orders,),
    not_known=("the words with which a lens of an order that is taken is refused, and whether it is",),
    forces_new=because(ID, "dashboardName", "resourceGroupName"),
)
