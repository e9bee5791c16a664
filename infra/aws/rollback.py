"""What a rollback of ECS means for a site: it would claim a model that its tasks do not serve."""

from __future__ import annotations

import pulumi

from service.errors import Unavailable


def refuse_rollback(running: str, asked: str, image_digest: str) -> str:
    """The image's digest, when the tasks that run are of the definition asked for. Raises Unavailable."""
    if running != asked and not pulumi.runtime.is_dry_run():  # in a preview nothing has run yet
        what = f"ECS rolled the service back: its tasks are of {running}, asked for was {asked}"
        hint = "why the new ones failed is in the service's events and in its log group; then `pulumi up` again"
        raise Unavailable(what, hint=hint)
    return image_digest
