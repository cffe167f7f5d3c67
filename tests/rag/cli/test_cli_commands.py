"""Every command on a real corpus, as people see it and as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from corpus.embedding import processor
from tests.rag.cli_runs import Vouch, company, read, runner, without_model, write_company

__all__ = ["company", "read"]


@pytest.fixture
def written(company: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Vouch:
    """Commands on a copy of the corpus."""
    shutil.copytree(company[0], tmp_path / "data")
    return runner(capsys, tmp_path / "data")


@pytest.fixture
def fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Vouch, Path]:
    """Commands on an empty data folder, and documents to fill it with."""
    without_model(monkeypatch)
    return runner(capsys, tmp_path / "data"), write_company(tmp_path / "documents")


# ---- search --------------------------------------------------------------------------------------


def test_search_shows_where_the_words_stand(read: Vouch) -> None:
    ended = read("search", "carry over annual leave", "-k", "1")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == " 1  Annual leave  p. 1"
    assert lines[1].strip() == "Annual leave › Carrying over"
    assert lines[2].strip() == "hr/leave.md  in default"
    assert lines[3].strip() == "Up to five days of annual leave move into the next year."
    assert lines[4].strip().startswith("score ")
    assert "\x1b" not in ended.out
    assert "1 passage in" in ended.err


def test_search_finds_japanese_and_says_that_words_alone_were_used(read: Vouch) -> None:
    ended = read("search", "年次有給休暇の繰り越し", "-k", "1")
    assert "翌年度に限り繰り越す。" in ended.out
    assert "この言語を扱えない" in ended.err


def test_search_as_json_has_the_documented_shape(read: Vouch) -> None:
    found = read("search", "vpn", "ticket", "--json").json
    assert set(found) == {"query", "read_as", "hits", "timings_ms", "notes"}
    assert found["query"] == "vpn ticket"
    hit = found["hits"][0]
    assert hit["source"] == "it/vpn.txt"
    identity = {"rank", "score", "chunk_id", "document_id", "version", "source", "title"}
    assert identity | {"page", "last_page", "start", "end", "headings", "text"} <= set(hit)


def test_filters_and_collections_limit_a_search(read: Vouch) -> None:
    assert {h["source"] for h in read("search", "leave", "--filter", "type=txt", "--json").json["hits"]} == {
        "it/vpn.txt",
        "salaries.txt",
    }
    assert read("search", "leave", "--filter", "source=nowhere/*", "--json").json["hits"] == []
    nothing = read("search", "leave", "--filter", "source=nowhere/*")
    assert (nothing.code, nothing.out) == (0, "")
    assert "No document that you may see passes the filter" in nothing.err
    assert read("search", "leave", "-c", "default", "--json").json["hits"]


def test_a_collection_is_held_to_however_it_is_named(read: Vouch) -> None:
    for argv in (["-c", "nope"], ["--filter", "collection=nope"]):
        assert (read("search", "leave", *argv).code, read("ask", "leave", *argv).code) == (3, 3)
    apart = read("search", "leave", "-c", "default", "--filter", "collection=nope")
    assert (apart.code, "Nothing is both in collection 'default' and in 'nope'" in apart.err) == (2, True)
    assert read("search", "leave", "-c", "default", "--filter", "collection=default", "--json").json["hits"]
    assert read("search", "leave", "--filter", "language=EN", "--json").json["hits"]


def test_quiet_leaves_the_result_alone(read: Vouch) -> None:
    ended = read("search", "leave", "-k", "1", "--quiet")
    assert ended.out
    assert ended.err == ""


def test_the_past_is_searched_when_asked_for(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    vouch("ingest", documents)
    leave = documents / "hr/leave.md"
    before = "Up to five days of annual leave move into the next year."
    [own] = [
        one
        for one in vouch("documents", "list", "--json").json["documents"]
        if one["path"].endswith("leave.md")
    ]
    leave.write_text(leave.read_text().replace("five", "seven"))
    vouch("ingest", documents)
    then = ("--as-of", own["live"]["committed_at"])
    query = "How many days of annual leave move into the next year?"
    assert before in (found := vouch("search", query, *then)).out
    assert "Searched as of 20" in found.err
    assert before not in vouch("search", query).out
    answer = vouch("ask", query, *then, "--json").json
    assert (before, 1) in [(one["quote"], one["version"]) for one in answer["citations"]]
    assert answer["text"].startswith("Up to five days")
    compared = vouch("compare", query, *then)
    assert compared.err.count("Searched as of 20") == 1
    assert "nothing that was live then" in vouch("search", query, "--as-of", "2001-01-01", "-c", "gone").err
    assert vouch("search", query, "--as-of", "soon", "--json").json["error"]["code"] == "bad_filter"


# ---- ingest --------------------------------------------------------------------------------------


def test_ingest_counts_what_it_did_and_says_what_failed_and_what_helps(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    first = vouch("ingest", documents, "--collection", "own")
    assert first.code == 1
    assert [line.split()[:2] for line in first.out.splitlines()[1:3]] == [["4", "added"], ["2", "failed"]]
    assert first.out.startswith("Collection own, ")
    assert "noise.txt  binary" in first.out
    assert "Check the file, or give it the suffix of its real type." in first.out
    again = vouch("ingest", documents, "--collection", "own", "--json")
    assert again.code == 1
    assert (again.json["unchanged"], again.json["added"], again.json["failed"]) == (4, 0, 2)
    (documents / "noise.txt").unlink()
    (documents / "empty.md").unlink()
    assert vouch("ingest", documents, "--collection", "own").code == 0


def test_a_dry_run_says_and_changes_nothing(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    ended = vouch("ingest", documents, "--dry-run")
    assert "would be added  hr/leave.md" in ended.out
    assert "nothing was changed" in ended.out
    quiet = vouch("-q", "ingest", documents, "--dry-run")
    assert ("would be added  hr/leave.md" in quiet.out, quiet.err) == (True, "")  # the plan is the result
    assert vouch("status", "--json").json["documents"] == 0


def test_sync_needs_consent_to_remove_much(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    vouch("ingest", documents)
    shutil.rmtree(documents / "hr")
    refused = vouch("ingest", documents, "--sync")
    assert refused.code == 4
    assert "--yes" in refused.err
    agreed = vouch("ingest", documents, "--sync", "--yes", "--json")
    assert agreed.json["removed"] == 2
    assert len(vouch("documents", "list", "--json").json["documents"]) == 2


def test_a_folder_that_is_gone_can_be_synced_away_with_consent(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    vouch("ingest", documents)
    assert vouch("ingest", documents / "it" / "vpn.txt", "--json").json["unchanged"] == 1
    shutil.rmtree(documents)
    assert vouch("ingest", documents).code == 3
    assert vouch("ingest", documents, "--sync", "-c", "other").code == 3
    refused = vouch("ingest", documents, "--sync")
    assert (refused.code, "4 of 4 documents would be removed" in refused.err) == (4, True)
    agreed = vouch("ingest", documents, "--sync", "--yes", "--json")
    assert (agreed.code, agreed.json["removed"], _failures(vouch)) == (0, 4, [])


def test_a_single_file_cannot_be_synced(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    ended = vouch("ingest", documents / "salaries.txt", "--sync")
    assert (ended.code, "only folders can be synced" in " ".join(ended.err.split())) == (2, True)


def test_access_metadata_and_a_report_go_with_an_ingest(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    report = documents.parent / "report.json"
    options = ["--access", "group:hr", "--access", "user:mia", "--meta", "department=hr", "--report", report]
    ended = vouch("ingest", documents / "salaries.txt", *options, "--json")
    assert ended.code == 0
    assert json.loads(report.read_text(encoding="utf-8")) == ended.json
    shown = vouch("documents", "show", "salaries.txt", "--json").json
    assert shown["access"] == ["group:hr", "user:mia"]
    assert shown["metadata"] == {"department": "hr"}
    assert vouch("search", "band", "--filter", "meta.department=hr", "--json").json["hits"]
    assert not vouch("search", "band", "--filter", "meta.department=it", "--json").json["hits"]


# ---- documents and collections -------------------------------------------------------------------


def test_documents_are_listed_in_whole_rows(read: Vouch) -> None:
    ended = read("documents", "list")
    rows = ended.out.splitlines()
    assert rows[0].split() == ["id", "title", "path", "type", "pages"]
    assert rows[1].split()[1:] == ["Annual", "leave", "hr/leave.md", "md", "1"]
    assert "Not read (2)" in ended.out
    assert "4 documents" in ended.err


def test_a_document_is_shown_by_its_id_and_by_its_path(read: Vouch) -> None:
    by_path = read("documents", "show", "hr/leave.md", "--json").json
    assert read("documents", "show", by_path["id"], "--json").json == by_path
    shown = read("documents", "show", "hr/leave.md").out
    assert shown.startswith("Annual leave\n")
    assert "Up to five days of annual leave" in shown


def test_a_removed_document_is_found_no_more_and_its_history_stays(written: Vouch) -> None:
    ended = written("documents", "remove", "salaries.txt", "it/vpn.txt")
    assert [line.split()[:2] for line in ended.out.splitlines()] == [
        ["removed", "salaries.txt"],
        ["removed", "it/vpn.txt"],
    ]
    sources = {hit["source"] for hit in written("search", "band seven vpn", "--json").json["hits"]}
    assert sources.isdisjoint({"salaries.txt", "it/vpn.txt"})
    assert "salaries.txt" not in written("documents", "list", "-q").out
    assert "salaries.txt" in written("documents", "list", "--removed").out
    assert "retired" in written("documents", "history", "salaries.txt").out


def test_a_removal_holds_though_the_disk_has_no_room_for_the_index(
    written: Vouch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an erasure says no more than what is done."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("corpus.lexical.segments.write_record", refuse)
        ended = written("documents", "remove", "salaries.txt")
        assert (ended.code, ended.out.split()[:2]) == (0, ["removed", "salaries.txt"])
        assert "lexical index could not be written" in ended.err
        assert "catches up by itself" in " ".join(ended.err.split())
        assert not any(
            hit["source"] == "salaries.txt" for hit in written("search", "band seven", "--json").json["hits"]
        )
        erased = written("documents", "erase", "it/vpn.txt", "--yes")
        assert erased.code == 5
        assert "not everything of them has left the data folder yet" in " ".join(erased.err.split())
        assert "it/vpn.txt" not in written("documents", "list", "--removed").out
        ended = written("collections", "remove", "default", "--yes")
        assert (ended.code, ended.out) == (0, "removed collection default: 2 documents\n")
        assert "lexical index could not be written" in ended.err
    assert "not everything" not in written("status").out  # the folder was opened again, with room


def test_erased_documents_leave_no_history(written: Vouch) -> None:
    written("documents", "remove", "salaries.txt")
    assert written("documents", "erase", "salaries.txt", "--yes").out.startswith("erased  salaries.txt")
    assert "salaries.txt" not in written("documents", "list", "--removed").out
    assert written("documents", "history", "salaries.txt").code == 3


def test_access_is_shown_and_changed(written: Vouch) -> None:
    assert written("documents", "access", "salaries.txt").out.rstrip().endswith("public")
    changed = written(
        "documents", "access", "salaries.txt", "hr/leave.md", "--access", "group:hr", "--json"
    ).json
    assert [one["access"] for one in changed["documents"]] == [["group:hr"], ["group:hr"]]
    assert written("documents", "access", "salaries.txt", "--json").json["documents"][0]["access"] == [
        "group:hr"
    ]
    assert "group:hr" in written("documents", "list").out


def test_a_collection_is_removed_only_with_consent(written: Vouch) -> None:
    assert written("collections", "list").out.split() == ["collection", "documents", "default", "4"]
    assert written("collections", "remove", "default").code == 4
    assert (
        written("collections", "remove", "default", "--yes").out
        == "removed collection default: 4 documents\n"
    )
    assert written("collections", "list", "--json").json == {"collections": []}


# ---- upkeep --------------------------------------------------------------------------------------


def test_a_removed_collection_is_still_listed_with_its_removed_documents(written: Vouch) -> None:
    written("documents", "remove", "salaries.txt", "it/vpn.txt", "hr/leave.md", "hr/休暇規程.md")
    assert [one["path"] for one in _failures(written)] == ["empty.md", "noise.txt"]
    assert written("documents", "list", "-c", "default").code == 0
    assert written("collections", "remove", "default", "--yes").code == 0
    assert _failures(written) == []
    assert written("documents", "list", "-c", "default").code == 3
    assert written("collections", "remove", "default", "--yes").code == 3
    removed = written("documents", "list", "-c", "default", "--removed", "--json")
    assert (removed.code, len(removed.json["documents"])) == (0, 4)
    assert written("documents", "list", "-c", "other", "--removed").code == 3


def test_sync_forgets_what_could_not_be_read_and_has_left(fresh: tuple[Vouch, Path]) -> None:
    vouch, documents = fresh
    vouch("ingest", documents)
    (documents / "noise.txt").unlink()
    assert vouch("ingest", documents).code == 1
    assert [one["path"] for one in _failures(vouch)] == ["empty.md", "noise.txt"]
    vouch("ingest", documents, "--sync", "--dry-run")
    assert len(_failures(vouch)) == 2
    assert vouch("ingest", documents, "--sync").code == 1
    assert [one["path"] for one in _failures(vouch)] == ["empty.md"]


def _failures(vouch: Vouch) -> list[dict[str, Any]]:
    return [one["key"] for one in vouch("status", "--json").json["failures"]]


def test_status_says_how_the_corpus_is_doing(read: Vouch) -> None:
    told = read("status", "--json").json
    assert (told["documents"], told["collections"], len(told["failures"])) == (4, {"default": 4}, 2)
    assert told["owner"] is None
    shown = {line[:13].strip(): line[15:] for line in read("status").out.splitlines()[:12]}
    assert shown["documents"] == "4"
    assert shown["passages"].startswith(f"{told['chunks']}, 1 of them without a vector")
    assert shown["embedding"] == "words, 8 dimensions, float32"
    assert shown["embedded by"] == "words"
    assert shown["processor"] == (processor() or "nothing tells what it has")
    assert shown["dense index"].startswith(f"exact, {told['chunks'] - 1} rows")
    assert shown["health"] == "good"


def test_a_backup_is_verified_and_brought_back(
    written: Vouch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "kept.backup"
    assert "4 documents" in written("backup", target).out
    assert written("backup", target).code == 4
    assert "All is well." in written("verify", target).out
    verified = written("verify", "--json").json
    assert verified["problems"] == []
    assert verified["embedded_anew"] > 0
    assert verified["least_cosine"] > 0.97
    assert "embedded anew, least cosine with the stored vectors" in " ".join(written("verify").out.split())

    elsewhere = runner(capsys, tmp_path / "restored")
    assert elsewhere("restore", target).code == 0
    assert elsewhere("search", "band seven", "-k", "1", "--json").json["hits"][0]["source"] == "salaries.txt"
    written("documents", "remove", "salaries.txt")
    assert written("restore", target).code == 4
    assert written("restore", target, "--replace").code == 0
    assert written("status", "--json").json["documents"] == 4


def test_verify_ends_with_1_when_something_is_wrong(written: Vouch, tmp_path: Path) -> None:
    original = next(path for path in (tmp_path / "data" / "originals").rglob("*") if path.is_file())
    original.chmod(0o600)
    original.write_bytes(b"something else")
    ended = written("verify")
    assert ended.code == 1
    assert "1 problem." in ended.out
    assert original.name in ended.out
    kept = written("backup", tmp_path / "kept.backup")
    assert "1 original missing or damaged" in kept.err
    assert "1 original" not in kept.out


def test_rebuild_builds_both_indexes(written: Vouch) -> None:
    ended = written("rebuild", "--json")
    assert ended.code == 0
    assert ended.json["lexical"]["rows"] == ended.json["chunks"] > 0
    assert written("search", "vpn", "--json").json["hits"]
