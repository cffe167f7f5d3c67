"""What a question expects of its answer: a kind of words, a measure, a range its figures lie in, the newest edition."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from corpus.language import fold
from rag.prompts.prompting import Reading, ReadPassage
from rag.words.editions import (
    edition_name,
    edition_of_year,
    editions_of,
    is_of_a_time,
    periods_of,
    spaced_out,
    superseded,
)
from rag.words.periods import asked_years
from rag.words.terms import CODE, numbers, stems

_DATE = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:19|20)\d\d\b|\d\s*(?:[:h]\s*\d\d|am\b|pm\b)"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:days?|weeks?|months?|years?|hours?|quarter)\b|[年月日週時]",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\d\s*(?::\s?\d\d|時(?!間)|[ap]\.?m\b)|\b(?:noon|midnight)\b|正午|零時", re.IGNORECASE)
_CLOCKED = re.compile(r"\bwhat time\b|何時(?!間)")
_NAMES_A_TIME = re.compile(r"[^\sはがの、]?(?:時刻|時間)(?=(?:は|って)?何時)|\b(?:what time|time)\b")
_COUNT = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|none|half)\b|[一二三四五六七八九十百千]",
    re.I,
)
_MONEY = re.compile(
    r"[$€£¥￥]\s?\d|\d\s?(?:円|ドル|ユーロ|万|億|%|％|percent|usd|eur|gbp|jpy|czk|dollars?|euros?|yen)", re.I
)
_PERSON = re.compile(
    r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z]+\s+[A-Z][a-z]+|\b(?:manager|director|officer|head|team|lead|department"
    r"|office|board|committee|supervisor|president|chief|owner|human resources|hr)\b"
    r"|[部課係]長|責任者|担当|社長|取締役|部門?が|[課部室]|さん|氏"
)  # fmt: skip
_SHARE = re.compile(r"\d\s?(?:%|％|percent|割)")
_LENGTH = re.compile(
    r"\d\s*(?:working\s+|business\s+|calendar\s+)?(?:days?|weeks?|months?|years?|hours?|minutes?|seconds?)"
    r"|[\d一二三四五六七八九十]\s?(?:日|週|か月|ヶ月|カ月|ヵ月|年|時間|分|秒)"
    r"|\b(?:one|two|three|four|five|six|ten|twelve)\s+(?:day|week|month|year|hour)", re.I,
)  # fmt: skip
_ASKS: Sequence[tuple[re.Pattern[str], Sequence[re.Pattern[str]]]] = (
    (re.compile(r"\bhow long\b|どのくらいの期間|何日間|何年間|何か月|何ヶ月|何時間|何分|期間"), (_LENGTH,)),
    (re.compile(r"\bhow (?:much|expensive)\b|\b(?:cost|price|fee|budget|salary)\b"
                r"|いくら|何円|金額|費用|料金|価格"), (_MONEY, _COUNT)),
    (re.compile(r"\b(?:what|which) (?:percent|percentage|share)|何パーセント|何%|何割|割合"), (_SHARE,)),
    (re.compile(r"\bhow (?:many|often|old|far|large|big|high|deep|fast|heavy|warm)\b"
                r"|何[人個回件名台本枚歳度番m]|いくつ|どれくらい|どのくらい"), (_COUNT,)),
    (re.compile(r"\bwhen\b|\bwhat (?:date|day|time|year|month)\b|\bdeadline\b"
                r"|いつ|何[年月日時曜]|期限|締切|締め切り"), (_DATE,)),
    (re.compile(r"\bwho(?:m|se)?\b|誰|だれ|どなた|担当者"), (_PERSON,)),
)  # fmt: skip


def expected_kinds(question: str) -> list[re.Pattern[str]]:
    """Returns what the answer should look like: a date for "when", an amount for いくら, and so on."""
    folded = fold(question)
    return [kind for asks, kinds in _ASKS if asks.search(folded) for kind in kinds][:2]


def asks_for_money(question: str) -> bool:
    """Says whether a question asks what something costs: "how much" may ask for current, too."""
    return _COSTS.search(fold(question)) is not None


_COSTS = re.compile(
    r"\b(?:costs?|prices?|fees?|charges?|expensive)\b|\bhow much (?:is|are|was|were|for)\b"
    r"|\bhow much\b.*\b(?:pay|paid)\b|いくら|何円|金額|費用|料金|価格"
)
IN_MONEY = re.compile(
    r"\b(?:prices?|fees?|costs?(?! cent)|gbp|eur|usd|chf|jpy|czk)\b|[£$€¥]|価格|単価|料金|円"
)
"""What a column of prices is called."""


def counted(question: str) -> str:
    """Returns the counter of what a Japanese question counts, as a pattern (名 or 人 for 何名); "" for none."""
    found = _COUNTER.search(fold(question))
    if found is None:
        return ""
    return "[人名]" if found[1] in "人名" else found[1]


_COUNTER = re.compile(r"何([人名回件個台本枚冊歳社点種])(?![かも])")


def clock_words(question: str) -> frozenset[str]:
    """Returns the stems by which a question asks for a time of day (時刻 of 始業時刻は何時): a sentence tells them by
    giving one. None where it asks for none.
    """
    asked = fold(question)
    if not _CLOCKED.search(asked):
        return frozenset()
    return frozenset().union(*(stems(found.group()) for found in _NAMES_A_TIME.finditer(asked)))


def tells_a_time(text: str) -> bool:
    """Says whether a text gives a time of day."""
    return _CLOCK.search(fold(text)) is not None


# ---- what is about a text itself ----------------------------------------------------------------

_HEAD = re.compile(
    r"\s*(?:(?P<who>To|Cc|Bcc|From|宛先|差出人|送信者)|Date|Sent|日時|日付|送信日時)\s*[:：].*", re.IGNORECASE
)
_FROM = re.compile(r"^[^\S\n]*(?:From|差出人|送信者)\s*[:：]", re.IGNORECASE | re.MULTILINE)
_LETTER = re.compile(r"\.(?:eml|msg|mbox)\b", re.IGNORECASE)
_ASKS_OF_LETTER = re.compile(
    r"\b(?:e-?mails?|mails?|mailed|messages?|letters?|sen[dt]s?|sender|wrote|writ(?:e|es|ing|ten)|recei\w+|repl\w+"
    r"|answered|announc\w+|told|tell|inform\w*|recipients?|cc)\b"
    r"|メール|メッセージ|送[っりらる信付]|書[いかくき]|返信|返事|受信|受け取|宛先|宛て|差出人|知らせ|連絡|通知|発表|伝え"
)


def letterhead(texts: Sequence[str], place: str) -> range:
    """Returns which of the sentences of a mail's passage say from and to whom and when it went: that date is not the
    date of what it tells.

    They are the run of such lines that it begins with, or its title does, and names somebody. It ends behind the line
    that says from whom, which stands last in a mail as it is stored: an invitation may go on with a date of its own.
    """
    first = 0 if texts[:1] and _heads(texts[0]) else 1
    if (
        first and texts[1:2] and texts[0].endswith(texts[1])
    ):  # of a mailbox: the subject below the mail's name
        first = 2
    last, who = first, False
    while _LETTER.search(place) and texts[last : last + 1] and (found := _heads(texts[last])):
        who = who or any(one["who"] for one in found)
        last += 1
        if _FROM.search(texts[last - 1]):
            break
    return range(first, last if who else first)


def _heads(text: str) -> list[re.Match[str]]:
    """Returns the lines of a sentence where each is of a mail's head; else none."""
    found = [_HEAD.fullmatch(line) for line in text.splitlines()]
    return [one for one in found if one] if all(found) else []


