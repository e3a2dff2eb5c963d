"""Tests of `filter.corpora.lines`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from filter.corpora.lines import (
    LabelledLine,
    LineDocument,
    assign_folds,
    columns,
    group_documents,
    near_duplicates,
    read_lines,
)
from filter.errors import CorpusError
from filter.labels import Label

WALL = "The sea wall at Ludworth gave way in two places shortly before nine in the evening."


def document(name: str, *texts: str, lang: str = "en", pair: str | None = None) -> LineDocument:
    lines = tuple(LabelledLine(text, Label.BODY, pair) for text in texts)
    return LineDocument(name, lang, "brief", lines)


def record(**changes: object) -> dict[str, object]:
    line = {"text": "Swan halts trains", "label": "title"}
    return {"id": "a", "lang": "en", "genre": "brief", "lines": [line]} | changes


def write(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in records) + "\n", encoding="utf-8")
    return path


def test_reads_files_and_folders_in_order(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", record(id="b1"), record(id="b2"))
    write(tmp_path / "a.jsonl", record(id="a1", lang="zh-Hant"))
    write(tmp_path / "notes.txt", "not read")
    alone = write(tmp_path / "alone.json", record(id="c1"))
    assert [document.id for document in read_lines([alone, tmp_path])] == ["c1", "a1", "b1", "b2"]


def test_line_keeps_text_label_and_pair(tmp_path: Path) -> None:
    line = {"text": "s p a c e d  out", "label": "promo", "pair": "p1"}
    (read,) = read_lines([write(tmp_path / "a.jsonl", record(lines=[line]))])
    assert read.lines == (LabelledLine("s p a c e d  out", Label.PROMO, "p1"),)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ([], "document is no object"),
        (record(id=" "), "id is no text"),
        (record(lang="English"), "lang is 'English'"),
        (record(genre="Op Ed"), "genre is 'Op Ed'"),
        (record(lines=[]), "lines is no list, or an empty one"),
        (record(lines=["text"]), "line 1 is no object"),
        (record(lines=[{"text": "x", "label": "advert"}]), "label of line 1 is 'advert'"),
        (record(lines=[{"text": "x", "label": ["body"]}]), "label of line 1 is"),
        (record(lines=[{"text": "x\ny", "label": "body"}]), "line break"),
        (record(lines=[{"text": " x", "label": "body"}]), "spaces at its ends"),
        (record(lines=[{"text": "x"}]), "lacks ['label']"),
        (record(lines=[{"text": "x", "label": "body", "pair": ""}]), "pair of line 1"),
        (record(url="x"), "unknown ['url']"),
    ],
)
def test_breach_of_the_schema_names_its_place(tmp_path: Path, broken: object, reason: str) -> None:
    path = write(tmp_path / "a.jsonl", record(id="sound"), broken)
    with pytest.raises(CorpusError) as caught:
        read_lines([path])
    assert caught.value.source == f"{path}:2"
    assert reason in caught.value.reason


def test_no_json_and_no_file_and_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{", encoding="utf-8")
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: no JSON"):
        read_lines([tmp_path / "a.jsonl"])
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_lines([tmp_path / "b.jsonl"])
    with pytest.raises(CorpusError, match="no such file"):
        read_lines([tmp_path / "c.jsonl"])


def test_second_document_of_an_id_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", record(), record())
    with pytest.raises(CorpusError, match="second document with id 'a'"):
        read_lines([path])


def test_near_duplicates_ignore_case_and_spaces_and_bear_a_changed_word() -> None:
    shouted = WALL.upper().replace(" ", "  ")
    edited = WALL.replace("nine", "ten")
    other = "Ferry Street is shut both ways at the bridge after a lorry shed its load."
    assert near_duplicates([WALL, other, shouted, edited]) == [(0, 2), (0, 3), (2, 3)]


def test_near_duplicates_find_all_that_comparing_each_with_each_finds() -> None:
    rng = np.random.default_rng(4)
    vocabulary = np.array("storm harbour bridge council ferry winter lantern market school river".split())
    texts = [" ".join(rng.choice(vocabulary, 9)) for _ in range(60)]
    # Changing a letter here and there gives pairs on both sides of the limit.
    texts += [text[:place] + "q" + text[place + 1 + place % 4 :] for place, text in enumerate(texts)]
    shingles = [{text[start : start + 4] for start in range(len(text) - 3)} for text in texts]
    expected = [
        (one, other)
        for other in range(len(texts))
        for one in range(other)
        if len(shingles[one] & shingles[other]) / len(shingles[one] | shingles[other]) >= 0.8
    ]
    assert sorted(near_duplicates(texts)) == sorted(expected)
    assert 30 < len(expected) < 90


def test_short_lines_are_common_property_but_short_chinese_sentences_are_not() -> None:
    assert near_duplicates(["Related stories", "Related stories"]) == []
    assert near_duplicates(["柳河公交车在中山桥头抛锚乘客推行", "柳河公交车在中山桥头抛锚乘客推行"]) == [(0, 1)]
    assert (columns("abc"), columns("柳河")) == (3, 4)


def test_groups_follow_shared_lines_and_pairs_in_chains() -> None:
    documents = [
        document("a", WALL),
        document("b", "Nothing in common with the others, not even one line of it."),
        document("c", WALL.replace("two", "three"), "More"),
        document("d", "More", pair="p1"),
        document("e", WALL, "How it fell", pair="p1"),
    ]
    assert group_documents(documents).tolist() == [0, 1, 0, 0, 0]


def test_common_boilerplate_does_not_tie_documents_together() -> None:
    documents = [document(str(number), "Advertisement", f"Body number {number}") for number in range(4)]
    assert group_documents(documents).tolist() == [0, 1, 2, 3]


def test_folds_divide_no_group_and_deal_out_every_language() -> None:
    documents = [document(f"{lang}{n}", f"line {n}", lang=lang) for lang in ("en", "de") for n in range(5)]
    groups = np.array([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    folds = assign_folds(documents, groups, count=4)
    assert folds[0] == folds[1]
    assert set(folds[:5].tolist()) == set(folds[5:].tolist()) == {0, 1, 2, 3}


def test_no_documents_no_folds() -> None:
    assert assign_folds([], group_documents([])).tolist() == []
