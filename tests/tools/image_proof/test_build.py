"""What is missing is said before anything is built; a program that fails says its last words."""

from __future__ import annotations

import pytest

from service.errors import OutlastError, Unavailable
from tools.image_proof import build
from tools.image_proof.build import find_missing, run


def test_without_root_it_is_not_tried() -> None:
    assert find_missing(1000) == "building it in a chroot needs root"


def test_programs_that_are_not_here_are_named_with_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.shutil, "which", lambda name: None if name != "crun" else "/usr/bin/crun")
    assert find_missing(0) == "buildah, mmdebstrap not installed: apt-get install buildah mmdebstrap"
    monkeypatch.setattr(build.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert find_missing(0) == ""


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(OutlastError, match="sh left with 3: no room"):
        run(("sh", "-c", "echo no room >&2; exit 3"))
    with pytest.raises(Unavailable, match="no-such-program is not installed"):
        run(("no-such-program",))
    assert run(("echo", "words")) == "words\n"
