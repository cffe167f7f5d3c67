"""What two editions of a document say otherwise of the same matter, laid beside each other by program.

A statement of the newer edition goes with the one of the older that stands under the same heading and has most words in
common with it, or nearly the same words anywhere. Where the newer edition lists its changes in a table of its own (its
columns are two periods or versions), its rows are changes, too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpus.language import fold
from rag.prompts.prompting import ReadPassage
from rag.reading.clues import documents_of, is_of_history
from rag.reading.units import ASKS, Unit, cut
from rag.words.changes import change_asked_for
from rag.words.editions import edition_name, editions_of, is_of_a_time, periods_of, spaced_out
from rag.words.opposites import denials
from rag.words.terms import coverage, numbers, stems, weights

_CONTENT = 0.3
"""Least weight of a word of which two statements that say the same have both."""
_UNDER_ONE_HEADING, _ANYWHERE, _ROWS, _MIXED = 0.25, 0.55, 0.5, 0.35
"""Least share of common words of two statements that are about the same matter; of two rows, of their first cells; of
a row and a sentence."""
_MOST_APART = 400
"""So many statements of each edition are compared whatever they stand under; of more, those under one heading alone."""
_OF_IT = 0.5
"""Least share of the words asked about that a change must have, with what it stands under."""
_UNCHANGED = 0.1
"""How much more to the point what is the same must be to stand before what differs."""
_NEARLY = 0.75
"""How much of the best share others must have to be told, too."""

_HEADING = re.compile(
    r"(?:(?<!#)#+\s*)?(?:第\s?[\d一二三四五六七八九十百]+\s?[章条節項]|(?<!§)§+\s?[\d.]+|\d{1,2}(?:\.\d{1,2})*[.)]?(?=\s))"
)
_LONGEST_HEADING = 60
_ENDS = re.compile(r"[.。!?！？:：;；、,]\s*\Z")
_OF_ITSELF = re.compile(
    r"\b(?:effective|version|supersed\w+|replac\w+|in force|published|issued|last (?:updated|revised)|history|document"
    r"|owner|status|classification|(?:comes?|came) into force|are paid under version)\b"
    r"|施行|第\s?\d+版|文書番号|所管|区分 \||状態 \|"
)
"""What an edition says of itself: when it came, and which one it replaces."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What editions say of one matter: the newer one's statement and the older one's; or one statement, a row of an
    edition's own table of changes, or (``only``) of what no word stands in the other edition.

    ``same``: both say the same. ``share``: the weighted share, in [0, 1], of the words asked about in it.
    """

    units: tuple[Unit, ...]
    same: bool = False
    only: bool = False
    share: float = 0.0

    @property
    def listed(self) -> bool:
        """Whether it is a row of an edition's own table of changes."""
        return len(self.units) == 1 and not self.only


@dataclass(frozen=True, slots=True)
class _Said:
    unit: Unit
    heading: frozenset[str]
    words: Mapping[str, float]
    order: int

    @property
    def about(self) -> frozenset[str]:
        return self.unit.stems | self.heading | stems(f"{self.unit.header}\n{self.unit.lead}")


def changes(
    topic: Mapping[str, float], newer: Sequence[ReadPassage], older: Sequence[ReadPassage]
) -> list[Changed]:
    """Returns what two editions say of the words asked about, most to the point first, what differs before what is the
    same; of all matters, in the order of the newer edition, where the topic is empty. Passages are in reading order.
    """
    mine, theirs = _said(newer), _said(older)
    listed = [one for one in mine if _lists_changes(one.unit)]
    rows = {id(one) for one in listed}
    pairs = _paired([one for one in mine if id(one) not in rows], theirs)
    found: list[tuple[tuple[_Said, ...], Changed]] = [((one,), Changed((one.unit,))) for one in listed]
    found += [(pair, Changed((pair[0].unit, pair[1].unit), _say_the_same(*pair))) for pair in pairs]
    if not topic:
        differing = [(said[0].order, one) for said, one in found if not one.same]
        differing.sort(key=lambda each: (not each[1].listed, not _in_figures(each[1]), each[0]))
        return [one for _, one in differing]
    known = [frozenset[str]().union(*(one.about for one in side)) for side in (mine, theirs)]
    topic = _meaning(topic, known[0] | known[1])
    paired = {id(one) for said, _ in found for one in said}
    for side, others in ((mine, known[1]), (theirs, known[0])):
        found += [
            ((one,), Changed((one.unit,), only=True))
            for one in side
            if id(one) not in paired and not _told(topic, one.about) & _told(topic, others)
        ]
    shares = [
        (sum(coverage(topic, _told(topic, one.about)) for one in said) / len(said), said[0].order, one)
        for said, one in found
    ]
    best = max((share for share, _, _ in shares), default=0.0)
    kept = [each for each in shares if each[0] >= max(_OF_IT, _NEARLY * best)]
    kept.sort(key=lambda each: (-each[0] + _UNCHANGED * each[2].same, not each[2].listed, each[1]))
    return [replace(one, share=share) for share, _, one in kept]


