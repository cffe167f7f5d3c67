"""How text is written: scripts, languages, sentences, words, and one spelling that keeps a map back to the original.

Offsets count Unicode code points, half-open and 0-based. Nothing here raises on any string, lone surrogates and NUL
included, and all of it is linear in the text.
"""

from corpus.language.normalising import (
    STOP_WORDS,
    Normalised,
    Word,
    find,
    fold,
    normalise,
    spellings,
    words,
)
from corpus.language.scripts import (
    CJK,
    HAN,
    HANGUL,
    HIRAGANA,
    KATAKANA,
    UNSPACED,
    count_scripts,
    detect_language,
    script_runs,
)
from corpus.language.sentences import sentences

__all__ = [
    "CJK",
    "HAN",
    "HANGUL",
    "HIRAGANA",
    "KATAKANA",
    "STOP_WORDS",
    "UNSPACED",
    "Normalised",
    "Word",
    "count_scripts",
    "detect_language",
    "find",
    "fold",
    "normalise",
    "script_runs",
    "sentences",
    "spellings",
    "words",
]
