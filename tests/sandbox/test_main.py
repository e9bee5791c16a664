"""What a person reads when a command of the sandbox cannot do its work."""

from __future__ import annotations

import errno
import os

import pytest
from click.testing import CliRunner

from sandbox import __main__ as commands
from sandbox.clouds.simulated import describe_kinds
from sandbox.command import up as bringup
from sandbox.command.status import render, render_resources

REFUSED = "Failure: Connection refused. Resolved IP: 127.0.0.3"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_nothing_is_named_with_a_way_out(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/x/instance.new")

    monkeypatch.setattr(bringup, "bring_up", fail)
    done = CliRunner().invoke(commands.main, ["up"])
    assert done.exit_code == 4
    assert f"error: /x/instance.new cannot be written: {os.strerror(number)}" in done.stderr
    assert "hint: free some disk space" in done.stderr


def test_another_failure_of_the_system_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    monkeypatch.setattr(bringup, "bring_up", fail)
    assert isinstance(CliRunner().invoke(commands.main, ["up"]).exception, ConnectionResetError)


JOB = {"stack": "training-aws", "job": "outlast-1", "phase": "running", "starts": 1}
ALARM = {
    "site": "azure",
    "name": "outlast-azure-errors",
    "state": "ALARM",
    "seconds": 62.4,
    "about": "too many",
    "told": ["ops@example.com"],
}


def test_status_names_faults_as_they_are_asked_for_and_what_is_damaged() -> None:
    fault = {"site": "azure", "kind": "delay", "value": "200", "does": "late", "seconds_left": 7.4}
    shown = render(
        {
            "host": "api.outlast.example",
            "dns": "127.0.0.1:15353",
            "port_offset": 0,
            "ca": "ca.pem",
            "speed": 10,
            "eventual": 60,
            "lag_seconds": 0.01,
            "resources": 1,
            "memory_mb": 800,
            "pulumi": None,
            "model": {"name": "tumour", "chosen": False},
            "weights": [
                {
                    "site": "azure",
                    "weight": 30,
                    "chosen": "30",
                    "health_check": "h1",
                    "origin": "azure.api.outlast.example",
                }
            ],
            "health_checks": [{"id": "h1", "site": "azure", "healthy": False, "settled": True, "failure": REFUSED}],
            "workloads": [{"stack": "azure", "min": 2, "max": 4, "replicas": [{"ready": True}, {"ready": False}]}],
            "entry_points": [],
            "faults": [fault, {**fault, "site": "", "kind": "control-plane", "value": ""}],
            "why_not": {},
            "alarms": [ALARM, {**ALARM, "told": []}, {**ALARM, "state": "OK"}],
            "mails": "mails.txt",
            "training": [JOB, {**JOB, "phase": "queued", "starts": 2}, {**JOB, "phase": "ended", "job": "over"}],
            "logs": "logs of every process: a folder, each cut at 5 MB",
            "page": "http://127.0.0.1:25353/#token",
            "damaged": ["faults.json is damaged"],
            "dead": ["the thread listeners ended: KeyError"],
        }
    )
    assert "DEAD: the thread listeners ended: KeyError" in shown
    assert "clock at speed 10; changes count after 60 s at most; " in shown
    assert "fault at azure: delay=200: late; 7 s left" in shown
    assert " 1 of 2..4 ready" in shown
    assert "fault at route 53: control-plane: late" in shown
    assert "alarm at azure: outlast-azure-errors for 62 s: too many (told ops@example.com)" in shown
    assert "for 62 s: too many (nobody is told)" in shown
    assert "logs of every process: a folder, each cut at 5 MB" in shown
    assert "the page: http://127.0.0.1:25353/#token" in shown
    assert "alarms: 2 of 3 on; mails in mails.txt" in shown
    assert "damaged and left out: faults.json is damaged" in shown
    assert "training at training-aws: outlast-1: running\n" in shown
    assert "training at training-aws: outlast-1: queued, start 2" in shown
    assert "over" not in shown
    assert f"unhealthy: azure: {REFUSED}" in shown


def test_a_long_type_name_stays_on_one_line_for_grep() -> None:
    kinds = describe_kinds()
    shown = render_resources({"kinds": kinds, "existing": {}})
    assert [kind["type"] for kind in kinds if f"{kind['type']} " not in shown] == []
