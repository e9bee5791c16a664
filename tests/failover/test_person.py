"""Whoever runs a command has a name, also where the system has none for the user."""

from __future__ import annotations

import getpass
import os
import socket

import pytest

from failover.person import name_person


def test_the_user_and_the_machine_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ana")
    assert name_person() == f"ana on {socket.gethostname()}"


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert name_person() == f"user {os.getuid()} on {socket.gethostname()}"
