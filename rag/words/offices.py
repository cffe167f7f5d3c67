"""Who holds an office, as a sentence names them: "Our CEO, Jane Doe, …", "Jane Doe is the CEO.", 社長：佐藤氏.

Strict, since a wrong person is worse than none: whoever only stands near an office does not hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from corpus.language import fold

_OFFICE = (
    r"(?:c[a-z]o|chief(?: [a-z]+){1,3}? officer|(?:managing|general) (?:director|manager)|vice president"
    r"|chief|director|manager|head|officer|president|chair(?:man|woman|person)?|chancellor|secretary|minister"
    r"|principal|dean|founder|owner|lead|leader|supervisor|commissioner|treasurer|editor)"
)
_THE = r"(?:the|our|your|my|its|their|an?|current|acting)"
_HOLDER = re.compile(
    rf"\bwho(?:['’]s| is| are| (?P<was>was|were))\s+(?:{_THE}\s+)*"
    r"(?:(?!(?:allowed|responsible|required|able|entitled|asked|informed|paid|to|in|for|by|on|with)\b)[\w'’-]+\s+){0,3}?"
    rf"(?P<office>{_OFFICE})s?\b(?!\s(?:i|we|you|they|he|she|that|who|whom|which)\b)"
    r"|(?P<held>[a-z]{2,5}|(?<![\u4e00-\u9fff])[\u4e00-\u9fff]*[長役])(?:(?:は|って|の(?:お?名前|氏名)は)(?:誰|だれ|どなた)|の(?:お?名前|氏名)(?:は|を))"
)
_NAME_JA = r"[\u3400-\u9fff々ァ-ヶー・]{1,8}"
_OF_OFFICE = re.compile(
    r"[副前元新現次旧同各当両全]\Z|代表|取締|会長|執行|専務|常務|代理|本社|支社|会社|歴代|創業"
)
_PERSON = re.compile(r"\b[A-Z][\w'’-]+(?: [A-Z][\w'’.-]*)+")
_OFFICE_JA = r"(?<![\u3400-\u9fff々ァ-ヶーa-z])OFFICE"
_HOLDER_JA = (
    rf"{_OFFICE_JA}[のは：:、（(]\s?{_NAME_JA}?(?:さん|氏(?!名))"
    + rf"|{_OFFICE_JA}[：:（(]\s?(?P<behind>[\u3400-\u9fff々ァ-ヶー・]{{2,8}})(?=[\s）)、。]|$)"
    + r"|(?<![\u3400-\u9fff々])(?P<before>[\u3400-\u9fff々]{2,4})OFFICE(?![\u3400-\u9fff々])"
)
"""社長の田中氏, 社長：田中 and 田中社長."""
_PERSON_JA = re.compile(
    r"[\u3400-\u9fff々]{1,4}[ \u3000]?[\u3400-\u9fff々ぁ-んァ-ヶ]{0,5}(?:さん|氏|様)?|[ァ-ヶー・]{3,16}"
)
_NOBODY = re.compile(
    r"[部門第各時課室者]|担当|[副前元新現次旧同当両全長役]\Z|会社|本社|支社|工場|支店|代表|決裁|承認"
)
"""What is in words that stand in the place of a name: 代表社長."""
_OF_A_UNIT = re.compile(r"[部課室係局店場所班]長\Z")
"""An office that is called by its unit rather than by who holds it: 営業部長."""
_TITLE = r"(?:(?:mr|mrs|ms|dr)\.?\s)?"
_WHOSE = r"(?P<of> of [\w ]{1,40}?)?"


@dataclass(frozen=True, slots=True)
class Office:
    """What a question asks the holder of: the office's own word, all words of the question, and whether it asks for
    the past; ``whose``: the company or the like that it is asked of, by name and folded, "" for none.
    """

    name: str
    words: frozenset[str]
    past: bool
    japanese: bool
    whose: str = ""

    def is_of(self, *texts: str) -> bool:
        """Says whether texts (a passage, its title, its path) name the one whose office it is, or none is named."""
        said = fold(" ".join(texts))
        if self.japanese:
            return self.whose in said
        return all(re.search(rf"\b{re.escape(word)}\b", said) for word in re.findall(r"\w+", self.whose))


def office_asked_for(question: str) -> Office | None:
    """Returns the office whose holder a question asks for; None where it asks who does something."""
    asked = fold(question)
    found = _HOLDER.search(asked)
    if found is None:
        return None
    words = frozenset(re.findall(r"\w+", asked))
    name, japanese = found["office"] or found["held"], found["held"] is not None
    whose = _whose_japanese(asked, name) if japanese else _whose(question, name)
    return Office(name, words, found["was"] is not None, japanese, whose)


def _whose(question: str, name: str) -> str:
    """Returns of whom an English question asks for an office: "the CEO of Kestrel", "Kestrel's CEO"."""
    found = re.search(
        rf"(?i:\b{re.escape(name)})s?\s+(?:of|at)\s+(?:the\s+)?({_NAMED})"
        rf"|({_NAMED}?)['’]s?\s+(?:\w+\s+){{0,2}}?(?i:{re.escape(name)})\b",
        question,
    )
    return fold(found[1] or found[2]) if found else ""


def _whose_japanese(asked: str, name: str) -> str:
    """Returns of whom a Japanese question asks for an office: ケストレル社の社長は誰."""
    found = re.search(rf"([^\s、。はがをの]{{2,20}})の(?:現在の|今の)?{re.escape(name)}", asked)
    whose = re.sub(r"株式会社|有限会社|合同会社|(?<=[ァ-ヶー])社\Z", "", found[1]) if found else ""
    return "" if len(whose) < _SHORTEST or _OURS.search(whose) else whose


_NAMED = r"[A-Z][\w&.-]*(?:\s+[A-Z][\w&.-]*)*"
_SHORTEST = 2
_OURS = re.compile(
    r"会社|当社|弊社|自社|うち|[わ我]が社|御社|貴社|本社|支社|現在|こちら|ここ|あなた|私|当時|以前|過去|歴代|最初|最後|\d年"
    r"|\A(?:今年?|次|前|初代|新しい|[昨来去]年|第?[\d一二三四五六七八九十]+代目?)度?\Z"
)
"""Nobody's name: the house's own, a part of it, or when somebody held it."""
_ANOTHERS = re.compile(r"([ァ-ヶーA-Za-z\u3400-\u9fff々]{2,20})(?:社)?の\Z")


_BY_NAME = re.compile(
    r"c[a-z]o|chief.*|.*president|(?:managing |general )?(?:director|manager)|head|officer|chancellor|dean"
    r"|(?:代表)?取締役(?:社長|会長)?|社長|会長|.*(?:[部課室所店]|工場|センター)長"
)
"""Offices whose holder is a person; an owner or a chair may be named by an office, too."""


def names_nobody(texts: Iterable[str], office: Office) -> bool:
    """Says whether texts that speak of an office whose holder is a person's name have nothing that may be one: "The CFO
    holds a reserve" does not say who that is.
    """
    if not _BY_NAME.fullmatch(office.name):
        return False
    beside = re.compile(
        rf"[\u3400-\u9fff々ァ-ヶー]{{1,8}}{office.name}(?![\u3400-\u9fff々])"
        rf"|{office.name}[\s:：は（(、]{{1,2}}[\u3400-\u9fff々ァ-ヶー]{{2,8}}(?=$|[\s。、）)]|です|であ|さん|氏|が)"
    )
    if office.japanese:
        return not any(is_held(text, office) or beside.search(fold(text)) is not None for text in texts)
    alike = [office, *(replace(office, name=one, words=office.words | {"of"}) for one in _ALIKE)]
    about = {one for one in office.words if not _NOT_ITS_OWN.fullmatch(one)} - {*office.name.split()}
    about = about - {*re.findall(r"\w+", office.whose)} or about
    by_office = re.compile(_BY_OFFICE.replace("NAME", re.escape(office.name)))
    return not any(
        any(is_held(text, one) for one in alike)
        or any(
            not about.isdisjoint(re.findall(r"\w+", one.group())) for one in by_office.finditer(fold(text))
        )
        or any(_speaks_of(text, *one.span(), about) for one in _IN_OTHER_WORDS.finditer(text))
        for text in texts
    )


def _speaks_of(text: str, start: int, end: int, about: frozenset[str] | set[str]) -> bool:
    """Says whether the sentence around a place of a text has one of the words, or these are the initials of some: "Jane
    Roe leads Finance" says nothing of who the HR manager is, "leads Human Resources" does.
    """
    behind = text.find(". ", end)
    sentence = text[text.rfind(". ", 0, start) + 1 : behind if behind >= 0 else len(text)]
    folded = fold(sentence)
    return (
        not about
        or not about.isdisjoint(re.findall(r"\w+", folded))
        or any(_IS_SHORT.fullmatch(one) and _spelt_out(one).search(folded) for one in about)
    )


_IS_SHORT = re.compile(r"[a-z]{2,4}")


def _spelt_out(short: str) -> re.Pattern[str]:
    """Returns the pattern of words with these initials, of four letters at least: "it" is no "in their"."""
    return re.compile(r"\b" + r" (?:(?:of|and|&) )?".join(rf"{letter}\w{{3,}}" for letter in short))


_ALIKE = ("head", "manager", "director", "lead", "officer")
"""Who is asked for as a quality manager may be the head of Quality."""
_NOT_ITS_OWN = re.compile(
    r"who|whos|s|is|are|was|were|the|our|your|my|its|their|an?|current|acting|of|for|at|in"
)
_IS = rf"(?:(?:is|are)(?: also)?|(?:also )?(?:acts|serves) as) (?:{_THE} )"
_OF = r"(?: (?:of|for) (?:the )?[\w-]+(?: and [\w-]+)?)?"
_BY_OFFICE = (
    rf"\b{_OFFICE}\b{_OF} {_IS}(?:[\w-]+ ){{0,2}}NAME\b{_OF}"
    rf"|(?:[\w-]+ ){{0,2}}\bNAME\b{_OF} {_IS}(?:[\w-]+ ){{0,2}}{_OFFICE}\b"
)
"""An office that is said to be another: "The head of Legal acts as the data protection officer"."""


_NAME = r"[A-Z][\w'’-]+ (?:[A-Z]\. )?[A-Z][\w'’-]+"
_IN_OTHER_WORDS = re.compile(
    rf"\b(?:directed|managed|led|headed|chaired|run|appointed) (?:by )?{_NAME}"
    rf"|{_NAME},? (?:has |was |is )?"
    r"(?:became|become|been|heads|leads|manages|directs|runs|chairs|appointed|serves|acts)\b"
)
"""Who does what the holder of an office does: "It is managed by Jane Doe", "Jane Doe leads the team"."""


_A_ROW = re.compile(r"^[^\n]*[|\t][^\n]*$", re.MULTILINE)


def _rows(text: str) -> list[list[str]]:
    """Returns the cells, folded, of the lines of a text that are a table's rows."""
    lines = (line for line in text.splitlines() if "|" in line or "\t" in line)
    return [[fold(cell).strip() for cell in re.split(r"[|\t]", line)] for line in lines]


