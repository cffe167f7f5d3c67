"""The few words of a sentence that answer a question by themselves: a date, an amount, a duration, a count, a person.

Typed by the question, in English and Japanese; nothing where the sentence holds none of the kind, or several and
nothing tells which is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from corpus.language import fold
from rag.reading.clues import IN_MONEY
from rag.reading.units import Unit
from rag.words.figures import Figure, figures, same
from rag.words.offices import holds, office_asked_for
from rag.words.stemming import stem
from rag.words.stopwords import STOP
from rag.words.terms import stems, terms, weights

NEAR_CHARS = 60
"""How far, in code points, a word of the question may stand from a figure to speak for it."""


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


def exact(question: str, unit: Unit) -> str | None:
    """Returns the words of a unit's text that answer the question, as they stand there; None when that is not clear."""
    asked = fold(question)
    sent = _SENT.match(unit.text)
    for asks, find in _KINDS:
        match = asks.search(asked)
        if match is None:
            continue
        spans = [
            one
            for one in find(unit.text, match)
            if one.start >= (sent.end() if sent else 0)
            and not _is_asked(unit.text[one.start : one.end], question)
        ]
        if limit := _LIMIT.search(asked):
            spans = [one for one in spans if unit.text[one.start : one.end].endswith(limit[1])] or spans
        if _HOW_LONG_BEFORE.search(asked):
            spans = [one for one in spans if _BEFORE.search(unit.text[one.start : one.end + _BEHIND])]
        if find is not _people and not _ASKS_WHEN_TRUE.search(asked):
            spans = [one for one in spans if not _is_condition(unit.text, one)]
        if find is _people:  # who somebody reports to is not that somebody, "of Contoso" or not
            spans = [one for one in spans if not _is_named(unit.text[one.start : one.end], question)]
        if find is _people and (office := office_asked_for(question)) is not None:
            if _HELD_BEFORE.search(asked):  # who holds it is another
                return None
            spans = [one for one in spans if holds(unit.text[one.start : one.end], unit.text, office)]
        if find is _people and len(spans) > 1:  # whom a sentence means, the words nearby do not tell
            return None
        if not (unit.row and unit.header):
            chosen = _nearest(question, unit.text, spans)
        else:
            chosen = _cell(question, unit, spans)
            if find not in (_people, _codes, _when) and (named := _named_cell(question, unit)) is not None:
                chosen = named
        return unit.text[chosen.start : chosen.end].strip() if chosen else None
    return None


_SENT = re.compile(r"[^\n:()]{0,80} \(\d{4}-\d\d-\d\d \d\d:\d\d(?: UTC)?\): ")
"""Who sent a message and when, as chats are read: "moves on Monday" is not answered by the day that it was sent."""
_HOW_LONG_BEFORE = re.compile(r"\bhow (?:long|soon|early|many \w+)(?: \w+)? (?:before|in advance|ahead)\b")
_BEFORE, _BEHIND = re.compile(r"\b(?:before|in advance|ahead|earlier|prior)\b", re.IGNORECASE), 12
"""What tells how long before, within so many code points behind a length."""
_ASKS_WHEN_TRUE = re.compile(
    r"\b(?:after|from|until|under|over|before|condition|eligible|qualify|need to|require\w*|threshold)\b"
    r"|\b(?:when|must|ha(?:ve|s) to|leads? to|it takes?|how (?:often|soon|early|late|old))\b"
    r"|以上|以下|超|未満|以内|から|条件|必要|対象|いつ|ごと|何歳|何[^。、?]{1,8}(?:と|たら|だら|[えけせてねべめれげ]ば|で(?!す|しょ))"
)
_HELD_BEFORE = re.compile(
    r"\b(?:before|previous(?:ly)?|former(?:ly)?|predecessor|until)\b|以前|前任|[先前]の"
)
_IF = re.compile(r"\W{0,20}+(?:after|if|when|where|once|unless)\b", re.IGNORECASE)
_THEN = re.compile(
    r"\s(?:you|we|they|he|she|it|employees|staff|(?:the|a|an|your|our|their) [\w-]+(?: [\w-]+)?)"
    r" (?:may|can|must|will|shall|are|is|have|has|gets?|receives?)\b"
)
_RULE = re.compile(
    r",\s+(?:(?:the|a|an|your|our|their|you|we|they|he|she|it|all|each|every|there|only|up|at|employees|staff)\b|\Z)",
    re.IGNORECASE,
)
"""Where the rule itself begins: "When you travel, a hotel of £185 …"; not in "After maternity, adoption or …"."""
_IF_JA = re.compile(
    r"(?!で(?!あ|な|き)|だ|です)(?:(?!だが|るが|すが|とし|であり)[^。、|(（]){0,14}(?:場合|とき|際)[はにも、]+."
)
"""What a figure leads to: "3日を超えるときは"; in "1万円で東京の場合は" it is a rule of its own."""


