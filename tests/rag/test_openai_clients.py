"""Vouch behind OpenAI's own client and LangChain's: a real server, the built-in model and scripted ones."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from corpus.settings import Settings
from rag.api.chat_reply import without_footnotes
from rag.refusals import UNREACHABLE
from rag.scripted import ScriptedServer, Turn, refusal
from tests.rag.company import MARKED, running, scripted_model

LEAVE = "How many days of annual leave move into the next year?"
休暇 = "使い切れなかった年次有給休暇は繰り越せますか"
ASKED = [
    (LEAVE, "Up to five days of annual leave", "- [1] Annual leave, page 1 (hr/leave.md)"),
    (休暇, "翌年度に限り繰り越す", "- [1] 休暇規程, 1ページ (hr/休暇規程.md)"),
]
WORDS = [f"{word} " for word in MARKED.split()]
SCRIPTS = {
    "steady": [Turn(texts=WORDS)],
    "endless": [Turn(texts=["word "] * 3000, pause_s=0.04)],
    "cut": [Turn(texts=WORDS[:-1], finish="")],
    "limited": [Turn(texts=WORDS, finish="length")],
    "refusing": [refusal(401, "no such key")],
    "wrong": [refusal(400, "unknown field")],
    "slow_down": [refusal(429, "slow down", retry_after="3600")],
    "spent": [refusal(429, "insufficient_quota", "insufficient_quota")],
    "silent": [Turn(stall_before_headers_s=30)],
    "halting": [Turn(texts=WORDS[:3], stall_s=30)],
    "down": [Turn(stall_before_headers_s=30)],
}


@dataclass(frozen=True)
class Served:
    """A server, the scripted models behind it, by name, and a client that is closed with it."""

    url: str
    models: dict[str, ScriptedServer]
    http: httpx.Client

    def client(self, **more: Any) -> openai.OpenAI:
        """OpenAI's client as it comes, its own retries included."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="none", **more)


