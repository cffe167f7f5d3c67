"""The page as a reader uses it, in a real browser: Chromium, where the machine has it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from tests.rag.api.api_calls import finished, upload
from tests.rag.api.chromium import NEEDS_BROWSER, ask, browser
from tests.rag.company import Live, company_service, running

__all__ = ["browser"]

pytestmark = NEEDS_BROWSER
LEAVE = "How many days of annual leave move into the next year?"
PUMP = "Where are the spare parts of the Osprey pump listed?"


@pytest.fixture(scope="module")
def live(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of these tests' own: what others asked and sent in would show on the page."""
    with company_service(filled, tmp_path_factory.mktemp("page")) as live:
        yield live


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    """The page, opened by an English reader. It must end without an error of its own, and ask this server alone."""
    context = browser.new_context(locale="en-GB", accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live.url)
    yield page
    assert errors == []
    assert [url for url in asked if not url.startswith(live.url)] == []
    context.close()


def choose(page: Page, model: str) -> None:
    page.get_by_text("How to answer").click()
    page.get_by_label("Model").select_option(model)


def test_an_answer_shows_the_words_it_rests_on(page: Page, client: httpx.Client) -> None:
    ask(page, LEAVE)
    page.locator(".answer .mark").first.click()
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    marked = page.locator("#source mark")
    expect(marked).to_have_count(1)
    stored = client.post("/api/ask", json={"question": LEAVE}).json()
    expect(page.locator("#health")).to_be_hidden()
    assert marked.inner_text() in {one["quote"] for one in stored["citations"]}
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator(".answer .mark").first).to_be_focused()


def test_a_page_of_a_pdf_is_shown_as_it_looks_and_as_text(page: Page) -> None:
    ask(page, PUMP)
    page.locator(".sources .place").first.click()
    picture = page.locator("#source img")
    expect(picture).to_be_visible()
    assert re.search(r"/pages/\d\?version=1&highlight=\d+-\d+$", picture.get_attribute("src") or "")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    page.get_by_role("button", name="Previous page").click()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="Text", exact=True).click()  # while the page may still be on its way
    expect(page.locator("#source mark")).to_be_visible()
    page.get_by_label("Your question").press_sequentially("And")
    expect(page.get_by_label("Your question")).to_have_value("And")
    page.get_by_role("button", name="Previous page").click()
    expect(page.locator("#source .tools")).to_contain_text("of 2")
    chosen = page.get_by_label("Page", exact=True)
    expect(chosen).to_have_value("1")
    page.get_by_role("button", name="Next page").press("Enter")
    expect(chosen).to_have_value("2")
    expect(page.get_by_role("button", name="Close")).to_have_count(1)
    chosen.fill("1")
    chosen.press("Enter")
    expect(chosen).to_be_focused()
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    with page.expect_download() as download:
        page.get_by_text("Original file").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_of_a_long_text_the_page_that_is_shown_is_fetched_and_no_other(
    page: Page, client: httpx.Client
) -> None:
    odd = "𠮷野家 😀 "  # beyond the first plane: two units each for JavaScript
    pages = [f"Page {number} begins.\n\n{odd * 3_000}\n\n" for number in range(1, 11)]
    pages[6] += "The zeppelin hangar closes at seven in the evening.\n"
    sent = upload(client, ("long.txt", "\f".join(pages).encode()), collection="long").json()
    [report] = finished(client, sent["id"])[-1][1]["result"]["files"]
    fetched: list[Response] = []
    page.on("response", lambda answer: "/text" in answer.url and fetched.append(answer))
    ask(page, "When does the zeppelin hangar close?")
    page.locator(".answer .mark").first.click()
    marked = page.locator("#source mark")
    expect(marked).to_contain_text("The zeppelin hangar closes at seven in the evening.")
    expect(page.get_by_label("Page", exact=True)).to_have_value("7")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("#source .page-text")).to_contain_text("Page 8 begins.")
    expect(marked).to_have_count(0)
    page.get_by_role("button", name="Previous page").click()
    expect(marked).to_contain_text("The zeppelin hangar closes at seven in the evening.")
    assert len(fetched) == 3
    assert max(len(answer.body()) for answer in fetched) * 9 < len("\f".join(pages).encode())
    client.delete(f"/api/documents/{report['document_id']}")


