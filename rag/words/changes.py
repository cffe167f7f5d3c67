"""A question about what changed between two editions of a document, in English and Japanese.

"What changed between 2023 and 2025 in the travel policy?", "How has the mileage rate changed?", 日当は変わりましたか,
旧規程との違いは？ The words alone decide here; whether there are editions, the corpus says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corpus.language import fold
from rag.words.editions import edition_of, periods_of, spaced_out, years
from rag.words.terms import stems, terms

_DONE = (
    r"(?:chang(?:e|ed)|updated?|revised?|amended|altered|differ(?:ent)?|raised?|increased?|lowered?|reduced?|decreased?"
    r"|rise|risen|rose|fall|fallen|fell|grow|grown|grew|extended|shortened|abolished|drop|dropped"
    r"|(?:gone|go|went|come|came) (?:up|down)|cut)"
)
_HAVE = r"(?:has|have|had|did|was|were)"
_HAPPENED = (
    r"(?:updated?|raised?|lowered?|extended|shortened|drop|dropped|cut|rise|risen|rose|fall|fallen|fell|grow|grown|grew"
    r"|(?:come|came|go|gone|went) down)"
)
_HELD = (
    r"(?:ages?|allowances?|amounts?|benefits?|bonus(?:es)?|budgets?|caps?|ceilings?|charges?|contributions?|costs?|cover(?:age)?"
    r"|deadlines?|deductibles?|deposits?|discounts?|entitlements?|fares?|fees?|fines?|grants?|guid(?:e|eline)s?|handbooks?"
    r"|interest|leave|levels?|limits?|lists?|manuals?|maximum|minimum|notice|numbers?|pay|payments?|pensions?|percentages?"
    r"|periods?|polic(?:y|ies)|premiums?|prices?|procedures?|quotas?|rates?|regulations?|rents?|rules?|salar(?:y|ies)|shares?"
    r"|subsid(?:y|ies)|surcharges?|targets?|tariffs?|tax(?:es)?|terms|thresholds?|times?|wages?|warrant(?:y|ies)"
    r"|days|hours|weeks|months|years)"
)
"""What may be raised or cut by a new edition; of anything else ("the fire alarm", "the line") that happens."""
_CHANGED = re.compile(
    r"\b(?:what|which(?: \w+){0,3})(?:['’]s| is| are| was| were| has| have| had| did)?(?: all)?(?: been)?"
    r" (?:chang(?:ed|e\W*\Z)|updated|revised|amended|altered)\b"
    r"|\bwhat(?:['’]s| is| are| was| were) (?:all )?(?:new|different)"
    r"(?=\W*\Z| (?:in|since|about|with|for|from|compared|to)\b)"
    r"|\bwhat(?:['’]s| is| are| were| was)? (?:the )?(?:\w+ )?(?:changes?|updates?|amendments?|revisions?)"
    r"(?=\W*\Z| (?:in|since|between|from|to|of|for|compared|made|with)\b)"
    rf"|\b(?:how(?: much)?|in what way|by how much) {_HAVE} (?!to\b)[^?]+ {_DONE}\b"
    r"|\bhow much (?:more|less|higher|lower|cheaper|dearer)\b[^?]{0,80}"
    r"\b(?:now\W*\Z|than (?:before|it was|last year|in (?:19|20)\d\d)\b)"
    rf"|\A\W*(?:(?:and|so|but) )?{_HAVE} (?!(?:i|we|you|my|your|anyone|anybody) )"
    rf"(?:[^?]*\b{_HELD}\b[^?]* (?:been )?{_DONE}|[^?]+ (?:been )?(?!{_HAPPENED}){_DONE})"
    r"(?=\W*\Z| (?:in|since|from|between|for|with|at|compared"
    r"|again|already|lately|much|now|recently|yet|this|last|over|after|by \d+)\b)"
    r"|\bstill the same\b|\bthe same as (?:in |before|the (?:old|previous|last|earlier))"
    r"|変わりました|変わった(?!場合|とき|時|ら|際)|変わってい|変わりはあり|変更になりました"
    r"|(?:変更|改定|改訂|改正|追加|廃止|引き?上げら?|引き?下げら?)(?:され|れ)(?:ました|たか|たの|た点)|(?:変更|改定|改訂|改正)はあり"
    r"|(?:変更|改定|改訂|改正)(?:点|内容|箇所|の要点)(?=は|を|が|に|[?？。]|\Z)"
    r"|(?:上が|下が)りましたか|(?:増え|減り|延び|伸び)ましたか|(?:短|長|高|安|厳し|緩)くなりましたか"
    r"|(?:なく|無く)なりましたか"
)
_LEADS_ON = re.compile(r"\b(?:have|has|had|having|needs?|want\w*) to (?:be )?chang|\bto be changed\b")
_COMPARED = re.compile(
    r"\b(?:differ(?:s|ences?|ent)?|compar(?:e|ed|ison|ing)|versus|vs\.?|chang(?:e|es|ed))\b"
    r"|違い|違う|違います|違って|差異|差分|相違|比較|比べ|変わ(?:る|り)|変更"
)
_EDITIONS = re.compile(
    r"\b(?:old|older|previous|earlier|former|last|prior)(?: and (?:the )?(?:new|current|latest))?"
    r" (?:\w+ )?(?:edition|version|polic(?:y|ies)|rules?|handbook|manual|guide\w*|terms|price list|procedure)\b"
    r"|\bthe old(?:er)?(?: one)?\b(?!-| \w+ (?:man|woman|people))"
    r"|旧(?:版|規程|規則|規定|ルール|制度|マニュアル|価格|版本)|新旧|(?:以前|前回|従来|これまで)の?(?:版|規程|規則|規定|ルール|制度)?(?=と|から|に比べ)"
    r"|(?:改定|改訂|改正)[前後]|前の?版"
)
_ASKING = re.compile(
    rf"\b(?:what|which|how|{_HAVE}|been|much|more|less|higher|lower|cheaper|dearer|now|than|before|way|{_DONE}|changes|updates?|amendments?|revisions?|differences?|differs"
    r"|compar\w+|versus|vs|between|since|new|newest|old|older|previous|earlier|former|prior|edition|version|main|key"
    r"|still|same|years?)\b"
    r"|何が|なにが|どこが|どう|どのように|いつ|(?:変わり?|変更|改定|改訂|改正|追加|廃止|引き?上げら?|引き?下げら?)(?:は?あり|され|れ|になり)?(?:ました|ます|ません)?(?:か|た)?"
    r"|(?:変更|改定|改訂|改正)?(?:点|内容|箇所|の要点)(?=は|を|が|に|[?？。]|\Z)|変わった|変わって(?:いますか|いる)?|違い|違う|違います|違って|差異|差分|相違|比較|比べ"
    r"|(?:上が|下が)り|(?:増え|減り|延び|伸び)|(?:短|長|高|安|厳し|緩|なく|無く)くな?り?|ました|ますか|ですか|教えて|ください|新旧|旧|以前|前回|従来|前の?版"
    r"|(?:改定|改訂|改正)[前後]|年度?版|年の|[一二三四五六七八九十\d]+版|から|との"
)
_NO_TOPIC = stems(
    "policy policies rules rule guide guidelines handbook manual document documents terms company edition version"
    " 規程 規則 規定 ルール 会社 社内 文書 制度 内容 最新 現行 版 点"
)
_THEN = re.compile(
    r"\b(?:in|during) (?:19|20)\d\d\b(?! (?:edition|version|polic|rule|hand|manual|price|and|to)|[-/])"
    r"|\d年度?(?:に|の(?:改定|改訂|改正|変更))(?!比べ)"
)
"""Names the year in which something became new, not an edition."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a question about a change asks: ``about`` are its words without those that only ask for the change and name
    editions; ``periods`` the years and versions that it names ("2023", "v2"); ``then``: whether it asks for what became
    new in that year; ``document`` what it calls the document by, without the kind: "coffee" of "the coffee policy",
    旅費 of 旅費規程, "" where it names none.
    """

    about: str
    periods: frozenset[str]
    then: bool
    document: str = ""

    def topic(
        self,
        name: frozenset[str] = frozenset(),
        rarity: Callable[[Sequence[str]], Mapping[str, float] | None] = lambda words: None,
    ) -> dict[str, float]:
        """Returns the words, and their weights, of what it asks about within documents of a name (its stems); none
        where it asks for all that changed. ``rarity`` gives words' inverse document frequency.
        """
        # 出張規程 may be an edition of 出張旅費規程: what it is called by is no part of what is asked about
        about = terms(f"- {_DOCUMENT.sub(_without_name, self.about)}")
        known = rarity([term.word for term in about]) or {}
        return {
            term.stem: term.weight * known.get(term.word, 1.0)
            for term in about
            if term.weight >= _CONTENT
            and (len(term.stem) > 1 or not term.stem.isascii())
            and term.stem not in name | _NO_TOPIC
        }


_CONTENT = 0.3


def change_asked_for(question: str) -> Change | None:
    """Returns what a question asks of a change; None where it asks for none."""
    asked = " ".join(fold(question).split())
    if _LEADS_ON.search(asked):
        return None
    spaced = spaced_out(question)
    periods = frozenset(one for one in periods_of(spaced) if re.fullmatch(r"(?:19|20)\d\d|v[\d.]+", one))
    names_editions = _EDITIONS.search(asked) is not None or len({*years(spaced)} | (periods - {""})) > 1
    if not (_CHANGED.search(asked) or (names_editions and _COMPARED.search(asked))):
        return None
    about = edition_of(_ASKING.sub(" ", _EDITIONS.sub(" ", asked))).work
    return Change(about, periods, _THEN.search(asked) is not None, _document_named(about))


_DOCUMENT = re.compile(
    r"(?<![\w-])(?P<name>(?:[\w-]{1,40} ){1,3})"
    r"(?:polic(?:y|ies)|rules|handbook|manual|guide(?:lines?)?|procedures?|regulations?|price list|charter)\b"
    "|(?P<named>[\u3400-\u9fff々ァ-ヶーa-z0-9-]{0,24}?)(?:規程|規則|規定|要領|マニュアル|手引|ガイドライン|取扱説明書|価格表|料金表)"
)


def _without_name(document: re.Match[str]) -> str:
    return document.group() if document["named"] is None else " "


_OF_THE_PAST = re.compile(
    rf"(?:\b(?:in|under|by|with|according to) )?(?:\bthe )?(?:{_EDITIONS.pattern})(?:では|での|で|の(?=\S)|は)?、?"
    r"|\b(?:previously|formerly|earlier|in the past|before)(?=\W*\Z)|\b(?:old|previous|former)\b"
    r"|(?:以前|かつて|当時|過去|前回|旧)(?:では|での|は|の(?=\S)|に)?、?",
    re.IGNORECASE,
)


def without_the_past(question: str) -> str:
    """Returns a question without the words by which it asks of an earlier edition: 旧規程では, "under the old rule"."""
    left = " ".join(_OF_THE_PAST.sub(" ", question).split())
    return left if re.search(r"\w", left) else question


_LEADS_TO_NAME = re.compile(
    r".*\b(?:an?|the|our|your|my|its|their|this|that|in|on|of|to|for|with|by|about|from|at|as|and|or|is|are|was|were|any|all|there)\b"
)
_OF_ANY = re.compile(
    r"company|corporate|whole|current|latest|new|employees?|staff|会社|当社|社内|現行|最新|新|全社"
)


def _document_named(about: str) -> str:
    """Returns the words by which a question calls a document."""
    found = _DOCUMENT.search(about)
    if found is None:
        return ""
    name = _LEADS_TO_NAME.sub(" ", found["name"] or found["named"])
    return " ".join(_OF_ANY.sub(" ", name).split()) or "".join(_PRICES.findall(found.group())[:1])


_PRICES = re.compile(r"price list|価格表|料金表")
"""A kind of document that needs no other name: a house has one."""
