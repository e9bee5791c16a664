"""What `outlast doctor` asks Pulumi's own CLI: where the state lies, which stacks it knows, whether they open."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from outlast.doctor.checks import Finding, fine, unknown, wrong
from outlast.doctor.stacks import Subjects
from sandbox.engine import cli
from service.errors import Unavailable

_SECONDS = 15.0
_LOGIN = "pulumi login s3://BUCKET (or azblob://, gs://), or plain `pulumi login` for Pulumi Cloud"


def look_at_backend(environ: Mapping[str, str], subjects: Subjects) -> Finding:
    """Where Pulumi keeps the state, as whoever is logged in."""
    found = ask_pulumi(environ, subjects, "whoami", "--verbose", "--json")
    url = str(found.get("url", ""))
    if url.startswith("file:"):
        return unknown(f"{url}: it is lost with this machine", _LOGIN)
    return fine(f"{url}, as {found.get('user') or 'nobody'}")


def look_at_stacks(environ: Mapping[str, str], subjects: Subjects) -> Finding:
    """Which stacks of the set the state knows."""
    listed = ask_pulumi(environ, subjects, "stack", "ls", "--json")
    known = {str(one["name"]).rpartition("/")[2] for one in listed}
    lacking = [stack for stack in subjects.stacks.stacks if stack not in known]
    if lacking:
        return unknown(f"not made yet: {', '.join(lacking)}", f"pulumi stack init {lacking[0]}, and so on")
    return fine(f"all {len(subjects.stacks.stacks)} are known to it")


def look_at_passphrase(environ: Mapping[str, str], subjects: Subjects) -> Finding:
    """Stacks whose secrets a passphrase opens need it in the environment of whoever deploys."""
    given = any(environ.get(name) for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))
    if not subjects.encrypted or given:
        return fine("the passphrase is in the environment" if given else "no stack needs a passphrase")
    return wrong(f"{', '.join(subjects.encrypted)} need it", "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE")


def ask_pulumi(environ: Mapping[str, str], subjects: Subjects, *words: str) -> Any:
    """What a command of Pulumi's prints as JSON. Raises Unavailable with its own words."""
    found = cli.find(environ)
    if found is None:
        raise Unavailable("Pulumi's CLI is not here yet", hint="`make up` obtains it")
    asked = [str(found.command), *words, "--non-interactive", "--color=never"]
    quiet = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(
        asked, cwd=subjects.root, env=quiet, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise Unavailable(f"`pulumi {words[0]}` failed: {' '.join(done.stderr.split())[-200:]}", hint=_LOGIN)
    return json.loads(done.stdout)