@pytest.fixture(scope="module")
def served(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = shutil.copytree(filled, tmp_path_factory.mktemp("openai") / "data")
    with ExitStack() as stack:
        models = {name: stack.enter_context(ScriptedServer(script)) for name, script in SCRIPTS.items()}
        tables = {name: scripted_model(one, first_token_s=0.3, idle_s=0.3) for name, one in models.items()}
        tables["keyless"] = {
            "provider": "openai",
            "model": "x",
            "api_key_env": "VOUCH_TESTS_HAVE_NO_SUCH_KEY",
        }
        rhyme = data.parent / "rhyme.txt"
        rhyme.write_text("{passages}\n{question}\nAnswer in rhyme.", encoding="utf-8")
        settings = Settings(
            data_dir=data,
            max_concurrent_asks=2,
            models=tables,
            templates={"rhyme": rhyme},
            rewrite_timeout_s=0,
        )
        url = stack.enter_context(running(settings))
        yield Served(url, models, stack.enter_context(httpx.Client(timeout=120)))


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with served.client() as client:
        yield client


def _messages(*texts: str) -> Any:
    """Turns of a conversation, the user's first and last."""
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


def _check(served: Served, vouched: Any) -> None:
    """Every citation stands in the stored text."""
    assert vouched["citations"]
    for one in vouched["citations"]:
        address = f"{served.url}/api/documents/{one['document_id']}/text?version={one['version']}"
        assert served.http.get(address).json()["text"][one["start"] : one["end"]] == one["quote"]


# ---- OpenAI's client ------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "words", "footnote"), ASKED)
def test_a_reply_has_the_answer_its_sources_and_what_vouches_for_it(
    served: Served, client: openai.OpenAI, question: str, words: str, footnote: str
) -> None:
    reply = client.chat.completions.create(model="vouch", messages=_messages(question))
    choice = reply.choices[0]
    assert (choice.finish_reason, choice.message.role, reply.model) == ("stop", "assistant", "extractive")
    vouched = reply.model_extra["vouch"]
    assert words in choice.message.content
    assert choice.message.content == f"{vouched['text']}\n\n{footnote}"
    assert without_footnotes(choice.message.content) == vouched["text"]
    assert reply.id == f"chatcmpl-{vouched['id']}"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
    _check(served, vouched)
    for one in choice.message.annotations:
        cited = one.url_citation
        sentence = vouched["text"][cited.start_index : cited.end_index]
        assert sentence in [each["text"] for each in vouched["sentences"]]
        assert served.http.get(cited.url).status_code == 200


@pytest.mark.parametrize(("question", "words", "footnote"), ASKED)
def test_a_stream_comes_to_the_same_and_ends_with_what_vouches_for_it(
    served: Served, client: openai.OpenAI, question: str, words: str, footnote: str
) -> None:
    whole = client.chat.completions.create(model="vouch", messages=_messages(question))
    *chunks, last, counted = client.chat.completions.create(
        model="vouch", messages=_messages(question), stream=True, stream_options={"include_usage": True}
    )
    assert len(chunks) > 1
    assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant", *[None] * (len(chunks) - 1)]
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)
    text = "".join(chunk.choices[0].delta.content for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert last.choices[0].finish_reason == "stop"
    vouched = last.model_extra["vouch"]
    assert vouched["citations"] == whole.model_extra["vouch"]["citations"]
    assert last.choices[0].delta.model_extra["annotations"]
    assert counted.choices == []
    assert counted.usage.completion_tokens == whole.usage.completion_tokens  # the prompt's mark is random
    assert counted.usage.prompt_tokens > 0
    assert len({chunk.id for chunk in (*chunks, last, counted)}) == 1
    _check(served, vouched)


def test_a_pdfs_citation_leads_to_its_page_with_the_words_marked(
    served: Served, client: openai.OpenAI
) -> None:
    question = "Where are spare parts for the Osprey pump ordered from?"
    reply = client.chat.completions.create(model="vouch", messages=_messages(question))
    urls = [one.url_citation.url for one in reply.choices[0].message.annotations]
    assert any("/pages/2?" in url for url in urls)
    assert served.http.get(next(url for url in urls if "/pages/" in url)).content.startswith(b"\x89PNG")


def test_a_conversation_reaches_the_model_and_the_wishes_do_not_go_last(
    served: Served, client: openai.OpenAI
) -> None:
    said = f"{MARKED}\n\n- [1] Annual leave, page 1 (hr/leave.md)"
    parts = [{"type": "text", "text": "And when"}, {"type": "text", "text": "do they lapse?"}]
    messages = [
        {"role": "system", "content": "Write like a pirate."},
        *_messages(LEAVE, said),
        {"role": "assistant", "content": None},
        {"role": "user", "content": parts},
    ]
    reply = client.chat.completions.create(
        model="steady", messages=messages, temperature=0.9, max_tokens=5, seed=1, user="me"
    )
    assert reply.model == "steady"
    assert reply.model_extra["vouch"]["ignored"] == ["max_tokens", "seed", "temperature", "user"]
    assert reply.model_extra["vouch"]["question"] == "And when\ndo they lapse?"
    sent = served.models["steady"].requests[-1]["messages"]
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "user"]
    assert "Write like a pirate." in sent[0]["content"]
    assert sent[0]["content"].startswith("You answer questions")
    assert (sent[1]["content"], sent[2]["content"]) == (LEAVE, MARKED)
    assert "And when\ndo they lapse?" in sent[3]["content"]


@pytest.mark.parametrize(
    ("turns", "read", "words"),
    [
        (
            ("What must be done before opening the mail?", "Nothing.", "And the ticket system?"),
            "What must be done before opening the ticket system?",
            "Connect to the VPN",
        ),
        (
            ("育児休業の申請はいつまでですか", "三日前です。", "年次有給休暇は？"),
            "年次有給休暇の申請はいつまでですか",
            "三日前までに",
        ),
    ],
)
def test_a_follow_up_in_a_conversation_is_made_to_stand_alone_and_shown(
    served: Served, client: openai.OpenAI, turns: tuple[str, ...], read: str, words: str
) -> None:
    reply = client.chat.completions.create(model="vouch", messages=_messages(*turns))
    assert reply.model_extra["vouch"]["standalone_question"] == read
    assert words in reply.choices[0].message.content
    history = [
        {"role": role, "content": text} for role, text in zip(("user", "assistant"), turns, strict=False)
    ]
    asked = served.http.post(f"{served.url}/api/ask", json={"question": turns[-1], "history": history}).json()
    assert asked["standalone_question"] == read
    assert words in asked["text"]


