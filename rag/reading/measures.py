"""What a question asks to be measured, in the words that documents measure it by: "how heavy" is told as a weight."""

from __future__ import annotations

import re

from corpus.language import fold
from rag.words.terms import stems

_MEASURES = (
    (
        r"\bheav(?:y|ier|iest)\b|\bweighs?\b|\bweight\b|\blight(?:er|est)\b|重[いさ]|軽い|重量|質量",
        "weight weighs 重量 質量",
    ),
    (r"\b(?:tall|high)(?:er|est)?\b|\bheight\b|高さ|全高", "height 高さ 全高"),
    (r"\bwid(?:e|er|est|th)\b|幅", "width 幅 横幅"),
    (r"\bdee?p(?:er|est|th)?\b|奥行", "depth 奥行"),
    (r"\b(?:fast|slow)(?:er|est)?\b|\bspeed\b|速[いさ]|速度", "speed 速度"),
    (r"\b(?:loud|nois[ey]|quiet)(?:er|est)?\b|うるさ|騒音|運転音", "noise 騒音 運転音"),
    (r"\bhead ?count\b|従業員数|社員数|人員数", "headcount employed employees 従業員数 社員数 人員数"),
    (
        r"\b(?:cheap(?:er|est)?|dear(?:er|est)|(?:more|less|most|least) expensive)\b|どちらが(?:安い|高い)|割安|割高",
        "price prices cost gbp eur usd chf jpy 価格 単価 税別 税込",
    ),
    (r"\b(?:hot|cold|warm)(?:ter|er|est)?\b|\btemperature\b|温度", "temperature 温度"),
)


def measured(question: str) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the stems by which a question asks for a measure, and those by which a text tells it; none where it asks
    for none.
    """
    asked = fold(question)
    found = [(match.group(), told) for asks, told in _MEASURES if (match := re.search(asks, asked))]
    by = frozenset[str]().union(*(stems(asking) for asking, _ in found))
    told = frozenset[str]().union(*(stems(word) for _, words in found for word in words.split()))
    return by, told
