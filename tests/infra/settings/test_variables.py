"""The container's variables, held to the server's own table before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.kinds import SiteSettings
from infra.stack_file import parse
from service.errors import InvalidInput, Mistake
from service.server.settings.table import find_mistakes
from tests.infra.harness import configuration

KEYS = '[{"id":"clinic","sha256":"' + "0" * 64 + '"}]'


def mistakes(stack: str = "aws", exceptions: Any = None, **variables: Any) -> dict[str, Mistake]:
    with pytest.raises(InvalidInput) as caught:
        parse(stack, configuration(stack, environment=variables, exceptions=exceptions), judge_variables=find_mistakes)
    return {m.place.split(": outlast:")[1].removeprefix("environment."): m for m in caught.value.mistakes}


def test_what_the_server_would_refuse_at_its_start_is_refused_in_the_preview() -> None:
    found = mistakes(OUTLAST_QUEUE_DEPTH="many", OUTLAST_METRICS_AUTH="kye", OUTLAST_QUEUE_DETPH="5")
    assert {"OUTLAST_QUEUE_DEPTH", "OUTLAST_METRICS_AUTH", "OUTLAST_QUEUE_DETPH"} <= found.keys()
    assert "did you mean OUTLAST_QUEUE_DEPTH?" in found["OUTLAST_QUEUE_DETPH"].hint


def test_a_site_that_nobody_could_ask_is_refused() -> None:
    assert "nobody could ask" in mistakes()["apiKeys"].what


def test_a_site_without_authentication_is_refused_unless_it_is_excused() -> None:
    found = mistakes(OUTLAST_AUTH="off")["OUTLAST_AUTH"]
    assert "whoever knows the host" in found.what
    assert "excuse the rule 'auth-off' in outlast:exceptions" in found.hint
    excused = [{"rule": "auth-off", "reason": "a test", "until": "2099-01-01"}]
    settings = parse("aws", configuration("aws", environment={"OUTLAST_AUTH": "off"}, exceptions=excused))
    assert isinstance(settings, SiteSettings)
    assert settings.environment == {"OUTLAST_AUTH": "off"}


@pytest.mark.parametrize(("stack", "seconds"), [("gcp", "10"), ("gcp", "30"), ("aws", "30"), ("azure", "45.5")])
def test_a_drain_as_long_as_the_cloud_waits_is_refused(stack: str, seconds: str) -> None:
    found = mistakes(stack, OUTLAST_AUTH="off", OUTLAST_DRAIN_SECONDS=seconds)["OUTLAST_DRAIN_SECONDS"]
    assert f"is {seconds}, and {stack} kills" in found.what


def test_a_variable_of_the_program_is_left_to_it() -> None:
    assert "set by the program" in mistakes(PORT="80", OUTLAST_AUTH="off")["PORT"].what


def test_more_than_a_task_definition_holds_is_refused_on_aws() -> None:
    big = {"OUTLAST_AUTH": "off", "NOTES": "x" * 61_440}
    assert "has 61460 bytes" in mistakes("aws", **big)["environment"].what
    assert "environment" not in mistakes("gcp", **big)
