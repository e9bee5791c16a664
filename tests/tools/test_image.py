"""The image, as far as no builder is needed: what goes in, what it imports, how large it is, and its bill."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from sandbox.images import store as images
from sandbox.images.dockerignore import list_context
from service.errors import Unavailable
from tools.image import BILL, DOCKERFILE, LOCK, SERVICE, Base, fetch_digest, lock_base, read_base, read_lock, write_bill
from tools.imports import import_graph, modules

ROOT = SERVICE.parent
MOST_BYTES = 220 * 10**6
DIGEST = "sha256:" + "5" * 64


def _instructions(*, training: bool = False) -> list[tuple[str, str]]:
    """Those of the stages of the serving image, or of the training image."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found, in_training = [], False
    for word, _, rest in (line.partition(" ") for line in lines):
        in_training = "AS train" in rest if word == "FROM" else in_training
        found += [(word, rest)] if in_training == training else []
    return found


def _build(folder: Path, stage: str) -> tuple[set[str], str]:
    """What an image holds of the service, as module names, and its lock."""
    image = images.build(SERVICE, DOCKERFILE, folder, target=stage)
    code = image.root / "app"
    return set(modules(code, ["service"])), str(image.config["lock"])


def _locked() -> dict[str, str]:
    """Name -> version of what is installed on this platform."""
    wanted: dict[str, str] = {}
    for line in LOCK.read_text().splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                wanted[requirement.name] = str(requirement.specifier).removeprefix("==")
    return wanted


def _copy_as_the_dockerfile_does(target: Path) -> None:
    # The last stage takes the service whole from the one before it, and that the models from the first.
    assert ("COPY", "--from=build /app/service ./service") in _instructions()
    assert ("COPY", "--from=models / ./service/released/") in _instructions()
    assert ("COPY", "released/ /") in _instructions()
    shutil.copytree(SERVICE / "released", target / "service" / "released")
    for word, rest in _instructions():
        if word != "COPY" or rest.startswith("--from=") or rest == "released/ /":
            continue
        *sources, place = rest.split()
        if sources == ["requirements.lock"]:
            continue
        for source in sources:
            path = SERVICE / source
            folder = target / place
            if path.is_dir():
                shutil.copytree(path, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, folder)


# Runs in a process that sees only what the image holds: every other import fails, and every loaded module is listed.
_CLOSED = """
import importlib, importlib.abc, json, sys
from importlib.metadata import packages_distributions
allowed, owners = set(json.loads(sys.argv[1])), packages_distributions()
import re
normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()

class Closed(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        top = name.partition(".")[0]
        if top in owners and not any(normal(owner) in allowed for owner in owners[top]):
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, Closed())
from pathlib import Path
for path in sorted(Path("service").rglob("*.py")):
    if path.name != "__main__.py":
        importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
from service.server.runtime import build_runtime
from service.server.http.routes import build_app
from service.server.settings.table import Settings
runtime = build_runtime(Settings.from_environment({"OUTLAST_AUTH": "off"}))
build_app(runtime)
assert runtime.health.refresh() == []
runtime.metrics.render("", 0.0)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules if name.partition(".")[0] in owners})))
"""


def test_what_the_image_holds_imports_nothing_that_it_does_not_hold(tmp_path: Path) -> None:
    _copy_as_the_dockerfile_does(tmp_path)
    allowed = json.dumps([re.sub(r"[-_.]+", "-", name).lower() for name in _locked()])
    command = [sys.executable, "-W", "error", "-c", _CLOSED, allowed]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    loaded = set(json.loads(run.stdout))
    assert {"numpy", "onnxruntime", "starlette", "uvicorn", "orjson"} <= loaded
    assert not loaded & {"pandas", "sklearn", "pulumi", "boto3", "moto", "skl2onnx", "matplotlib", "scipy"}


def test_the_installed_tree_is_small_enough() -> None:
    total = 0
    for name, version in _locked().items():
        installed = distribution(name)
        assert installed.version == version, f"{name}: the lock says {version}"
        paths = [Path(str(installed.locate_file(file))) for file in installed.files or ()]
        total += sum(path.stat().st_size for path in paths if path.is_file() and "__pycache__" not in path.parts)
        # Compiled anew in the image; its size is near that of the source.
        total += sum(path.stat().st_size for path in paths if path.is_file() and path.suffix == ".py")
    assert 50 * 10**6 < total <= MOST_BYTES, f"{total / 1e6:.0f} MB"


def test_the_server_part_of_the_product_is_the_same_in_both_locks() -> None:
    wanted = [line for line in (SERVICE / "requirements.in").read_text().splitlines() if re.match(r"[a-z]", line)]
    product = (ROOT / "pyproject.toml").read_text()
    assert wanted
    for line in wanted:
        assert re.sub(r'"', "'", line) in re.sub(r'"', "'", product)