def asks_of_a_letter(question: str) -> bool:
    """Says whether a question may ask when or by whom something was written."""
    return _ASKS_OF_LETTER.search(fold(question)) is not None


# ---- ranges -------------------------------------------------------------------------------------

_NUMBER = r"(?<!\d)(?:[$€£¥]\s?)?(\d+(?:,\d{3}){0,6}(?:\.\d+)?)"
_BETWEEN = re.compile(
    rf"{_NUMBER}[^\d|,.]{{0,4}}(?:to|-|~|から|以上)[^\d|,.]{{0,4}}{_NUMBER}|between {_NUMBER} and {_NUMBER}"
)
_LEAST = re.compile(
    rf"{_NUMBER}(?:\+|[^\d|,.]{{0,8}}(?:(?:and|or) (?:more|over|above|older|longer)|以上|超))"
    rf"|(?:over|above|more than|at least|from) {_NUMBER}"
)
_MOST = re.compile(
    rf"(?:under|below|less than|up to|at most|until) {_NUMBER}"
    rf"|{_NUMBER}[^\d|,.]{{0,4}}(?:未満|以下|まで|and (?:less|under))"
)


def asked_figures(question: str) -> list[float]:
    """Returns the numbers of a question as figures; codes and times are none."""
    return [float(n) for n in numbers(CODE.sub(" ", fold(question))) if re.fullmatch(r"\d+(?:\.\d+)?", n)]


