"""The pieces an answer is quoted from: the sentences and table rows of a passage,
each with what it stands under.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from corpus.language import fold, sentences
from corpus.language.scripts import HIRAGANA
from rag.prompts.prompting import ReadPassage, is_japanese
from rag.reading.headers import is_header
from rag.words.terms import CODE, numbers, stems, weights


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or a table's row, with what it stands under.

    ``header`` is a row's; ``lead`` the line that leads into it, or the sentence before that it leans on.
    ``item``: it is one of a list with bullets. ``label``: it names what follows and answers nothing itself.
    """

    passage: ReadPassage
    order: int
    text: str
    header: str = ""
    lead: str = ""
    row: bool = False
    item: bool = False
    label: bool = False
    stems: frozenset[str] = frozenset()

    @property
    def above(self) -> str:
        """What is shown before it: a row's header, and what leads to one of a list."""
        lead = self.lead.rstrip()
        return " ".join(
            (lead.rstrip(":：") if self.item and lead.endswith((":", "：")) else self.header).split()
        )

    @property
    def spoken(self) -> str:
        """Its words with what they stand under, for an embedder."""
        above = self.passage.context.splitlines()[:1]
        return "\n".join([*above, *(part for part in (self.lead, self.header) if part), self.text])


def cut(order: int, passage: ReadPassage) -> list[Unit]:
    """Returns the sentences and table rows of a passage, in order."""
    return _Cutting(order, passage).units()


class _Cutting:
    """A passage being cut: what its next sentence or row stands under."""

    def __init__(self, order: int, passage: ReadPassage) -> None:
        self._order, self._passage = order, passage
        self._pieces = list(_lines(passage.text))
        self._texts = [text for _, text in self._pieces]
        self._headings = {
            fold(part).strip() for line in passage.context.splitlines() for part in line.split(" > ")
        }
        self._heading = passage.context.partition("\n")[0].rpartition(" > ")[2]
        self._whole_lines = {_MARK.sub("", line).strip() for line in passage.text.splitlines()}
        self._contents = _contents(passage)
        self._lists = _Lists(passage.text)
        self._header, self._in_table = _header_above(passage), False
        self._lead = ""
        self._units: list[Unit] = []

    def units(self) -> list[Unit]:
        for at, (start, text) in enumerate(self._pieces):
            if not is_row(text):
                self._add_sentence(at, start, text)
            elif not set(text) <= set("|-: \t"):  # the line below Markdown's header
                self._add_row(at, text)
        return self._units

    def _add_row(self, at: int, text: str) -> None:
        if (
            not self._in_table
            and not self._header
            and is_header([one for one in self._texts[at : at + 8] if is_row(one)])
        ):
            self._header = text
        self._in_table = True
        self._lists.end()
        listed = _CONTENTS.fullmatch(text) is not None and (not self._header or _PAGES.search(self._header))
        label = text == self._header or bool(listed) or self._is_of_contents(text)
        above = "" if label or _is_garbled(self._header) else self._header
        self._add(text, stems(text), header=above, lead=self._lead, row=True, label=label)

    def _add_sentence(self, at: int, start: int, text: str) -> None:
        if self._in_table:
            self._header, self._in_table, self._lead = "", False, ""
        marked = _MARK.match(text) is not None
        beside = any(map(_BULLET.match, self._texts[max(0, at - 1) : at] + self._texts[at + 1 : at + 2]))
        within, led_by = self._lists.place(start, text, beside)
        item = within and marked
        text = _MARK.sub("", text)  # what is quoted begins behind the list's own mark
        subject = _SUBJECT.match(text)
        text = text[subject.end() :] if subject else text
        label = _is_topic(text) if subject else self._is_label(text, item, led_by)
        lead = self._leading(text, item, led_by)
        self._add(text, stems(_told(text)), lead=lead, item=item, label=label)
        if label:
            self._lead = self._with_what_it_leans_on(text)
        elif not marked and not within:
            self._lead = text if leads(text) else ""
        if leads(text):
            self._lists.lead(self._lead, within)

    def _add(
        self,
        text: str,
        words: frozenset[str],
        *,
        lead: str,
        label: bool,
        header: str = "",
        row: bool = False,
        item: bool = False,
    ) -> None:
        self._units.append(Unit(self._passage, self._order, text, header, lead, row, item, label, words))

    def _is_label(self, text: str, item: bool, led_by: str) -> bool:
        """Says whether a sentence names what follows and answers nothing itself.

        One of a list says something, however short it is, under what leads to it, or where a passage begins amid the
        list; else it may be a heading, or an entry of contents.
        """
        amid = all(unit.item for unit in self._units)
        return (
            (leads(text) if item and (led_by or amid) else _is_lead(text))
            or (fold(text).strip() in self._headings and text[-1:] not in ".。")
            or (text in self._whole_lines and ASKS.search(text) is not None)  # it is answered below
            or self._is_of_contents(text)
        )

    def _is_of_contents(self, text: str) -> bool:
        return any(text in line for line in self._contents)

    def _leading(self, text: str, item: bool, led_by: str) -> str:
        """Returns the line that leads into a sentence, or the sentence before that it leans on."""
        if item:
            return led_by or ("" if leads(self._lead) else self._lead)
        if self._lead or not self._units or self._units[-1].row or not leans(text):
            return self._lead
        return self._units[-1].text

    def _with_what_it_leans_on(self, text: str) -> str:
        """Returns a label, the last unit, behind the sentence or heading before it where it leans on that.

        "These include:" says not by itself whether they are covered.
        """
        above = self._heading
        if len(self._units) > 1 and not (self._units[-2].row or self._units[-2].item):
            above = self._units[-2].text
        leant = leads(text) and leans(text) and above
        return f"{above.rstrip('.。:： ')} > {text}" if leant else text


