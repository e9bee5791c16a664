"""The sandbox's one background process: three clouds, DNS, checkers, listeners, replicas, and a control interface.

Over 300 lines, being one class: the only place that knows every part, and the order in which they start and stop.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import filelock
from werkzeug.serving import WSGIRequestHandler, make_server

from failover.simulator import MovingRoute53
from failover.simulator.resolver import Resolving
from failover.simulator.route53 import shut_down
from failover.simulator.wire import Reply
from sandbox import layout as places
from sandbox.alarms.counts import Counts
from sandbox.alarms.monitor import Monitor
from sandbox.authority.server import Authority
from sandbox.clouds.access_routes import list_access_routes, mark_logged
from sandbox.clouds.audit_routes import list_routes
from sandbox.clouds.azure import vaults
from sandbox.clouds.buckets import S3_BUCKET
from sandbox.clouds.counts import keep_count
from sandbox.clouds.object_store import ObjectStore
from sandbox.clouds.simulated import SimulatedClouds, derive, settle
from sandbox.clouds.world import Hooks, World
from sandbox.daemon import overview, rebuild
from sandbox.daemon.access_logs import AccessLogs
from sandbox.daemon.alarms import watch_alarms
from sandbox.daemon.audit_shipping import AuditShipping
from sandbox.daemon.azure_login import HOSTS, AzureLogin
from sandbox.daemon.calls import Calls, Controls
from sandbox.daemon.leftovers import Leftovers
from sandbox.daemon.listed_stores import answer_s3
from sandbox.daemon.log_folder import PAGE_LOG, LogFolder, describe
from sandbox.daemon.monitoring import Monitoring
from sandbox.daemon.page import ABOVE_DNS, PagePort
from sandbox.daemon.private_stores import PrivateStores
from sandbox.daemon.public_stores import PublicStores, certificate_hosts
from sandbox.daemon.training import Training
from sandbox.daemon.vendors import Vendors
from sandbox.daemon.watch import Watch
from sandbox.engine import plugins
from sandbox.journal import Journal
from sandbox.layout import Instance, Layout
from sandbox.network.certificates import KeyPair, PrivateCA
from sandbox.network.faults import Faults
from sandbox.network.listeners import Listeners
from sandbox.replicas.supervisor import Supervisor
from sandbox.stack_files import kind_of, load_accounts, public_host
from service.bundle.writing import write_whole
from service.errors import OutlastError, Unavailable

_log = logging.getLogger("sandbox")
# docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html, "API requests": five a second for an account.
ROUTE53_REQUESTS_PER_SECOND = 5
_FOLLOW_WALL_SECONDS = 0.1  # while a fault is in force, which may expire
# Certificates wait for records without anybody's call: look at the world this often as well.
_RECONCILE_WALL_SECONDS = 5.0
_LOOK_WALL_SECONDS = 0.5


class Part(Protocol):
    """Something that runs between `start` and `stop`."""

    def start(self) -> object: ...

    def stop(self) -> None: ...


class Daemon:
    """Everything of one sandbox, from `start` to `stop`."""

    def __init__(self, layout: Layout, instance: Instance) -> None:
        self.layout = layout
        self.instance = instance
        self.stopped = threading.Event()
        self._changed = threading.Event()
        self._reconciling = threading.RLock()
        self._rebuilding = False
        self._route53_lost = ""
        self._why_not: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}
        self._host = public_host(layout)
        self._accounts = load_accounts(layout)
        self._started = contextlib.ExitStack()
        self.watch = Watch(layout.died)
        self.clouds: SimulatedClouds | None = None
        self.objects = ObjectStore(layout.state / "objects")
        self.route53 = MovingRoute53(
            speed=instance.speed,
            api_address=(instance.address(places.API), places.API_PORT),
            dns_addresses=[
                (instance.address(places.DNS), instance.port(places.DNS_PORT)),
                ("127.0.0.1", instance.dns_port),
            ],
            port_offset=instance.port_offset,
            outside_names=lambda name: self._names.get(name.rstrip(".").lower(), []),
            on_change=self._keep_route53,
            requests_per_second=ROUTE53_REQUESTS_PER_SECOND,
            access_key_id=instance.access_key_id,
            services=self._aws_services(),
            account_id=self._accounts.aws,
        )
        self.clock = self.route53.clock
        self.ca = PrivateCA(layout.certificates)
        self.resolving = self._make_resolver()
        self.journal = Journal(layout.journal)
        self.faults = Faults(self.clock, layout.state / "faults.json")
        self.supervisor = Supervisor(
            clock=self.clock,
            image_store=layout.images,
            addresses=[instance.address(host) for host in places.REPLICAS],
            state_file=layout.processes,
            logs=layout.logs,
            report=_log.info,
            local_path=self.objects.local_path,
            resized=self._keep_count,
        )
        self.logs = LogFolder(layout.logs, self.supervisor.logs)
        self.leftovers = Leftovers(self.journal, layout.certificates, layout.images, self.supervisor.images)
        self.counts = Counts(self.clock.simulated_now)
        self.listeners = self._make_listeners()
        self.world = self._make_world()
        self.alarms = watch_alarms(layout, self.counts, self.world, self.supervisor, self.route53, _log.warning)
        self.vendors = Vendors(self.world, self._why_silent)
        self.monitoring = self._make_monitoring()
        self.training = Training(self.world, layout.state / "training", self._why_silent, self._has_no_spot)
        self.azure_login = self._make_azure_login()
        self.public_stores = self._make_public_stores()
        self.page = PagePort(layout.root, layout.logs / PAGE_LOG, instance.dns_port + ABOVE_DNS, _log.warning)
        self.access_logs = AccessLogs(self.clock, self.objects, self._is_dark)
        self.shipping = AuditShipping(self.clock, self.objects, layout.logs, layout.state / "audit.json", self._is_dark)

    # -- start and stop ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen, remember, and make real what is remembered. Raises Unavailable for a port that is taken.

        Whatever was started is ended by `stop`, also when a later part could not start.
        """
        before = set(threading.enumerate())
        self._started.callback(self.journal.close)
        vaults.fill(self.ca, self.world.accounts)
        self._route53_lost = rebuild.load(self.route53, self.layout.route53)
        self._start_route53()
        self._rebuild_route53()
        self._begin(self.resolving)
        self.clouds = SimulatedClouds(self.world, self._why_silent)
        for key in self.clouds.recover():
            _log.info("found again what was made when the sandbox was killed: %s", key)
        self._begin(self.supervisor)
        self._begin(self.listeners)
        self._begin(self.alarms)
        self._begin(self.azure_login)
        self._begin(self.public_stores)
        self._begin(self.access_logs)
        self._begin(self.shipping)
        self._begin(self.training)
        self.reconcile()
        self._started.enter_context(plugins.running(self.clouds, self.layout.pulumi_home))
        self._begin(self.page)
        threading.Thread(target=self._follow, name="follow", daemon=True).start()
        control = make_server(
            self.instance.address(places.API),
            places.CONTROL_PORT,
            Calls(self._controls()),
            threaded=True,
            request_handler=_QuietHandler,
        )
        self._started.callback(control.server_close)
        self._started.callback(shut_down, control)
        polling = (_RECONCILE_WALL_SECONDS,)
        threading.Thread(target=control.serve_forever, args=polling, name="control", daemon=True).start()
        self.watch.follow(set(threading.enumerate()) - before)

    def must_leave(self) -> bool:
        """Whether to end: by somebody's wish, or because a part is dead, which `stopped` then tells the others."""
        dead = [] if self.stopped.is_set() else self.watch.dead()
        if dead and not self.stopped.is_set():
            self.watch.write_down(dead)
            raise Unavailable("\n".join(dead), hint=f"`make up` starts the sandbox again; see {self.layout.logs}")
        return self.stopped.wait(_LOOK_WALL_SECONDS)

    def _start_route53(self) -> None:
        try:
            self._begin(self.route53)
        except Unavailable as error:
            another = self.instance.dns_port + 1
            raise Unavailable(
                error.what, hint=f"end the program that listens there, or take another port: make up DNS_PORT={another}"
            ) from error

    def _rebuild_route53(self) -> None:
        """From the journal, where the file of its own is no use and something was in it."""
        if not self._route53_lost or not rebuild.needs_rebuild(self.world):
            self._route53_lost = ""
            return
        self._rebuilding = True
        try:
            rebuild.rebuild(self.world, self.route53)
        finally:
            self._rebuilding = False
        self._keep_route53(self.route53.snapshot())
        self._route53_lost += "; made again from the journal, without what others than Pulumi had written"
        _log.warning("%s", self._route53_lost)

    def _begin(self, part: Part) -> None:
        part.start()
        self._started.callback(part.stop)

    def stop(self) -> None:
        """End every process and close every port, the newest first; what is remembered stays on disk."""
        self.stopped.set()
        self._changed.set()
        self._started.close()

    def reconcile(self) -> None:
        """Make workloads, listeners and names those that follow from the world."""
        with self._reconciling:
            settle(self.world)
            effects = derive(self.world)
            self._names = effects.names | self.azure_login.names() | self.public_stores.names()
            self._why_not = effects.why_not
            self.supervisor.apply(effects.workloads, effects.proven)
            self.alarms.follow(effects.alarms)
            routes = list_access_routes(self.world)
            self.access_logs.follow(routes)
            self.listeners.apply(mark_logged(effects.entry_points, routes))
            self.shipping.follow(list_routes(self.world))
            self.leftovers.sweep()

    def sites(self) -> list[str]:
        """The stacks that have an entry point, a workload or a training job."""
        entries = [*self.supervisor.status(), *self.listeners.status()]
        return sorted({*(str(entry["stack"]) for entry in entries), *self.training.runs.stacks()})

    def _controls(self) -> Controls:
        return Controls(
            token=self.instance.token,
            status=self.status,
            sites=self.sites,
            stop=self.stopped.set,
            simulated_now=self.clock.simulated_now,
            set_speed=self._set_speed,
            set_eventual=self._set_eventual,
            faults=self.faults,
            release=self.supervisor.release,
            on_spot=lambda site: self.supervisor.on_spot(site) + self.training.runs.on_spot(site),
            store=self.world.store,
            forget_orphans=self._forget_orphans,
            reload_stacks=self._reload_stacks,
            vendors=self.vendors,
            monitoring=self.monitoring,
            stores=PrivateStores(self.world, self.objects, self._is_dark),
            training=self.training,
            authority=Authority(self.ca, self.world.record_values, self.clock.simulated_now),
        )

    def _set_speed(self, speed: int) -> int:
        self.route53.set_speed(speed)
        self.instance = replace(self.instance, speed=speed)
        self.layout.save_instance(self.instance)
        return self.clock.speed

    def _reload_stacks(self) -> None:
        """The stack files are others than they were: what the accounts have is read again, and the public host."""
        self._host = public_host(self.layout)
        self.world.accounts = load_accounts(self.layout)
        vaults.fill(self.ca, self.world.accounts)
        self.reconcile()

    def _set_eventual(self, seconds: int) -> int:
        self.world.eventual.seconds = seconds
        self.instance = replace(self.instance, eventual=seconds)
        self.layout.save_instance(self.instance)
        return seconds

    def _forget_orphans(
        self, stack: str, known: set[tuple[str, str]], elsewhere: dict[tuple[str, str], str]
    ) -> list[str]:
        return self.clouds.forget_orphans(stack, known, elsewhere) if self.clouds else []

    # -- what the parts ask of each other ---------------------------------------------------------------

    def _lookup(self, name: str, type_: str) -> list[str]:
        answer = self.route53.ask(name, type_)
        return [value.strip('"') for rrset in answer.records if rrset.type == type_ for value in rrset.values]

    def _keep_route53(self, snapshot: dict[str, Any]) -> None:
        if self._rebuilding:
            return
        write_whole(self.layout.route53, json.dumps(snapshot))
        self._changed.set()

    def _keep_count(self, key: str, count: int) -> None:
        _log.info("%s scales to %d replicas", key, count)
        keep_count(self.world, key, count)

    def _make_listeners(self) -> Listeners:
        return Listeners(
            clock=self.clock,
            supervisor=self.supervisor,
            faults=self.faults,
            port_offset=self.instance.port_offset,
            bad_pair=self._bad_pair,
            report=_log.warning,
            answered=self.counts.answer,
            accessed=lambda access: self.access_logs.take(access),
        )

    def _make_world(self) -> World:
        return World(
            journal=self.journal,
            clock=self.clock,
            ca=self.ca,
            image_store=self.layout.images,
            project_root=self.layout.root,
            route53=self.route53.provider_client,
            lookup=self._lookup,
            report=_log.info,
            addresses=[self.instance.address(host) for host in places.ENTRY_POINTS],
            eventual_seconds=self.instance.eventual,
            hooks=Hooks(
                self.reconcile,
                self.supervisor.wait_ready,
                self.supervisor.fate,
                lambda key: len(self.supervisor.ready(key)),
            ),
            accounts=self._accounts,
            objects=self.objects,
        )

    def _make_azure_login(self) -> AzureLogin:
        where = self.instance.address(places.REGISTRIES), self.instance.port(places.HTTPS_PORT)
        return AzureLogin(self.world, *where, self.ca.issue("registries", [HOSTS]))

    def _make_public_stores(self) -> PublicStores:
        where = self.instance.address(places.STORES), self.instance.port(places.HTTPS_PORT)
        pair = self.ca.issue("stores", certificate_hosts())
        return PublicStores(self.world, self.objects, self._is_dark, *where, pair)

    def _make_resolver(self) -> Resolving:
        """What clients have between themselves and Route 53: a resolver that keeps answers, also over HTTPS."""
        address = self.instance.address(places.RESOLVER)
        pair = self.ca.issue("resolver", [address])
        return Resolving(
            self.route53.respond,
            self.clock,
            addresses=[(address, self.instance.port(places.DNS_PORT))],
            doh_address=(address, self.instance.port(places.HTTPS_PORT)),
            certificate=(pair.certificate, pair.key),
        )

    def _bad_pair(self, kind: str, names: Any) -> KeyPair:
        hosts = ["wrong.invalid"] if kind == "wrong-certificate" else list(names)
        return self.ca.issue(f"{kind}-{hosts[0]}", hosts, expired=kind == "expired-certificate")

    def _why_silent(self, stack: str) -> str | None:
        if self.faults.at(stack, "dark"):
            return f"the API of {stack}'s cloud does not answer: connection timed out (the sandbox's fault `dark`)"
        return None

    def _has_no_spot(self, stack: str) -> bool:
        return self.faults.at(stack, "spot") is not None

    def _is_dark(self, cloud: str) -> bool:
        """Whether the cloud of some site answers nobody: then its stores do not either, whichever stack has them."""
        dark = [fault.site for fault in self.faults.active() if fault.kind == "dark"]
        return any(kind_of(self.layout.root, site) == cloud for site in dark)

    def _make_monitoring(self) -> Monitoring:
        monitor = Monitor(self.counts, self.alarms.alarming, self.clock.simulated_now)
        return Monitoring(self.world, monitor, self._why_silent)

    def _aws_services(self) -> dict[str, Callable[[Mapping[str, Any]], Reply | None]]:
        """Of AWS, what the Route 53 API server passes on, by the name that requests are signed for."""
        return {
            "application-autoscaling": self._answer_scaling,
            "ecs": self._answer_ecs,
            "servicequotas": self._answer_quotas,
            "sagemaker": lambda environ: self.training.sagemaker(environ),
            "logs": lambda environ: self.training.logs(environ),
            "monitoring": lambda environ: self.monitoring.cloudwatch(environ),
            "elasticloadbalancing": lambda environ: self.monitoring.balancers(environ),
            "s3": self._answer_s3,
        }

    def _answer_ecs(self, environ: Mapping[str, Any]) -> Reply:
        return self.vendors.ecs(environ)

    def _answer_scaling(self, environ: Mapping[str, Any]) -> Reply:
        return self.vendors.scaling(environ)

    def _answer_quotas(self, environ: Mapping[str, Any]) -> Reply:
        return self.vendors.quotas(environ)

    def _answer_s3(self, environ: Mapping[str, Any]) -> Reply:
        bucket = str(environ["PATH_INFO"]).lstrip("/").partition("/")[0]
        if self._is_dark("aws") and self.world.store.get(S3_BUCKET, bucket):
            return Reply(503, b"<Error><Code>ServiceUnavailable</Code></Error>", (("Content-Type", "application/xml"),))
        return answer_s3(self.world, self.objects, dict(environ)) or self.objects.answer(environ)

    def _follow(self) -> None:
        """What happens without a call: records appear, faults begin and expire."""
        self.faults.on_change(self._changed.set)
        last, broken, killed = 0.0, True, set[tuple[str, float]]()
        while not self.stopped.is_set():
            # One that was in force a moment ago is undone here as well, so look once more.
            rest = _FOLLOW_WALL_SECONDS if broken else _RECONCILE_WALL_SECONDS
            changed = self._changed.wait(rest)
            if changed or time.monotonic() - last > _RECONCILE_WALL_SECONDS:
                self._changed.clear()
                last = time.monotonic()
                with contextlib.suppress(RuntimeError), _logged():
                    self.reconcile()
                self.logs.trim()
            with _logged():
                broken = self._apply_faults(killed)

    def _apply_faults(self, killed: set[tuple[str, float]]) -> bool:
        """Let faults act, and those that ended act no more; whether any is in force."""
        active = self.faults.active()
        self.route53.set_control_plane(available=not any(f.kind == "control-plane" for f in active))
        self.route53.set_blind_regions([f.value for f in active if f.kind == "blind"])
        for fault in active:
            if fault.kind not in ("kill", "spot") or (fault.site, fault.until) in killed:
                continue
            killed.add((fault.site, fault.until))
            if fault.kind == "spot":
                self.supervisor.take_back(fault.site, fault.until)
                self.training.runs.take_back(fault.site)
            else:
                self.supervisor.kill(fault.site, fault.until, int(fault.value) if fault.value else None)
        return bool(active)

    # -- looking ---------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The whole sandbox as plain data, for `make status`."""
        return {
            "dead": self.watch.dead(),
            **overview.measure_process(),
            "speed": self.clock.speed,
            "eventual": self.world.eventual.seconds,
            "lag_seconds": self.route53.lag_seconds(),
            "doh": self.resolving.doh_url,
            "sites": self.sites(),
            "workloads": self.supervisor.status(),
            "training": self.training.runs.status(),
            "entry_points": (entry_points := self.listeners.status()),
            "fronts": entry_points,  # their name until 0.3, for who reads the document
            "why_not": self._why_not,
            "faults": self.faults.describe(),
            "health_checks": overview.describe_health(self.world, self.route53),
            "weights": overview.describe_weights(self.route53, self._host),
            "alarms": self.alarms.status(),
            "mails": str(self.alarms.files.mails),
            "page": self.page.link,
            "logs": describe(self.layout.logs),
            "resources": len(self.world.store.all()),
            "damaged": self._damaged(),
        }

    def _damaged(self) -> list[str]:
        return [*self.journal.damaged, *filter(None, [self._route53_lost, self.faults.damaged])]


class _QuietHandler(WSGIRequestHandler):
    """No line per request on stderr."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """A failure here is shown in the log and by `status`; the next round tries again."""
    try:
        yield
    except OutlastError as error:
        _log.warning("%s", error)
    except Exception:
        _log.exception("the sandbox could not follow a change")


def run(layout: Layout) -> int:
    """Be the daemon, until SIGTERM or a call of `stop`. Exit code 0, or 4 where something that it needs is taken."""
    gc.set_threshold(50_000, 20, 50)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    instance = layout.load_instance()
    if instance is None:
        raise Unavailable("this sandbox has never been brought up", hint="make up")
    lock = filelock.FileLock(layout.lock, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise Unavailable("this sandbox is running already", hint="make status") from None
    with lock:
        daemon = Daemon(layout, instance)
        threading.excepthook = daemon.watch.note
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: daemon.stopped.set())
        try:
            daemon.start()
            _log.info("ready")
            # A signal may come to another thread, and its handler runs only when this one wakes: wait in slices.
            while not daemon.must_leave():
                pass
        finally:
            daemon.stopped.set()
            daemon.stop()
    return 0
