"""The corpus as a LangChain retriever, in a chain, over an open service and over HTTP."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_openai import ChatOpenAI

from corpus.errors import NotFoundError, UnavailableError, UsageError, VouchError
from corpus.settings import Settings
from corpus.types import ANYONE, Caller
from rag.bootstrap import open_service
from rag.langchain_retriever import VouchRetriever
from rag.service import Service
from tests.rag.company import MARKED, Live

Make = Callable[..., VouchRetriever]
ASKED = [
    ("How is unused annual leave carried over?", "hr/leave.md"),
    ("有給休暇の繰り越し", "hr/休暇規程.md"),
]


@pytest.fixture(scope="module")
def service(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = shutil.copytree(filled, tmp_path_factory.mktemp("retriever") / "data")
    with open_service(Settings(data_dir=data)) as service:
        yield service


@pytest.fixture(params=["in process", "over HTTP"])
def make(request: pytest.FixtureRequest, service: Service, live: Live) -> Make:
    if request.param == "in process":
        return lambda caller=ANYONE, **more: VouchRetriever.over(service, caller=caller, **more)
    return lambda **more: VouchRetriever.at(live.url, **more)


@pytest.mark.parametrize(("question", "source"), ASKED)
def test_documents_are_the_passages_as_they_stand(make: Make, live: Live, question: str, source: str) -> None:
    found = make(k=3).invoke(question)
    assert 1 <= len(found) <= 3
    assert found[0].metadata["source"] == source
    for one in found:
        place = one.metadata
        address = f"{live.url}/api/documents/{place['document_id']}/text?version={place['version']}"
        assert (
            httpx.get(address, timeout=120).json()["text"][place["start"] : place["end"]] == one.page_content
        )
        assert place["page"] >= 1
        assert one.id
    focused = make(k=3, whole=False).invoke(question)
    assert [one.id for one in focused] == [one.id for one in found]
    assert all(cut.page_content in one.page_content for cut, one in zip(focused, found, strict=True))
    assert [one.page_content for one in asyncio.run(make(k=3).ainvoke(question))] == [
        one.page_content for one in found
    ]


def test_limits_hold(make: Make) -> None:
    found = make(filter={"languages": ["ja"]}, collection="company").invoke("leave 休暇")
    assert {one.metadata["source"] for one in found} == {"hr/休暇規程.md"}
    with pytest.raises(VouchError) as caught:
        make(collection="none").invoke("leave")
    assert caught.value.code == "unknown_collection"
    with pytest.raises(VouchError) as empty:
        make().invoke(" ")
    assert empty.value.code in ("empty_query", "invalid_request")


def test_a_caller_finds_what_it_may_see(service: Service) -> None:
    question = "Where does salary band seven begin?"
    hidden = VouchRetriever.over(service, caller=ANYONE).invoke(question)
    assert all(one.metadata["source"] != "salaries.txt" for one in hidden)
    shown = VouchRetriever.over(service, caller=Caller(frozenset({"group:hr"}))).invoke(question)
    assert shown[0].metadata["source"] == "salaries.txt"
    with pytest.raises(NotFoundError):
        VouchRetriever.over(service, collection="none")


def test_it_works_in_a_chain(make: Make, live: Live) -> None:
    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    chat = ChatOpenAI(model="m", base_url=live.steady.base_url, api_key="none")

    def joined(found: list[Document]) -> str:
        return "\n".join(f"{one.metadata['source']}: {one.page_content}" for one in found)

    chain = {"context": make() | joined, "question": RunnablePassthrough()} | prompt | chat
    assert chain.invoke(ASKED[0][0]).content.strip() == MARKED
    sent = live.steady.requests[-1]["messages"][0]["content"]
    assert "hr/leave.md: " in sent
    assert "Up to five days of annual leave move into the next year." in sent


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no address"):
        VouchRetriever.at("file:///etc/passwd")
    with pytest.raises(UnavailableError, match="No Vouch answers"):
        VouchRetriever.at("http://127.0.0.1:9").invoke("leave")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", b"nonsense\r\n\r\n",
                                   b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"])  # fmt: skip
def test_a_server_that_breaks_off_or_is_another_program_is_named(reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(reply)

        other = threading.Thread(target=answer)
        other.start()
        retriever = VouchRetriever.at(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=20)
        with pytest.raises(UnavailableError, match="No Vouch answers"):
            retriever.invoke("leave")
        other.join()
