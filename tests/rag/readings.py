"""What the built-in model makes of passages, and passages that several tests read."""

from __future__ import annotations

from rag.prompts.prompting import (
    ESTIMATE,
    Budget,
    build_prompt,
    read_prompt,
)
from rag.reading.sentences import answer_prompt
from tests.rag.hits import Shelf

BUDGET = Budget(10**6, 0, ESTIMATE)

HOTELS = (
    "…  5 Hotels\n\nThe company pays the actual cost up to the following amounts a night.\n\n"
    "Place | Limit a night\nLondon | £185\nParis | €160\n\nA serviced apartment is booked for longer stays."
)

LEAVE = "…  Full years of service | Days of leave\n0 to 2 | 26 days\n3 to 5 | 28 days\n6 and more | 30 days"

PUMP = "…  The Osprey pump is blue. The pump must be serviced every 400 hours of work. Parts are ordered in Leeds."

PUMP_JA = "…  ポンプは青い。ポンプの点検は400時間ごとに行う。部品は大阪営業所に注文する。"

ALLOWANCE_JA = "…  区分 | 一般社員 | 役員\n近距離出張 | 1,000円 | 1,500円\n遠距離出張 | 3,000円 | 5,000円"


def read(question: str, texts: dict[str, str], **context: str):
    return read_prompt(build_prompt(question, Shelf(texts, context).hits(), BUDGET).messages)


def answered(question: str, *texts: str) -> str:
    return "".join(answer_prompt(read(question, {f"d{n}.txt": text for n, text in enumerate(texts)})))
