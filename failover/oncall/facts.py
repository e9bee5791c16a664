"""A site as somebody on call finds it, in the linter's words. Pure."""

from __future__ import annotations

from failover.drill.fleet import TAG_CAPACITY, TAG_DIGEST
from failover.oncall.standing import CheckStanding, SiteStanding
from failover.routing.lint_sites import SiteFacts

TAG_CLOUD, TAG_SWITCH_CLOUD = "outlast:cloud", "outlast:switch-cloud"


def describe_site(site: SiteStanding) -> SiteFacts:
    """What the tags of its checks and its own answer tell of a site; what they do not tell is left out."""
    tags = _tags_of(site.check)
    return SiteFacts(
        site.name,
        cloud=tags.get(TAG_CLOUD, ""),
        model_digest=", ".join(site.look.digests) or tags.get(TAG_DIGEST),
        capacity_rps=_number(tags.get(TAG_CAPACITY, "")),
        certificate_ends=site.look.certificate_ends,
        switch_cloud=tags.get(TAG_SWITCH_CLOUD, ""),
    )


def _tags_of(check: CheckStanding | None) -> dict[str, str]:
    """Those of a check, and of the ones that a calculated check is made of."""
    if check is None:
        return {}
    inner = {key: value for child in check.children for key, value in _tags_of(child).items()}
    return {**inner, **check.tags}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
