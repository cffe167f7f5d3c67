"""What OpenAI's own client, and LangChain's, hear of what is refused and of a model's faults."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI

from rag.words.told import tell
from tests.rag.openai_service import LEAVE, Served, conversation

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]


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
        ({"messages": conversation(LEAVE, "Five.")}, 400, "no_question", "messages.1.role"),
        ({"messages": conversation(" \n")}, 400, "empty_query", "messages.0.content"),
        ({"messages": conversation("x" * 8001)}, 400, "context_length_exceeded", "messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            400,
            "unsupported_content",
            "messages.0.content.0",
        ),
        (
            {"messages": [{"role": "tool", "content": "5", "tool_call_id": "x"}, *conversation(LEAVE)]},
            400,
            "unsupported_parameter",
            "messages.0.role",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_refused_with_its_field(
    openai_client: openai.OpenAI,
    more: dict[str, Any],
    status: int,
    code: str,
    param: str | None,
    stream: bool,
) -> None:
    asked: Any = {"model": "vouch", "messages": conversation(LEAVE), "stream": stream} | more
    with pytest.raises(openai.APIStatusError) as caught:
        openai_client.chat.completions.create(**asked)
    error = caught.value
    assert (error.status_code, error.code, error.param) == (status, code, param)
    assert error.type == "invalid_request_error"
    assert error.response.headers["x-should-retry"] == "false"


def test_what_changes_nothing_is_let_through(openai_client: openai.OpenAI) -> None:
    harmless: Any = {
        "n": 1, "tools": TOOLS, "logprobs": False, "response_format": {"type": "text"}, "stop": ["x"],
        "top_p": 0.5, "presence_penalty": 1, "logit_bias": {}, "reasoning_effort": "low", "store": True,
        "metadata": {"a": "b"}, "tool_choice": "auto", "modalities": ["text"],
    }  # fmt: skip
    reply = openai_client.chat.completions.create(model="vouch", messages=conversation(LEAVE), **harmless)
    assert {"stop", "tools"} <= set(reply.model_extra["vouch"]["ignored"])
    assert "Up to five days" in reply.choices[0].message.content


def test_the_guards_and_every_other_refusal_speak_openais_shape(served: Served) -> None:
    address = f"{served.url}/v1/chat/completions"
    asked = {"model": "vouch", "messages": conversation(LEAVE)}
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
    served: Served,
    openai_client: openai.OpenAI,
    model: str,
    status: int,
    code: str,
    partly: bool,
    stream: bool,
) -> None:
    behind = served.models[model]
    before = len(behind.requests)
    heard: list[str] = []

    def ask() -> None:
        reply: Any = openai_client.chat.completions.create(
            model=model, messages=conversation(LEAVE), stream=stream
        )
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
def test_a_model_that_rests_leaves_the_sources(
    served: Served, openai_client: openai.OpenAI, stream: bool
) -> None:
    behind = served.models["down"]
    for _ in range(5 if not behind.requests else 0):
        with pytest.raises(openai.InternalServerError):
            openai_client.chat.completions.create(model="down", messages=conversation(LEAVE))
    assert len(behind.requests) == 5
    reply: Any = openai_client.chat.completions.create(
        model="down", messages=conversation(LEAVE), stream=stream
    )
    if stream:
        *chunks, last = reply
        text = "".join(chunk.choices[0].delta.content for chunk in chunks)
        vouched = last.model_extra["vouch"]
    else:
        text, vouched = reply.choices[0].message.content, reply.model_extra["vouch"]
    assert text.startswith(tell("unreachable", False))
    assert "- [1], [2] Annual leave, page 1 (hr/leave.md)" in text
    assert vouched["failure"]["code"] == "model_unavailable"
    assert len(behind.requests) == 5


def test_a_client_that_leaves_ends_the_call_to_the_model(
    served: Served, openai_client: openai.OpenAI
) -> None:
    behind = served.models["endless"]
    before = behind.left_early
    with openai_client.chat.completions.create(
        model="endless", messages=conversation(LEAVE), stream=True
    ) as reply:
        assert next(iter(reply)).choices[0].delta.content
        assert behind.open_replies == 1
    assert behind.wait_idle(20)
    with served.client(timeout=1.0, max_retries=0) as leaving, pytest.raises(openai.APITimeoutError):
        leaving.chat.completions.create(model="endless", messages=conversation(LEAVE))
    assert behind.wait_idle(20)
    assert behind.left_early == before + 2


def test_beyond_the_places_a_client_is_told_to_come_back(served: Served) -> None:
    with served.client(max_retries=0) as client, ExitStack() as held:
        for _ in range(2):
            reply = client.chat.completions.create(model="endless", messages=conversation(LEAVE), stream=True)
            next(iter(held.enter_context(reply)))
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="vouch", messages=conversation(LEAVE), stream=True)
    assert caught.value.status_code == 503
    assert caught.value.code == "overloaded"
    assert caught.value.response.headers["retry-after"] == "2"
    assert caught.value.response.headers["x-should-retry"] == "true"
    assert served.models["endless"].wait_idle(20)


def test_langchains_chat_model_hears_of_a_fault(served: Served) -> None:
    chat = ChatOpenAI(model="cut", base_url=f"{served.url}/v1", api_key="none")
    before = len(served.models["cut"].requests)
    with pytest.raises(openai.InternalServerError, match="without saying"):
        chat.invoke(LEAVE)
    with pytest.raises(openai.APIError, match="without saying"):
        list(chat.stream(LEAVE))
    assert len(served.models["cut"].requests) == before + 2