def test_a_template_is_chosen_by_its_name_in_the_settings(served: Served, client: openai.OpenAI) -> None:
    def ask(name: str) -> Any:
        return client.chat.completions.create(
            model="steady", messages=_messages(LEAVE), extra_body={"vouch": {"template": name}}
        )

    assert ask("rhyme").model_extra["vouch"]["template"] == "rhyme"
    assert served.models["steady"].requests[-1]["messages"][-1]["content"].endswith("\nAnswer in rhyme.")
    for name in ("none", "/etc/passwd", "../rhyme.txt"):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(name)
        assert caught.value.code == "unknown_template"
        refused = served.http.post(f"{served.url}/api/ask", json={"question": LEAVE, "template": name})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "unknown_template")
    arms = [{"model": "steady", "template": "rhyme"}, {"model": "steady"}]
    compared = served.http.post(f"{served.url}/api/compare", json={"question": LEAVE, "arms": arms}).json()
    assert [one["arm"]["template"] for one in compared["arms"]] == ["rhyme", ""]


def test_the_extra_field_chooses_how_vouch_answers(served: Served, client: openai.OpenAI) -> None:
    def ask(**options: Any) -> Any:
        return client.chat.completions.create(
            model="steady", messages=_messages(LEAVE), extra_body={"vouch": options}
        )

    alone = ask(retrieval=False)
    assert alone.model_extra["vouch"]["passages"] == []
    assert alone.choices[0].message.content == MARKED.removesuffix(" [1]")
    bare = ask(footnotes=False, k=1, strategy="few-shot", filter={"languages": ["en"]})
    assert bare.choices[0].message.content == MARKED
    assert len(bare.model_extra["vouch"]["passages"]) == 1
    assert bare.model_extra["vouch"]["prompt"]["examples"] == 3
    with pytest.raises(openai.NotFoundError) as caught:
        ask(collection="none")
    assert caught.value.code == "unknown_collection"
    with pytest.raises(openai.BadRequestError) as refused:
        ask(colection="company")
    assert (refused.value.code, refused.value.param) == ("invalid_request", "vouch.colection")


def test_an_answer_at_the_models_limit_says_so_in_openais_words(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="limited", messages=_messages(LEAVE))
    assert reply.choices[0].finish_reason == "length"


@pytest.mark.parametrize("question", ["Who painted the chairman's yacht?", "社長の好きな映画は何ですか"])
def test_what_no_document_answers_cites_nothing(client: openai.OpenAI, question: str) -> None:
    reply = client.chat.completions.create(model="vouch", messages=_messages(question))
    assert reply.model_extra["vouch"]["abstained"]
    assert reply.choices[0].message.content == reply.model_extra["vouch"]["text"]
    assert reply.choices[0].message.annotations == []


def test_the_models_that_can_be_asked_are_listed(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[:2] == ["vouch", "extractive"]
    assert "steady" in names
    assert "keyless" not in names
    assert not any(name.startswith("text-embedding") for name in names)
    assert client.models.retrieve("steady").owned_by == "openai-compatible"
    for name in ("none", "keyless"):
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve(name)


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]