def fits(figures: Sequence[float], text: str) -> bool:
    """Says whether a figure lies within a range the text gives: "6 and more", "50 to 199", 3年以上4年未満."""
    if not figures or not any(character.isdigit() for character in text):
        return False
    folded = fold(text)
    ranges = [(low, high) for low, high in _bounds(_BETWEEN, folded)]
    if not ranges:
        ranges = [(low, math.inf) for low, _ in _bounds(_LEAST, folded)]
        ranges += [(0.0, high) for high, _ in _bounds(_MOST, folded)]
    return any(low <= figure <= high for figure in figures for low, high in ranges)


def _bounds(pattern: re.Pattern[str], text: str) -> Iterator[tuple[float, float]]:
    for match in pattern.finditer(text):
        found = [float(group.replace(",", "")) for group in match.groups() if group]
        yield found[0], found[-1]


_PAST = re.compile(
    r"\b(?<!how )(?<!(?:year|onth|days|eeks) )(?<!(?:years|onths) )old\b(?! (?:age|enough))"
    r"|\b(?:older|earlier)\b(?! than)"
    r"|\b(?:former|previous)(?:ly)?\b(?! (?:employ|staff|colleague|manager|customer|job|work))|\bin the past\b"
    r"|\bused to (?:be|have|get|cost|pay|apply|say)\b|\bbefore\W*$"
    r"|\bbefore (?:that|then|the (?:change|revision|update|amendment|reform|increase|price|new|current))\b"
    r"|以前|旧(?!姓|字|暦|盆)|かつて|当時|過去|前回"
)
"""Words of what was. "Before departure", "older than 18", "how old" and 旧姓 say nothing of that."""


def asks_of_the_past(question: str) -> bool:
    """Says whether a question is about what was, or names a time or version: then no newer edition is meant."""
    return _PAST.search(fold(question)) is not None or bool(periods_of(spaced_out(question)))


_PLACE = re.compile(r"(.*), page \d+ \((.*)\)", re.DOTALL)


def newer_editions(reading: Reading) -> dict[int, frozenset[int]]:
    """Returns the markers of passages of whose document another edition is at hand that is meant rather, each with
    those of that one's passages: the same work of a later time; where the question names a year, the edition that was
    in force then. None when it :func:`asks_of_the_past` otherwise.
    """
    documents = documents_of(reading.passages)
    rather = _in_force(reading.question, documents)
    if not rather and asks_of_the_past(reading.question):
        return {}
    markers = [passage.marker for passage in reading.passages]
    of = {
        one: frozenset(m for m, other in zip(markers, documents, strict=True) if other == one)
        for one in documents
    }
    return {markers[at]: of[documents[one]] for at, one in (rather or superseded(documents)).items()}


