from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.characters import SIZE, CharClass, CharTables, build_tables, code_points, look_up, starts_of
from filter.ngrams import HEAD_CHARS, TAIL_CHARS, Hashed, clip, hash_ngrams, pairs_of, slots_of, word_hashes_of

TABLES = build_tables()
BITS = 18


def class_of(character: str) -> CharClass:
    return CharClass(int(look_up(TABLES.classes, code_points(character))[0]))


def folded(text: str) -> str:
    return "".join(map(chr, look_up(TABLES.folded, code_points(text)).tolist()))


def hashed(*texts: str, sizes: tuple[int, ...] = (2, 3, 4)) -> Hashed:
    return hash_ngrams(texts, TABLES, bits=BITS, sizes=sizes)


def rows(result: Hashed) -> list[list[int]]:
    """Return the sorted buckets of each row: their order within a row has no meaning."""
    buckets, offsets = result.by_row()
    return [sorted(buckets[low:high].tolist()) for low, high in pairwise(offsets.tolist())]


def words_of(*texts: str) -> list[list[int]]:
    """Return the word hashes of each text."""
    points = code_points("\n".join(texts) + "\n")
    row = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
    letters = look_up(TABLES.folded, points)
    hashes, word_rows = word_hashes_of(letters, look_up(TABLES.classes, points), row)
    return [hashes[word_rows == number].tolist() for number in range(len(texts))]


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("aéßłжω\u0301", CharClass.LOWER),
        ("AÉŁЖΩ", CharClass.UPPER),
        ("07٣५", CharClass.DIGIT),
        (" \t\u00a0\u3000\n", CharClass.SPACE),
        (".!?。؟۔।", CharClass.STOP),
        (",;:、،", CharClass.COMMA),
        ("\"'“”", CharClass.QUOTE),
        ("()[]#@%&*", CharClass.PUNCT),
        ("$€¥£₹", CharClass.CURRENCY),
        ("😀⇒©", CharClass.SYMBOL),
        ("海のノกា", CharClass.UNSPACED),
        ("اשअ한", CharClass.UNCASED),
        ("\u200b\x07\ufeff", CharClass.FORMAT),
        ("-–—", CharClass.DASH),
        ("|•›»→", CharClass.SEPARATOR),
    ],
)
def test_characters_have_their_class(characters: str, expected: CharClass) -> None:
    assert {character: class_of(character) for character in characters} == dict.fromkeys(characters, expected)


def test_every_class_is_in_use() -> None:
    assert set(TABLES.classes.tolist()) == set(CharClass)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rain IS due", "rain is due"),
        ("ＡＢｃ", "abc"),
        ("2025 ٣", "0000 0"),
        ("ÀÉ Ж Ω", "àé ж ω"),
        ("ﬁ", "ﬁ"),  # would be two characters
        ("海😀", "海😀"),
    ],
)
def test_folding_keeps_the_number_of_characters(text: str, expected: str) -> None:
    assert folded(text) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_code_points_are_those_of_the_string(text: str) -> None:
    assert code_points(text).tolist() == [ord(character) for character in text]


def test_code_points_beyond_the_tables_share_the_last_entry() -> None:
    points = np.array([SIZE - 1, SIZE, 0x10FFFF], np.uint32)
    assert len(set(look_up(TABLES.classes, points).tolist())) == 1


def test_tables_are_as_long_as_they_say() -> None:
    assert isinstance(TABLES, CharTables)
    assert TABLES.classes.shape == TABLES.folded.shape == (SIZE,)
    assert (TABLES.folded < SIZE).all()


def test_starts_count_the_padding() -> None:
    assert starts_of(["ab", "", "c"], padding=0).tolist() == [0, 2, 2, 3]
    assert starts_of(["ab", "", "c"], padding=2).tolist() == [0, 4, 6, 9]
    assert starts_of([], padding=2).tolist() == [0]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_a_row_does_not_depend_on_the_rows_around_it(texts: list[str]) -> None:
    assert rows(hashed(*texts)) == [rows(hashed(text))[0] for text in texts]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_buckets_are_in_range_and_counted(texts: list[str]) -> None:
    result = hashed(*texts)
    assert result.counts.shape == (3 + 2, len(texts))
    assert result.counts.sum() == len(result.buckets)
    assert (result.counts[0] > 0).all()  # boundary marks
    assert ((result.buckets >= 0) & (result.buckets < 1 << BITS)).all()


