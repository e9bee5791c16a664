"""Building service/Dockerfile by Buildah, on a base of Debian's packages: everything lies in one work folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import OutlastError, Unavailable

SERVICE = Path(__file__).resolve().parents[2] / "service"
NEEDED = {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "crun": "crun"}
BASE = "localhost/outlast-base"
PACKAGES = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
SUITE = "bookworm"
_PIP = "[global]\nno-index = true\nfind-links = /wheels\n"


def find_missing(user: int) -> str:
    """Why the image cannot be built on this machine; "" when it can."""
    if user != 0:
        return "building it in a chroot needs root"
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    return f"{', '.join(missing)} not installed: apt-get install {' '.join(missing)}" if missing else ""


@dataclass(frozen=True)
class Builder:
    """Buildah with its storage in `folder`, so that nothing of the machine's own is read or left."""

    folder: Path

    def run(self, *words: str) -> str:
        """One buildah command's output. Raises OutlastError with its last words."""
        storage = ("--root", str(self.folder / "storage"), "--runroot", str(self.folder / "run"))
        return run(("buildah", *storage, *words))

    def make_base(self) -> None:
        """Debian with its own Python, in the place of the official image: see findings.NOT_PROVEN."""
        archive = self.folder / "base.tar"
        run(("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(archive)))
        container = self.run("from", "scratch").strip()
        self.run("add", "--quiet", container, str(archive), "/")
        self.run("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
        self.run("commit", "--quiet", "--timestamp", "0", container, BASE)
        self.run("rm", container)
        archive.unlink()

    def fetch_wheels(self) -> None:
        """What the lock pins, by its hashes, with this machine's pip and settings; none of them enters the image."""
        wheels = self.folder / "wheels"
        only = ("--quiet", "--only-binary=:all:", "--require-hashes", "--python-version", "3.11")
        lock = str(SERVICE / "requirements.lock")
        run((sys.executable, "-m", "pip", "download", *only, "-r", lock, "-d", str(wheels)))
        (self.folder / "pip.conf").write_text(_PIP)

    def build(self, name: str) -> str:
        """The digest of the image's configuration and layers.

        `--timestamp 0` dates every file alike; a chroot has the host's network, unused by pip. Only Docker's format
        keeps the HEALTHCHECK, and its own id also covers the name of the container that it was built in.
        """
        volumes = (f"{self.folder / 'wheels'}:/wheels:ro", f"{self.folder / 'pip.conf'}:/etc/pip.conf:ro")
        mounts = [word for volume in volumes for word in ("--volume", volume)]
        how = ("--isolation", "chroot", "--no-cache", "--pull-never", "--format", "docker", "--timestamp", "0")
        self.run(
            *("build", *how, "--network", "host", *mounts, "--build-arg", f"BASE={BASE}", "--quiet"),
            *("--target", "serve"),
            *("--tag", f"localhost/{name}", str(SERVICE)),
        )
        told = json.dumps(self.read_config(f"localhost/{name}"), sort_keys=True)
        return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"

    def read_config(self, image: str) -> Mapping[str, Any]:
        """What the image says of itself."""
        found: Mapping[str, Any] = json.loads(self.run("inspect", "--type", "image", image))["OCIv1"]
        return found

    def mount(self, image: str) -> tuple[str, Path]:
        """A container's name and where its files lie, until `unmount`."""
        container = self.run("from", "--pull-never", image).strip()
        return container, Path(self.run("mount", container).strip())

    def unmount(self, container: str) -> None:
        """Give the files back."""
        self.run("umount", container)
        self.run("rm", container)

    def remove(self) -> None:
        """Forget everything that was built."""
        self.run("rm", "--all")
        self.run("rmi", "--all", "--force")


def run(command: Sequence[str], **more: Any) -> str:
    """A program's output. Raises Unavailable where it is not here, OutlastError with its last words where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **more)
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not installed", hint=f"apt-get install {command[0]}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip())[-600:]
        raise OutlastError(f"{command[0]} left with {done.returncode}: {last}", hint=" ".join(command[:6]) + " …")
    return str(done.stdout)
