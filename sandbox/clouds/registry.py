"""Images that the clouds' registries hold: which digest a reference means, and what is pushed and dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandbox.clouds.store import MANIFEST
from sandbox.images import store as images
from sandbox.journal import Journal


class ImageRegistry:
    """References of images, kept in the journal; the files lie in the image store, addressed by content."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def push(
        self, registry: str, repository: str, image: images.Image, tags: list[str], platforms: Sequence[str] = ()
    ) -> None:
        """Remember that `registry` holds the image in `repository`, under its digest and these tags.

        `platforms`: what it was built for, such as `linux/amd64`; none is for any.
        """
        key = f"{MANIFEST}{registry}/{repository}@{image.digest}"
        known = self._journal.get(key)
        merged = sorted({*tags, *(known["tags"] if known else ())})
        self._move_tags(f"{MANIFEST}{registry}/{repository}@", tags)
        self._journal.put(key, {"tags": merged, "platforms": list(platforms)})

    def _move_tags(self, prefix: str, tags: Iterable[str]) -> None:
        """A tag means one manifest of its repository: pushed again, it leaves the one that had it."""
        for key in [key for key in self._journal if key.startswith(prefix)]:
            left = [tag for tag in self._journal[key]["tags"] if tag not in tags]
            if left != self._journal[key]["tags"]:
                self._journal.put(key, {**self._journal[key], "tags": left})

    def held_in(self, place: str) -> list[str]:
        """References of the images that a registry holds in the repository `place`, or below it."""
        references = (key.removeprefix(MANIFEST) for key in self._journal if key.startswith(MANIFEST))
        return [one for one in references if one.startswith((f"{place}@", f"{place}/"))]

    def drop(self, place: str) -> None:
        """Forget the images of `held_in`."""
        for reference in self.held_in(place):
            self._journal.forget(MANIFEST + reference)

    def digest_of(self, reference: str) -> str | None:
        """The digest that an image reference means in the registry that it names."""
        key = self._key_of(reference)
        return key.rpartition("@")[2] if key else None

    def runs_on(self, reference: str, platform: str) -> bool:
        """Whether the image that a reference means was built for that platform."""
        key = self._key_of(reference)
        platforms = self._journal[key].get("platforms") if key else None
        return not platforms or any(one == platform or one.startswith(f"{platform}/") for one in platforms)

    def _key_of(self, reference: str) -> str | None:
        name, at, digest = reference.partition("@")
        if at:
            repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
            key = f"{MANIFEST}{repository}@{digest}"
            return key if key in self._journal else None
        repository, _, tag = name.rpartition(":")
        for key in self._journal:
            if key.startswith(f"{MANIFEST}{repository}@") and tag in self._journal[key]["tags"]:
                return key
        return None
