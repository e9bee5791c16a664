"""How many replicas of a site always run, by its stack file: what every command that has to know it reads."""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings.reader import Reader
from infra.stack_file import CLOUDS, read_profile, read_replicas


def count_least(site: str, config: Mapping[str, str]) -> int:
    """The replicas of a site that always run: what its file says, else what its size gives. Raises InvalidInput."""
    reader = Reader(site, config)
    cloud = reader.choice("kind", CLOUDS)
    if cloud not in CLOUDS:
        reader.finish(unknown_keys=False)
    replicas = read_replicas(reader, read_profile(reader, cloud))
    reader.finish(unknown_keys=False)
    return replicas.minimum
