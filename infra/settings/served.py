"""`outlast:models` and `outlast:acceptedModels`: which models a site serves, each by its digest. Pure.

A site is held to what `traffic` accepts before anything of it is changed: its records would go on sending clients to it
until `traffic` is run, so a model that is not accepted would be live meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.settings.reader import Reader, like, one_of

DIGEST = r"sha256:[0-9a-f]{64}"
_FORM = "name@sha256:…, the model's name and its digest; `outlast model list` shows both"


@dataclass(frozen=True)
class Available:
    """What could be served: name -> digest of the models that are released here, and of the drafts.

    `accepted` holds, for each stack of traffic that sends clients to the site, the digests that its file accepts.
    """

    released: Mapping[str, str] = field(default_factory=dict)
    drafts: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        """Name -> digest of all of them; a release hides a draft of its name."""
        return {**self.drafts, **self.released}


NONE = Available()


def read_models(reader: Reader, available: Available) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name -> digest of the models that the site must serve, the default first; and those named without a digest.

    Without the setting it is the only model that is released.
    """
    released = tuple(available.released)
    entries = reader.texts("models", released[:1], check=like(rf"[^@\s]+(@{DIGEST})?", _FORM))
    named = dict(entry.partition("@")[::2] for entry in entries)
    if not entries and not reader.is_wrong("models"):
        reader.wrong("models", "names no model", f"write models that are released: {', '.join(released) or 'none is'}")
    elif len(released) > 1 and not reader.is_given("models"):
        first = f"{released[0]}@{available.released[released[0]]}"
        what = f"is missing, and {len(released)} models are released: {', '.join(released)}"
        reader.wrong("models", what, f"add the line `outlast:models: [{first}]`; the first is the default")
    elif len(named) < len(entries):
        reader.wrong("models", "names a model twice", "each of them once")
    _check_digests(reader, named, available.digests)
    models = {name: digest or available.digests.get(name, "") for name, digest in named.items()}
    if not reader.is_wrong("models"):
        _check_accepted(reader, models, available.accepted)
    return models, tuple(name for name, digest in named.items() if not digest and reader.is_given("models"))


def read_accepted_models(reader: Reader) -> tuple[str, ...]:
    """The digests of the models that may serve: of each name at most two, for a release goes from site to site.

    A digest may stand alone: those are of one model. Where the sites serve several, each has its name before it.
    """
    form = like(
        rf"([^@\s]+@)?{DIGEST}", "sha256: and 64 hexadecimal digits, after name@ where sites serve several models"
    )
    entries = reader.texts("acceptedModels", check=form)
    if not entries and not reader.is_wrong("acceptedModels"):
        reader.wrong("acceptedModels", "names no model, so no site could take traffic", "write one digest")
    for name, count in Counter(entry.rpartition("@")[0] for entry in entries).items():
        if count > 2:
            of = f" of {name}" if name else " without a name"
            how = "one; two while a release goes from site to site; further models as name@sha256:…"
            reader.wrong("acceptedModels", f"has {count}{of}", how)
    return tuple(map(_digest_of, entries))


def _digest_of(entry: str) -> str:
    return entry.rpartition("@")[2]


def _check_digests(reader: Reader, named: Mapping[str, str], here: Mapping[str, str]) -> None:
    """The models are here, and are those that the file names."""
    is_known = one_of(here)
    for name, digest in named.items() if here else ():
        if instead := is_known(name):
            reader.wrong("models", f"no model {name!r} is here", f"write {instead}")
        elif digest and digest != here[name]:
            hint = f"check out the commit that released it, or write {name}@{here[name]} to serve the one that is here"
            reader.wrong("models", f"names {name}@{digest}, and the {name} that is here is {here[name]}", hint)


def _check_accepted(reader: Reader, models: Mapping[str, str], accepted: Mapping[str, Sequence[str]]) -> None:
    """Every model that the site serves is accepted: clients reach each of them by its name."""
    for stack, digests in accepted.items():
        file = f"stacks/Pulumi.{stack}.yaml"
        for name, digest in models.items():
            if digest and digest not in map(_digest_of, digests):
                what = f"names {name}@{digest}, which {file} does not accept: clients would get a model that it refuses"
                how = f"add `- {name}@{digest}` to outlast:acceptedModels in {file}, beside what is served now"
                reader.wrong("models", what, how)
