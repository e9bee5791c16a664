"""What `outlast doctor` asks Google Cloud: the project, the APIs that are on, the quotas of its load balancers."""

from __future__ import annotations

from failover.levers.clouds import Clouds, ask
from outlast.doctor.checks import Finding, fine, unknown, wrong
from sandbox.clouds.accounts import BOOTSTRAP_APIS
from service.errors import Unavailable

PROJECTS, USAGE = "https://cloudresourcemanager.googleapis.com", "https://serviceusage.googleapis.com"
COMPUTE = "https://compute.googleapis.com"
NEEDED = {"STATIC_ADDRESSES": 1, "URL_MAPS": 2, "BACKEND_SERVICES": 1}
"""What one site takes of a project's global quotas (compute.projects.get)."""

_LOGIN = "gcloud auth application-default login"
_ASK = "ask for more: https://console.cloud.google.com/iam-admin/quotas?project={}"


def look_at_credentials(clouds: Clouds, project: str) -> Finding:
    """Whether these credentials see the project that the files name."""
    try:
        with clouds.google(PROJECTS) as api:
            answer = ask(api, "GET", f"/v3/projects/{project}", f"read the project {project}")
    except Unavailable as error:
        # Without the API itself nobody can be asked, which the other look says as well.
        return wrong(error.what, f"{_LOGIN}; gcloud services enable {BOOTSTRAP_APIS[0]} --project {project}")
    if answer.status_code == 404:
        return wrong(f"these credentials do not see the project {project}", _LOGIN)
    state = answer.json().get("state", "")
    if state != "ACTIVE":
        return wrong(f"the project {project} is {state or 'in no state'}", f"gcloud projects undelete {project}")
    return fine(f"a token that sees {project}")


def look_at_apis(clouds: Clouds, project: str) -> Finding:
    """The two APIs by which the program switches on what else it needs have to be on before it runs."""
    on = _list_apis(clouds, project)
    lacking = [name for name in BOOTSTRAP_APIS if name not in on]
    if lacking:
        command = f"gcloud services enable {' '.join(lacking)} --project {project}"
        return wrong(f"not enabled: {', '.join(lacking)}", command)
    return fine(f"{len(on)} APIs are enabled, the two that enable others among them")


def _list_apis(clouds: Clouds, project: str) -> set[str]:
    """Those that are on, page after page: a page holds 200 at most (Service Usage API, services.list)."""
    found, params = set[str](), {"filter": "state:ENABLED", "pageSize": "200"}
    with clouds.google(USAGE) as api:
        while True:
            answer = ask(api, "GET", f"/v1/projects/{project}/services", f"list the APIs of {project}", params=params)
            page = answer.json() if answer.status_code != 404 else {}
            found |= {str(one["name"]).rpartition("/")[2] for one in page.get("services", ())}
            if not page.get("nextPageToken"):
                return found
            params = {**params, "pageToken": str(page["nextPageToken"])}


def look_at_quotas(clouds: Clouds, project: str, sites: int) -> Finding:
    """The global quotas of a project that a site's load balancer takes from."""
    with clouds.google(COMPUTE) as api:
        answer = ask(api, "GET", f"/compute/v1/projects/{project}", f"read the quotas of {project}")
    rows = {row["metric"]: row for row in answer.json().get("quotas", [])} if answer.status_code != 404 else {}
    read = {name: rows[name] for name in NEEDED if name in rows}
    if not read:
        return unknown("compute.googleapis.com is not on yet, so its quotas cannot be read")
    told = ", ".join(f"{name} {row['usage']:g} of {row['limit']:g}" for name, row in read.items())
    if any(row["limit"] < sites * NEEDED[name] for name, row in read.items()):
        return wrong(f"{told}, too few for {sites} sites", _ASK.format(project))
    full = any(row["limit"] - row["usage"] < sites * NEEDED[name] for name, row in read.items())
    return unknown(f"{told}: enough only if those are these sites'", _ASK.format(project)) if full else fine(told)
