"""A question that asks two things is taken apart: each is searched for, judged and answered by itself.

"How long is the notice period and what is paid per mile?" has its answers in two places. Searched for as one, it gets
the passages of one of them, or is refused, and nobody says which part is missing. By rule, in English and Japanese, and
only where both parts are plainly questions of their own: "Who decides what is bought and how it is paid?" is one, and
what is asked of the same thing ("What is coinsurance and how does it work?") is found better together. Of a thing
with a code ("How heavy is the AQ-300 and what is its warranty?", AQ-300の重さと保証期間は？) each part is asked by
itself, the code put in.
"""

from __future__ import annotations

import re

from rag.asking.wording.followups import standalone
from rag.prompts.prompting import is_japanese
from rag.reading.sides import compares
from rag.words.figures import figures
from rag.words.terms import terms, weights

_AUX = r"(?:do|does|did|is|are|was|were|can|could|may|must|should|shall|will|would|has|have)"
_SUBJECT = r"(?:i|we|you|it|they|he|she|there|the|my|our|this|that|these|those|employees|staff)"
_FIRST = re.compile(
    rf"(?:(?:in|on|at|by|to|for|from|of|with|under|until) )?(?:who|whom|whose|when|where|why|how|what|which|{_AUX})\b",
    re.IGNORECASE,
)
_SECOND = re.compile(
    rf"[,;]? and (?:also )?(?=(?:(?:how|when|where|why) {_AUX}"
    rf"|how (?:much|many|long|often|far|old|soon)\b.{{0,200}} {_AUX}|who|whose|whom"
    rf"|(?:what|which) (?!{_SUBJECT}\b|if\b)|{_AUX} {_SUBJECT})\b)",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"\b(?:knows?|tell|explains?|decides?|says?|describes?|shows?|whether|depends?|define[sd]?|between|both)\b",
    re.IGNORECASE,
)
"""Words behind which a question may be reported, and what holds two things together that are not asked apart."""

_SENTENCE = re.compile(r"(?<=[?？])\s*|(?<=か。)\s*")
_SECOND_JAPANESE = re.compile(
    r"(?:(?<=いくら)|(?<=[何幾][日時回円分件人名年])|(?<=どこ|いつ))で、(?:また、?|そして、?)?"
)
_ASKED_BEHIND = re.compile(r"何|誰|だれ|いつ|どこ|いくら|どの|どう")
_ENDS_ASKING = re.compile(r"か[。？?]?\Z")
_ASKS = re.compile(r"何|誰|だれ|いつ|どこ|いくら|どの|どう|どれ|どちら|なぜ")
_ALSO = re.compile(r"(?:また|そして|それと|さらに)、?")
_FEWEST_WORDS = 3
_FEWEST_CHARS = 6
_CONTENT, _FEWEST_CONTENT = 0.6, {False: 3, True: 2}
_LEANS = re.compile(
    r"\b(?:it|its|they|them|their|this|these|those|that|one|ones|there|then|so|same)\b", re.IGNORECASE
)
"""Words of a part that speak of what the other one names."""


def parts(question: str) -> tuple[str, ...]:
    """Returns the two questions that a question asks; none where it asks one thing, more, or two of the same thing."""
    asked = " ".join(question.split())
    japanese = is_japanese(asked)
    if japanese and (alike := _asked_alike(asked)):
        return alike
    found = _in_japanese(asked) if japanese else _in_english(asked)
    if len(found) != 2:
        return ()
    first, second = found
    if not japanese and (named := _of_one_code(first, second)):
        return named
    about, own = (
        frozenset(term for term, weight in weights(one).items() if weight >= _CONTENT) for one in found
    )
    if all(len(_names(one)) == 1 and len(words) == 1 for one, words in zip(found, (about, own), strict=True)):
        return (first, second) if about != own else ()  # who is the CFO, and who is the COO
    leans = standalone(second, [first]) != second or _LEANS.search(second) is not None
    said = len(own) >= _FEWEST_CONTENT[japanese] or (_codes(first) and _names(second))
    return (first, second) if said and not leans and not about & own else ()


