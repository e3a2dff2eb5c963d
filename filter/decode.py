"""Bytes to text, and markup told from plain text.

The order is a browser's, with one departure. A byte order mark decides. Bytes that are valid UTF-8 and
not plain ASCII are UTF-8 whatever they are declared to be: text in another encoding is valid UTF-8
by accident only where it has a handful of letters, while pages that declare a charset they left years ago are
common. All other bytes are what the HTTP header says, else what the page says of itself, else what they look like.
"""

from __future__ import annotations

import codecs
import re

from filter.charset import detect
from filter.errors import DecodeError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Starts that no text has.
_BINARY = (
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PK\3\4", "a zip archive"),
    (b"PK\5\6", "a zip archive"),
    (b"Rar!\x1a\7", "a RAR archive"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\0\0\1\0", "an icon"),
    (b"\x7fELF", "an ELF program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"SQLite format 3\0", "an SQLite database"),
)
#: Starts that a text may have: they count only where control characters follow.
_MAYBE_BINARY = (
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"BZh", "bzip2 data"),
    (b"x\x9c", "zlib data"),
    (b"MZ", "a Windows program"),
    (b"ID3", "an MP3 file"),
    (b"OggS", "an Ogg file"),
    (b"PAR1", "a Parquet file"),
    (b"wOF", "a font"),
)
_MAYBE_STARTS = tuple(magic for magic, _ in _MAYBE_BINARY)
#: Controls that texts do not use. ESC is not among them: ISO-2022-JP needs it.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
#: Compressed bytes have 10 % of them, texts with a few stray ones far below 1 %.
_MAX_CONTROLS = 0.05
_HEAD_BYTES = 4096

_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_DECLARED = re.compile(
    rb"<meta[^<>]*?charset\s*=\s*[\"']?\s*([^\s\"'/<>;]+)|^\s*<\?xml[^<>]*?encoding\s*=\s*[\"']([^\"'<>]+)",
    re.IGNORECASE,
)
_PRIVATE_PREFIX = re.compile(r"\A(?:x-)+")
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{1,39}")
#: What browsers decode with (https://encoding.spec.whatwg.org/#names-and-labels), by Python's name of the label.
_CODECS = {
    name: name
    for name in (
        "utf-8 cp866 cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8-r koi8-u mac-roman "
        "mac-cyrillic iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 "
        "iso8859-14 iso8859-15 iso8859-16 gb18030 big5hkscs euc_jp cp932 cp949"
    ).split()
} | {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
#: A page whose label could be read declares none of these; an HTTP header may.
_WIDE_CODECS = {"utf-16": "utf-16-le", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}
#: Labels of the standard that Python does not know by that name.
_LABELS = {
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "unicode-1-1-utf-8": "utf-8",
    "user-defined": "cp1252",
    "windows-31j": "cp932",
    "gb_2312-80": "gb18030",
    "cn-big5": "big5hkscs",
    "dos-874": "cp874",
    "koi8": "koi8-r",
    "koi": "koi8-r",
}

_STARTS_AS_PAGE = re.compile(
    r"<(?:!doctype\b|!--|\?xml\b|(?:html|head|body|meta|link|title|script|style|rss)\b[^<>]*>)", re.IGNORECASE
)
_BLOCK_NAMES = (
    "address|article|aside|base|blockquote|body|br|center|dd|details|div|dl|dt|fieldset|figcaption|figure|font|footer|"
    "form|frameset|h[1-6]|head|header|hr|html|iframe|img|li|link|main|meta|nav|noscript|ol|p|picture|pre|script|"
    "section|style|svg|table|tbody|td|template|tfoot|th|thead|title|tr|ul|video|[a-z][a-z0-9]*-[a-z0-9-]+"
)
_BLOCK_TAG = re.compile(rf"<(?:{_BLOCK_NAMES})(?:\s[^<>]*)?/?>|</(?:{_BLOCK_NAMES})\s*>", re.IGNORECASE)
_ENDING_TAG = re.compile(rf"</(?:{_BLOCK_NAMES})\s*>|<(?:br|hr|img|meta|link)\b[^<>]*>", re.IGNORECASE)
_VISIBLE = re.compile(r"[^\s\ufeff\0]")
_SAMPLE_CHARS = 32_768
#: Prose that mentions tags has fewer than this; a page made of prose and ``<br>`` has more.
_MIN_TAGS_PER_CHAR = 1 / 500


def decode(data: bytes, *, encoding: str | None = None) -> str:
    """Return the text of `data`.

    Parameters
    ----------
    data : bytes
    encoding : str, optional
        What the HTTP header declares, any label that browsers know; an unknown one is ignored.

    Returns
    -------
    str
        Without byte order mark and NULs; undecodable bytes are U+FFFD.

    Raises
    ------
    DecodeError
        `data` is no text: a PDF, an archive, an image, or full of control characters.

    Examples
    --------
    >>> decode("Grüße".encode("latin-1"), encoding="iso-8859-1")
    'Grüße'
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace").replace("\0", "")
    _refuse_known_kinds(data)
    if b"\0" in data:
        wide = _utf16_codec(data, encoding)
        if wide:
            return data.decode(wide, "replace").replace("\0", "")
    _refuse_controls(data)
    try:
        # The one encoding that is valid UTF-8 and means something else; the search for one byte is fastest.
        text = data.decode("iso2022_jp_ext" if b"\x1b" in data and b"\x1b$" in data else "utf-8")
    except UnicodeDecodeError:
        text = _decode_legacy(data, encoding)
    return text.replace("\0", "") if b"\0" in data else text


def looks_like_html(text: str) -> bool:
    """Return whether `text` is markup, a whole page or a fragment, and not plain text.

    Plain text may hold a ``<``, an inline tag or a few block tags that it talks about.

    Notes
    -----
    Only the first 32,768 characters from the first visible one on are looked at, so the cost is bounded. Where they
    are the start of one long block, the rest is searched for its end, which is as fast as reading it.

    Examples
    --------
    >>> looks_like_html("<div><p>Rain is on its way.</p></div>")
    True
    >>> looks_like_html("The <p> element holds a paragraph if x < y.")
    False
    """
    start = _VISIBLE.search(text)
    if start is None:
        return False
    sample = text[start.start() : start.start() + _SAMPLE_CHARS]
    if _STARTS_AS_PAGE.match(sample):
        return True
    endings = sum(1 for _ in _ENDING_TAG.finditer(sample))
    first = _BLOCK_TAG.match(sample)
    if first:
        return endings > 0 or "=" in first[0] or _ends_later(text, first[0])
    return endings > 1 and _is_mostly_tagged(sample, endings)


def _ends_later(text: str, tag: str) -> bool:
    """Return whether the element that `tag` opens is closed anywhere."""
    name = tag.strip("</> \t\r\n\f")
    return f"</{name.lower()}>" in text or f"</{name.upper()}>" in text


def _is_mostly_tagged(sample: str, endings: int) -> bool:
    """Return whether at least half of the lines hold block tags: prose about markup has most lines without."""
    if endings < len(sample) * _MIN_TAGS_PER_CHAR:
        return False
    lines = [line for line in sample.splitlines() if not line.isspace() and line]
    tagged = sum(1 for line in lines if _BLOCK_TAG.search(line))
    return 2 * tagged >= len(lines)


def _refuse_known_kinds(data: bytes) -> None:
    for magic, kind in _BINARY:
        if data.startswith(magic):
            raise DecodeError(f"is {kind}, not text")
    if data.startswith(_MAYBE_STARTS) and _control_share(data):
        kind = next(kind for magic, kind in _MAYBE_BINARY if data.startswith(magic))
        raise DecodeError(f"is {kind}, not text")
    if data[4:8] == b"ftyp" and _control_share(data):
        raise DecodeError("is an MP4, HEIC or AVIF file, not text")


def _refuse_controls(data: bytes) -> None:
    if _control_share(data) > _MAX_CONTROLS:
        raise DecodeError("is binary (many control characters), not text")


def _control_share(data: bytes) -> float:
    """Return how much of the first 4 kB is control characters, in [0, 1]."""
    head = data[:_HEAD_BYTES]
    return 1 - len(head.translate(None, _CONTROLS)) / len(head) if head else 0.0


def _utf16_codec(data: bytes, encoding: str | None) -> str | None:
    """Return the declared or apparent kind of UTF-16: every second byte of its ASCII characters is NUL."""
    head = data[:_HEAD_BYTES]
    zeros = {"utf-16-le": head[1::2].count(0), "utf-16-be": head[::2].count(0)}
    declared = _WIDE_CODECS.get(_python_name(encoding))
    codec = declared or max(zeros, key=zeros.__getitem__)
    most = zeros.pop(codec)
    (fewest,) = zeros.values()
    # One character in four is ASCII even in an Asian page; a header's word is enough for plain text.
    return codec if (declared or most * 8 >= len(head)) and fewest * 20 <= most else None


def _decode_legacy(data: bytes, encoding: str | None) -> str:
    """Return the text of bytes that are not valid UTF-8."""
    text = data.decode("utf-8", "replace")
    if _is_damaged_utf8(data, text):
        return text
    declared = (_codec(encoding), _codec(_declared_label(data)))
    codec = next((codec for codec in declared if codec not in (None, "utf-8")), None)
    return data.decode(codec or detect(data), "replace")


def _is_damaged_utf8(data: bytes, text: str) -> bool:
    """Return whether few sequences are broken: a cut at the end, a stray byte from elsewhere."""
    # A replacement character may also stand in the page itself.
    broken = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return broken * 4 <= whole


def _declared_label(data: bytes) -> str | None:
    """Return the charset that the page declares in its first 4 kB."""
    found = _DECLARED.search(_COMMENT.sub(b"", data[:_HEAD_BYTES]))
    return (found[1] or found[2]).decode("ascii", "ignore") if found else None


def _codec(label: str | None) -> str | None:
    """Return Python's name of the codec that browsers use for `label`, None where they know no such label."""
    return _CODECS.get(_python_name(label))


def _python_name(label: str | None) -> str:
    """Return Python's own name for `label`; the empty string where it knows no such label."""
    cleaned = _PRIVATE_PREFIX.sub("", (label or "").strip().lower())
    cleaned = _LABELS.get(cleaned, cleaned).replace("windows-", "cp")
    if not _LABEL.fullmatch(cleaned):
        return ""
    try:
        return codecs.lookup(cleaned).name
    except LookupError:
        return ""
