"""The page's port: loopback alone, and one that is taken is told."""

from __future__ import annotations

import pytest

from outlast.page.command import ADDRESS, _bind
from service.errors import Unavailable


def test_a_free_port_of_loopback_is_taken() -> None:
    with _bind(0) as bound:
        assert bound.getsockname()[0] == ADDRESS == "127.0.0.1"


def test_a_port_that_is_taken_is_told() -> None:
    with _bind(0) as bound:
        bound.listen()
        with pytest.raises(Unavailable, match="cannot be used") as raised:
            _bind(bound.getsockname()[1])
    assert raised.value.hint == "--port 0"
