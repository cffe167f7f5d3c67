"""Bytes to text in the encoding they were really written in."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from corpus.errors import ParseError
from corpus.language.scripts import detect_language
from corpus.patterns import pattern

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 256 * 1024
_BAD_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b\x1a")
_BAD_CONTROLS_ALLOWED = 2
_KANA_AND_MARKS = pattern("[\u3001\u3002\u300c-\u300f\u3041-\u3096\u30a1-\u30fc]")
_KANA = pattern("[\u3041-\u3096\u30a1-\u30fa]")
_KANA_OR_HANGUL = pattern("[\u3041-\u3096\u30a1-\u30fc\uac00-\ud7a3]")
_EAST_ASIAN = pattern(
    "[\t\n\r -~\u2010-\u2027\u2460-\u2473\u25a0-\u25ef\u3000-\u30ff\u3200-\u33ff\u4e00-\u9fff"
    "\uac00-\ud7a3\uff00-\uffef]"
)
_SETS = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "bs", "ro", "sq"), "cp1250"),
    **dict.fromkeys(("lt", "lv"), "cp1257"),
    "tr": "cp1254",
}
"""Languages of Latin letters that Windows-1252 does not have."""
_UTF8_SEQUENCE = pattern(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was read in, and how many characters could not be read (U+FFFD)."""

    text: str
    encoding: str
    replaced: int

    @property
    def loss(self) -> str:
        """What to say of the characters that could not be read."""
        return f"{unread(self.replaced)} as {self.encoding.removesuffix('-sig')}."


def unread(chars: int) -> str:
    """Returns words that say how many characters could not be read."""
    return f"{chars} character{'s' * (chars != 1)} could not be read"