def _is_condition(text: str, span: _Span) -> bool:
    """Says whether a figure only tells when something holds: "After more than 26 weeks you may …", 3日を超えるとき."""
    first = max(text.rfind(mark, 0, span.start) for mark in (". ", "; ", "。", "\n")) + 1
    if opened := _IF.match(text, first):
        subject = _THEN.match(text, opened.end())  # "If you are …"
        at = subject.end() if subject else opened.end()
        if _RULE.search(text[at : span.start]) or _THEN.search(text, at, span.start):
            return False  # the rule itself has begun
        return _THEN.search(text, span.end) is not None
    return _IF_JA.match(text, span.end) is not None


def _is_asked(text: str, question: str) -> bool:
    """Says whether the question names it already."""
    if fold(text) in fold(question):
        return True
    own = figures(text)
    return bool(own) and all(any(same(one, other) for other in figures(question)) for one in own)


def _is_named(person: str, question: str) -> bool:
    """Says whether the question has all words of who somebody is, whatever they are the head of."""
    own = {term.stem for term in terms(re.split(r"\sof\s", person)[0]) if term.weight > 0}
    return len(own) > 1 and own <= stems(question)


# ---- which of several -----------------------------------------------------------------------------


def _nearest(question: str, text: str, spans: Sequence[_Span]) -> _Span | None:
    """Returns the only span, or the one that clearly most of the question's words stand near."""
    if len({fold(text[one.start : one.end]) for one in spans}) == 1:
        return spans[0]
    wanted = weights(question)
    scored = []
    for one in spans:
        before, after = text[max(0, one.start - NEAR_CHARS) : one.start], text[one.end : one.end + NEAR_CHARS]
        # A clause ends what speaks for a figure.
        near = re.split(r"[;；。、，]|, ", before)[-1] + "\n" + re.split(r"[;；。、，]|, ", after)[0]
        scored.append((sum(wanted.get(word, 0.0) for word in stems(near)), one))
    scored.sort(key=lambda pair: -pair[0])
    if len(scored) > 1 and scored[0][0] >= 1.5 * scored[1][0] and scored[0][0] > 0:
        return scored[0][1]
    return None


def _cell(question: str, unit: Unit, spans: Sequence[_Span]) -> _Span | None:
    """Returns the span in the column whose header shares most with the question; the only one where there is one."""
    if len(spans) <= 1:
        return spans[0] if spans else None
    wanted = weights(question)
    columns = [sum(wanted.get(s, 0.0) for s in stems(cell)) for cell in unit.header.strip("| ").split("|")]
    shift = len(unit.text) - len(unit.text.lstrip("| "))
    scored = []
    for one in spans:
        at = unit.text.count("|", shift, one.start)
        scored.append((columns[at] if at < len(columns) else 0.0, one))
    scored.sort(key=lambda pair: -pair[0])
    return scored[0][1] if scored[0][0] > scored[1][0] else None


