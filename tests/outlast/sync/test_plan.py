"""What is copied, decided from what is held: the number, who is ahead, what is lacking, how far a copy is behind."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.sync.manifest import File, Manifest, sort_files
from outlast.sync.plan import Held, check_source, choose_manifest, measure_lags, plan_work, refuse_ahead
from service.errors import Refused
from tests.outlast.sync.stores import NOW

X, Y, Z = (File(name, 10, name * 64) for name in "abc")


def _manifest(number: int, *files: File, made: str = "then") -> Manifest:
    return Manifest("data", number, made, files)


def _held(name: str, *manifests: Manifest) -> Held:
    return Held(name, manifests, {file.sha256: file.size for one in manifests for file in one.files})


def test_the_first_copy_is_number_one() -> None:
    assert choose_manifest("data", (X,), [Held("s")], NOW) == Manifest("data", 1, NOW.isoformat(), (X,))


def test_a_store_that_was_not_reached_gets_the_manifest_that_the_others_have() -> None:
    there = _manifest(2, X, Y)
    assert choose_manifest("data", (X, Y), [_held("a", _manifest(1, X), there), _held("b")], NOW) is there


def test_other_files_are_the_next_number_over_all_stores() -> None:
    stores = [_held("a", _manifest(1, X)), _held("b", _manifest(4, X, Y))]
    assert choose_manifest("data", (X, Y, Z), stores, NOW).number == 5


def test_files_of_an_earlier_number_are_refused_by_name_unless_they_are_to_be_the_newest() -> None:
    stores = [_held("s3://a", _manifest(1, X), _manifest(2, X, Y)), _held("az://b/c", _manifest(1, X))]
    with pytest.raises(Refused) as caught:
        choose_manifest("data", (X,), stores, NOW)
    assert "s3://a: is ahead: it holds number 2" in str(caught.value)
    assert "az://b" not in str(caught.value)
    again = choose_manifest("data", (X,), stores, NOW, as_newest=True)
    assert (again.number, again.files) == (3, (X,))


def test_two_runs_at_once_are_settled_by_the_next_number() -> None:
    both = _held("a", _manifest(1, X), _manifest(1, Y))
    assert not both.is_in_step(_manifest(1, X))
    assert choose_manifest("data", (X,), [both], NOW).number == 2
    with pytest.raises(Refused, match="a holds 2 different manifests number 1"):
        check_source(both)


def test_two_runs_with_the_same_files_are_no_difference() -> None:
    both = _held("a", _manifest(1, X, made="10:00"), _manifest(1, X, made="10:01"))
    assert both.is_in_step(_manifest(1, X))
    assert check_source(both).files == (X,)
    assert choose_manifest("data", (X,), [both], NOW).number == 1


def test_a_store_is_not_copied_over_one_that_is_ahead_or_differs() -> None:
    refuse_ahead(_manifest(2, X), [Held("a"), _held("b", _manifest(1, Y)), _held("c", _manifest(2, X))])
    with pytest.raises(Refused) as caught:
        refuse_ahead(_manifest(2, X), [_held("b", _manifest(3, Y)), _held("c", _manifest(2, Y))])
    assert "b: is ahead: it holds number 3" in str(caught.value)
    assert "c: holds another number 2" in str(caught.value)


def test_what_is_lacking_is_written_and_what_was_never_named_is_proven() -> None:
    manifest = _manifest(2, X, Y, Z)
    held = Held("s", (_manifest(1, X),), {X.sha256: 10, Y.sha256: 10})
    work = plan_work(manifest, held)
    assert (work.write, work.prove, work.manifest, work.dropped) == ((Z,), (Y,), True, ())
    assert (work.write_bytes, work.read_bytes) == (10, 20)


def test_what_the_newest_had_and_the_source_has_not_is_told() -> None:
    assert plan_work(_manifest(2, X), _held("s", _manifest(1, X, Y))).dropped == (Y,)


def test_a_blob_that_was_taken_away_is_written_again() -> None:
    work = plan_work(_manifest(1, X, Y), Held("s", (_manifest(1, X, Y),), {X.sha256: 10}))
    assert (work.write, work.manifest) == ((Y,), False)


def test_the_same_files_under_a_later_number_are_written_as_that_number() -> None:
    assert plan_work(_manifest(2, X), _held("s", _manifest(1, X))).manifest


def test_blobs_of_another_size_are_named_and_the_rest_is_planned() -> None:
    work = plan_work(_manifest(1, X, Y, Z), Held("s3://a/", (), {X.sha256: 9, Y.sha256: 0}))
    assert work.wrong == tuple(
        f"s3://a/sha256/{file.sha256} has {size} bytes, not 10" for file, size in ((X, 9), (Y, 0))
    )
    assert (work.write, work.prove, work.manifest) == ((Z,), (), True)


def test_a_lag_is_counted_in_numbers_files_and_bytes() -> None:
    first, second = _manifest(1, X), _manifest(2, X, Y, Z)
    ahead, behind, empty = measure_lags([_held("a", first, second), _held("b", first), Held("c")])
    assert (ahead.is_behind, ahead.behind, ahead.files) == (False, 0, 0)
    assert (behind.behind, behind.files, behind.size) == (1, 2, 20)
    assert (empty.number, empty.behind, empty.files) == (0, 2, 3)
    assert measure_lags([Held("c")])[0].is_behind is False


def test_a_copy_that_two_runs_wrote_at_once_is_contested() -> None:
    assert measure_lags([_held("a", _manifest(1, X), _manifest(1, Y))])[0].contested


@given(st.lists(st.sets(st.sampled_from([X, Y, Z]), min_size=1), min_size=1, max_size=6), st.randoms())
def test_repeated_runs_over_stores_of_which_some_are_away_end_alike(contents: list[set[File]], random: Random) -> None:
    """Numbers only rise, and a run that reaches every store leaves them all in step."""
    stores = {name: Held(name) for name in "abc"}
    for round_, files in enumerate([*contents, {X, Y, Z}]):
        reached = list(stores) if round_ == len(contents) else random.sample(list(stores), 2)
        before = [stores[name] for name in reached]
        manifest = choose_manifest("data", sort_files(files), before, NOW, as_newest=True)
        assert all(held.number <= manifest.number for held in before)
        for held in before:
            if plan_work(manifest, held).manifest:
                blobs = {**held.blobs, **{sha256: file.size for sha256, file in manifest.blobs.items()}}
                stores[held.name] = Held(held.name, (*held.manifests, manifest), blobs)
    assert [lag.is_behind for lag in measure_lags(list(stores.values()))] == [False, False, False]
