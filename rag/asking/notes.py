"""What the reader of an answer should know of the way in which it came."""

from __future__ import annotations

from collections.abc import Sequence

from rag.asking.answers import AnswerNote, Ask
from rag.models.attempts import Finish
from rag.models.truncation import cut_note
from rag.prompts.prompting import Prompt
from rag.prompts.screening import Screen
from rag.words.told import tell


def notes_on(prompt: Prompt, screen: Screen, finish: Finish | None, japanese: bool) -> list[AnswerNote]:
    """Returns what was left out of the prompt, what of the reply was not shown, and where either was cut."""
    places = ((one.marker, one.hit) for one in prompt.dropped)
    left_out = [
        f"[{marker}] {hit.title or hit.source}, {tell('page', japanese, page=hit.page)}"
        for marker, hit in places
    ]
    examples = [f"“{' '.join(one.question.split())[:60]}”" for one in prompt.dropped_examples]
    cut = cut_note(prompt, finish.input_tokens if finish else None, japanese)
    counts = {
        "dropped_passages": len(prompt.dropped),
        "dropped_examples": len(examples),
        "dropped_turns": prompt.dropped_turns,
        "dropped_wishes": int(prompt.dropped_wishes),
        "dropped_markers": screen.dropped_markers,
        "altered_quotes": screen.altered_quotes,
        "truncated": int(finish is not None and finish.reason == "length"),
    }
    names = {
        "dropped_passages": _listed(left_out, "; ", japanese),
        "dropped_examples": _listed(examples, ", ", japanese),
    }
    budget = {"budget": prompt.budget_tokens, "counted": prompt.counted}
    found = [
        AnswerNote(code, tell(code, japanese, n=n, names=names.get(code, ""), **budget))
        for code, n in counts.items()
        if n
    ]
    return [*found, AnswerNote("prompt_cut", cut)] if cut else found


def ignored(ask: Ask, japanese: bool, *, built_in: bool) -> list[AnswerNote]:
    """Returns what was asked for and made no difference to a prompt."""
    without = ask.template is not None and ask.template.reads_passages and not ask.retrieval
    made_none = {
        "strategy_ignored": built_in and ask.strategy != "zero-shot",
        "wishes_ignored": built_in and bool(ask.wishes),
        "template_ignored": built_in and ask.template is not None,
    }
    found = [AnswerNote(code, tell(code, japanese)) for code, so in made_none.items() if so]
    if without and not built_in:
        found.append(AnswerNote("template_ignored", tell("template_without_passages", japanese)))
    return found


def _listed(names: Sequence[str], mark: str, japanese: bool) -> str:
    """Returns the first five names, and how many more there are."""
    more = [tell("and_more", japanese, n=len(names) - 5)] if len(names) > 5 else []
    return mark.join([*names[:5], *more])
