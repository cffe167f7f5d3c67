"""What a sentence that keeps close to its source says otherwise: another figure, another name, or the opposite.

Bags of words cannot see "may" for "may not", できない for できる, or two amounts changed about; so the two are laid
beside each other, word by word in English and character by character in Japanese, and what differs is looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from corpus.language import normalise
from rag.words.figures import Figure, figures, is_numbering, same
from rag.words.japanese_places import PLACES
from rag.words.opposites import denials, opposite_characters, opposite_words
from rag.words.stemming import stem
from rag.words.stopwords import STOP

CLOSE = 0.6
"""Least share of a sentence's words that must stand in the source in the same order for the two to be compared."""

_VERY_CLOSE = 0.8
_LONGEST = 600
"""Tokens of either side that are compared at most."""


@dataclass(frozen=True, slots=True)
class Alterations:
    """``changed``: the sentence's figures and names that stand in another's place; ``negated``: one of the two
    denies what the other says. ``close``: the share, in [0, 1], of its words that stand there in the same order.
    """

    changed: tuple[str, ...] = ()
    negated: bool = False
    close: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.changed) or self.negated


@dataclass(frozen=True, slots=True)
class _Token:
    key: str
    text: str
    figure: Figure | None = None


def alterations(claim: str, source: str, *, common: frozenset[str] = frozenset()) -> Alterations:
    """Returns what a claim says otherwise than the words it keeps close to; nothing where it does not keep close.

    ``common``: words that are known to be no names, in lower case.
    """
    theirs, own = _tokens(source)[:_LONGEST], _tokens(claim)[:_LONGEST]
    matcher = SequenceMatcher(None, [t.key for t in theirs], [t.key for t in own], autojunk=False)
    codes = matcher.get_opcodes()
    said = [token for token in own if token.key not in _STOPS]
    kept = sum(t.key not in _STOPS for tag, _, _, j, k in codes if tag == "equal" for t in own[j:k])
    close = kept / len(said) if said else 0.0
    if close < CLOSE:
        return Alterations(close=close)
    changed: list[str] = []
    negated = False
    left = [
        token.figure for tag, i, k, _, _ in codes if tag != "equal" for token in theirs[i:k] if token.figure
    ]
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal":
            continue
        gone, come = theirs[i1:i2], own[j1:j2]
        changed += _other_figures(gone, come, left if close >= _VERY_CLOSE else ())
        changed += _other_names(gone, come, theirs[i2 : i2 + 5], common)
        negated = negated or _is_opposite(theirs, own, (i1, i2, j1, j2))
    return Alterations(tuple(dict.fromkeys(changed)), negated, close)


@lru_cache(maxsize=1024)
def differences(one: str, other: str) -> tuple[float, Sequence[tuple[Figure, Figure]]]:
    """Returns how much of two texts is the same words in the same order, and the figures that stand in each other's
    place.

    The share, in [0, 1], is of the longer, figures and marks left out. Figures of two kinds or units are no pair, nor
    are numbers of an article or a section: they say where it is said.
    """
    theirs, own = _tokens(one)[:_LONGEST], _tokens(other)[:_LONGEST]
    matcher = SequenceMatcher(None, [t.key for t in theirs], [t.key for t in own], autojunk=False)
    kept, pairs = 0, []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        gone, come = theirs[i1:i2], own[j1:j2]
        if tag == "equal":
            kept += sum(t.figure is None and t.key not in _STOPS for t in gone)
            continue
        before, now = ([t.figure for t in side if t.figure] for side in (gone, come))
        if len(before) == len(now):
            pairs += [
                (old, new)
                for old, new in zip(before, now, strict=True)
                if _compete(old, new) and not (is_numbering(one, old) or is_numbering(other, new))
            ]
    longer = max(sum(t.figure is None and t.key not in _STOPS for t in side) for side in (theirs, own))
    return (kept / longer if longer else 0.0), tuple(pairs)


def are_closer(one: str, other: str, share: float) -> bool:
    """Says whether more than this share of two texts is the same words in the same order, as :func:`differences`
    counts them; most pairs have too few words in common in whatever order, and are not laid side by side.
    """
    mine, theirs = _words(one), _words(other)
    longer = max(mine.total(), theirs.total())
    return (mine & theirs).total() > share * longer and differences(one, other)[0] > share


@lru_cache(maxsize=1024)
def _words(text: str) -> Counter[str]:
    return Counter(t.key for t in _tokens(text)[:_LONGEST] if t.figure is None and t.key not in _STOPS)


def _compete(one: Figure, other: Figure) -> bool:
    return one.kind == other.kind != "code" and one.unit == other.unit and not same(one, other)


# ---- tokens --------------------------------------------------------------------------------------

_WORD = re.compile(
    r"[^\W\d_\u3040-\u30ff\u3400-\u9fff々]+(?:'[a-z]+)?|[\u30a1-\u30fa\u30fc]{2,}|[^\W_]|[、。，．,;:.!?]"
)
_STOPS = frozenset("、。，．,;:.!?")
_SHORT = {"can't": "can", "cannot": "can", "won't": "will", "shan't": "shall", "ain't": "is"}


