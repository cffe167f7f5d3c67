"""Discovery: every file is found once, in order, or passed over with a reason."""

from __future__ import annotations

import os
import socket
import time
import unicodedata
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import NotFoundError, StorageError, UsageError
from corpus.hashing import file_sha256
from ingest.discovery import Discovery, discover, printable


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"words of {name}")
    return root


def paths(found: Discovery) -> list[str]:
    return [file.path for file in found.files]


def codes(found: Discovery) -> dict[str, str]:
    return {path: code for path, code, _ in found.skipped}


def test_a_folder_is_a_root_and_its_files_come_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.md", "a/z.txt", "a/b.html", "C.PDF", "README", "規程/休暇.docx")
    found = discover([tmp_path])
    assert paths(found) == ["C.PDF", "README", "a/b.html", "a/z.txt", "b.md", "規程/休暇.docx"]
    assert found.skipped == ()
    assert found.folders == (str(tmp_path),)
    file = found.files[0]
    assert (file.root, file.location, file.size_bytes) == (str(tmp_path), tmp_path / "C.PDF", 14)
    assert file.modified.tzinfo is UTC
    assert abs(file.modified.timestamp() - (tmp_path / "C.PDF").stat().st_mtime) < 0.01


@pytest.mark.parametrize(("age_s", "fresh"), [(0, True), (5, True), (60, False), (-3600, False)])
def test_a_file_that_has_just_changed_is_fresh(tmp_path: Path, age_s: float, fresh: bool) -> None:
    make(tmp_path, "a.md")
    os.utime(tmp_path / "a.md", (time.time() - age_s,) * 2)
    (file,) = discover([tmp_path]).files
    assert file.is_fresh == fresh
    assert (file.recorded < file.modified) == fresh


def test_a_single_file_has_its_folder_as_root_that_is_not_synced(tmp_path: Path) -> None:
    make(tmp_path, "one.xyz", "two.md")
    found = discover([tmp_path / "one.xyz"])
    assert [file.place for file in found.files] == [(str(tmp_path), "one.xyz")]
    assert found.folders == ()


def test_a_single_file_belongs_to_the_root_that_holds_it(tmp_path: Path) -> None:
    make(tmp_path, "all/sub/deep/a.md")
    file, top, near = tmp_path / "all/sub/deep/a.md", str(tmp_path / "all"), str(tmp_path / "all/sub")

    def place(*given: Path, known: set[tuple[str, str]] = frozenset()) -> list[tuple[str, str]]:
        return [one.place for one in discover(given, known=known).files]

    assert place(file) == [(str(file.parent), "a.md")]
    assert place(file, known={(top, "else.md")}) == [(top, "sub/deep/a.md")]
    assert place(file, known={(top, "else.md"), (near, "else.md")}) == [(near, "deep/a.md")]
    assert place(file, known={(top, "sub/deep/a.md"), (near, "else.md")}) == [(top, "sub/deep/a.md")]
    assert place(file, known={(str(tmp_path / "al"), "x.md")}) == [(str(file.parent), "a.md")]
    assert place(file, tmp_path / "all") == place(tmp_path / "all", file) == [(top, "sub/deep/a.md")]


def test_a_folder_in_one_that_is_known_belongs_to_it_and_no_file_has_two_places(tmp_path: Path) -> None:
    make(tmp_path, "all/a.md", "all/sub/b.md", "all/sub/deep/c.md")
    top, sub = tmp_path / "all", tmp_path / "all/sub"

    def place(*given: Path, known: set[tuple[str, str]] = frozenset()) -> list[tuple[str, str]]:
        found = discover(given, known=known)
        assert found.folders == found.looked_into == tuple(str(one) for one in given)
        return [one.place for one in found.files]

    inside = [(str(top), "sub/b.md"), (str(top), "sub/deep/c.md")]
    assert place(sub, known={(str(top), "sub/b.md")}) == inside
    assert place(sub, known={(str(top), "else/x.md")}) == inside
    # A root that a single file made owns no folder.
    own = [(str(sub), "b.md"), (str(sub), "deep/c.md")]
    assert place(sub, known={(str(top), "a.md")}) == own
    # What is known keeps its place, also from above.
    assert place(top, known=set(own)) == [(str(top), "a.md"), *own]
    assert place(top, sub) == place(sub, top) == [(str(top), "a.md"), *inside]