def changes_shown(question: str, passages: Sequence[ReadPassage]) -> tuple[list[Changed], dict[int, str]]:
    """Returns the changes that a question asks for, those to be shown, between the first passage's document and another
    edition of it among the passages, and by its marker which edition a passage is of ("2025"); nothing where it asks
    for none or there is none.
    """
    change = change_asked_for(question)
    if change is None or not passages:
        return [], {}
    documents = documents_of(passages)
    family = editions_of(documents, 0)
    works = [documents[at] for at in family]
    mine = documents[0]
    other = next((one for one in documents if one != mine and one in works), None)
    if is_of_a_time(*mine):
        return [], {}
    if change.then and edition_name(*(other if other and works[-1] == other else mine)) not in change.periods:
        return [], {}
    pair = [one for one in works if one in (mine, other)]  # oldest first
    newer, older = (
        [passage for passage, of in zip(passages, documents, strict=True) if of == one]
        for one in (pair[-1], other if pair[-1] == mine else mine)
    )
    topic = change.topic(stems(spaced_out(" ".join(" ".join(one) for one in pair))))
    told = changes(topic, newer, older)
    told = [one for one in told if not one.only] or (told if other else [])
    return to_show(told, topic), {
        passage.marker: edition_name(*of) for passage, of in zip(passages, documents, strict=True)
    }


def to_show(told: Sequence[Changed], topic: Mapping[str, float]) -> list[Changed]:
    """Returns those of some changes, most to the point first, that are shown."""
    listed = [one for one in told if one.listed]
    if not topic and len(listed) >= _A_LIST:
        return listed[:_MOST_LISTED]
    if told and told[0].same:
        return [*told[:1]]
    return [one for one in told if not one.same][: _MOST_OF_IT if topic else _MOST_OF_ALL]


_MOST_OF_IT, _MOST_OF_ALL, _A_LIST, _MOST_LISTED = 4, 6, 3, 8
"""So many changes are shown of what is asked about, and of all; where the newer edition lists as many as the third
itself, that list alone, so long."""


def _meaning(topic: Mapping[str, float], known: frozenset[str]) -> dict[str, float]:
    """Returns the words asked about without the pairs of characters that only straddle two words: 限日 of 上限日数
    stands in neither edition, 日数 does.
    """

    def straddles(word: str) -> bool:
        before = [one for one in topic if one[-1] == word[0]]
        behind = [one for one in topic if one[0] == word[-1]]
        return bool(before and behind) and not known.isdisjoint([*before, *behind])

    return {
        word: weight
        for word, weight in topic.items()
        if word in known or word.isascii() or not straddles(word)
    }


def _told(topic: Mapping[str, float], about: frozenset[str]) -> frozenset[str]:
    """Returns which of the words asked about some words tell: "mileage" is told by "a mile", too."""
    kin = (
        word for word in topic.keys() - about if word.isascii() and any(_are_kin(word, one) for one in about)
    )
    return frozenset((topic.keys() & about) | {*kin})