def test_buckets_come_kind_by_kind_and_row_by_row() -> None:
    result = hashed("rain due", "", "a")
    assert result.counts.tolist() == [[9, 1, 2], [8, 0, 1], [7, 0, 0], [2, 0, 1], [1, 0, 0]]
    buckets, offsets = result.by_row()
    assert offsets.tolist() == [0, 27, 28, 32]
    assert buckets[27] == result.buckets[9]


def test_case_digits_and_width_make_no_difference() -> None:
    first, second, third = rows(hashed("Page 12 of RAIN", "page 98 of rain", "ｐage 00 of rain"))
    assert first == second == third


@pytest.mark.parametrize(("one", "other"), [("rain", "ruin"), ("rain due", "due rain"), ("rain", "rain.")])
def test_other_texts_have_other_buckets(one: str, other: str) -> None:
    first, second = rows(hashed(one, other))
    assert first != second


def test_the_number_of_hits_is_that_of_grams_words_and_pairs() -> None:
    # 10 characters with the boundary marks: 9 + 8 + 7 grams, 2 words, 1 pair.
    assert len(hashed("rain due").buckets) == 24 + 2 + 1
    assert len(hashed("rain due", sizes=(4,)).buckets) == 7 + 2 + 1
    assert len(hashed("").buckets) == 1
    assert hashed("rain due", "", sizes=()).counts.tolist() == [[2, 0], [1, 0]]


def test_no_texts_have_no_rows() -> None:
    assert rows(hashed()) == []


def test_a_text_is_found_in_a_longer_one() -> None:
    short, longer = rows(hashed("subscribe", "please subscribe now"))
    # All but the grams with a boundary mark: two of size 2, four of size 3, six of size 4, less those shared.
    assert len(set(short) & set(longer)) >= len(short) - 6


def test_a_word_has_one_hash_wherever_it_stands() -> None:
    first, second = words_of("rain is due", "The weather office: rain, (Rain) – and RAIN!")
    assert second.count(first[0]) == 3


def test_a_word_ends_with_its_row() -> None:
    letters = look_up(TABLES.folded, code_points("raindue"))
    classes = look_up(TABLES.classes, code_points("raindue"))
    hashes, word_rows = word_hashes_of(letters, classes, np.array([0, 0, 0, 0, 1, 1, 1]))
    assert word_rows.tolist() == [0, 1]
    assert [[value] for value in hashes.tolist()] == words_of("rain", "due")


def test_each_letter_of_an_unspaced_script_is_a_word() -> None:
    joined, apart = words_of("海辺の駅", "海 辺 の 駅")
    assert len(joined) == 4
    assert joined == apart


def test_words_stay_whole_around_unspaced_letters() -> None:
    joined, apart = words_of("rain海due", "rain 海 due")
    assert joined == apart


@given(st.lists(st.text("ab 7.海", max_size=12), min_size=1, max_size=4))
def test_equal_words_and_only_these_have_equal_hashes(texts: list[str]) -> None:
    words = [part for text in texts for part in text.replace("7", "0").replace(".", " ").replace("海", " 海 ").split()]
    hashes = [value for row in words_of(*texts) for value in row]
    assert len(words) == len(hashes)
    assert len(set(words)) == len(set(zip(words, hashes, strict=True))) == len(set(hashes))


def test_pairs_of_neighbouring_letters_differ() -> None:
    letters = np.arange(0x4E00, 0x4E80, dtype=np.uint32)  # of an unspaced script, each a word
    pairs = pairs_of(np.array([(one, other) for one in letters for other in letters], np.uint32).ravel())[::2]
    assert len(set(pairs.tolist())) == len(letters) ** 2


def test_slots_of_short_words_differ() -> None:
    words = [value for row in words_of("a b c de fg hi the") for value in row]
    assert len(set(slots_of(np.array(words, np.uint32), 13).tolist())) == 7


@given(st.text(max_size=400))
def test_clip_keeps_the_ends(text: str) -> None:
    clipped = clip(text)
    assert len(clipped) <= HEAD_CHARS + TAIL_CHARS + 1
    assert clipped.startswith(text[:HEAD_CHARS])
    assert clipped.endswith(text[-TAIL_CHARS:])
    assert len(text) > HEAD_CHARS + TAIL_CHARS or clipped == text
