"""A question that asks two things is taken apart: each is searched for, judged and answered by itself.

"How long is the notice period and what is paid per mile?" has its answers in two places. Searched for as one, it gets
the passages of one of them, or is refused, and nobody says which part is missing. By rule, in English and Japanese, and
only where both parts are plainly questions of their own: "Who decides what is bought and how it is paid?" is one, and
what is asked of the same thing ("What is coinsurance and how does it work?") is found better together.
"""

from __future__ import annotations

import re

from rag.asking.followups import standalone
from rag.prompts.prompting import is_japanese
from rag.words.terms import weights

_AUX = r"(?:do|does|did|is|are|was|were|can|could|may|must|should|shall|will|would|has|have)"
_SUBJECT = r"(?:i|we|you|it|they|he|she|there|the|my|our|this|that|these|those|employees|staff)"
_FIRST = re.compile(
    rf"(?:(?:in|on|at|by|to|for|from|of|with|under|until) )?(?:who|whom|whose|when|where|why|how|what|which|{_AUX})\b",
    re.IGNORECASE,
)
_SECOND = re.compile(
    rf"[,;]? and (?:also )?(?=(?:(?:how|when|where|why) {_AUX}|how (?:much|many|long|often|far|old|soon)\b.* {_AUX}"
    rf"|who|whose|whom|(?:what|which) (?!{_SUBJECT}\b|if\b)|{_AUX} {_SUBJECT})\b)",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"\b(?:knows?|tell|explains?|decides?|says?|describes?|shows?|whether|depends?|define[sd]?|between|both)\b",
    re.IGNORECASE,
)
"""Words behind which a question may be reported, and what holds two things together that are not asked apart."""

_SENTENCE = re.compile(r"(?<=[?？])\s*|(?<=か。)\s*")
_SECOND_JAPANESE = re.compile(
    r"(?:(?<=いくら)|(?<=[何幾][日時回円分件人名年])|(?<=どこ|いつ))で、(?:また、?|そして、?)?(?=.*(?:何|誰|だれ|いつ|どこ|いくら|どの|どう).*か[。？?]?\Z)"
)
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
    found = _in_japanese(asked) if japanese else _in_english(asked)
    if len(found) != 2:
        return ()
    first, second = found
    about, own = (
        frozenset(term for term, weight in weights(one).items() if weight >= _CONTENT) for one in found
    )
    leans = standalone(second, [first]) != second or _LEANS.search(second) is not None
    return () if leans or about & own or len(own) < _FEWEST_CONTENT[japanese] else (first, second)


def _in_english(asked: str) -> list[str]:
    sentences = [one for one in _SENTENCE.split(asked) if one]
    if len(sentences) == 1:
        at = _SECOND.search(asked)
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
        sentences = [f"{asked[: found.start()]}ですか。", asked[found.end() :]] if found else []
    ends = all(len(one) >= _FEWEST_CHARS and re.search(r"(?:[?？]|か。?)\Z", one) for one in sentences)
    return (
        sentences if ends and sentences and _ASKS.search(sentences[0]) else []
    )  # "Is it legal? Is it not?" is one


def _begun(question: str) -> str:
    return question[:1].upper() + question[1:]
