"""The stack files that follow from the answers: the committed ones, with one's own accounts in the place of theirs."""

from __future__ import annotations

import datetime
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from infra.secrets import SHORT_NAMES
from infra.settings.profiles import SMALL, Profile
from infra.settings.regions import CLOUDS
from outlast.init_deployment.questions import AUDIT_DAYS, QUESTIONS, Answers, chosen_clouds, has_bases
from sandbox import keys, stack_files
from sandbox.agreement import agree
from service.errors import InvalidInput, Mistake

Config = dict[str, Any]

EXCUSED_DAYS = 180
"""After half a year somebody looks again at what the smallest site lacks."""

_TORN_DOWN = "a sandbox is torn down"
"""The reason of those exceptions of the committed files that a real deployment has no use for."""

_GUESSED_RPS = 50
_OF_SITES = ("kind", "vpcCidr", "concurrency")
_OF_TRAFFIC = ("routing", "ttlSeconds", "checkIntervalSeconds", "failureThreshold", "drillEveryDays", "rtoSeconds")
_COMMENTS = {
    "outlast:availabilityZones": "those of your account: aws ec2 describe-availability-zones",
    "outlast:rpsPerReplica": "a guess: `outlast capacity measure --write` finds it",
    "outlast:prefix": "names in Azure and of buckets are taken once in the world",
    "outlast:store": "taken once in the world as well; its audit records have a store beside it",
    "outlast:auditRetentionDays": "may be raised later, and on AWS and Google Cloud never lowered",
    "outlast:weights": "equal; 0 keeps a site in reserve",
}
_HEADER = "# {}: written by `outlast init-deployment`, yours to change. Every setting: docs/reference/settings.md.\n"


def build(root: Path, name: str, answers: Answers, digest: str, today: datetime.date) -> dict[str, Config]:
    """Stack -> its settings. `digest` is the model's, by which traffic accepts it."""
    made = _Builder(root, name, answers, digest, str(today + datetime.timedelta(days=EXCUSED_DAYS)))
    sites = {f"{name}-{cloud}": made.site(cloud) for cloud in made.clouds}
    bases = {base_of(name, cloud): made.base(cloud) for cloud in made.clouds} if has_bases(answers) else {}
    return {f"{name}-zone": made.zone(), **bases, **sites, f"{name}-traffic": made.traffic(list(sites))}


def base_of(name: str, cloud: str) -> str:
    """The base stack of a cloud."""
    return f"{name}-base-{cloud}"


