"""How the tests are shared out among processes."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("kept-together")
def test_groups_of_tests_are_kept_on_one_worker(request: pytest.FixtureRequest) -> None:
    """pytest-xdist 3.8 tells workers a test's group in its id, which pytest 9.2 no longer lets it change.

    Groups then do nothing, unsaid, and each worker starts a sandbox of its own.
    """
    if os.environ.get("PYTEST_XDIST_WORKER"):
        assert request.node.nodeid.endswith("@kept-together")
