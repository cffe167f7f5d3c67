"""Which questions are refused as asked, and what a reply without a word is told as."""

from __future__ import annotations

from corpus.errors import UsageError
from rag.asking.answers import MOST_K, Ask
from rag.models.attempts import Fault
from rag.prompts.strategies import STRATEGIES


def check(ask: Ask) -> None:
    """Refuses a question that cannot be answered as asked.

    Raises:
        UsageError: the question is empty, the strategy unknown, ``k`` out of range, or support required of an
        answer without the documents.
    """
    if not ask.question.strip():
        raise UsageError("The question is empty.", code="empty_query", hint='Ask something: vouch ask "…"')
    if ask.strategy not in STRATEGIES:
        raise UsageError(
            f"There is no strategy {ask.strategy!r}.",
            code="bad_strategy",
            hint=f"One of: {', '.join(STRATEGIES)}.",
        )
    if ask.require_support and not ask.retrieval:
        raise UsageError(
            "Without retrieval there are no documents that could bear an answer out.",
            code="support_needs_retrieval",
            hint="Ask with retrieval, or do not require support.",
        )
    if not 1 <= ask.k <= MOST_K:
        raise UsageError(f"k must be between 1 and {MOST_K}, not {ask.k}.", code="bad_k")
    if ask.template is not None and ask.retrieval and not ask.template.reads_passages:
        raise UsageError(
            f"Template {ask.template.name!r} has no place for passages.",
            code="bad_template",
            hint="Put {passages} into it, or ask without retrieval.",
        )


def empty(reason: str) -> Fault:
    """Returns what a reply without a word is told as; ``reason`` is the provider's own for ending it."""
    if reason == "content_filter":
        return Fault("model_filtered", "The provider's filter withheld the answer.", "Rephrase the question.")
    return Fault(
        "model_empty", f"The model finished ({reason}) without a word.", "Ask again, or another model."
    )
