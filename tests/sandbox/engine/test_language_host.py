"""The language host as the engine speaks to it; whole programs run in test_real_engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import psutil
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub

from sandbox.engine import cli, language_host


class Host:
    """The host as it is installed, in a process of its own, as the engine starts it."""

    def __init__(self, folder: Path, **environ: str) -> None:
        cli.install_language_host(folder)
        self.process = subprocess.Popen(
            [folder / cli.LANGUAGE_HOST, "-root=/nowhere", "127.0.0.1:1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PULUMI_PYTHON_CMD": sys.executable, **environ},
            process_group=0,
        )
        assert self.process.stdout is not None
        self.channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.stub: Any = LanguageRuntimeStub(self.channel)

    def close(self) -> None:
        self.channel.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    started = Host(tmp_path_factory.mktemp("bin"))
    yield started
    started.close()


def info(root: Path, **options: str) -> language_pb2.ProgramInfo:
    made = language_pb2.ProgramInfo(root_directory=str(root), program_directory=str(root), entry_point=".")
    made.options.update(options)
    return made


def test_it_says_what_runs_programs(host: Host, tmp_path: Path) -> None:
    assert host.stub.GetPluginInfo(empty_pb2.Empty()).version == "0.0.0-outlast"
    about = host.stub.About(language_pb2.AboutRequest(info=info(tmp_path)))
    assert about.executable == sys.executable
    assert re.fullmatch(r"3\.\d+\.\d+", about.version)
    host.stub.Cancel(empty_pb2.Empty())


def test_it_finds_the_sdks_of_the_programs_python(host: Host, tmp_path: Path) -> None:
    asked = language_pb2.GetRequiredPackagesRequest(info=info(tmp_path))
    found = {each.name: each.version for each in host.stub.GetRequiredPackages(asked).packages}
    assert {"aws", "azure-native", "gcp", "docker-build"} <= found.keys()
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+.*", version) for version in found.values())


def test_a_virtualenv_that_is_not_there_is_named(host: Host, tmp_path: Path) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        host.stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info(tmp_path, virtualenv=".venv")))
    assert refused.value.details().startswith("Pulumi.yaml names the virtualenv '.venv', but there is no ")


def test_a_program_that_exits_by_itself_is_no_success(host: Host, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import os; os._exit(7)\n")
    asked = language_pb2.RunRequest(
        project="p", stack="s", pwd=str(tmp_path), parallel=1, monitor_address="127.0.0.1:1", info=info(tmp_path)
    )
    assert host.stub.Run(asked).error.startswith("the program ended with exit code ")


def test_a_policy_pack_is_run_and_heard(host: Host, tmp_path: Path) -> None:
    """`python -m pulumi.policy` stands in for itself here: another module of that name lies first on its path."""
    package = tmp_path / "pulumi"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "policy.py").write_text(
        "import sys; print('argv', sys.argv[1:]); print('oh', file=sys.stderr); sys.exit(5)\n"
    )
    pack = tmp_path / "pack"
    asked = language_pb2.RunPluginRequest(
        kind="analyzer",
        pwd=str(tmp_path),
        args=["127.0.0.1:9"],
        env=[f"PYTHONPATH={tmp_path}", f"PATH={os.environ['PATH']}"],
        info=info(pack),
    )
    said = list(host.stub.RunPlugin(asked))
    assert b"".join(each.stdout for each in said).decode() == f"argv ['127.0.0.1:9', '{pack}']\n"
    assert b"".join(each.stderr for each in said) == b"oh\n"
    assert said[-1].exitcode == 5


def test_it_ends_with_its_engine_and_takes_its_programs_along(tmp_path: Path) -> None:
    started = Host(tmp_path)
    (tmp_path / "sleeper.py").write_text("import time; print('up', flush=True); time.sleep(60)\n")
    asked = language_pb2.RunPluginRequest(
        kind="resource", pwd=str(tmp_path), args=[], env=[], info=info(tmp_path / "sleeper.py")
    )
    said = started.stub.RunPlugin(asked)
    assert next(said).stdout == b"up\n"
    group = started.process.pid
    assert started.process.stdin is not None
    started.process.stdin.close()
    assert started.process.wait(10) == -signal.SIGTERM
    with pytest.raises(grpc.RpcError):
        next(said)
    wait_for_empty_group(group)
    started.channel.close()
    assert started.process.stdout is not None
    started.process.stdout.close()


def wait_for_empty_group(group: int) -> None:
    members = [each for each in psutil.process_iter() if _group_of(each.pid) == group]
    assert psutil.wait_procs(members, timeout=10)[1] == []


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def test_a_python_without_pulumi_is_told_apart(tmp_path: Path) -> None:
    cli.install_language_host(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "language_host.py", "127.0.0.1:1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "has no `pulumi` package" in done.stderr
    assert "hint: name a Python that has it in PULUMI_PYTHON_CMD" in done.stderr


def test_which_python_runs_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert language_host.python_of(str(tmp_path), {"virtualenv": "env"}) == str(python)
    assert language_host.python_of("/elsewhere", {"virtualenv": str(tmp_path / "env")}) == str(python)
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "/usr/bin/python3.12")
    assert language_host.python_of(str(tmp_path), {}) == "/usr/bin/python3.12"
    monkeypatch.delenv("PULUMI_PYTHON_CMD")
    assert language_host.python_of(str(tmp_path), {}) == sys.executable


def test_providers_are_found_by_their_plugin_files(tmp_path: Path) -> None:
    def install(package: str, plugin: dict[str, Any], version: str = "") -> None:
        (tmp_path / package).mkdir()
        (tmp_path / package / "pulumi-plugin.json").write_text(json.dumps(plugin))
        if version:
            metadata = tmp_path / f"{package}-{version}.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")

    install("pulumi_one_two", {"resource": True}, "1.2.3")
    install("pulumi_named", {"resource": True, "name": "other", "version": "4.5.6", "server": "https://s"})
    install("pulumi_tool", {"resource": False})
    assert language_host.installed_providers([str(tmp_path), str(tmp_path / "missing")]) == [
        ("other", "4.5.6", "https://s"),
        ("one-two", "1.2.3", ""),
    ]


def test_a_traceback_begins_in_the_program(tmp_path: Path) -> None:
    import runpy

    program = tmp_path / "program.py"
    program.write_text("def fail():\n    raise ValueError('x') from KeyError('y')\nfail()\n")
    with pytest.raises(ValueError, match="x") as caught:
        runpy.run_path(str(program))
    shown = language_host.program_traceback(caught.value)
    assert "KeyError: 'y'" in shown
    first = re.search(r'^  File "(.*)", line 3', shown, re.MULTILINE)
    assert first is not None
    assert first[1] == str(program)
    assert __file__ not in shown


def test_pulumis_own_host_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / cli.LANGUAGE_HOST
    own.write_text("Pulumi's own")
    cli.install_language_host(tmp_path)
    assert own.read_text() == "Pulumi's own"
    own.unlink()
    cli.install_language_host(tmp_path)
    before = own.stat()
    cli.install_language_host(tmp_path)
    assert own.stat() == before
    (tmp_path / "language_host.py").write_text("an older one")
    cli.install_language_host(tmp_path)
    assert (tmp_path / "language_host.py").read_bytes() == Path(language_host.__file__).read_bytes()
    assert shutil.which(cli.LANGUAGE_HOST, path=str(tmp_path)) == str(own)
