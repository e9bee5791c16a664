"""What holds for every test: loopback only, fake credentials, no cloud account."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# What a busy machine does to one example says nothing about the code.
settings.register_profile("outlast", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("outlast")

FAKE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
os.environ.update(FAKE_ENVIRONMENT)
for name in [n for n in os.environ if n.startswith(("AWS_ENDPOINT_URL", "AWS_PROFILE", "OUTLAST_", "PULUMI_"))]:
    del os.environ[name]

_connect = socket.socket.connect


def _connect_to_loopback_only(self: socket.socket, address: Any) -> None:
    """Refuse every address but loopback: a test that reaches further is wrong, not slow."""
    if self.family != socket.AF_UNIX and not str(address[0]).startswith(("127.", "localhost", "::1")):
        pytest.fail(f"a test tried to connect to {address[0]}: only loopback is allowed")
    return _connect(self, address)


socket.socket.connect = _connect_to_loopback_only  # type: ignore[method-assign]


# What modules hold lives as long as the process. Every full collection walks it again: that took two fifths of the
# processor time of tests/infra.
_MANY_MODULES = 250
_settled = 0


def _settle() -> None:
    """Collect garbage once, and take what is left out of every later collection."""
    global _settled
    gc.collect()
    gc.freeze()
    _settled = len(sys.modules)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import and list all tests without the collector, which would find nothing to free."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.set_threshold(5_000, 10, 10)  # programs of Pulumi make objects by the hundred thousand
        _settle()


def pytest_runtest_logfinish() -> None:
    """Settle again after a test that loaded a large library."""
    if len(sys.modules) - _settled > _MANY_MODULES:
        _settle()


# Loading Pulumi's SDKs costs seconds and hundreds of megabytes: one worker does it for all tests that need them.
_SDK_FOLDERS = ("infra", "sandbox/clouds", "sandbox/engine")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist, which puts the group into the id
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send tests that load the SDKs to the same worker, unless they have a group of their own."""
    folders = tuple(str(Path(__file__).parent / folder) for folder in _SDK_FOLDERS)
    for item in items:
        if str(item.path).startswith(folders) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("sdk"))
