"""Scanned pages: read where text recognition is installed, and never passed over in silence."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from reportlab.lib.utils import ImageReader

from corpus.errors import ParseError, UnavailableError
from corpus.settings import Settings
from ingest.parsers import Limits, detection, parse, recognition
from ingest.planning import fingerprint
from ingest.sandbox.pool import ParserPool
from tests.builders import SPACE
from tests.ingest.children import Begun
from tests.ingest.paper import HEIGHT, WIDTH, drawn, wrapped, write

PROSE = (
    "Employees who travel on company business are paid back what they spent on it. The rules below say what "
    "is paid, up to which amount, and which receipts are needed."
)
RULES = Path(__file__).parents[2] / "corpus" / "sample" / "documents" / "japan" / "人事" / "就業規則.pdf"
"""Japanese that brings its own font: no machine is sure to have one."""


def picture(text: str) -> Any:
    """A page of text as a Pillow image."""

    def typed(canvas: Any) -> None:
        canvas.setFont("Helvetica", 12)
        for at, line in enumerate(wrapped(text, 450, size=12)):
            canvas.drawString(70, 760 - 18 * at, line)

    return pypdfium2.PdfDocument(drawn(typed))[0].render(scale=2.5).to_pil()


def scanned(*pages: Any, written: str = "") -> bytes:
    """A PDF of pictures, or of pictures of texts; ``written`` is real text on a page after them."""
    shots = [picture(page) if isinstance(page, str) else page for page in pages]

    def draw(canvas: Any) -> None:
        for number, shot in enumerate(shots):
            canvas.drawImage(ImageReader(shot.convert("L")), 0, 0, WIDTH, HEIGHT)
            if written or number + 1 < len(shots):
                canvas.showPage()
        if written:
            write(canvas, written, 70, 780, 450)

    return drawn(draw)


def without_spaces(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def test_without_recognition_the_page_says_how_to_have_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "is_installed", lambda: False)
    document = parse(scanned(PROSE, written=PROSE), "a.pdf")
    assert [(note.code, note.page) for note in document.notes] == [("scanned_page", 1)]
    assert "pip install rapidocr (" in document.notes[0].message
    with pytest.raises(ParseError) as caught:
        parse(scanned(PROSE, PROSE), "a.pdf")
    assert caught.value.code == "no_text"
    assert "pip install rapidocr (" in caught.value.hint
    assert caught.value.scanned == 2  # type: ignore[attr-defined]


def test_recognition_that_must_be_there_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "is_installed", lambda: False)
    with pytest.raises(UnavailableError) as caught:
        ParserPool(Settings(ocr="on"))
    assert caught.value.code == "no_ocr"


def test_switched_off_nothing_is_read() -> None:
    with ParserPool(Settings(ocr="off")) as pool, pytest.raises(ParseError) as caught:
        pool.parse(scanned(PROSE), "a.pdf")
    assert caught.value.code == "no_text"


def test_a_line_is_parted_into_words_where_they_stand() -> None:
    words = recognition._words("旅費 ab", 0, 10, 70, 20)
    assert [(word.text, word.x0, word.x1) for word in words] == [("旅費", 0, 40), ("ab", 50, 70)]


@pytest.mark.slow
def test_scanned_pages_are_read_in_the_sandbox_and_say_so(begun: Begun) -> None:
    rules = RULES.read_bytes()
    article = pypdfium2.PdfDocument(rules)[3].render(scale=2.5).to_pil()
    with ParserPool(Settings(parse_timeout_s=120, ocr_page_timeout_s=120)) as pool:
        document = pool.parse(scanned(PROSE, article, written="Written by hand."), "a.pdf")
        assert {child.pid for child in begun()} == {w._original._process.pid for w in pool._free}
    english, japanese, written = (document.text[page.start : page.end] for page in document.pages)
    assert " ".join(english.split()) == PROSE
    printed = parse(rules, "a.pdf")
    page = without_spaces(printed.text[printed.pages[3].start : printed.pages[3].end])
    assert SequenceMatcher(None, page, without_spaces(japanese), autojunk=False).ratio() > 0.95
    assert written == "Written by hand."
    assert [(note.code, note.page) for note in document.notes] == [("ocr_page", 1), ("ocr_page", 2)]


@pytest.mark.slow
def test_a_file_of_pictures_alone_is_read_and_one_without_text_named() -> None:
    from PIL import Image

    blank = drawn(
        lambda canvas: canvas.drawImage(ImageReader(Image.new("L", (500, 700), 90)), 0, 0, WIDTH, HEIGHT)
    )
    with ParserPool(Settings(parse_timeout_s=120, ocr_page_timeout_s=120)) as pool:
        assert " ".join(pool.parse(scanned(PROSE), "a.pdf").text.split()) == PROSE
        with pytest.raises(ParseError) as caught:
            pool.parse(blank, "photo.pdf")
    assert caught.value.code == "no_text"
    assert "only pictures" in caught.value.message


def test_pages_for_which_no_time_is_left_stay_scanned() -> None:
    document = parse(scanned(PROSE, written=PROSE), "a.pdf", Limits(ocr_s=1e-9))
    assert [(note.code, note.page) for note in document.notes] == [("scanned_page", 1)]


def test_what_may_hold_pictures_is_read_again_once_the_engine_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ways(ocr: str = "auto") -> dict[str, str]:
        chosen = Settings(ocr=ocr)
        return {
            kind: fingerprint(kind, chosen, SPACE)
            for kind in ("", detection.PDF, detection.ZIP, detection.TEXT)
        }

    monkeypatch.setattr(recognition, "is_installed", lambda: False)
    before = ways()
    monkeypatch.setattr(recognition, "is_installed", lambda: True)
    assert {kind for kind, way in ways().items() if way != before[kind]} == {"", detection.PDF, detection.ZIP}
    assert ways("off") == before
