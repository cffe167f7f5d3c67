"""A price, a weight or a telephone number that no passage gives for what is named is known to be missing."""

from __future__ import annotations

import pytest

from rag.grounding.abstention import STRANGE, signals
from rag.grounding.attributes import lacks_what_is_asked
from tests.rag.hits import Shelf

TEXTS = {
    "aq-300.md": "…  The AQ-300 is a pump for clean water. Its weight is 41 kg. It stands on four bolts.",
    "aq-500.md": "…  The AQ-500 is a pump, too. Spare parts: £12 for a seal.",
    "prices.md": "…  Product | Price\nAQ-700 | 900 EUR\nAQ-800 | on request",
    "plant.md": "…  Machine | Bought | Cost (£)\nXerox 280 | 2022 | 92000\nRicoh 9 | 2023 | on loan",
    "board.md": "…  Present: Priya Raman (CFO). The board bought a plant for £12 million.",
    "pay.md": "…  Band | Maximum\nP3 | £52,000",
    "parking.md": "…  Parking at Aire House. A permit costs £15 a month.",
    "help.md": "…  The VPN helpdesk answers on extension 4400.",
    "ja.md": "…  ポンプAQ-900の質量は63kgである。価格は900円とする。",
}


@pytest.mark.parametrize(
    ("question", "lacks"),
    [
        ("What is the price of the AQ-300?", True),
        ("What does the AQ-300 cost?", True),
        ("AQ-300の価格は？", True),
        ("AQ-300の電話番号は？", True),
        ("What is the price of the AQ-800?", True),
        ("What is the price of the AQ-700?", False),
        ("What did the Xerox cost?", False),
        ("What did the Ricoh cost?", True),
        ("What is the salary of the CFO?", True),
        ("What is the CFO's salary?", True),
        ("What does a permit at Aire House cost?", False),
        ("How heavy is the AQ-300?", False),
        ("What is the weight of the AQ-500?", True),
        ("AQ-900の重さは何kgですか", False),
        ("AQ-900の価格はいくらですか", False),
        ("What is the phone number of the VPN helpdesk?", False),
        ("What is the email address of the VPN helpdesk?", True),
        ("What is the price of a seal?", False),  # names nothing
        ("How do plan Alpha and its deductible affect the costs for the AQ-300?", False),
        ("What is the AQ-300 for?", False),
    ],
)
def test_what_is_asked_of_a_named_thing_is_looked_for_by_its_form(question: str, lacks: bool) -> None:
    hits = Shelf(TEXTS).hits()
    assert lacks_what_is_asked(question, hits) is lacks
    assert (signals(question, hits).names == STRANGE) is lacks


def test_of_no_passages_nothing_is_said() -> None:
    assert not lacks_what_is_asked("What is the price of the AQ-300?", ())