def _are_kin(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= _KIN and len(long) - len(short) <= _KIN_ENDS and long.startswith(short)


_KIN, _KIN_ENDS = 4, 2
"""Least length, in letters, of a stem that makes a longer one its kin, and how much longer that may be."""


def _said(passages: Sequence[ReadPassage]) -> list[_Said]:
    """Returns the statements of some passages, each with the words of its heading."""
    found: list[_Said] = []
    for order, passage in enumerate(passages):
        heading = passage.context.partition("\n")[0].rpartition(" > ")[2]
        for at, unit in enumerate(cut(order, passage)):
            text = unit.text.strip()
            if _is_heading(unit, at):
                heading = text
            elif not (
                unit.label
                or ASKS.search(text)
                or _OF_ITSELF.search(fold(text))
                or is_of_history(heading, unit.header)
            ):
                own = _HEADING.sub(" ", heading, count=1)
                words = {word: weight for word, weight in weights(unit.text).items() if weight > 0.1}
                found.append(_Said(unit, frozenset(weights(own)), words, len(found)))
    return found


def _is_heading(unit: Unit, at: int) -> bool:
    text = unit.text.strip()
    if unit.row or unit.item or len(text) > _LONGEST_HEADING or _ENDS.search(text):
        return False
    return at == 0 or _HEADING.match(text) is not None


def _lists_changes(unit: Unit) -> bool:
    """Says whether a row stands in a table whose columns are two periods or versions."""
    cells = [periods_of(spaced_out(cell)) for cell in unit.header.strip("| ").split("|")]
    told = [cell for cell in cells if cell]
    return unit.row and len(cells) > 2 and not cells[0] and len(told) > 1 and len({*told}) == len(told)


def _paired(mine: Sequence[_Said], theirs: Sequence[_Said]) -> list[tuple[_Said, _Said]]:
    """Returns which statements of two editions are about the same matter, each once, the closest first."""
    under: dict[str, list[_Said]] = defaultdict(list)
    for other in theirs:
        for word in other.heading:
            under[word].append(other)
    far = max(len(mine), len(theirs)) <= _MOST_APART
    near: list[tuple[float, int, int]] = []
    for one in mine:
        beside = {id(other) for word in one.heading for other in under.get(word, ())}
        for at, other in enumerate(theirs):
            if not (far or id(other) in beside):
                continue
            heading = _in_common(dict.fromkeys(one.heading, 1.0), dict.fromkeys(other.heading, 1.0))
            close = _closeness(one, other)
            least = _UNDER_ONE_HEADING if heading >= 0.5 else _ANYWHERE
            if one.unit.row != other.unit.row:
                least = max(least, _MIXED)
            if close >= (max(least, _ROWS) if one.unit.row and other.unit.row else least):
                near.append((close + 0.3 * heading, -one.order, -at))
    near.sort(reverse=True)
    by_order = {one.order: one for one in mine}
    used: tuple[set[int], set[int]] = (set(), set())
    found = []
    for _, own, its in near:
        if own not in used[0] and its not in used[1]:
            used[0].add(own)
            used[1].add(its)
            found.append((by_order[-own], theirs[-its]))
    return found


def _closeness(one: _Said, other: _Said) -> float:
    """Returns the share of common words, in [0, 1]: of rows by their first cells, figures aside."""
    if not (one.unit.row and other.unit.row):
        return _in_common(_plain(one.words), _plain(other.words))
    mine, theirs = (fold(each.unit.text).strip("| ").partition("|")[0].strip() for each in (one, other))
    if mine == theirs:
        return 1.0
    return _in_common(_plain(weights(mine)), _plain(weights(theirs)))


def _plain(words: Mapping[str, float]) -> dict[str, float]:
    return {word: weight for word, weight in words.items() if not any(map(str.isdigit, word))}


def _in_common(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    total = sum(one.values()) + sum(other.values())
    return (
        sum(weight + other[word] for word, weight in one.items() if word in other) / total if total else 0.0
    )


def _say_the_same(one: _Said, other: _Said) -> bool:
    """Says whether neither has a figure, a denial or a word of content of its own: directors are not directors and
    heads of department.
    """
    mine, theirs = one.unit.text, other.unit.text
    if fold(mine) == fold(theirs):
        return True
    return (
        numbers(mine) == numbers(theirs)
        and _denials(mine) % 2 == _denials(theirs) % 2
        and _of_content(mine) == _of_content(theirs)
    )


def _of_content(text: str) -> frozenset[str]:
    """Returns the words of content; a comma in Japanese parts none."""
    return frozenset(word for word, weight in weights(text.replace("、", "")).items() if weight >= _CONTENT)


def _denials(text: str) -> int:
    return denials(fold(text)) + len(_NOT.findall(text))


_NOT = re.compile(r"\b(?:not|no|never|without|cannot|nobody|none|nor)\b|n['’]t\b", re.IGNORECASE)


def _in_figures(one: Changed) -> bool:
    return len({numbers(unit.text) for unit in one.units}) > 1
