"""A stand-in for Pulumi's own `pulumi-language-python`, for where it cannot be had: it runs programs for the engine.

The whole of LanguageRuntime that `up`, `preview`, `refresh`, `destroy`, policy packs and the Automation API use; not
`pulumi install`, `new` or code generation. It stands alone (it is copied beside the `pulumi` binary), and needs the
`pulumi` package where it runs. Which Python runs the program: `runtime.options.virtualenv` of Pulumi.yaml, else
PULUMI_PYTHON_CMD, else the one that runs this.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

USER_WAS_TOLD = 32  # exit code of a program whose failure is on the screen already
LIST_SEARCH_PATH = "import json, sys; print(json.dumps(sys.path))"


# -- in the program's own process ----------------------------------------------------------------------------------


def run_program(job: dict[str, Any]) -> int:
    """Run a Pulumi program against the engine; gives the exit code of its process."""
    import asyncio
    import gc
    import logging
    import runpy
    from concurrent.futures import ThreadPoolExecutor

    # A program lives for seconds, and the SDKs' objects stay to its end: looking for garbage among them would be a
    # fifth of its time.
    gc.disable()

    import grpc  # type: ignore[import-untyped]
    import pulumi
    from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

    set_all_config(job["config"], job["secret_keys"])
    configure(Settings(**job["settings"]))
    os.chdir(job["directory"])
    sys.argv = [job["program"], *job["arguments"]]
    sys.path[0] = str(Path(job["directory"]).absolute())
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # the SDK reports the failures of its tasks itself
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(4 * max(job["settings"]["parallel"], 1)))
    try:
        loop.run_until_complete(run_in_stack(lambda: runpy.run_path(job["program"], run_name="__main__")))  # type: ignore[arg-type,return-value]
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:  # the engine ended first, and knows why
            return USER_WAS_TOLD
        pulumi.log.error(f"The engine refused a call of the program: {error.details()}")
    except Exception as error:
        pulumi.log.error("Program failed with an unhandled exception:\n" + program_traceback(error))
    else:
        return 0
    return USER_WAS_TOLD


def program_traceback(error: BaseException) -> str:
    """The traceback from the program's own first line on, without the frames that led there."""
    import traceback

    frames = list(traceback.walk_tb(error.__traceback__))
    leading = max((n for n, (frame, _) in enumerate(frames) if "runpy" in frame.f_code.co_filename), default=-1) + 1
    shown = traceback.TracebackException(type(error), error, error.__traceback__)
    shown.stack = traceback.StackSummary.from_list(shown.stack[leading:])
    return "".join(shown.format())


# -- in the host's process -----------------------------------------------------------------------------------------


def _load_protocol() -> None:
    """Make `pulumi.runtime.proto` importable without the rest of the SDK, which takes 0.3 s and is not needed here."""
    import importlib.util
    import types

    found = importlib.util.find_spec("pulumi")
    if found is None or found.origin is None:
        sys.stderr.write(
            f"error: {sys.executable} has no `pulumi` package, which Outlast's language host needs\n"
            "hint: name a Python that has it in PULUMI_PYTHON_CMD, or work in `make shell`\n"
        )
        raise SystemExit(1)
    root = Path(found.origin).parent
    for name, path in {
        "pulumi": root,
        "pulumi.runtime": root / "runtime",
        "pulumi.runtime.proto": root / "runtime" / "proto",
    }.items():
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package


def python_of(root: str, options: dict[str, Any]) -> str:
    """The Python that runs a program, from the options of its Pulumi.yaml. Raises FileNotFoundError."""
    environment = options.get("virtualenv")
    if not environment:
        return os.environ.get("PULUMI_PYTHON_CMD") or sys.executable
    python = Path(root, environment, "bin", "python")
    if not python.exists():
        raise FileNotFoundError(f"Pulumi.yaml names the virtualenv {environment!r}, but there is no {python}")
    return str(python)


def installed_providers(search_path: list[str]) -> list[tuple[str, str, str]]:
    """(name, version, download server) of every provider SDK found there."""
    import importlib.metadata

    found: dict[str, tuple[str, str, str]] = {}
    for file in (file for entry in search_path for file in sorted(Path(entry).glob("*/pulumi-plugin.json"))):
        plugin = json.loads(file.read_text())
        if not plugin.get("resource"):
            continue
        package, site = file.parent.name, str(file.parent.parent)
        name = plugin.get("name") or package.removeprefix("pulumi_").replace("_", "-")
        known = importlib.metadata.distributions(name=package, path=[site])
        version = plugin.get("version") or next((each.version for each in known), "")
        found.setdefault(name, (name, version, plugin.get("server") or ""))
    return list(found.values())


