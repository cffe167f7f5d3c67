"""Names in a question that no document has: whoever asks about Contoso's leave where nobody writes of Contoso is not
answered with another company's.

Only what is surely a name counts: capitalised words amid a sentence (the first of several that stand together, so that
"Northwind Helth" is still Northwind, and "President Biden" a president). No abbreviation of up to five letters does,
which documents write out, and no month, place ("to Australia") or one of a kind ("a MacBook"), where rules hold that
name none of them. In Japanese these are Latin names, and what stands before 株式会社, 社, 氏 or さん. A name that is
nearly a word of the passages is that word, misspelt. Of a follow-up like "And on the moon?" what it asks about counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from corpus.language import fold
from corpus.types import Hit
from rag.prompts.prompting import is_japanese
from rag.words.civility import CIVILITY, WHO_ASKS
from rag.words.elsewhere import meant
from rag.words.japanese_places import PLACE_ASKED_FOR
from rag.words.periods import quarters
from rag.words.stopwords import STOP
from rag.words.terms import stems

Lacks = Callable[[Sequence[str]], frozenset[str]]
"""Words → those that no document has which the caller may read."""

MISSPELT = 0.8
"""Likeness (Ratcliff & Metzener 1988), in [0, 1], from which a name is another word, misspelt."""

_WORD = re.compile("[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f0-9'’&.-]*")
_AMID = re.compile(r"[\w,;:(\"“'‘][\s(\"“'‘]*\Z")
_SHORT = re.compile(r"[A-Z]{1,5}")
_ABBREVIATED = re.compile(r"[A-Z]{2,5}(?:['’]?s)?\b")
_SHORTENED = re.compile(r"[A-Z]{1,5}['’&]")
"""R&D, and I'm."""
_WHERE = re.compile(r"\b(?:in|into|to|from|near|via|within)\s+(?:the\s+)?\Z", re.IGNORECASE)
_ONE_OF = re.compile(r"\b(?:an?|such as)\s+\Z", re.IGNORECASE)
"""Before a place, and before one of a kind ("a Netflix subscription"): a rule for all holds there, too."""
_OF_PEOPLE = re.compile(
    r"(?:employees?|staff|managers?|directors?|officers?|engineers?|contractors?|customers?|users?|members?|office|site"
    r"|branch|subsidiary|team|department|company|policy|handbook|contract|manual|report)"
)
"""What belongs to whom is named before it."""
_AUXILIARY = re.compile(
    r"(?:do|does|did|can|could|will|would|is|are|was|were|has|have|had|should|may|must)", re.IGNORECASE
)
"""Behind "does a Samsung" comes a verb."""
WHEN = re.compile(
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|Christmas|Easter)"
)
"""Words with a capital that name a time: a rule holds then that does not name it."""
_OF_A_NAME = re.compile(
    r"(?:株式会社|有限会社|合同会社)(?P<after>[\u4e00-\u9fff々ァ-ヶー]{2,})"
    r"|(?P<before>(?<![ァ-ヶー])[ァ-ヶー]{2,}|[\u4e00-\u9fff々]{2,4})(?:株式会社|有限会社|合同会社|氏|(?<![長者員師客])(?<!新人)(?<!学生)さん)"
    r"(?![\u4e00-\u9fff])"
    r"|(?P<firm>(?<![ァ-ヶー])[ァ-ヶー]{2,})社(?![\u4e00-\u9fff])"
)
_MONTHS = re.compile(r"\b(?:three|six|nine|twelve) months\b")
"""A quarter named by its months: which one that is, its company's year tells."""
_MANY_NAMES = re.compile(
    r"United|U\.?[SK]|America|(?:Great )?Britain|England|米国|英国|欧州|ヨーロッパ|アメリカ|イギリス"
)
_AT_HOME = frozenset({"国内", "海外", "日本", "都内"})
"""Of these a document speaks without naming them."""

_ASIDE = re.compile(
    r"\W*(?:(?:and|or|but|so|what about|how about)\s+)?(?:in|on|at|for|with|from|to|about)\s+(?:the|an?)\s+"
    r"(?P<what>[a-z][a-z -]{2,}+)[?.!\s]*",
    re.IGNORECASE,
)


def strangers(question: str, hits: Sequence[Hit], lacks: Lacks, followup: str = "") -> frozenset[str]:
    """Returns the names of a question that no document has, nor the title or path of a hit; those that an entry such as
    "rest of" stands for (:mod:`rag.words.elsewhere`) are none.

    ``followup`` is the question as it was asked where ``question`` is what it was read as, else empty. In other
    languages than English and Japanese, told by the hits, capitals say nothing, and there are none.
    """
    if any(hit.language not in ("", "en", "ja") for hit in hits[:1]):
        return frozenset()
    asked = dict.fromkeys([*_names(question), *_asides(followup)])
    if not asked:
        return frozenset()
    shown = [f"{hit.context}\n{hit.text}\n{hit.title}\n{hit.source}" for hit in hits]
    there = frozenset().union(*map(stems, shown)) | meant(question, shown)
    asked = dict.fromkeys(name for name in asked if not stems(name) <= there)
    unknown = lacks([*asked]) if asked else frozenset()
    return frozenset(name for name in unknown if not _is_misspelt(name, there))


