"""Mails and sentences are read out of packages as they lie there: decoded, different, labelled."""

from __future__ import annotations

import io
import json
import tarfile

from service.training.corpora import LANGUAGES, read_mails, read_sentences


def pack(files: dict[str, str]) -> bytes:
    """An archive as `npm pack` makes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def _open(files: dict[str, str]) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(pack(files)), mode="r:gz")


def _mail(text: str) -> str:
    return json.dumps({"id": "00001", "group": "spam-1", "text": text})


def test_bodies_are_decoded_and_each_is_taken_once() -> None:
    archive = _open(
        {
            "package.json": "{}",
            "data/easy-ham-1/00001.7c53336b37003a9286aba55d2945844c.json": _mail("Subject: hi\n\nSee you at  noon.\n"),
            "data/hard-ham-1/00001.0c53336b37003a9286aba55d2945844c.json": _mail("Subject: no\n\nsee you at noon."),
            "data/spam-1/00001.1c53336b37003a9286aba55d2945844c.json": _mail(
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZSAkJCQ=\n"
            ),
            "data/spam-2/00002.2c53336b37003a9286aba55d2945844c.json": _mail(
                "Content-Type: text/html; charset=no-such-set\nContent-Transfer-Encoding: quoted-printable\n\n"
                "<b>BUY=20NOW</b>=\n\n"
            ),
            "data/spam-2/00003.3c53336b37003a9286aba55d2945844c.json": _mail("Subject: nothing\n\n \n"),
        }
    )
    assert list(read_mails(archive)) == [
        ("See you at  noon.", "ham"),
        ("Grüße $$$", "spam"),
        ("<b>BUY NOW</b>", "spam"),
    ]


def test_sentences_end_where_each_script_ends_them() -> None:
    pages = {
        "declaration/eng.html": "<h2>Article 1 is no sentence of it</h2><p>All human beings are born free. They are"
        " endowed with reason.</p><p>Short.</p><p>All human beings are born free.</p>",
        "declaration/cmn_hans.html": "<p>"
        + "人人生而自由，在尊严和权利上一律平等，不分种族。" * 2
        + "他们赋有理性和良心</p>",
        "declaration/xyz.html": "<p>A language that is none of the twenty-four.</p>",
    }
    assert list(read_sentences(_open(pages))) == [
        ("All human beings are born free.", "English"),
        ("They are endowed with reason.", "English"),
        ("人人生而自由，在尊严和权利上一律平等，不分种族。", "Chinese"),
    ]
    assert len(LANGUAGES) == 24
