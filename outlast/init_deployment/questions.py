"""What has to be known of a deployment, how it is asked for, and what is wrong with an answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infra.settings.profiles import PRODUCTION, SIZES, SMALL
from infra.settings.regions import CLOUDS, TITLES
from infra.settings.spelling import closest
from service.errors import Mistake

Answers = Mapping[str, str]
"""By the question's key; what was not answered is missing."""

OPTIONAL = "no size"
"""In the place of a size: the question may be left without an answer in every size."""

AUDIT_DAYS = "audit_days"
PULUMI_CLOUD, PASSPHRASE = "pulumi", "passphrase"
_SET = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_BACKEND = re.compile(r"(file|s3|azblob|gs)://.+|https://.+")
_PROVIDER = re.compile(r"(awskms|azurekeyvault|gcpkms|hashivault)://.+")


def _nothing(answers: Answers) -> str:
    return ""


@dataclass(frozen=True)
class Question:
    """One question: the flag is its key with hyphens. `default` is "" where there is none.

    `cloud` and `size` ask it only there; a flag answers it in every size. `setting` is the key in the stack files that
    the answer becomes, by which their parser's words are told as the answer's. `of_size` is the size that needs an
    answer, where the other does without.
    """

    key: str
    text: str
    default: Callable[[Answers], str] = _nothing
    cloud: str = ""
    of_size: str = ""
    setting: str = ""
    size: str = ""

    def is_asked(self, answers: Answers) -> bool:
        """Whether the answers before it leave it standing."""
        of_cloud = not self.cloud or self.cloud in chosen_clouds(answers)
        return of_cloud and self.size in ("", answers.get("size"))

    def is_required(self, answers: Answers) -> bool:
        """Whether it has to be answered: by everybody, or for that size alone."""
        return not self.of_size or answers.get("size") == self.of_size

    @property
    def flag(self) -> str:
        return f"--{self.key.replace('_', '-')}"


def chosen_clouds(answers: Answers) -> list[str]:
    """The clouds that were answered, in order."""
    return [word.strip() for word in answers.get("clouds", "").split(",") if word.strip()]


def _prefix(answers: Answers) -> str:
    """The domain's first word: names of registries and stores are taken once in the world, and `outlast` is."""
    word = re.sub(r"[^a-z0-9]", "", answers.get("domain", "").partition(".")[0])
    return word[:12] if re.match(r"[a-z]", word) else "outlast"


def _host(answers: Answers) -> str:
    return f"api.{answers['domain']}" if answers.get("domain") else ""


def _audit_days(answers: Answers) -> str:
    """Few at first: they can be raised later, and on two of the clouds never be lowered."""
    return "30" if answers.get("size") == PRODUCTION else ""


def _budget(answers: Answers) -> str:
    return "1500" if answers.get("size") == PRODUCTION else "300"


QUESTIONS: tuple[Question, ...] = (
    Question("domain", "Domain that you can delegate", setting="outlast:domain"),
    Question("host", "Public host", _host, setting="outlast:host"),
    Question("clouds", "Clouds, with commas between", lambda a: ",".join(CLOUDS)),
    Question("size", f"Size, {' or '.join(SIZES)}", lambda a: SMALL, setting="outlast:size"),
    Question("aws_account", "AWS account, 12 digits (the zone lies there)", setting="aws:allowedAccountIds"),
    Question("aws_region", "AWS region", lambda a: "us-east-1", setting="aws:region"),
    Question("azure_subscription", "Azure subscription id", cloud="azure", setting="azure-native:subscriptionId"),
    Question("azure_region", "Azure region", lambda a: "eastus", "azure", setting="azure-native:location"),
    Question("azure_vault", "Key Vault for the certificate and the secrets", cloud="azure"),
    Question("azure_vault_group", "Its resource group", lambda a: "certificates", "azure"),
    Question("gcp_project", "Google Cloud project id", cloud="gcp", setting="gcp:project"),
    Question("gcp_region", "Google Cloud region", lambda a: "us-central1", "gcp", setting="gcp:region"),
    Question("prefix", "What names of resources begin with", _prefix, setting="outlast:prefix"),
    Question("model", "Released model", setting="outlast:models"),
    Question("budget", "Most that it may cost a month, USD", _budget, setting="outlast:monthlyBudgetUsd"),
    Question("owner", "Who answers for it: a team", of_size=PRODUCTION, setting="outlast:owner"),
    Question("cost_centre", "Who pays", of_size=PRODUCTION, setting="outlast:costCentre"),
    Question("data_class", "Class of its data", lambda a: "internal", of_size=PRODUCTION, setting="outlast:dataClass"),
    Question(
        AUDIT_DAYS,
        "Days in which nobody may delete an audit record (0: no base stacks)",
        _audit_days,
        of_size=PRODUCTION,
        setting="outlast:auditRetentionDays",
        size=PRODUCTION,
    ),
    Question("alert_email", "Who is told of alarms", of_size=OPTIONAL, setting="outlast:alertEmail"),
    Question("state", "Pulumi's state: s3://, azblob://, gs://, file:// or `pulumi` for Pulumi Cloud"),
    Question(
        "secrets", "What encrypts secrets: passphrase, awskms://, azurekeyvault://, gcpkms://", lambda a: PASSPHRASE
    ),
)


