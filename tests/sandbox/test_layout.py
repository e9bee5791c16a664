"""Two sandboxes do not meet, and what is wrong with a machine or a file is said with what helps."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox import layout as places
from sandbox.layout import Instance, Layout, choose_instance, require_loopback
from service.errors import InvalidInput, Unavailable

Bind = Callable[[socket.socket, Any], None]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, tmp_path / ".sandbox")


def refuse_binding(monkeypatch: pytest.MonkeyPatch, refused: Callable[[str, int], int | None]) -> None:
    """Let the kernel refuse addresses as it does on other machines: `refused` gives the error number."""
    bind = socket.socket.bind

    def answer(self: socket.socket, address: Any) -> None:
        number = refused(*address)
        if number:
            raise OSError(number, "as another machine would") if number != errno.EACCES else PermissionError(number, "")
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", answer)


# -- addresses ----------------------------------------------------------------------------------------


def test_two_folders_get_blocks_and_tokens_of_their_own(tmp_path: Path) -> None:
    one, other = (choose_instance(Layout(tmp_path, tmp_path / name), port_offset=21000) for name in ("a", "b"))
    assert one.block != other.block
    assert one.token != other.token
    assert one.dns_port != other.dns_port
    assert all(i.block.startswith("127.") and not i.block.startswith("127.0.") for i in (one, other))


def test_the_same_folder_finds_everything_as_it_was(layout: Layout) -> None:
    first = choose_instance(layout, speed=10, port_offset=21000)
    layout.save_instance(first)
    assert choose_instance(layout) == first
    assert choose_instance(layout, speed=1) == replace(first, speed=1)
    assert layout.load_instance() == first
    assert layout.instance_file.stat().st_mode & 0o777 == 0o600
    assert layout.state.stat().st_mode & 0o077 == 0


def test_addresses_and_ports_follow_from_block_and_offset() -> None:
    instance = Instance("127.9.9", 20000, 15353, 1, "token")
    assert instance.address(places.DNS) == "127.9.9.53"
    assert instance.port(places.HTTPS_PORT) == 20443


def test_where_low_ports_are_forbidden_there_is_an_offset(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_binding(monkeypatch, lambda _, port: errno.EACCES if 0 < port < 1024 else None)
    assert choose_instance(layout).port_offset == places.OFFSET_WHERE_LOW_PORTS_ARE_CLOSED


def test_where_low_ports_are_allowed_there_is_none(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "bind", lambda self, address: None)
    assert choose_instance(layout).port_offset == 0


@pytest.fixture
def taken(layout: Layout) -> Iterator[str]:
    """Somebody else has the DNS port of the block that this folder would get."""
    block = choose_instance(layout, port_offset=21000).block
    with socket.socket() as other:
        other.bind((f"{block}.{places.DNS}", 21053))
        other.listen()
        yield block


def test_a_block_whose_port_is_taken_is_left_to_its_owner(layout: Layout, taken: str) -> None:
    assert choose_instance(layout, port_offset=21000).block != taken


def test_the_dns_port_is_free_for_udp_and_tcp(layout: Layout) -> None:
    port = choose_instance(layout, port_offset=21000).dns_port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        second = choose_instance(layout, port_offset=21000).dns_port
    assert second != port


def test_no_free_block_says_what_to_stop(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_binding(monkeypatch, lambda _, port: errno.EADDRINUSE if port else None)
    with pytest.raises(Unavailable, match="no free block") as caught:
        choose_instance(layout)
    assert "make down" in caught.value.hint


# -- loopback -----------------------------------------------------------------------------------------


def test_missing_loopback_addresses_are_answered_by_one_command(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, where lo0 has 127.0.0.1 alone."""
    refuse_binding(monkeypatch, lambda host, _: None if host == "127.0.0.1" else errno.EADDRNOTAVAIL)
    with pytest.raises(Unavailable, match=r"193 of the sandbox's 193 loopback addresses do not exist") as caught:
        choose_instance(layout)
    said = caught.value.hint
    assert "\n" not in said
    assert said.startswith("for i in 1 53 54 $(seq 11 50) $(seq 100 249); do sudo ifconfig lo0 alias 127.")


