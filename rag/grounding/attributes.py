"""What a question wants to know of something that it names, where no passage says it: a manual that speaks of the
AQ-300 on every page says nothing of its price.

Only what can be told by its form counts: a price by an amount, a telephone number by its figures, a weight by its unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from corpus.language import fold
from corpus.types import Hit
from rag.grounding.otherwise import codes_of, of_what_is_asked
from rag.prompts.prompting import ReadPassage
from rag.reading.clues import IN_MONEY
from rag.reading.units import Unit, cut
from rag.words.offices import is_held, names_nobody, office_asked_for
from rag.words.terms import stems, terms, weights

_MONEY = (
    r"[$€£¥]\s?\d|\d\s?(?:[万億千]?円|ドル|ユーロ|(?:pounds?|euros?|dollars?|pence|p|usd|eur|gbp|jpy|czk|chf)(?![a-z]))"
    r"|(?<![a-z])(?:usd|eur|gbp|jpy|czk|chf|free)(?![a-z])|no (?:charge|cost|fee)|無料|無償"
)
_WHAT = (
    r"\A\W*(?:and )?(?:what(?:['’]s| is| are| was| were)|how (?:much|high) (?:is|are|was|were))\b[^,;]{0,30}"
)
_ATTRIBUTES = tuple(
    (re.compile(asks), re.compile(shown))
    for asks, shown in (
        (rf"{_WHAT}\b(?:prices?|costs?|fees?|charges?) (?:of|for)\b|価格|値段|定価|料金|単価", _MONEY),
        (r"\A\W*(?:what|how much) (?:does|do|did|will|would|must)\b[^,;]*\bcosts?\W*\Z", _MONEY),
        (
            rf"{_WHAT}(?:\b(?:salary|salaries|wages?|pay) of\b|['’]s (?:salary|wages?|pay)\b)|年収|月給|年俸",
            _MONEY,
        ),
        (
            rf"{_WHAT}\b(?:(?:tele)?phone|fax|extension) number\b|(?:電話|内線|ファックス|fax)番号",
            r"\+?\d[\d ()\-]{3,}\d|\bext(?:ension)?\b|内線",
        ),
        (rf"{_WHAT}\be-?mail address\b|メールアドレス", r"@"),
        (
            rf"\bhow heavy\b|\bhow much\b[^,;]*\bweighs?\b|{_WHAT}(?:\bweights? of\b|['’]s weight\b)"
            r"|重さ|重量|質量|何(?:kg|キロ(?!メートル)|グラム)",
            r"\d\s?(?:(?:kg|g|mg|t|lbs?|oz|kilograms?|grams?|tonnes?|tons?|pounds?)(?![a-z])|キロ|グラム|トン)",
        ),
    )
)
"""How such a thing is asked for, and how it is given."""


def lacks_what_is_asked(question: str, hits: Sequence[Hit]) -> bool:
    """Says whether a question asks for the price, weight or the like of something that it names, and no hit gives it.

    It is given where a sentence or row, with what stands above it, has such a figure and the name, or a sentence the
    figure and the word for it in a passage with the name.
    """
    asked = fold(question)
    found = next(((match, given) for asks, given in _ATTRIBUTES if (match := asks.search(asked))), None)
    names = frozenset(term.stem for term in terms(question) if term.name)
    if found is None or not names or not hits:
        return False
    match, given = found
    words = (stems(match.group()) - names) & frozenset(weights(question))
    for order, hit in enumerate(of_what_is_asked(question, hits)):
        over = f"{hit.title}\n{hit.source}\n{hit.context}"
        above = stems(over) | codes_of(over)
        if not names <= above | stems(hit.text):
            continue
        for unit in cut(order, ReadPassage(order, "", hit.context, hit.text)):
            priced = given.pattern == _MONEY and _is_priced(unit)
            if priced or given.search(fold(f"{unit.header}\n{unit.text}")):
                about = above | unit.stems | stems(f"{unit.header}\n{unit.lead}")
                if names <= about or (words & about and not unit.row):
                    return False
    return True


def _is_priced(unit: Unit) -> bool:
    """Says whether a row has a bare figure in a column that is named by money: 92000 under "Cost (£)"."""
    columns = zip(fold(unit.header).split("|"), fold(unit.text).split("|"), strict=False)
    return any(IN_MONEY.search(header) and _BARE.fullmatch(cell) for header, cell in columns)


_BARE = re.compile(r"\s*\d[\d,.]*\s*")


def lacks_the_office(question: str, hits: Sequence[Hit], is_ours: Callable[[str], bool]) -> bool:
    """Says whether a question asks who holds an office and nobody is named: no hit names a holder, or only the holders
    of another company, or the like, than the one that it asks of.

    ``is_ours`` says of a name whether it is the house's own, of which its documents need not say that they are.
    """
    office = office_asked_for(question)
    if office is None:
        return False
    held = [hit for hit in hits if is_held(hit.text, office)]
    if not held:
        return names_nobody((hit.text for hit in hits), office)
    if not office.whose or is_ours(office.whose):
        return False
    return not any(office.is_of(hit.title, hit.source, hit.context, hit.text) for hit in held)
