"""Places that a document means without naming them: "Rest of the United Kingdom", "all other cities", その他の地域.

A list of places ends in such an entry so that it holds for every place. Whoever asks about Edinburgh asks about it,
though no passage has the word. Which of several entries a place belongs to, no program without an atlas can say; they
are quoted, and the reader knows. The Japanese places known here are mostly at home: その他の欧州 is not for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from corpus.language import fold
from rag.words.terms import stems, terms

JAPANESE_PLACE = re.compile(
    r"(?P<name>北海道|札幌|青森|岩手|盛岡|宮城|仙台|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|東京|"
    r"都内|神奈川|横浜|新横浜|川崎|新潟|富山|石川|金沢|福井|山梨|長野|岐阜|静岡|浜松|"
    r"愛知|名古屋|三重|滋賀|京都|大阪|堺|兵庫|神戸|奈良|和歌山|鳥取|島根|岡山|広島|山口|"
    r"徳島|香川|高松|愛媛|松山|高知|福岡|北九州|博多|佐賀|長崎|熊本|大分(?=[県市支営のにではもへをと]|$)|宮崎|鹿児島|"
    r"沖縄|那覇|国内|海外|日本|英国|米国|中国|韓国|台湾|欧州|ロンドン|パリ|ベルリン|"
    r"ニューヨーク|上海|北京|ソウル|シンガポール|リーズ|ブルノ|ヨーロッパ)(?:[都道府県市区]|支社|支店|営業所|本社|工場)?"
    r"(?!さん|氏|様|君|殿|先生|部長|課長|係長|主任|社長|専務|常務|取締役|語|円|人|酒|料理)"
)
"""Places that people ask about by turns; a place stands in the place of another. 福井さん and 日本語 are none."""

_KINDS = (
    r"(?:cit(?:y|ies)|towns?|countr(?:y|ies)|places?|locations?|regions?|destinations?|areas?|states?|count(?:y|ies)"
    r"|offices?(?! (?:suppl|equip|furni|expens|hours))|sites?(?! visit)|territor(?:y|ies)|provinces?)"
)
_REST = re.compile(
    r"\b[Rr]est of (?:the )?(?:[A-Z]|(?:world|country|continent)\b)"
    rf"|\b(?i:(?:all|any|every|the)\s+other\s+(?:\w+\s+)?{_KINDS})\b|(?:^|[|\n])\s*(?i:other\s+(?:\w+\s+)?{_KINDS})\b"
    r"|\b(?i:elsewhere|everywhere else|anywhere else)\b"
    r"|(?:その他|それ以外|上記以外|左記以外|これら以外|前号以外)の?(?:全?ての)?(?:国内|地域|都市|国(?![民籍際産税])|地方|場所|拠点|事業所"
    r"|市町村|都道府県)"
)
_LED = re.compile(
    r"\b(?:[Ii]n|[Aa]t|[Tt]o|[Ff]rom|[Nn]ear|[Aa]round|[Ww]ithin)\s+(?:the\s+)?"
    r"((?:[A-Z][\w'’.-]*)(?:\s+(?:(?:of|and|or|upon)\s+)?(?:the\s+)?[A-Z][\w'’.-]*){0,3})"
)
_NO_PLACE = re.compile(
    r"^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|q[1-4]\b|fy)|\d"
    r"|^(?:chapter|section|appendix|annex|article|table|figure|part|page|form|schedule|attachment|exhibit)\b",
    re.IGNORECASE,
)


def is_rest(text: str) -> bool:
    """Says whether a text has an entry for all places that it does not name."""
    return _REST.search(text) is not None


def places(question: str) -> frozenset[str]:
    """Returns the stems of the places that a question names: capitalised words behind "in", "at", "to", "from" and the
    like, and the Japanese places that are known. Months, weekdays, chapters, codes and words in capitals are none.
    """
    found: set[str] = set()
    if not question.isupper():
        for match in _LED.finditer(question):
            if not _NO_PLACE.search(match[1]) and not match[1].split()[0].isupper():
                found |= {term.stem for term in terms(f"- {match[1]}") if term.weight > 0}
    for match in JAPANESE_PLACE.finditer(question):
        found |= stems(match["name"])  # 名古屋 of 名古屋営業所: an office is not among "other places"
    return frozenset(found)


def meant(question: str, texts: Iterable[str]) -> frozenset[str]:
    """Returns the stems of the question's places that an entry like "rest of" among the texts stands for: those of
    which no text has a word.
    """
    asked = places(question)
    if not asked:
        return asked
    known = list(texts)
    if not any(is_rest(text) for text in known):
        return frozenset()
    named = frozenset().union(*(stems(fold(text)) for text in known))
    return asked - named
