"""What `make docs` needs beyond mkdocs.yml: README as the first page, the navigation, and links to files outside docs/.

The pages are written to be read in the repository: their links lead to stack files, code and rules as well. On the site
such a file is there as text, below files/. mkdocs calls the functions `on_…` by their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "tools" / "documentation_assets"
# Pages at the repository's top, each with its place on the site.
TOP = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
TOP["SECURITY.md"] = "security.md"
FIRST = "first-ten-minutes.md"  # of the guides; the others follow by their names
SECTIONS = ("guides", "concepts", "reference", "decisions")
FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
LIST_IN_PARAGRAPH = re.compile(r"^(?! *[*-] | *\d+\. |[#|> ])(.+)\n(?=[*-] |1\. )", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The navigation, by the folders of docs/."""
    docs = Path(config.docs_dir)
    sections = [{name.capitalize(): _pages(docs, name)} for name in SECTIONS]
    config.nav = [{"Outlast": [{"Overview": "index.md"}, *_others()]}, *sections]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages from outside docs/, and a copy of each file that some page links to."""
    for source, place in TOP.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text()))
    for asset in ASSETS.iterdir():
        files.append(File.generated(config, f"assets/{asset.name}", content=asset.read_text()))
    pages = [file for file in files if file.is_documentation_page()]
    linked = {link for page in pages for link in _links(_source(page.src_uri), page.content_string)}
    for link in sorted(linked):
        if _is_copied(link):
            files.append(File.generated(config, _place(link), content=_text(ROOT / link)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links as they are on the site, and with the blank line that a list needs before it there."""
    return as_on_site(markdown, _source(page.file.src_uri))


def as_on_site(markdown: str, source: str) -> str:
    """The text of a page of the repository; what stands in its code blocks is left as it is."""
    parts = FENCED.split(markdown)
    return "".join(part if part.lstrip().startswith("```") else _adapted(part, source) for part in parts)


def _pages(docs: Path, section: str) -> list[str]:
    names = sorted((page.name for page in (docs / section).glob("*.md")), key=lambda name: (name != FIRST, name))
    own = [f"{section}/{name}" for name in names]
    return [*own, "gotchas.md"] if section == "reference" else own


def _others() -> list[str]:
    return [place for place in TOP.values() if place != "index.md"]


def _source(place: str) -> str:
    """Where in the repository a page of the site lies."""
    top = {to: source for source, to in TOP.items()}
    return top.get(place, f"docs/{place}")


def _place(source: str) -> str:
    """Where on the site a file of the repository lies."""
    if source in TOP:
        return TOP[source]
    path = PurePosixPath(source)
    if path.name in SECTIONS and path.parent.name == "docs":
        return _pages(ROOT / "docs", path.name)[0]
    return str(path.relative_to("docs")) if path.parts[0] == "docs" else f"files/{source}.txt"


def _is_copied(link: str) -> bool:
    return link not in TOP and not link.startswith("docs/") and (ROOT / link).exists()


def _links(source: str, markdown: str) -> Iterable[str]:
    """The files of the repository that a page links to."""
    for _, target, _ in LINK.findall(FENCED.sub("", markdown)):
        if ":" not in target:
            yield _resolved(source, target)


def _resolved(source: str, target: str) -> str:
    return normpath(str(PurePosixPath(source).parent / target.replace("\\", "")))


def _adapted(markdown: str, source: str) -> str:
    def link(match: re.Match[str]) -> str:
        before, target, after = match.groups()
        if ":" in target or target.startswith("/"):
            return match[0]
        folder = PurePosixPath(_place(source)).parent
        return f"{before}{relpath(_place(_resolved(source, target)), folder)}{after}"

    return LIST_IN_PARAGRAPH.sub(r"\1\n\n", LINK.sub(link, markdown))


def _text(path: Path) -> str:
    """A file as it is; of a folder, the names in it."""
    if path.is_dir():
        return "".join(f"{entry.name}\n" for entry in sorted(path.iterdir()) if entry.name != "__pycache__")
    return path.read_text()
