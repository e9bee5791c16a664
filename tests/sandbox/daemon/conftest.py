"""The clouds without processes, which the parts of the daemon are tested against as well."""

from __future__ import annotations

from tests.sandbox.clouds.conftest import clouds

__all__ = ["clouds"]
