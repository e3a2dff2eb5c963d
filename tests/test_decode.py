from __future__ import annotations

import bz2
import gzip
import io
import random
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filter.decode import decode, looks_like_html
from filter.errors import DecodeError, FilterError

ROOT = Path(__file__).parent
GERMAN = "<p>Größe und Übung für Müller, 5 € – „ja“.</p>\n" * 3
RUSSIAN = "<p>Сегодня в городе открылась выставка, людей было много.</p>\n" * 3
JAPANESE = "<html><title>東京の天気</title><p>明日は全国的に雨となるでしょう。</p></html>\n" * 3
CHINESE = "<p>今天下午，市图书馆重新开放，读者排起了长队。</p>\n" * 3
KOREAN = "<p>강변 도서관이 내년 봄 다시 문을 연다.</p>\n" * 3


def short_name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def in_zip(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("page.html", data)
    return target.getvalue()


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [GERMAN, JAPANESE])
def test_byte_order_mark_decides(codec: str, text: str) -> None:
    assert decode(text.encode(codec), encoding="windows-1251") == text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [GERMAN, JAPANESE, RUSSIAN])
def test_utf16_without_a_mark_is_noticed(codec: str, text: str) -> None:
    assert decode(text.encode(codec)) == text


def test_utf16_of_few_ascii_letters_needs_the_header() -> None:
    text = "Сегодня в городе открылась выставка. Людей было много."
    assert decode(text.encode("utf-16-le"), encoding="utf-16") == text
    assert decode(text.encode("utf-16-be"), encoding="UTF-16BE") == text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (GERMAN, "cp1252", "iso-8859-1"),
        (GERMAN, "cp1252", "US-ASCII"),
        (GERMAN, "cp1252", "Latin1"),
        (GERMAN, "iso8859-15", "ISO-8859-15"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "cp1251", " x-cp1251 "),
        (RUSSIAN, "koi8-r", "KOI8-R"),
        (JAPANESE, "cp932", "Shift_JIS"),
        (JAPANESE, "cp932", "x-sjis"),
        (JAPANESE, "cp932", "Windows-31J"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "gb18030", "GBK"),
        (KOREAN, "cp949", "ks_c_5601-1987"),
        (KOREAN, "cp949", "windows-949"),
    ],
)
def test_declared_charset_is_read_as_browsers_do(text: str, codec: str, label: str) -> None:
    if codec == "iso8859-15":
        text = text.replace("„ja“", "ja").replace("–", "-")
    data = text.encode(codec)
    assert decode(data, encoding=label) == text
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={label.strip()}">'.encode()
    assert decode(meta + data) == meta.decode() + text
    xml = f'<?xml version="1.0" encoding="{label.strip()}"?>'.encode()
    assert decode(xml + data) == xml.decode() + text


def test_header_is_believed_before_meta() -> None:
    data = b"<meta charset=koi8-r>" + RUSSIAN.encode("cp1251")
    assert decode(data, encoding="windows-1251").endswith(RUSSIAN)


def test_meta_in_a_comment_is_no_declaration() -> None:
    data = b"<!-- <meta charset=koi8-r> --><meta charset='windows-1251'>" + RUSSIAN.encode("cp1251")
    assert decode(data).endswith(RUSSIAN)


def test_meta_far_down_is_no_declaration() -> None:
    data = GERMAN.encode("cp1252") + b" " * 4096 + b"<meta charset=koi8-r>"
    assert decode(data).startswith(GERMAN)


def test_iso_2022_jp_is_known_by_its_escapes() -> None:
    assert decode(JAPANESE.encode("iso2022_jp")) == JAPANESE
    assert decode(b"\x1b[31mred\x1b[0m") == "\x1b[31mred\x1b[0m"


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1251", "shift_jis", "gbk", "utf-16"])
@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, JAPANESE, CHINESE])
def test_valid_utf8_is_utf8_whatever_is_declared(text: str, label: str) -> None:
    assert decode(text.encode(), encoding=label) == text
    page = f"<meta charset={label}>{text}"
    assert decode(page.encode()) == page


def test_utf8_declared_but_not_there_is_windows_1252() -> None:
    data = b"<meta charset=utf-8>" + GERMAN.encode("cp1252")
    assert decode(data, encoding="utf-8").endswith(GERMAN)


def test_utf8_cut_in_the_middle_of_a_letter() -> None:
    data = RUSSIAN.encode()
    assert decode(data[:-8], encoding="latin-1").startswith(RUSSIAN[:150])
    assert decode(RUSSIAN.encode() + "ё".encode()[:1]) == RUSSIAN + "\ufffd"


def test_utf8_with_a_stray_byte_stays_utf8() -> None:
    assert decode(b"\xa0" + RUSSIAN.encode(), encoding="latin-1") == "\ufffd" + RUSSIAN


def test_nothing_declared_is_windows_1252() -> None:
    assert decode(b"\x93caf\xe9\x94 \x80") == "“café” €"


