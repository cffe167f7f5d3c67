"""What the reader of an answer should know of the way in which it came."""

from __future__ import annotations

from rag.answers import AnswerNote
from rag.attempts import Finish
from rag.prompting import Prompt
from rag.screening import Screen


def notes_on(prompt: Prompt, screen: Screen, finish: Finish | None) -> list[AnswerNote]:
    """Returns what was left out of the prompt, what of the reply was not shown, and where either was cut."""
    words = sum(len(message.text.split()) for message in prompt.messages)
    told = {
        "dropped_passages": (
            len(prompt.dropped),
            "{n} lower-ranked passages did not fit into the prompt "
            f"({prompt.budget_tokens} tokens, {prompt.counted}).",
        ),
        "dropped_examples": (prompt.dropped_examples, "{n} examples did not fit into the prompt."),
        "dropped_turns": (prompt.dropped_turns, "{n} earlier turns did not fit into the prompt."),
        "dropped_markers": (
            screen.dropped_markers,
            "{n} markers of passages that were not given were dropped.",
        ),
        "altered_quotes": (
            screen.altered_quotes,
            "{n} quotations do not stand in the passages; their quotation marks were dropped.",
        ),
        "truncated": (
            int(finish is not None and finish.reason == "length"),
            "The answer ends where the model's limit cut it off.",
        ),
        # Every word is at least a token: fewer tokens read than words sent means the server cut the
        # prompt.
        "prompt_cut": (
            int(finish is not None and 0 < (finish.input_tokens or 0) < words),
            "The model's server read only a part of the prompt; its window is smaller than the settings "
            "say.",
        ),
    }  # fmt: skip
    return [AnswerNote(code, text.replace("{n}", str(n))) for code, (n, text) in told.items() if n]
