"""Which legacy encoding bytes are in that nobody declares.

charset-normalizer tells scripts apart, and the encodings of one script. The code pages of Latin letters it cannot tell
apart: nearly all letters are ASCII, and the others look as good in one as in the other (a Czech ``ř`` is a Danish
``ø``). There, and between the two Greek ones, which differ by a letter, the alphabets of the languages decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

FALLBACK = "cp1252"

#: What browsers know, but for those that no page is in.
_CANDIDATES = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp866 cp874 koi8_r koi8_u iso8859_2 iso8859_5 iso8859_6 "
    "iso8859_7 iso8859_8 gb18030 big5hkscs euc_jp cp932 cp949"
).split()
#: The letters beyond ASCII of the languages that a code page is for. Where two fit as well, it is the first: the
#: last row of the fallback, the letters that cp1250 has in the same places, is for names from everywhere.
_CENTRAL = ("ąćęłńóśźż", "áäčďéěíĺľňóôŕřšťúůýž", "áéíóöőúüű", "ăâîşţ", "čćđšž")
_LATIN = {
    FALLBACK: (
        *("àâæçèéêëîïôœùûüÿ", "äöüßé", "áéíñóúü¡¿ªº", "àáâãçéêíóôõúüªº", "àèéìòóù", "åäöæøé", "áæéíðóöþúý"),
        *("àçèéíïòóúü", "áâäçéëíîóôöúüýß"),
    ),
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": ("âçğıi\u0307îöşüû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
}
_GREEK = dict.fromkeys(("cp1253", "iso8859_7"), ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",))
#: Signs of every language. The pound sign is one: where it is no letter, nothing else says so.
_SIGNS = frozenset("\xa0§©«»°·–—‘’‚“”„…€£")

_MARKUP = re.compile(rb"<(script|style)\b.*?(?:</\1\b|\Z)|<[^<>]*>|&#?\w{2,8};", re.IGNORECASE | re.DOTALL)
_RUN = re.compile(rb"[^<>\r\n]+")
_HIGH = re.compile(rb"[\x80-\xff]")
_ASCII = bytes(range(128))
#: How much of a page is looked at, from its first byte that is not ASCII, and how much of that is kept.
_WINDOW_BYTES, _SAMPLE_BYTES = 1_000_000, 32_768
#: French has one letter in twenty beyond ASCII, Czech one in six, other scripts nearly all.
_MIN_HIGH_SHARE = 0.1
#: A pair of dashes around "Ad" is no script.
_MIN_HIGH_BYTES = 8


def detect(data: bytes) -> str:
    """Return Python's name of the encoding that `data`, not valid UTF-8, is most likely in.

    Notes
    -----
    Only 32 kB of text, free of markup and of lines in ASCII, out of the first megabyte that has any is looked at.

    Examples
    --------
    >>> detect("<p>Koncert odbędzie się w sobotę; dołącz, gdy zechcesz.</p>".encode("iso8859-2"))
    'iso8859_2'
    """
    sample = _sample(data)
    high = sample.translate(None, _ASCII)
    other_script = len(high) >= max(_MIN_HIGH_BYTES, _MIN_HIGH_SHARE * len(sample))
    script = _script(sample) if other_script else FALLBACK
    family = next((family for family in (_LATIN, _GREEK) if script in family), None)
    return _best_fit(high, family) if family else script


def _sample(data: bytes) -> bytes:
    """Return the runs of text that are not all ASCII."""
    first = _HIGH.search(data)
    if first is None:
        return b""
    start = max(data.rfind(b"\n", 0, first.start()), data.rfind(b"<", 0, first.start()), 0)
    window = _MARKUP.sub(b"\n", data[start : start + _WINDOW_BYTES])
    sample = b"\n".join(run[0] for run in _RUN.finditer(window) if not run[0].isascii())
    if len(sample) <= _SAMPLE_BYTES:
        return sample
    # Never in the middle of a letter: no encoding has bytes of spaces and line ends in one.
    sample = sample[:_SAMPLE_BYTES]
    return sample[: max(sample.rfind(b"\n"), sample.rfind(b" "))]


def _script(sample: bytes) -> str:
    # Few pages need it, and all would pay for it.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    # Lists of figures and names, as around the news, look like a mess to it: the default is 0.2.
    best = from_bytes(sample, cp_isolation=_CANDIDATES, threshold=0.3).best()
    return best.encoding if best else FALLBACK


def _best_fit(high: bytes, family: Mapping[str, tuple[str, ...]]) -> str:
    """Return the first code page in which most of the bytes are letters of one of its languages."""
    counts = Counter(high)

    def fitting(codec: str) -> int:
        letters = [(bytes((byte,)).decode(codec, "replace").lower(), count) for byte, count in counts.items()]
        signs = sum(count for letter, count in letters if letter in _SIGNS)
        return signs + max(sum(count for letter, count in letters if letter in alphabet) for alphabet in family[codec])

    return max(family, key=fitting)
