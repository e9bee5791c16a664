from __future__ import annotations

from pathlib import Path

from sandbox.alarms.evaluate import Standing
from sandbox.alarms.mail import write_mail
from sandbox.alarms.rule import AlarmRule, State

RULE = AlarmRule("key", "aws", "site-errors", "too many errors", ())


def test_a_mail_says_what_began_and_what_is_over(tmp_path: Path) -> None:
    file = tmp_path / "mails.txt"
    write_mail(file, RULE, Standing(State.ALARM, 60, 12.5), "ops@example.com", now=60)
    write_mail(file, RULE, Standing(State.OK, 120, None), "ops@example.com", now=120)
    first, second = file.read_text().split("Date: ")[1:]
    assert "To: ops@example.com\nSubject: ALARM: site-errors (aws)" in first and "The value is 12.5." in first
    assert "Subject: OK: site-errors (aws)" in second and "Over: too many errors\nThe value is no data." in second


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "mails.txt"
    file.write_text("x" * 1_000_001)
    write_mail(file, RULE, Standing(State.ALARM), "ops@example.com", now=0)
    text = file.read_text()
    assert len(text) < 600_000 and text.rstrip().endswith("The value is no data.")
