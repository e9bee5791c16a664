"""`python -m service.importing.trial FOLDER` loads a model as the server does, and says what that took: for limits."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

_KIB_OF_A_UNIT = 1 / 1024 if sys.platform == "darwin" else 1.0  # getrusage counts bytes there, KiB elsewhere


def measure(folder: Path) -> dict[str, float]:
    """Seconds until every golden row is answered, and the most memory that the process had, MiB."""
    begun = time.perf_counter()
    importlib.import_module("service.server.http.run")  # the server's own modules take memory and time too
    from service.bundle.classifier import Classifier
    from service.errors import ModelMismatch

    classifier = Classifier.load(folder)
    if wrong := classifier.golden_failures():
        raise ModelMismatch(f"the model does not give its golden answers: {wrong[0]}")
    seconds = time.perf_counter() - begun
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB_OF_A_UNIT
    return {"seconds": round(seconds, 3), "memory_mib": round(kib / 1024, 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))))
