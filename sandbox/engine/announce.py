"""What a provider plugin's process does here: name a server's port in the sandbox, and live while the engine does.

Run by a plugin script as `python -I -S announce.py <ports file> <package>`; started for every provider of every
command, so it imports next to nothing. Contract (Pulumi's resource/plugin/plugin.go): the first line of stdout is the
port alone; the process stays until its stdin ends or SIGINT comes.
"""

# The C halves of signal and socket, and no json: their Python halves triple the time to start (48 ms -> 17 ms).
import _signal  # type: ignore[import-not-found]
import _socket
import os
import sys

UNREACHABLE = 3


def announced_port(ports_file: str, package: str) -> int:
    """The port at which the sandbox answers for the package; OSError or ValueError if it does not.

    The file is JSON that `plugins.write_ports` wrote: one object, package to port, no other values.
    """
    with open(ports_file, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs more than all the rest
        _, found, rest = file.read().partition(f'"{package}":')
    if not found:
        raise ValueError(f"no port for {package} in {ports_file}")
    port = int(rest.replace("}", ",").split(",")[0])
    # The engine waits 11 s for a port where nobody listens, and then does not say why.
    probe = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        probe.settimeout(2)
        probe.connect(("127.0.0.1", port))
    finally:
        probe.close()
    return port


def main(ports_file: str, package: str) -> int:
    """The whole life of the process; gives its exit code."""
    for number in (_signal.SIGINT, _signal.SIGTERM):  # they come ignored where a shell started the command with `&`
        _signal.signal(number, _signal.SIG_DFL)
    try:
        port = announced_port(ports_file, package)
    except (OSError, ValueError) as error:
        sys.stderr.write(
            f"error: the sandbox does not answer for {package}: {error}\n"
            "hint: start it with `make up`; `make status` shows whether it runs\n"
        )
        return UNREACHABLE
    os.write(1, b"%d\n" % port)
    while os.read(0, 4096):  # the engine holds the other end: its end, even by kill -9, is ours
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
