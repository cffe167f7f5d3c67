"""The page of a service that needs access keys, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.rag.api.api_calls import by_path, finished, upload
from tests.rag.api.chromium import NEEDS_BROWSER, ask, browser
from tests.rag.api.locked import Locked, locked_service

__all__ = ["browser"]

pytestmark = NEEDS_BROWSER
PUMP = "Where are the spare parts of the Osprey pump listed?"


@pytest.fixture(scope="module")
def locked(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """A server that needs keys, of these tests' own."""
    with locked_service(filled, tmp_path_factory.mktemp("locked_page")) as locked:
        yield locked


@pytest.fixture
def visitor(browser: Browser, locked: Locked) -> Iterator[Page]:
    """The page of that server, as who has no key yet."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{locked.url}/#documents")
    yield page
    context.close()


def sign_in(page: Page, secret: str) -> None:
    page.get_by_label("Access key").fill(secret)
    page.keyboard.press("Enter")


def test_who_signs_in_sees_what_is_theirs_until_they_sign_out(visitor: Page, locked: Locked) -> None:
    sign_in(visitor, "vouch_wrong")
    expect(visitor.get_by_role("alert")).to_contain_text("There is no such access key.")
    sign_in(visitor, locked.mia)
    row = visitor.get_by_role("row").filter(has_text="salaries.txt")
    expect(row).to_contain_text("only for group:hr")
    visitor.reload()
    expect(row).to_be_visible()
    visitor.goto(f"{locked.url}/#ask")
    ask(visitor, PUMP)
    visitor.locator(".sources .place").first.click()
    picture = visitor.locator("#source img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    visitor.get_by_role("button", name="mia · Sign out").click()
    expect(visitor.get_by_label("Access key")).to_be_focused()
    expect(visitor.locator("#source")).to_be_hidden()
    assert visitor.context.cookies() == []


def test_a_newer_file_keeps_its_readers_unless_others_are_chosen(visitor: Page, locked: Locked) -> None:
    def send(words: str) -> list[str]:
        file = {"name": "bands.md", "mimeType": "text/markdown", "buffer": words.encode()}
        visitor.locator("input[type=file]").set_input_files(files=[file])  # type: ignore[list-item]
        expect(visitor.locator(".job", has_text="done")).to_have_count(1)
        visitor.reload()
        found: list[str] = by_path(mia)["bands.md"]["access"]
        return found

    sign_in(visitor, locked.mia)
    with locked.client(locked.mia) as mia:
        job = upload(mia, ("bands.md", b"# Bands"), access="group:hr").json()
        assert finished(mia, job["id"])[-1][0] == "done"
        assert send("# Newer bands") == ["group:hr"]
        visitor.get_by_label("Who may read them").select_option(label="everybody")
        assert send("# Newest bands") == ["public"]


def test_who_only_reads_is_offered_nothing_else(visitor: Page, locked: Locked) -> None:
    sign_in(visitor, locked.tom)
    expect(visitor.get_by_role("button", name="tom · Sign out")).to_be_visible()
    expect(visitor.get_by_text("hr/leave.md")).to_be_visible()
    expect(visitor.get_by_text("salaries.txt")).to_have_count(0)
    expect(visitor.locator(".upload")).to_have_count(0)
    expect(visitor.get_by_role("button", name="Remove")).to_have_count(0)


def test_a_key_that_ends_meanwhile_is_asked_for_again(visitor: Page, locked: Locked) -> None:
    key, secret = locked.keys.add("temp", [], writes=True)
    sign_in(visitor, secret)
    chosen = visitor.get_by_label("Who may read them")
    expect(chosen.locator("option")).to_have_text(["as before; new ones everybody", "everybody", "only me"])
    locked.keys.revoke([key.id])
    visitor.get_by_role("link", name="Ask").click()
    expect(visitor.get_by_label("Access key")).to_be_visible()
    expect(visitor.get_by_role("alert")).to_contain_text("was revoked")
    visitor.get_by_role("button", name="日本語").click()
    expect(visitor.get_by_label("アクセスキー")).to_be_visible()
