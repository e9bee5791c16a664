"""Real accounts: only calls that read are made, buttons tell a command, a row is sent only where that is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from failover.dial import Dial
from failover.levers.clouds import Clouds
from failover.oncall import look
from outlast.page.account import TO_TYPE, Account, Options, Reached, open_account
from outlast.page.account_view import Known
from outlast.page.cloud_watching import CloudWatching, Watched
from outlast.page.elsewhere import SharedLock
from outlast.page.row import RowBox
from outlast.page.sent import SentRows
from service.errors import InvalidInput, Refused, Unavailable
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.three_sites import HOST
from tests.failover.oncall.standings import RIGHT

METRICS = 'outlast_requests_total{replica="a",route="/predict/{name}",status="200"} 5.0\n'


class Recorded:
    """A Route 53 that remembers the name of every call."""

    def __init__(self) -> None:
        self._inside = FakeRoute53()
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.called.append(name)
        return getattr(self._inside, name)


class Box:
    """Takes rows; writes down what was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def example(self) -> dict[str, Any]:
        return {"columns": ["a"], "row": [1.0]}

    def predict(self, row: list[Any]) -> dict[str, Any]:
        self.sent.append(row)
        return {"label": "benign", "site": "aws", "request": "r-1"}


@pytest.fixture
def route53(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.setattr(look, "look_at_site", lambda *_, **__: RIGHT)
    monkeypatch.setattr(Dial, "resolve", _nobody)
    return Recorded()


def _nobody(*_: Any, **__: Any) -> Any:
    raise Unavailable("no name server")


def _account(route53: Recorded, drills: Path, box: Box, *, may_predict: bool = False) -> Account:
    clouds = CloudWatching(Watched(elsewhere={"gcp": "refused"}), Clouds())
    reached = Reached(
        cast(Any, route53), Dial(), lambda _: METRICS, drills, clouds, SharedLock("", Clouds()), SentRows([], Clouds())
    )
    return Account(HOST, reached, cast(RowBox, box), Known("tumour", may_predict=may_predict))


def test_whatever_is_pressed_only_calls_that_read_are_made(route53: Recorded, tmp_path: Path) -> None:
    box = Box()
    account = _account(route53, tmp_path, box)
    account.traffic.enter()
    view = account.view()
    assert [site["name"] for site in view["sites"]] == ["aws", "azure", "gcp"]
    assert (view["read_only"], view["zone"], view["sites"][0]["ready"]) == (True, None, 1)
    for what in TO_TYPE:
        assert account.act(what, "aws").startswith("type: outlast ")
    with pytest.raises(Refused, match="unless that is allowed") as refused:
        account.predict([1.0])
    assert "--allow-predict" in refused.value.hint and box.sent == []
    account.view()
    account.traffic.leave()
    assert len(route53.called) > 5 and not account.is_used
    # A paginator's operation is one that lists: there is no other kind.
    assert [name for name in route53.called if not name.startswith(("get_", "list_"))] == []


def test_a_look_every_ten_seconds_is_enough_for_every_viewer(route53: Recorded, tmp_path: Path) -> None:
    account = _account(route53, tmp_path, Box())
    account.view()
    first = len(route53.called)
    for _ in range(20):
        account.view()
    assert len(route53.called) == first


@pytest.mark.parametrize(("what", "site"), [("explode", "aws"), ("drill", "mars")])
def test_what_no_button_says_is_refused(what: str, site: str, route53: Recorded, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no button"):
        _account(route53, tmp_path, Box()).act(what, site)


def test_a_row_is_sent_where_that_is_allowed(route53: Recorded, tmp_path: Path) -> None:
    box = Box()
    account = _account(route53, tmp_path, box, may_predict=True)
    assert account.predict([2.0]) == {
        "label": "benign",
        "site": "aws",
        "request": "r-1",
        "record": None,
        "looked_for": "",  # no stack files say where the site's log is
    }
    assert box.sent == [[2.0]]
    with pytest.raises(InvalidInput, match="sent no request"):
        account.find_record("aws", "r-1")
    assert account.example()["columns"] == ["a"]


def test_it_is_opened_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    environ = {"OUTLAST_SPEED": "10", "OUTLAST_DEFAULT_MODEL": "tumour"}
    account = open_account(HOST, environ, Options())
    assert len(account.example()["columns"]) == 30 and not account.is_used
