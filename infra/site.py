"""The program of a site's stack: settings and zone in, one cloud asked, the site out."""

from __future__ import annotations

from typing import Any

from infra.contract import Cloud, SiteSpec, site_output


def deploy_site(cloud: Cloud, spec: SiteSpec) -> dict[str, Any]:
    """Deploy `spec` on `cloud`; export the site, and beside it what of `spec` the cloud does not give."""
    return {"site": site_output(cloud.deploy(spec)), "unsupported": dict(cloud.unsupported(spec))}
