"""CloudWatch alarms and the SNS topics that they write to: read as rules that the sandbox evaluates.

Metrics and the dimensions that each comes with: docs.aws.amazon.com/elasticloadbalancing/latest/application/
load-balancer-cloudwatch-metrics.html, docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html,
docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from sandbox.alarms.expression import explain_unknown, names_in
from sandbox.alarms.rule import AlarmRule, Condition, Measure
from sandbox.clouds.aws.balancer import BALANCER
from sandbox.clouds.aws.common import arn, own_name, region_of
from sandbox.clouds.aws.targets import TARGET_GROUP
from sandbox.clouds.aws.task_count import SERVICE
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, OneOf, Range, Region, Text, because, is_given, values_at
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, hex_id
from sandbox.clouds.world import World

TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"

_LB, _TG = frozenset({"LoadBalancer"}), frozenset({"LoadBalancer", "TargetGroup"})
_ECS, _CHECK = frozenset({"ClusterName", "ServiceName"}), frozenset({"HealthCheckId"})
_ELB = "AWS/ApplicationELB"
METRICS: Mapping[tuple[str, str], tuple[str, tuple[frozenset[str], ...]]] = {
    (_ELB, "RequestCount"): ("requests", (_LB, _TG)),
    (_ELB, "HTTPCode_Target_5XX_Count"): ("replica_errors", (_LB, _TG)),
    (_ELB, "HTTPCode_ELB_5XX_Count"): ("balancer_errors", (_LB,)),
    (_ELB, "TargetResponseTime"): ("seconds", (_LB, _TG)),
    (_ELB, "HealthyHostCount"): ("replicas", (_TG,)),
    (_ELB, "UnHealthyHostCount"): ("unhealthy", (_TG,)),
    (_ELB, "RejectedConnectionCount"): ("rejected", (_LB,)),
    ("AWS/ECS", "CPUUtilization"): ("cpu", (_ECS,)),
    ("AWS/ECS", "MemoryUtilization"): ("memory", (_ECS,)),
    ("AWS/Route53", "HealthCheckStatus"): ("health", (_CHECK,)),
}
"""Namespace and metric -> what the sandbox counts, and the sets of dimensions with which it exists."""
_ROUTE53_REGION = "us-east-1"

_STATISTICS = {"SampleCount": "count", "Average": "average", "Sum": "sum", "Minimum": "minimum", "Maximum": "maximum"}
_COMPARISONS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def alarm_rules(world: World) -> list[AlarmRule]:
    """Every alarm, as it is evaluated. One whose comparison is a band of anomalies is not."""
    return [_rule(world, r) for r in world.store.all(ALARM) if r.inputs.get("comparisonOperator") in _COMPARISONS]


def _rule(world: World, r: Resource) -> AlarmRule:
    measures, expression, period = _asked(world, r)
    points = int(r.inputs["evaluationPeriods"])
    condition = Condition(
        measures,
        expression,
        period,
        points,
        breaching=int(r.inputs.get("datapointsToAlarm") or points),
        comparison=_COMPARISONS[str(r.inputs["comparisonOperator"])],
        threshold=float(r.inputs.get("threshold") or 0),
        missing=str(r.inputs.get("treatMissingData") or "missing"),
    )
    enabled = r.inputs.get("actionsEnabled") is not False
    told, told_end, told_unknown = (
        read_by(world, r.inputs.get(name)) if enabled else ()
        for name in ("alarmActions", "okActions", "insufficientDataActions")
    )
    about = str(r.inputs.get("alarmDescription") or "")
    named = r.key, r.stack, own_name(r), about
    return AlarmRule(*named, (condition,), told=told, told_end=told_end, told_unknown=told_unknown)


def _asked(world: World, r: Resource) -> tuple[tuple[tuple[str, Measure], ...], str, int]:
    """What is measured, what is made of it, and over which period."""
    queries = _queries(r.inputs)
    if not queries:
        return (("value", measure_of(world, region_of(r), r.inputs)),), "value", int(r.inputs.get("period") or 60)
    metrics = {str(q["id"]): q["metric"] for q in queries if q.get("metric")}
    returned = next((q for q in queries if q.get("returnData")), queries[-1])
    measures = tuple((name, measure_of(world, region_of(r), metric)) for name, metric in metrics.items())
    period = max((int(metric.get("period") or 60) for metric in metrics.values()), default=60)
    return measures, str(returned.get("expression") or returned["id"]), period


def measure_of(world: World, region: str, metric: Values) -> Measure:
    """The metric that is asked for in a region, and what is made of its values."""
    statistic = str(metric.get("statistic") or metric.get("stat") or metric.get("extendedStatistic") or "")
    dimensions = metric.get("dimensions") or {}
    named = str(metric.get("namespace")), str(metric.get("metricName"))
    series, sets = METRICS.get(named, ("", ()))
    of = _whose(world, region, dimensions) if frozenset(dimensions) in sets else ""
    return Measure(series if of else "", of, _STATISTICS.get(statistic, statistic))


def _whose(world: World, region: str, dimensions: Mapping[str, str]) -> str:
    """The site, or the health check, that the dimensions mean; "" where there is none in the region."""
    if "HealthCheckId" in dimensions:
        found = world.store.get(HEALTH_CHECK, dimensions["HealthCheckId"])
        return found.id if found and region == _ROUTE53_REGION else ""
    if "TargetGroup" in dimensions and not _find(world, region, TARGET_GROUP, _ends(dimensions["TargetGroup"])):
        return ""
    if "LoadBalancer" in dimensions:
        found = _find(world, region, BALANCER, _ends(dimensions["LoadBalancer"]))
    else:
        found = _find(world, region, SERVICE, partial(_serves, dimensions))
    return found.stack if found else ""


def _find(world: World, region: str, type_: str, means: Callable[[Resource], bool]) -> Resource | None:
    return next((one for one in world.store.all(type_) if region_of(one) == region and means(one)), None)


def _ends(suffix: str) -> Callable[[Resource], bool]:
    return lambda one: one.outputs.get("arnSuffix") == suffix


def _serves(dimensions: Mapping[str, str], one: Resource) -> bool:
    cluster = str(one.inputs.get("cluster") or "").rpartition("/")[2]
    return (cluster, own_name(one)) == (dimensions["ClusterName"], dimensions["ServiceName"])


def read_by(world: World, topics: object) -> tuple[str, ...]:
    """Who reads them. A topic that is not there is told nothing, and nobody hears of that, as in the real cloud."""
    named = [str(topic) for topic in topics] if isinstance(topics, list) else []
    subscriptions = world.store.all(SUBSCRIPTION)
    found = [s for s in subscriptions if s.inputs.get("topic") in named and world.store.find(TOPIC, s.inputs["topic"])]
    return tuple(str(s.inputs["endpoint"]) for s in found if s.inputs.get("protocol") == "email")


# -- types -------------------------------------------------------------------------------------------------------------

_API, _DAY = "CloudWatch API, PutMetricAlarm", 86_400
_SHORT = (10, 20, 30)


def _one_metric(inputs: Values) -> Iterator[Mistake]:
    """CloudWatch API, PutMetricAlarm: "you must specify either MetricName or Metrics"; not both."""
    given = [name for name in ("metricName", "metricQueries") if is_given(inputs, name)]
    if len(given) != 1:
        yield "metricName", "ValidationError: exactly one of `metricName` and `metricQueries` must be given"


def _queries(inputs: Values) -> list[Values]:
    queries = inputs.get("metricQueries")
    return queries if isinstance(queries, list) else []


def _computable(inputs: Values) -> Iterator[Mistake]:
    """CloudWatch User Guide, metric math: an expression is made of numbers, functions and the ids of its queries."""
    ids = {str(query.get("id")) for query in _queries(inputs)}
    for where, expression in values_at(inputs, "metricQueries[].expression"):
        unknown = explain_unknown(expression)
        missing = set() if unknown else names_in(expression) - ids
        if unknown:
            yield where, f"ValidationError: Error in expression: {unknown}"
        if missing:
            yield where, f"ValidationError: Unresolved ids in expression: {', '.join(sorted(missing))}"


def _periods(inputs: Values) -> Iterator[Mistake]:
    """CloudWatch API, PutMetricAlarm: a period is 10, 20, 30 or a multiple of 60, and all together at most a day."""
    counts = [count for _, count in values_at(inputs, "evaluationPeriods")]
    periods = [*values_at(inputs, "period"), *values_at(inputs, "metricQueries[].metric.period")]
    for where, period in periods:
        if period not in _SHORT and (period < 60 or period % 60):
            yield where, f"ValidationError: {period:g} is not 10, 20, 30 or a multiple of 60"
        if counts and period * counts[0] > _DAY:
            yield "evaluationPeriods", f"ValidationError: {counts[0]:g} periods of {period:g} s are more than a day"


def _points(inputs: Values) -> Iterator[Mistake]:
    """CloudWatch API, PutMetricAlarm: DatapointsToAlarm is at most EvaluationPeriods."""
    for _, count in values_at(inputs, "evaluationPeriods"):
        for where, wanted in values_at(inputs, "datapointsToAlarm"):
            if wanted > count:
                yield where, f"ValidationError: {wanted:g} of {count:g} periods"


_MISSING = OneOf(("breaching", "notBreaching", "ignore", "missing"), f"{_API}.TreatMissingData")
_STATISTIC = Text(
    None, r"(p|tm|wm|tc|ts|PR|TM|WM|TC|TS|IQM).*|SampleCount|Average|Sum|Minimum|Maximum", "CloudWatch User Guide"
)
_MAIL = Text(320, r"[^@\s]+@[^@\s]+\.[^@\s]+", "SNS API, Subscribe: an address for the protocol email")
_SNS = f"{TERRAFORM_AWS}/sns"

declare(
    TOPIC,
    fidelity=Fidelity.SIMULATED,
    effect="alarms that name it reach its subscriptions",
    not_simulated="policies, encryption, further publishers",
    id_of=lambda world, r: arn("sns", r, own_name(r)),
    outputs=lambda world, r: {"arn": r.id, "name": own_name(r), "owner": r.id.split(":")[4]},
    limits={"name": Text(256, r"[A-Za-z0-9_-]+(\.fifo)?", "SNS API, CreateTopic.Name"), "region": Region("aws")},
    forces_new=because(f"{_SNS}/topic.go", "name", "namePrefix", "fifoTopic"),
)
declare(
    SUBSCRIPTION,
    fidelity=Fidelity.SIMULATED,
    effect="alarms of its topic are written for its address into the file that `outlast status` names",
    not_simulated="the mail that asks the address to confirm, without which the real one gets nothing; other protocols",
    rules=(exists("topic", TOPIC, "NotFoundException: Topic does not exist", "SNS API, Subscribe"),),
    id_of=lambda world, r: f"{r.inputs['topic']}:{hex_id(8)}-{hex_id(4)}-{hex_id(4)}-{hex_id(4)}-{hex_id(12)}",
    outputs=lambda world, r: {"arn": r.id, "pendingConfirmation": False},
    limits={
        "endpoint": _MAIL,
        "protocol": OneOf(("email",), "the sandbox has no other protocol"),
        "region": Region("aws"),
    },
    forces_new=because(f"{_SNS}/topic_subscription.go", "topic", "protocol", "endpoint"),
)
declare(
    ALARM,
    fidelity=Fidelity.SIMULATED,
    effect="is evaluated each simulated minute against what the site's load balancer counts, and shown by "
    "`outlast status`",
    not_simulated="metrics but those of the load balancer, of the service's CPU and memory and of health checks; CPU "
    "is that of this machine; a replica that is asked for and does not serve counts as an unhealthy target, though ECS "
    "takes a dead task out of the group; of metric math, all but + - * / and FILL; actions but SNS",
    id_of=lambda world, r: own_name(r),
    outputs=lambda world, r: {"arn": arn("cloudwatch", r, f"alarm:{own_name(r)}"), "name": own_name(r)},
    limits={
        "name": Text(255, r"[^\x00-\x1f]+", f"{_API}.AlarmName"),
        "region": Region("aws"),
        "metricQueries[].id": Text(255, r"[a-z][A-Za-z0-9_]*", f"{_API}, MetricDataQuery.Id"),
        "namespace": Text(255, r"[^:].*", f"{_API}.Namespace"),
        "evaluationPeriods": Range(1, _DAY // 10, f"{_API}.EvaluationPeriods"),
        "treatMissingData": _MISSING,
        "extendedStatistic": _STATISTIC,
        "metricQueries[].metric.stat": _STATISTIC,
    },
    combinations=(_one_metric, _computable, _periods, _points),
    not_known=("whether a topic that does not exist is refused: it is told nothing here",),
    forces_new=because(f"{TERRAFORM_AWS}/cloudwatch/metric_alarm.go", "name"),
)
