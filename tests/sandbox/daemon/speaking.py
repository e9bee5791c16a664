"""What `service.stores` asks of a store, asked over HTTP of the sandbox's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.serving import make_server

from service.errors import InvalidInput, Refused
from service.stores.store import Store, read_whole


@contextmanager
def serve(application: Any) -> Iterator[str]:
    """The URL of an application on the loopback."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def speak(store: Store) -> None:
    """Write, find, read and list, each with what has to be refused."""
    content = bytes(range(256)) * 8000  # more than what flags need
    assert store.put_if_absent("in/long.csv", content)
    assert not store.put_if_absent("in/long.csv", b"other")
    entry = store.find("in/long.csv")
    assert entry is not None and (entry.key, entry.size) == ("in/long.csv", len(content))
    assert store.find("in/none.csv") is None
    assert store.read_range("in/long.csv", 300, 5, version=entry.version) == content[300:305]
    assert read_whole(store, "in/long.csv") == content
    with pytest.raises(Refused, match="was changed while it was read"):
        store.read_range("in/long.csv", 0, 1, version='"another"')
    with pytest.raises(InvalidInput, match=r"there is no .*in/none\.csv"):
        store.read_range("in/none.csv", 0, 1)
    store.put_if_absent("other.csv", b"x")
    assert [(one.key, one.size) for one in store.list()] == [("in/long.csv", len(content)), ("other.csv", 1)]
    assert [one.key for one in store.list("in/")] == ["in/long.csv"]