def _in_a_row(person: str, cells: Sequence[str], office: Office) -> bool:
    """Says whether a table's row has a person in a cell and the office in another: "Jane Doe | Chief Executive"."""
    if office.japanese:
        of_it = rf"(?:{_NAME_JA})?{re.escape(office.name)}"
        named = any(re.fullmatch(rf"{re.escape(person)}\s?(?:さん|氏|様)?", cell) for cell in cells)
    else:
        of_it = rf"(?:(?P<prior>[\w'’-]+)(?P<gap> ))?{re.escape(office.name)}{_WHOSE}(?:,? (?!of\b)[\w ]{{1,30}})?"
        a_name = " " in person and not re.search(rf"\b{_OFFICE}\b", person)
        named = a_name and any(re.fullmatch(rf"{_TITLE}{re.escape(person)}", cell) for cell in cells)
    found = (re.fullmatch(of_it, cell) for cell in cells)
    return named and any(one is not None and (office.japanese or _is_it(one, office)) for one in found)


def holds(person: str, text: str, office: Office) -> bool:
    """Says whether a text calls a person the holder of an office: of no other ("deputy director", 副社長), of nobody
    else's, and not by spelling it out, as "Chief Executive Officer (CEO)" does.
    """
    person, rows = fold(person).strip(), _rows(text)
    # one row's end and the next one's beginning are no one phrase
    text = fold(_A_ROW.sub(r"| \g<0> |", text))
    initials = "".join(word[0] for word in re.findall(r"[a-z]+", person))
    if office.japanese and (called := re.fullmatch(rf"({_NAME_JA}){office.name}", person)):
        return _OF_OFFICE.search(called[1]) is None  # 田中社長, but 代表取締役社長
    if office.name in person or office.name in (initials, initials.removeprefix("t")):
        return False
    if any(_in_a_row(person, row, office) for row in rows):
        return True
    named = re.escape(person)
    if office.japanese:
        held = rf"(?<![\u4e00-\u9fffァ-ヶーa-z]){office.name}"
        patterns = (rf"{held}[はが：:、（(\s]{{1,3}}{named}", rf"{named}[はが、（(\s]{{1,2}}{held}(?![a-z])")
        return any(re.search(pattern, text) for pattern in patterns)
    be = "(?:is|are|was|were)" if office.past else "(?:is|are)"
    before = (
        rf"(?P<prior>[\w'’-]*)(?P<gap>\W*)\b{office.name}s?{_WHOSE}"
        rf"(?:\s?[,:(–—]\s?| {be} )(?:the )?{_TITLE}{named}"
    )
    # "Managing Director Jane Doe"
    if " " in person and re.search(rf"\b{office.name} {_TITLE}{named}(?! of\b)", text):
        return True
    behind = (
        rf"{named}(?:, | \(| {be} )(?:{_THE} )*"
        rf"(?:(?P<prior>[\w'’-]+)(?P<gap> ))?\b{office.name}\b{_WHOSE}(?=[,.)]|\Z)"
    )
    return any(
        found is not None and _is_it(found, office)
        for found in (re.search(before, text), re.search(behind, text))
    )


