"""What nobody may delete yet: until its days are over, and with the day on which they are."""

from __future__ import annotations

import datetime
import os
import re

import pytest

from infra.audit import AZURE_CONTAINER
from sandbox.clouds.retention import LOG_BUCKET, days_of, hold_on, is_held, log_folder
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import stores
from tests.sandbox.clouds.audits import ACCOUNT, DAYS, RECORDS, make_audits
from tests.sandbox.clouds.harness import Clouds


def age(clouds: Clouds, name: str, days: int) -> None:
    """Let an object have been written so long ago."""
    path = clouds.world.objects.local_path(f"https://{name.replace('/', '.s3.us-east-1.amazonaws.com/', 1)}")
    assert path is not None
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days, seconds=1)
    os.utime(path, (then.timestamp(), then.timestamp()))


def test_an_object_is_held_for_its_days_and_no_longer(clouds: Clouds) -> None:
    make_audits(clouds)
    assert days_of(clouds.world, RECORDS) == days_of(clouds.world, f"{ACCOUNT}/{AZURE_CONTAINER}") == DAYS
    assert days_of(clouds.world, "switches") == 0
    clouds.world.objects.append(f"{RECORDS}/one", b"record")
    age(clouds, f"{RECORDS}/one", DAYS - 1)
    assert is_held(clouds.world, RECORDS, "one")
    age(clouds, f"{RECORDS}/one", DAYS)
    assert not is_held(clouds.world, RECORDS, "one")
    assert not is_held(clouds.world, RECORDS, "absent")
    assert hold_on(clouds.world, RECORDS, DAYS) == ""


@pytest.mark.parametrize(
    ("type_", "folder", "told"),
    [
        (stores.BUCKET, RECORDS, "BucketNotEmpty"),
        (stores.CONTAINER, f"{ACCOUNT}/{AZURE_CONTAINER}", "ContainerProtectedFromDeletion"),
        (
            LOG_BUCKET,
            log_folder("projects/outlast-sandbox/locations/us-central1/buckets/records"),
            "Locked buckets may only be deleted if they are empty",
        ),
    ],
)
def test_a_store_with_records_stays_and_says_by_name_until_when(
    clouds: Clouds, type_: str, folder: str, told: str
) -> None:
    make_audits(clouds)
    clouds.world.objects.append(f"{folder}/one", b"record")
    clouds.only(type_).inputs["forceDestroy"] = True
    with pytest.raises(CloudRefused, match=told) as caught:
        clouds.delete(clouds.only(type_))
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=DAYS)
    assert re.fullmatch(
        f"{re.escape(folder)} holds 1 object that nobody may delete yet: it can be deleted from {until:%Y-%m-%d} on",
        caught.value.hint,
    )


@pytest.mark.parametrize("type_", [stores.BUCKET, stores.CONTAINER, LOG_BUCKET])
def test_an_empty_store_goes(clouds: Clouds, type_: str) -> None:
    make_audits(clouds)
    clouds.delete(clouds.only(type_))
    assert clouds.world.store.all(type_) == []
