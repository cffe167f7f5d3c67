"""What is looked up of a collection lacks nothing of what is asked for, and costs no more than that."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event, insert

from corpus.catalog import documents, records, schema
from corpus.catalog.records import Failure
from corpus.catalog.scopes import address, landmarks, outermost, roots, spans
from corpus.types import DocumentKey, RootPath

NAMES = st.sampled_from(
    ["a", "b", "a.txt", "a.txt.bak", "a-1", "が", unicodedata.normalize("NFD", "が"), "𠮷"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ROOTS = st.lists(NAMES, max_size=2).map(lambda names: "/" + "/".join(names)) | st.just("upload")
PLACES = st.tuples(ROOTS, PATHS.map(lambda path: unicodedata.normalize("NFC", path)))
ADDRESSES = PLACES.map(lambda place: "/".join(place)) | ROOTS


def holding(places: Iterable[RootPath], failed: Iterable[RootPath] = ()) -> Engine:
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as db:
        for number, (root, path) in enumerate(sorted(places)):
            own = f"{number:016}"
            version = {name.name: "" for name in schema.versions.columns}
            version |= {"id": number, "document_id": own, "number": 1, "metadata": {}, "notes": {}}
            version |= {"date": None, "modified": None, "retired_at": None, "text_hash": b"", "size_bytes": 1}
            version |= dict.fromkeys(("chars", "page_count", "chunk_count", "vector_count", "token_count"), 0)
            version |= {"tables": None, "seconds": None}
            db.execute(
                insert(schema.documents).values(
                    id=own,
                    collection="c",
                    root=root,
                    path=path,
                    live_version_id=number,
                    metadata={},
                    created_at="",
                )
            )
            db.execute(insert(schema.versions).values(**version))
        for root, path in sorted(failed):
            records.record_failure(db, Failure(DocumentKey("c", root, path), "", "", "", "", "", 0))
    return engine


def is_at_or_below(place: RootPath, asked: Iterable[str]) -> bool:
    own = address(*place)
    named = [unicodedata.normalize("NFC", one).rstrip("/") for one in asked]
    return any(own == one or own.startswith(f"{one}/") for one in named)


@given(st.sets(PLACES, max_size=8), st.sets(PLACES, max_size=3), st.lists(ADDRESSES, max_size=4))
def test_all_that_lies_at_or_below_an_address_is_found(
    places: set[RootPath], failed: set[RootPath], asked: list[str]
) -> None:
    with holding(places, failed).connect() as db:
        near = spans(db, "c", asked)
        assert not spans(db, "other", asked)
        found, known = documents.places(db, near), documents.known(db, near)
        troubles = records.failures_in(db, near)
        assert known.keys() == found
        assert {place for place in places if is_at_or_below(place, asked)} <= found <= places
        assert {place for place in failed if is_at_or_below(place, asked)} <= troubles.keys() <= failed
        begun = [unicodedata.normalize("NFC", one).rstrip("/") for one in asked]
        assert all(address(*place).startswith(tuple(begun)) for place in found), (
            "what else is there is left alone"
        )


@given(st.sets(PLACES, max_size=8), st.sets(PLACES, max_size=3))
def test_every_root_is_known_and_whether_it_has_folders(places: set[RootPath], failed: set[RootPath]) -> None:
    held = places | failed
    with holding(places, failed).connect() as db:
        assert roots(db, "c") == sorted({root for root, _ in held})
        seen = landmarks(db, "c")
    assert seen <= held
    assert {root for root, _ in seen} == {root for root, _ in held}
    assert {root for root, path in seen if "/" in path} == {root for root, path in held if "/" in path}


@given(st.lists(ADDRESSES, max_size=6))
def test_the_outermost_addresses_hold_the_others_and_none_of_each_other(asked: list[str]) -> None:
    kept = outermost(asked)
    assert all(is_at_or_below((one, ""), kept) for one in asked if one.strip("/"))
    assert not any(is_at_or_below((one, ""), [other]) for one in kept for other in kept if one != other)


def test_a_name_that_is_no_text_names_nothing() -> None:
    with holding([("/a", "b")]).connect() as db:
        assert spans(db, "c", ["/a/\udcff"]) == []


def test_a_single_place_is_looked_up_by_the_index_alone() -> None:
    with holding([("/a", "b")]).connect() as db:
        near = spans(db, "c", ["/a/b"])
        for look in (documents.known, documents.removed_places, documents.places, records.failures_in):
            plans = steps(db, lambda look=look: look(db, near))  # type: ignore[misc]
            table = "failures" if look is records.failures_in else "documents"
            reads = [step for step in plans if f" {table} " in f"{step} "]
            assert reads, look
            assert all("collection=? AND root=? AND path>? AND path<?" in step for step in reads), reads


def steps(db: Connection, work: object) -> list[str]:
    """Returns SQLite's plan of what the work asks of the catalog."""
    asked: list[tuple[str, object]] = []

    def note(conn: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert callable(work)
        work()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return [
        row[3]
        for statement, parameters in asked
        for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
    ]
