"""What every resource of a stack is labelled with: whose it is, what for, and who pays. Pure.

One value goes to all three clouds, so it has to have the characters that each of them takes. Google's labels are the
narrowest: cloud.google.com/resource-manager/docs/labels-overview, "Requirements for labels"; AWS's tags
(docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html) and Azure's
(learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations) take more.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings.reader import Reader, like

OWNER, COST_CENTRE, DATA_CLASS = "owner", "cost-centre", "data-class"

SETTINGS: Mapping[str, str] = {"owner": OWNER, "costCentre": COST_CENTRE, "dataClass": DATA_CLASS}
"""Setting `outlast:<key>` -> the tag or label that carries its value."""

_VALUE = like(
    r"[a-z0-9_-]{1,63}",
    "1 to 63 of a-z, 0-9, _ and -, such as ml-platform: the same value goes to all three clouds, and Google's labels "
    "take no more (no capitals, no dots, no @)",
)


def read_labels(reader: Reader, stack: str, *, is_site: bool) -> dict[str, str]:
    """The labels of a stack's resources; of the three settings those that its file says."""
    said = {label: reader.text(key, "", check=_VALUE) for key, label in SETTINGS.items()}
    return {"stack": stack} | ({"site": stack} if is_site else {}) | {k: v for k, v in said.items() if v}
