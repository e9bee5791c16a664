"""Who may use a key of Google Cloud: its members, and the agents that Google's own services act as."""

from __future__ import annotations

from sandbox.clouds.accounts import project_number
from sandbox.clouds.gcp.common import PROVIDER, needs_api, project_of
from sandbox.clouds.gcp.project import ACCOUNT
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

KEY_MEMBER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
AGENT = "gcp:projects/serviceIdentity:ServiceIdentity"

_ROLE = Text(None, r"((projects|organizations)/[^/]+/)?roles/[A-Za-z0-9_.]+", "IAM API, Binding.role")
_MEMBER = Text(
    None,
    r"all(Authenticated)?Users|(serviceAccount|user|group|domain|principal|principalSet|deleted):.+",
    "IAM API, Binding.members",
)
_KEY = Text(
    None,
    r"projects/[^/]+/locations/[^/]+/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}",
    "Cloud KMS API, CryptoKey.name",
)
_API_NAME = Text(None, r"[a-z0-9-]+(\.[a-z0-9-]+)*\.googleapis\.com", "Service Usage API, generateServiceIdentity")
_OWN_ACCOUNTS = ".iam.gserviceaccount.com"
_AGENTS = ("gcp-sa-", "gs-project-accounts")


def _account_exists(world: World, r: Resource) -> None:
    """A service account that is made a member is there: IAM, setIamPolicy, error 400. Agents of Google's are."""
    kind, _, email = str(r.inputs.get("member") or "").partition(":")
    domain = email.rpartition("@")[2]
    ours = kind == "serviceAccount" and domain.endswith(_OWN_ACCOUNTS) and not domain.startswith(_AGENTS)
    if ours and all(account.outputs.get("email") != email for account in world.store.all(ACCOUNT)):
        raise CloudRefused(
            f"Error 400: Service account {email} does not exist., badRequest",
            hint="take `member` of the account that the program makes",
        )


def _member_id(world: World, r: Resource) -> str:
    """As the provider writes it: the key, the role, and who."""
    return "/".join(str(r.inputs.get(name)) for name in ("cryptoKeyId", "role", "member"))


def agent_of(project: str, service: str) -> str:
    """The e-mail of the service agent that Google keeps in a project for one of its services."""
    return f"service-{project_number(project)}@gcp-sa-{service.partition('.')[0]}{_OWN_ACCOUNTS}"


def storage_agent(world: World, args: Values, config: Values) -> Values:
    """What `getProjectServiceAccount` gives: the agent of Cloud Storage, which has a domain of its own."""
    project = str(args.get("project") or config.get("project"))
    email = f"service-{project_number(project)}@gs-project-accounts{_OWN_ACCOUNTS}"
    return {"emailAddress": email, "member": f"serviceAccount:{email}", "project": project, "id": email}


def _agent_outputs(world: World, r: Resource) -> Values:
    email = agent_of(project_of(r), str(r.inputs["service"]))
    return {"email": email, "member": f"serviceAccount:{email}", "project": project_of(r)}


declare(
    KEY_MEMBER,
    fidelity=Fidelity.TYPED,
    effect="its role and its member are read as IAM reads them",
    not_simulated="encryption: objects lie in .sandbox as they were written",
    not_known=("whether the key is there: any of the form is taken",),
    id_of=_member_id,
    rules=(needs_api("cloudkms"), _account_exists),
    limits={"role": _ROLE, "member": _MEMBER, "cryptoKeyId": _KEY},
    forces_new=because(PROVIDER, "cryptoKeyId", "role", "member", "condition"),
)
declare(
    AGENT,
    fidelity=Fidelity.TYPED,
    effect="its e-mail is the service agent's of the project",
    not_simulated="what the agent may do",
    id_of=lambda world, r: f"projects/{project_of(r)}/services/{r.inputs['service']}",
    outputs=_agent_outputs,
    shared=lambda r: True,
    limits={"service": _API_NAME},
    forces_new=because(PROVIDER, "project", "service"),
)
