"""What a model says where the documents hold no answer: the agreed words, first or later in its reply."""

from __future__ import annotations

from rag.prompts.prompting import NOT_IN_DOCUMENTS


class Opening:
    """Holds the first characters back until they cannot be the agreed words for "not in the documents".

    A reply that begins with them abstains; further on they are left out, for they are said to a program.
    """

    def __init__(self) -> None:
        self._held = ""
        self._passed = False
        self.abstains = False

    def feed(self, text: str) -> str:
        """Returns what can be passed on."""
        self._held += text
        if self._passed:
            return self._without()
        start = self._held.lstrip(" \t\n\"'`*“「[")
        if NOT_IN_DOCUMENTS.startswith(start[: len(NOT_IN_DOCUMENTS)]):
            # All of it so far is a beginning of those words; a model that goes on after them has still said
            # them.
            self.abstains = start.startswith(NOT_IN_DOCUMENTS)
            return ""
        if self.abstains:
            return ""
        self._passed = True
        return self._without()

    def close(self) -> str:
        """Returns what is still held back; nothing after an abstention."""
        held, self._held = ("" if self.abstains else self._held), ""
        return held

    def _without(self) -> str:
        """Passes on what is held, without the agreed words; keeps an end that may be their beginning."""
        *parts, rest = self._held.split(NOT_IN_DOCUMENTS)
        keep = next(n for n in range(len(NOT_IN_DOCUMENTS), -1, -1) if rest.endswith(NOT_IN_DOCUMENTS[:n]))
        self._held = rest[len(rest) - keep :]
        return "".join(parts) + rest[: len(rest) - keep]
