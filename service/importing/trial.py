"""`python -m service.importing.trial FOLDER` loads a model as the server does, and says what that took: for limits."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

_STATUS = Path("/proc/self/status")


def read_peak_mib() -> float:
    """The most memory that this process had, in MiB.

    Linux hands the `ru_maxrss` of whoever starts a process on to it, so its own peak is read from /proc there.
    """
    if _STATUS.exists():
        (line,) = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes, on macOS


def measure(folder: Path) -> dict[str, float]:
    """Seconds until every golden row is answered, and the most memory that the process had, MiB."""
    begun = time.perf_counter()
    importlib.import_module("service.server.http.run")  # the server's own modules take memory and time too
    from service.bundle.classifier import Classifier
    from service.errors import ModelMismatch

    classifier = Classifier.load(folder)
    if wrong := classifier.golden_failures():
        raise ModelMismatch(f"the model does not give its golden answers: {wrong[0]}", hint="import it again")
    seconds = time.perf_counter() - begun
    return {"seconds": round(seconds, 3), "memory_mib": round(read_peak_mib(), 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))))
