"""The audit log: whole, or else it says what is wrong with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.audit.chain import AuditLog
from service.server.audit.verify import ChainReport, verify_logs
from service.server.exchange import Exchange
from service.server.protocol.problems import INVALID_HTTP, NO_KEY, Problem
from tests.service.server.harness import INFER, ROOT, Server, infer_body, running, wait_for

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once


class Sink:
    """A sink in memory that can be slow, or refuse."""

    def __init__(self, most: int = 10**9) -> None:
        self.data = b""
        self.most = most
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def write(self, data: bytes | memoryview) -> int:
        self.gate.wait(20)
        if self.broken:
            raise OSError(28, "No space left on device")
        self.data += bytes(data[: self.most])
        return min(self.most, len(data))

    def lines(self) -> list[bytes]:
        return self.data.splitlines(keepends=True)


def _audit_log(*sinks: Sink, capacity: int = 100, refuses: bool = True, trouble: list[str] | None = None) -> AuditLog:
    return AuditLog(
        sinks,
        site="aws",
        replica="r1",
        capacity=capacity,
        refuses=refuses,
        clock=lambda: 1000.0,
        about={},
        on_trouble=(trouble if trouble is not None else []).append,
    )


def _written(count: int, sink: Sink | None = None) -> list[bytes]:
    sink = sink or Sink()
    log = _audit_log(sink, capacity=count + 10)
    log.start()
    for number in range(count):
        log.put({"kind": "prediction", "time": 1.0, "number": number})
    assert log.stop()
    return sink.lines()


def _only(lines: list[bytes]) -> ChainReport:
    (report,) = verify_logs(lines)
    return report


def test_a_whole_log_is_verified() -> None:
    report = _only(_written(300))
    assert (report.records, report.predictions, report.closed, report.findings) == (302, 300, True, [])
    assert report.may_be_missing == 0


def test_a_sink_that_takes_a_little_at_a_time_gets_every_byte_once() -> None:
    assert _written(20, Sink(most=7))[1:-1] != []
    assert _only(_written(20, Sink(most=7))).findings == []


def test_a_log_service_may_reformat_the_lines() -> None:
    lines = [json.dumps(dict(reversed(json.loads(line).items())), indent=None).encode() + b"\n" for line in _written(5)]
    assert _only(lines).findings == []


TRAIL = _written(12)


@given(st.data())
def test_any_changed_value_is_found_and_named(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TRAIL) - 1))
    record: dict[str, Any] = json.loads(TRAIL[at])
    field = data.draw(st.sampled_from(sorted(set(record) - {"chain", "seq"})))
    value = data.draw(st.one_of(st.text(max_size=5), st.integers(-9, 9)))
    if record[field] == value:
        return
    record[field] = value
    lines = [*TRAIL[:at], json.dumps(record).encode() + b"\n", *TRAIL[at + 1 :]]
    assert at in {finding.seq for finding in _only(lines).findings}


@given(first=st.integers(0, 12), count=st.integers(1, 5))
def test_any_missing_record_is_found_and_named(first: int, count: int) -> None:
    first = min(first, len(TRAIL) - 1 - count)
    findings = _only([*TRAIL[:first], *TRAIL[first + count :]]).findings
    assert findings[0].seq == first
    assert "missing" in findings[0].what


@given(st.permutations(range(8)))
def test_any_moved_record_is_found(order: list[int]) -> None:
    lines = [TRAIL[i] for i in order] + TRAIL[8:]
    findings = _only(lines).findings
    assert (findings == []) == (order == list(range(8)))


def test_a_replaced_record_that_was_hashed_anew_is_found() -> None:
    from service.server.audit.chain import hash_record

    record = {**json.loads(TRAIL[7]), "number": 99}
    record["hash"] = hash_record(record)
    findings = _only([*TRAIL[:7], json.dumps(record).encode() + b"\n", *TRAIL[8:]]).findings
    assert [finding.seq for finding in findings] == [8]
    assert "replaced" in findings[0].what


def test_a_doubled_record_is_found() -> None:
    assert [f.what for f in _only([*TRAIL[:5], TRAIL[4], *TRAIL[5:]]).findings] == ["is there twice"]


def test_a_key_given_twice_in_a_record_is_found_whichever_reader_would_take_the_true_one() -> None:
    doubled = TRAIL[4].replace(b'{"chain"', b'{"number":99,"chain"', 1)
    assert doubled != TRAIL[4]
    findings = _only([*TRAIL[:4], doubled, *TRAIL[5:]]).findings
    assert findings[0].seq == 4


def test_a_record_added_behind_the_end_is_found() -> None:
    from service.server.audit.chain import hash_record

    last = json.loads(TRAIL[-1])
    added = {**json.loads(TRAIL[5]), "seq": last["seq"] + 1, "prev": last["hash"]}
    added["hash"] = hash_record(added)
    assert [f.what for f in _only([*TRAIL, json.dumps(added).encode() + b"\n"]).findings] == [
        f"stands behind the end, {last['seq']}: it was added"
    ]


def test_numbers_that_another_writer_spells_otherwise_are_no_tampering() -> None:
    respelt = [line.replace(b'"time":1000.0', b'"time":1000').replace(b'"time":1.0', b'"time":1e0') for line in TRAIL]
    respelt = [line.replace(b'"number":3,', b'"number":3.0,') for line in respelt]
    assert respelt != TRAIL
    assert _only(respelt).findings == []


def test_a_flood_of_refusals_is_a_few_records_and_their_number() -> None:
    sink = Sink()
    log = _audit_log(sink, capacity=100)
    log.start()
    model: Any = SimpleNamespace(name="m", version="1", digest="d")
    target: Any = SimpleNamespace(model=model, codec=SimpleNamespace(route="/predict"))
    for _ in range(1000):
        exchange = Exchange(target, {}, b"", 1000.0, "192.0.2.1")
        exchange.fail(Problem(NO_KEY, "no API key was sent"))
        log.answered([exchange], 1000.0)
        log.refused("(none)", Problem(INVALID_HTTP, "no HTTP"), "192.0.2.2")
    assert log.stop()
    records = [json.loads(line) for line in sink.lines()]
    alone = [record for record in records if record["kind"] == "prediction"]
    sums: Counter[tuple[int, str]] = Counter()
    for record in records:
        if record["kind"] == "refused":
            sums[record["status"], record["caller"]] += record["count"]
    assert (len(alone), dict(sums)) == (10, {(401, "192.0.2.1"): 990, (400, "192.0.2.2"): 1000})
    assert _only(sink.lines()).refused == 1990


def test_a_queue_that_is_full_and_does_not_move_is_stalled_after_a_while() -> None:
    now = [1000.0]
    log = AuditLog(
        [Sink()], site="aws", replica="r1", capacity=2, refuses=True, clock=lambda: now[0], about={},
        on_trouble=lambda _: None,
    )  # fmt: skip
    assert not log.stalled
    for _ in range(2):
        log.put({"kind": "prediction"})
    assert not log.stalled
    now[0] += 3
    assert log.stalled


def test_many_chains_and_other_output_may_be_mixed() -> None:
    mixed = [line for pair in zip(_written(4), _written(4), strict=True) for line in (b"hello\n", *pair)]
    reports = verify_logs(mixed)
    assert [(report.records, report.findings) for report in reports] == [(6, []), (6, [])]


def test_a_stalled_sink_makes_the_server_refuse() -> None:
    sink = Sink()
    sink.gate.clear()
    log = _audit_log(sink, capacity=10)
    log.start()
    assert log.accepts(9)
    for number in range(9):
        log.put({"kind": "prediction", "number": number})
    assert not log.accepts(1)
    sink.gate.set()
    wait_for(lambda: log.accepts(10), "the queue to empty")
    assert log.stop()
    assert (_only(sink.lines()).predictions, log.lost) == (9, 0)


def test_or_the_losses_are_counted_in_the_chain_itself() -> None:
    sink = Sink()
    sink.gate.clear()
    log = _audit_log(sink, capacity=10, refuses=False)
    log.start()
    for number in range(25):
        assert log.accepts(1)
        log.put({"kind": "prediction", "number": number})
    sink.gate.set()
    assert log.stop()
    report = _only(sink.lines())
    assert report.findings == []
    assert (report.predictions + report.lost, report.lost) == (25, log.lost)
    assert report.lost >= 15


def test_a_full_disk_is_told_once_and_nothing_is_written_twice_after_it() -> None:
    sink, other, trouble = Sink(), Sink(), list[str]()
    sink.broken = True
    log = _audit_log(other, sink, trouble=trouble)
    log.start()
    log.put({"kind": "prediction"})
    wait_for(lambda: trouble, "the trouble to be told")
    sink.broken = False
    wait_for(lambda: log.depth == 0, "the sink to take it")
    assert log.stop()
    assert trouble == ["the audit log cannot be written: No space left on device"]
    assert sink.data == other.data
    assert _only(sink.lines()).findings == []


def test_the_server_records_each_request_and_no_feature(guarded_server: Server, guarded_folder: Path) -> None:
    with guarded_server.client({"x-request-id": "audited-1"}) as client:
        client.post(INFER, json=infer_body([[3.25] * 30]))
        client.post(INFER, content=b"{", headers={"x-request-id": "audited-2"})
    wanted = ("audited-1", "audited-2")
    records = wait_for(
        lambda: (
            [line for line in guarded_server.audit_lines() if line.get("request_id") in wanted][1:]
            and [line for line in guarded_server.audit_lines() if line.get("request_id") in wanted]
        ),
        "both records",
    )
    answered, refused = records
    assert (answered["status"], answered["key"], answered["rows"], answered["site"]) == (200, "tests", 1, "gcp")
    assert len(answered["input_sha256"]) == len(answered["output_sha256"]) == 64
    assert (refused["status"], refused["input_sha256"]) == (400, "")
    assert "3.25" not in guarded_server.stdout.read_text()
    assert "3.25" not in guarded_server.stderr.read_text()
    (copy,) = (guarded_folder / "audit").glob("*.jsonl")
    assert answered in [json.loads(line) for line in copy.read_bytes().splitlines()]


def _verify_command(*paths: Path) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "service", "audit", "verify", "--json", *map(str, paths)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return run.returncode, json.loads(run.stdout)


def test_after_kill_9_the_log_verifies_and_says_how_many_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    settings = {"OUTLAST_AUTH": "off", "OUTLAST_AUDIT_QUEUE": "64", "OUTLAST_AUDIT": "off"}
    with running(tmp_path, OUTLAST_AUDIT_DIR=str(tmp_path / "audit"), **settings) as server:
        stop = threading.Event()
        answered: list[str] = []

        def ask() -> None:
            with server.client() as client:
                while not stop.is_set():
                    try:
                        reply = client.post(INFER, json=infer_body([[1.0] * 30]))
                    except Exception:
                        return
                    if reply.status_code == 200:
                        answered.append(reply.headers["x-request-id"])

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answered) >= 150, "some answers")
        server.stop(signal.SIGKILL)
        stop.set()
        for thread in threads:
            thread.join()
    (path,) = (tmp_path / "audit").glob("*.jsonl")
    status, report = _verify_command(tmp_path / "audit")
    (chain,) = report["chains"]
    assert status == 0 and report["ok"]
    assert not chain["closed"]
    recorded = {json.loads(line).get("request_id") for line in path.read_bytes().splitlines() if line.endswith(b"}")}
    assert chain["may_be_missing"] == 64
    assert len(set(answered) - recorded) <= chain["may_be_missing"]
    # And a record that is cut off by the kill is told, not held to be tampering.
    with path.open("ab") as file:
        file.write(b'{"kind":"predic')
    status, report = _verify_command(path)
    assert status == 0 and report["chains"][0]["torn"]
    # While a changed one is.
    path.write_bytes(path.read_bytes().replace(b'"status":200', b'"status":201', 1))
    status, report = _verify_command(path)
    assert status == 7 and not report["ok"]


@pytest.mark.parametrize(
    "line", [b"", b"{}\n", b"null\n", b'{"chain":1,"seq":"a","prev":0,"hash":0,"kind":0}\n', b"\xff\n"]
)
def test_lines_that_are_no_records_are_passed_over(line: bytes) -> None:
    assert verify_logs([line]) == []