@pytest.mark.parametrize(
    "label",
    [
        "-->UTF-8",
        "",
        " ",
        "none",
        "rot13",
        "zlib",
        "hex",
        "unicode_escape",
        "utf-7",
        "undefined",
        "\0",
        "日本",
        "x" * 999,
    ],
)
def test_nonsense_labels_are_ignored(label: str) -> None:
    data = "café".encode("cp1252")
    assert decode(data, encoding=label) == "café"
    assert decode(f'<meta charset="{label}">'.encode() + b"<p>" + data).endswith("<p>café")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n1 0 obj", "a PDF"),
        (b"{\\rtf1\\ansi Hello}", "an RTF document"),
        (gzip.compress(GERMAN.encode()), "gzip data"),
        (zlib.compress(GERMAN.encode()), "zlib data"),
        (bz2.compress(GERMAN.encode()), "bzip2 data"),
        (in_zip(GERMAN.encode()), "a zip archive"),
        (b"\x28\xb5\x2f\xfd\x24abc", "zstd data"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
        (b"GIF89a\x01\0\x01\0\x80\0\0", "a GIF image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"\x7fELF\x02\x01\x01\0", "an ELF program"),
        (b"PAR1\x15\x04\x15", "a Parquet file"),
        (random.Random(1).randbytes(5000), "control characters"),
        (b"\0" * 100, "control characters"),
        (b"text\0\1\2\3\4" * 50, "control characters"),
    ],
)
def test_binary_is_refused_by_its_kind(data: bytes, kind: str) -> None:
    with pytest.raises(DecodeError, match=f"^is .*{kind}.*, not text$"):
        decode(data)


@pytest.mark.parametrize(
    "text",
    ["GIF89a is the name of a format.", "RIFF is a container.", "BZh", "MZ, the magazine", "x", "PDF files: %PDF-", ""],
)
def test_text_about_files_is_text(text: str) -> None:
    assert decode(text.encode()) == text


def test_few_stray_nuls_are_dropped() -> None:
    assert decode(b"<p>one\0</p>" + b"<p>two</p>" * 20) == "<p>one</p>" + "<p>two</p>" * 20


def test_twenty_megabytes_of_utf8_cost_little_more_than_their_decoding() -> None:
    data = GERMAN.encode() * 140_000
    start = time.process_time()
    assert len(decode(data)) < len(data)
    assert time.process_time() - start < 2


@settings(deadline=None)
@given(st.binary(), st.none() | st.text() | st.sampled_from(["utf-16", "gbk", "iso-2022-jp", "utf-8", "big5"]))
def test_any_bytes_are_text_or_refused(data: bytes, encoding: str | None) -> None:
    try:
        text = decode(data, encoding=encoding)
    except FilterError:
        return
    assert "\0" not in text
    text.encode()  # no lone surrogates


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])).filter(lambda text: text[:1] != "\ufeff"))
def test_any_utf8_comes_back(text: str) -> None:
    if not text.startswith(("%PDF-", "{\\rtf")):
        assert decode(text.encode()) == text


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("pages/*/page.html"), *(ROOT.parent / "examples").glob("*.html")]), ids=short_name
)
def test_pages_are_html(path: Path) -> None:
    markup = decode(path.read_bytes())
    assert looks_like_html(markup)
    inside = markup[markup.index(">", markup.lower().index("<body")) + 1 :]
    assert looks_like_html(inside)


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("pages/*/gold.txt"), *(ROOT.parent / "examples").glob("*.txt")]), ids=short_name
)
def test_texts_are_no_html(path: Path) -> None:
    assert not looks_like_html(decode(path.read_bytes()))


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>",
        "\ufeff \n <html><body>x",
        "<!-- saved page --><div>x</div>",
        "<?xml version='1.0'?><html></html>",
        "<div class='story'>cut off in the mid",
        "<p>One paragraph.</p>",
        "<P>ONE</P>",
        "<h1>Head</h1>\nlong prose\nmore prose",
        "<span class=a>x</span><p>y</p><p>z</p>",
        "Rain came.<br><br>Then it went.<br>Bye",
        "of the story.</p><p>The next one.</p><p>And one",
        "<my-story>x</my-story>",
        "<script>var a = 1;",
    ],
)
def test_markup_is_html(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize("name", ["p", "div", "article", "DIV"])
def test_fragment_of_one_long_block_is_html(name: str) -> None:
    text = f"\n<{name}>" + "Rain is on its way, the office said. " * 2000
    assert not looks_like_html(text)
    assert looks_like_html(f"{text}</{name}>")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "x",
        "One line.",
        "a < b and c > d, if x<y then",
        "<3 this city",
        "<editor's note> hello",
        "<b>Breaking</b>: the bridge is open\nSecond line\nThird line",
        "Use <br> for a break.",
        "How to write HTML\nUse the <p> tag for text.\nSo:\n<p>Hello</p>\nThat is all.\nClose it with </p>.\nBye.",
        "The <div> element is a box. " * 5 + "It does not say what is in it. " * 100,
        "<p> is the tag for a paragraph.",
    ],
)
def test_prose_is_no_html(text: str) -> None:
    assert not looks_like_html(text)


@pytest.mark.parametrize(
    "unit", ["<", "<p ", " ", "a", "x <br", "</p", "<a-", "<a-a-a", "<div>x\n", "<!", "<div a='", "\0", "x\n", "<br>"]
)
def test_telling_html_from_text_does_not_grow_with_the_text(unit: str) -> None:
    text = unit * (20_000_000 // len(unit))
    start = time.process_time()
    looks_like_html(text)
    assert time.process_time() - start < 1


@settings(deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from("<>/ abp\n!-")))
def test_any_text_is_html_or_not(text: str) -> None:
    assert isinstance(looks_like_html(text), bool)
