"""An address says which cloud, which bucket and which key; anything without a scheme is a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.stores.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://bucket/a/b.csv", Address("s3", "", "bucket", "a/b.csv")),
        ("gs://bucket", Address("gs", "", "bucket", "")),
        ("az://account/container/a b.csv", Address("az", "account", "container", "a b.csv")),
        ("S3://bucket/x*", Address("s3", "", "bucket", "x*")),
    ],
)
def test_an_address_has_parts_and_is_written_as_it_was_read(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address).lower() == text.lower()
    assert parse_address(str(address.root)) == Address(address.scheme, address.account, address.bucket, "")


@pytest.mark.parametrize("text", ["/a/b.csv", "file:///a/b.csv", "file://localhost/a/b.csv"])
def test_a_path_is_a_path(text: str) -> None:
    assert parse_address(text) == Path("/a/b.csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ftp://host/a.csv", r"no known kind \(ftp://\)"),
        ("s3:///a.csv", "names no bucket"),
        ("az://account", "names no container"),
    ],
)
def test_what_is_no_address_is_named_with_the_forms_that_are(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        parse_address(text)
    assert "://" in caught.value.hint
