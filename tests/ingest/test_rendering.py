"""Pages as pictures: the quoted words are marked where they stand, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from corpus.errors import NotFoundError, ParseError
from corpus.settings import Settings
from corpus.types import Document
from ingest.parsers import parse
from ingest.rendering import LONG_SIDE_PIXELS, _find_quotes, _folded, render_page
from ingest.sandbox import ParserPool
from tests.ingest.paper import HEIGHT, WIDTH, drawn, write

FIRST = "Hotels are paid up to two hundred euros a night, breakfast included, when the receipt is handed in."
SECOND = "Meals are paid up to forty euros a day."


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(Settings()) as pool:
        yield pool


@pytest.fixture(scope="module")
def original() -> bytes:
    def draw(canvas: Any) -> None:
        y = write(canvas, FIRST, 70, 780, 300)
        write(canvas, SECOND, 70, y - 100, 300)
        canvas.showPage()
        write(canvas, SECOND, 70, 400, 300)

    return drawn(draw)


@pytest.fixture(scope="module")
def document(original: bytes) -> Document:
    return parse(original, "policy.pdf")


def picture_of(png: bytes) -> Any:
    return Image.open(io.BytesIO(png)).convert("RGB")


def marked_area(picture: Any) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top of what is coloured, in points."""
    red, _, blue = picture.split()
    area = ImageChops.subtract(red, blue).point(lambda value: 255 if value > 60 else 0).getbbox()
    if area is None:
        return None
    scale = HEIGHT / picture.height
    return area[0] * scale, HEIGHT - area[3] * scale, area[2] * scale, HEIGHT - area[1] * scale


def span(document: Document, quote: str, after: int = 0) -> tuple[int, int]:
    start = document.text.index(quote, after)
    return start, start + len(quote)


def test_a_page_is_drawn_whole(pool: ParserPool, original: bytes, document: Document) -> None:
    picture = picture_of(render_page(pool, original, document, 1))
    assert picture.height == LONG_SIDE_PIXELS
    assert abs(picture.width - LONG_SIDE_PIXELS * WIDTH / HEIGHT) <= 1
    assert marked_area(picture) is None
    assert picture.convert("L").getextrema() == (0, 255)


def test_a_quote_is_marked_where_it_stands(pool: ParserPool, original: bytes, document: Document) -> None:
    one = marked_area(picture_of(render_page(pool, original, document, 1, [span(document, FIRST)])))
    other = marked_area(picture_of(render_page(pool, original, document, 1, [span(document, SECOND)])))
    assert one is not None
    assert other is not None
    assert one[0] == pytest.approx(70, abs=3)
    assert one[3] == pytest.approx(790, abs=6)
    assert one[1] > 700 > other[3]  # below each other, and apart


def test_a_quote_over_two_pages_is_marked_on_each(
    pool: ParserPool, original: bytes, document: Document
) -> None:
    whole = [(0, len(document.text))]
    for page in (1, 2):
        assert marked_area(picture_of(render_page(pool, original, document, page, whole))) is not None
    only_first = [span(document, FIRST)]
    assert marked_area(picture_of(render_page(pool, original, document, 2, only_first))) is None


def test_what_has_no_picture_is_named(pool: ParserPool, original: bytes, document: Document) -> None:
    with pytest.raises(NotFoundError) as missing:
        render_page(pool, original, document, 3)
    assert missing.value.code == "no_such_page"
    text = parse(b"only words", "a.txt")
    with pytest.raises(ParseError) as plain:
        render_page(pool, b"only words", text, 1)
    assert plain.value.code == "no_picture"
    with pytest.raises(ParseError) as damaged:
        render_page(pool, b"%PDF-1.7 broken", document, 1)
    assert damaged.value.code == "damaged_file"


def test_cells_and_sentences_are_found_one_by_one() -> None:
    page = _folded(
        "Region City Hotel Norway Oslo 200 euros Italy Rome 150 euros. The rest follows. Another end."
    )
    found = _find_quotes(page, ["Norway | Oslo | 200 euros"])
    assert [page[start:end] for start, end in found] == ["norwayoslo200euros"]
    found = _find_quotes(page, ["Oslo | Rome"])
    assert [page[start:end] for start, end in found] == ["oslo", "rome"]
    found = _find_quotes(page, ["Never said. The rest follows."])
    assert [page[start:end] for start, end in found] == ["therestfollows"]
    assert _find_quotes(page, ["", "ab", "not there at all"]) == []


@given(text=st.text(max_size=60), quotes=st.lists(st.text(max_size=20), max_size=3))
def test_what_is_found_really_stands_there(text: str, quotes: list[str]) -> None:
    folded = _folded(text)
    for start, end in _find_quotes(folded, quotes):
        assert 0 <= start < end <= len(folded)
        assert any(folded[start:end] in _folded(quote) for quote in quotes)


def test_what_was_typed_into_a_form_is_drawn_and_marked(pool: ParserPool) -> None:
    def form(canvas: Any) -> None:
        canvas.drawString(72, 750, "Application for leave")
        canvas.acroForm.textfield(name="n", value="Taro Yamada", x=120, y=692, width=200, height=20)

    filled = drawn(form)
    document = parse(filled, "form.pdf")
    area = marked_area(picture_of(render_page(pool, filled, document, 1, [span(document, "Taro Yamada")])))
    assert area is not None
    assert 690 < area[1] < area[3] < 714
