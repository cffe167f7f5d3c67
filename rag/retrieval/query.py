"""A query as it is searched for: one line, its misspelt words put right, and what the reader should know of it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from datetime import UTC

from corpus.embedding import Embedder
from corpus.errors import UsageError
from corpus.patterns import pattern
from corpus.searching import is_past
from corpus.store import Corpus
from corpus.types import Caller, Filter
from rag.prompts.prompting import is_japanese
from rag.retrieval.filters import END_OF_DAY
from rag.retrieval.spelling import Vocabulary, slips_of
from rag.words.told import Said, say

_WIDE = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_OTHER_WIDTH = pattern(f"[{_WIDE}](?:[\uff01-\uff5e]*[{_WIDE}\uff05])?|[\uff66-\uff9f]+")
"""Letters and figures as wide as a kanji, with the signs between them, and katakana half as wide."""
_DASH = pattern(r"(?<=\w)[\u2010-\u2015\u2212\ufe58\ufe63\uff0d](?=\w)")
_EMOJI = pattern("[\u2600-\u27bf\U0001f000-\U0001faff][\u200d\ufe0f\u2600-\u27bf\U0001f000-\U0001faff]*")
"""They are no words to either leg, and an embedder takes a short query with one for another language."""


def clean_query(query: str, max_chars: int) -> str:
    """Returns the query without control characters, lone surrogates and emoji, in the usual widths and dashes.

    Of emoji alone nothing is taken away.

    Raises:
        UsageError: nothing is left, or it is longer than ``max_chars``.
    """
    if len(query) > max_chars:
        raise UsageError(
            f"The query has {len(query)} characters; the limit is {max_chars}.",
            code="query_too_long",
            hint="Ask a shorter question, or raise VOUCH_MAX_QUERY_CHARS.",
        )
    kept = "".join(" " if ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF or ord(c) == 127 else c for c in query)
    kept = _OTHER_WIDTH.sub(lambda match: unicodedata.normalize("NFKC", match.group()), kept)
    kept = _DASH.sub("-", kept)
    kept = " ".join(_EMOJI.sub(" ", kept).split()) or " ".join(kept.split())
    if not kept and any(
        0xD800 <= ord(c) <= 0xDFFF for c in query
    ):  # what Python makes of bytes that are no UTF-8
        raise UsageError(
            "The query is no text.",
            code="empty_query",
            hint="Its bytes are not those of UTF-8: set the terminal to that (LANG=C.UTF-8, say), or ask over HTTP.",
        )
    if not kept:
        raise UsageError(
            "The query is empty.", code="empty_query", hint='Ask something: vouch search "annual leave"'
        )
    return kept


def misspelt(
    query: str, corpus: Corpus, embedder: Embedder, caller: Caller, filter: Filter
) -> dict[str, str]:
    """Returns a query's misspelt words, as they are written → as they are meant (:mod:`rag.retrieval.spelling`)."""
    if corpus.documents_with([], caller, filter) is None:
        return {}
    nothing = embedder.count_tokens([""])[0]
    vocabulary = Vocabulary(
        lambda word: embedder.count_tokens([word])[0] <= nothing + 1,
        lambda words: corpus.documents_with(words, caller, filter) or [0] * len(words),
        lambda word: [f"{hit.context}\n{hit.text}" for hit in corpus.passages_with(word, caller, filter)],
    )
    return slips_of(query, vocabulary)


def cut_short(query: str, embedder: Embedder) -> list[Said]:
    """Says how much of a query the model read, when that is not all."""
    most, words = embedder.max_tokens, query.split()
    if embedder.count_tokens([query])[0] <= most:
        return []
    read = bisect_right(
        range(1, len(words)), most, key=lambda n: embedder.count_tokens([" ".join(words[:n])])[0]
    )
    return [say("read_in_part" if read > 1 else "read_beginning", is_japanese(query), words=read)]


def notes_on_time(filter: Filter, japanese: bool, *, found: bool = True) -> list[Said]:
    """Says as of when a query was searched, where not as of now."""
    if filter.as_of is None:
        return []
    moment = filter.as_of.astimezone(UTC)
    whole_day = moment.time() == END_OF_DAY
    shown = (
        moment.date().isoformat()
        if whole_day
        else f"{moment.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"
    )
    if not is_past(filter):
        return [say("not_over", japanese, moment=shown)]
    return [say("as_of" if found else "nothing_as_of", japanese, moment=shown)]
