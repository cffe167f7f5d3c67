"""Which script a text is written in, and which language."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_letters, digits
from typing import Literal, NamedTuple, cast

from corpus.patterns import pattern

Script = Literal["latin", "han", "hiragana", "katakana", "hangul", "digits", "other"]

HIRAGANA = "\u3041-\u3096\u309d-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HAN = "\u3005\u3007\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
CJK = HIRAGANA + KATAKANA + HAN + HANGUL
"""Character ranges for the brackets of a regular expression; ``CJK`` is all of them."""

UNSPACED = CJK + "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
"""``CJK``, Thai, Lao, Tibetan, Burmese and Khmer: scripts where a run of letters is no word."""

_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"
_RUN = pattern(
    f"(?P<latin>[{_LATIN}]+)|(?P<hiragana>[{HIRAGANA}][{HIRAGANA}\u30fc]*)|(?P<katakana>[{KATAKANA}]+)"
    f"|(?P<han>[{HAN}]+)|(?P<hangul>[{HANGUL}]+)|(?P<digits>\\d+)|(?P<other>[^\\W\\d_])"
)
_SAMPLE_CHARS = 2000
_SHORT = 200
_ENGLISH = frozenset(
    {"the", "and", "how", "what", "which", "who", "when", "where", "why", "does", "did", "you", "your"}
    | {"this", "that", "there", "must", "should", "our", "my", "from", "many", "much"}
)


class Run(NamedTuple):
    """Neighbouring letters or digits of one script: ``text[start:end]``."""

    script: Script
    start: int
    end: int


def script_runs(text: str) -> Iterator[Run]:
    """Yields the runs of letters and digits by script, in order; spaces and punctuation belong to none."""
    for match in _RUN.finditer(text):
        yield Run(cast(Script, match.lastgroup), match.start(), match.end())


def count_scripts(text: str) -> dict[Script, int]:
    """Returns how many characters each script has; scripts that do not occur are left out."""
    counts: dict[Script, int] = {}
    if text.isascii():  # so are most texts, and runs are slow to find
        plain = text.encode()
        letters = len(plain) - len(plain.translate(None, ascii_letters.encode()))
        figures = len(plain) - len(plain.translate(None, digits.encode()))
        both: tuple[tuple[Script, int], ...] = (("latin", letters), ("digits", figures))
        return {script: count for script, count in both if count}
    for match in _RUN.finditer(text):
        script = cast(Script, match.lastgroup)
        counts[script] = counts.get(script, 0) + match.end() - match.start()
    return counts


_JAPANESE_FORMS = frozenset("売円単価図広県発対応込働辺検権経済続総様満薬訳駅両変実営拠収処帰")
"""Characters that are written so in Japan alone, of those that tables and headings are made of."""


def detect_language(text: str) -> str:
    """Returns the language's ISO 639-1 code, or "" when there is too little to tell.

    Looks at no more than 2,000 characters, spread over the text. Japanese, Korean and Chinese are told by
    their scripts; a language in Latin or another alphabet by its letters where there are at least 24 of them (fewer
    than 200 by the commonest English words first); what stays unsure is taken for English when it is plain ASCII.
    """
    sample = _sample(text)
    counts = count_scripts(sample)
    kana = counts.get("hiragana", 0) + counts.get("katakana", 0)
    han, hangul = counts.get("han", 0), counts.get("hangul", 0)
    alphabetic = counts.get("latin", 0) + counts.get("other", 0)
    # One Han or kana character says about as much as four letters of a word.
    if (kana + han + hangul) * 4 > alphabetic:
        return _cjk_language(sample, kana, han, hangul)
    if alphabetic < _SHORT and _sounds_english(sample):
        return "en"
    if alphabetic < 24:
        return "en" if alphabetic >= 2 and sample.isascii() else ""
    # A neural network of a few hundred kilobytes (Compact Language Detector 3), ready in milliseconds.
    import gcld3

    clean = sample.encode("utf-8", "replace").decode()
    found = gcld3.NNetLanguageIdentifier(0, 4 * _SAMPLE_CHARS).FindLanguage(clean)
    code, _, script = str(found.language).partition("-")
    # Short English comes out as Japanese at times, or as Japanese in Roman letters ("ja-Latn"), which nobody writes.
    unwritten = script == "Latn" or (code in ("ja", "zh", "ko") and not kana + han + hangul)
    if found.is_reliable and len(code) == 2 and not unwritten:
        return code
    if kana:
        return "ja"  # English names strung together by Japanese particles
    return "en" if sample.isascii() else ""


def _sounds_english(text: str) -> bool:
    """Says whether a short text has two words, and a quarter of all, that hardly another language writes so."""
    if not all(character.isascii() for character in text if character.isalpha()):
        return False
    words = text.lower().split()
    english = len(_ENGLISH.intersection(words))
    return english >= 2 and 4 * english >= len(words)


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE_CHARS:
        return text
    piece = _SAMPLE_CHARS // 4
    step = (len(text) - piece) // 3
    return "\n".join(text[i * step : i * step + piece - 1] for i in range(4))


def _cjk_language(sample: str, kana: int, han: int, hangul: int) -> str:
    if hangul > kana + han:
        return "ko"
    if kana * 20 >= kana + han:
        return "ja"
    letters = "".join(sample[run.start : run.end] for run in script_runs(sample) if run.script == "han")
    forms = sum(letter in _JAPANESE_FORMS for letter in letters)
    outside = len(letters) - len(letters.encode("cp932", "ignore")) // 2
    # Chinese text names a Japanese place or company here and there.
    if forms > max(outside, han // 20):
        return "ja"  # a table, or a list of names
    # A few Han characters alone can be a Japanese heading; characters outside JIS cannot.
    return "ja" if han < 20 and not outside else "zh"
