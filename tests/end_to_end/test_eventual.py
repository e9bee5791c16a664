"""A forgotten `depends_on` fails as in the real cloud, by the real CLI; the program as it is comes up."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import EVENTUAL, Project, pulumi

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

# Of each cloud's program what is taken out of it, and what the cloud then says.
FORGOTTEN: dict[str, tuple[tuple[str, ...], str]] = {
    "aws": (("        opts=pulumi.ResourceOptions(depends_on=network.ways_out),\n",), "has no internet gateway"),
    "azure": (
        (
            "        opts=held(spec, pulumi.ResourceOptions(depends_on=base.grants)),\n",
            "            opts=pulumi.ResourceOptions(depends_on=[base.may_read]),\n",
        ),
        "Caller is not authorized to perform action",
    ),
    "gcp": ((", display_name=name, opts=ready",), "wait a few minutes for the action to propagate"),
}


@pytest.mark.parametrize("stack", FORGOTTEN)
def test_what_does_not_wait_fails_and_what_waits_comes_up(project: Project, stack: str) -> None:
    program, (waits, told) = project.root / "infra" / stack / "site.py", FORGOTTEN[stack]
    before = without = program.read_text()
    for one in waits:
        assert without.count(one) == 1
        without = without.replace(one, "")
    assert pulumi(project, {}, "destroy", "--yes", "--skip-preview", "-s", stack)[0] == 0
    up = ["up", "--yes", "--skip-preview", "-s", stack]
    program.write_text(without)
    project.control.call("POST", "/eventual", {"eventual": 10 * EVENTUAL})  # longer than a busy machine dawdles
    code, said = pulumi(project, {}, *up)
    project.control.call("POST", "/eventual", {"eventual": EVENTUAL})
    program.write_text(before)
    assert code != 0 and told in said, said
    code, said = pulumi(project, {}, *up)
    assert code == 0, said
