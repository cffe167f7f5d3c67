"""The words of a question or a sentence that carry its meaning, each with a weight.

Shared by abstention (does the corpus speak of this?), the extractive model (which sentence answers?)
and citations (which words vouch for this sentence?), so that the three mean the same by "the same word".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from corpus.language import fold, spellings, words
from corpus.language.amounts import amounts
from corpus.language.eras import era_years, in_common_years
from corpus.language.kanji import in_figures
from corpus.language.scripts import CJK, HAN, HIRAGANA
from rag.words.stemming import NUMBER, NUMBER_WORDS, number, stem
from rag.words.stopwords import LIGHT, STOP, STOP_JAPANESE, STOP_KANJI

_HIRAGANA_ONLY = re.compile(rf"[{HIRAGANA}ー]+")
_KATAKANA_ONLY = re.compile("[\u30a1-\u30ff]+")
_HAS_HIRAGANA = re.compile(rf"[{HIRAGANA}]")
_UNSPACED = re.compile(f"[{CJK}]")
_ALONE = re.compile(
    rf"(?<![{HAN}\d])([{HAN}])(?=[{HIRAGANA}])(?=(?:[いえきぎけげしじせちてねびべみめりれ]([{HAN}])(?![{HAN}]))?)"
)
"""One kanji with an ending behind it, or two with one between: a verb, an adjective, a short noun."""
_COMPOUND_RUN = re.compile(rf"(?<![{HAN}])(?:[{HAN}]{{2}}){{2,}}(?![{HAN}])")
_VERB, _COMPOUND = 0.3, 0.6
"""By measurement: with .2 and .3 the gains were half as large (docs/retrieval-measured.md)."""
_ASKS = re.compile(
    r"(?<![幾如])何(?:曜日|種類|パーセント|[かカヵヶケ]月間?|[日年週時分]間|[日年週月時分秒円人名回件歳個割本枚度番社台点冊階泊つ%％])?"
    r"|いくら|いくつ|ど(?:れ|の)(?:くらい|ぐらい|ほど)|どこ|いつ(?!も)|誰|だれ|どなた|なぜ"
)
"""Words that only ask: a pair of characters of theirs and of the next word (日休 of 何日休めますか) is no word."""
_HOW_LONG, _TAKE = re.compile(r"\bhow long\b", re.IGNORECASE), frozenset({"take", "takes", "taken", "took"})
_HOW = frozenset({"far", "long", "soon"})
"""Words that only ask behind "how"; "heavy" and the like say what is measured."""
_KANA = re.compile("[\u3041-\u30ff]")
CODE = re.compile(r"(?<![a-z0-9])[a-z]{1,8}[-_./]?(?:\d[a-z0-9]*)(?:[-_./][a-z0-9]+)*(?![a-z0-9])")
"""A word that names one thing by letters and figures: "e-4032", "err-21", "qp-07"."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, its stem, its weight (0 for none, about 1 for a word of content), and whether it names one thing."""

    word: str
    stem: str
    weight: float
    name: bool = False


def _is_name(text: str, at: int) -> bool:
    """Says whether a word begins with a capital letter elsewhere than at the beginning of a sentence."""
    return text[at].isupper() and re.search(r"[\w,;)][\s(]*$", text[max(0, at - 4) : at]) is not None


def _bare(code: str) -> str:
    return re.sub(r"[^a-z0-9]", "", code)


@lru_cache(maxsize=65536)
def _weigh(word: str) -> float:
    if word in STOP:
        return 0.0
    if _UNSPACED.search(word):
        if any(word.startswith(stop) for stop in STOP_JAPANESE):
            return 0.0
        # Words are pairs of characters here: pairs of kana carry grammar, pairs that straddle two words little,
        # and a loanword in katakana is as many pairs as it has letters.
        if _HIRAGANA_ONLY.fullmatch(word):
            return 0.02
        if _HAS_HIRAGANA.search(word):
            return 0.1
        return 0.4 if _KATAKANA_ONLY.fullmatch(word) else 0.6
    if word[0].isdigit():
        return 1.2
    return 0.3 if len(word) < 2 or word in LIGHT else 1.0


