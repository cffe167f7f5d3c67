"""Whom a question is about: a passage gives way whose document is another's and nowhere mentions whom it names.

"What was Apple's cash flow?" is answered on Amazon's pages in nearly the same words, and the name is one word among
many to every leg: it stands in a third of the corpus. So where a proper name in the question (a word written large amid
the sentence) is in the title or file name of some candidates' documents and not of others', passages of those others
are lowered whose documents do not have the word at all. Such a word need not be a name: "the Leave of new staff" lowers
nothing of a handbook that speaks of leave anywhere. Of a word that the question writes small, or begins with ("apple
cash flow", "Apple's cash flow"), the documents say whether it is a name: they write it large amid their sentences.

Of a name that no candidate is called by, the first lines are looked at: a report's title may be "Form 10-Q".

Japanese has no capitals. There a name is what stands beside 株式会社 or the like, in the question or in a candidate's
title, or before 社. No other word in katakana is: メリット in a title lowered the very passages that were asked for,
which say it in another word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corpus.language import HAN, KATAKANA, fold
from corpus.patterns import pattern
from corpus.types import Bools
from rag.retrieval.naming import name_stems, without_suffix
from rag.words.stemming import stem
from rag.words.terms import terms

MOST_NAMES = 4
"""So many names of a question are looked for: the rarest."""

LEAST_LARGE = 3
LARGE_SHARE = 0.9
"""So many times, and in so large a share of its places amid a sentence, documents write a name large."""

COMMON = 1.0
"""Inverse document frequency below which lacking a name counts less: a company's own name in its own documents."""

_KIND = r"(?:株式会社|有限会社|合同会社|[(（][株有同][)）]|[㈱㈲])"
_NAME = rf"(?:[{KATAKANA}{HAN}A-Za-z]|(?<=[{KATAKANA}])・)"
_COMPANY = pattern(
    rf"{_KIND}\s?(?P<behind>{_NAME}{{2,40}})|(?P<before>(?:(?!{_KIND}){_NAME}){{2,40}})\s?{_KIND}"
    rf"|(?P<firm>[{KATAKANA}]{{2,40}}(?:・[{KATAKANA}]{{1,40}}){{0,4}})社(?![{HAN}])"
)
_ORDINARY = pattern(
    "設立|登記|解散|合併|変更|移行|上場|化|法人|法上|名義|名称|制度|形態|組織|代表|役員|社員|取締役|当該|各|公開|非公開"
    "|特例|外国|一般"
    "|(?:グループ|ベンダー|メーカー|ライバル|クライアント|サプライヤー|パートナー)$"
)
"""What is written beside 株式会社 or before 社 and is nobody's name: 株式会社設立, 上場株式会社, ベンダー社."""
_ARTICLES = "the|an?|this|that|these|those|our|your|its|their|my|his|her|each|every|any|no|such"
_FIRM = pattern(r"(?i)\b(?:inc|corp|corporation|co|ltd|llc|llp|plc|gmbh|ag|sa)\b\.?\s*$")
_EDITION = pattern(r"(?i)(?:\s+\(?(?:v(?:ersion)?\s?)?\d[\d./-]*\)?)+\s*$")
"""What stands behind a title: a year or a version."""
_HUMP = pattern("(?<=[a-z])(?=[A-Z])")
_SCRIPTS = [KATAKANA, HAN, "a-z"]


