"""What goes wrong on one cloud ends no other; at the end all is told, and a command leaves as it should."""

from __future__ import annotations

import pytest

from outlast.train.failures import Failures
from service.errors import InvalidInput, Mistake, OutlastError, Refused, Unavailable


def _keep(failures: Failures, **errors: Exception) -> None:
    for cloud, error in errors.items():
        with failures.kept(cloud, "the others go on"):
            raise error


def test_one_cloud_alone_raises_its_error_as_it_is() -> None:
    said: list[str] = []
    failures, error = Failures(["aws"], said.append), Refused("no", [Mistake("image", "is gone")], hint="pulumi up")
    failures.raise_all("nothing")
    _keep(failures, aws=error)
    with pytest.raises(Refused) as caught:
        failures.raise_all("nothing")
    assert caught.value is error and said == []


def test_all_are_told_with_every_mistake_and_each_hint_once() -> None:
    said: list[str] = []
    failures = Failures(["aws", "azure", "gcp"], said.append)
    _keep(
        failures,
        aws=InvalidInput("no job", [Mistake("cpu", "is below 1"), Mistake("memory", "is not above 0")], hint="read"),
        gcp=InvalidInput("no stack", hint="read"),
    )
    with pytest.raises(InvalidInput) as caught:
        failures.raise_all("nothing was started", again="type it again")
    told = (
        "nothing was started\n- AWS: no job\n  - cpu: is below 1\n  - memory: is not above 0\n- Google Cloud: no stack"
    )
    assert (caught.value.what, caught.value.hint) == (told, "read; type it again")
    assert said == ["aws: no job; the others go on", "gcp: no stack; the others go on"]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (Refused("a"), Refused("b"), Refused),
        (Unavailable("a"), Unavailable("b"), Unavailable),
        (Unavailable("a"), Refused("b"), OutlastError),
    ],
)
def test_a_command_leaves_with_what_all_have_in_common(
    first: OutlastError, second: OutlastError, kind: type[OutlastError]
) -> None:
    failures = Failures(["aws", "gcp"], lambda line: None)
    _keep(failures, aws=first, gcp=second)
    with pytest.raises(OutlastError) as caught:
        failures.raise_all("nothing")
    assert type(caught.value) is kind


def test_the_first_error_of_a_cloud_is_the_one_and_others_pass_through() -> None:
    failures = Failures(["aws", "gcp"], lambda line: None)
    _keep(failures, aws=Refused("first"))
    _keep(failures, aws=Refused("second"))
    assert failures.of["aws"].what == "first"
    with pytest.raises(KeyError), failures.kept("gcp"):
        raise KeyError("of ours")


def test_places_that_are_no_clouds_are_told_by_what_is_wrong() -> None:
    failures = Failures((), lambda line: None)
    assert failures.take("size", lambda: 3) == 3
    assert failures.take("problem", _refuse) is None
    with pytest.raises(Refused, match=r"^no$"):
        failures.raise_all("nothing")
    failures.take("table", _refuse)
    with pytest.raises(Refused) as caught:
        failures.raise_all("nothing")
    assert caught.value.what == "nothing\n- no\n- no"


def _refuse() -> int:
    raise Refused("no")
