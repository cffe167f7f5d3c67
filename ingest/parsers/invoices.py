"""Electronic invoices (EN 16931, Peppol, ZUGFeRD, Factur-X): what the two kinds of XML for them say, by readable names.

Everything that has a value is kept, as ``name: value`` in sections, the invoice's lines as a table. Names are those of
the elements, in words; a name that a section has twice is told apart by what it stands in. Of a file that was put into
it stands the name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import INVOICE
from ingest.parsers.office import parse_xml
from ingest.parsers.records import Record, write_record

_WORD_START = pattern(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_EMPTY_WORD = pattern(r"(?:Specified|Applicable|Associated|Defined|Included)(?=[A-Z])")
_DAY = pattern(r"(\d{4})(\d\d)(\d\d)")
_LINES = frozenset({"IncludedSupplyChainTradeLineItem", "InvoiceLine", "CreditNoteLine"})
_FORMS = frozenset({"DateTimeString", "DateString"})
"""What only says how a value is written."""
_AROUND = frozenset({"SupplyChainTradeTransaction"})
_DAY_FORMAT = "102"  # UN/CEFACT 2379: CCYYMMDD
_CREDIT_NOTE = "381"  # UN/CEFACT 1001
_UNITS = {
    "C62": "pieces", "H87": "pieces", "EA": "pieces", "HUR": "hours", "DAY": "days", "MON": "months", "KGM": "kg",
    "MTR": "m", "LTR": "l", "KWH": "kWh",
}  # fmt: skip
"""The units that most invoices count in (UN/ECE Recommendation 20)."""
_FEW = 24
"""Values that are told in one section."""


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an electronic invoice.

    Raises:
        ParseError: ``damaged_file``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``too_deep``, or a limit of the draft.
    """
    root = parse_xml(data, name)
    draft = Draft(limits)
    if inside := [one for one in root.iter() if _local(one).endswith("BinaryObject")]:
        for one in inside:
            one.text = one.get("filename") or one.get("mimeCode") or "a file"
        draft.note(
            "attachment_unread",
            f"Files that were put into this invoice were not read ({len(inside)}): add them as files.",
        )
    write_record(draft, name, _record(root))
    head = next(root.iterfind("{*}ExchangedDocument"), root)
    number = one_line(head.findtext("{*}ID") or "")
    is_credit = _local(root) == "CreditNote" or head.findtext("{*}TypeCode") == _CREDIT_NOTE
    title = f"{'Credit note' if is_credit else 'Invoice'} {number}" if number else ""
    return draft.finish(name=name, content_type=INVOICE, title=title)


def _record(element: Any) -> Record:
    """Returns what stands in an element: its own values, and what groups more of them under its name."""
    found: dict[str, list[Any]] = {}
    for child in _children(element):
        count = sum(1 for _ in islice(_leaves(child), _FEW + 1))
        told: Any
        if not count:
            continue
        if count <= _FEW or _local(child) in _LINES:
            flat = _flat(child)
            told = Record(tuple(flat)) if len(child) and len(flat) > 1 else flat[0][1]
        else:
            told = _record(child)
        found.setdefault(_words(_local(child)), []).append(told)
    return Record(tuple((key, told[0] if len(told) == 1 else told) for key, told in found.items()))


def _children(element: Any) -> Iterator[Any]:
    for child in element:
        if _local(child) in _AROUND:
            yield from child
        else:
            yield child


def _leaves(element: Any) -> Iterator[Any]:
    return (one for one in element.iter() if not len(one) and (one.text or "").strip())


def _flat(element: Any) -> list[tuple[str, str]]:
    """Returns all values within an element by name, behind whose they are, or what they stand in where names recur."""
    leaves = list(_leaves(element))
    named = [leaf.getparent() if _local(leaf) in _FORMS else leaf for leaf in leaves]
    often = Counter(map(_local, named))
    flat: dict[str, list[str]] = {}
    for leaf, one in zip(leaves, named, strict=True):
        inner = (
            [] if one is element else list(takewhile(lambda above: above is not element, one.iterancestors()))
        )
        whose = next(
            (above for above in inner if _local(above).endswith("Party") and _local(above) != "Party"), None
        )
        around = whose if whose is not None else inner[0] if inner and often[_local(one)] > 1 else None
        name = _words(_local(one))
        shown = name if around is None else f"{_words(_local(around))}: {name}"
        flat.setdefault(shown, []).append(one_line(_shown(leaf)))
    return [(name, ", ".join(dict.fromkeys(values))) for name, values in flat.items()]


def _shown(leaf: Any) -> str:
    text = (leaf.text or "").strip()
    day = _DAY.fullmatch(text) if leaf.get("format") == _DAY_FORMAT else None
    if day:
        return "-".join(day.groups())
    unit = leaf.get("unitCode") or ""
    return " ".join(filter(None, (text, _UNITS.get(unit, unit), leaf.get("currencyID"))))


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _words(name: str) -> str:
    """Returns an element's name in words: ``GrandTotalAmount`` is ``Grand total amount``."""
    words = _WORD_START.sub(" ", _EMPTY_WORD.sub("", name)).split(" ")
    return " ".join(word if not at or word.isupper() else word.lower() for at, word in enumerate(words))
