"""What people say to whom they ask, and that asks nothing: "Hi Vouch, …", "… Thanks, Maria", すみません。"""

from __future__ import annotations

import re

CIVILITY = re.compile(
    r"\A\W*(?:(?:hi|hello|hey|dear)\s+[\w.'’-]+(?:\s+[A-Z][\w.'’-]*)?"
    r"|(?:hi|hello|hey|good (?:morning|afternoon|evening))(?:\s+(?:there|all|everyone|team))?)\s*[,!.:\n]"
    r"|(?:\A|(?<=[.?!,;:\n])|(?<=[.?!,;:] ))\s*(?:(?:many )?thanks|thank you|cheers|(?:best |kind )?regards)\b"
    r"[^?\w]{0,3}(?:in advance|for your help)?[^?\w]{0,3}(?:[\w.'’-]+(?:\s+[\w.'’-]+)?)?\W*\Z"
    r"|\A\W*(?:すみません|お疲れ(?:様|さま)です|お世話になって(?:おり|い)ます|こんにちは|はじめまして)[、。!！\s]+"
    r"|(?<=[。?？])\s*(?:どうぞ)?(?:よろしく|宜しく)お願い(?:いた|致)?します[。!！]*\Z",
    re.IGNORECASE,
)
WHO_ASKS = re.compile(
    r"\b(?:I['’]m|I am|my name is)\s+(?-i:[A-Z])[\w.'’-]+(?:\s+(?-i:[A-Z])[\w.'’-]*)?(?=\s*(?:[,.;!\n]|\band\b))",
    re.IGNORECASE,
)
"""Who asks: "I'm Maria, …"."""


def without_civility(question: str) -> str:
    """Returns a question without what is only said to whom it is asked; as it is where nothing else is in it."""
    left = CIVILITY.sub(" ", question)
    if left == question or not re.search(r"\w", left):
        return question
    return left.strip(" \n\t,.;")
