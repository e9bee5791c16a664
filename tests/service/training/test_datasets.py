"""Tables are read as they are, and what cannot be learnt from is named before training meets it."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from service.bundle.columns import TEXT, Column
from service.errors import InvalidInput
from service.training import datasets
from service.training.datasets import load_bundled, load_csv

MIXED = "age,colour,score,ok\n" + "".join(
    f"{20 + i if i < 15 else 50 + i % 7},{'red' if i % 3 else 'blue'},{i / 10},{'yes' if i % 2 else 'no'}\n"
    for i in range(30)
)


def _write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def _refusal(folder: Path, text: str, target: str = "ok") -> str:
    with pytest.raises(InvalidInput) as caught:
        load_csv(_write(folder, text), target)
    assert "hint:" in str(caught.value)
    return str(caught.value)


def test_the_bundled_sets_are_the_known_ones() -> None:
    tumour, digits = load_bundled("tumour"), load_bundled("digits")
    assert (len(tumour.frame), len(tumour.features), sum(tumour.labels == "malignant")) == (569, 30, 212)
    assert (len(digits.frame), len(digits.features), len(set(digits.labels))) == (1797, 64, 10)
    assert tumour.sha256 == load_bundled("tumour").sha256 != digits.sha256
    with pytest.raises(InvalidInput, match="tumour, digits"):
        load_bundled("iris")


def test_a_mixed_table_is_read_as_numbers_and_texts(tmp_path: Path) -> None:
    path = _write(tmp_path, MIXED.replace("25,red", "25,").replace("21,", "NA,"))
    dataset = load_csv(path, "ok")
    assert dataset.features == ("age", "colour", "score")
    assert dataset.categorical == ("colour",)
    assert dataset.datatype == "BYTES"
    assert np.isnan(dataset.frame["age"][1])
    assert dataset.frame["colour"][5] == ""
    assert dataset.rows()[0].tolist() == [20.0, "blue", 0.0]
    assert np.isnan(dataset.rows()[1][0])
    assert [(c.name, c.type, c.missing) for c in dataset.columns] == [
        ("age", "whole number", True),
        ("colour", "category", True),
        ("score", "number", False),
    ]
    assert dataset.columns[1].categories == ("blue", "red")
    assert dataset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_texts_and_labels_are_read_as_they_stand_in_the_file(tmp_path: Path) -> None:
    """Whoever asks for a prediction sends `true` and `007`, not what pandas would make of them."""
    body = "".join(f"{'true' if i % 2 else 'false'},{'007' if i % 3 else 'x1 '},{i % 9},{i % 2}.0\n" for i in range(30))
    dataset = load_csv(_write(tmp_path, "member , code,a,ok \n" + body), "ok")
    assert dataset.features == ("member", "code", "a")
    assert dataset.categorical == ("member", "code")
    assert set(dataset.frame["member"]) == {"true", "false"}
    assert set(dataset.frame["code"]) == {"007", "x1"}
    assert set(dataset.labels) == {"0.0", "1.0"}


def test_fields_beyond_the_header_are_not_taken_for_an_index(tmp_path: Path) -> None:
    assert "cannot be read as CSV" in _refusal(tmp_path, "a,b,ok\n" + "1,2,3,yes\n4,5,6,no\n" * 5)


def test_numbers_alone_make_a_table_of_floats(tmp_path: Path) -> None:
    dataset = load_csv(_write(tmp_path, "a,b,ok\n1,2.5,0\n3,,1\n5,6,0\n"), "ok")
    assert dataset.datatype == "FP32"
    assert list(dataset.labels) == ["0", "1", "0"]
    assert dataset.rows().dtype == np.float64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,ok\n", "no rows"),
        ("ok\nyes\nno\n", "no column to learn from"),
        (MIXED.replace(",ok", ",fine"), "column ok: is not there; the columns are age, colour, score, fine"),
        (MIXED.replace("age,colour", "age,age"), "column age: is there more than once"),
        (MIXED.replace("age,", ",", 1), "without a name"),
        (MIXED.replace("no\n", "yes\n"), "one class only, 'yes'"),
        (MIXED.replace("20,blue,0.0,no", "20,blue,0.0,"), "has no label in line 2"),
        ("a,b,ok\n,1,yes\n,2,no\n", "column a: has no value at all"),
        ("a,b,ok\n1,x,yes\n1,x,no\n", "one value only in each column beside the target"),
        (MIXED.replace("27,red", "seven,red"), "column age: is numbers but for 'seven' in line 9"),
        (MIXED.replace("27,red", "1e308,red"), "holds 1e+308 in line 9"),
        (MIXED.replace("27,red", "inf,red"), "holds inf in line 9"),
        (MIXED.replace("27,red", "27,red,more"), "cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_learnt_from_says_why(tmp_path: Path, text: str, words: str) -> None:
    assert words in _refusal(tmp_path, text)


def test_all_mistakes_of_a_table_are_named_together(tmp_path: Path) -> None:
    said = _refusal(tmp_path, "a,b,c,ok\n,1e308,x1,yes\n,2,x2,yes\n")
    assert all(word in said for word in ("column a", "column b", "column ok"))


def test_identifiers_and_numbers_to_estimate_are_told_from_classes(tmp_path: Path) -> None:
    names = "".join(f"n{i},{i % 9},{i % 2}\n" for i in range(50))
    dataset = load_csv(_write(tmp_path, "name,a,ok\n" + names), "ok")
    assert dataset.features == ("a",)
    assert "an identifier" in dataset.left_out["name"]
    assert "name" in load_csv(_write(tmp_path, "name,a,ok\n" + names), "ok", keep=["name"]).features
    numbers = "".join(f"{i},{i}.5\n" for i in range(150))
    assert "a number to estimate" in _refusal(tmp_path, "a,ok\n" + numbers)


def test_a_file_too_large_for_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(1_000_000_000)  # a sparse file: no disk, no bytes read
    with pytest.raises(InvalidInput, match="1,000 MB") as caught:
        load_csv(path, "ok")
    assert "sample" in caught.value.hint


@pytest.mark.parametrize(("kind", "text"), [("texts", MIXED), ("numbers", "a,b,ok\n" + "1,2.5,0\n3,4,1\n" * 15)])
def test_a_small_file_of_too_many_fields_is_refused_before_it_is_read(
    tmp_path: Path, kind: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field is an object where a column is text: 200 MB of single letters would take 5 GB."""
    path = _write(tmp_path, text)
    fields = text.count("\n") * (1 + text.partition("\n")[0].count(","))
    monkeypatch.setattr(datasets, "MOST_FIELDS", {"texts": 10**6, "numbers": 10**6, kind: fields})
    assert len(load_csv(path, "ok").frame) == 30, "as many as allowed"
    monkeypatch.setattr(datasets, "MOST_FIELDS", {"texts": 10**6, "numbers": 10**6, kind: fields - 1})
    with pytest.raises(InvalidInput, match=f"a table of {kind} may have") as caught:
        load_csv(path, "ok")
    assert "sample" in caught.value.hint


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no file"):
        datasets.load_csv(tmp_path / "none.csv", "ok")