# ---- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "status", "code", "param"),
    [
        ({"model": "none"}, 404, "model_not_found", "model"),
        ({"model": "openai:gpt-4o-mini"}, 404, "model_not_found", "model"),
        ({"model": "keyless"}, 400, "model_no_key", None),
        ({"model": "text-embedding-3-small"}, 400, "model_not_chat", None),
        ({"n": 2}, 400, "unsupported_parameter", "n"),
        ({"tools": TOOLS, "tool_choice": "required"}, 400, "unsupported_parameter", "tool_choice"),
        ({"logprobs": True}, 400, "unsupported_parameter", "logprobs"),
        ({"response_format": {"type": "json_object"}}, 400, "unsupported_parameter", "response_format"),
        ({"modalities": ["text", "audio"]}, 400, "unsupported_parameter", "modalities"),
        ({"messages": []}, 400, "invalid_request", "messages"),
        ({"messages": _messages(LEAVE, "Five.")}, 400, "no_question", "messages.1.role"),
        ({"messages": _messages(" \n")}, 400, "empty_query", "messages.0.content"),
        ({"messages": _messages("x" * 8001)}, 400, "context_length_exceeded", "messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            400,
            "unsupported_content",
            "messages.0.content.0",
        ),
        (
            {"messages": [{"role": "tool", "content": "5", "tool_call_id": "x"}, *_messages(LEAVE)]},
            400,
            "unsupported_parameter",
            "messages.0.role",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_refused_with_its_field(
    client: openai.OpenAI, more: dict[str, Any], status: int, code: str, param: str | None, stream: bool
) -> None:
    asked: Any = {"model": "vouch", "messages": _messages(LEAVE), "stream": stream} | more
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**asked)
    error = caught.value
    assert (error.status_code, error.code, error.param) == (status, code, param)
    assert error.type == "invalid_request_error"
    assert error.response.headers["x-should-retry"] == "false"


def test_what_changes_nothing_is_let_through(client: openai.OpenAI) -> None:
    harmless: Any = {
        "n": 1, "tools": TOOLS, "logprobs": False, "response_format": {"type": "text"}, "stop": ["x"],
        "top_p": 0.5, "presence_penalty": 1, "logit_bias": {}, "reasoning_effort": "low", "store": True,
        "metadata": {"a": "b"}, "tool_choice": "auto", "modalities": ["text"],
    }  # fmt: skip
    reply = client.chat.completions.create(model="vouch", messages=_messages(LEAVE), **harmless)
    assert {"stop", "tools"} <= set(reply.model_extra["vouch"]["ignored"])
    assert "Up to five days" in reply.choices[0].message.content


def test_the_guards_and_every_other_refusal_speak_openais_shape(served: Served) -> None:
    address = f"{served.url}/v1/chat/completions"
    asked = {"model": "vouch", "messages": _messages(LEAVE)}
    replies = [
        (403, served.http.post(address, json=asked, headers={"origin": "http://elsewhere.example"})),
        (415, served.http.post(address, content=b"x", headers={"content-type": "text/plain"})),
        (413, served.http.post(address, json={**asked, "user": "x" * (1 << 20)})),
        (400, served.http.post(address, content=b"{", headers={"content-type": "application/json"})),
        (404, served.http.get(f"{served.url}/v1/none")),
        (405, served.http.get(address)),
    ]
    for status, reply in replies:
        assert reply.status_code == status
        assert set(reply.json()) == {"error"}
        assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
    assert served.http.post(f"{served.url}/api/none").json()["error"].keys() == {"code", "message", "hint"}


# ---- faults of the model behind it ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "status", "code", "partly"),
    [
        ("refusing", 502, "model_key_refused", False),
        ("wrong", 502, "model_failed", False),
        ("spent", 502, "model_quota_spent", False),
        ("slow_down", 429, "model_rate_limited", False),
        ("silent", 504, "model_timeout", False),
        ("halting", 504, "model_timeout", True),
        ("cut", 502, "model_cut_off", True),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_models_fault_is_an_error_and_it_was_asked_once(
    served: Served, client: openai.OpenAI, model: str, status: int, code: str, partly: bool, stream: bool
) -> None:
    behind = served.models[model]
    before = len(behind.requests)
    heard: list[str] = []

    def ask() -> None:
        reply: Any = client.chat.completions.create(model=model, messages=_messages(LEAVE), stream=stream)
        heard.extend(chunk.choices[0].delta.content for chunk in reply)

    with pytest.raises(openai.APIError) as caught:  # the client would ask again if it were let
        ask()
    assert caught.value.code == code
    assert len(behind.requests) == before + 1
    assert behind.wait_idle(10)
    if stream and partly:
        assert "".join(heard).startswith("Up to five")
        assert not isinstance(caught.value, openai.APIStatusError)  # the head had gone out
        return
    assert isinstance(caught.value, openai.APIStatusError)
    assert caught.value.status_code == status
    vouched = caught.value.response.json()["vouch"]
    assert bool(vouched["text"]) == partly
    assert vouched["passages"]
    assert not vouched["complete"]
    assert caught.value.response.headers.get("retry-after") == ("3600" if status == 429 else None)


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_rests_leaves_the_sources(served: Served, client: openai.OpenAI, stream: bool) -> None:
    behind = served.models["down"]
    for _ in range(5 if not behind.requests else 0):
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="down", messages=_messages(LEAVE))
    assert len(behind.requests) == 5
    reply: Any = client.chat.completions.create(model="down", messages=_messages(LEAVE), stream=stream)
    if stream:
        *chunks, last = reply
        text = "".join(chunk.choices[0].delta.content for chunk in chunks)
        vouched = last.model_extra["vouch"]
    else:
        text, vouched = reply.choices[0].message.content, reply.model_extra["vouch"]
    assert text.startswith(UNREACHABLE[False])
    assert "- [1] Annual leave, page 1 (hr/leave.md)" in text
    assert vouched["failure"]["code"] == "model_unavailable"
    assert len(behind.requests) == 5


def test_a_client_that_leaves_ends_the_call_to_the_model(served: Served, client: openai.OpenAI) -> None:
    behind = served.models["endless"]
    before = behind.left_early
    with client.chat.completions.create(model="endless", messages=_messages(LEAVE), stream=True) as reply:
        assert next(iter(reply)).choices[0].delta.content
        assert behind.open_replies == 1
    assert behind.wait_idle(20)
    with served.client(timeout=1.0, max_retries=0) as leaving, pytest.raises(openai.APITimeoutError):
        leaving.chat.completions.create(model="endless", messages=_messages(LEAVE))
    assert behind.wait_idle(20)
    assert behind.left_early == before + 2


def test_beyond_the_places_a_client_is_told_to_come_back(served: Served) -> None:
    with served.client(max_retries=0) as client, ExitStack() as held:
        for _ in range(2):
            reply = client.chat.completions.create(model="endless", messages=_messages(LEAVE), stream=True)
            next(iter(held.enter_context(reply)))
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="vouch", messages=_messages(LEAVE), stream=True)
    assert caught.value.status_code == 503
    assert caught.value.code == "overloaded"
    assert caught.value.response.headers["retry-after"] == "2"
    assert caught.value.response.headers["x-should-retry"] == "true"
    assert served.models["endless"].wait_idle(20)


