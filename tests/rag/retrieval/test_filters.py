"""Filters as people write them: conditions, JSON and instants, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from corpus.errors import UsageError
from corpus.types import Filter
from ingest.parsers import PARSERS
from rag.retrieval.filters import KEYS, SHORT_TYPES, parse_filter, read_filter, within_collection


def _parsed(conditions: Iterable[str], as_of: str | None = None) -> Filter:
    return read_filter(parse_filter(conditions, as_of))


def test_conditions_and_json_say_the_same() -> None:
    written = _parsed(
        ["collection=hr", "type=PDF", "language=ja", "since=2025-04-01", "until = 2026-01-01T09:00+09:00",
         "source=a=b/*.pdf", "document=0123", "meta.team= hr ", "collection=it"]
    )  # fmt: skip
    assert written == read_filter(
        {
            "collections": ["hr", "it"],
            "types": ["pdf"],
            "languages": "ja",
            "since": "2025-04-01",
            "until": "2026-01-01T00:00Z",
            "source": "a=b/*.pdf",
            "documents": ["0123"],
            "metadata": {"team": "hr"},
        }
    )
    assert written.content_types == ("application/pdf",)
    assert written.since == datetime(2025, 4, 1, tzinfo=UTC)
    assert _parsed([]) == read_filter({}) == Filter()


@pytest.mark.parametrize(
    "condition",
    ["", "type", "type=", "=pdf", "colour=red", "meta.=x", "since=tomorrow", "until=2025-13-01",
     "type=exe", "type=application/x-msdownload", "language=xx", "language=jp", "language=english"],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused(condition: str) -> None:
    with pytest.raises(UsageError) as raised:
        _parsed([condition])
    assert raised.value.code == "bad_filter"
    assert raised.value.hint


@pytest.mark.parametrize("until", ["2025-01-01", "2024-12-31", "2025-01-01T08:00+09:00"])
def test_a_time_that_holds_no_moment_is_refused(until: str) -> None:
    with pytest.raises(UsageError, match="No date is on or after 2025-01-01 and before") as raised:
        _parsed(["since=2025-01-01", f"until={until}"])
    assert raised.value.code == "bad_filter"


def test_types_and_languages_are_the_same_in_capitals_and_with_their_countries() -> None:
    assert _parsed(["language=EN", "language=ja-JP", "language=pt_BR"]).languages == ("en", "ja", "pt")
    assert _parsed(["type=Application/PDF", "type=Md"]).content_types == (
        "application/pdf",
        "text/markdown",
    )


def test_a_filter_is_narrowed_to_a_collection_of_its_own_only() -> None:
    wide, several = Filter(languages=("en",)), Filter(collections=("hr", "it"))
    assert within_collection(wide, "hr") == Filter(collections=("hr",), languages=("en",))
    assert within_collection(several, "it") == Filter(collections=("it",))
    with pytest.raises(UsageError, match="both in collection 'sales' and in 'hr' or 'it'"):
        within_collection(several, "sales")


def test_what_cannot_widen_is_given_once() -> None:
    assert _parsed(["meta.a=1", "meta.a=1", "source=*.md"]).metadata == {"a": "1"}
    for twice in (
        ["meta.a=1", "meta.a=2"],
        ["since=2024-01-01", "since=2025-01-01"],
        ["source=a", "source=b"],
    ):
        with pytest.raises(UsageError, match="given twice"):
            _parsed(twice)


@pytest.mark.parametrize(
    "given",
    [
        {"colour": "red"},
        {"since": "soon"},
        {"since": 5},
        {"metadata": "hr"},
        {"metadata": ["hr"]},
        {"types": 5},
        {"collections": {"a": 1}},
    ],
)
def test_json_that_is_no_filter_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(UsageError) as raised:
        read_filter(given)
    assert raised.value.code == "bad_filter"


def test_every_type_that_is_read_can_be_asked_for_and_no_other() -> None:
    assert set(SHORT_TYPES.values()) == set(PARSERS)
    assert {"collection", "type", "language", "since", "until", "source", "document", "meta.NAME"} == set(
        KEYS
    )


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-06-01", datetime(2025, 6, 1, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2025-06-01T10:30", datetime(2025, 6, 1, 10, 30, tzinfo=UTC)),
        ("2025-06-01T00:00:00+09:00", datetime(2025, 5, 31, 15, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("", None),
    ],
)
def test_as_of_a_day_means_its_end(written: str, moment: datetime | None) -> None:
    asked = read_filter({"as_of": written})
    assert asked.as_of == moment
    if written:
        assert _parsed(["language=en"], written) == Filter(languages=("en",), as_of=moment)


@pytest.mark.parametrize("written", ["yesterday", "2025-13-01", "0001-01-01T00:00+09:00", "2025年6月1日"])
def test_as_of_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_filter({"as_of": written})
    assert raised.value.code == "bad_filter"
