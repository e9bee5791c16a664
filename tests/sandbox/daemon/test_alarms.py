from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sandbox.alarms.counts import Counts
from sandbox.clouds.aws.alarms import HEALTH_CHECK
from sandbox.daemon.alarms import watch_alarms
from sandbox.layout import Layout
from service.errors import Unavailable
from tests.sandbox.clouds.conftest import clouds as clouds
from tests.sandbox.clouds.harness import Clouds


def test_health_checks_are_noted_as_route_53_finds_them_but_for_one_that_is_just_gone(
    clouds: Clouds, tmp_path: Path
) -> None:
    def status(check: str) -> Any:
        if check == "gone":
            raise Unavailable("deleted")
        return SimpleNamespace(healthy=check == "well")

    checks = [SimpleNamespace(id=name) for name in ("well", "ill", "gone")]
    world: Any = SimpleNamespace(
        clock=clouds.world.clock,
        store=SimpleNamespace(all=lambda type_: checks if type_ == HEALTH_CHECK else []),
    )
    supervisor: Any = SimpleNamespace(status=list)
    counts = Counts(clouds.world.clock.simulated_now)
    watch = watch_alarms(
        Layout(tmp_path, tmp_path / "state"),
        counts,
        world,
        supervisor,
        cast(Any, SimpleNamespace(status=status)),
        lambda line: None,
    )
    watch.tick()
    found = {name: counts.measure("health", name, "minimum", 0, 60) for name in ("well", "ill", "gone")}
    assert found == {"well": 1, "ill": 0, "gone": None}
    assert watch.files.mails.name == "mails.txt"
