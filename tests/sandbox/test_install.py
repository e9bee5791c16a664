"""A lock goes in by uv, by pip where uv cannot, and pip's settings are uv's."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sandbox.install import find_uv, install_lock, read_pip_settings, uv_environment
from service.errors import Unavailable


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of one package, whose wheel is in a folder that pip is configured to look in, and in nothing else."""
    wheel = tmp_path / "links" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    path = tmp_path / "requirements.lock"
    path.write_text(f"tiny==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return path


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an environment without pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    return tmp_path / "venv" / "bin" / "python"


@pytest.mark.slow
def test_pip_installs_where_there_is_no_uv(lock: Path, python: Path) -> None:
    assert install_lock(python, lock, None) == "pip"
    subprocess.run([python, "-c", "import tiny"], check=True)


@pytest.mark.slow
def test_pip_is_asked_where_uv_cannot(lock: Path, python: Path, tmp_path: Path) -> None:
    broken = tmp_path / "uv"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    assert install_lock(python, lock, broken) == "pip"


def test_uv_installs_from_where_pip_would(lock: Path, python: Path) -> None:
    uv = find_uv()
    if uv is None:
        pytest.skip("no uv in this environment")
    assert install_lock(python, lock, uv) == "uv"
    subprocess.run([python, "-c", "import tiny"], check=True)


@pytest.mark.slow
def test_a_file_that_is_not_what_the_lock_says_is_refused(lock: Path, python: Path) -> None:
    lock.write_text(lock.read_text().replace("sha256:", "sha256:0000")[:-5] + "\n")
    with pytest.raises(Unavailable, match=r"requirements\.lock could not be installed") as caught:
        install_lock(python, lock, find_uv())
    assert "hash" in caught.value.what.lower()


def test_pips_settings_are_read_in_uvs_words() -> None:
    listed = (
        "global.index-url='https://a/simple'\ninstall.find-links='/x\\n/y'\n:env:.cert='/ca.pem'\nglobal.timeout='9'\n"
    )
    assert read_pip_settings(listed) == {
        "UV_DEFAULT_INDEX": "https://a/simple",
        "UV_FIND_LINKS": "/x,/y",
        "SSL_CERT_FILE": "/ca.pem",
    }


def test_uvs_own_settings_win(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    environ = {"PIP_INDEX_URL": "https://pip/simple", "UV_DEFAULT_INDEX": "https://uv/simple"}
    assert uv_environment(tmp_path / "uv", environ)["UV_DEFAULT_INDEX"] == "https://uv/simple"