def _named_cell(question: str, unit: Unit) -> _Span | None:
    """Returns the cell, with a figure, of the one column whose name the question says, its unit aside: "720" of
    "Revenue (€ thousand)"; None where it says none, or several. What the first column names the row is found by.
    """
    wanted = weights(question)
    shares = [sum(wanted.get(s, 0.0) for s in stems(cell)) for cell in unit.header.strip("| ").split("|")]
    best = max(shares[1:], default=0.0)
    start = len(unit.text) - len(unit.text.lstrip("| "))
    cells = unit.text[start:].split("|")
    if best < _CONTENT or shares[1:].count(best) > 1 or len(cells) != len(shares):
        return None
    at = shares.index(best, 1)
    if _ASKS_A_PRICE.search(fold(question)) and not _is_its_price(question, unit, at):
        return None
    start += sum(len(cell) + 1 for cell in cells[:at])
    return _Span(start, start + len(cells[at])) if re.search(r"\d", cells[at]) else None


def _is_its_price(question: str, unit: Unit, at: int) -> bool:
    """Says whether a column is what a question about a price asks for, and not how much that rose: "Cost centre" is
    another thing than what something costs.
    """
    header = fold(unit.header.strip("| ").split("|")[at])
    named = IN_MONEY.search(header) is not None or stems(header) <= stems(question)
    return named and _RISE.search(fold(question)) is None


_CONTENT = 0.5
"""Least weight of a word of a column's name that the question must say."""
_ASKS_A_PRICE = re.compile(r"\b(?:costs?|prices?|fees?)\b|価格|料金|費用")
_RISE = re.compile(
    r"\bhow much\b.*\b(?:rise|rose|risen|increase[ds]?|go(?:ne)? (?:up|down)|chang\w+|f[ae]ll|drop\w*)\b"
    r"|(?:値上|値下|上が|下が|変わ|変更)"
)


# ---- kinds ------------------------------------------------------------------------------------------

_Find = Callable[[str, re.Match[str]], Iterator[_Span]]


def _of(*tests: Callable[[Figure], bool]) -> _Find:
    """Returns a finder of the figures that pass the first of the tests that any of them passes."""

    def find(text: str, match: re.Match[str]) -> Iterator[_Span]:
        for test in tests:
            if good := list(_ranges(text, test)):
                yield from good
                return

    return find


def _ranges(text: str, test: Callable[[Figure], bool]) -> Iterator[_Span]:
    """Yields the figures that pass a test, with what limits them ("up to", 以内); "10 to 12 days" is one, and one that
    only says again what stands before it (1876年（明治9年）) is left out.
    """
    found = figures(text)
    at = 0
    before: Figure | None = None
    while at < len(found):
        first = last = at
        while last + 1 < len(found) and _TO.fullmatch(text[found[last].end : found[last + 1].start]):
            last += 1
        good = next((one for one in found[first : last + 1] if test(one)), None)
        if good is not None and not (before is not None and same(before, good)):
            start, end = found[first].start, found[last].end
            lead, tail = _LEAD.search(text[:start]), _TAIL.match(text[end:])
            if lead and lead.group().lower() == "by " and good.kind not in ("date", "time"):
                lead = None  # "approved by 61 airlines"
            yield _Span(lead.start() if lead else start, end + (tail.end() if tail else 0))
            before = good
        at = last + 1


_TO = re.compile(r"\s*(?:to|of|and|until|-|–|—|~|〜|～|から|より)\s*", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:\b(?:up to|at least|at most|within|about|more than|less than|over|under|every|after|before|by)\s"
    r"|約|およそ|最大|最低)\Z",
    re.I,
)
_TAIL = re.compile(
    r"代|弱|強|以内|以上|以下|未満|まで|前まで|ごと|前|後|間|頃|\s(?:or more|before|after|in advance|ahead|old)\b"
)