def asked_of(answers: Answers) -> list[Question]:
    """The questions that these answers leave standing: those of a cloud, or of a size, only where it is chosen."""
    return [question for question in QUESTIONS if question.is_asked(answers)]


def has_bases(answers: Answers) -> bool:
    """Whether each cloud gets a base stack: for the audit records, and for what should outlive its site."""
    return bool(answers.get(AUDIT_DAYS, "").strip().lstrip("0"))


def fill(answers: Answers) -> dict[str, str]:
    """The answers with the defaults of what was not answered."""
    found = {key: value.strip() for key, value in answers.items() if value.strip()}
    for question in QUESTIONS:
        if question.key not in found and question.is_asked(found):
            found |= {question.key: default} if (default := question.default(found)) else {}
    return found


def find_mistakes(name: str, answers: Answers, models: Sequence[str]) -> list[Mistake]:
    """What is missing, and what is wrong with answers that no stack file's parser sees."""
    missing = [
        question for question in asked_of(answers) if question.is_required(answers) and question.key not in answers
    ]
    mistakes = [Mistake(question.flag, f"is missing: {question.text}") for question in missing]
    if not _SET.fullmatch(name):
        mistakes.append(Mistake("NAME", f"{name!r} cannot be the name of a set", "letters a-z, digits and hyphens"))
    mistakes += [_unknown_cloud(word) for word in chosen_clouds(answers) if word not in CLOUDS]
    if "clouds" in answers and len(set(chosen_clouds(answers))) < max(1, len(chosen_clouds(answers))):
        mistakes.append(Mistake("--clouds", f"is {answers['clouds']!r}", "each cloud once"))
    mistakes += _about_model(answers, models)
    return mistakes + _about_pulumi(answers)


def _unknown_cloud(word: str) -> Mistake:
    close = closest(word, CLOUDS)
    return Mistake("--clouds", f"{word!r} is none", f"'{close}'?" if close else f"some of {','.join(CLOUDS)}")


def _about_model(answers: Answers, models: Sequence[str]) -> list[Mistake]:
    model = answers.get("model", "")
    if not model or model in models:
        return []
    return [Mistake("--model", f"no model {model!r} is released", f"one of {', '.join(models) or 'none'}")]


def _about_pulumi(answers: Answers) -> list[Mistake]:
    state, secrets, mistakes = answers.get("state", ""), answers.get("secrets", ""), []
    if state and state != PULUMI_CLOUD and not _BACKEND.fullmatch(state):
        hint = f"s3://BUCKET, azblob://CONTAINER, gs://BUCKET, file://FOLDER, or {PULUMI_CLOUD}"
        mistakes.append(Mistake("--state", f"is {state!r}, which is no backend of Pulumi", hint))
    if secrets and secrets != PASSPHRASE and not _PROVIDER.fullmatch(secrets):
        hint = "passphrase, awskms://KEY?region=R, azurekeyvault://VAULT.vault.azure.net/keys/K, gcpkms://projects/…"
        mistakes.append(Mistake("--secrets", f"is {secrets!r}, which encrypts nothing", hint))
    return mistakes


def state_cloud(answers: Answers) -> str:
    """The cloud in which the state lies; "" where it lies in none of the three."""
    scheme = answers.get("state", "").partition("://")[0]
    return {"s3": "aws", "azblob": "azure", "gs": "gcp"}.get(scheme, "")


def title_of(cloud: str) -> str:
    """The cloud's name in words."""
    return TITLES[cloud]
