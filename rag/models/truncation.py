"""Whether a model's server read the whole prompt: some cut what passes their window, and say nothing."""

from __future__ import annotations

import re

from rag.prompts.prompting import ESTIMATE, MESSAGE_OVERHEAD_TOKENS, Prompt
from rag.words.told import tell

_UNSPACED = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff]")

_CHARS_TO_A_TOKEN = 4

_OWN_TOKENS_SHARE = 0.9

_WINDOWS = frozenset(2**power for power in range(11, 18))
"""Smaller windows are hardly set, and a prompt of few tokens has a count beside a power of two too often by chance."""

_SURELY_LONGER = 1.1
"""How much longer than what was read a prompt must be, by its own count, for a full window to say anything."""


def least_tokens(text: str) -> int:
    """Returns a count that no usual tokenizer stays below: one for each word between spaces, and one for every four
    kana or kanji, of which even vocabularies made for Japanese put about two into a token.
    """
    unspaced = len(_UNSPACED.findall(text))
    return len(_UNSPACED.sub("", text).split()) + unspaced // _CHARS_TO_A_TOKEN


def cut_note(prompt: Prompt, read: int | None, japanese: bool = False) -> str:
    """Returns a sentence for the reader where a server read less than the prompt, by its own count; else "".

    ``read`` is what it says that it read (Ollama's ``prompt_eval_count``, ``usage.prompt_tokens``); None or 0 says
    nothing. The prompt's own count mostly proves nothing, being pessimistic by up to a half, so that one of these
    must hold:

    - fewer tokens than :func:`least_tokens`, or than nine tenths of what the model's own tokenizer counts where that
      is at hand (a chat template may leave a little out, and special tokens differ);
    - a count that is a power of two from 2,048, or one less, and the prompt's own at least a tenth larger: a server
      that cuts fills its window to the brim, and windows are set to powers of two. Of prompts that were read whole,
      between 2,048 and 4,096 tokens long, two lengths in 2,048 look so; of longer ones fewer.

    What a server still held in its cache and did not count again (old versions of Ollama) is no cut: two prompts
    share nothing behind their first mark, and what stands before it is left out of the count.
    """
    if not read:
        return ""
    shared = prompt.messages[0].text.partition(prompt.mark)[0] if prompt.mark else ""
    least = sum(least_tokens(message.text) for message in prompt.messages) - least_tokens(shared)
    own = prompt.tokens - MESSAGE_OVERHEAD_TOKENS * len(prompt.messages)
    if prompt.counted != ESTIMATE.how:
        least = max(least, int(own * _OWN_TOKENS_SHARE) - least_tokens(shared))
    advice = tell("cut_advice", japanese)
    if read < least:
        return tell("cut_below", japanese, read=read, least=least) + advice
    if own > read * _SURELY_LONGER and {read, read + 1} & _WINDOWS:
        return tell("cut_full", japanese, read=read) + advice
    return ""
