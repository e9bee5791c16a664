"""How many tasks a service has is said by whoever spoke last: the program, a drill, or the scaling."""

from __future__ import annotations

from sandbox.clouds.aws.task_count import find_service, set_wanted_tasks, wanted_tasks
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made


def count(clouds: Clouds, service: Made) -> int:
    found = clouds.world.store.get(service.type, service.id)
    assert found is not None
    return wanted_tasks(found)


def change_behind(clouds: Clouds, service: Made, number: int) -> None:
    found = clouds.world.store.get(service.type, service.id)
    assert found is not None
    set_wanted_tasks(clouds.world, found, number)


def test_an_update_that_ignores_its_own_number_leaves_the_scalings_alone(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    change_behind(clouds, service, 4)
    clouds.change(service)  # what Pulumi's state has, from before
    assert count(clouds, service) == 4
    inputs, _ = clouds.clouds.read("aws", service.type, service.id) or ({}, {})
    assert inputs["desiredCount"] == 4, "a refresh sees what the cloud has"
    clouds.change(service, desiredCount=4)  # what its state has after a refresh
    assert count(clouds, service) == 4


def test_a_number_that_the_program_changes_counts(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    clouds.change(service, desiredCount=3)
    assert count(clouds, service) == 3
    change_behind(clouds, service, 5)
    clouds.change(service, desiredCount=2)
    assert count(clouds, service) == 2


def test_a_service_is_found_by_the_name_that_scaling_has_for_it(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    found = find_service(clouds.world, "service/site/site")
    assert found is not None and found.id == service.id
    assert find_service(clouds.world, "service/site/other") is None