class _Lists:
    """Which sentences stand in a list, and what leads to it: the line before it that ends in a colon, or of a list in a
    list the item above.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._leads: list[tuple[int, str]] = []
        self._indent = -1
        """Of the item that is open, -1 outside a list."""

    def place(self, start: int, piece: str, beside: bool) -> tuple[bool, str]:
        """Returns whether a sentence that begins at an offset stands in a list, and what leads to it; ``beside``: one
        with a bullet stands right before or behind it.
        """
        line = self._text.rfind("\n", 0, start) + 1
        opens = not self._text[line:start].strip()
        indent = start - line if opens else self._indent
        bullet, led = _BULLET.match(piece) is not None, bool(self._leads)
        if opens and ((bullet and (beside or led)) or (led and _MARK.match(piece) is not None)):
            while self._leads and self._leads[-1][0] >= indent:
                self._leads.pop()
            self._indent = indent
        elif self._indent < 0 or (opens and indent <= 0):
            self.end()
        return self._indent >= 0, self._leads[-1][1] if self._leads and self._indent >= 0 else ""

    def lead(self, text: str, within: bool) -> None:
        """Takes what leads to the list that comes next; ``within``: it is itself in one."""
        self._leads.append((self._indent if within else -1, text))

    def end(self) -> None:
        """Ends every list."""
        self._leads, self._indent = [], -1


def leads(text: str) -> bool:
    """Says whether a line leads to what follows it: it ends in a colon."""
    return text.rstrip().endswith((":", "："))


ASKS = re.compile(r"(?:[?？]|(?<![とほ僅やら豊静確])か。)[」』”\"]?\s*\Z")
"""How a question ends; 速やか。, 明らか。, 僅か。 and ほか。 end statements."""

_LEANS = re.compile(
    r"(?:it|its|they|their|them|this|these|those|that|he|she|his|her|such|otherwise|then|instead|both"
    r"|in (?:this|that) case)\b|(?:これ|それ|この|その|ここ|そこ|こう|そう|また|ただし|なお|いずれ)",
    re.IGNORECASE,
)
"""How a sentence begins that speaks of what the sentence before it named."""


def leans(text: str) -> bool:
    """Says whether a sentence speaks of what the sentence before it named ("It also …")."""
    return _LEANS.match(text) is not None


def _told(text: str) -> str:
    """Returns a text without the addresses of its links: they are no words of it."""
    return _ADDRESS.sub(" ", text)


_ADDRESS = re.compile(r"(?<=\])\((?:[^()]|\([^()]*\))*\)|https?://\S+")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the sentences, each with its offset; table rows that were taken for one sentence apart, and what stands
    before and behind a reference: "It grew.[2] It fell."
    """
    for start, end in _with_headings(text):
        piece = text[start:end]
        if "\n" in piece and any(is_row(line) for line in piece.split("\n")):
            for line in piece.split("\n"):
                if line.strip():
                    yield start + len(line) - len(line.lstrip()), line.strip()
                start += len(line) + 1
        else:
            yield start, piece


def _with_headings(text: str) -> Iterator[tuple[int, int]]:
    """Yields the sentences, each together with the numbered heading before it on its line: "7.2 Survival. The duty …"
    says nothing by its first two words.
    """
    begins = -1
    for start, end in _sentences(text):
        first, begins = (start if begins < 0 else begins), -1
        line = text.rfind("\n", 0, start) + 1
        if (
            not text[line:start].strip()
            and _HEADING.fullmatch(text, start, end)
            and text[end : end + 1] == " "
        ):
            begins = start
        else:
            yield first, end
    if begins >= 0:
        yield begins, len(text.rstrip())


