"""What a project has: enabled APIs and service accounts."""

from __future__ import annotations

from sandbox.clouds.accounts import BOOTSTRAP_APIS, project_number
from sandbox.clouds.eventual import API as API_TAKES
from sandbox.clouds.gcp.common import API, is_enabled, needs_api, project_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, SDK, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

ACCOUNT = "gcp:serviceaccount/account:Account"


def _email(r: Resource) -> str:
    return f"{r.inputs['accountId']}@{project_of(r)}.iam.gserviceaccount.com"


def _account_outputs(world: World, r: Resource) -> Values:
    return {
        "email": _email(r),
        "member": f"serviceAccount:{_email(r)}",
        "name": r.id,
        "uniqueId": str(int(stable_hex(r.id, length=16), 16)),
        "project": project_of(r),
    }


# pulumi-gcp 10.2.0, Account.account_id: "must be 6-30 characters long".
_SERVICE_ACCOUNT = Text(30, r"[a-z]([-a-z0-9]*[a-z0-9])", "IAM API, service accounts", shortest=6)


_API_NAME = Text(None, r"[a-z0-9-]+(\.[a-z0-9-]+)*\.googleapis\.com", "Service Usage API, services.enable")


def _bootstrap_rule(world: World, r: Resource) -> None:
    """The two APIs by which others are enabled are on beforehand: Google Cloud APIs, error 403 accessNotConfigured."""
    project = project_of(r)
    for api in BOOTSTRAP_APIS:
        if not is_enabled(world, project, api):
            number = project_number(project)
            raise CloudRefused(
                f"Error 403: {_TITLES[api]} has not been used in project {number} before or it is disabled. Enable it "
                f"by visiting https://console.developers.google.com/apis/api/{api}/overview?project={number} then "
                "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "
                "systems and retry., accessNotConfigured",
                hint=f"gcloud services enable {' '.join(BOOTSTRAP_APIS)} --project {project}",
            )


_TITLES = dict(zip(BOOTSTRAP_APIS, ("Cloud Resource Manager API", "Service Usage API"), strict=True))

declare(
    API,
    fidelity=Fidelity.SIMULATED,
    rules=(_bootstrap_rule,),
    limits={"service": _API_NAME},
    effect="enables the API; resources of an API that is not enabled are refused",
    not_simulated="disabling it under resources that need it; that it stays enabled when its stack is destroyed",
    takes=API_TAKES,
    counts=lambda world, r: is_enabled(world, project_of(r), str(r.inputs["service"])),
    id_of=lambda world, r: f"{project_of(r)}/{r.inputs['service']}",
    outputs=lambda world, r: {"project": project_of(r)},
    shared=lambda r: True,
    forces_new=because(ID, "service", "project"),
)
declare(
    ACCOUNT,
    fidelity=Fidelity.SIMULATED,
    effect="a service that names an account which does not exist is refused",
    not_simulated="what the service may do: it needs nothing",
    rules=(needs_api("iam"),),
    id_of=lambda world, r: f"projects/{project_of(r)}/serviceAccounts/{_email(r)}",
    outputs=_account_outputs,
    limits={
        "accountId": _SERVICE_ACCOUNT,
        "displayName": Text(100, r"(?s).*", "IAM API, ServiceAccount.displayName", shortest=0),
    },
    forces_new=because(ID, "project")
    | because(f"{SDK}: 'Changing this forces a new service account to be created'", "accountId"),
)
