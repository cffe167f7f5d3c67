"""A follow-up question made to stand alone, by rule: what it leaves out is carried over from the turn before.

"And in Edinburgh?" after "What is the hotel limit in London?" asks for the hotel limit in Edinburgh. No model is
asked: the words of the turn before stay, but for those in whose place the follow-up puts others. A question that
leaves nothing out stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.asking.wording import followups_japanese
from rag.prompts.prompting import is_japanese
from rag.words.changes import change_asked_for
from rag.words.offices import office_asked_for
from rag.words.stemming import stem
from rag.words.stopwords import STOP
from rag.words.terms import terms

MOST_TURNS = 5
"""How many of the asker's turns are looked back at."""

MOST_EARLIER_CHARS = 500
"""How much of a turn is carried over at most, in code points, counted from its end."""

_LED = re.compile(
    r"^(?:(?:(?:and|or|but|so|then)\b|(?:okay|ok|well|now|thanks|thank you|great)\b(?=\s*[,.!]))[\s,.!]*)+(?=\w)",
    re.IGNORECASE,
)
"""What a turn begins with and does not ask; "Great Britain" does."""
_LEAD = re.compile(
    r"^(?:(?:and|or|but|so|then|also|okay|ok|well|now|thanks|thank you|great)\b[\s,.!]*)*"
    r"(?:(?:what|how) about\b|what if (?:it is|it's|i am|i'm)\b)?[\s,]*",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"^(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|am|do|does|did|can|could|may|might|must"
    r"|shall|should|will|would|has|have|had|give|tell|list|show|explain|describe|name|i|we|my|our|please)\b",
    re.IGNORECASE,
)
_PREPOSITION = (
    r"(?:in|at|for|on|during|after|before|with|without|from|to|by|under|over|above|below|within|as|per|of|since"
    r"|until|between)"
)
_ARTICLE = r"(?:the|an?|my|our|your)"
_ARTICLED = re.compile(rf"\b{_ARTICLE}\s+$", re.IGNORECASE)
_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|she|him|his)\b"
    r"|\b(?:this|that|these|those|one|ones|there|both)\b(?=\s*[?.,!;]|\s*$)"
    r"|\b(?:this|that|these|those)\b(?=\s+(?:is|are|was|were|mean|means|apply|applies|cost|costs|last|lasts|work"
    r"|works|take|takes|happen|happens|include|includes|limit|rule|policy|period|amount|rate|case)\b)",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    r"\b(?:is|was|will|would|can|could|does|did) it (?:possible|allowed|permitted|true|necessary|ok|okay|okay|fine"
    r"|safe|legal|be)\b|\b(?:is|are|was|were) there\b|\bthere (?:is|are|was|were)\b",
    re.IGNORECASE,
)
_IT = r"(?:it|this|that|they|these|those|things)"
_ALIKE = (
    r"(?:(?:any |also )?(?:the same|different|similar|true|so|higher|lower|more|less|better|longer|shorter"
    r"|cheaper))"
)
_SAME_AGAIN = tuple(
    re.compile(rf"(?:{pattern})[\s?.!]*", re.IGNORECASE)
    for pattern in (
        # "Is it different in Edinburgh?", "Would that be the same for managers?"
        rf"(?:is|are|was|were|would|will) {_IT}(?: be)?(?: also)?(?: {_ALIKE})?(?: too| as well)?"
        rf" (?P<what>{_PREPOSITION} .+)",
        # "Is Edinburgh the same?"
        r"(?:is|are|was|were) (?!(?:it|this|that|they|these|those|there|i|we|you)\b)"
        rf"(?P<what>(?:\S+ ){{0,3}}?\S+) (?P<alike>{_ALIKE})",
        # "The same for Edinburgh?", "Does the same apply to Edinburgh?"
        r"(?:is it |would it be )?(?:the )?same (?:for|to|with) (?P<what>.+)",
        rf"(?:does|do|will|would) (?:the same(?: rule| limit)?|{_IT})(?: also)? (?:apply|hold|go)"
        r" (?:to|for|with) (?P<what>.+)",
        rf"(?:does|do|will|would) (?:the same|{_IT})(?: also)? (?:apply|hold|go)"
        r" (?P<what>(?:in|at|on|during|after) .+)",
        # "How does that compare with Tokyo?"
        rf"how (?:does|do|did) {_IT} compare (?:with|to) (?P<what>.+)",
        # "And if it is in Edinburgh?", "What if I stay in Edinburgh?"
        rf"(?:what )?if (?:{_IT}|i|we|you|he|she)(?:'s|'m|'re| is| am| are| was| were| stay| live| work| travel| go)"
        rf" (?P<what>{_PREPOSITION} .+)",
        # "What is it in Edinburgh?"
        rf"(?:what|how (?:much|many|long|often|high|far)) (?:is|are|was|were) {_IT} (?P<what>{_PREPOSITION} .+)",
    )
)
"""Questions that ask the same again of ``what``."""
_HOW_MUCH = re.compile(
    r"(?P<asks>what|how (?:much|many|long|often|high|far)|when|who|where)"
    rf" (?P<what>(?!of\b){_PREPOSITION} .+?)[\s?.!]*",
    re.IGNORECASE,
)
"""A question word and its circumstance: it leaves out what is asked for."""
_GROUP = re.compile(
    r"(?:employees?|staff|workers?|(?:part|full)-?timers?|managers?|directors?|contractors?|interns?|trainees?"
    r"|apprentices?|temps?|visitors?|guests?|customers?|suppliers?|members?|freelancers?|consultants?|engineers?|people"
    r"|officers?|supervisors?|students?|retirees?|dependents?|spouses?|volunteers?|starters?|joiners?|leavers?"
    r"|executives?|seniors?|juniors?|leads?|leaders?|representatives?|technicians?|operators?|drivers?|nurses?|teachers?"
    r"|partners?|children|parents?|families|candidates?|applicants?|tenants?|residents?|hires?|owners?|shareholders?)",
    re.IGNORECASE,
)
"""Who a rule is for: one group stands in the place of another."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_IN_A_YEAR = re.compile(r"\b(?:in|during) ((?:19|20)\d\d)\b", re.IGNORECASE)
_PAST = re.compile(r"(?:before|earlier|previously|formerly|in the past)", re.IGNORECASE)
_COMMON = re.compile(
    r"(?:polic(?:y|ies)|plans?|reports?|rules?|guides?|handbooks?|manuals?|contracts?|agreements?|hotels?|limits?|offices?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)",
    re.IGNORECASE,
)
"""Words that are written large in a title and are part of no name."""
_WORD = re.compile(r"(?:\.*+[^\s,;:!?()\"“”.]+)+")
_MOST_TOGETHER = 6
_FULL_QUESTION_WORDS = 4
"""A question with so many words of content of its own needs none of the turn before, whatever its pronouns."""


def standalone(question: str, earlier: Sequence[str]) -> str:
    """Returns the question so that it can be understood without the turns before it.

    ``earlier`` are the asker's own turns, oldest first; each may be a follow-up itself. The same words come back
    where the question leaves nothing out, or there is nothing to carry over.
    """
    known = ""
    for turn in [*earlier[-MOST_TURNS:], question]:
        text = " ".join(turn.split())
        known = _carried(text, known[-MOST_EARLIER_CHARS:]) if known else text
    return known if known != " ".join(question.split()) else question


def _carried(question: str, before: str) -> str:
    if is_japanese(question):
        if is_japanese(before) and _asks_what_changed(question):
            return f"{followups_japanese.topic_of(before)}は、{question}"
        carried = followups_japanese.carried(question, before)
        return carried if is_japanese(before) or carried == question else f"{question} {before}"
    before = _LED.sub("", before)
    before = before[:1].upper() + before[1:]
    lead = _LEAD.match(question)
    rest = question[lead.end() :] if lead else question
    led = bool(lead and lead.group().strip())
    fragment = rest.rstrip(" ?.!")
    if _asks_what_changed(question):
        return _beside(
            rest[0].upper() + rest[1:], _IN_A_YEAR.sub(r"\1", before)
        )  # since then, not in that year
    if (again := _asked_again(rest, before)) is not None:
        return again
    if not _WHOLE.match(rest):
        words = len(fragment.split())
        if fragment and (led or re.match(rf"{_PREPOSITION}\b", rest, re.IGNORECASE) or words <= 3):
            return _in_place(fragment, before)
        return question
    own = [term for term in terms(rest) if term.weight > 0]
    refers = _REFERS.search(_SAYS_NOTHING.sub(" ", rest)) is not None
    if not own or (refers and len(own) < _FULL_QUESTION_WORDS and not any(term.name for term in own)):
        return _beside(rest[0].upper() + rest[1:], before)
    return question


def _asks_what_changed(question: str) -> bool:
    """Says whether a question asks for what changed and not in what."""
    change = change_asked_for(question)
    return change is not None and not change.topic()


def _asked_again(question: str, before: str) -> str | None:
    """Returns the turn before, asked of what a question like "Is it the same in Edinburgh?" names; None for others."""
    for pattern in _SAME_AGAIN:
        found = pattern.fullmatch(question)
        if found is None or _REFERS.search(f"{found['what']}?") or not _is_something(found["what"]):
            continue
        if "alike" not in pattern.groupindex or _is_another(found["what"], found["alike"], before):
            return _in_place(found["what"].rstrip(" ?.!"), before)
    found = _HOW_MUCH.fullmatch(question)
    if found is None or not _is_something(found["what"]) or _REFERS.search(f"{found['what']}?"):
        return None
    asks, what = found["asks"].lower(), found["what"]
    led_by, _, bare = what.partition(" ")
    quantity = asks.startswith(("how", "what")) and re.match(r"(?:how|what)\b", before, re.IGNORECASE)
    if before.lower().startswith(asks) or (quantity and _has_like(led_by, bare, before)):
        return _in_place(what, before)
    return None


def _is_something(what: str) -> bool:
    """Says whether words name something that can stand in the place of another."""
    return any(term.weight > 0 for term in terms(what))


def _is_another(what: str, alike: str, before: str) -> bool:
    """Says whether what is said to be alike is another thing than the turn before was about: "Is Edinburgh the same?"
    asks for it; "Is the limit higher?" does not, nor "Are managers paid more?", which says all by itself.
    """
    if {term.stem for term in terms(f"- {what}")} <= {term.stem for term in terms(before)}:
        return False
    compares = re.search(r"same|different|similar", alike, re.IGNORECASE)
    return (
        bool(compares)
        or _group(what, before) is not None
        or _nearest(what, before, _places(before)) is not None
    )


def _has_like(led_by: str, bare: str, before: str) -> bool:
    places = [place for place in _places(before) if _led_by(before, place[0])]
    return any(_led_by(before, place[0]).lower() == led_by.lower() for place in places) or (
        _nearest(bare, before, places) is not None
    )


def _group(fragment: str, before: str) -> tuple[int, int] | None:
    """Returns the place of the people a turn is about where a fragment names people too: "part-timers" and "full-time
    employees"; the first and longest.
    """
    words = fragment.split()
    if len(words) > _MOST_TOGETHER or not words or not _GROUP.fullmatch(words[-1]):
        return None
    return next(
        (place for place in _places(before) if _GROUP.fullmatch(before[slice(*place)].split()[-1])), None
    )


def _in_place(fragment: str, before: str) -> str:
    """Returns the turn before with a fragment ("in Edinburgh", "the E-4058") in the place of its like."""
    if _PAST.fullmatch(fragment):
        return f"{before.rstrip(' ?.!')} {fragment}?"
    office, other = office_asked_for(before), office_asked_for(f"Who is {fragment}?")
    if office is not None and other is not None:  # "And the CFO?" after the CEO of a company
        if other.whose:
            return f"Who is {fragment}?"
        return re.sub(
            rf"\b{re.escape(office.name)}\b", _of_office(fragment), before, count=1, flags=re.IGNORECASE
        )
    places = _places(before)
    led_by = re.match(rf"({_PREPOSITION})\s+", fragment, re.IGNORECASE)
    people = re.sub(rf"^(?:for\s+)?(?:{_ARTICLE}\s+)?", "", fragment, flags=re.IGNORECASE)
    if (whom := _group(people, before)) is not None:
        return _replaced(before, whom, people)
    if led_by is None:
        found = _nearest(fragment, before, places)
        if found is None and re.match(rf"{_ARTICLE}\s", fragment, re.IGNORECASE):
            found = max((one for one in places if _ARTICLED.search(before[: one[0]])), default=None)
        if found is None:
            return f"{before} {fragment[0].upper()}{fragment[1:]}?"
        return _replaced(before, _whole_name(before, found, fragment), fragment)
    same = [place for place in places if _led_by(before, place[0]).lower() == led_by.group(1).lower()]
    bare = fragment[led_by.end() :]
    led = [place for place in places if _led_by(before, place[0])]
    if _YEAR.fullmatch(bare):  # a year takes a year's place, and no other figure's
        year = max((place for place in led if _YEAR.fullmatch(before[slice(*place)])), default=None)
        return _replaced(before, year, bare) if year else f"{before.rstrip(' ?.!')} {fragment}?"
    found = _nearest(bare, before, same) or max(same, default=None)
    if found is not None:
        return _replaced(before, _whole_name(before, found, bare), bare)
    found = _nearest(bare, before, led)
    if found is None:
        return f"{before.rstrip(' ?.!')} {fragment}?"
    found = _whole_name(before, found, bare)
    start = re.search(rf"\b{_PREPOSITION}\s+(?:{_ARTICLE}\s+)?$", before[: found[0]], re.IGNORECASE)
    return _replaced(before, (start.start() if start else found[0], found[1]), fragment)


def _of_office(fragment: str) -> str:
    return re.sub(rf"^(?:{_ARTICLE})\s+", "", fragment, flags=re.IGNORECASE).replace("\\", "")


def _led_by(text: str, at: int) -> str:
    """Returns the preposition before a place, "" for none."""
    found = re.search(rf"\b({_PREPOSITION})\s+(?:{_ARTICLE}\s+)?$", text[:at], re.IGNORECASE)
    return found.group(1) if found else ""


def _whole_name(text: str, place: tuple[int, int], fragment: str) -> tuple[int, int]:
    """Returns a place that is part of a name as the whole name where a fragment is a name: "New York" gives way to
    "Edinburgh", not "New" or "York" alone.
    """
    start, end = place
    words = [match.span() for match in _WORD.finditer(text)]
    own = [at for at, (a, b) in enumerate(words) if start <= a and b <= end]
    if not own or any(_kind(text, *words[at]) != "name" for at in own):
        return place
    if _likeness(f"- {fragment}", 2, len(fragment) + 2)[1] != {"name"}:
        return place
    first, last = own[0], own[-1]
    while first and _goes_on(text, words[first - 1], words[first]):
        first -= 1
    while last + 1 < len(words) and _goes_on(text, words[last], words[last + 1]):
        last += 1
    return words[first][0], words[last][1]


def _goes_on(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Says whether two words beside each other are one name: "Contoso PTO" and "UK Travel Policy" are several."""
    both = [text[slice(*one)], text[slice(*other)]]
    return (
        text[one[1] : other[0]] == " "
        and all(_kind(text, *span) == "name" for span in (one, other))
        and not any(word.isupper() or _COMMON.fullmatch(word) for word in both)
    )


