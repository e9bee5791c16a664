"""Which stack files `outlast up` brings up: the ones asked for, found to be in order, and written down."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import stack_files
from sandbox.layout import Layout
from sandbox.stack_files import COMMITTED, StackSet
from service.errors import Refused


def choose(layout: Layout, asked: str | None, report: Callable[[str], None]) -> StackSet:
    """The set that `up` works on; without a word the one that the sandbox was brought up with before.

    Raises:
        InvalidInput: the files of the set are wrong, or contradict each other; nothing was changed.
        Refused: this sandbox holds other stacks.
    """
    before = stack_files.load(layout)
    name = before.name if asked is None else asked
    if layout.load_instance() is not None and name != before.name:
        raise Refused(
            f"this sandbox holds {before}, not {f'the stacks of {name}' if name else 'the committed ones'}",
            hint="`make clean` forgets them; or give the others a folder of their own: OUTLAST_STATE=.sandbox-other",
        )
    if not name:
        return COMMITTED
    # They read as the program and the clouds do, which takes a second to import: for a set of one's own alone.
    from sandbox import accounts_file, keys
    from sandbox.agreement import agree

    stacks = stack_files.find(layout.root, name)
    declared = accounts_file.read(layout.root, name)
    agreed = agree(layout.root, stacks, tuple(vault.id for vault in declared.vaults), keys=keys.sample())
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    stack_files.save(layout, stacks, accounts_file.accounts_of(agreed, declared))
    for stack in sorted({*before.stacks} - {*stacks.stacks} if before.name else ()):
        report(f"{stack}: its file is gone, the stack is not: `outlast exec -- pulumi destroy -s {stack}`")
    return stacks