def _serve(engine_address: str) -> None:
    _load_protocol()
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from google.protobuf import empty_pb2, json_format  # type: ignore[import-untyped]
    from pulumi.runtime.proto import language_pb2, plugin_pb2
    from pulumi.runtime.proto import language_pb2_grpc as services

    def python(info: Any, context: Any) -> str:
        try:
            return python_of(info.root_directory, json_format.MessageToDict(info.options))
        except FileNotFoundError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise

    class Host(services.LanguageRuntimeServicer):
        def GetPluginInfo(self, request: Any, context: Any) -> Any:
            return plugin_pb2.PluginInfo(version="0.0.0-outlast")

        def About(self, request: Any, context: Any) -> Any:
            chosen = python(request.info, context)
            version = subprocess.check_output(
                [chosen, "-I", "-S", "-c", "import platform as p; print(p.python_version())"]
            )
            return language_pb2.AboutResponse(executable=chosen, version=version.decode().strip())

        def Cancel(self, request: Any, context: Any) -> Any:
            return empty_pb2.Empty()

        def GetRequiredPackages(self, request: Any, context: Any) -> Any:
            chosen = python(request.info, context)
            same = Path(chosen) == Path(sys.executable)
            listed = sys.path[1:] if same else json.loads(subprocess.check_output([chosen, "-c", LIST_SEARCH_PATH]))
            return language_pb2.GetRequiredPackagesResponse(
                packages=[
                    plugin_pb2.PackageDependency(name=name, kind="resource", version=f"v{version}", server=server)
                    for name, version, server in installed_providers(listed)
                ]
            )

        def Run(self, request: Any, context: Any) -> Any:
            code = _run_child(
                [python(request.info, context), "-u", __file__, "--run"], _job(request, engine_address), context
            )
            if code in (0, USER_WAS_TOLD):
                return language_pb2.RunResponse(bail=code != 0)
            return language_pb2.RunResponse(error=f"the program ended with exit code {code}")

        def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
            chosen = python(request.info, context)
            yield from (language_pb2.RunPluginResponse(**said) for said in _run_plugin(chosen, request, context))

    server = grpc.server(ThreadPoolExecutor(16))
    services.add_LanguageRuntimeServicer_to_server(Host(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    _end_with_stdin()
    server.wait_for_termination()


def _job(request: Any, engine_address: str) -> dict[str, Any]:
    info = request.info
    return {
        "directory": request.pwd,
        "program": os.path.normpath(Path(info.program_directory, info.entry_point)),
        "arguments": list(request.args),
        "config": dict(request.config),
        "secret_keys": list(request.configSecretKeys),
        "settings": {
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "dry_run": request.dryRun,
            "parallel": request.parallel,
            "monitor": request.monitor_address,
            "engine": engine_address,
            "root_directory": info.root_directory,
        },
    }


def _run_child(command: list[str], job: dict[str, Any], context: Any) -> int:
    """Run a program to its end, or to the end of the engine's interest in it."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    context.add_callback(child.terminate)  # nothing to a child that has ended
    child.communicate(json.dumps(job).encode())  # not as an argument: the configuration may hold secrets
    return child.returncode


def _run_plugin(python: str, request: Any, context: Any) -> Iterator[dict[str, Any]]:
    """A policy pack (`analyzer`), or a provider that is a program: what it says, and at last its exit code."""
    directory, arguments = request.info.program_directory, list(request.args)
    program = [directory, *arguments]
    if request.kind == "analyzer":
        program = ["-m", "pulumi.policy", arguments[0], directory, *arguments[1:]]
    child = subprocess.Popen(
        [python, "-u", *program],
        cwd=request.pwd,
        env=dict(entry.split("=", 1) for entry in request.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    context.add_callback(child.terminate)  # nothing to a child that has ended
    said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def relay(name: str, stream: Any) -> None:
        for line in stream:
            said.put({name: line})
        said.put(None)

    for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
        threading.Thread(target=relay, args=(name, stream), daemon=True).start()
    for _ in range(2):
        while (line := said.get()) is not None:
            yield line
    yield {"exitcode": child.wait()}


def _end_with_stdin() -> None:
    """The engine holds our stdin and made us a process group: when it ends, even by kill -9, our programs end too."""
    if os.getpgrp() != os.getpid() or not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def wait_for_end() -> None:
        while os.read(0, 4096):
            pass
        os.killpg(0, signal.SIGTERM)

    threading.Thread(target=wait_for_end, daemon=True).start()


def main() -> int:
    """`language_host.py [flags] ENGINE_ADDRESS` serves; `language_host.py --run` is a program's own process."""
    # The engine interrupts the whole group at the end of each command, and waits 5 s for who does not end. Left to
    # the system this ends us whatever a thread is at; it must be set, since a shell's `&` starts us ignoring SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if sys.argv[1:2] == ["--run"]:
        return run_program(json.load(sys.stdin))
    _serve(sys.argv[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
