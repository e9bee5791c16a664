"""Secret Manager: secrets, their numbered versions, and who may read them when Cloud Run makes a revision."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.accounts import project_number
from sandbox.clouds.eventual import GRANT
from sandbox.clouds.gcp.common import MADE_AT, PROVIDER, is_named, needs_api, own_name, project_of, tail
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, Mistake, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested, stable_hex
from sandbox.clouds.world import World

SECRET = "gcp:secretmanager/secret:Secret"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"

READER = "roles/secretmanager.secretAccessor"


def read_secrets(world: World, service: Resource, container: Values) -> dict[str, str]:
    """Variable -> value of those that a container takes from Secret Manager, read by the revision's service account.

    Raises CloudRefused, as Cloud Run says it, for what the account may not read and for what is not there.
    """
    found = {}
    for position, variable in enumerate(container.get("envs") or []):
        reference = nested(variable, "valueSource", "secretKeyRef")
        if reference:
            place = f"spec.template.spec.containers[0].env[{position}].value_from.secret_key_ref.name"
            found[variable["name"]] = _read(world, service, reference, place)
    return found


def _read(world: World, service: Resource, reference: Values, place: str) -> str:
    number, name = str(reference.get("version") or "latest"), str(reference["secret"])
    path = f"projects/{project_number(project_of(service))}/secrets/{name.rpartition('/')[2]}/versions/{number}"
    told = f"Error code 13, message: Revision '{tail(service) or own_name(service)}' is not ready and cannot serve "
    secret = next((s for s in world.store.all(SECRET) if is_named(s, name) and _shares_project(s, service)), None)
    account = str(nested(service.inputs, "template", "serviceAccount") or "")
    if secret is not None and not _may_read(world, secret, account):
        raise CloudRefused(
            f"{told}traffic. {place}: Permission denied on secret: {path} for Revision service account {account}. The "
            "service account used must be granted the 'Secret Manager Secret Accessor' role "
            f"({READER}) at the secret, project or higher level.",
            hint="make a SecretIamMember for that account, and let the service depend on it",
        )
    meant = [v for v in _versions(world, secret) if number in ("latest", v.outputs["version"])]
    if not meant:
        raise CloudRefused(
            f"{told}traffic. {place}: Secret {path} was not found",
            hint="name a secret, and a version of it, that were made",
        )
    return str(meant[-1].inputs.get("secretData") or "")


def _versions(world: World, secret: Resource | None) -> list[Resource]:
    """Of a secret, the newest last."""
    return [v for v in world.store.all(VERSION) if secret and world.store.follow(v, "secret", SECRET) is secret]


def _shares_project(secret: Resource, service: Resource) -> bool:
    return project_of(secret) == project_of(service)


def _may_read(world: World, secret: Resource, account: str) -> bool:
    return any(
        world.store.follow(member, "secretId", SECRET) is secret
        and member.inputs.get("role") == READER
        and member.inputs.get("member") == f"serviceAccount:{account}"
        for member in world.store.all(MEMBER)
    )


# -- types -------------------------------------------------------------------------------------------------------------


def _secret_id(world: World, r: Resource) -> str:
    return f"projects/{project_of(r)}/secrets/{r.inputs['secretId']}"


def _secret_outputs(world: World, r: Resource) -> Values:
    return {"name": r.id, "project": project_of(r), "createTime": MADE_AT}


def _number(world: World, r: Resource) -> None:
    """Counted up for good: the number of a version that was destroyed is not given again."""
    secret = world.store.require(SECRET, r.inputs.get("secret"), "Error 404: Secret not found.")
    r.place["version"] = secret.place["versions"] = int(secret.place.get("versions", 0)) + 1
    world.store.put(secret)


def _version_id(world: World, r: Resource) -> str:
    secret = str(r.inputs["secret"]).rpartition("/")[2]
    return f"projects/{project_number(project_of(r))}/secrets/{secret}/versions/{r.place['version']}"


def _version_outputs(world: World, r: Resource) -> Values:
    return {"name": r.id, "version": str(r.place["version"]), "createTime": MADE_AT}


def _member_id(world: World, r: Resource) -> str:
    secret = str(r.inputs["secretId"]).rpartition("/")[2]
    return f"projects/{project_of(r)}/secrets/{secret}/{r.inputs['role']}/{r.inputs['member']}"


def _member_outputs(world: World, r: Resource) -> Values:
    return {"etag": stable_hex(r.urn, length=12), "project": project_of(r)}


def _replication(inputs: Values) -> Iterator[Mistake]:
    """Secret Manager API, Replication: it is automatic or in regions that are named."""
    asked = inputs.get("replication")
    if isinstance(asked, dict) and len({"auto", "userManaged"} & asked.keys()) != 1:
        yield "replication", "Error 400: exactly one of `auto` and `userManaged` says where the secret lies"


_API = "Secret Manager API"
_missing = "Error 404: Secret [{}] not found."

declare(
    SECRET,
    fidelity=Fidelity.SIMULATED,
    effect="holds the versions that revisions are made with; one that is not there keeps a revision from serving",
    not_simulated="where it lies, rotation, keys of KMS, expiry",
    rules=(needs_api("secretmanager"),),
    id_of=_secret_id,
    outputs=_secret_outputs,
    limits={"secretId": Text(255, r"[A-Za-z0-9_-]+", f"{_API}, secretId")},
    combinations=(_replication,),
    forces_new=because(ID, "secretId", "project") | because(f"{PROVIDER}/secretmanager", "replication"),
)
declare(
    VERSION,
    fidelity=Fidelity.SIMULATED,
    effect="is read by the revision's service account, and reaches the container as a variable",
    not_simulated="versions that are disabled, and deletion policies",
    rules=(needs_api("secretmanager"), exists("secret", SECRET, _missing, f"{_API}, addVersion")),
    create=_number,
    id_of=_version_id,
    outputs=_version_outputs,
    limits={"secretData": Text(65_536, r"(?s).*", f"{_API}, SecretPayload: at most 64 KiB")},
    forces_new=because(ID, "secret") | because(f"{PROVIDER}/secretmanager", "secretData"),
)
declare(
    MEMBER,
    fidelity=Fidelity.SIMULATED,
    effect="lets a service account read the secret",
    not_simulated="other roles and members, conditions, grants to a project",
    rules=(needs_api("secretmanager"), exists("secretId", SECRET, _missing, f"{_API}, setIamPolicy")),
    takes=GRANT,
    id_of=_member_id,
    outputs=_member_outputs,
    forces_new=because(ID, "secretId", "role", "member", "project"),
)
