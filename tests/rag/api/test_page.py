"""The page at ``/``: whole, its own, and in two languages. :mod:`tests.rag.api.test_page_in_browser` uses it."""

from __future__ import annotations

import re
from typing import get_args

import httpx
import pytest

from ingest.reports import FileState
from rag.api.models import ModelShape
from rag.api.routes.page import FOLDER
from rag.api.schemas import Health, JobShape
from rag.grounding.support import State
from tests.rag.api.api_calls import assert_error

PARTS = sorted(path.name for path in FOLDER.iterdir() if path.name != "index.html")
SCRIPTS = {name: (FOLDER / name).read_text(encoding="utf-8") for name in PARTS if name.endswith(".js")}
# A name in the page's words stands alone or in quotation marks; `state_…` and `job_…` are put together.
SAID = re.compile(r'\bsay\(\s*"([^"]+)"|\bsay\([^"()]*\? "([^"]+)" : "([^"]+)"')
WRITTEN = re.compile(r'^    (?:"([^"]+)"|(\w+)):\s', re.MULTILINE)


def words(language: str) -> list[str]:
    block = re.search(rf"^  {language}: \{{\n(.*?)^  \}},$", SCRIPTS["words.js"], re.DOTALL | re.MULTILINE)
    assert block is not None
    return [quoted or plain for quoted, plain in WRITTEN.findall(block[1])]


def test_the_front_door_is_the_page_and_all_its_parts_are_there(client: httpx.Client) -> None:
    page = client.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    needed = set(re.findall(r'(?:src|href)="/page/([^"]+)"', page.text))
    needed |= {name for text in SCRIPTS.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    needed |= {name for text in SCRIPTS.values() for name in re.findall(r'"/page/([^"]+)"', text)}
    assert needed == set(PARTS)
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for name in PARTS:
        part = client.get(f"/page/{name}")
        assert part.status_code == 200
        assert part.headers["content-type"].startswith(kinds[name[name.rindex(".") :]])
        assert part.content == (FOLDER / name).read_bytes()


def test_the_page_runs_only_what_is_its_own(client: httpx.Client) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in [*PARTS, "index.html"]:
        text = (FOLDER / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import", text), name
        # What documents and models say is never read as markup or as a program.
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function", text
        ), name
    assert not re.search(r"<style|<script(?![^>]* src=)| on\w+=| style=", client.get("/").text)


@pytest.mark.parametrize(
    "path",
    [
        "/page",
        "/page/",
        "/page/none.js",
        "/page/../service.py",
        "/page/%2e%2e/service.py",
        "/page//etc/hosts",
    ],
)
def test_nothing_but_its_parts_is_served(client: httpx.Client, path: str) -> None:
    answer = client.get(path, follow_redirects=True)
    assert_error(answer, 404, "no_route")


def test_the_page_says_the_same_in_both_languages_and_nothing_idle() -> None:
    english, japanese = words("en"), words("ja")
    assert len(english) == len(set(english)) > 50
    assert english == japanese
    said = {name for text in SCRIPTS.values() for found in SAID.findall(text) for name in found if name}
    assert said <= set(english)
    others = "\n".join(text for name, text in SCRIPTS.items() if name != "words.js")
    put_together = re.compile(
        r"(?:state|job)_\w+|quoted|supported|service|local|built-in|degraded|starting|stopping"
    )
    idle = [
        name
        for name in english
        if not put_together.fullmatch(name)
        and not re.search(rf'"{re.escape(name)}"|\b{re.escape(name)}:', others)
    ]
    assert idle == []


def test_what_is_put_into_a_sentence_is_the_same_in_both_languages() -> None:
    gaps: dict[str, list[set[str]]] = {}
    for name, text in re.findall(r'^    "?([\w-]+)"?:\s+"(.*)",$', SCRIPTS["words.js"], re.MULTILINE):
        gaps.setdefault(name, []).append(set(re.findall(r"\{(\w+)\}", text)))
    assert all(len(both) == 2 and both[0] == both[1] for both in gaps.values()), gaps


def test_every_state_that_the_service_tells_has_its_words() -> None:
    said = {f"state_{state}" for state in get_args(FileState)}
    said |= {f"job_{state}" for state in get_args(JobShape.model_fields["state"].annotation)}
    said |= {*get_args(State), *get_args(ModelShape.model_fields["hosting"].annotation)}
    said |= {*get_args(Health.model_fields["status"].annotation)} - {"ok"}
    assert said - set(words("en")) == set()
    states = {name for name in words("en") if name.startswith("state_")}
    assert states <= said


def test_every_class_that_is_styled_is_one_of_the_page() -> None:
    style = re.sub(r"\{[^{}]*\}", "", (FOLDER / "style.css").read_text(encoding="utf-8"))
    others = "\n".join(SCRIPTS.values())
    styled = set(re.findall(r"\.([a-z][\w-]*)", style))
    states = {*get_args(FileState), *get_args(State)}
    idle = [name for name in styled - states if not re.search(rf"""["'.]{name}\b|\b{name}:""", others)]
    assert idle == []
