"""Whether each site's answers are as right as at release, by the truths that came back, as its replicas wrote them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson

from outlast.page.refreshed import Refreshed
from sandbox.daemon.log_folder import before_cut
from service.bundle.manifest import Manifest
from service.server.audit.settled import Settled, settle

EVERY_SECONDS = 15.0
_LEAST_ROWS = 20
"""As `outlast model shift` has it: of fewer nothing can be said."""
_SHOWN = 2
_FEEDBACK = b'"kind":"feedback"'
Judge = Callable[[Sequence[Settled]], str]


class Truths:
    """Reads on in the logs of all replicas; `judge` says of at least twenty truths what they show."""

    def __init__(self, logs: Path, model: str, judge: Judge) -> None:
        self._logs = logs
        self._model = model
        self._judge = judge
        self._offsets: dict[Path, int] = {}
        self._lines: dict[str, list[bytes]] = defaultdict(list)
        self._states = Refreshed(self._round, EVERY_SECONDS)

    def states(self) -> Mapping[str, str]:
        """By the site that gave the answers, of a moment ago; nothing of a site of which no truth came back."""
        return self._states.get()

    def _round(self) -> dict[str, str]:
        found = {}
        for log in self._logs.glob("*-*.log"):
            self._read_on(log)
        for site, lines in self._lines.items():
            settled = [one for one in settle(lines) if one.model == self._model]
            rows = sum(len(one.truth) for one in settled)
            few = rows < _LEAST_ROWS
            found[site] = f"{rows} of {_LEAST_ROWS} truths" if few else f"{self._judge(settled)}, {rows} truths"
        return found

    def _read_on(self, log: Path) -> None:
        """What came since; of a log that was cut first the rest of what it held, then the log from its start."""
        with suppress(FileNotFoundError):  # its process has ended, and it was deleted in this moment
            begin = self._offsets.get(log, 0)
            if log.stat().st_size < begin:
                with suppress(FileNotFoundError):
                    self._read(before_cut(log), begin)
                begin = 0
            self._offsets[log] = self._read(log, begin)

    def _read(self, log: Path, begin: int) -> int:
        """Whole lines alone. Returns where the last of them ends."""
        with log.open("rb") as file:
            file.seek(begin)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                begin += len(line)
                with suppress(orjson.JSONDecodeError):
                    if _FEEDBACK in line:
                        record = orjson.loads(line)
                        self._lines[record.get("predicted_by") or record.get("site", "")].append(line)
        return begin


def judge_by(manifest: Manifest) -> Judge:
    """Holds truths to the metrics of the release, as `outlast model shift` does."""

    def judge(settled: Sequence[Settled]) -> str:
        import numpy as np  # with what follows some 200 MB: only where truths come back

        from service.offline.comparing import compare_feedback
        from service.offline.feedback import Feedback

        index = {name: number for number, name in enumerate(manifest.classes)}
        # An earlier release of the same name may have had other classes: it is held to nothing here.
        known = [one for one in settled if index.keys() >= {*one.truth, *one.predicted}]
        if not known:
            return "of other classes"
        ordered = sorted(known, key=lambda one: one.predicted_at)
        truth = np.array([index[label] for one in ordered for label in one.truth], dtype=np.intp)
        predicted = np.array([index[label] for one in ordered for label in one.predicted], dtype=np.intp)
        first, last = (datetime.fromtimestamp(one.predicted_at, UTC).isoformat() for one in (ordered[0], ordered[-1]))
        report = compare_feedback(manifest, Feedback(truth, predicted, None, None, first, last), resamples=200)
        worse = [f"{one.metric}[{one.class_name}]" if one.class_name else one.metric for one in report.worse]
        more = f" and {len(worse) - _SHOWN} more" if len(worse) > _SHOWN else ""
        return f"worse: {', '.join(worse[:_SHOWN])}{more}" if worse else "as released"

    return judge
