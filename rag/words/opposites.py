"""Words that turn a sentence round: denials and opposites, in English and Japanese."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.words.stemming import stem

_NEGATIONS = frozenset(
    map(stem, ("not", "no", "never", "without", "neither", "nor", "none", "nobody", "nothing"))
)
_LIGHT = frozenset(
    map(
        stem,
        (
            "a", "an", "the", "any", "some", "all", "do", "does",
            "did", "is", "are", "was", "were", "be", "been", "being",
            "has", "have", "had", "can", "could", "may", "might",
            "must", "shall", "should", "will", "would", "to", "at",
            "it", "there", "also", "always", "only", "ever", "either", "or", "and",
        ),
    )
)  # fmt: skip
"""What comes and goes with a denial: "is paid", "does not get paid"."""

_PAIRS = frozenset(
    frozenset(map(stem, pair))
    for pair in (
        ("before", "after"), ("least", "most"), ("minimum", "maximum"), ("more", "less"), ("more", "fewer"),
        ("above", "below"), ("over", "under"), ("always", "never"), ("with", "without"), ("allowed", "forbidden"),
        ("allowed", "prohibited"), ("permitted", "forbidden"), ("permitted", "prohibited"), ("optional", "mandatory"),
        ("optional", "required"), ("voluntary", "compulsory"), ("include", "exclude"), ("accepted", "rejected"),
        ("if", "unless"), ("increase", "decrease"), ("rise", "fall"), ("rose", "fell"), ("up", "down"),
        ("earlier", "later"), ("higher", "lower"), ("first", "last"), ("open", "closed"), ("on", "off"),
        ("inside", "outside"), ("all", "none"), ("every", "no"), ("enabled", "disabled"), ("internal", "external"),
        ("gross", "net"), ("begin", "end"), ("start", "end"),
    )
)  # fmt: skip
_PREFIXES = ("un", "in", "im", "non", "dis", "ir")
_PAIRS_JA = (
    ("以上", "以下"), ("以上", "未満"), ("以上", "以内"), ("以内", "以降"),
    ("以前", "以降"), ("以前", "以後"), ("前", "後"), ("最大", "最小"),
    ("最低", "最高"), ("最長", "最短"), ("可", "不可"),
    ("必要", "不要"), ("有効", "無効"), ("有料", "無料"), ("有給", "無給"),
    ("増加", "減少"), ("内", "外"), ("許可", "禁止"),
    ("開始", "終了"), ("上限", "下限"), ("含む", "除く"), ("含み", "除き"),
)  # fmt: skip
_NO_DENIAL = re.compile(
    r"な(?:けれ|くて)ば?(?:は)?な(?:らない|りません|らず|らぬ)|なければならな|ないといけ(?:ない|ません)|ざるを得(?:ない|ません)"
    r"|ねばなら(?:ない|ず)?|かもしれ(?:ない|ません)|違い(?:ない|ありません)|だけで(?:は)?な[くい]|のみならず|に(?:かか|関)わらず"
    r"|少な[いくか]|必ず|まず(?!に)|はず|わず[から]|なお|なか(?!っ)|ながら|なる|なり|なら(?!ない|ず)|なっ|な[のどす]"
)
"""What looks like a denial and is none: "must", "may be", "always", "few"."""
_DENIAL = re.compile(
    r"ない|なかっ|なく|なけれ|ません|ぬ(?=[。、]|$|場合|とき|者)|ず(?=に|、|。|$)|不可|禁止|不要|対象外|未(?!満|来)|不(?=[要可適能])"
    r"|無(?=効|料|給)"
)


def opposite_words(old: Sequence[str], new: Sequence[str]) -> bool:
    """Says whether stems that came in the place of others deny them or are their opposites."""
    left, right = [key for key in old if key not in new], [key for key in new if key not in old]
    odd = sum(key in _NEGATIONS for key in old) % 2 != sum(key in _NEGATIONS for key in new) % 2
    if odd and all(key in _NEGATIONS or key in _LIGHT for key in (*left, *right)):
        return True
    if odd and not new and old[-1] in _NEGATIONS:  # the denial right before the words that were taken over
        return True
    return any(
        frozenset((one, other)) in _PAIRS
        or any(one == prefix + other or other == prefix + one for prefix in _PREFIXES)
        for one in left
        for other in right
    )


def opposite_characters(old: str, new: str) -> bool:
    """Says whether Japanese words that came in the place of others are their opposites."""
    return any(_turned(one, other, old, new) or _turned(other, one, old, new) for one, other in _PAIRS_JA)


def _turned(one: str, other: str, old: str, new: str) -> bool:
    return one in old and other in new and other not in old and (one not in new or one in other)


def denials(text: str) -> int:
    """Returns how often a Japanese text denies something."""
    return len(_DENIAL.findall(_NO_DENIAL.sub("", text)))
