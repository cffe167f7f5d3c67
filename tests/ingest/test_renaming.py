"""Files that left and came up elsewhere: what moved, what is read again, and who may see it."""

from __future__ import annotations

import pytest

from corpus.catalog.documents import Known
from tests.ingest.plans import NEW, OTHER, PUBLIC, ROOT, decide, file, known, only, paths


def moves(
    *before: tuple[tuple[str, str], Known], to: tuple[str, ...], **given: object
) -> dict[str, list[str]]:
    hashes = {(ROOT, path): "a" for path in to}
    given.setdefault("looked_into", [ROOT])
    return paths(decide([file(path) for path in to], hashes, before, **given))


@pytest.mark.parametrize("sync", [[], [ROOT]])
def test_a_file_that_left_and_came_up_elsewhere_has_moved(sync: list[str]) -> None:
    assert moves(known("old/a.txt"), to=("new/b.txt",), sync=sync) == only(move=["old/a.txt -> new/b.txt"])


def test_of_several_with_the_same_content_the_one_of_that_name_moved() -> None:
    found = moves(known("x/a.txt"), known("x/b.txt"), to=("y/b.txt", "y/c.txt"))
    assert sorted(found["move"]) == ["x/a.txt -> y/c.txt", "x/b.txt -> y/b.txt"]
    assert moves(known("x/a.txt"), to=("y/a.txt", "z/a.txt")) == only(
        add=["z/a.txt"], move=["x/a.txt -> y/a.txt"]
    )


def test_a_copy_is_no_move_nor_is_what_was_not_looked_for_or_passed_over() -> None:
    copied = decide(
        [file("a.txt"), file("b.txt")], {(ROOT, "b.txt"): "a"}, [known("a.txt")], looked_into=[ROOT]
    )
    assert paths(copied) == only(add=["b.txt"], unchanged=["a.txt"])
    assert moves(known("a.txt", root=OTHER), to=("b.txt",)) == only(add=["b.txt"])
    assert moves(known("closed/a.txt"), to=("b.txt",), kept=[(ROOT, "closed/")]) == only(add=["b.txt"])
    assert moves(known("a.txt"), to=("b.txt",), taken={(ROOT, "b.txt"): (PUBLIC, {})}) == only(add=["b.txt"])


CLOSED = frozenset({"group:hr"})


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ({"open.txt": "b", "closed.txt": "a"}, {"open.txt": CLOSED}),  # they swapped their names
        ({"open.txt": "b"}, {"open.txt": CLOSED}),  # the closed one was renamed over the open one
        ({"open.txt": "b", "closed.txt": "c"}, {"open.txt": CLOSED}),  # and then written anew
        ({"open.txt": "b", "closed.txt": "b"}, {}),  # a copy: somebody wanted it there
        ({"open.txt": "c", "closed.txt": "a"}, {}),  # what was open keeps to the closed name
    ],
)
def test_what_is_closed_is_not_opened_by_a_renaming(
    left: dict[str, str], expected: dict[str, frozenset[str]]
) -> None:
    before = [known("open.txt", sha256="a"), known("closed.txt", sha256="b", access=CLOSED)]
    hashes = {(ROOT, path): sha256 for path, sha256 in left.items()}
    todo = decide([file(path, modified=NEW) for path in left], hashes, before, looked_into=[ROOT])
    assert {path: access for (_, path), (access, _) in todo.heirs.items()} == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [({"group:finance"}, set()), ({"group:hr", "group:finance"}, {"group:hr"}), ({"public"}, {"group:hr"})],
)
def test_a_renaming_shows_no_group_what_only_another_may_read(other: set[str], expected: set[str]) -> None:
    before = [
        known("a.txt", sha256="a", access=frozenset(other)),
        known("hr.txt", sha256="b", access=CLOSED),
    ]
    todo = decide([file("a.txt", modified=NEW)], {(ROOT, "a.txt"): "b"}, before, looked_into=[ROOT])
    assert todo.heirs[ROOT, "a.txt"] == (frozenset(expected), {"department": "hr"})


@pytest.mark.parametrize(
    ("before", "to"),
    [
        (known("a.txt", fingerprint="yesterday"), "b/a.txt"),
        (known("a.txt"), "a.md"),
        (known("travel-policy.txt", title="travel policy"), "leave.txt"),
    ],
)
def test_what_is_said_differently_under_its_new_name_is_read_again(
    before: tuple[tuple[str, str], Known], to: str
) -> None:
    assert moves(before, to=(to,)) == only(replace=[to], move=[f"{before[0][1]} -> {to}"])