def names_in(query: str, documents: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Returns the stems of the proper names in a question → the words themselves, as they are looked for.

    Of letters alone: a period or a code says which edition or page is meant, not whom it is about.

    Args:
        query: the question.
        documents: the titles and paths of the candidates, which may say of a word that it is a Japanese company's name.
    """
    found = {
        term.stem: term.word
        for term in terms(query)
        if term.name and term.weight > 0 and len(term.stem) > 1 and term.stem.isalpha()
    }
    asked = fold(query)
    if asked.isascii():
        return found
    theirs = {name for title, source in documents for name in companies(f"{title}\n{_file(source)}")}
    named = [*companies(query), *(name for name in sorted(theirs) if _says(asked, name))]
    return found | {stem(name): name for name in named}


def unmarked(query: str, names: Collection[str], documents: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Returns the other words of a question, stem → word, that are in the title or file name of some of the documents
    and not of others: what is a name though nothing in the question marks it is among them.

    ``names``: the stems of those that are marked. ``documents``: the candidates' titles and paths.
    """
    found = {
        term.stem: term.word
        for term in terms(query)
        if term.weight > 0 and not term.name and term.word.isascii() and term.stem.isalpha()
    }
    found = {own: word for own, word in found.items() if len(own) > 2 and own not in names}
    return telling(found, [called(*one, found) for one in documents]) if found else {}


def is_written_large(word: str, texts: Iterable[str], titles: Iterable[str] = ()) -> bool:
    """Says whether English texts write a word as a name: nearly always large amid their sentences, and not once alone.

    It has to stand behind a small word that is no article or the like ("the Policy"); an ending such as "'s" makes no
    difference. ``titles`` are not read where they are written out, but a company's.
    """
    own = re.escape(bare(word))
    if not own:
        return False
    amid = re.compile(rf"\b(?!(?:{_ARTICLES}) )[a-z]+[,;]? ((?i:{own}))(?![^\W_])")
    named = (_EDITION.sub("", title).split() for title in titles if not _FIRM.search(title))
    whole = dict.fromkeys(r"\s+".join(map(re.escape, words)) for words in named if len(words) > 1)
    out = re.compile("|".join(whole), re.IGNORECASE) if whole else None
    written = [
        match[1][0].isupper()
        for text in texts
        for match in amid.finditer(out.sub(" ", text) if out else text)
    ]
    large: int = sum(written)
    return large >= LEAST_LARGE and large >= LARGE_SHARE * len(written)


def is_named(word: str, head: str) -> bool:
    """Says whether a document's first lines have a word written large, or a Japanese name within whatever word."""
    own = bare(word)
    if not own.isascii():
        return own in fold(head)
    return any(match[0][0].isupper() for match in re.finditer(rf"\b(?i:{re.escape(own)})(?![^\W_])", head))


@lru_cache(maxsize=8192)
def companies(text: str) -> tuple[str, ...]:
    """Returns the names of Japanese companies in a title, a file's name or a question, folded: what stands beside
    株式会社 or the like, up to the next character of another kind than katakana, Han and Latin, or before 社.
    """
    found = (next(filter(None, one.groups())) for one in _COMPANY.finditer(text))
    return tuple(fold(name.strip("・")) for name in found if not _ORDINARY.match(name))


def _says(text: str, name: str) -> bool:
    """Says whether a folded text has a name that goes on at neither end in the script it begins or ends with."""
    before, behind = (
        next((one for one in _SCRIPTS if re.match(f"[{one}]", letter)), "\n")
        for letter in (name[0], name[-1])
    )
    return re.search(f"(?<![{before}]){re.escape(name)}(?![{behind}])", text) is not None


def called(title: str, source: str, names: Collection[str]) -> frozenset[str]:
    """Returns which of the names, by their stems, stand in a document's title or file name; Japanese ones may stand
    within a longer word.
    """
    own = _words(title, source)
    found = [name for name in names if name in own]
    if japanese := [name for name in names if not name.isascii()]:
        written = fold(f"{title}\n{_file(source)}")
        found += [name for name in japanese if name in written]
    return frozenset(found)


@lru_cache(maxsize=8192)
def _words(title: str, source: str) -> frozenset[str]:
    """Returns the stems in a title and a file name; words written as one (HealthPlan) are read apart, too."""
    both = title, _file(source)
    return frozenset().union(*(name_stems(one) | name_stems(_HUMP.sub(" ", one)) for one in both))


def bare(word: str) -> str:
    """Returns a word without an ending such as "'s"."""
    return re.split("['’]", word)[0]


def spaced(source: str) -> str:
    """Returns a file's name as it is said: "travel-policy.pdf" is "travel policy"."""
    return re.sub(r"[-_.\s]+", " ", _file(source)).strip()


def _file(source: str) -> str:
    return without_suffix(source).rpartition("/")[2]


def telling(names: Mapping[str, str], documents: Sequence[Set[str]]) -> dict[str, str]:
    """Returns the names that some of the documents are called by (:func:`called`) and others are not."""
    return {
        stem: word
        for stem, word in names.items()
        if 0 < sum(stem in one for one in documents) < len(documents)
    }


def rarest(names: Mapping[str, str], rarity: Mapping[str, float]) -> dict[str, str]:
    """Returns the :data:`MOST_NAMES` rarest of the names, in their order."""
    kept = sorted(names, key=lambda stem: -rarity.get(names[stem], 1.0))[:MOST_NAMES]
    return {stem: word for stem, word in names.items() if stem in kept}


def lacking(
    names: Mapping[str, str],
    documents: Sequence[Set[str]],
    mentioned: Bools,
    rarity: Mapping[str, float],
) -> NDArray[np.float64]:
    """Returns which share of the names, by rarity, each passage lacks beyond the one that lacks least, shape (n,), in
    [0, 1].

    Args:
        names: the telling ones, stem → word.
        documents: what each passage's document is called, n of them.
        mentioned: shape (n, names): whether a passage's document has the word anywhere.
        rarity: word → its inverse document frequency; 1 where it is not known.
    """
    if not len(documents):
        return np.zeros(0)
    weights = np.array([rarity.get(word, 1.0) for word in names.values()])
    own = np.array([[stem in one for stem in names] for one in documents], np.bool_)
    lacks = np.where(own | mentioned, 0.0, weights).sum(axis=1) / max(weights.sum(), COMMON)
    beyond: NDArray[np.float64] = lacks - lacks.min()
    return beyond