@lru_cache(maxsize=1024)
def _tokens(text: str) -> Sequence[_Token]:
    """Returns words (Japanese: characters, words in katakana), figures as one each, and the marks that part clauses;
    "cannot" is two words.
    """
    source = normalise(text)
    found = figures(text)
    at = 0
    result: list[_Token] = []
    for match in _WORD.finditer(source.text):
        start, end = source.span(match.start(), match.end())
        while at < len(found) and found[at].end <= start:
            result.append(_figure(found[at]))
            at += 1
        if at < len(found) and found[at].start < end:
            continue
        word, written = match.group(), text[start:end]
        if word in _SHORT or word.endswith("n't"):
            result += [_Token(stem(_SHORT.get(word, word[:-3])), written), _Token("not", "not")]
        else:
            result.append(_Token(stem(word), written))
    return (*result, *map(_figure, found[at:]))


def _figure(one: Figure) -> _Token:
    return _Token(f"\0{one.value} {one.unit}", one.text, one)


# ---- what differs --------------------------------------------------------------------------------


def _other_figures(gone: Sequence[_Token], come: Sequence[_Token], left: Sequence[Figure]) -> Iterator[str]:
    """Yields the figures that came in the place of others, right there or (``left``) elsewhere in the sentence."""
    before = [token.figure for token in gone if token.figure] or left
    for token in come:
        if token.figure and before and not any(same(token.figure, one) for one in before):
            yield token.text


_SURNAME_ENDS = re.compile(
    r"(?:さん|氏|様|部長|課長|係長|社長|室長|所長|主任|取締役|監査役|委員|先生|"
    r"部(?!分|品|門)|課(?!題|税)|支店|営業所|工場|事業所|支社|本社|駅|都|府|県|市|区|町|村|株式会社|銀行|大学)"
)


def _other_names(
    gone: Sequence[_Token], come: Sequence[_Token], after: Sequence[_Token], common: frozenset[str]
) -> Iterator[str]:
    """Yields the names that came in the place of others: capitalised words, katakana, kanji before さん, 部長, 市 …"""
    if not gone or not come or len(gone) > 6 or len(come) > 6:
        return
    old, new = ([t for t in side if _is_capital(t, common)] for side in (gone, come))
    if old and new:
        yield " ".join(token.text for token in new)
    before, now = ("".join(t.text for t in side if not t.figure) for side in (gone, come))
    if _KANJI_ONLY.fullmatch(before) and _KANJI_ONLY.fullmatch(now):
        follows = "".join(token.text for token in after)
        if _SURNAME_ENDS.match(follows) or re.fullmatch(PLACES, now) or re.fullmatch(PLACES, before):
            yield now
    elif _KATAKANA_ONLY.fullmatch(before) and _KATAKANA_ONLY.fullmatch(now):
        yield now


_KANJI_ONLY = re.compile(r"[\u3400-\u9fff々]{1,4}")
_KATAKANA_ONLY = re.compile(r"[\u30a1-\u30fc]{2,}")


def _is_capital(token: _Token, common: frozenset[str]) -> bool:
    return (
        token.figure is None
        and len(token.text) > 1
        and token.text[0].isupper()
        and token.text.isascii()
        and token.key not in STOP
        and token.text.lower() not in common
    )


# ---- opposites -----------------------------------------------------------------------------------


def _is_opposite(
    theirs: Sequence[_Token],
    own: Sequence[_Token],
    at: tuple[int, int, int, int],
) -> bool:
    """Says whether what differs turns the meaning round; what reaches over a clause's end is no such thing."""
    i1, i2, j1, j2 = at
    i1, i2 = _trimmed(theirs, i1, i2)
    j1, j2 = _trimmed(own, j1, j2)
    gone, come = theirs[i1:i2], own[j1:j2]
    if any(token.figure or token.key in _STOPS for token in (*gone, *come)) or max(i2 - i1, j2 - j1) > 8:
        return False
    if all(token.key.isascii() for token in (*gone, *come)):
        return opposite_words([token.key for token in gone], [token.key for token in come])
    # Characters: those right before and behind say what the ones that differ are part of.
    before = "".join(token.text for token in theirs[max(0, i1 - 2) : i2 + 2])
    now = "".join(token.text for token in own[max(0, j1 - 2) : j2 + 2])
    if denials(before) % 2 != denials(now) % 2:
        return denials(_clause(theirs, i1, i2)) % 2 != denials(_clause(own, j1, j2)) % 2
    return opposite_characters(before, now)


def _trimmed(tokens: Sequence[_Token], start: int, end: int) -> tuple[int, int]:
    """Returns a stretch without the marks at its ends: what only ends a sentence parts no clauses."""
    while start < end and tokens[end - 1].key in _STOPS:
        end -= 1
    while start < end and tokens[start].key in _STOPS:
        start += 1
    return start, end


def _clause(tokens: Sequence[_Token], start: int, end: int) -> str:
    while start > 0 and tokens[start - 1].key not in _STOPS:
        start -= 1
    while end < len(tokens) and tokens[end].key not in _STOPS:
        end += 1
    return "".join(token.text for token in tokens[start:end])
