"""Equations of MathML in one line, as :mod:`ingest.parsers.equations` writes Office's (W3C MathML 3, chapter 3)."""

from __future__ import annotations

from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.equations import grouped, scripts

_MAX_DEPTH = 60
_UNSAID = frozenset(
    {"annotation", "annotation-xml", "none", "mphantom", "mspace", "maligngroup", "malignmark"}
)
_SUBS, _SUPS, _BOTH = (
    frozenset({"msub", "munder"}),
    frozenset({"msup", "mover"}),
    frozenset({"msubsup", "munderover"}),
)


def write_mathml(element: Any, depth: int = 0) -> str:
    """Returns the text of an element in any namespace; one nested too deeply is read as its plain text."""
    if not isinstance(element.tag, str):
        return ""
    tag = element.tag.rpartition("}")[2]
    if depth > _MAX_DEPTH:
        return one_line("".join(element.itertext()))
    if tag in _UNSAID:
        return ""
    parts = [write_mathml(child, depth + 1) for child in element]
    if tag == "mfrac" and len(parts) == 2:
        return f"{grouped(parts[0])}/{grouped(parts[1])}"
    if tag == "msqrt":
        return f"√{grouped(''.join(parts))}"
    if tag == "mroot" and len(parts) == 2:
        return f"{grouped(parts[1])}√{grouped(parts[0])}"
    if tag in _SUBS and len(parts) == 2:
        return grouped(parts[0]) + scripts(parts[1], "")
    if tag in _SUPS and len(parts) == 2:
        return grouped(parts[0]) + scripts("", parts[1])
    if tag in _BOTH and len(parts) == 3:
        return grouped(parts[0]) + scripts(parts[1], parts[2])
    if tag == "mfenced":
        inner = ", ".join(filter(None, parts))
        return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"
    if tag in ("mtable", "mtr"):
        return ("; " if tag == "mtable" else ", ").join(parts)
    return one_line(element.text or "") + "".join(parts)