def test_a_conversation_goes_on_and_outlasts_a_reload(page: Page) -> None:
    ask(page, LEAVE)
    expect(page.locator(".figures")).to_have_count(1)
    ask(page, "And when do they lapse?")
    expect(page.locator(".figures")).to_have_count(2)
    before = page.locator(".answer .text").all_inner_texts()
    assert any("March" in text for text in before)
    page.reload()
    assert page.locator(".answer .text").all_inner_texts() == before
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)


def test_the_page_speaks_japanese(browser: Browser, live: Live) -> None:
    page = browser.new_page(locale="ja-JP")
    page.goto(live.url)
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.get_by_label("質問").fill("年次有給休暇は翌年度に繰り越せますか")
    page.keyboard.press("Enter")
    page.locator(".answer .mark").first.click()
    expect(page.locator("#source mark")).to_contain_text("翌年度に限り繰り越す")
    page.get_by_role("button", name="English").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.context.close()


def test_a_model_that_fails_is_told_and_a_part_of_an_answer_kept(page: Page) -> None:
    choose(page, "refusing")
    ask(page, LEAVE)
    expect(page.locator(".failure code")).to_have_text("model_key_refused")
    page.get_by_label("Model").select_option("cut")
    ask(page, LEAVE)
    expect(page.locator(".failure code")).to_have_text(["model_key_refused", "model_cut_off"])
    expect(page.locator(".answer .text").last).not_to_be_empty()
    expect(page.get_by_label("Your question")).to_have_value(LEAVE)


def test_an_answer_can_be_stopped(page: Page) -> None:
    choose(page, "endless")
    ask(page, LEAVE)
    expect(page.locator(".coming")).to_contain_text("word word")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".turn .warn")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_value(LEAVE)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.get_by_label("Your question")).to_have_value(LEAVE)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_answers_stand_side_by_side(page: Page) -> None:
    ask(page, LEAVE)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_label("Your question")).to_have_value(LEAVE)
    page.get_by_role("button", name="Add a way").click()
    page.get_by_label("Model").last.select_option("refusing")
    page.locator("button.main").click()
    columns = page.locator(".arms-table thead th")
    expect(columns).to_have_count(3)
    answers = page.locator(".arms-table tbody tr").first.locator("td")
    expect(answers.nth(0).locator(".mark").first).to_be_visible()
    expect(answers.nth(1)).to_contain_text("I know nothing by myself")
    expect(answers.nth(2).locator(".failure code")).to_have_text("model_key_refused")


def test_files_are_sent_in_reported_found_and_taken_out(page: Page, tmp_path: Path) -> None:
    hostile = (
        "The gate code of shed twelve is <img src=x onerror=alert(1)> 4711.\n\n<script>alert(2)</script>\n"
    )
    (tmp_path / "小屋 <b>.txt").write_text(hostile, encoding="utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    page.on(
        "dialog", lambda dialog: dialog.accept() if dialog.type == "confirm" else pytest.fail(dialog.message)
    )
    page.get_by_role("link", name="Documents").click()
    page.get_by_label("Into the collection").fill("sheds")
    page.get_by_label("Add files").set_input_files([tmp_path / "小屋 <b>.txt", tmp_path / "broken.pdf"])
    expect(page.locator(".outcome.ok strong")).to_have_text("小屋 <b>.txt")
    expect(page.locator(".outcome.failed .failure")).to_be_visible()
    page.get_by_label("Collection", exact=True).select_option("sheds")
    expect(page.locator("tbody tr").filter(visible=True)).to_have_count(
        1
    )  # the list of this collection alone
    row = page.locator("tbody tr").filter(has_text="小屋 <b>.txt").first
    row.get_by_role("button", name="What was read of it").click()
    expect(page.locator(".outcome.ok")).to_have_count(2)
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, "What is the gate code of shed twelve?")
    expect(page.locator(".answer .text")).to_contain_text("4711")
    expect(page.locator(".answer img, .answer b, .answer script")).to_have_count(0)
    page.get_by_role("link", name="Documents").click()
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_label("Collection", exact=True)).to_have_count(0)
    expect(page.locator("tbody")).not_to_contain_text("小屋")


