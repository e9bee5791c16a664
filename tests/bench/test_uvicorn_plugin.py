"""The plugin puts our class where a suite like uvicorn's looks for it, and leaves the others' tests out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.uvicorn_suite import run

SUITE = """
import pytest

class MockTransport:
    buffer, closed = b"four", False
    def close(self): self.closed = True

class MockLoop:
    pass

@pytest.mark.parametrize("name", ["httptools", "h11", "zttp-more"])
def test_class(name):
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    assert name == "httptools"
    assert HttpToolsProtocol.__mro__[1].__module__ == "service.server.http.connection"
    assert HttpToolsProtocol.__name__ == "HttpToolsProtocol"

def test_stand_ins():
    transport = MockTransport()
    transport.set_write_buffer_limits(high=1, low=0)
    assert (transport.get_write_buffer_size(), transport.can_write_eof()) == (4, False)
    transport.abort()
    assert transport.closed and MockLoop().time() > 0

def test_what_fails():
    assert False
"""


@pytest.mark.slow
def test_a_suite_meets_our_class(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "protocols"
    folder.mkdir(parents=True)
    for each in (folder, folder.parent):
        (each / "__init__.py").touch()
    (folder / "test_http.py").write_text(SUITE)
    seen = run(tmp_path)
    assert seen.passed == {"test_class[httptools]", "test_stand_ins"}
    assert seen.failed == {"test_what_fails"} and seen.skipped == frozenset()
