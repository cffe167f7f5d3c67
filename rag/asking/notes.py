"""What the reader of an answer should know of the way in which it came."""

from __future__ import annotations

from collections.abc import Sequence

from rag.asking.answers import AnswerNote, Ask
from rag.models.attempts import Finish
from rag.models.truncation import cut_note
from rag.prompts.prompting import Prompt
from rag.prompts.screening import Screen


def notes_on(prompt: Prompt, screen: Screen, finish: Finish | None) -> list[AnswerNote]:
    """Returns what was left out of the prompt, what of the reply was not shown, and where either was cut."""
    left_out = [
        f"[{one.marker}] {one.hit.title or one.hit.source}, page {one.hit.page}" for one in prompt.dropped
    ]
    examples = [f"“{' '.join(one.question.split())[:60]}”" for one in prompt.dropped_examples]
    cut = cut_note(prompt, finish.input_tokens if finish else None)
    told = {
        "dropped_passages": (
            len(prompt.dropped),
            f"{{n}} lower-ranked passages did not fit into the prompt ({prompt.budget_tokens} tokens, "
            f"{prompt.counted}): {_listed(left_out, '; ')}.",
        ),
        "dropped_examples": (
            len(examples),
            f"{{n}} examples did not fit into the prompt: {_listed(examples, ', ')}.",
        ),
        "dropped_turns": (prompt.dropped_turns, "The {n} oldest turns did not fit into the prompt."),
        "dropped_wishes": (
            int(prompt.dropped_wishes),
            "What the asking program wishes of the answer did not fit into the prompt.",
        ),
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
    }  # fmt: skip
    found = [AnswerNote(code, text.replace("{n}", str(n), 1)) for code, (n, text) in told.items() if n]
    return [*found, AnswerNote("prompt_cut", cut)] if cut else found


def ignored(ask: Ask, *, built_in: bool) -> list[AnswerNote]:
    """Returns what was asked for and made no difference to a prompt."""
    found = []
    if built_in and ask.strategy != "zero-shot":
        found.append(
            AnswerNote("strategy_ignored", "The built-in model answers the same with every strategy.")
        )
    if built_in and ask.wishes:
        found.append(AnswerNote("wishes_ignored", "The built-in model quotes; it reads no system messages."))
    if ask.template is not None and built_in:
        found.append(AnswerNote("template_ignored", "The built-in model reads no template."))
    elif ask.template is not None and ask.template.reads_passages and not ask.retrieval:
        said = "The template speaks of passages; without retrieval the general instructions were used."
        found.append(AnswerNote("template_ignored", said))
    return found


def _listed(names: Sequence[str], mark: str) -> str:
    """Returns the first five names, and how many more there are."""
    more = f"{mark}and {len(names) - 5} more" if len(names) > 5 else ""
    return mark.join(names[:5]) + more