def years_of_editions(reading: Reading) -> frozenset[str]:
    """Returns the year of a question that says which edition at hand is meant: no word of what is asked then."""
    meant = _in_force(reading.question, documents_of(reading.passages))
    return frozenset(str(year) for year in asked_years(reading.question)) if meant else frozenset()


def _in_force(question: str, documents: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Returns which of the documents are another edition than the one in force in the year that a question names →
    that one; nothing where it names none, or several.
    """
    asked = [*asked_years(question)]
    found: dict[int, int] = {}
    if len(asked) != 1:
        return found
    for at, document in enumerate(documents):
        dated = {one: edition_name(*documents[one]) for one in editions_of(documents, at)}
        years = {one: int(year) for one, year in dated.items() if year.isdecimal()}
        then = edition_of_year(years, asked[0])
        if (
            then is not None
            and len(years) > 1
            and documents[then] != document
            and not is_of_a_time(*document)
        ):
            found[at] = then
    return found


_HISTORY = re.compile(
    r"\A\W*+(?:\d[\d.]*\s+)?(?:(?:document |revision |version )?history|list of changes|change ?log|revisions)\W*\Z"
    r"|(?:改定|改訂|更新|変更|制定)(?:の)?履歴"
)
_OF_EDITIONS = re.compile(r"\A\W*(?:version|edition|revision|rev\.?|版|改訂|改定|バージョン)\s?\|")
_ASKS_OF_HISTORY = re.compile(
    r"\b(?:versions?|editions?|revis\w+|chang\w+|introduc\w+|histor\w+|updat\w+|when|new|since|amend\w+|valid|force"
    r"|effect\w*|status|current|supersed\w+|replac\w+|owners?|owns|who|responsible|document|number|classif\w+|issued?)\b"
    r"|(?<!年)(?<!年度)版|改[定訂正]|制定|履歴|変更|変わ|施行|導入|いつ(?!まで)|更新|何年|何月|有効|現行|廃止|失効|所管|担当|誰|番号|区分|状態"
)
_OF_ITSELF = (
    r"document(?: (?:no|number|id))?\.?|version|effective(?: date)?|owner|status|classification|文書番号|版|施行日"
    r"|所管|区分|状態|改[定訂]日|制定日"
)
_ROW_OF_ITSELF = re.compile(rf"\A\|?\s*(?:{_OF_ITSELF})\s*\|[^|]*\|?\Z")
_LINE_OF_ITSELF = re.compile(rf"(?<!\w)(?:{_OF_ITSELF})(?!\w)|文書番号|施行日|改[定訂]日")
_MANY = 2


def is_of_history(heading: str, header: str) -> bool:
    """Says whether what stands under a heading or a table's header lists a document's own editions and what was new in
    each: it says that a rule changed, not what it is.
    """
    return bool(_HISTORY.search(fold(heading)) or _OF_EDITIONS.search(fold(header)))


def is_of_itself(text: str) -> bool:
    """Says whether a row or line tells of its document alone: its number, version, status, when it came into force."""
    folded = fold(text)
    return _ROW_OF_ITSELF.search(folded) is not None or len({*_LINE_OF_ITSELF.findall(folded)}) >= _MANY


def asks_of_history(question: str) -> bool:
    """Says whether a question may ask for an edition, of a document itself, or when something changed."""
    return _ASKS_OF_HISTORY.search(fold(question)) is not None


def documents_of(passages: Sequence[ReadPassage]) -> list[tuple[str, str]]:
    """Returns the title and the path of each passage's document; "" where its place says neither."""
    places = [_PLACE.fullmatch(passage.place) for passage in passages]
    return [(place[1], place[2]) if place else ("", "") for place in places]


def asks_for_all(question: str) -> bool:
    """Says whether a question asks for all rows of a table: "List all error codes", エラーコードの一覧."""
    return _ALL.search(fold(question)) is not None


_ALL = re.compile(
    r"\b(?:list|name|show) (?:me )?(?:all|every|the)\b|\b(?:what|which) are (?:all )?(?:the )?\w+(?: \w+)?s\b"
    r"|一覧|すべて|全て"
)


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