def _of_one_code(first: str, second: str) -> tuple[str, ...]:
    """Returns both parts with the code that the first one names and the second one means; none where there is no such
    code, or the second names something of its own.
    """
    codes = _codes(first)
    if len(codes) != 1 or (own := _names(second)) - _names(first):
        return ()
    code = codes[0]
    if own:
        return first, second
    for pattern, put in ((_ITS, f"the {code}’s"), (_IT, f"the {code}")):
        if pattern.search(second):
            return first, _begun(pattern.sub(put, second, count=1))
    if _LEANS.search(second):
        return ()
    return first, f"{second.rstrip('?.! ')} for the {code}?"


def _asked_alike(asked: str) -> tuple[str, ...]:
    """Returns the two questions of 「AQ-300の重さと保証期間は？」 and 「AQ-300の保証期間と、AQ-500の保証期間は？」."""
    if compares(asked) or not (found := _ALIKE.fullmatch(asked)):
        return ()
    one, other, whose, rest = found["one"], found["other"], found["whose"] or "", found["rest"]
    if not _codes(whose) or _codes(one) or ("の" in other and not _codes(other)):
        return ()
    return f"{whose}{one}{rest}", f"{other}{rest}" if _codes(other) else f"{whose}{other}{rest}"


_ALIKE = re.compile(
    r"(?P<whose>[^、。？?]{2,30}?の)?(?P<one>[^、。？?はがを]{2,20}?)と、?(?P<other>[^、。？?はがをとの]{2,20}|[^、。？?はがをとの]+の[^、。？?はがをとの]{2,20})"
    r"(?P<rest>は(?:(?:それぞれ)?(?:何|いくら|いつ|どこ|どの|どう|誰).{0,12})?[。？?]?|(?:を教えて|について).{0,12})"
)
_BOTH_OF = re.compile(
    r"(?P<asks>what (?:is|are)|what's) (?P<one>the [a-z ]{3,30}?) and (?P<other>(?:the )?[a-z ]{3,30}?)"
    r" (?P<of>(?:of|for) [^,;?]*[^,;?.! ])[?.! ]*",
    re.IGNORECASE,
)
_SECOND_OF_IT = re.compile(r"[,;]? and (?=(?:is|are|does|do|can) (?:the )?[a-z]+ [a-z]+\W*\Z)", re.IGNORECASE)
"""Behind what asks of a thing with a code: "… of the AQ-300 and is frost covered?"."""
_ITS, _IT = re.compile(r"\bits\b", re.IGNORECASE), re.compile(r"\bit\b", re.IGNORECASE)


def _codes(text: str) -> list[str]:
    """Returns the codes of a text, each once, as they stand there."""
    return list(dict.fromkeys(text[one.start : one.end] for one in figures(text) if one.kind == "code"))


def _names(text: str) -> frozenset[str]:
    return frozenset(term.stem for term in terms(text) if term.name)


def _in_english(asked: str) -> list[str]:
    sentences = [one for one in _SENTENCE.split(asked) if one]
    if len(sentences) == 1:
        if (both := _BOTH_OF.fullmatch(asked)) and _codes(both["of"]):
            return [f"{both['asks']} {both[side]} {both['of']}?" for side in ("one", "other")]
        at = _SECOND.search(asked) or (_SECOND_OF_IT.search(asked) if _codes(asked) else None)
        sentences = [f"{asked[: at.start()]}?", asked[at.end() :]] if at else []
    plain = all(len(one.split()) >= _FEWEST_WORDS and _FIRST.match(one) for one in sentences)
    reported = bool(sentences) and _REPORTS.search(sentences[0]) is not None
    return [_begun(one) for one in sentences] if plain and not reported else []


def _in_japanese(asked: str) -> list[str]:
    sentences = [
        _ALSO.sub("", one, count=1) if at else one for at, one in enumerate(_SENTENCE.split(asked)) if one
    ]
    if len(sentences) == 1:
        found = _SECOND_JAPANESE.search(asked)
        end = _ENDS_ASKING.search(asked)
        if not (found and end and _ASKED_BEHIND.search(asked, found.end(), end.start())):
            found = None
        sentences = [f"{asked[: found.start()]}ですか。", asked[found.end() :]] if found else []
    ends = all(len(one) >= _FEWEST_CHARS and re.search(r"(?:[?？]|か。?)\Z", one) for one in sentences)
    return (
        sentences if ends and sentences and _ASKS.search(sentences[0]) else []
    )  # "Is it legal? Is it not?" is one


def _begun(question: str) -> str:
    return question[:1].upper() + question[1:]