def is_held(text: str, office: Office) -> bool:
    """Says whether a text names who holds an office; in Japanese only in forms that nothing else has."""
    if not office.japanese:
        before = re.compile(rf"\A.*\b{re.escape(office.name)}\s+", re.IGNORECASE)
        return any(holds(before.sub("", one.group()), text, office) for one in _PERSON.finditer(text))
    folded = fold(text)
    if any(
        _in_a_row(cell, row, office)
        for row in _rows(text)
        for cell in row
        if _PERSON_JA.fullmatch(cell) and not _NOBODY.search(cell)
    ):
        return True
    for one in re.finditer(_HOLDER_JA.replace("OFFICE", re.escape(office.name)), folded):
        other = _ANOTHERS.search(folded, 0, one.start())
        if office.whose and other and not _OURS.search(other[1]) and office.whose not in other[1]:
            continue  # ケストレル, asked of; ブライトウォーターの社長の佐藤氏
        called = one["behind"] or one["before"]
        if called is None or not (
            _NOBODY.search(called) or (one["before"] and _OF_A_UNIT.search(office.name))
        ):
            return True
    return False


def _is_it(found: re.Match[str], office: Office) -> bool:
    """Says whether what stands right before an office, and whose it is, is what was asked for."""
    prior = found["prior"] if found["gap"] == " " else ""
    whose = frozenset(re.findall(r"\w+", found["of"] or "")) - {"of", "the"}
    of_it = not whose or "of" not in office.words or bool(whose & office.words)
    return of_it and (not prior or prior in office.words or re.fullmatch(_THE, prior) is not None)