def test_the_image_runs_as_nobody_and_starts_the_server_by_exec() -> None:
    instructions = _instructions()
    assert ("USER", "65532:65532") in instructions
    assert ("ENTRYPOINT", '["python", "-m", "service"]') in instructions
    assert instructions[-1] == ("CMD", '["serve"]')
    words = [word for word, _ in instructions]
    assert [rest for word, rest in instructions if word == "FROM"] == [
        "scratch AS models",
        "${BASE} AS build",
        "${BASE} AS serve",
    ]
    assert {"HEALTHCHECK", "LABEL", "EXPOSE"} <= set(words)
    (install,) = (rest for word, rest in instructions if " install " in rest and word == "RUN")
    assert "--require-hashes -r requirements.lock" in install
    assert all(pin.hashes for pin in read_lock(LOCK.read_text()))


def test_the_serving_image_holds_nothing_of_training(tmp_path: Path) -> None:
    held, lock = _build(tmp_path, "serve")
    assert {name.split(".")[1] for name in held if "." in name} == {
        *("__main__", "bundle", "command_line", "errors", "server", "ticks")
    }
    names = {pin.name for pin in read_lock(lock)}
    assert "onnxruntime" in names
    assert not names & {"scikit-learn", "pandas", "skl2onnx", "scipy", "matplotlib"}


def test_the_serving_image_holds_all_that_its_modules_import(tmp_path: Path) -> None:
    held, _ = _build(tmp_path, "serve")
    graph = import_graph(modules(ROOT, ["service"]))
    assert {name: graph[name] - held for name in held if graph.get(name, set()) - held} == {}


def test_the_training_image_holds_all_that_the_job_imports_and_nothing_of_serving(tmp_path: Path) -> None:
    held, lock = _build(tmp_path, "train")
    ours = modules(ROOT, ["service"])
    graph, wanted, left = import_graph(ours), set[str](), {"service.__main__", "service.evaluation.job_command"}
    while left:
        wanted |= left
        left = {name for module in left for name in graph[module]} - wanted
    assert wanted <= held
    assert not [name for name in held if name.startswith(("service.server", "service.offline"))]
    names = {pin.name for pin in read_lock(lock)}
    assert {"scikit-learn", "skl2onnx", "onnxruntime", "pandas"} <= names
    assert not names & {"uvicorn", "starlette"}


def test_both_images_compute_with_the_same_versions() -> None:
    """Else what a job's graph answers would not be what is served."""
    ours = {pin.name: pin.version for pin in read_lock((ROOT / "requirements.lock").read_text())}
    for lock in ("requirements.lock", "requirements-train.lock"):
        pins = read_lock((SERVICE / lock).read_text())
        assert all(pin.hashes for pin in pins)
        for name in ("numpy", "onnxruntime", "scikit-learn", "onnx", "pandas"):
            assert {pin.version for pin in pins if pin.name == name} <= {ours[name]}


def test_the_context_holds_what_is_copied_and_little_else() -> None:
    passed = set(list_context(SERVICE, DOCKERFILE))
    for word, rest in _instructions() + _instructions(training=True):
        if word == "COPY" and not rest.startswith("--from="):
            for source in rest.split()[:-1]:
                assert any(path == source or path.startswith(source) for path in passed), source
    assert not [path for path in passed if path.startswith(("importing", "offline", "problems", "sbom"))]
    assert not [path for path in passed if path.endswith(".pyc")]


def test_no_digest_of_the_base_image_was_invented() -> None:
    base = read_base(DOCKERFILE.read_text())
    assert base.tag
    assert not base.digest or len(set(base.digest)) > 8  # no string of zeros, and no made-up pattern


def test_a_looked_up_digest_is_written_beside_the_tag() -> None:
    text = DOCKERFILE.read_text()
    locked = lock_base(text, DIGEST)
    assert read_base(locked)[2] == DIGEST
    assert lock_base(locked, "sha256:" + "6" * 64).count("@sha256:") == text.count("@sha256:") + (
        not read_base(text).digest
    )


def test_the_registry_is_asked_for_the_tag_and_its_silence_is_told() -> None:
    asked: list[str] = []

    def registry(url: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
        asked.append(url)
        if "token" in url:
            return {}, b'{"token": "t"}'
        assert headers["authorization"] == "Bearer t"
        return {"Docker-Content-Digest": DIGEST}, b"{}"

    base = Base("python", "3.11-slim-bookworm", "")
    assert fetch_digest(base, registry) == DIGEST
    assert asked[1].endswith("/v2/library/python/manifests/3.11-slim-bookworm")

    def silence(url: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
        raise OSError("no route to host")

    with pytest.raises(Unavailable, match="until then the tag stands"):
        fetch_digest(base, silence)
    with pytest.raises(Unavailable, match="gave no digest"):
        fetch_digest(base, lambda url, headers: ({}, b'{"token": "t"}'))


def test_the_bill_of_materials_is_that_of_the_lock() -> None:
    written = json.loads(BILL.read_text())
    expected = json.loads(write_bill(LOCK.read_text(), DOCKERFILE.read_text()))
    assert written == expected, "write it anew: python -m tools.image sbom"
    libraries = {part["name"]: part["version"] for part in written["components"] if part["type"] == "library"}
    assert _locked().items() <= libraries.items()
