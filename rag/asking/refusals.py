"""Which questions are refused as asked, and what is said where there is no answer, in English and Japanese."""

from __future__ import annotations

from corpus.errors import UsageError
from rag.asking.answers import MOST_K, Ask
from rag.models.attempts import Fault
from rag.prompts.strategies import STRATEGIES

NOT_FOUND = {
    False: "The documents do not answer this question.",
    True: "文書の中に、この質問への答えは見つかりませんでした。",
}
"""What an abstention says, in English (False) and Japanese (True)."""

NOT_KNOWN = {
    False: "The model has no answer to this question.",
    True: "モデルはこの質問に答えられません。",
}
"""What it says where the model was asked alone."""

NOT_SUPPORTED = {
    False: "The documents do not bear out what the model answered. These are the passages that were found.",
    True: "モデルの答えは文書で裏付けられませんでした。見つかった文章だけを示します。",
}
"""What stands in the place of an answer that had to be vouched for and is not."""

UNREACHABLE = {
    False: "The model cannot be reached at the moment.",
    True: "現在モデルに接続できません。",
}

AND_PASSAGES = {
    False: " These are the passages that were found.",
    True: "見つかった文章だけを示します。",
}


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
