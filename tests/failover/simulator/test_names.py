"""Escapes of Route 53: octal, there and back."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.routing.answers import normal_name
from failover.simulator import names


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("a.example.com.", [b"a", b"example", b"com"]),
        (r"user\100b.example", [b"user@b", b"example"]),
        (r"a\056b.example", [b"a.b", b"example"]),
        (r"a\.b.example", [b"a.b", b"example"]),
        (r"\052.example", [b"*", b"example"]),
        (r"caf\351.example", [b"caf\xe9", b"example"]),
    ],
)
def test_labels_of_a_written_name(written: str, labels: list[bytes]) -> None:
    assert names.labels_of(written) == labels


@pytest.mark.parametrize("written", [r"a\400.example", r"a\199.example", r"a\999"])
def test_what_is_no_octal_escape_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no octal escape"):
        names.labels_of(written)


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=4))
def test_a_name_survives_the_way_to_the_wire_and_back(labels: list[bytes]) -> None:
    lowered = [label.lower() for label in labels]
    text = names.text_of(dns.name.Name([*labels, b""]))
    assert names.wire_name(text) == dns.name.Name([*lowered, b""])
    assert normal_name(text) == text == normal_name(normal_name(text))


def test_values_are_read_in_octal_and_handed_on_in_decimal() -> None:
    assert names.to_decimal(r'"\041bang" "\"quoted\" \\ caf\351"') == r'"\033bang" "\"quoted\" \\ caf\233"'
    assert [names.length_of(s) for s in names.strings_of(r'"\041bang" "a\"b"')] == [5, 3]
