"""A job's folders under the names that its service gives them: in a mount namespace, else by other names.

As root, on Linux, a job's process sees a root folder of its own that shows this machine's, with the service's folder
put into it: `/opt/ml`, `/gcs`, `/mnt/azureml`. Nobody else sees it, so that two sandboxes do not collide and nothing is
left on the machine. Elsewhere the same folders lie below the job's own, and the paths in its command lead there.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TOOLS = ("unshare", "mount", "chroot")
# What shows the machine's root below another folder: each entry of / bound, but that into which the service's folder
# comes, of which each entry is bound. $1 empty folder, $2 the job's folders, $3 the service's folder, $4 those that are
# only read, $5 the working folder, $6 where chroot is; then the program.
_SHOW = """
set -e
root=$1 files=$2 own=$3 readonly=$4 folder=$5 chroot=$6
shift 6
show() {
  if [ -L "$1" ]; then cp -P "$1" "$root$1"
  elif [ -d "$1" ]; then mkdir -p "$root$1"; mount --rbind "$1" "$root$1"
  elif [ -f "$1" ]; then : > "$root$1"; mount --bind "$1" "$root$1"
  fi
}
mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
first=/$(echo "$own" | cut -d/ -f2)
for entry in /*; do [ "$entry" = "$first" ] || show "$entry"; done
if [ -d "$first" ]; then
  mkdir -p "$root$first"
  for entry in "$first"/*; do [ "$entry" = "$own" ] || show "$entry"; done
fi
mkdir -p "$root$own"
mount --bind "$files$own" "$root$own"
for path in $readonly; do
  mount --bind "$root$path" "$root$path"
  mount -o remount,bind,ro "$root$path"
done
exec "$chroot" "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""


@dataclass(frozen=True)
class Shown:
    """How a program is started so that it finds its folders."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


@functools.cache
def has_namespaces() -> bool:
    """Whether a process here may have mounts of its own."""
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, _TOOLS)):
        return False
    tried = subprocess.run(["unshare", "--mount", "mount", "--make-rprivate", "/"], capture_output=True, check=False)
    return tried.returncode == 0


def show(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    work: Path,
    root: str,
    folder: Path,
    readonly: Sequence[str],
    namespaces: bool,
) -> Shown:
    """The command that sees `work / "files" / root` as `root`; `folder` is where it starts.

    `readonly` are paths of the container that it may not write to; without namespaces this binds nobody.
    """
    files = work / "files"
    (files / root.lstrip("/")).mkdir(parents=True, exist_ok=True)
    if not namespaces:
        return Shown(
            tuple(_lead(word, root, files) for word in command),
            {name: _lead(value, root, files) for name, value in environment.items()},
        )
    empty = work / "root"
    empty.mkdir(parents=True, exist_ok=True)
    # A container's PATH leads to no sbin.
    told = (str(empty), str(files), root, " ".join(readonly), str(folder), str(shutil.which("chroot")))
    return Shown(("unshare", "--mount", "/bin/sh", "-c", _SHOW, "sh", *told, *command), environment)


def _lead(word: str, root: str, files: Path) -> str:
    return f"{files}{word}" if word == root or word.startswith(f"{root}/") else word
