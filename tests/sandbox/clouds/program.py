"""The project's own program, run against the simulated clouds: Pulumi's mocks stand in for the engine alone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.runtime import mocks

from infra.stack import load_program
from infra.stack_file import parse
from sandbox.clouds.azure import login
from sandbox.engine import schema
from tests.infra import harness
from tests.sandbox.clouds.harness import Clouds

ORDER = ("zone", "aws", "azure", "gcp", "traffic")
CONFIG = {"aws": {"region": "us-east-1"}, "azure-native": {"location": "eastus"}, "gcp": {"region": "us-central1"}}


class _Engine(harness._Clouds):
    """Asks the simulated clouds, as the provider plugins do."""

    def __init__(self, stack: str, clouds: Clouds, exported: dict[str, dict[str, Any]]) -> None:
        super().__init__(exported)
        self.stack, self._clouds = stack, clouds
        self._one_at_a_time = threading.Lock()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ.startswith("pulumi:"):
            return super().new_resource(args)
        inputs = harness._plain(args.inputs)
        with self._one_at_a_time:
            return self._create(args.typ, args.name, inputs)

    def _create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        config = CONFIG.get(type_.partition(":")[0], {})
        request = self._clouds.request(type_, name, inputs, stack=self.stack, config=config)
        mistakes = self._clouds.clouds.check(request)
        assert mistakes == [], f"{type_} {name}: {mistakes}"
        id_, computed = self._clouds.clouds.create(request)
        return id_, schema.complete(type_, inputs, computed, id_, config=config)

    def post_form(self, url: str, form: dict[str, str]) -> dict[str, str]:
        server, _, path = url.removeprefix("https://").partition("/")
        status, document = login.answer(self._clouds.world, server, f"/{path}", form)
        assert status == 200, document
        return document

    def call(self, args: mocks.MockCallArgs) -> Any:
        config = CONFIG.get(args.token.partition(":")[0], {})
        arguments = dict(args.args)
        return schema.complete_result(
            args.token, self._clouds.clouds.invoke("", args.token, arguments, config), arguments
        )


def deploy(
    clouds: Clouds, *stacks: str, known: Mapping[str, dict[str, Any]] = MappingProxyType({}), **changed: Any
) -> dict[str, dict[str, Any]]:
    """`pulumi up` of these stacks, in this order, all five by default; what each exported.

    `known` are outputs of stacks that are taken for up, `changed` settings of the last stack.
    """
    exported: dict[str, dict[str, Any]] = {stack: {} for stack in ORDER} | dict(known)
    for stack in stacks or ORDER:
        run = harness.Run(stack)
        settings = changed if (stack,) == stacks[-1:] else {}
        refused = harness._run(_program(stack, run, settings), _Engine(stack, clouds, exported), run, False)
        assert refused is None, refused
        assert run.problems == []
        exported[stack] = run.outputs
    return exported


def _program(stack: str, run: harness.Run, changed: Mapping[str, Any]) -> Any:
    settings = parse(stack, harness.with_keys(stack, **changed), harness.KEYS)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        outputs = load_program(settings.kind)(settings)
        return pulumi.Output.from_input(outputs).apply(run.outputs.update)

    return program