def test_nothing_but_what_was_named_is_looked_for(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.md", "sub/c.md", "sub/deep/d.md", "sub/deep/e.md", "draft/f.md", "open/g.md")
    (tmp_path / ".vouchignore").write_text("draft\n")
    only = [tmp_path / "a.md", tmp_path / "sub/deep", tmp_path / "draft/f.md", tmp_path / "gone.md"]
    found = discover([tmp_path], only=only)
    assert paths(found) == ["a.md", "sub/deep/d.md", "sub/deep/e.md"]
    assert (found.folders, found.looked_into) == ((str(tmp_path),), tuple(sorted(map(str, only))))
    assert paths(discover([tmp_path], only=[tmp_path])) == paths(discover([tmp_path]))


def test_only_folders_are_synced_and_one_that_was_known_may_be_gone(tmp_path: Path) -> None:
    make(tmp_path, "one.md")
    gone, known = tmp_path / "gone", {(str(tmp_path / "gone"), "a.md")}
    found = discover([gone], known=known, sync=True)
    assert (found.files, found.folders) == ((), (str(gone),))
    for more in ({"known": known}, {"sync": True}):
        with pytest.raises(NotFoundError):
            discover([gone], **more)
    with pytest.raises(UsageError, match="only folders can be synced"):
        discover([tmp_path, tmp_path / "one.md"], sync=True)


def test_the_same_file_given_twice_is_found_once(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    assert len(discover([tmp_path, tmp_path / "a.md", tmp_path / "." / "a.md", tmp_path]).files) == 1


def test_unknown_types_are_told_and_known_content_is_taken(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "b.xyz", "c.md")
    (tmp_path / "report.2024").write_bytes(b"%PDF-1.7 ...")
    (tmp_path / "blob").write_bytes(b"\0\1\2\3")
    found = discover([tmp_path])
    assert paths(found) == ["c.md", "report.2024"]
    assert codes(found) == {"a.png": "unsupported", "b.xyz": "unsupported", "blob": "unsupported"}
    assert found.skipped_places == tuple((str(tmp_path), path) for path in ("a.png", "b.xyz", "blob"))


def test_office_documents_under_other_names_are_taken_for_what_they_are(tmp_path: Path) -> None:
    files = Path(__file__).parent / "files"
    for name, source in (("letter.old", "policy.odt"), ("book", "policy.epub"), ("note.bak", "policy.rtf")):
        (tmp_path / name).write_bytes((files / source).read_bytes())
    for name, member in (("plan.bak", "word/document.xml"), ("lib.jar", "META-INF/MANIFEST.MF")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, "<xml/>")
    found = discover([tmp_path])
    assert paths(found) == ["book", "letter.old", "note.bak", "plan.bak"]
    assert codes(found) == {"lib.jar": "unsupported"}


def test_suffixes_limit_what_is_taken(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "b.TXT", "c.pdf")
    found = discover([tmp_path], suffixes=[".txt", ".MD"])
    assert paths(found) == ["a.md", "b.TXT"]
    assert found.skipped == ()


def test_hidden_and_ignored_entries_are_left_out_silently(tmp_path: Path) -> None:
    make(
        tmp_path, ".git/config.md", ".hidden.md", "keep.md", "draft.md", "tmp/a.md", "old/x.md",
        "old/keep.md", "sub/draft.md", "sub/notes.txt",
    )  # fmt: skip
    (tmp_path / ".vouchignore").write_text("# drafts\ndraft.md\n/tmp/\nold/*\n!old/keep.md\n")
    (tmp_path / "sub" / ".vouchignore").write_text("!draft.md\n*.txt\n")
    found = discover([tmp_path])
    assert paths(found) == ["keep.md", "old/keep.md", "sub/draft.md"]
    assert found.skipped == ()


def test_rules_that_cannot_be_read_are_told_and_stop_neither_the_others_nor_the_walk(tmp_path: Path) -> None:
    make(tmp_path, "draft.md", "keep.md", "sub/draft.md", "sub/keep.md", "deep/keep.md")
    (tmp_path / ".vouchignore").write_text("[z-a]\ndraft.md\n")  # a range that runs backward
    os.mkfifo(tmp_path / "sub" / ".vouchignore")  # nobody writes to it
    (tmp_path / "deep" / ".vouchignore").mkdir()
    found = discover([tmp_path])
    assert paths(found) == ["deep/keep.md", "keep.md", "sub/keep.md"]
    assert found.skipped == (
        (".vouchignore", "unreadable", "Its rule in line 1 is not followed: it cannot be read."),
        ("deep/.vouchignore", "unreadable", "Its rules are not followed: it is no plain file."),
        ("sub/.vouchignore", "unreadable", "Its rules are not followed: it is no plain file."),
    )


def test_offices_marks_of_open_files_are_left_out_silently(tmp_path: Path) -> None:
    make(
        tmp_path, "plan.docx", "~$plan.docx", "sub/~$plan.xlsx", "sub/~plan.md", "cost~$.md", "~$RECYCLE.DOC"
    )
    found = discover([tmp_path])
    assert paths(found) == ["cost~$.md", "plan.docx", "sub/~plan.md"]
    assert found.skipped == ()


def test_files_and_folders_that_are_no_marks_are_read_whatever_they_are_called(tmp_path: Path) -> None:
    make(tmp_path, "~$notes.md", "~$old/plan.md", "~$data.bin")
    found = discover([tmp_path])
    assert paths(found) == ["~$notes.md", "~$old/plan.md"]
    assert [path for path, _, _ in found.skipped] == ["~$data.bin"]


def test_what_is_left_out_for_its_format_comes_with_a_remedy(tmp_path: Path) -> None:
    make(tmp_path, "old.ppt", "paper.jtd", "odd.xyz")
    told = {path: reason for path, _, reason in discover([tmp_path]).skipped}
    assert told == {
        "old.ppt": "A PowerPoint presentation of the old format is not read: save it as .pptx.",
        "paper.jtd": "An Ichitaro document is not read: save it as .docx.",
        "odd.xyz": "A .xyz file is not read.",
    }


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("id.pub", b"ssh-ed25519 AAAA", "A .pub file is not read."),
        ("flyer.pub", b"\xd0\xcf\x11\xe0", "A Publisher document is not read: save it as PDF."),
        ("server.key", b"-----BEGIN PRIVATE KEY-----", "A .key file is not read."),
        ("talk.key", b"PK\x03\x04", "A Keynote presentation is not read: save it as .pptx."),
        ("graph.dot", b"digraph {}", "A .dot file is not read."),
        ("messages.pot", b'msgid ""', "A .pot file is not read."),
        ("log.gz", b"\x1f\x8b", "A compressed file is not read: unpack it."),
        ("all.tgz", b"\x1f\x8b", "A tar archive is not read: save it as .zip."),
    ],
)
def test_what_has_the_suffix_of_another_kind_is_not_taken_for_it(
    tmp_path: Path, name: str, head: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(head)
    assert [reason for _, _, reason in discover([tmp_path]).skipped] == [said]


def test_links_are_followed_only_to_files_inside(tmp_path: Path) -> None:
    root = make(tmp_path / "root", "a.md", "sub/b.md")
    make(tmp_path, "secret.md", "far/c.md")
    (root / "inside.md").symlink_to(root / "a.md")
    (root / "outside.md").symlink_to(tmp_path / "secret.md")
    (root / "gone.md").symlink_to(tmp_path / "nothing.md")
    (root / "loop").symlink_to(root)
    (root / "away").symlink_to(tmp_path / "far")
    found = discover([root])
    assert paths(found) == ["a.md", "inside.md", "sub/b.md"]
    assert codes(found) == {
        "outside.md": "outside_root",
        "gone.md": "broken_link",
        "loop": "folder_link",
        "away": "outside_root",
    }


def test_things_that_are_no_files_are_told(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(tmp_path)  # a socket's own path may be at most 108 bytes
        listener.bind("socket.md")
        os.chdir(before)
        found = discover([tmp_path])
    assert paths(found) == ["a.md"]
    assert codes(found) == {"pipe.md": "not_a_file", "socket.md": "not_a_file"}


def test_names_are_kept_in_one_unicode_form(tmp_path: Path) -> None:
    composed, parted = (
        unicodedata.normalize("NFC", "ガイド é.md"),
        unicodedata.normalize("NFD", "ガイド é.md"),
    )
    make(tmp_path, parted)
    (file,) = discover([tmp_path]).files
    assert file.path == composed
    assert file.location.read_text() == f"words of {parted}"
    make(tmp_path, composed)
    found = discover([tmp_path])
    assert paths(found) == [composed]
    assert [code for _, code, _ in found.skipped] == ["same_name"]


def test_a_name_that_is_no_text_is_shown_and_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "good.md")
    broken = os.fsencode(tmp_path) + b"/bad-\xff\xfe.md"
    with open(broken, "wb") as stream:
        stream.write(b"words")
    found = discover([tmp_path])
    assert paths(found) == ["good.md"]
    ((path, code, reason),) = found.skipped
    assert code == "bad_name"
    assert f"{path} {reason}".encode()


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.md", "locked/b.md")
    real = os.scandir

    def refuse(path: object) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    found = discover([tmp_path])
    assert paths(found) == ["a.md"]
    assert codes(found) == {"locked/": "unreadable"}
    assert found.skipped_places == ((str(tmp_path), "locked/"),)
    with pytest.raises(StorageError) as caught:
        discover([tmp_path / "locked"])
    assert caught.value.code == "root_unreadable"


@pytest.mark.parametrize("name", ["nothing", "no/such/file.md", "a.md/b.md", "x" * 300, "nul\0byte"])
def test_a_path_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    make(tmp_path, "a.md")
    with pytest.raises((NotFoundError, StorageError)) as caught:
        discover([tmp_path / name])
    assert caught.value.code in {"not_found", "root_unreadable"}
    assert name[:20].replace("\0", "\\x00") in caught.value.message


def test_strange_times_do_not_stop_anything(tmp_path: Path) -> None:
    make(tmp_path, "old.md", "far.md")
    os.utime(tmp_path / "old.md", (-(10**9), -(10**9)))
    os.utime(tmp_path / "far.md", (2**33, 2**33))
    old = {file.path: file.modified for file in discover([tmp_path]).files}
    assert old["old.md"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert old["far.md"].year > 2200


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "big").write_bytes(data)
    assert file_sha256(tmp_path / "big") == sha256(data).hexdigest()


NAMES = st.text(
    alphabet=st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."} and len(name.encode()) < 200)


@given(names=st.lists(NAMES, max_size=8))
@settings(max_examples=50)
def test_every_visible_file_is_found_or_told(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    root = tmp_path_factory.mktemp("root")
    made = {name + ".md" for name in names}
    for name in made:
        (root / name).write_text("words")
    found = discover([root])
    visible = {name for name in made if not name.startswith(".")}
    assert len(found.files) + len(found.skipped) == len(visible)
    assert {file.location.name for file in found.files} <= visible
    assert paths(found) == sorted(paths(found))
    assert all(unicodedata.is_normalized("NFC", path) for path in paths(found))


@given(name=st.text(max_size=30))
def test_any_name_can_be_shown(name: str) -> None:
    shown = printable(name)
    assert shown.encode("utf-8").decode() == shown
    assert shown.isprintable()
