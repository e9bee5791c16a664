"""What was found of an image, judged, and as a page. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

USER = 65532
SERVED = frozenset(
    {"__init__.py", "__main__.py", "bundle", "command_line.py", "errors.py", "released", "server", "ticks.py"}
)
BOOKKEEPING = frozenset({"__pycache__"})
# Nothing of training or provisioning may be in what answers requests.
FOREIGN = frozenset({"scikit-learn", "pandas", "skl2onnx", "onnx", "matplotlib", "boto3", "pulumi", "moto"})
STOP_SECONDS = 10.0  # what the shortest of the three clouds gives after SIGTERM (Cloud Run)
MIB = 1024 * 1024

NOT_PROVEN = (
    "the official base image python:3.11-slim-bookworm: in its place stands a base of Debian's own packages, with the "
    "same Debian and the same minor version of Python, but other files",
    "another architecture than this machine's",
    "BuildKit, which pulumi-docker-build calls: Buildah reads the same Dockerfile by its own code",
    "what a registry makes of the image, and its signature",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what should be, what was, and whether that is it."""

    what: str
    told: str
    good: bool


@dataclass(frozen=True)
class Process:
    """What the kernel says of the running process: /proc/<pid>/status."""

    user: int
    capabilities: int
    no_new_privileges: bool


def read_process(status: str) -> Process:
    """The lines of /proc/<pid>/status that matter. Raises KeyError for one that is not such a text."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Process(int(fields["Uid"].split()[1]), int(fields["CapEff"], 16), fields["NoNewPrivs"].strip() == "1")


def judge_process(process: Process) -> list[Finding]:
    """Whether it runs with nothing that it does not need."""
    return [
        Finding(f"runs as user {USER}", f"user {process.user}", process.user == USER),
        Finding("has no capabilities", f"{process.capabilities:#x}", process.capabilities == 0),
        Finding("can gain no privileges", str(process.no_new_privileges).lower(), process.no_new_privileges),
    ]


def judge_ids(ids: Sequence[str]) -> Finding:
    """Whether the same input gave the same image, byte for byte as far as its id says."""
    return Finding("the same image twice", ", ".join(each[:19] for each in ids), len(set(ids)) == 1 and len(ids) > 1)


def judge_packages(installed: Mapping[str, str], bill: Mapping[str, Any]) -> Finding:
    """Whether exactly the packages of the bill of materials are inside, in its versions."""
    listed = {
        part["name"].lower().replace("_", "-"): part["version"] for part in bill["components"] if _is_package(part)
    }
    inside = {name.lower().replace("_", "-"): version for name, version in installed.items()}
    wrong = sorted(name for name in {*listed, *inside} if listed.get(name) != inside.get(name))
    told = f"{len(inside)} packages" + (f"; not alike: {', '.join(wrong)}" if wrong else ", as in service/sbom.json")
    return Finding("its packages are those of the bill of materials", told, not wrong and bool(inside))


def judge_contents(files: Collection[str], installed: Collection[str]) -> Finding:
    """Whether the service's folder holds what serves and nothing else."""
    foreign = sorted({*(set(files) - SERVED - BOOKKEEPING), *(FOREIGN & {name.lower() for name in installed})})
    missing = sorted(SERVED - set(files))
    told = "; ".join(part for part in (_list("foreign", foreign), _list("missing", missing)) if part)
    return Finding("holds no training code", told or ", ".join(sorted(set(files) - BOOKKEEPING)), not told)


def judge_stop(seconds: float | None, code: int | None) -> Finding:
    """Whether SIGTERM ended it in the time that the strictest cloud gives."""
    told = "did not end" if seconds is None else f"{seconds:.1f} s, exit code {code}"
    return Finding(
        f"SIGTERM ends it within {STOP_SECONDS:g} s",
        told,
        seconds is not None and seconds <= STOP_SECONDS and code == 0,
    )


def render_text(findings: Iterable[Finding]) -> str:
    """A line for each finding."""
    return "\n".join(f"{'✓' if each.good else '✗'} {each.what}: {each.told}" for each in findings)


def render_page(findings: Sequence[Finding], circumstances: str) -> str:
    """docs/reference/image.md."""
    rows = [f"| {each.what} | {each.told} | {'yes' if each.good else '**no**'} |" for each in findings]
    lines = [
        "# The image, proven",
        "",
        "Written by `make image ARGS=--write`: service/Dockerfile built by Buildah, run by crun as",
        "every cloud runs it, and looked into. CI does the same where it can.",
        "",
        circumstances,
        "",
        "| what | found | as it should |",
        "|---|---|---|",
        *rows,
        "",
        "Not proven by it:",
        "",
        *(f"* {line}" for line in NOT_PROVEN),
    ]
    return "\n".join(lines) + "\n"


def runtime_config(image: Mapping[str, Any], root: str, environment: Mapping[str, str], seconds: int) -> dict[str, Any]:
    """An OCI bundle's config.json: the image's own command and variables, a read-only root, no capabilities.

    The network is the host's, so that the port can be asked on loopback; `seconds` bounds the processor time.
    """
    config = image["config"]
    variables = {**dict(entry.split("=", 1) for entry in config["Env"]), **environment}
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": USER, "gid": USER},
            "args": [*config["Entrypoint"], *config["Cmd"]],
            "env": [f"{name}={value}" for name, value in variables.items()],
            "cwd": config["WorkingDir"],
            "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
            "noNewPrivileges": True,
            "rlimits": [{"type": "RLIMIT_CPU", "hard": seconds, "soft": seconds}],
        },
        "root": {"path": root, "readonly": True},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {
                "destination": "/dev",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "mode=755", "size=65536k"],
            },
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec"]},
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]},
    }


def _is_package(part: Mapping[str, Any]) -> bool:
    return str(part.get("purl", "")).startswith("pkg:pypi/")


def _list(word: str, names: Sequence[str]) -> str:
    return f"{word}: {', '.join(names)}" if names else ""