def test_a_document_is_found_in_the_list_by_its_name(page: Page) -> None:
    page.get_by_role("link", name="Documents").click()
    rows = page.locator("tbody tr").filter(visible=True)
    expect(rows.nth(1)).to_be_visible()
    page.get_by_label("Find").press_sequentially("ＰＵＭＰ pdf")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("pump.pdf")
    expect(page.get_by_label("Find")).to_be_focused()
    page.get_by_label("Find").fill("nowhere")
    expect(page.locator(".empty")).to_contain_text("No document has these words")
    page.get_by_label("Find").fill("")
    expect(rows.nth(1)).to_be_visible()


def test_the_catalogue_is_shown_and_a_model_taken_from_it(page: Page) -> None:
    page.get_by_role("link", name="Models").click()
    page.get_by_label("Find").fill("steady")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Ask").click()
    expect(row).to_contain_text("in use")
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, LEAVE)
    expect(page.locator(".figures")).to_contain_text("steady")


def test_a_service_that_is_gone_is_told_and_what_is_seen_stays(
    browser: Browser, filled: Path, tmp_path: Path, live: Live
) -> None:
    shutil.copytree(filled, tmp_path / "data")
    page = browser.new_page(locale="en-GB")
    with running(live.settings.model_copy(update={"data_dir": tmp_path / "data"})) as url:
        page.goto(url)
        ask(page, LEAVE)
        expect(page.locator(".figures")).to_have_count(1)
    ask(page, "And when do they lapse?")
    expect(page.locator(".failure")).to_contain_text("cannot be reached")
    expect(page.locator(".figures")).to_have_count(1)
    expect(page.get_by_label("Your question")).to_have_value("And when do they lapse?")
    page.context.close()


def test_an_address_that_names_no_view_shows_the_first(page: Page) -> None:
    for hash in ("constructor", "toString", "%", "documents/x"):
        page.evaluate("hash => { location.hash = hash }", hash)
        expect(page.get_by_label("Your question")).to_be_visible()
        expect(page).to_have_title("Vouch · Ask")


def test_a_job_is_looked_after_until_it_ends_however_many_there_are_and_whatever_happens(page: Page) -> None:
    """Each job held a stream, and a browser opens six: with more, nothing else of the page was answered."""
    ids = [f"{number:016x}" for number in range(8)]
    jobs = {one: job(one, "running") for one in ids}
    page.route("**/api/jobs", lambda route: route.fulfill(json={"jobs": list(jobs.values())}))
    page.route("**/api/jobs/*", lambda route: look(route, jobs))
    page.get_by_role("link", name="Documents").click()
    shown = page.locator(".job")
    expect(shown).to_have_count(len(ids))
    expect(page.locator("tbody tr").first).to_be_visible()
    jobs[ids[0]] = {}
    expect(page.locator(".job .failure code")).to_have_text("http")
    jobs[ids[0]] = job(ids[0], "running")
    expect(page.locator(".job .failure")).to_have_count(0)
    shown.filter(has_text=ids[1]).get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled", exact=True)).to_be_visible()
    expect(page.locator(".job progress")).to_have_count(len(ids) - 1)


def job(id: str, state: str) -> dict[str, Any]:
    return {"id": id, "state": state, "request": {"names": [id]}, "progress": {"share": 0.5}, "result": None}


def look(route: Route, jobs: dict[str, dict[str, Any]]) -> None:
    id = route.request.url.rpartition("/")[2]
    if id not in jobs:
        return route.abort()
    if route.request.method == "DELETE":
        jobs[id] = job(id, "cancelled")
    return route.fulfill(json=jobs[id]) if jobs[id] else route.fulfill(status=502, body="between")


def test_a_composed_word_is_not_sent_and_a_long_turn_is_cut_between_letters(page: Page) -> None:
    box = page.get_by_label("Your question")
    box.fill("年次")
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        box.dispatch_event("keydown", {"key": "Enter", "bubbles": True, "cancelable": True, **composing})
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, LEAVE)
    expect(page.locator(".figures")).to_have_count(1)
    long = "a" * 3999 + "😀\u0007"
    page.evaluate(
        """long => {
            const [turn] = JSON.parse(sessionStorage.getItem("vouch.conversation"));
            const told = { ...turn, text: "\\u0007" + long, sentences: [], citations: [] };
            sessionStorage.setItem("vouch.conversation", JSON.stringify([told]));
        }""",
        long,
    )
    page.reload()
    ask(page, "And when do they lapse?")
    expect(page.locator(".figures")).to_have_count(2)