_HEADING = re.compile(r"(?:§+\s*)?\d+(?:\.\d+)+[.)]?\s+[^\W\d][\w’'-]*+(?:[ ,&/-]++[\w’'-]++){0,5}\.")


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    for start, end in sentences(text):
        numbered = _REFERENCE.match(text, start) is not None  # "[1] Wear a badge.[2] Lock the door."
        for referred in () if numbered else _REFERRED.finditer(text, start, end):
            yield start, start + len(text[start : referred.end()].rstrip())
            start = referred.end()
        yield start, end


_REFERENCE = re.compile(r"\[\d{1,4}\]")
_REFERRED = re.compile(rf"(?<=[.!?。])(?:{_REFERENCE.pattern})+\s+(?=\S)")


def is_row(text: str) -> bool:
    """Says whether a line is a row of a table."""
    return " | " in text or "\t" in text or (text.startswith("|") and text.endswith("|"))


_MARK = re.compile(r"\A\s*(?:[-*+]\s+|[•・●○]\s*|[(（]?\d{1,2}[.)）、](?!\d)\s*)(?=\S)")


def is_marked(text: str) -> bool:
    """Says whether a sentence begins as one of a list does: with a bullet or a number."""
    return _MARK.match(text) is not None


_BULLET = re.compile(r"\s*(?:[-*+]\s+|[•・●○]\s*)(?=\S)")
_CONTENTS = re.compile(
    r"\s*(?:\d+(?:\.\d+)*\s+|第[\d一二三四五六七八九十百]+[章条節]\s*)\D[^|]*\|\s*\d{1,4}\s*"
)
"""A line of a table of contents: number, heading, page."""
_PAGES = re.compile(r"\bpages?\b|ページ|頁", re.IGNORECASE)
"""What stands over the last column of one that has a header; "0 to 2 | 26" under "Years | Days of leave" is of none."""
_TITLE_OF_CONTENTS = re.compile(
    r"\btable of contents\b|^\W*(?:contents|index)\W*$|目\s*次", re.IGNORECASE | re.MULTILINE
)
_ENTRY = re.compile(r"(?P<heading>\S.*?)(?:\s*\|[\s|]*|\s*[.．・…‥]{2,}\s*|\s{2,}|\t)(?P<page>\d{1,4})\W*")
_FEWEST_ENTRIES = 3


def _contents(passage: ReadPassage) -> list[str]:
    """Returns the lines of a passage that are a table of contents: under its title, at least three headings whose last
    figures, the pages, never fall. Of a table of other figures some do, or nothing calls it contents.
    """
    titled = _TITLE_OF_CONTENTS.search(f"{passage.context}\n{passage.text}")
    if titled is None:
        return []
    found = [(line, _ENTRY.fullmatch(line.strip())) for line in passage.text.splitlines()]
    entries = [(line, int(one["page"])) for line, one in found if one is not None]
    rising = all(a <= b for (_, a), (_, b) in pairwise(entries))
    return [line for line, _ in entries] if rising and len(entries) >= _FEWEST_ENTRIES else []


def _header_above(passage: ReadPassage) -> str:
    """Returns the table's header that a passage's context ends in; a title may hold a bar as well."""
    lines = passage.context.splitlines()
    last = lines[-1] if lines else ""
    is_title = len(lines) == 1 and last.split(" > ")[0].strip("… ") in passage.place
    return last if is_row(last) and not is_title else ""


def _is_garbled(header: str) -> bool:
    """Says whether a header is what a broken text layer left of one: single letters, some of them kana."""
    cells = [re.sub(r"[\W_]", "", cell) for cell in header.split("|")]
    return all(len(cell) <= 1 for cell in cells) and re.search(f"[{HIRAGANA}]", "".join(cells)) is not None


def _is_lead(text: str) -> bool:
    """Says whether a line leads into what follows it: it ends in a colon,
    or is a few words without a figure.
    """
    stripped = text.rstrip()
    if stripped.endswith((":", "：")):
        return True
    words = _NUMBERING.sub("", stripped)
    few = len(words) < (20 if is_japanese(words) else 50)
    return few and words[-1:] not in ".。!！?？」”" and not numbers(CODE.sub(" ", fold(words)))


def _is_topic(subject: str) -> bool:
    """Says whether a mail's subject only names what it is about: fewer words than a sentence takes."""
    if is_japanese(subject):
        return _is_lead(subject)
    return len(weights(subject)) < _FEWEST_SAID and not numbers(fold(subject))


_SUBJECT = re.compile(r"\s*(?:Subject|件名)\s*[:：]\s*(?:(?:re|fwd?|aw|wg)\s*[:：]\s*)*(?=\S)", re.IGNORECASE)
_FEWEST_SAID = 4
_NUMBERING = re.compile(r"\A\s*(?:第\d+[条章節項]|[(（]?(?:§+\s*)?\d+(?:[.\-]\d+)*[.)）]?|[-*+•・●○])\s*")
