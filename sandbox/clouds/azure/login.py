"""What a registry's own HTTPS answers to whoever wants to log in: a token for a token.

The deployer's Entra token is exchanged for a refresh token, and that for one that may push and pull one repository:
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md. Images themselves do not come this way: there is no docker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.clouds.azure.registry import access_token, client_token, find_registry
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

EXCHANGE, TOKEN = "/oauth2/exchange", "/oauth2/token"
_SCOPE = re.compile(r"repository:([a-z0-9][a-z0-9/._-]*):(pull|push|pull,push|push,pull|\*)")
_WRONG = "BAD_REQUEST"
_UNAUTHORIZED = "UNAUTHORIZED"


def answer(world: World, server: str, path: str, form: Mapping[str, str]) -> tuple[int, Values]:
    """Status and document for a form that was posted to `path` of the registry that answers as `server`."""
    if find_registry(world, server) is None or path not in (EXCHANGE, TOKEN):
        return _refused(404, "NOT_FOUND", f"{server}{path} is not there")
    if form.get("service") != server:
        return _refused(400, _WRONG, f"service is {form.get('service')!r}, this is {server}")
    return _exchange(server, form) if path == EXCHANGE else _token(server, form)


def _exchange(server: str, form: Mapping[str, str]) -> tuple[int, Values]:
    if form.get("grant_type") != "access_token":
        return _refused(400, _WRONG, "grant_type: access_token is what is exchanged here")
    if form.get("access_token") != client_token():
        return _refused(401, _UNAUTHORIZED, "the access token is not one of this tenant")
    return 200, {"refresh_token": _refresh_token(server)}


def _token(server: str, form: Mapping[str, str]) -> tuple[int, Values]:
    if form.get("grant_type") != "refresh_token":
        return _refused(400, _WRONG, "grant_type: refresh_token is what is taken here")
    if form.get("refresh_token") != _refresh_token(server):
        return _refused(401, _UNAUTHORIZED, "the refresh token is not one of this registry")
    scope = _SCOPE.fullmatch(form.get("scope", ""))
    if scope is None or ("push" not in scope[2] and scope[2] != "*"):
        return _refused(400, _WRONG, f"scope: {form.get('scope')!r} lets nobody push")
    return 200, {"access_token": access_token(server, scope[1])}


def _refresh_token(server: str) -> str:
    return stable_hex("acr-refresh", server, length=64)


def _refused(status: int, code: str, message: str) -> tuple[int, Values]:
    return status, {"errors": [{"code": code, "message": message}]}
