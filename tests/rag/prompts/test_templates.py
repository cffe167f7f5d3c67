"""A user's own prompts: fixed placeholders, replaced literally and once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import NotFoundError, UsageError
from corpus.settings import load_settings
from rag.prompts.templates import MOST_CHARS, find_template, load_template, read_template

OWN = "Read:\n{passages}\n\nAsked: {question}\n\nReply with {not_found} if need be."
VALUES = {"passages": "P {question} {nonsense}", "question": "Q {passages} \\1 {0}", "not_found": "N"}


def test_placeholders_are_replaced_once_and_what_they_bring_is_not_looked_at() -> None:
    filled = read_template(OWN, "own").fill(VALUES)
    assert filled == f"Read:\n{VALUES['passages']}\n\nAsked: {VALUES['question']}\n\nReply with N if need be."


@given(
    st.text(max_size=40).filter(lambda text: "{" not in text),
    st.text(max_size=40),
    st.text(max_size=40),
)
def test_any_values_are_put_in_as_they_are(between: str, passages: str, question: str) -> None:
    template = read_template(f"{{passages}}{between}{{question}}{between}\nNow answer.", "own")
    filled = template.fill({"passages": passages, "question": question})
    assert filled == f"{passages}{between}{question}{between}\nNow answer."
    assert read_template(template.text, "own") == template


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{passages}\n{qestion}\nAnswer.", "unknown placeholder {qestion}"),
        ("{passages}\n{question}\n{{context}}\nAnswer.", "unknown placeholder {context}"),
        ("{passages}\nAnswer.", "needs {question} once"),
        ("{question}{question}\nAnswer.", "needs {question} once"),
        ("{passages}{passages}{question}\nAnswer.", "{passages} at most once"),
        ("Answer {question} from:\n{passages}\n \n", "nothing behind {passages}"),
        ("", "needs {question} once"),
        ("x" * MOST_CHARS + "{question} y", "characters; the limit"),
    ],
)
def test_what_is_no_template_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_template(text, "own")
    assert says in caught.value.message
    assert caught.value.code == "bad_template"
    assert "{passages}, {question}, {not_found}" in caught.value.hint


def test_braces_that_are_no_placeholder_stay() -> None:
    text = '{question}\nReply like {"a": {}} or {1} or { question }.'
    assert read_template(text, "own").fill({"question": "Q"}) == text.replace("{question}", "Q")


def test_a_template_is_found_by_its_name_and_its_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("\ufeff" + OWN, encoding="utf-8")
    (tmp_path / "vouch.toml").write_text(
        '[templates]\nmine = "own.txt"\ngone = "gone.txt"\n', encoding="utf-8"
    )
    files = load_settings(config=tmp_path / "vouch.toml").templates
    assert find_template(files, "mine") == read_template(OWN, "mine")
    assert find_template(files, "mine").reads_passages
    with pytest.raises(NotFoundError, match="no template 'other'") as missing:
        find_template(files, "other")
    assert missing.value.hint == "There are: gone, mine."
    with pytest.raises(UsageError, match=r"gone\.txt"):
        find_template(files, "gone")
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe{question}")
    with pytest.raises(UsageError, match="Cannot read"):
        load_template(tmp_path / "own.txt")
