"""Which sentences of the passages answer a question: the built-in model's reading, without any model.

Deterministic, linear in the passages, in English and Japanese.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from corpus.language import fold, sentences
from corpus.types import Float32
from rag.prompting import NOT_IN_DOCUMENTS, Reading, ReadPassage, is_japanese
from rag.terms import coverage, numbers, stems, weights

Embed = Callable[[Sequence[str]], Float32 | None]
"""Texts → unit rows, shape (n, dimension); None where the embedder does not know the language."""

ALONE = {
    False: "I know nothing by myself: I only read documents. Ask with retrieval, or choose another model.",
    True: "私自身には知識がありません。文書を読むだけです。検索を有効にするか、別のモデルを選んでください。",
}
"""What it says without passages, in English (False) and Japanese (True)."""

MOST_SENTENCES = 3
_EMBEDDED = 24


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign counts for. Fitted on the sample's and the development questions (``bench/answers.py``)."""

    words: float = 1.0
    around: float = 0.45
    kind: float = 0.18
    rank: float = 0.25
    meaning: float = 0.6
    follow: float = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence (or table row) of a passage with its signs."""

    passage: ReadPassage
    order: int
    index: int
    text: str
    stems: frozenset[str]
    score: float


def answer_prompt(reading: Reading, embed: Embed | None = None) -> Iterator[str]:
    """Yields the answer's parts: quoted sentences with their markers, at most three, best first."""
    japanese = is_japanese(reading.question)
    if not reading.passages:
        yield ALONE[japanese]
        return
    chosen = choose(reading, embed)
    if not chosen:
        yield NOT_IN_DOCUMENTS
        return
    for number, candidate in enumerate(chosen):
        opening = "" if not number else ("" if japanese else " ")
        yield opening + _quoted(candidate) + f" [{candidate.passage.marker}]"


def _quoted(candidate: Candidate) -> str:
    """Returns the sentence in quotation marks; a table's row has its header before them."""
    text = " ".join(candidate.text.split())
    left, right = ("「", "」") if is_japanese(text) else ("“", "”")
    if text.count(left) != text.count(right) or (left == "「" and text.startswith(left)):
        left, right = "«", "»"
    header = ""
    if "|" in text and candidate.passage.context:
        last = candidate.passage.context.splitlines()[-1]
        header = f"{' '.join(last.split())}: " if "|" in last and fold(last) != fold(text) else ""
    return f"{header}{left}{text}{right}"


# ---- choosing ------------------------------------------------------------------------------------


def choose(reading: Reading, embed: Embed | None = None, by: Weights = Weights()) -> list[Candidate]:
    """Returns the sentences that answer the question, best first; none when no word of it occurs."""
    rows = _units(reading)
    rarity = _rarity([stems_ for *_, stems_ in rows])
    wanted = weights(reading.question, {term: rarity(term) for term in weights(reading.question)})
    kinds = expected_kinds(reading.question)
    context = {p.marker: stems(f"{p.place}\n{p.context}") for p in reading.passages}
    candidates = []
    for at, (order, index, passage, text, own) in enumerate(rows):
        before = rows[at - 1] if at and rows[at - 1][2] is passage else None
        after = rows[at + 1] if at + 1 < len(rows) and rows[at + 1][2] is passage else None
        around = (
            context[passage.marker]
            | (before[4] if before else frozenset())
            | (after[4] if after else frozenset())
        )
        words = coverage(wanted, own)
        score = by.words * words + by.around * (coverage(wanted, own | around) - words)
        if before and _is_lead(before[3]):
            # The answer follows the question in a list of questions, and the rows follow a heading.
            score = max(score, by.follow * by.words * coverage(wanted, own | before[4]))
        score += by.kind * sum(bool(kind.search(text)) for kind in kinds)
        score += by.rank / (1 + 0.3 * order)
        score *= _worth(text, reading.question)
        if words > 0 or coverage(wanted, around) > 0.3:
            candidates.append(Candidate(passage, order, index, text, own, score))
    candidates.sort(key=lambda c: (-c.score, c.order, c.index))
    if embed is not None:
        candidates = _by_meaning(reading.question, candidates, embed, by)
    return _pick(candidates, wanted)


def _units(reading: Reading) -> list[tuple[int, int, ReadPassage, str, frozenset[str]]]:
    rows = []
    for order, passage in enumerate(reading.passages):
        for index, (start, end) in enumerate(sentences(passage.text)):
            text = passage.text[start:end]
            rows.append((order, index, passage, text, stems(text)))
    return rows


def _rarity(documents: Sequence[frozenset[str]]) -> Callable[[str], float]:
    """Returns a smoothed inverse document frequency over the sentences at hand (Robertson & Spärck Jones 1976)."""
    seen = Counter(term for document in documents for term in document)
    total = len(documents)
    return lambda term: math.log(1 + (total - seen[term] + 0.5) / (seen[term] + 0.5))


