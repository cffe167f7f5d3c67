"""A bare yes or no: it answers the question that it stands under, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.prompts.prompting import is_japanese
from rag.reading.units import ASKS, Unit
from rag.words.terms import coverage, stems, weights

_VERDICT = re.compile(r"\W*(?:yes|no|nope|はい|いいえ)\W*", re.IGNORECASE)
_THE_SAME = 0.8
"""Share of the words that two wordings of one question have in common, either way."""


def with_verdicts(question: str, units: Sequence[Unit]) -> Iterator[Unit]:
    """Yields the units of a passage, each bare yes or no together with the sentence behind it where the question is the
    one that it answers; elsewhere ("No." under "Is there a gym?" to who asks for money for one) it is left out.
    """
    rest = iter(range(len(units)))
    for at in rest:
        unit = units[at]
        if not _VERDICT.fullmatch(unit.text):
            yield unit
        elif _is_asked(question, units, at):
            reason = units[at + 1] if at + 1 < len(units) else None
            if reason is None or reason.row or reason.label or ASKS.search(reason.text):
                yield unit
            else:
                next(rest)
                between = "" if is_japanese(reason.text) else " "
                text = f"{unit.text}{between}{reason.text}"
                yield replace(reason, text=text, stems=unit.stems | reason.stems)


def _is_asked(question: str, units: Sequence[Unit], at: int) -> bool:
    """Says whether the question is the one that the unit at an index stands under."""
    headings = units[at].passage.context.splitlines()[:1]
    above = units[at - 1].text if at else "".join(headings).rpartition(" > ")[2]
    if not ASKS.search(above):
        return False
    shares = coverage(weights(above), stems(question)), coverage(weights(question), stems(above))
    return min(shares) >= _THE_SAME
