"""The simulated clouds, which readers of the real ones are tested against as well."""

from __future__ import annotations

from tests.sandbox.clouds.conftest import clouds

__all__ = ["clouds"]