def test_that_command_names_every_address_that_a_sandbox_uses() -> None:
    """Run by a real shell, with a stand-in for the command that needs rights."""
    instance = Instance("127.9.9", 0, 1, 1, "")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Unavailable) as caught:
        refuse_binding(patch, lambda host, _: errno.EADDRNOTAVAIL)
        require_loopback(instance.block)
    script = 'sudo() { echo "$4"; }; ' + caught.value.hint
    named = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split()
    used = [places.API, places.DNS, places.RESOLVER, *places.ENTRY_POINTS, *places.REPLICAS]
    assert sorted(named) == sorted(instance.address(host) for host in used)


def test_the_page_on_the_sandbox_shows_that_command() -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Unavailable) as caught:
        refuse_binding(patch, lambda host, _: errno.EADDRNOTAVAIL)
        require_loopback("127.x.y")
    page = Path(__file__).parents[2] / "docs" / "concepts" / "sandbox.md"
    assert f"\n{caught.value.hint}\n" in page.read_text()


def test_addresses_that_vanished_since_are_noticed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.save_instance(choose_instance(layout, port_offset=21000))
    refuse_binding(monkeypatch, lambda host, _: errno.EADDRNOTAVAIL if host.endswith(".200") else None)
    with pytest.raises(Unavailable, match=r"1 of the sandbox's 193 .* the first is 127\.\d+\.\d+\.200"):
        choose_instance(layout)


def test_on_this_machine_they_exist() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has all of 127.0.0.0/8")
    require_loopback("127.77.77")


# -- bad input ----------------------------------------------------------------------------------------


def test_everything_asked_for_that_cannot_be_is_told_together(layout: Layout) -> None:
    with pytest.raises(InvalidInput) as caught:
        choose_instance(layout, speed=7, port_offset=-1, dns_port=70000, eventual=3601)
    assert [mistake.place for mistake in caught.value.mistakes] == ["SPEED", "port offset", "DNS_PORT", "EVENTUAL"]
    assert "one of 1, 2, 3, 5, 10, 15" in str(caught.value)
    assert not layout.state.exists()


def test_how_late_changes_count_is_remembered_until_it_is_said_anew(layout: Layout) -> None:
    assert choose_instance(layout).eventual == 0
    layout.save_instance(choose_instance(layout, eventual=60))
    assert choose_instance(layout).eventual == 60
    assert choose_instance(layout, eventual=0).eventual == 0


def test_a_file_of_a_release_that_knew_less_is_read(layout: Layout) -> None:
    layout.state.mkdir()
    layout.instance_file.write_text(json.dumps(_WHOLE))
    assert layout.load_instance() == Instance(**_WHOLE, eventual=0)


_WHOLE: dict[str, Any] = {"block": "127.9.9", "port_offset": 0, "dns_port": 15353, "speed": 1, "token": "t"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is a JSON list, not an object"),
        ("\x00", "is damaged"),
        (json.dumps({**_WHOLE, "speed": "10"}), "speed: is '10'; it must be of type int"),
        (json.dumps({**_WHOLE, "speed": True}), "speed: is True; it must be of type int"),
        (json.dumps({**_WHOLE, "block": "10.0.0"}), "block: is '10.0.0', not the first three octets"),
        (json.dumps({**_WHOLE, "colour": "red"}), "colour: is not a key of an instance"),
    ],
)
def test_a_damaged_instance_file_is_named(layout: Layout, text: str, told: str) -> None:
    layout.state.mkdir()
    layout.instance_file.write_text(text)
    with pytest.raises(InvalidInput, match=told) as caught:
        choose_instance(layout)
    assert "make clean" in caught.value.hint


def test_all_that_is_wrong_in_an_instance_file_is_told_together(layout: Layout) -> None:
    layout.state.mkdir()
    layout.instance_file.write_text(json.dumps({"block": "127.9.9", "speed": "x", "extra": 1}))
    with pytest.raises(InvalidInput) as caught:
        layout.load_instance()
    assert [m.place for m in caught.value.mistakes] == ["dns_port", "extra", "port_offset", "speed", "token"]


def test_a_folder_that_was_never_brought_up_has_no_instance(layout: Layout) -> None:
    assert layout.load_instance() is None


def test_the_state_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Layout.of(tmp_path).state == tmp_path / ".sandbox"
    monkeypatch.setenv("OUTLAST_STATE", str(tmp_path / "other"))
    assert Layout.of(tmp_path).state == tmp_path / "other"