class _Builder:
    """Makes each file from the committed one of its kind."""

    def __init__(self, root: Path, name: str, answers: Answers, digest: str, until: str) -> None:
        self._root, self._name, self._answers, self._digest, self._until = root, name, answers, digest, until
        self.clouds = [cloud for cloud in chosen_clouds(answers) if cloud in CLOUDS]

    def zone(self) -> Config:
        names = {"outlast:domain": self._answer("domain"), "outlast:host": self._answer("host")}
        return {**self._pins(), "outlast:kind": "zone", **names, "outlast:protect": True}

    def base(self, cloud: str) -> Config:
        """What outlives the site of that cloud: its audit records, its images, log and secrets, others' switches."""
        profile = Profile(self._answer("size"), cloud)
        return {
            **self._place(cloud),
            **self._whose(),
            "outlast:kind": "base",
            "outlast:cloud": cloud,
            "outlast:store": self._store(cloud),
            "outlast:auditRetentionDays": _number(self._answer(AUDIT_DAYS)),
            "outlast:prefix": self._answer("prefix"),
            "outlast:holdsFor": [f"{self._name}-{cloud}"],
            # On Azure they lie in a Key Vault that no stack has.
            **({} if cloud == "azure" else {"outlast:holdsSecrets": sorted(SHORT_NAMES.values())}),
            "outlast:logRetentionDays": profile.integer("logRetentionDays"),
            "outlast:protect": True,
        }

    def _store(self, cloud: str) -> str:
        """Azure takes 24 letters and digits, of which the audit store's name takes five more than this one."""
        if cloud == "azure":
            return re.sub(r"[^a-z0-9]", "", f"{self._answer('prefix')}{self._name}")[:13] + "switch"
        return f"{self._answer('prefix')}-{self._name}-switches"

    def site(self, cloud: str) -> Config:
        committed = stack_files.read_config(self._root, cloud)
        taken = _take(committed, _OF_SITES)
        mine = {
            "outlast:zone": f"{self._name}-zone",
            "outlast:size": self._answer("size"),
            "outlast:prefix": self._answer("prefix"),
            "outlast:models": [f"{self._answer('model')}@{self._digest}"],
            "outlast:rpsPerReplica": _GUESSED_RPS,
            **self._given(alertEmail="alert_email"),
        }
        of_cloud = {**self._place(cloud), **getattr(self, f"_of_{cloud}")()}
        return {**taken, **self._pins(), **mine, **of_cloud, **self._held(cloud), **self._excuses(cloud, committed)}

    def _held(self, cloud: str) -> Config:
        """Where its records go, and what outlives it lies."""
        base = base_of(self._name, cloud)
        return {"outlast:base": base, "outlast:heldIn": base} if has_bases(self._answers) else {}

    def traffic(self, sites: Sequence[str]) -> Config:
        committed = stack_files.read_config(self._root, "traffic")
        taken = _take(committed, _OF_TRAFFIC)
        return {
            **self._pins(),
            "outlast:kind": "traffic",
            "outlast:zone": f"{self._name}-zone",
            "outlast:sites": list(sites),
            "outlast:weights": dict.fromkeys(sites, 10),
            **taken,
            **self._given(alertEmail="alert_email"),
            **self._switches(),
            "outlast:monthlyBudgetUsd": _number(self._answer("budget")),
            "outlast:acceptedModels": [self._digest],
            **({} if len(sites) > 1 else self._excuse("one-site", "the second site comes later")),
        }

    def _pins(self) -> Config:
        """What every stack has: the account that it may touch, and by choice who answers for it and pays."""
        return {**self._place("aws"), **self._whose()}

    def _whose(self) -> Config:
        return self._given(owner="owner", costCentre="cost_centre", dataClass="data_class")

    def _switches(self) -> Config:
        """Each site's drain switch in the next cloud: it is for the day on which its own is dark."""
        if not has_bases(self._answers) or len(self.clouds) < 2:
            return {}
        beside = zip(self.clouds, [*self.clouds[1:], self.clouds[0]], strict=True)
        return {"outlast:drainSwitches": {f"{self._name}-{one}": base_of(self._name, other) for one, other in beside}}

    def _place(self, cloud: str) -> Config:
        """The account and the region."""
        keys = {
            "aws": {"aws:allowedAccountIds": "aws_account", "aws:region": "aws_region"},
            "azure": {"azure-native:subscriptionId": "azure_subscription", "azure-native:location": "azure_region"},
            "gcp": {"gcp:project": "gcp_project", "gcp:region": "gcp_region"},
        }[cloud]
        found: Config = {setting: self._answer(key) for setting, key in keys.items()}
        return found if cloud != "aws" else {**found, "aws:allowedAccountIds": [found["aws:allowedAccountIds"]]}

    def _given(self, **keys: str) -> Config:
        """Setting -> answer, of what was answered."""
        return {f"outlast:{setting}": self._answer(key) for setting, key in keys.items() if self._answer(key)}

    def _of_aws(self) -> Config:
        return {"outlast:availabilityZones": [f"{self._answer('aws_region')}{letter}" for letter in "ab"]}

    def _of_azure(self) -> Config:
        subscription, vault = self._answer("azure_subscription"), self._answer("azure_vault")
        group = f"/subscriptions/{subscription}/resourceGroups/{self._answer('azure_vault_group')}"
        secret = self._answer("host").replace(".", "-")
        return {
            "outlast:certificateVault": f"{group}/providers/Microsoft.KeyVault/vaults/{vault}",
            "outlast:certificateSecret": f"https://{vault.lower()}.vault.azure.net/secrets/{secret}",
        }

    def _of_gcp(self) -> Config:
        return {}

    def _excuses(self, cloud: str, committed: Mapping[str, Any]) -> Config:
        """What the committed site is excused from and a small one lacks as well; later somebody looks again.

        One of the size `production` keeps every rule: an excuse would switch it off.
        """
        if self._answer("size") != SMALL:
            return {}
        rows = [row for row in committed.get("outlast:exceptions", []) if row["reason"] != _TORN_DOWN]
        found = [{**row, "reason": _reason(row["reason"]), "until": self._until} for row in rows]
        if cloud == "azure":
            found += self._excuse("azure-app-replicas", "one replica is what the size small has")["outlast:exceptions"]
        return {"outlast:exceptions": found} if found else {}

    def _excuse(self, rule: str, reason: str) -> Config:
        return {"outlast:exceptions": [{"rule": rule, "reason": reason, "until": self._until}]}

    def _answer(self, key: str) -> str:
        return self._answers.get(key, "")


def _reason(reason: str) -> str:
    return "not in this program's smallest site" if "sandbox" in reason else reason


def _take(committed: Mapping[str, Any], keys: Sequence[str]) -> Config:
    """Those of the committed settings that are as right for anybody else."""
    return {f"outlast:{key}": committed[f"outlast:{key}"] for key in keys if f"outlast:{key}" in committed}


def _number(text: str) -> int | float | str:
    """As YAML has it; what is no number stays as it is, for the parser to name."""
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return text


def render(stack: str, config: Config) -> str:
    """The file of a stack, with a word beside what somebody should look at."""
    lines = yaml.safe_dump({"config": config}, sort_keys=False, allow_unicode=True, width=1000).splitlines()
    told = [_with_comment(line) for line in lines]
    return _HEADER.format(stack) + "\n".join(told) + "\n"


def _with_comment(line: str) -> str:
    key = ":".join(line.strip().split(":")[:2])
    return f"{line}  # {_COMMENTS[key]}" if key in _COMMENTS else line


def judge(name: str, files: Mapping[str, Config]) -> list[Mistake]:
    """What the programs' own parsers, and the files beside each other, find wrong; each at the answer's flag.

    The keys are set later, by Pulumi: it encrypts them for a stack that does not exist yet.
    """
    with tempfile.TemporaryDirectory() as folder:
        for stack, config in files.items():
            path = stack_files.path_of(Path(folder), stack)
            path.parent.mkdir(exist_ok=True)
            path.write_text(render(stack, config))
        try:
            agree(Path(folder), stack_files.find(Path(folder), name), keys=keys.sample())
        except InvalidInput as error:
            return list(dict.fromkeys(_at_the_flag(mistake) for mistake in error.mistakes))
    return []


def _at_the_flag(mistake: Mistake) -> Mistake:
    stack, _, key = mistake.place.partition(": ")
    cloud = next((cloud for cloud in ("azure", "gcp") if stack.endswith(f"-{cloud}.yaml")), "")
    if key in ("outlast:certificateVault", "outlast:certificateSecret"):
        return replace(mistake, place="--azure-vault")
    named = [q for q in QUESTIONS if q.setting == key and q.cloud in ("", cloud)]
    return replace(mistake, place=named[0].flag) if named else mistake
