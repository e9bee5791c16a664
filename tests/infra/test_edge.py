"""The limit of one address: a setting with a default of its size, never beside the variables that it sets itself."""

from __future__ import annotations

import pytest

from infra.edge import HOPS, HSTS, LEAST, VARIABLE, read_limit
from infra.settings.profiles import PRODUCTION, SMALL, Profile
from infra.settings.reader import Reader
from service.errors import InvalidInput
from service.server.http.replies import fixed_headers
from service.server.settings.table import SETTINGS


def read(text: str | None, size: str = SMALL, **environment: str) -> int:
    reader = Reader("aws", {} if text is None else {"outlast:requestsPerMinutePerAddress": text})
    limit = read_limit(reader, Profile(size, "aws"), environment)
    reader.finish()
    return limit


def test_a_small_site_limits_nobody_and_a_production_site_does() -> None:
    assert read(None) == 0
    assert read(None, PRODUCTION) >= LEAST
    assert (read("300"), read("0", PRODUCTION)) == (300, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [("9", "at least 10"), ("1000001", "from 0 to 1000000"), ("-1", "from 0 to 1000000"), ("some", "whole number")],
)
def test_a_limit_that_a_cloud_does_not_take_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read(text)


@pytest.mark.parametrize("name", [VARIABLE, HOPS])
def test_the_variables_that_it_sets_are_not_given_beside_it(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"environment.{name}: is set by outlast:requests"):
        read("300", **{name: "1"})
    assert read("0", **{name: "1"}) == 0, "without it they are free, for a load balancer of one's own"


def test_the_variables_are_the_servers_and_the_header_is_the_one_that_it_sends() -> None:
    assert {VARIABLE, HOPS} <= {setting.name for setting in SETTINGS.values()}
    assert dict(fixed_headers("aws"))[b"strict-transport-security"] == HSTS.encode()
