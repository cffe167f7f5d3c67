"""What of a model's text may be shown as a marker or as a quotation; decided as it comes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from corpus.language import Normalised, find, normalise, words
from rag.prompts.prompting import Passage
from rag.words.references import BRACKETS, as_marker, is_own, without_references

LONGEST = 1200
"""Characters that are held back at most until a quotation closes."""

QUOTES = {
    "“": "”", "„": "“”", "‟": "”", "‘": "’", "‚": "‘’", "«": "»", "»": "«", "‹": "›", "「": "」", "『": "』", "｢": "｣",
    "《": "》", "〈": "〉", "〝": "〞〟", '"': '"', "＂": "＂", "'": "'",
}  # fmt: skip
"""Every mark that opens a quotation, with those that close it."""

MARKER = re.compile(r"(?<!\s)\s*(\[(?!(?:19|20)\d\d\])\d{1,4}\])")
"""A marker as it comes out, with the blanks before it; a year in brackets is none."""
MARKERS = re.compile(f"(?:{MARKER.pattern})+")
"""Markers side by side."""

_LONGEST_BRACKET = 200
_SINGLE = frozenset("'‘‚`")
"""What may be an apostrophe or a code's mark as well: it is one where nothing closes it."""
_WORDS = 3
"""Words that single marks must hold to be a quotation's."""
_TAIL_KEPT = 40
"""Characters of what was shown that are remembered."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9_)\]]\Z")
_TAIL = re.compile(r"†.*|,?\s*\b(?:pp?\.?|page)\s*\d.*", re.DOTALL)
_LEFT = re.compile(r"\[\s*(?!(?:19|20)\d\d\Z)(\d{1,4})\s*\Z")
_TAG = re.compile(r"<(q|blockquote)(?:\s[^<>]*)?>", re.IGNORECASE)
_TAG_BEGUN = re.compile(
    r"<(?:q|b|bl|blo|bloc|block|blockq|blockqu|blockquo|blockquot|blockquote)?", re.IGNORECASE
)
_TAG_GOES_ON = re.compile(r"<(?:q|blockquote)(?:\s[^<>]*)?(?:>.*)?", re.IGNORECASE | re.DOTALL)
_LINE_BEGINS = re.compile(r"\s*(?:(?:[-*+]|\d{1,2}[.)])\s+)?")
_PREFIX = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_MARKS = re.compile(r"</?(?:q|blockquote)\b[^<>]*>|[>“”„‟‘’‚'«»‹›「」『』｢｣《》〈〉〝〞〟\"＂]")
_IN_QUOTATION = re.compile(r"(\s*)([\[【［⟦〔]+[^\[\]【】［］⟦⟧〔〕]{0,200}[\]】］⟧〕]+)")


class Screen:
    """Passes a model's text on, piece by piece, holding back brackets and quotations until they can be
    checked.

    Markers come out as ``[1][2]``; numbers of passages that were not given are dropped and counted in
    ``dropped_markers``. Quotation marks (also ``> `` before a line, ``<q>``, ``<blockquote>``) around words
    that stand in no passage (nor in the question) are dropped and counted in ``altered_quotes``; without
    passages quotations are left alone. No more than :data:`LONGEST` characters are ever held.
    """

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        self._markers = frozenset(passage.marker for passage in passages)
        self._documents = {passage.marker: normalise(passage.hit.text) for passage in passages}
        self._sources = list(self._documents.values())
        self._sources += [without_references(passage.hit.text) for passage in passages]
        if passages:
            self._sources += [normalise(question)]
        self._held = ""
        self._blank = ""  # one blank, which goes where the marker behind it does
        self._line = ""  # how the line that is shown begins
        self._tail = ""  # how what is shown ends
        self._ahead: deque[str] = deque()
        self.dropped_markers = 0
        self.altered_quotes = 0

    def feed(self, text: str) -> str:
        """Returns what of the text so far can be shown."""
        self._ahead.extend(text)
        shown = []
        while self._ahead:
            shown.append(self._step(self._ahead.popleft()))
        return "".join(shown)

    def close(self) -> str:
        """Returns what was still held back, at the end of the text."""
        shown = []
        while self._held:
            shown.append(self._end())
            shown.append(self.feed(""))
        blank, self._blank = self._blank, ""
        return "".join(shown) + blank

    def _step(self, character: str) -> str:
        if not self._held:
            if self._opens(character):
                self._held = character
                return ""
            return "" if character == "]" and self._ends_a_marker() else self._say(character)
        opened = self._held[0]
        if opened in BRACKETS:
            return self._bracket(character)
        if opened == "<":
            return self._tagged(character)
        if opened == ">":
            return self._block(character)
        if opened == "`":
            return self._ticks(character)
        return self._quotation(character)

    def _opens(self, character: str) -> bool:
        if character in BRACKETS:
            return True
        if not self._sources:
            return False
        if character == ">":
            return _LINE_BEGINS.fullmatch(self._line) is not None
        if character in "'‘‚":
            return not _is_letter(self._tail[-1:])
        if character == '"':
            return not self._tail[-1:].isdigit()  # inches
        return character in QUOTES or character in "<`"

    def _ends_a_marker(self) -> bool:
        """Says whether a bracket would make a marker of what is left where marks were dropped."""
        match = _LEFT.search(self._tail)
        if match is None or int(match.group(1)) in self._markers:
            return False
        self.dropped_markers += 1
        return True

    # ---- what is held ----

    def _bracket(self, character: str) -> str:
        held = self._held + character
        nested = character in BRACKETS and all(one in BRACKETS or one == " " for one in held)
        closing = character in BRACKETS.values()
        if closing and _depth(held) == 0:
            self._held = held
            return self._marked()
        only = closing or nested or not any(one in BRACKETS.values() for one in self._held)
        if len(held) > _LONGEST_BRACKET or held.endswith("\n\n") or not only:
            return self._let(1, character)
        if character in BRACKETS and not nested:
            return self._let(1, character)
        self._held = held
        return ""

    def _marked(self) -> str:
        marker = self._marker(self._held) if (own := self._own()) is None else own
        if marker is None:
            return self._let(1)
        self._held = ""
        if not marker:
            self._blank = ""
            return ""
        return self._say(marker)

    def _own(self) -> str | None:
        """Returns how a document's own number is shown outside a quotation; None for what is none, or may as well be
        the marker of that very document.

        It stays right behind a letter, as an index of code does; elsewhere it is a footnote's that was copied, and
        would be read as a marker.
        """
        text, at = self._tail + self._held, len(self._tail)
        if as_marker(self._held) is None or not is_own(text, at, len(text), self._documents.values()):
            return None
        if _IDENTIFIER.search(self._tail):
            return self._held
        named = (self._documents.get(int(number)) for number in re.findall(r"\d+", self._held))
        return None if is_own(text, at, len(text), filter(None, named)) else ""

    def _marker(self, held: str) -> str | None:
        """Returns how a marker is shown, "" for one of passages that were not given; None for other words."""
        folded = as_marker(_MARKS.sub("", held))
        if folded is None:
            return None
        named: list[int] = []
        known: list[int] = []
        for first, last in re.findall(r"(\d+)(?:\s*[-~〜]\s*\D{0,12}(\d+))?", _TAIL.sub("", folded)):
            low, high = int(first), int(last or first)
            named += dict.fromkeys((low, high))
            known += [
                number for number in sorted(self._markers) if low < number < high or number in (low, high)
            ]
        self.dropped_markers += sum(number not in self._markers for number in named)
        return "".join(f"[{number}]" for number in dict.fromkeys(known))

    def _tagged(self, character: str) -> str:
        held = self._held + character
        if not (_TAG_BEGUN.fullmatch(held) or _TAG_GOES_ON.fullmatch(held)):
            return self._let(1, character)
        self._held = held
        tag = _TAG.match(held)
        if tag and (close := re.search(rf"</{tag.group(1)}\s*>\Z", held[tag.end() :], re.IGNORECASE)):
            return self._judged(tag.end(), len(held) - tag.end() - close.start())
        return self._bounded()

    def _block(self, character: str) -> str:
        self._held += character
        if self._held.endswith("\n\n"):
            return self._judged_block()
        return self._bounded()

    def _judged_block(self) -> str:
        held, self._held = self._held, ""
        lines = _PREFIX.sub("", held).splitlines()
        if all(self._stands(line) for line in lines if _bare(line).strip()):
            return self._say(self._rescreen(held))
        self.altered_quotes += 1
        self._ahead.extendleft(reversed(_PREFIX.sub("", held)))
        return ""

    def _ticks(self, character: str) -> str:
        held = self._held + character
        if held == "```" or (len(held) == 2 and character != "`"):
            return self._let(1 if len(held) == 2 else 2, character)
        self._held = held
        if held.endswith("''") and len(held) > 3:
            return self._judged(2, 2)
        if held.endswith("``") and len(held) > 3:  # code
            return self._let(2)
        return self._bounded()

    def _quotation(self, character: str) -> str:
        opened, closes = self._held[0], QUOTES[self._held[0]]
        if opened in _SINGLE:
            # An apostrophe has a letter behind it.
            if self._held[1:] and self._held[-1] in closes and not _is_letter(character):
                self._ahead.appendleft(character)
                return self._judged(1, 1)
            if len(self._held) == 1 and character.isspace():
                return self._let(1, character)
            self._held += character
            return self._bounded()
        self._held += character
        if character in closes:
            inner = self._held[1:-1]
            if opened in closes or inner.count(opened) == sum(inner.count(one) for one in closes):
                return self._judged(1, 1)
        return self._bounded()

    # ---- what becomes of it ----

    def _judged(self, left: int, right: int) -> str:
        """Shows a closed quotation whose words stand in a source; another goes on without its marks."""
        held, self._held = self._held, ""
        inner = held[left : len(held) - right]
        few = held[0] in _SINGLE and len(words(inner)) < _WORDS
        if not few and self._stands(inner):
            return self._say(held[:left] + self._rescreen(inner) + held[len(held) - right :])
        if few:
            self._held = held
            return self._let(left)
        self.altered_quotes += 1
        self._ahead.extendleft(reversed(inner))
        return ""

    def _bounded(self) -> str:
        """Ends what is held where it is too long or its paragraph ends."""
        return self._end() if len(self._held) > LONGEST or self._held.endswith("\n\n") else ""

    def _end(self) -> str:
        """Lets the mark go that nothing has closed."""
        opened = self._held[0]
        if opened in BRACKETS:
            return self._let(1)
        if opened == ">":
            return self._judged_block()
        if opened in _SINGLE:
            if self._held[-1] in QUOTES.get(opened, "") and len(self._held) > 2:
                return self._judged(1, 1)
            if len(self._held) <= LONGEST:
                return self._let(2 if self._held.startswith("``") else 1)
        if opened == "<" and not _TAG.match(self._held):
            return self._let(1)
        tag = _TAG.match(self._held)
        self.altered_quotes += 1
        self._ahead.extendleft(reversed(self._held[tag.end() if tag else 1 :]))
        self._held = ""
        return ""

    def _let(self, count: int, character: str = "") -> str:
        """Shows the first characters of what is held, and looks at the others anew."""
        held, self._held = self._held + character, ""
        self._ahead.extendleft(reversed(held[count:]))
        return self._say(held[:count])

    def _stands(self, inner: str) -> bool:
        """Says whether a quotation stands in a source, as it is or without any numbers in brackets."""
        markers = [
            match
            for match in _IN_QUOTATION.finditer(inner)
            if as_marker(match[2]) is not None and not is_own(inner, *match.span(2), self._documents.values())
        ]
        as_it_is = inner
        for match in reversed(markers):
            as_it_is = as_it_is[: match.start()] + as_it_is[match.end() :]
        return any(_stands(one, self._sources) for one in dict.fromkeys((_trimmed(as_it_is), _bare(inner))))

    def _rescreen(self, inner: str) -> str:
        """Screens the markers inside a quotation; the numbers that its document has there are none."""

        def shown(match: re.Match[str]) -> str:
            own = is_own(inner, *match.span(2), self._documents.values())
            marker = None if own else self._marker(match.group(2))
            return match.group() if marker is None else (match.group(1) + marker if marker else "")

        return _IN_QUOTATION.sub(shown, inner)

    def _say(self, text: str) -> str:
        text = self._blank + text
        self._line = (self._line + text).rpartition("\n")[2][:12]
        self._tail = (self._tail + text)[-_TAIL_KEPT:]
        self._blank = " " if text[-1] == " " else ""
        return text[:-1] if self._blank else text


def _depth(held: str) -> int:
    return sum((one in BRACKETS) - (one in BRACKETS.values()) for one in held)


def _is_letter(character: str) -> bool:
    """Says whether an apostrophe beside it belongs to a word; Japanese knows none."""
    return character.isalnum() and character < "\u3000"


def _bare(quote: str) -> str:
    """Returns a quotation without markers, emphasis and further marks around it."""
    return _trimmed(MARKERS.sub("", quote))


def _trimmed(quote: str) -> str:
    return quote.strip(" \t\n*_\"“”„‟‘’'«»‹›「」『』《》＂")


def _stands(quote: str, sources: Sequence[Normalised]) -> bool:
    """Says whether every part of a quotation
    (parts are joined by an ellipsis) stands in one of the sources.
    """
    parts = [part for part in re.split(r"\s*(?:\.\.\.|…+|\[…\])\s*", quote) if part.strip()]
    return bool(parts) and any(
        all(find(part.strip().rstrip(".,;:、，"), source) for part in parts) for source in sources
    )
