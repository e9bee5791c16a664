"""Clients' caches, and observers on their beat."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.dial import Dial, Resolution
from failover.drill.clients import PRIME_TRIES, Authority, ClientCache
from failover.drill.observers import Observer, Watch
from failover.drill.samples import Look, Sample, Tally
from service.errors import Unavailable
from tests.failover.drill.fakes import UNHURRIED
from tests.failover.drill.three_sites import ADDRESSES, HOST


class FakeDial(Dial):
    """Answers HOST with the origins in turn, and each origin with its address; counts what it was asked."""

    origins: list[str]
    asked: list[str]
    ttl: int

    def __init__(self, origins: Sequence[str] = (f"aws.{HOST}",), ttl: int = 3) -> None:
        for name, value in (("origins", list(origins)), ("asked", []), ("ttl", ttl)):
            object.__setattr__(self, name, value)  # a Dial is frozen

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        self.asked.append(host)
        if host == HOST:
            answers: tuple[str, ...] = tuple(self.origins[:1])
            self.origins.append(self.origins.pop(0)) if self.origins else None
        else:
            answers = (ADDRESSES[host.split(".")[0]],)
        return Resolution(host, rdtype, answers, (), self.ttl, "NOERROR", True, 0.0)


class Now:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def make_cache(dial: FakeDial) -> tuple[ClientCache, Now]:
    now = Now()
    return ClientCache(Authority("1", dial), dial, HOST, now=now), now


def test_keeps_an_answer_for_its_ttl_and_no_longer() -> None:
    dial = FakeDial(origins=[f"aws.{HOST}", f"gcp.{HOST}"])
    cache, now = make_cache(dial)
    assert cache.lookup(HOST).addresses == (ADDRESSES["aws"],)
    now.seconds += 2.999
    assert cache.lookup(HOST).addresses == (ADDRESSES["aws"],)
    now.seconds += 0.001
    assert cache.lookup(HOST).addresses == (ADDRESSES["gcp"],)
    assert dial.asked.count(HOST) == 2


def test_tells_when_the_kept_answer_had_run_out() -> None:
    cache, now = make_cache(FakeDial())
    cache.lookup(HOST)
    assert cache.take_ran_out() == 0.0, "the first answer replaces none"
    assert cache.take_ran_out() is None
    now.seconds += 3.4
    cache.lookup(HOST)
    assert cache.take_ran_out() == pytest.approx(0.4)


@UNHURRIED
@given(st.floats(0.0, 0.999))
def test_a_primed_client_was_told_some_time_ago(age: float) -> None:
    dial = FakeDial(origins=[f"gcp.{HOST}", f"azure.{HOST}", f"aws.{HOST}"], ttl=30)
    cache, now = make_cache(dial)
    assert cache.prime(f"aws.{HOST}", age)
    now.seconds += 30 * (1.0 - age) * 0.999
    assert cache.lookup(HOST).addresses == (ADDRESSES["aws"],)
    now.seconds += 30 * (1.0 - age) * 0.001 + 0.001
    assert cache.lookup(HOST).addresses == (ADDRESSES["gcp"],)


def test_gives_up_priming_when_dns_never_says_so() -> None:
    dial = FakeDial()
    cache, _ = make_cache(dial)
    assert not cache.prime(f"gcp.{HOST}", 0.0)
    assert len(dial.asked) == PRIME_TRIES


def test_an_empty_answer_is_an_error_and_is_not_kept() -> None:
    dial = FakeDial(origins=[])
    cache, _ = make_cache(dial)
    with pytest.raises(Unavailable, match="DNS has no answer"):
        cache.lookup(HOST)
    dial.origins.append(f"aws.{HOST}")
    assert cache.lookup(HOST).addresses == (ADDRESSES["aws"],)


class Notes:
    """A recorder that keeps what it is given."""

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []
        self._origin = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self._origin

    def write(self, kind: str, *, at: float | None = None, **fields: object) -> None:
        self.entries.append({"kind": kind, "at": at, **fields})


def test_observers_keep_their_beat_and_tell_how_late_they_were() -> None:
    enough, notes = threading.Event(), Notes()
    looks: list[float] = []

    def look() -> Look:
        looks.append(time.monotonic())
        if len(looks) == 2:
            time.sleep(0.025)  # longer than two beats: it misses them, and does not hurry afterwards
        if len(looks) == 6:
            enough.set()
        return Look("aws")

    with Watch([Observer("client-1", 0.01, 0.0, look)], notes, lost="aws") as watch:
        assert enough.wait(5)
    begun = [entry["at"] for entry in notes.entries]
    gaps = [after - before for before, after in pairwise(begun)]  # type: ignore[operator]
    assert gaps[1] >= 0.025
    assert max(gaps[2:4]) > 0.002, "the two beats that were missed are not made up for"
    assert all(entry["late_ms"] >= 0 for entry in notes.entries)  # type: ignore[operator]
    assert watch.tally("client-1").right == len(notes.entries)


def test_a_look_that_crashes_is_a_failed_look_not_a_dead_observer() -> None:
    enough = threading.Event()
    calls = [0]

    def look() -> Look:
        calls[0] += 1
        if calls[0] == 3:
            enough.set()
        raise ValueError("a bug")

    with Watch([Observer("client-1", 0.01, 0.0, look)], Notes(), lost="aws") as watch:
        assert enough.wait(5)
    last = watch.tally("client-1").last
    assert last is not None and last.error == "ValueError: a bug"


def test_tallies_count_rows_of_the_latest() -> None:
    tally = Tally()
    for site, error in (("aws", ""), ("gcp", ""), ("gcp", ""), (None, "refused"), ("gcp", "")):
        tally = tally.add(Sample(site, error, by="client-1"), lost="aws")
    assert (tally.count, tally.right, tally.elsewhere, tally.failing) == (5, 1, 1, 0)
    for _ in range(2):
        tally = tally.add(Sample("gcp", wrong="label", by="client-1"), lost="aws")
    assert (tally.right, tally.elsewhere, tally.failing) == (0, 0, 2)


@UNHURRIED
@given(
    st.builds(
        Sample,
        site=st.sampled_from(["aws", None]),
        error=st.text(max_size=5),
        wrong=st.text(max_size=5),
        ran_out=st.none() | st.floats(0, 100),
        by=st.just("client-1"),
        at=st.floats(0, 1000),
        ms=st.floats(0, 1000),
        late_ms=st.floats(0, 1000),
    )
)
def test_a_sample_survives_the_journal(sample: Sample) -> None:
    assert Sample.from_entry({"kind": "sample", **sample.to_entry()}) == sample