_LIMIT = re.compile(r"何(?:か月間?|[^\W\d_ぁ-ん]{1,3})(まで|以内|以上|以下|未満|前|後)")
"""何日まで asks for the figure that ends in まで, whatever others its sentence has."""


def _is_length(one: Figure) -> bool:
    return one.kind == "measure" and one.unit in ("s", "month", "night")


_dates = _of(
    lambda f: f.kind == "date" and f.value[:4].isdecimal(),
    lambda f: f.kind == "date",
    lambda f: f.kind == "time",
)


def _when(text: str, match: re.Match[str]) -> Iterator[_Span]:
    """Yields the dates and times, else the lengths that something happens within, after or before: 10日以内, but not
    the 12日 of leave that somebody gets.
    """
    yield from list(_dates(text, match)) or (
        one for one in _of(_is_length)(text, match) if _FROM_THEN.search(text, one.start, one.end + 4)
    )


_FROM_THEN = re.compile(
    r"\b(?:within|after|before|by|every|in advance|ahead|about|at least|more than|over)\b"
    r"|以内|まで|前|後|ごと|以上|以降|過ぎ|超|経",
    re.IGNORECASE,
)


def _counts(text: str, match: re.Match[str]) -> Iterator[_Span]:
    """Yields the figures that count what is asked for: "how many days" and "how many annual leave days" want days,
    何人 people.
    """
    # "46 spaces, six of them with chargers": which is counted, its words do not tell
    if _PART_OF.search(text):
        return
    nouns = [group for group in match.groups() if group]
    told = list(_ranges(text, lambda one: one.kind == "number" and _next_stem(text, one) == stem(nouns[0])))
    if told:  # "15 tickets take days": the next words of the question need not belong to its noun
        yield from told
        return
    measured = (figures(f"2 {noun}" if noun.isascii() else f"2{noun}") for noun in nouns)
    if unit := next((found[0].unit for found in measured if found and found[0].unit), ""):
        yield from _ranges(text, lambda one: one.unit == unit)
        return
    beside = _ranges(
        text, lambda one: one.kind == "number" and stem(nouns[0]) in stems(text[one.end : one.end + 30])
    )
    yield from list(beside) or _ranges(text, lambda one: one.kind == "number" and not _is_enclosed(text, one))


_PART_OF = re.compile(r"\bof (?:them|which|whom|these|those)\b|(?<=[\u3400-\u9fff])のうち")


def _next_stem(text: str, one: Figure) -> str:
    """Returns the stem of the word right behind a figure, "" where there is none."""
    word = re.match(r"\s*(\w+)", text[one.end :])
    return stem(fold(word[1])) if word else ""


def _is_enclosed(text: str, one: Figure) -> bool:
    """Says whether a number stands in brackets by itself, as a reference or a note's does."""
    return text[one.start - 1 : one.start] in ("(", "[") and text[one.end : one.end + 1] in (")", "]")


def _year(text: str, match: re.Match[str]) -> Iterator[_Span]:
    """Yields the years alone."""
    for one in figures(text):
        if one.kind == "date" and (year := _YEAR.search(one.text)) and one.value[:4].isdecimal():
            tail = _TAIL.match(text[one.start + year.end() :])
            yield _Span(one.start + year.start(), one.start + year.end() + (tail.end() if tail else 0))


_YEAR = re.compile(r"(?:19|20|1[0-8])\d\d(?:年度?)?|(?:明治|大正|昭和|平成|令和)\w{1,3}年度?")


def _people(text: str, match: re.Match[str]) -> Iterator[_Span]:
    found = [_Span(*one.span()) for one in _PERSON_JA.finditer(text)]
    named = [one.end() for one in _NAMES.finditer(text)]
    for one in _ROLE.finditer(text):
        if one.start() - 2 in named and text[one.start() - 2 : one.start()] == ", ":
            continue  # "Jana Novotna, head of sales" is one person
        lead = re.match(
            r"(?:by|to|from|with|of|at|in|for|and|or|is|are|was|were)\s", one.group(), re.IGNORECASE
        )
        found.append(_Span(one.start() + (lead.end() if lead else 0), one.end()))
    found += [
        _Span(*one.span())
        for one in _NAMES.finditer(text)
        if not any(own.start <= one.start() < own.end for own in found)
        and not all(word.lower() in STOP for word in one.group().split())
        and not _ONE_OF_MANY.search(text[: one.start()])
    ]
    yield from found


