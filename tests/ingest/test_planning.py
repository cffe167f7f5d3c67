"""The plan, against what it must be: every file in exactly one list, and nothing removed without consent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.catalog.documents import Known
from corpus.catalog.records import Failure
from corpus.errors import NotAllowedError
from corpus.types import DocumentKey
from ingest.discovery import SURE_AFTER, SourceFile
from ingest.planning import Before, Found, needs_hash, plan
from ingest.reports import IngestOptions
from ingest.sandbox.pool import FAULTS
from tests.ingest.plans import NEW, OLD, OTHER, PUBLIC, ROOT, TODAY, decide, failure, file, known, only, paths

# ---- one file ------------------------------------------------------------------------------------


def test_a_new_file_is_added_and_a_known_one_left_alone() -> None:
    todo = decide([file("new.txt"), file("old.txt")], {(ROOT, "new.txt"): "b"}, [known("old.txt")])
    assert paths(todo) == only(add=["new.txt"], unchanged=["old.txt"])


@pytest.mark.parametrize(
    ("before", "changed"),
    [({"sha256": "z"}, "other bytes"), ({"fingerprint": "of another time"}, "read in another way")],
)
def test_what_changed_is_replaced(before: dict[str, str], changed: str) -> None:
    todo = decide([file("a.txt")], {(ROOT, "a.txt"): "a"}, [known("a.txt", **before)])
    assert paths(todo) == only(replace=["a.txt"]), changed


def test_a_fresh_file_is_looked_into_once_more() -> None:
    """One that was committed within ten seconds of its change was hashed again by each later ingest."""
    fresh, later = file("a.txt", is_fresh=True), file("a.txt")
    before = dict([known("a.txt", modified=fresh.recorded)])
    assert needs_hash([later], before) == [later]
    todo = decide([fresh], {(ROOT, "a.txt"): "a"}, before.items())
    assert paths(todo) == only(unchanged=["a.txt"])  # nothing to write down: it is as fresh as it was
    (update,) = decide([later], {(ROOT, "a.txt"): "a"}, before.items()).update
    assert (update.is_touch, update.modified) == (True, OLD)
    after = dict([known("a.txt", modified=update.modified)])
    assert needs_hash([later], after) == []


@given(
    tick_s=st.sampled_from([0.004, 1.0, 2.0]),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["write", "touch", "ingest"]), st.sampled_from([0.001, 0.3, 1.2, 3.0, 8.0])
        ),
        max_size=40,
    ),
)
def test_no_content_is_missed_and_none_is_hashed_for_ever(
    tick_s: float, steps: list[tuple[str, float]]
) -> None:
    """A file of one size, on a clock that ticks: what was written last is known after a later ingest."""
    now, written, content, place = 0.0, 0.0, 0, (ROOT, "a.txt")
    before: dict[tuple[str, str], Known] = {}

    def ingest() -> list[SourceFile]:
        modified = OLD + timedelta(seconds=written // tick_s * tick_s)
        fresh = OLD + timedelta(seconds=now) - modified < SURE_AFTER
        found = file("a.txt", modified=modified, is_fresh=fresh)
        hashed = needs_hash([found], before)
        todo = decide([found], {place: str(content)} if hashed else {}, before.items())
        if todo.add or todo.replace:
            before.update([known("a.txt", sha256=str(content), modified=found.recorded)])
        for update in todo.update:
            before[place] = replace(before[place], modified=update.modified)
        return hashed

    for step, pause_s in steps:
        now += pause_s
        if step == "ingest":
            ingest()
            continue
        written, content = now, content + (step == "write")
    now += SURE_AFTER.total_seconds() + tick_s
    ingest()
    assert before[place].sha256 == str(content)
    assert ingest() == []


def test_only_a_file_whose_size_or_time_differs_is_hashed() -> None:
    before = dict([known("same.txt"), known("longer.txt"), known("later.txt")])
    files = [file("same.txt"), file("longer.txt", size=11), file("later.txt", modified=NEW), file("new.txt")]
    assert [one.path for one in needs_hash(files, before)] == ["longer.txt", "later.txt", "new.txt"]


def test_the_same_bytes_at_a_new_time_are_a_touch() -> None:
    todo = decide([file("a.txt", modified=NEW)], {(ROOT, "a.txt"): "a"}, [known("a.txt")])
    assert paths(todo) == only(update=["a.txt"])
    assert todo.update[0].is_touch


@pytest.mark.parametrize(
    "given", [{"access": frozenset({"group:hr"})}, {"metadata": {"department": "it"}}, {"metadata": {}}]
)
def test_other_access_or_metadata_is_an_update_and_reads_nothing(given: dict[str, object]) -> None:
    todo = decide([file("a.txt")], {}, [known("a.txt")], **given)
    assert paths(todo) == only(update=["a.txt"])
    assert not todo.update[0].is_touch


def test_the_same_access_and_metadata_again_is_no_update() -> None:
    todo = decide([file("a.txt")], {}, [known("a.txt")], access=PUBLIC, metadata={"department": "hr"})
    assert paths(todo) == only(unchanged=["a.txt"])


def test_the_same_path_in_another_root_is_another_document() -> None:
    todo = decide([file("a.txt", root=OTHER)], {(OTHER, "a.txt"): "a"}, [known("a.txt")])
    assert paths(todo) == only(add=["a.txt"])


@pytest.mark.parametrize(
    ("hashes", "failures", "beside"),
    [
        ({(ROOT, "a.txt"): "b"}, {}, "replace"),
        ({(ROOT, "a.txt"): "b"}, {(ROOT, "a.txt"): failure("a.txt", sha256="b")}, "failed_before"),
        ({(ROOT, "a.txt"): ""}, {}, ""),
    ],
)
def test_asked_for_access_holds_whatever_becomes_of_the_content(hashes, failures, beside: str) -> None:
    changed = file("a.txt", size=11, modified=NEW)
    todo = decide([changed], hashes, [known("a.txt")], failures, access=frozenset({"group:hr"}))
    assert paths(todo) == only(update=["a.txt"], **({beside: ["a.txt"]} if beside else {}))
    (update,) = todo.update
    assert (update.access, update.modified) == (frozenset({"group:hr"}), OLD)
    assert paths(decide([changed], hashes, [known("a.txt")], failures, access=PUBLIC))["update"] == []


def test_asked_for_access_holds_for_what_was_passed_over() -> None:
    before = [known("a.txt"), known("closed/b.txt"), known("gone.txt")]
    kept = [(ROOT, "a.txt"), (ROOT, "closed/")]
    todo = decide([], {}, before, kept=kept, access=frozenset({"group:hr"}))
    assert paths(todo) == only(update=["a.txt", "closed/b.txt"])


# ---- what failed before --------------------------------------------------------------------------


def test_what_failed_is_not_read_again_until_it_changes_or_is_asked_for() -> None:
    failures = {(ROOT, "a.txt"): failure("a.txt")}
    again, mended = {(ROOT, "a.txt"): "a"}, {(ROOT, "a.txt"): "b"}
    assert paths(decide([file("a.txt")], again, (), failures)) == only(failed_before=["a.txt"])
    assert paths(decide([file("a.txt")], mended, (), failures)) == only(add=["a.txt"])
    assert paths(decide([file("a.txt")], again, (), failures, retry_failed=True)) == only(add=["a.txt"])


def test_what_failed_is_read_again_by_another_reader() -> None:
    failures = {(ROOT, "a.txt"): failure("a.txt")}
    found = Found([file("a.txt")], {(ROOT, "a.txt"): "a"})
    todo = plan(
        found,
        Before({}, failures, {}, lambda folder: 0),
        IngestOptions(),
        lambda content_type: "reads as tomorrow",
    )
    assert paths(todo) == only(add=["a.txt"])


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_a_file_that_ended_its_parser_has_a_second_try_and_no_third(code: str) -> None:
    hashes = {(ROOT, "a.txt"): "a"}
    once = {(ROOT, "a.txt"): failure("a.txt", code=code, crashes=1)}
    twice = {(ROOT, "a.txt"): failure("a.txt", code=code, crashes=2)}
    assert paths(decide([file("a.txt")], hashes, (), once)) == only(add=["a.txt"])
    assert paths(decide([file("a.txt")], hashes, (), twice)) == only(failed_before=["a.txt"])


def test_a_failed_file_keeps_its_previous_version_under_sync() -> None:
    failures = {(ROOT, "a.txt"): failure("a.txt", sha256="broken")}
    hashes = {(ROOT, "a.txt"): "broken"}
    todo = decide([file("a.txt", modified=NEW)], hashes, [known("a.txt")], failures, sync=[ROOT])
    assert paths(todo) == only(failed_before=["a.txt"])


# ---- removal -------------------------------------------------------------------------------------


def _folder(number: int, root: str = ROOT) -> list[tuple[tuple[str, str], Known]]:
    return [known(f"{one}.txt", root=root) for one in range(number)]


def test_without_sync_nothing_is_removed() -> None:
    assert paths(decide([], {}, _folder(3)))["remove"] == []


def test_sync_removes_what_left_that_root_only() -> None:
    before = [*_folder(10), *_folder(10, OTHER)]
    files = [file(f"{one}.txt") for one in range(8)]
    todo = decide(files, {}, before, sync=[ROOT])
    assert [one.key.place for one in todo.remove] == [(ROOT, "8.txt"), (ROOT, "9.txt")]


@pytest.mark.parametrize(
    ("stay", "needs_consent"), [(10, False), (7, False), (6, True), (1, True), (0, True)]
)
def test_the_loss_of_more_than_three_in_ten_needs_consent(stay: int, needs_consent: bool) -> None:
    files = [file(f"{one}.txt") for one in range(stay)]
    if needs_consent:
        with pytest.raises(NotAllowedError, match=f"{10 - stay} of 10 documents would be removed") as raised:
            decide(files, {}, _folder(10), sync=[ROOT])
        assert raised.value.code == "large_removal"
        assert "--yes" in raised.value.hint
    todo = decide(files, {}, _folder(10), sync=[ROOT], consent=True)
    assert len(todo.remove) == 10 - stay


def test_the_loss_of_a_roots_last_document_needs_consent() -> None:
    with pytest.raises(NotAllowedError):
        decide([], {}, _folder(1), sync=[ROOT])


def test_sync_forgets_the_failures_of_files_that_left_and_of_no_others() -> None:
    failures = {(ROOT, name): failure(name) for name in ("here.txt", "gone.txt", "closed/b.txt")}
    failures[OTHER, "gone.txt"] = failure("gone.txt")
    files, hashes = [file("here.txt")], {(ROOT, "here.txt"): "a"}
    todo = decide(files, hashes, (), failures, sync=[ROOT], kept=[(ROOT, "closed/")])
    assert todo.forget == (failures[ROOT, "gone.txt"],)
    assert decide(files, hashes, (), failures).forget == ()


def test_what_was_passed_over_is_not_lost() -> None:
    before = [known("a.txt"), known("closed/b.txt"), known("closed/deep/c.txt"), known("closed.txt")]
    kept = [(ROOT, "a.txt"), (ROOT, "closed/")]
    todo = decide([], {}, before, sync=[ROOT], kept=kept, consent=True)
    assert paths(todo)["remove"] == ["closed.txt"]


def test_what_lies_in_a_synced_folder_is_synced_whatever_its_root() -> None:
    before = [
        known("sub/a.txt"),
        known("b.txt", root=f"{ROOT}/sub"),
        known("c.txt"),
        known("d.txt", root="upload"),
    ]
    todo = decide([], {}, before, sync=[f"{ROOT}/sub"], consent=True)
    assert paths(todo) == only(remove=["sub/a.txt", "b.txt"])


# ---- whatever the folder -------------------------------------------------------------------------

_NAMES = st.sampled_from([f"{name}.txt" for name in "abcdef"])
_PLACES = st.tuples(st.sampled_from([ROOT, OTHER]), _NAMES)
_HASH = st.sampled_from(["a", "b"])


@given(
    found=st.dictionaries(_PLACES, _HASH),
    before=st.dictionaries(_PLACES, st.tuples(_HASH, st.sampled_from([TODAY, "yesterday"]))),
    failed=st.dictionaries(_PLACES, _HASH),
    sync=st.booleans(),
)
def test_every_file_and_every_document_ends_in_exactly_one_list(found, before, failed, sync) -> None:
    files = [file(path, root=root, modified=NEW) for root, path in sorted(found)]
    documents = dict(
        known(path, root=root, sha256=sha256, fingerprint=mark)
        for (root, path), (sha256, mark) in before.items()
    )
    failures = {
        (root, path): Failure(DocumentKey("c", root, path), sha256, TODAY, "no_text", "", "", 0)
        for (root, path), sha256 in failed.items()
    }
    todo = decide(files, found, documents.items(), failures, sync=[ROOT] if sync else [], consent=True)
    read = [one.place for one in todo.add]
    read += [one.place for one, _ in todo.replace]
    left = [one.known.key.place for one in todo.update]
    left += [one.key.place for one in todo.unchanged]
    left += [one.place for one, _ in todo.failed_before]
    gone = [one.key.place for one in todo.remove]
    moved = [(one.file.root, one.file.path) for one in todo.move if not one.again]
    gone += [one.known.key.place for one in todo.move]
    assert all(one.known.sha256 == found[one.file.root, one.file.path] for one in todo.move)
    assert sorted([*read, *left, *moved]) == sorted(found)
    assert len(set(gone)) == len(gone)
    assert set(gone) == (
        {place for place in before if place[0] == ROOT and place not in found} if sync else set()
    )
    for place in read:
        assert before.get(place) != (found[place], TODAY)
        assert failed.get(place) != found[place]
    for place in left:
        assert before.get(place) == (found[place], TODAY) or failed.get(place) == found[place]


@given(
    found=st.dictionaries(_PLACES, _HASH),
    before=st.dictionaries(_PLACES, _HASH),
    named=st.frozensets(_PLACES, min_size=1),
)
def test_what_is_known_elsewhere_in_a_synced_folder_changes_no_round_of_some_files(
    found, before, named
) -> None:
    files = [file(path, root=root, modified=NEW) for root, path in sorted(found) if (root, path) in named]
    documents = dict(known(path, root=root, sha256=sha256) for (root, path), sha256 in before.items())
    near = {place: one for place, one in documents.items() if place in named}

    def decided(documents) -> object:
        try:
            return decide(
                files, found, documents.items(), sync=[ROOT], places=before, looked_into=map("/".join, named)
            )
        except NotAllowedError as error:
            return error.message

    assert decided(near) == decided(documents)


@given(found=st.dictionaries(_PLACES, _HASH))
def test_what_a_plan_did_needs_no_second_plan(found) -> None:
    files = [file(path, root=root) for root, path in sorted(found)]
    first = decide(files, found)
    assert len(first.add) == len(found)
    after = dict(known(one.path, root=one.root, sha256=found[one.place]) for one in first.add)
    second = decide(files, {}, after.items(), sync=[ROOT, OTHER])
    assert len(second.unchanged) == len(found)
    assert not needs_hash(files, after)