# ---- LangChain's client ----------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "words", "footnote"), ASKED)
def test_langchains_chat_model_works_unchanged(
    served: Served, question: str, words: str, footnote: str
) -> None:
    chat = ChatOpenAI(model="vouch", base_url=f"{served.url}/v1", api_key="none", stream_usage=True)
    whole = chat.invoke(question)
    assert words in whole.content
    assert whole.content.endswith(footnote)
    assert whole.usage_metadata["total_tokens"] > 0
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.response_metadata["id"].startswith("chatcmpl-")
    first, *rest = chat.stream(question)
    streamed = sum(rest, start=first)
    assert streamed.content == whole.content
    assert streamed.usage_metadata["output_tokens"] == whole.usage_metadata["output_tokens"]


def test_langchains_chat_model_hears_of_a_fault(served: Served) -> None:
    chat = ChatOpenAI(model="cut", base_url=f"{served.url}/v1", api_key="none")
    before = len(served.models["cut"].requests)
    with pytest.raises(openai.InternalServerError, match="without saying"):
        chat.invoke(LEAVE)
    with pytest.raises(openai.APIError, match="without saying"):
        list(chat.stream(LEAVE))
    assert len(served.models["cut"].requests) == before + 2


def test_answers_do_not_wait_for_each_other(served: Served) -> None:
    found: list[str] = []

    def ask() -> None:
        with served.client() as own:
            reply = own.chat.completions.create(model="steady", messages=_messages(LEAVE))
            found.append(str(reply.choices[0].message.content))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