@lru_cache(maxsize=64)
def terms(text: str) -> tuple[Term, ...]:
    """Returns the terms of a text, in order; words without meaning of their own have weight 0.

    A year of a Japanese era is the common one, and an amount in 万 or in kanji the plain number: 2025 of 令和7年,
    1234500 of 123万4500円.
    """
    text = in_common_years(text)
    text = _ASKS.sub(lambda asking: "、" * len(asking.group()), in_figures(text, amounts(text)))
    found, before = [], ""
    japanese, lasting = _KANA.search(text) is not None, _HOW_LONG.search(text) is not None
    shouted = text.isupper()
    for word in words(text):
        written = text[word.start : word.end]
        # English words of grammar are words of content in capitals ("IT") and between Japanese words ("A評価").
        capitals = len(written) > 1 and written.isupper() and not shouted
        weight = 0.6 if word.text in STOP and (japanese or capitals) else _weigh(word.text)
        if (before == "how" and word.text in _HOW) or (lasting and word.text in _TAKE):
            weight = 0.0  # it only asks
        before = word.text
        name = weight > 0 and not shouted and (capitals or _is_name(text, word.start))
        found.append(Term(word.text, stem(word.text), weight, name))
    found += [Term(code, _bare(code), 1.5, True) for code in CODE.findall(fold(text))]
    return tuple(found)


def _kanji_words(folded: str) -> Iterator[str]:
    """Yields what is left of verbs and short words without their endings: 払 of 払えますか, 繰越 of 繰り越す."""
    for match in _ALONE.finditer(folded):
        yield match[1]
        if match[2]:
            yield match[1] + match[2]


def verbs(text: str) -> dict[str, float]:
    """Returns the Japanese verbs and short words of a question without their endings, and their weights: 払えますか
    asks for what is 払う.

    Only who looks for the sentence that answers takes them for words: what a question is about its nouns tell, and one
    asked with another verb (帰ったら, 帰着後) is answered all the same.
    """
    if not _KANA.search(text):
        return {}
    found = {word: _COMPOUND if len(word) > 1 else _VERB for word in _kanji_words(fold(text))}
    return {word: weight for word, weight in found.items() if word not in STOP_KANJI}


def joints(text: str) -> dict[str, tuple[str, str]]:
    """Returns the pairs of kanji by which two words of a compound are joined, each with the pair before and behind it:
    上見 of 売上見込, where a text that says 売上は…見込み has all that is asked.
    """
    found = {}
    for run in _COMPOUND_RUN.findall(fold(text)):
        for at in range(1, len(run) - 2, 2):
            found[run[at : at + 2]] = (run[at - 1 : at + 1], run[at + 1 : at + 3])
    return found


def weights(text: str | Iterable[Term], rarity: Mapping[str, float] | None = None) -> dict[str, float]:
    """Returns the distinct terms with meaning, of a text or given, and their weights, times their rarity where that is
    given.
    """
    of = terms(text) if isinstance(text, str) else text
    found = {term.stem: term.weight for term in of if term.weight > 0}
    if rarity is not None:
        found = {stem: weight * rarity.get(stem, 1.0) for stem, weight in found.items()}
    return found


def stems(text: str) -> frozenset[str]:
    """Returns the distinct stems of a text, those without meaning too; years of Japanese eras as common ones and
    amounts in 万 or in kanji as plain numbers, too.
    """
    found = {stem(word) for word in spellings(text)}
    folded = fold(text)
    found.update(str(value) for _, _, value in (*era_years(folded), *amounts(folded)))
    if _KANA.search(folded):
        found.update(_kanji_words(folded))
    found.update(_bare(code) for code in CODE.findall(folded))
    return frozenset(found)


def coverage(wanted: Mapping[str, float], present: Iterable[str]) -> float:
    """Returns the weighted share, in [0, 1], of the wanted terms that are present; 0 when none is wanted."""
    total = sum(wanted.values())
    have = frozenset(present)
    return sum(weight for term, weight in wanted.items() if term in have) / total if total else 0.0


def numbers(text: str) -> frozenset[str]:
    """Returns the numbers of a text in one spelling; number words from two to twelve count."""
    folded = fold(text)
    found = {number(match.group()) for match in NUMBER.finditer(folded)}
    found.update(NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", folded) if word in NUMBER_WORDS)
    return frozenset(found)