_ROLE = re.compile(
    r"(?:\b(?i:the|your|their|our|a)\s)?\b(?:[a-zA-Z]+(?:-[a-z]+)?\s){0,2}?"
    r"(?:(?i:manager|director|officer|head|team|department|board|committee|supervisor|president|desk|lead)\b\s?)+(?<!\s)"
    r"(?: of (?:[A-Z]\w+(?: and)? ?)+(?<! ))?"
)
_ONE_OF_MANY = re.compile(r"\ban?\s+\Z", re.IGNORECASE)
"""No person's name stands behind it: "A Short History of …"."""
_NAMES = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_PERSON_JA = re.compile(
    r"[\u3400-\u9fff々ァ-ヶーA-Z]{1,12}(?:部長|課長|係長|社長|室長|所長|主任|責任者|担当者?|委員会|取締役|さん|氏)"
    r"|[ァ-ヶー\u3400-\u9fff]{0,20}(?:管理|営業|人事|経理|総務|技術|品質|情報|製造|開発|購買|法務|財務|企画|サービス)[部課室]"
)


def _codes(text: str, match: re.Match[str]) -> Iterator[_Span]:
    yield from (_Span(one.start, one.end) for one in figures(text) if one.kind == "code")


_KINDS: Sequence[tuple[re.Pattern[str], _Find]] = (
    (re.compile(r"\bhow long\b|(?:どの|どれ)くらいの期間|何(?:日間|年間|週間|か月|ヶ月|カ月|ヵ月|時間|分間?|秒)"),
     _of(_is_length)),
    (re.compile(r"\b(?:what|which) (?:percentage|percent|share)\b|何(?:パーセント|%|割)|割合は"),
     _of(lambda f: f.kind == "percent")),
    (re.compile(r"\bhow (?:much|expensive)\b|\bwhat (?:does|do|is|are) .{0,200}\b(?:cost|price|fee)s?\b"
                r"|いくら|何円|金額は|料金は"),
     _of(lambda f: f.kind == "money", lambda f: f.kind == "percent")),
    (re.compile(r"\bwhat time\b|何時(?!間)"), _of(lambda f: f.kind == "time")),
    (re.compile(r"\bhow many (\w+)(?: ([a-z]{4,}))?(?: ([a-z]{4,}))?\b"
                r"|何([人名回件個台本枚冊歳度倍日泊点社種])"), _counts),
    (re.compile(r"\bhow (?:often|old|far|large|big|high|deep|fast|heavy|warm|cold|hot|late|early)\b"
                r"|(?:どの|どれ)くらい"),
     _of(lambda f: f.kind == "measure" and f.unit not in "条項章節", lambda f: f.kind in ("percent", "number"))),
    (re.compile(r"\b(?:what|which) year\b|(?:西暦)?何年(?!間)"), _year),
    (re.compile(r"^\W*(?:(?:and|so|until|till|since|by|from) )?when\b"
                r"|\b(?:what|which) (?:date|day|month|year)\b|\bdeadline\b|いつ|何[年月]|期限は|締切"),
     _when),
    (re.compile(r"\bwho(?:m|se)?\b|誰|だれ|どなた"), _people),
    (re.compile(r"\bwhich (?:model|product|device|instrument|logger|form|code|version|number|document|standard)\b"
                r"|どの(?:機種|製品|型|様式)|何番"), _codes),
)  # fmt: skip
"""What a question asks for, most specific first, and what finds it."""
