"""Office's equations in one line, so that what is above, below and under a root is not lost.

``x=(-b±√(b^2-4ac))/2a``: fractions with a slash, powers with ``^``, indices with ``_``, roots and large operators
with their signs (ECMA-376, part 1, 22.1).
"""

from __future__ import annotations

from typing import Any

from corpus.patterns import pattern

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ATOM = pattern(r"[^\W_]+|[^\x00-\x7f]|\([^()]*\)|")
_MAX_DEPTH = 60


def write_equation(element: Any, depth: int = 0) -> str:
    """Returns the text of an ``m:`` element; one nested too deeply is read as its plain text."""
    if depth > _MAX_DEPTH:
        return "".join(t.text or "" for t in element.iter(_M + "t"))

    def of(tag: str) -> str:
        found = element.find(_M + tag)
        return "" if found is None else write_equation(found, depth + 1)

    tag = element.tag
    if tag == _M + "t":
        return element.text or ""
    if tag == _M + "f":
        if _property(element, "fPr", "type", "bar") == "noBar":
            return f"{of('num')}; {of('den')}"
        return f"{grouped(of('num'))}/{grouped(of('den'))}"
    if tag == _M + "rad":
        degree = of("deg")
        return f"{grouped(degree)}√{grouped(of('e'))}" if degree else f"√{grouped(of('e'))}"
    if tag in (_M + "sSup", _M + "sSub", _M + "sSubSup"):
        return grouped(of("e")) + scripts(of("sub"), of("sup"))
    if tag == _M + "sPre":
        return scripts(of("sub"), of("sup")) + of("e")
    if tag == _M + "nary":
        return f"{_property(element, 'naryPr', 'chr', '∫')}{scripts(of('sub'), of('sup'))} {of('e')}"
    if tag == _M + "func":
        return f" {of('fName')} {of('e')}"
    if tag in (_M + "limLow", _M + "limUpp"):
        return of("e") + scripts(*((of("lim"), "") if tag == _M + "limLow" else ("", of("lim"))))
    if tag == _M + "d":
        inner = [write_equation(e, depth + 1) for e in element.iterchildren(_M + "e")]
        between = _property(element, "dPr", "sepChr", "|")
        return (
            f"{_property(element, 'dPr', 'begChr', '(')}{between.join(inner)}"
            f"{_property(element, 'dPr', 'endChr', ')')}"
        )
    if tag == _M + "m":
        rows = [
            ", ".join(write_equation(e, depth + 1) for e in row.iterchildren(_M + "e"))
            for row in element.iterchildren(_M + "mr")
        ]
        return "; ".join(rows)
    return "".join(
        write_equation(child, depth + 1)
        for child in element
        if isinstance(child.tag, str) and not child.tag.endswith(("}del", "}moveFrom"))
    )


def grouped(text: str) -> str:
    """Returns a part of an equation as one thing: in brackets where it is more than a name or a number."""
    text = text.strip()
    return text if _ATOM.fullmatch(text) else f"({text})"


def scripts(sub: str, sup: str) -> str:
    """Returns what stands below and above a sign, behind it."""
    return (f"_{grouped(sub)}" if sub else "") + (f"^{grouped(sup)}" if sup else "")


def _property(element: Any, group: str, name: str, usual: str) -> str:
    found = element.find(f"{_M}{group}/{_M}{name}")
    return usual if found is None else found.get(_M + "val") or ""
