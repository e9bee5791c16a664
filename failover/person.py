"""Who runs a command, and where: what a plan, a lock or a drain's note names."""

from __future__ import annotations

import getpass
import os
import socket


def name_person() -> str:
    """The user and the machine, as the system knows them: "ana on laptop"."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()}"
