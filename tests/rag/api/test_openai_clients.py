"""Vouch behind OpenAI's own client and LangChain's: a real server, the built-in model and scripted ones."""

from __future__ import annotations

import threading
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI

from rag.api.chat_reply import without_footnotes
from tests.rag.company import MARKED
from tests.rag.openai_service import LEAVE, Served, conversation, 休暇

ASKED = [
    (LEAVE, "Up to five days of annual leave", "- [1] Annual leave, page 1 (hr/leave.md)"),
    (休暇, "翌年度に限り繰り越す", "- [1] 休暇規程, 1ページ (hr/休暇規程.md)"),
]


def _check(served: Served, vouched: Any) -> None:
    """Every citation stands in the stored text."""
    assert vouched["citations"]
    for one in vouched["citations"]:
        address = f"{served.url}/api/documents/{one['document_id']}/text?version={one['version']}"
        assert served.http.get(address).json()["text"][one["start"] : one["end"]] == one["quote"]


# ---- OpenAI's client ------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "words", "footnote"), ASKED)
def test_a_reply_has_the_answer_its_sources_and_what_vouches_for_it(
    served: Served, openai_client: openai.OpenAI, question: str, words: str, footnote: str
) -> None:
    reply = openai_client.chat.completions.create(model="vouch", messages=conversation(question))
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
    served: Served, openai_client: openai.OpenAI, question: str, words: str, footnote: str
) -> None:
    whole = openai_client.chat.completions.create(model="vouch", messages=conversation(question))
    *chunks, last, counted = openai_client.chat.completions.create(
        model="vouch", messages=conversation(question), stream=True, stream_options={"include_usage": True}
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
    served: Served, openai_client: openai.OpenAI
) -> None:
    question = "Where are spare parts for the Osprey pump ordered from?"
    reply = openai_client.chat.completions.create(model="vouch", messages=conversation(question))
    urls = [one.url_citation.url for one in reply.choices[0].message.annotations]
    assert any("/pages/2?" in url for url in urls)
    assert served.http.get(next(url for url in urls if "/pages/" in url)).content.startswith(b"\x89PNG")


def test_a_conversation_reaches_the_model_and_the_wishes_do_not_go_last(
    served: Served, openai_client: openai.OpenAI
) -> None:
    said = f"{MARKED}\n\n- [1] Annual leave, page 1 (hr/leave.md)"
    parts = [{"type": "text", "text": "And when"}, {"type": "text", "text": "do they lapse?"}]
    messages = [
        {"role": "system", "content": "Write like a pirate."},
        *conversation(LEAVE, said),
        {"role": "assistant", "content": None},
        {"role": "user", "content": parts},
    ]
    reply = openai_client.chat.completions.create(
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
    served: Served, openai_client: openai.OpenAI, turns: tuple[str, ...], read: str, words: str
) -> None:
    reply = openai_client.chat.completions.create(model="vouch", messages=conversation(*turns))
    assert reply.model_extra["vouch"]["standalone_question"] == read
    assert words in reply.choices[0].message.content
    history = [
        {"role": role, "content": text} for role, text in zip(("user", "assistant"), turns, strict=False)
    ]
    asked = served.http.post(f"{served.url}/api/ask", json={"question": turns[-1], "history": history}).json()
    assert asked["standalone_question"] == read
    assert words in asked["text"]


def test_a_template_is_chosen_by_its_name_in_the_settings(
    served: Served, openai_client: openai.OpenAI
) -> None:
    def ask(name: str) -> Any:
        return openai_client.chat.completions.create(
            model="steady", messages=conversation(LEAVE), extra_body={"vouch": {"template": name}}
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


def test_the_extra_field_chooses_how_vouch_answers(served: Served, openai_client: openai.OpenAI) -> None:
    def ask(**options: Any) -> Any:
        return openai_client.chat.completions.create(
            model="steady", messages=conversation(LEAVE), extra_body={"vouch": options}
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


def test_an_answer_at_the_models_limit_says_so_in_openais_words(openai_client: openai.OpenAI) -> None:
    reply = openai_client.chat.completions.create(model="limited", messages=conversation(LEAVE))
    assert reply.choices[0].finish_reason == "length"


@pytest.mark.parametrize("question", ["Who painted the chairman's yacht?", "社長の好きな映画は何ですか"])
def test_what_no_document_answers_cites_nothing(openai_client: openai.OpenAI, question: str) -> None:
    reply = openai_client.chat.completions.create(model="vouch", messages=conversation(question))
    assert reply.model_extra["vouch"]["abstained"]
    assert reply.choices[0].message.content == reply.model_extra["vouch"]["text"]
    assert reply.choices[0].message.annotations == []


def test_the_models_that_can_be_asked_are_listed(openai_client: openai.OpenAI) -> None:
    names = [model.id for model in openai_client.models.list()]
    assert names[:2] == ["vouch", "extractive"]
    assert "steady" in names
    assert "keyless" not in names
    assert not any(name.startswith("text-embedding") for name in names)
    assert openai_client.models.retrieve("steady").owned_by == "openai-compatible"
    for name in ("none", "keyless"):
        with pytest.raises(openai.NotFoundError):
            openai_client.models.retrieve(name)


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


def test_answers_do_not_wait_for_each_other(served: Served) -> None:
    found: list[str] = []

    def ask() -> None:
        with served.client() as own:
            reply = own.chat.completions.create(model="steady", messages=conversation(LEAVE))
            found.append(str(reply.choices[0].message.content))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
