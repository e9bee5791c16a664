"""What actions and probes work with, from the environment: host, dial, golden rows, the sites that Route 53 knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from failover.dial import Dial, authorise
from failover.drill.clients import Authority
from failover.drill.discover import read_fleet
from failover.drill.fleet import Fleet
from failover.drill.preflight import find_authorities
from failover.drill.route53 import build_client
from service.bundle.folder import choose_released, load_golden
from service.bundle.golden import Golden
from service.errors import InvalidInput


@dataclass(frozen=True)
class Surroundings:
    """Read anew by each action and probe: an experiment's steps share nothing but the world."""

    host: str
    dial: Dial
    golden: Golden
    api_key: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], host: str = "") -> Surroundings:
        """Of the named host, or of OUTLAST_HOST. Raises InvalidInput when neither is, or what is set is wrong."""
        named = host or environ.get("OUTLAST_HOST", "")
        if not named:
            raise InvalidInput("no host: whose sites are meant?", hint="set OUTLAST_HOST, or the argument `host`")
        model = environ.get("OUTLAST_DEFAULT_MODEL") or None
        golden = load_golden(choose_released(model))
        return cls(named, Dial.from_environment(environ), golden, environ.get("OUTLAST_API_KEY", ""))

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return authorise(self.api_key)

    @cached_property
    def fleet(self) -> Fleet:
        """The sites behind the host, as Route 53 has them."""
        return read_fleet(build_client(), self.host)

    @cached_property
    def origins(self) -> dict[str, str]:
        """Origin host by site."""
        return {site.name: site.origin_host for site in self.fleet.sites}

    def find_origin(self, site: str) -> str:
        """The origin host of a site. Raises InvalidInput for one that is not behind the host."""
        if site not in self.origins:
            raise InvalidInput(f"{site!r} is no site behind {self.host}", hint=f"one of: {', '.join(self.origins)}")
        return self.origins[site]

    def ask_dns(self) -> str | None:
        """The site that an authoritative name server draws now; None when it names none."""
        origin, _ = self._authority.ask(self.host, self.dial.deadline_seconds)
        return {host: site for site, host in self.origins.items()}.get(origin or "")

    @cached_property
    def _authority(self) -> Authority:
        return find_authorities(build_client(), self.dial, self.fleet.zone_id)[0]
