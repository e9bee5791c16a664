"""One HTTP call to a cloud: what is no answer, what is a refusal, and how lists go on."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from jobs.asking import NoAnswer, ask, ask_for, pages
from service.errors import OutlastError, Refused, Unavailable


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url="https://cloud", transport=httpx.MockTransport(answer))


def saying(status: int, **content: object) -> httpx.Client:
    return client(lambda _: httpx.Response(status, json=content) if content else httpx.Response(status, text="words"))


def test_gives_the_document_or_none() -> None:
    assert ask(saying(200, a=1), "GET", "/x", "look") == {"a": 1}
    assert ask(client(lambda _: httpx.Response(202)), "POST", "/x", "stop") == {}
    assert ask(saying(404), "GET", "/x", "look") is None
    with pytest.raises(Unavailable, match="could not look: there is no such thing"):
        ask_for(saying(404), "GET", "/x", "look")


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        ("GET", 500, NoAnswer),
        ("GET", 429, NoAnswer),
        ("POST", 429, NoAnswer),
        ("POST", 400, Refused),
        ("PUT", 409, Refused),
        ("GET", 401, Unavailable),
        ("GET", 403, Unavailable),
    ],
)
def test_tells_no_answer_from_a_refusal(method: str, status: int, kind: type[OutlastError]) -> None:
    with pytest.raises(kind, match=r"could not look.*words") as raised:
        ask(saying(status), method, "/x", "look")
    assert type(raised.value) is kind and raised.value.hint


def test_too_many_machines_are_no_call_too_many() -> None:
    with pytest.raises(Refused, match="could not start"):
        ask(saying(429), "POST", "/x", "start", takes_quota=True)


def test_a_broken_connection_is_no_answer() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(NoAnswer, match="could not look: refused"):
        ask(client(broken), "GET", "/x", "look")


@pytest.mark.parametrize("content", [{"error": "text"}, {"error": {"code": "x"}}, {"other": 1}])
def test_an_error_of_another_form_is_shown_as_it_is(content: dict[str, object]) -> None:
    with pytest.raises(Refused, match="HTTP 400"):
        ask(saying(400, **content), "GET", "/x", "look")


def test_follows_googles_token_and_azures_link() -> None:
    def google(request: httpx.Request) -> httpx.Response:
        assert request.url.params["filter"] == "f"
        second = request.url.params.get("pageToken") == "2"
        return httpx.Response(200, json={"rows": [{"n": 2}]} if second else {"rows": [{"n": 1}], "nextPageToken": "2"})

    def azure(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "cloud"  # the link's own host is not the one that the client was given
        second = "$skip" in request.url.params
        link = {"nextLink": "https://elsewhere/x?filter=f&$skip=1"}
        return httpx.Response(200, json={"rows": [{"n": 2}]} if second else {"rows": [{"n": 1}], **link})

    for answer in (google, azure):
        assert list(pages(client(answer), "/x", "list", "rows", filter="f")) == [{"n": 1}, {"n": 2}]