ROWS = [(f"{(i * 7919 % 1000) / 1000:.3f}", f"{(i * 104729 % 977) / 100:.3f}", "bcd"[i % 3]) for i in range(60)]


def _table(row: str, *, labels: tuple[str, ...] = ("yes", "no"), head: str = "x,y,c,t") -> str:
    return f"{head}\n" + "".join(
        row.format(x=x, y=y, c=c, t=labels[i % len(labels)]) + "\n" for i, (x, y, c) in enumerate(ROWS)
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("before", ["", "\n\n", "# exported by a tool\n", "sep={}\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_the_same_however_it_is_written(tmp_path: Path, delimiter: str, before: str, codec: str) -> None:
    plain = _table("{x},{y},{c},{t}")
    expected = load_csv(_write(tmp_path, plain), "t")
    text = plain.replace(".", "," if delimiter == ";" else ".").replace(",", delimiter)
    if delimiter == ";":
        text = plain.replace(",", ";").replace(".", ",")
    path = tmp_path / "other.csv"
    path.write_bytes((before.format(delimiter) + text).encode(codec))
    dataset = load_csv(path, "t")
    assert dataset.frame.equals(expected.frame)
    assert dataset.labels.tolist() == expected.labels.tolist()
    assert dataset.read_as["decimal"] == ("comma" if delimiter == ";" else "point")


@pytest.mark.parametrize("word", ["None", "NA", "null", "nan", "N/A"])
def test_a_class_may_be_called_none(tmp_path: Path, word: str) -> None:
    text = _table("{x},{y},{c},{t}", labels=("Apnea", word, "Insomnia"))
    assert set(load_csv(_write(tmp_path, text), "t").labels) == {"Apnea", word, "Insomnia"}
    assert "has no label in line 2" in _refusal(tmp_path, text.replace(",Apnea", ",", 1), "t")


@pytest.mark.parametrize(
    ("uids", "left_out"),
    [
        ([i % 9 for i in range(59)] + [12345678901234567890], False),
        ([12345678901234567890 + i for i in range(60)], True),
        ([i % 9 for i in range(59)] + [-(2**64) - 1], False),
        ([18446744073709551615] + [-(i % 9) for i in range(59)], False),
        ([10**29 + i for i in range(60)], True),
    ],
)
def test_whole_numbers_of_any_length_are_numbers_or_identifiers(
    tmp_path: Path, uids: list[int], left_out: bool
) -> None:
    rows = enumerate(zip(uids, ROWS, strict=True))
    text = "uid,x,t\n" + "".join(f"{uid},{row[0]},{'yn'[i % 2]}\n" for i, (uid, row) in rows)
    dataset = load_csv(_write(tmp_path, text), "t")
    assert dataset.features == (("x",) if left_out else ("uid", "x"))
    if not left_out:
        assert dataset.frame["uid"].tolist() == [float(uid) for uid in uids]


def test_a_number_beyond_floats_is_named_with_its_line(tmp_path: Path) -> None:
    assert "column x: holds inf in line 2" in _refusal(tmp_path, f"x,t\n{'9' * 400},yes\n1,no\n", "t")


@pytest.mark.parametrize(
    ("head", "index"),
    [
        ("Unnamed: 0", [str(i) for i in range(60)]),
        ("", [str(i) for i in range(60)]),
        ("id", [str(i + 1) for i in range(60)]),
        ("row", [str(60 - i) for i in range(60)]),
        ("order", [str(3 * i + i % 2) for i in range(60)]),
        ("index", [f"{i}.0" for i in range(60)]),
    ],
)
def test_a_column_that_counts_rows_is_left_out_unless_it_is_asked_for(
    tmp_path: Path, head: str, index: list[str]
) -> None:
    lines = _table("{x},{y},{c},{t}").splitlines()
    text = "\n".join(f"{number},{line}" for number, line in zip([head, *index], lines, strict=True))
    path = _write(tmp_path, text)
    dataset, name = load_csv(path, "t"), head or "Unnamed: 0"
    assert dataset.features == ("x", "y", "c")
    assert "the rows" in dataset.left_out[name]
    assert load_csv(path, "t", drop=[name, "y"]).features == ("x", "c")
    if head:
        assert load_csv(path, "t", keep=[name]).features == (head, "x", "y", "c")
    else:
        with pytest.raises(InvalidInput, match="without a name"):
            load_csv(path, "t", keep=[name])


def test_nothing_but_identifiers_is_nothing_to_learn_from(tmp_path: Path) -> None:
    said = _refusal(tmp_path, "id,t\n" + "".join(f"{i},{'yn'[i % 2]}\n" for i in range(20)), "t")
    assert "no column to learn from" in said
    assert "column id: is left out: it counts the rows" in said


@pytest.mark.parametrize(
    ("amounts", "what"),
    [
        ([f'"{1000 + 37 * i:,}"' for i in range(60)], "thousands separators"),
        ([f"${120 + i}.00" for i in range(60)], "a currency"),
        ([f"{i}%" for i in range(60)], "a per cent sign"),
        ([f"2024-03-{1 + i % 31:02}" for i in range(60)], "dates or times"),
        ([f"\u2212{i}.5" for i in range(60)], "a minus sign that is not ASCII's"),
        ([f"1\u00a0{100 + i}" for i in range(60)], "thousands separators"),
    ],
)
def test_amounts_written_for_people_are_in_doubt_until_somebody_decides(
    tmp_path: Path, amounts: list[str], what: str
) -> None:
    lines = _table("{x},{y},{c},{t}").splitlines()
    text = "\n".join(f"{amount},{line}" for amount, line in zip(["amount", *amounts], lines, strict=True))
    path = _write(tmp_path, text)
    dataset = load_csv(path, "t")
    assert what in dataset.doubts["amount"]
    assert "amount" in dataset.categorical
    assert load_csv(path, "t", drop=["amount"]).doubts == {}
    parsed = load_csv(path, "t", parse=["amount"])
    assert parsed.doubts == {}
    assert "amount" not in parsed.categorical
    kept = load_csv(path, "t", keep=["amount"])
    assert kept.doubts == {}
    assert "amount" in kept.categorical


def test_columns_to_drop_or_keep_have_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_csv(_write(tmp_path, MIXED), "ok", drop=["a"], keep=["b"])
    assert [mistake.place for mistake in caught.value.mistakes] == ["column a", "column b"]


def test_free_text_is_read_as_words(tmp_path: Path) -> None:
    words = "one two three four five six seven {}"
    path = tmp_path / "notes.csv"
    path.write_text(
        "note,x,t\n" + "".join(f"{words.format(i)},{i % 7},{'yn'[i % 2]}\n" for i in range(60)) + "NA,1,y\n"
    )
    dataset = load_csv(path, "t")
    assert (dataset.texts, dataset.categorical) == ({"note"}, ())
    assert dataset.columns[0] == Column("note", TEXT, missing=True)
    assert dataset.rows()[60, 0] == "na", "a text is missing only where there is none"


def test_a_title_is_a_text_where_somebody_says_so(tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("title,x,t\n" + "".join(f"nice item {i},{i % 7},{'yn'[i % 2]}\n" for i in range(60)))
    assert "60 different texts" in load_csv(path, "t").left_out["title"]
    assert load_csv(path, "t", keep=["title"]).texts == {"title"}


def test_a_packed_table_is_held_to_the_same_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(MIXED.encode()))
    assert load_csv(path, "ok").read_as["compressed"] == "gzip"
    monkeypatch.setattr(datasets, "LARGEST_CSV_BYTES", len(MIXED) - 1)
    with pytest.raises(InvalidInput, match="training reads at most"):
        load_csv(path, "ok")
