"""What a question asks of all rows of a table: the one with the most or the least of something, how many, how much.

"Which plan is cheapest?", "How many people work in Bath?", "What do all licences cost together?", 一番高い設備は？,
合計でいくらですか. The words alone decide here; whether there is such a table, the passages say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from corpus.language import fold
from rag.words.figures import Figure
from rag.words.terms import stems, terms

Kind = Literal["most", "least", "count", "total"]
Measure = Literal["money", "time", "date", "age", "weight", "high", ""]


@dataclass(frozen=True, slots=True)
class Tally:
    """What is asked of the rows. ``measure``: what the column must be of, "" for what the question names; ``about``:
    the question, folded, without the words that only ask for this; ``counted``: stems by which a column says how many.
    """

    kind: Kind
    measure: Measure
    about: str
    counted: frozenset[str] = frozenset()

    @property
    def of_people(self) -> bool:
        """Whether people are counted."""
        return bool(self.counted)

    @property
    def words(self) -> frozenset[str]:
        """The stems that the table has to speak of, in its title, its header or its rows."""
        return self.named - _ONLY_ASKS

    @property
    def named(self) -> frozenset[str]:
        """The stems by which a column may be named: those of :attr:`words`, and "cost" and the like."""
        found = (term.stem for term in terms(f"- {self.about}") if term.weight >= _CONTENT)
        return frozenset(word for word in found if not _STRADDLES.fullmatch(word))


_CONTENT = 0.4
_STRADDLES = re.compile("[ァ-ヶー][\u3400-\u9fff]|[\u3400-\u9fff][ァ-ヶー]")
"""A pair of characters of two words: ス料 of リース料."""
_DEAR = r"\bmost (?:expensive|costly)\b|\bdearest\b|\bcosts? (?:us )?(?:the )?most\b|最高[値額]"
_CHEAP = r"\bcheapest\b|\bleast expensive\b|\bcosts? (?:us )?(?:the )?least\b|最安|最低[値額]"
_THE = r"\b(?:the|has|have|with)"
_SUPERLATIVES: tuple[tuple[Kind, Measure, str, str], ...] = (
    ("most", "money", _DEAR, ""),
    ("least", "money", _CHEAP, "安[いく]"),
    ("most", "age", r"\bnewest\b", "新し[いく]"),
    ("least", "age", r"\boldest\b|最古", "古[いく]"),
    ("most", "date", r"\blatest (?=\w+ (?:date|expiry|deadline))", "遅[いく]"),
    ("least", "date", r"\bearliest\b", "早[いく]"),
    ("most", "time", r"\blongest\b|最長", "長[いく]"),
    ("least", "time", r"\bshortest\b|最短", "短[いく]"),
    ("most", "weight", r"\bheaviest\b", "重[いく]"),
    ("least", "weight", r"\blightest\b", "軽[いく]"),
    ("most", "high", r"\bhighest\b|最高", "高[いく]"),
    ("least", "high", r"\blowest\b|最低", "低[いく]"),
    ("most", "", rf"\b(?:larg|bigg|great)est\b|{_THE} most\b|最[大多]", "多[いく]|大き[いくな]"),
    ("least", "", rf"\b(?:small|few)est\b|{_THE} least\b|最[小少]", "少な[いく]|小さ[いくな]"),
)
"""The kind, the measure, how English (and one word of Japanese) says it, and the adjective behind 一番."""
_BEST = r"(?:一番|いちばん|最も|もっとも|1番)(?P<by>[^、。？?]{0,12}?)"
_EXTREMES = tuple(
    (kind, measure, re.compile(f"{said}|{_BEST}(?:{adjective})" if adjective else said))
    for kind, measure, said, adjective in _SUPERLATIVES
)
_TOTAL = re.compile(
    r"\b(?:in total|in all|altogether|together|combined|overall|total|sum)\b"
    r"|合計|総額|総計|総数|全部で|合わせて|全体で|トータル"
)
_COUNT = re.compile(
    r"\bhow many\b|\b(?:the|total) number of (?!(?:the|an?|my|your)\b)|何[人名件社台個種本点]|いくつ"
)
"""Not "the phone number of", nor "the number of the help desk", which is dialled."""
_RULE = re.compile(
    r"\b(?:can|may|must|should|allowed|before|after|per|each|every|how long|how often|at (?:most|least))\b"
)
_OF_OTHERS = re.compile(
    r"\b(?:not|no|without|except|excluding|excluded|besides|second|third|next)\b|n['’]t\b"
    r"|\b(?:other|apart|aside) (?:than|from)\b"
    r"|以外|除[いくけ]|(?<!少)ない(?!か)|ません(?!か)|[二三四五2-9]番目|次[にい]"
)
"""Asks for the rows without what it names, or for one behind the first: that is not looked for."""
_SEVERAL = re.compile(r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|top)\W*\Z")
_ONLY_ASKS = stems(
    "which what who whom where how many much number there have has having do does we our us all every any both total"
    " sum together altogether combined overall amount in work works working worked based live located sit"
    " available offer offered sell sold stock exist cost costs price prices expensive cheap pay paid company one ones"
    " most least has get gets 教えて 全員 全体 会社 当社 現在"
)  # fmt: skip
PEOPLE = stems(
    "employee employees people staff person persons colleague colleagues worker workers 社員 従業員 職員 人員"
)
"""Who is counted where a table lists them by name."""
_HEADS = stems("人数 人員 headcount employees staff people")
_MONEY = re.compile(r"\bhow much\b|\bcosts?\b|\bprices?\b|\bpay\b|\bspend\b|いくら|何円|金額|費用|料金")


def tally_asked_for(question: str) -> Tally | None:
    """Returns what a question asks of all rows of a table; None where it asks for nothing of the kind."""
    asked = " ".join(fold(question).split())
    if _RULE.search(asked) or _OF_OTHERS.search(asked):
        return None
    for kind, measure, pattern in _EXTREMES:
        if (found := pattern.search(asked)) is not None:
            if _SEVERAL.search(asked[: found.start()]):
                return None  # the three cheapest
            named = found.groupdict().get("by") or ""  # 一番人数の多い部門
            return Tally(kind, measure, f"{asked[: found.start()]} {named} {asked[found.end() :]}")
    counted = _HEADS if re.search("何[人名]", asked) or PEOPLE & stems(asked) else frozenset[str]()
    if (total := _TOTAL.search(asked)) is not None:
        left = _COUNT.sub(" ", f"{asked[: total.start()]} {asked[total.end() :]}")
        return Tally("total", "money" if _MONEY.search(asked) else "", left, counted)
    if _COUNT.search(asked):
        return Tally("count", "", _COUNT.sub(" ", asked), counted)
    return None


def is_of_all_rows(question: str) -> bool:
    """Says whether a question is answered by nothing less than all of them: it asks for the first of some, or a sum.
    What is near to it in meaning is then one of them, and seldom the one.
    """
    asked = " ".join(fold(question).split())
    if any(pattern.search(asked) for _, _, pattern in _EXTREMES):
        return True
    return bool(_TOTAL.search(asked) and (_COUNT.search(asked) or _MONEY.search(asked)))


def is_of(measure: Measure, column: str, figure: Figure) -> bool:
    """Says whether a figure in a column of a name is one of a measure."""
    if measure == "money":
        return figure.kind == "money" or (
            figure.kind == "number" and _OF_MONEY.search(fold(column)) is not None
        )
    if measure == "date":
        return figure.kind == "date"
    if measure == "age":
        return figure.kind == "date" and _SINCE.search(fold(column)) is not None
    if measure == "time":
        return figure.kind == "measure" and figure.unit in ("s", "month")
    return measure in ("", "high") or (figure.kind == "measure" and figure.unit == "g")


_OF_MONEY = re.compile(
    r"\b(?:prices?|costs?|fees?|gbp|eur|usd|chf|jpy|czk)\b|[£$€¥]|価格|価額|単価|料金|金額|円"
)
_SINCE = re.compile(
    r"\b(?:bought|built|purchased?|acquired|year|since|installed|introduced|founded|opened|hired|joined|born)\b"
    r"|導入|購入|設置[年日]|製造[年日]|取得[年日]|入社|設立|開設|生年"
)
"""What a column is called that says how old something is."""