def unnamed(question: str, shown: Sequence[str], quoted: str = "") -> tuple[str, ...]:
    """Returns the names, places and quarters of a question that none of the texts has, as the question writes them.

    None of them is a place that an entry such as "rest of" stands for or that has several names, one of a kind ("a
    MacBook", "my MacBook"), a numbered one ("Section 4"), and what is nearly a word of the texts. Where what is
    ``quoted`` of them, with titles and paths, speaks of quarters, it counts alone.
    """
    there = frozenset().union(*map(stems, shown)) | meant(question, shown)
    names = [name for name, one_of, _ in _capitalised(question) if not (one_of or _is_kind(name, question))]
    if is_japanese(question):
        places = (place["name"] for place in PLACE_ASKED_FOR.finditer(question))
        names += [*_names(question), *(place for place in places if place not in _AT_HOME)]
    missing = [
        name
        for name in names
        if not (_MANY_NAMES.match(name) or stems(name) <= there or _is_misspelt(name, there))
    ]
    if not any(_MONTHS.search(fold(text)) for text in shown):
        told = {quarter for quarter, _ in quarters(quoted)}
        told = told or {quarter for text in shown for quarter, _ in quarters(text)}
        missing += [name for quarter, name in quarters(question) if quarter not in told]
    return tuple(dict.fromkeys(missing))


def _is_kind(name: str, question: str) -> bool:
    return (
        _SHORTENED.match(name) is not None
        or re.search(rf"\b(?:my|our|your)\s+{re.escape(name)}|{re.escape(name)}\s+\d", question) is not None
    )


def _is_misspelt(name: str, there: frozenset[str]) -> bool:
    return name[0] < "\u0250" and bool(get_close_matches(fold(name), there, 1, MISSPELT))


def of_a_kind(question: str, lacks: Lacks) -> frozenset[str]:
    """Returns the stems of names that no document has and need not: of "a Netflix subscription" the rule for
    subscriptions holds. "A Tesla" by itself is no kind that a rule is for, nor is "a Contoso director".
    """
    named = [name for name, one_of, _ in _capitalised(question) if one_of and _before_a_kind(question, name)]
    return frozenset().union(*map(stems, lacks(named))) if named else frozenset()


def _before_a_kind(question: str, name: str) -> bool:
    found = re.search(
        rf"(?P<before>\b\w+)?\s+(?:an?|such as)\s+{re.escape(name)}\s+(?P<kind>[a-z]{{3,}})", question
    )
    return (
        found is not None
        and found["kind"] not in STOP
        and not _OF_PEOPLE.fullmatch(found["kind"])
        and not _AUXILIARY.fullmatch(found["before"] or "")
    )


def _names(question: str) -> Iterator[str]:
    if is_japanese(question):
        yield from (next(filter(None, one.groups())) for one in _OF_A_NAME.finditer(question))
    yield from (name for name, one_of, where in _capitalised(question) if not (one_of or where))


def _capitalised(question: str) -> Iterator[tuple[str, bool, bool]]:
    """Yields what is surely a name by its capital, with whether it is one of a kind or may be a place."""
    question = WHO_ASKS.sub(". ", CIVILITY.sub(". ", question))
    words = list(_WORD.finditer(question))
    capitals = sum(word.group()[0].isupper() and not _ABBREVIATED.match(word.group()) for word in words[1:])
    japanese = is_japanese(question)
    if not japanese and capitals * 2 > len(words) - 1 > 0:  # a heading, or shouted
        return
    end = -1
    for word in words:
        begins = not japanese and _AMID.search(question[max(0, word.start() - 4) : word.start()]) is None
        if not word.group()[0].isupper() or begins:
            end = -1
            continue
        together, end = end >= 0 and question[end : word.start()] == " ", word.end()
        name = re.sub(r"['’]s?\Z", "", word.group()).rstrip(".-&")
        if together or len(name) < 3 or _SHORT.fullmatch(name) or re.search(r"\d", name):
            continue
        if name.lower() not in STOP and not WHEN.fullmatch(name):
            before, owns = question[: word.start()], name != word.group().rstrip(".-&")
            one_of, where = _ONE_OF.search(before), _WHERE.search(before)
            yield name, one_of is not None and not owns, where is not None and not owns


def _asides(followup: str) -> Iterator[str]:
    """Yields what a follow-up is about that asks the same of something else: the last word of it."""
    aside = _ASIDE.fullmatch(" ".join(followup.split()))
    if aside is not None:
        head = aside["what"].split()[-1]
        if len(head) > 3 and head.lower() not in STOP:
            yield head