def _replaced(before: str, place: tuple[int, int], fragment: str) -> str:
    """Returns the text with a fragment in a place; of two articles the fragment's stays, names keep none."""
    start, end = place
    article = _ARTICLED.search(before[:start])
    if article and (re.match(rf"{_ARTICLE}\s", fragment, re.IGNORECASE) or fragment[0].isupper()):
        start = article.start()
    return f"{before[:start]}{fragment}{before[end:]}"


def _places(text: str) -> list[tuple[int, int]]:
    """Returns [start, end) of the words of content that stand together, and of all neighbours among them: "grade 6",
    "grade", "6"; in the order of their beginnings, the longer first.
    """
    found: set[tuple[int, int]] = set()
    run: list[tuple[int, int]] = []
    for start, end in [*(match.span() for match in _WORD.finditer(text)), (len(text) + 1, 0)]:
        ends = start > len(text) or not _kind(text, start, end)
        if run and (ends or text[run[-1][1] : start].strip()):
            found |= {
                (run[a][0], run[b][1])
                for a in range(len(run))
                for b in range(a, min(a + _MOST_TOGETHER, len(run)))
            }
            run = []
        if not ends:
            run.append((start, end))
    return sorted(found, key=lambda place: (place[0], -place[1]))


def _kind(text: str, start: int, end: int) -> str:
    """Returns what a word may stand in the place of: a number, a code, a name, another word; "" for none."""
    word = text[start:end]
    bare = word.lower().strip("'’.")
    if re.fullmatch(r"[£$€¥]?\d[\d.,/]*%?", word):
        return "number"
    if re.search(r"\d", word):
        return "code"
    begins = start == 0 or re.search(r"[.?!]\s*$", text[:start])
    named = (len(bare) > 1 and word.isupper()) or (bare == "may" and word[0] == "M" and not begins)
    if (bare in STOP or re.fullmatch(_PREPOSITION, bare)) and not named:
        return ""
    return "name" if word[0].isupper() and not begins else "word"


def _nearest(fragment: str, before: str, places: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Returns the place that is most like a fragment: shared words first, then the same kinds of words, then as many
    of them; the last of equals.
    """
    wanted, kinds = _likeness(f"- {fragment}", 2, len(fragment) + 2)
    best, most = None, (0, 0)
    for start, end in places:
        stems, own = _likeness(before, start, end)
        likeness = (2 * len(wanted & stems) + (own == kinds != {"word"}), -abs(len(stems) - len(wanted)))
        if likeness[0] and likeness >= most:
            best, most = (start, end), likeness
    return best


def _likeness(text: str, start: int, end: int) -> tuple[set[str], set[str]]:
    """Returns the stems and the kinds of the words of content in ``text[start:end]``."""
    words = [match.span() for match in _WORD.finditer(text, start, end)]
    known = [(stem(text[a:b].lower()), _kind(text, a, b)) for a, b in words]
    return {word for word, kind in known if kind}, {kind for _, kind in known if kind}


def _beside(question: str, before: str) -> str:
    """Returns the question with what the turn before was about behind it, in brackets."""
    places = _places(before) if not is_japanese(before) else []
    topic = before[places[0][0] : places[-1][1]] if places else before.rstrip(" ?.!。？")
    return f"{question} ({topic})"
