"""The first words of a reply, which may say that the documents hold no answer."""

from __future__ import annotations

from rag.prompting import NOT_IN_DOCUMENTS


class Opening:
    """Holds the first characters back until they cannot be the agreed words for "not in the documents"."""

    def __init__(self) -> None:
        self._held = ""
        self._passed = False
        self.abstains = False

    def feed(self, text: str) -> str:
        """Returns what can be passed on."""
        if self._passed:
            return text
        self._held += text
        start = self._held.lstrip(" \t\n\"'`*“「[")
        if NOT_IN_DOCUMENTS.startswith(start[: len(NOT_IN_DOCUMENTS)]):
            # All of it so far is a beginning of those words; a model that goes on after them has still said
            # them.
            self.abstains = start.startswith(NOT_IN_DOCUMENTS)
            return ""
        if self.abstains:
            return ""
        self._passed = True
        held, self._held = self._held, ""
        return held

    def close(self) -> str:
        """Returns what is still held back; nothing after an abstention."""
        held, self._held = ("" if self.abstains else self._held), ""
        return held
