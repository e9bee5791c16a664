"""What the sandbox reads of the committed stack files by itself: the public host, and the model that is asked."""

from __future__ import annotations

from pathlib import Path

import yaml

from service.errors import InvalidInput

# The sites that the sandbox brings up, by the names of their stacks.
SITES = ("aws", "azure", "gcp")


def public_host(root: Path) -> str:
    """The public host, from the zone's stack file: what the certificate in the sandbox's vault is for."""
    path = root / "stacks" / "Pulumi.zone.yaml"
    try:
        return str(yaml.safe_load(path.read_text())["config"]["outlast:host"])
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path} names no outlast:host ({error})", hint="git checkout -- stacks") from error


def default_model(root: Path) -> str | None:
    """The model that is asked where none is named: the first that a site's stack file names. None where none does."""
    for site in SITES:
        path = root / "stacks" / f"Pulumi.{site}.yaml"
        try:
            named = yaml.safe_load(path.read_text())["config"].get("outlast:models")
        except FileNotFoundError:
            continue
        except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise InvalidInput(f"{path} is no stack file ({error})", hint="git checkout -- stacks") from error
        if isinstance(named, list) and named:
            return str(named[0])
    return None
