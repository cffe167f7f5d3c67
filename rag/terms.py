"""The words of a question or a sentence that carry its meaning, each with a weight.

Shared by abstention (does the corpus speak of this?), the extractive model (which sentence answers?)
and citations (which words vouch for this sentence?), so that the three mean the same by "the same word".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from corpus.language import fold, spellings, words
from corpus.scripts import CJK, HIRAGANA

STOP = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "aren't",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "can't",
        "cannot",
        "could",
        "couldn't",
        "describe",
        "did",
        "didn't",
        "do",
        "does",
        "doesn't",
        "doing",
        "don't",
        "down",
        "during",
        "each",
        "explain",
        "few",
        "find",
        "for",
        "from",
        "further",
        "get",
        "gets",
        "give",
        "given",
        "got",
        "had",
        "hadn't",
        "has",
        "hasn't",
        "have",
        "haven't",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "however",
        "i",
        "i'm",
        "if",
        "in",
        "into",
        "is",
        "isn't",
        "it",
        "it's",
        "its",
        "itself",
        "just",
        "kind",
        "know",
        "let",
        "like",
        "list",
        "made",
        "make",
        "makes",
        "many",
        "may",
        "me",
        "mean",
        "means",
        "might",
        "more",
        "most",
        "much",
        "must",
        "my",
        "myself",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "often",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "out",
        "over",
        "own",
        "please",
        "provide",
        "same",
        "say",
        "says",
        "she",
        "should",
        "show",
        "so",
        "some",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "upon",
        "us",
        "use",
        "used",
        "uses",
        "using",
        "very",
        "was",
        "wasn't",
        "we",
        "were",
        "weren't",
        "what",
        "what's",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "who's",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "won't",
        "would",
        "you",
        "your",
        "yours",
        "yourself",
    ]
)
"""English words that say nothing about what a question is about."""

_STOP_JA = (
    "何",
    "誰",
    "教え",
    "下さ",
    "場合",
    "方法",
    "誰が",
    "どこ",
    "いつ",
    "いくら",
    "つい",
    "どの",
    "なぜ",
    "ます",
    "です",
)
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
    if value > 1
}
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_HIRAGANA_ONLY = re.compile(rf"[{HIRAGANA}ー]+")
_KATAKANA_ONLY = re.compile("[\u30a1-\u30ff]+")
_HAS_HIRAGANA = re.compile(rf"[{HIRAGANA}]")
_UNSPACED = re.compile(f"[{CJK}]")
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


_IRREGULAR = {
    form: word
    for word, forms in {
        "begin": "began begun", "break": "broke broken", "bring": "brought", "build": "built", "buy": "bought",
        "catch": "caught", "child": "children", "choose": "chose chosen", "criterion": "criteria", "deal": "dealt",
        "draw": "drew drawn", "drive": "drove driven", "eat": "ate eaten", "fight": "fought", "find": "found",
        "fly": "flew flown", "foot": "feet", "forget": "forgot forgotten", "freeze": "froze frozen",
        "give": "gave given", "grow": "grew grown", "hear": "heard", "hide": "hid hidden", "hold": "held",
        "keep": "kept", "lend": "lent", "lose": "lost", "make": "made", "man": "men", "mean": "meant", "meet": "met",
        "pay": "paid", "person": "people", "ride": "rode ridden", "run": "ran", "say": "said", "see": "seen",
        "sell": "sold", "send": "sent", "sleep": "slept", "speak": "spoke spoken", "spend": "spent", "stand": "stood",
        "steal": "stole stolen", "swear": "swore sworn", "take": "took taken", "teach": "taught", "tell": "told",
        "think": "thought", "throw": "threw thrown", "understand": "understood", "wear": "wore worn", "win": "won",
        "withdraw": "withdrew withdrawn", "woman": "women", "write": "wrote written",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""Forms that no ending tells. "Found" is one of "find", so that who founded a company is not what can be found."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Returns an English word without its inflection, a number without its separators, all else as it is."""
    if _NUMBER.fullmatch(word):
        return number(word)
    if word in _NUMBER_WORDS:
        return _NUMBER_WORDS[word]
    prefix = "un" if word.startswith("un") and word not in _IRREGULAR else ""  # unpaid, but understood
    word = prefix + _IRREGULAR.get(word.removeprefix(prefix), word.removeprefix(prefix))
    if not word.isascii() or len(word) < 4:
        return word
    word = word.removesuffix("'s")
    for suffix, replacement, least in (
        ("ies", "y", 5), ("ied", "y", 5), ("sses", "ss", 5), ("ing", "", 6), ("ed", "", 5), ("es", "e", 5),
        ("s", "", 4),
    ):  # fmt: skip
        if word.endswith(suffix) and len(word) >= least and not word.endswith("ss"):
            word = word[: -len(suffix)] + replacement
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def number(text: str) -> str:
    """Returns a number in one spelling: no thousands separators, no idle zeros behind the point."""
    text = re.sub(r",(?=\d{3}(?!\d))", "", text)
    if re.fullmatch(r"\d+\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return text


def _is_name(text: str, at: int) -> bool:
    """Says whether a word begins with a capital letter elsewhere than at the beginning of a sentence."""
    return text[at].isupper() and re.search(r"[\w,;)][\s(]*$", text[max(0, at - 4) : at]) is not None


def _bare(code: str) -> str:
    return re.sub(r"[^a-z0-9]", "", code)


_LIGHT = frozenset(
    [
        "become",
        "becomes",
        "became",
        "called",
        "came",
        "come",
        "comes",
        "coming",
        "found",
        "getting",
        "go",
        "goes",
        "going",
        "gone",
        "gotten",
        "happen",
        "happened",
        "happens",
        "keep",
        "keeps",
        "kept",
        "knew",
        "knows",
        "known",
        "look",
        "looks",
        "looking",
        "meant",
        "put",
        "puts",
        "said",
        "see",
        "seen",
        "shows",
        "start",
        "started",
        "take",
        "taken",
        "takes",
        "took",
        "tells",
        "told",
        "tried",
        "try",
        "want",
        "wants",
        "went",
    ]
)
"""Verbs that say little by themselves: rare in some documents, so that their rarity would make much of them."""


@lru_cache(maxsize=65536)
def _weigh(word: str) -> float:
    if word in STOP:
        return 0.0
    if _UNSPACED.search(word):
        if any(word.startswith(stop) for stop in _STOP_JA):
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
    return 0.3 if len(word) < 2 or word in _LIGHT else 1.0


def terms(text: str) -> list[Term]:
    """Returns the terms of a text, in order; words without meaning of their own have weight 0."""
    found = []
    japanese = _KANA.search(text) is not None
    shouted = text.isupper()
    for word in words(text):
        written = text[word.start : word.end]
        # English words of grammar are words of content in capitals ("IT") and between Japanese words ("A評価").
        capitals = len(written) > 1 and written.isupper() and not shouted
        weight = 0.6 if word.text in STOP and (japanese or capitals) else _weigh(word.text)
        name = weight > 0 and not shouted and (capitals or _is_name(text, word.start))
        found.append(Term(word.text, stem(word.text), weight, name))
    found += [Term(code, _bare(code), 1.5, True) for code in CODE.findall(fold(text))]
    return found


def weights(text: str, rarity: Mapping[str, float] | None = None) -> dict[str, float]:
    """Returns the distinct terms with meaning and their weights, times their rarity where that is given."""
    found = {term.stem: term.weight for term in terms(text) if term.weight > 0}
    if rarity is not None:
        found = {stem: weight * rarity.get(stem, 1.0) for stem, weight in found.items()}
    return found


def stems(text: str) -> frozenset[str]:
    """Returns the distinct stems of a text, those without meaning too."""
    found = {stem(word) for word in spellings(text)}
    found.update(_bare(code) for code in CODE.findall(fold(text)))
    return frozenset(found)


def coverage(wanted: Mapping[str, float], present: Iterable[str]) -> float:
    """Returns the weighted share, in [0, 1], of the wanted terms that are present; 0 when none is wanted."""
    total = sum(wanted.values())
    have = frozenset(present)
    return sum(weight for term, weight in wanted.items() if term in have) / total if total else 0.0


def numbers(text: str) -> frozenset[str]:
    """Returns the numbers of a text in one spelling; number words from two to twelve count."""
    folded = fold(text)
    found = {number(match.group()) for match in _NUMBER.finditer(folded)}
    found.update(_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", folded) if word in _NUMBER_WORDS)
    return frozenset(found)