def decode(data: bytes, declared: str = "") -> Decoded:
    """Returns the text of a file.

    Tried in this order: byte-order mark, UTF-16 without one, ISO-2022-JP, UTF-8, the encoding the file
    declares, Shift_JIS (as cp932) and EUC-JP where they give Japanese, Windows-1252 where high
    bytes are few (or the set of Windows for the language that the rest is in), and charset-normalizer's best guess.

    Raises:
        ParseError: ``binary``, when the bytes are not text in any of them.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _replacing(data, encoding)
    encoding = _utf16_without_mark(data)
    if encoding:
        return _replacing(data, encoding)
    # Seven-bit Japanese is valid UTF-8 too, so it is tried first.
    if b"\x1b$" in data[:_SAMPLE_BYTES]:
        found = _strict(data, "iso2022_jp_ext") or _strict(_seven_bit_to_shift_jis(data), "cp932")
        if found is not None:
            return _checked(found)
    try:
        return _checked(Decoded(data.decode("utf-8"), "utf-8", 0))
    except UnicodeDecodeError:
        pass
    if declared:
        found = _strict(data, declared)
        if found is not None:
            return _checked(found)
    if not looks_like_text(data):
        raise _not_text()
    return _guess(data)


def looks_like_text(data: bytes) -> bool:
    """Says whether the bytes can be text: no NUL (unless UTF-16/32) and hardly any control characters."""
    if data.startswith(tuple(mark for mark, _ in _BOMS)):
        return True
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in sample:
        return bool(_utf16_without_mark(data))
    return _few_controls(sample)


def _few_controls(sample: bytes) -> bool:
    controls = len(sample) - len(sample.translate(None, bytes(_BAD_CONTROLS)))
    return controls <= max(_BAD_CONTROLS_ALLOWED, len(sample) // 200)


def _checked(found: Decoded) -> Decoded:
    sample = found.text[:_SAMPLE_BYTES]
    bad = sum(sample.count(chr(code)) for code in _BAD_CONTROLS)
    if bad > max(_BAD_CONTROLS_ALLOWED, len(sample) // 200):
        raise _not_text()
    return found


def _not_text() -> ParseError:
    return ParseError(
        "The file is named like text but holds binary data.",
        code="binary",
        hint="Check the file, or give it the suffix of its real type.",
    )


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        plain = encoding.strip().lower().replace("-", "_")
        codec = codecs.lookup(_REALLY.get(plain, plain))
        if not codec._is_text_encoding:
            return None
        return Decoded(data.decode(codec.name), codec.name, 0)
    except (LookupError, UnicodeDecodeError):
        return None


# What programs declare, and the larger set that they write (as the WHATWG's encoding standard has it).
_REALLY = {
    **dict.fromkeys(("shift_jis", "sjis", "s_jis", "x_sjis", "ms_kanji", "windows_31j", "ms932"), "cp932"),
    **dict.fromkeys(("iso_8859_1", "iso8859_1", "latin_1", "latin1", "us_ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x_gbk"), "gb18030"),
    **dict.fromkeys(("euc_kr", "ks_c_5601_1987"), "cp949"),
    **dict.fromkeys(("iso_8859_9", "latin5"), "cp1254"),
}


def _replacing(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    return _checked(Decoded(text, encoding, text.count("\ufffd")))


def _seven_bit_to_shift_jis(data: bytes) -> bytes:
    """Returns ISO-2022-JP as Shift_JIS, where the characters that Outlook adds to it are known (``①``, ``㈱``, ``髙``).

    What is no such text is returned as it is.
    """
    if not data.isascii():
        return data
    pieces = []
    for escape, text in _ESCAPED.findall(b"\x1b(B" + data):
        if escape.startswith(b"\x1b$"):
            pieces.append(b"".join(map(_to_shift_jis, text[0::2], text[1::2])))
        elif escape == b"\x1b(I":
            pieces.append(bytes(byte | 0x80 if byte > 0x20 else byte for byte in text))
        else:
            pieces.append(text)
    return b"".join(pieces)


_ESCAPED = pattern(rb"(\x1b(?:\$[@B]|\([BJI]))([^\x1b]*)")


def _to_shift_jis(row: int, cell: int) -> bytes:
    """Returns a character of JIS X 0208 (or a vendor's row of it) as Shift_JIS; a control character as itself."""
    if row <= 0x20 or cell <= 0x20:
        return bytes((row, cell))
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    trail = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
    return bytes((lead, trail))


def _utf16_without_mark(data: bytes) -> str:
    """Returns utf-16-le or -be when the NULs stand as in Latin text or the text is Japanese or Korean, else ""."""
    sample = data[: min(len(data), 4096) // 2 * 2]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros >= 0.4 * half and others <= 0.02 * half:
            text = sample.decode(encoding, errors="replace")
            return "" if any(ord(character) in _BAD_CONTROLS for character in text) else encoding
    if even or odd:  # of line ends, spaces or figures: without any it could be plain Latin text
        for encoding in ("utf-16-le", "utf-16-be"):
            text = sample.decode(encoding, errors="replace")
            kana = len(_KANA_OR_HANGUL.findall(text))
            if kana * 10 >= len(text) and len(_EAST_ASIAN.findall(text)) >= 0.98 * len(text):
                return encoding
    return ""


def _guess(data: bytes) -> Decoded:
    sample = data[:_SAMPLE_BYTES]
    good = len(_UTF8_SEQUENCE.findall(sample))
    bad = len(re.findall(rb"[\x80-\xff]", _UTF8_SEQUENCE.sub(b"", sample)))
    if good >= 5 * bad:
        return _replacing(data, "utf-8")
    best = max((_japanese(data, encoding) for encoding in ("cp932", "euc_jp")), key=lambda found: found[0])
    if best[0] >= 0.3 and best[1] is not None:
        return best[1]
    if best[1] is not None and not best[1].replaced:
        kana = len(_KANA.findall(best[1].text[:_SAMPLE_BYTES]))
        if kana >= max(2, 0.05 * sum(1 for character in best[1].text[:_SAMPLE_BYTES] if character > "\x7f")):
            return best[1]  # kanji in the main; Chinese has no kana at all
    if _is_kanji_alone(sample) or _is_half_width_kana(sample):
        found = _strict(data, "cp932")
        if found is not None:
            return found
    high = sum(1 for byte in sample if byte >= 0x80)
    if high <= 0.3 * len(sample):
        found = _strict(data, "cp1252") or Decoded(data.decode("latin-1"), "latin-1", 0)
        if b"\r" in sample and b"\n" not in data:  # as in files of the old Macintosh, and of Excel for it
            old = Decoded(data.decode("mac_roman"), "mac_roman", 0)
            if _misfits(old.text) < _misfits(found.text):
                return old
        # Its plain letters tell the language, and the language which set the others are from.
        return _strict(data, _SETS.get(detect_language(found.text), "")) or found
    from charset_normalizer import from_bytes

    match = from_bytes(sample, cp_exclusion=_RULED_OUT).best()
    if match is not None:
        return _replacing(data, match.encoding)
    raise _not_text()


def _misfits(text: str) -> int:
    """Returns how many characters beyond ASCII stand where none of their kind does.

    Those are capitals after a small letter, small letters after two capitals, and signs between two letters.
    """
    return len(_MISFIT.findall(text[:_SAMPLE_BYTES]))


_SMALL = "a-z\u00df-\u00f6\u00f8-\u00ff\u0153\u0161\u017e\u0192\u0131\ufb01\ufb02"
_CAPITAL = "A-Z\u00c0-\u00d6\u00d8-\u00de\u0152\u0160\u017d\u0178"
_MISFIT = pattern(
    f"(?<=[{_SMALL}])(?![A-Z])[{_CAPITAL}]|(?<=[{_CAPITAL}]{{2}})(?![a-z])[{_SMALL}]"
    f"|(?<=[{_SMALL}{_CAPITAL}])[^\0-\x7f\u2019{_SMALL}{_CAPITAL}](?=[{_SMALL}{_CAPITAL}])"
)

_RULED_OUT = ["cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213"]
"""What the best guess is not: Cyrillic in capitals looks like half-width katakana."""


def _is_kanji_alone(sample: bytes) -> bool:
    """Says whether the high bytes are kanji in Shift_JIS, as in lists of names and addresses without kana.

    Nearly all then are common ones or punctuation, and many second bytes are high too, which no Western text has.
    """
    characters = _SHIFT_JIS_CHARACTER.findall(sample)
    common = sum(1 for one in characters if len(one) == 2 and (one[0] <= 0x83 or 0x88 <= one[0] <= 0x98))
    high = sum(1 for one in characters if len(one) == 2 and one[1] >= 0x80)
    return bool(characters) and common >= 0.8 * len(characters) and high >= 0.3 * len(characters)


def _is_half_width_kana(sample: bytes) -> bool:
    """Says whether the high bytes are half-width katakana in Shift_JIS, as in files of banks and old systems.

    Those stand in runs, which signs such as ``µ`` and ``±`` do not, and a good part of them are vowels or of the rows
    of "ka" and "sa", which small letters of Cyrillic are not; capitals in ISO 8859-5 are, and are
    taken for katakana. Pairs are common characters, as those of other sets are not.
    """
    singles = _SHIFT_JIS_PAIR.sub(b" ", sample)
    in_runs = sum(map(len, _HALF_WIDTH_RUN.findall(singles)))
    early = len(re.findall(rb"[\xb1-\xbf]", singles))
    high = len(re.findall(rb"[\x80-\xff]", singles))
    foreign = _SHIFT_JIS_RARE.search(sample) or re.search(rb"[\x80-\xa0\xe0-\xff]", singles)
    return not foreign and in_runs >= max(3, 0.6 * high) and early >= 0.15 * high


_SHIFT_JIS_RARE = pattern(rb"[\xe0-\xfc][\x40-\x7e\x80-\xfc]")
_SHIFT_JIS_PAIR = pattern(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]")
_HALF_WIDTH_RUN = pattern(rb"[\xa6-\xdf]{3,}")
_SHIFT_JIS_CHARACTER = pattern(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]|[\x80-\xff]")


def _japanese(data: bytes, encoding: str) -> tuple[float, Decoded | None]:
    """Returns the share of kana and Japanese punctuation among the non-ASCII characters, and the text."""
    text = data.decode(encoding, errors="replace")
    replaced = text.count("\ufffd")
    foreign = [character for character in text[:_SAMPLE_BYTES] if character > "\x7f"]
    if not foreign or replaced > max(2, len(text) // 1000):
        return 0.0, None
    return len(_KANA_AND_MARKS.findall("".join(foreign))) / len(foreign), Decoded(text, encoding, replaced)
