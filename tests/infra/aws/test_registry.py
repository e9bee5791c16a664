"""The registry of a site on AWS: one policy, which keeps as many images as can be gone back to."""

from __future__ import annotations

import json
from collections.abc import Callable

from infra.image import KEPT_IMAGES
from tests.infra.harness import Run


def test_the_newest_images_are_kept_whatever_their_tags(run_of: Callable[[str], Run]) -> None:
    (rule,) = json.loads(run_of("aws").one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES}
    assert rule["action"] == {"type": "expire"}
