"""The plugin scripts as the engine starts them: a port on stdout, alive while stdin is, gone when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from sandbox.engine import announce, plugins, sdk
from tests.sandbox.engine.toy_cloud import ToyCloud


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def script(home: Path, package: str) -> Path:
    (found,) = home.glob(f"plugins/resource-{package}-v*/pulumi-resource-{package}")
    return found


def start(path: Path) -> subprocess.Popen[bytes]:
    """As the engine does: pipes, a process group of its own; and SIGINT ignored, as from a shell's `&`."""
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.Popen(
            [path, "127.0.0.1:1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            restore_signals=False,
        )
    finally:
        signal.signal(signal.SIGINT, ignored)


def test_a_script_for_every_package_at_the_version_that_its_sdk_asks_for(tmp_path: Path) -> None:
    plugins.make_home(tmp_path)
    for package in plugins.PACKAGES:
        path = script(tmp_path, package)
        assert path.parent.name == f"resource-{package}-v{sdk.version_of(package)}"
        assert path.stat().st_mode & stat.S_IXUSR


def test_a_home_is_made_anew(tmp_path: Path) -> None:
    stale = tmp_path / "plugins" / "resource-aws-v1.0.0"
    stale.mkdir(parents=True)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "old.log").write_text("x")
    (tmp_path / "credentials.json").write_text("{}")
    plugins.make_home(tmp_path, ["aws"])
    assert not stale.exists()
    assert not (tmp_path / "logs").exists()
    assert (tmp_path / "credentials.json").exists()


@pytest.mark.parametrize("end", ["end of stdin", "interrupt", "terminate"])
def test_a_plugin_names_its_port_and_goes_when_the_engine_does(tmp_path: Path, listener: int, end: str) -> None:
    home = tmp_path / "a home with 'quotes' and spaces"
    plugins.make_home(home, ["aws"])
    plugins.write_ports(home, {"azure-native": 1, "aws": listener, "gcp": 2})
    with start(script(home, "aws")) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == f"{listener}\n".encode()
        assert process.poll() is None
        if end == "end of stdin":
            process.stdin.close()
            assert process.wait(10) == 0
        else:
            number = signal.SIGINT if end == "interrupt" else signal.SIGTERM
            os.killpg(process.pid, number)
            assert process.wait(10) == -number


@pytest.mark.parametrize(
    ("ports", "reason"),
    [
        (None, "No such file"),
        ({"gcp": 1}, "no port for aws"),
        ({"aws": "x"}, "invalid literal"),
        ({"aws": 1}, "Connection refused"),
    ],
)
def test_a_sandbox_that_does_not_answer_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ports: dict[str, int] | None, reason: str
) -> None:
    if ports is not None:
        plugins.write_ports(tmp_path, ports)
    assert announce.main(str(tmp_path / plugins.PORTS_FILE), "aws") == announce.UNREACHABLE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: the sandbox does not answer for aws: ")
    assert reason in said.err
    assert "hint: start it with `make up`" in said.err


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """`announce.main` sets them for its own process, which is a test's here."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_plugin_imports_next_to_nothing() -> None:
    """It is started for every provider of every command: 23 ms of which 17 are the interpreter."""
    listing = "import sys; sys.path.insert(0, sys.argv[1]); import announce; print(*sys.modules)"
    folder = str(Path(announce.__file__).parent)
    loaded = subprocess.run([sys.executable, "-I", "-S", "-c", listing, folder], capture_output=True, check=True).stdout
    assert {b"json", b"re", b"enum", b"socket", b"pathlib", b"typing"}.isdisjoint(loaded.split())


def test_servers_answer_and_their_ports_are_known_as_long_as_they_run(tmp_path: Path) -> None:
    with plugins.running(ToyCloud(), tmp_path, ["aws", "docker-build"]) as servers:
        ports = json.loads((tmp_path / plugins.PORTS_FILE).read_text())
        assert ports == {package: server.port for package, server in servers.items()}
        assert ports["aws"] == announce.announced_port(str(tmp_path / plugins.PORTS_FILE), "aws")
        with grpc.insecure_channel(f"127.0.0.1:{ports['aws']}") as channel:
            info = ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
        assert info.version == sdk.version_of("aws")
    assert not (tmp_path / plugins.PORTS_FILE).exists()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", ports["aws"])):
        pass
