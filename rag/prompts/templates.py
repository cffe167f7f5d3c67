"""A user's own prompt: a text file whose placeholders are replaced, literally and once.

A template says what a model is told beside the passages and the question. It is no template language: nothing in
a document, a question or the template itself is ever carried out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import NotFoundError, UsageError

PASSAGES = "passages"
QUESTION = "question"
NOT_FOUND = "not_found"

PLACEHOLDERS: Mapping[str, str] = {
    PASSAGES: "the numbered passages, each between marked lines",
    QUESTION: "the question, between marked lines",
    NOT_FOUND: "the words by which a model says that the passages hold no answer",
}

MOST_CHARS = 20_000

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt's text, parted at its placeholders: ``texts[0] + value of names[0] + texts[1] + …``."""

    name: str
    texts: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def reads_passages(self) -> bool:
        """Whether it has a place for passages: then it is for questions with retrieval, else for those without."""
        return PASSAGES in self.names

    @property
    def text(self) -> str:
        """The text as it was written."""
        return self.fill({name: f"{{{name}}}" for name in self.names})

    def fill(self, values: Mapping[str, str]) -> str:
        """Returns the text with each placeholder's value; what the values say is not looked at again."""
        parts = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            parts += [values[name], text]
        return "".join(parts)


def read_template(text: str, name: str) -> Template:
    """Returns a template from its text.

    Raises:
        UsageError: an unknown placeholder, none for the question, one of a part that is there once twice, or
            no instruction behind the last part; or it is too long.
    """
    if len(text) > MOST_CHARS:
        raise _bad(f"Template {name!r} has {len(text)} characters; the limit is {MOST_CHARS}.")
    texts, names = [], []
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        if found.group(1) not in PLACEHOLDERS:
            raise _bad(f"Template {name!r} has the unknown placeholder {found.group()[:60]}.")
        texts.append(text[at : found.start()])
        names.append(found.group(1))
        at = found.end()
    texts.append(text[at:])
    if names.count(QUESTION) != 1 or names.count(PASSAGES) > 1:
        raise _bad(f"Template {name!r} needs {{question}} once, and {{passages}} at most once.")
    last = max(n for n, one in enumerate(names) if one in (QUESTION, PASSAGES))
    if not "".join(texts[last + 1 :]).strip():
        raise _bad(
            f"Template {name!r} has nothing behind {{{names[last]}}}: what a model is to do comes last."
        )
    return Template(name, tuple(texts), tuple(names))


def load_template(path: Path, name: str = "") -> Template:
    """Returns a template from a file; without a ``name`` the file's own.

    Raises:
        UsageError: the file cannot be read, or is no template.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MOST_CHARS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"Cannot read the template {path}: {error}.") from None
    return read_template(text, name or path.name)


def find_template(files: Mapping[str, Path], name: str) -> Template:
    """Returns the template of that name among those of the settings.

    Raises:
        NotFoundError: there is none of that name.
        UsageError: its file cannot be read, or is no template.
    """
    if name not in files:
        there = (
            f"There are: {', '.join(sorted(files))}."
            if files
            else "Name its file under [templates] in vouch.toml."
        )
        raise NotFoundError(f"There is no template {name!r}.", code="unknown_template", hint=there)
    return load_template(files[name], name)


def _bad(message: str) -> UsageError:
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return UsageError(
        message, code="bad_template", hint=f"Its placeholders are {known}; see docs/answers.md."
    )