_DATE = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:19|20)\d\d\b|\d\s*(?:[:h]\s*\d\d|am\b|pm\b)"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:days?|weeks?|months?|years?|hours?|quarter)\b|[年月日週時]",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|none|half)\b|[一二三四五六七八九十百千]",
    re.I,
)
_MONEY = re.compile(
    r"[$€£¥￥]\s?\d|\d\s?(?:円|ドル|ユーロ|万|億|%|％|percent|usd|eur|gbp|jpy|czk|dollars?|euros?|yen)", re.I
)
_PERSON = re.compile(
    r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z]+\s+[A-Z][a-z]+|\b(?:manager|director|officer|head|team|lead|department|office|board|committee"
    r"|supervisor|president|chief|owner|human resources|hr)\b|[部課係]長|責任者|担当|社長|取締役|部門?が|[課部室]|さん|氏"
)  # fmt: skip
_SHARE = re.compile(r"\d\s?(?:%|％|percent|割)")
_LENGTH = re.compile(
    r"\d+\s*(?:working\s+|business\s+|calendar\s+)?(?:days?|weeks?|months?|years?|hours?|minutes?|seconds?)|[\d一二三四五六七八九十]+\s?"
    r"(?:日|週|か月|ヶ月|カ月|ヵ月|年|時間|分|秒)|\b(?:one|two|three|four|five|six|ten|twelve)\s+(?:day|week|month|year|hour)", re.I,
)  # fmt: skip
_ASKS: Sequence[tuple[re.Pattern[str], Sequence[re.Pattern[str]]]] = (
    (re.compile(r"\bhow long\b|どのくらいの期間|何日間|何年間|何か月|何ヶ月|何時間|何分|期間"), (_LENGTH,)),
    (re.compile(r"\bhow (?:much|expensive)\b|\b(?:cost|price|fee|budget|salary)\b|いくら|何円|金額|費用|料金|価格"), (_MONEY, _COUNT)),
    (re.compile(r"\b(?:what|which) (?:percent|percentage|share)|何パーセント|何%|何割|割合"), (_SHARE,)),
    (re.compile(r"\bhow (?:many|often|old|far|large|big|high|deep|fast|heavy|warm)\b|何[人個回件名台本枚歳度番m]|いくつ|どれくらい|どのくらい"), (_COUNT,)),
    (re.compile(r"\bwhen\b|\bwhat (?:date|day|time|year|month)\b|\bdeadline\b|いつ|何[年月日時曜]|期限|締切|締め切り"), (_DATE,)),
    (re.compile(r"\bwho(?:m|se)?\b|誰|だれ|どなた|担当者"), (_PERSON,)),
)  # fmt: skip


def expected_kinds(question: str) -> list[re.Pattern[str]]:
    """Returns what the answer should look like: a date for "when", an amount for いくら, and so on."""
    folded = fold(question)
    return [kind for asks, kinds in _ASKS if asks.search(folded) for kind in kinds][:2]


def _is_lead(text: str) -> bool:
    """Says whether a line leads into what follows it: a question, a line that ends in a colon, a heading."""
    stripped = text.rstrip()
    return stripped.endswith(("?", "？", ":", "：")) or (
        len(stripped) < 80 and stripped[-1:] not in ".。!！|"
    )


def _worth(text: str, question: str) -> float:
    """Returns how much a line can hold at all: headings, questions and fragments hold little."""
    stripped = text.strip()
    if stripped.endswith(("?", "？")):
        return 0.35
    if "|" in stripped or "\t" in stripped:
        return 1.0
    length = len(weights(stripped))
    if length <= 2 and not numbers(stripped):
        return 0.45
    if stripped[-1:] in (":", "："):
        return 0.6
    return 0.8 if stripped[-1:] not in ".。!！”」)）" and length <= 5 else 1.0


def _by_meaning(question: str, candidates: list[Candidate], embed: Embed, by: Weights) -> list[Candidate]:
    """Reorders the best by the cosine of question and sentence as well, where the embedder knows the language."""
    first, rest = candidates[:_EMBEDDED], candidates[_EMBEDDED:]
    rows = embed([question, *(c.text[:600] for c in first)]) if first else None
    if rows is None:
        return candidates
    cosines = rows[1:] @ rows[0]
    scored = [replace(c, score=c.score + by.meaning * float(s)) for c, s in zip(first, cosines, strict=True)]
    return sorted(scored, key=lambda c: (-c.score, c.order, c.index)) + rest


def _pick(candidates: Sequence[Candidate], wanted: Mapping[str, float]) -> list[Candidate]:
    """Returns the best, and up to two more that are nearly as good or add words of the question."""
    if not candidates:
        return []
    chosen = [_newest(candidates)]
    have = set(chosen[0].stems)
    for candidate in candidates:
        if len(chosen) >= MOST_SENTENCES:
            break
        if any(_same(candidate, other) for other in chosen):
            continue
        gain = coverage(wanted, have | candidate.stems) - coverage(wanted, have)
        if candidate.score >= 0.9 * chosen[0].score or (
            gain >= 0.15 and candidate.score >= 0.7 * chosen[0].score
        ):
            chosen.append(candidate)
            have |= candidate.stems
    return chosen


def _newest(candidates: Sequence[Candidate]) -> Candidate:
    """Returns the best; of sentences that say the same with other figures, the one from the newest document."""
    best = candidates[0]
    rivals = [
        c
        for c in candidates[:_EMBEDDED]
        if c.passage.place != best.passage.place
        and c.score >= 0.75 * best.score
        and _overlap(c.stems, best.stems) >= 0.35
        and numbers(c.text) != numbers(best.text)
    ]
    return max([best, *rivals], key=lambda c: (_year(c.passage), c.score))


def _year(passage: ReadPassage) -> int:
    years = [
        int(y) for y in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", fold(f"{passage.place} {passage.context}"))
    ]
    return max(years, default=0)


def _same(one: Candidate, other: Candidate) -> bool:
    return fold(one.text) == fold(other.text) or _overlap(one.stems, other.stems) >= 0.8


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))
