"""Exports of chats (Slack, Discord, Telegram) as what was written: who, when, and the words.

In the file a message is an object of twenty names, its text told twice, its writer an id and its time a number of
seconds: as nested sections nobody finds or quotes it. An export is known by names that no other JSON has together.
What a program writes beside a text or in its place (attachments, blocks, embeds) is words, too, and so is the question
of a poll. Not kept: ids, pictures of people, reactions, the second form of a text, what is shown of a page that is
linked, messages without words (joins, calls).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from corpus.patterns import pattern

_SLACK_MARK = pattern(
    r"<(?:[@#]([A-Z0-9]+)(?:\|([^<>|]*))?|!([^<>|]+)(?:\|[^<>|]*)?|([^<>|\s]+)(?:\|([^<>]*))?)>"
)
_SLACK_TIME = pattern(r"\d{9,11}\.\d{6}")
_STATED = pattern(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its writer, its time as shown, and its words, each "" where the file has none."""

    who: str
    when: str
    words: str

    @property
    def shown(self) -> str:
        head = f"{self.who} ({self.when})" if self.who and self.when else self.who or self.when
        return f"{head}: {self.words}" if head else self.words


def read_chat(value: Any) -> list[Message]:
    """Returns the messages with words of an export, in its order; none of what is no export.

    Args:
        value: JSON, its objects as mappings.
    """
    found: list[Message] = []
    if isinstance(value, list):
        known = bool(value) and all(_is_slack(one) for one in value)
        names = dict(_names(value)) if known else {}
        found = [_slack(one, names) for one in value] if known else []
    elif isinstance(value, Mapping):
        listed = [one for one in _list(value, "messages") if isinstance(one, Mapping)]
        if {"guild", "channel"} <= set(value):
            found = list(map(_discord, listed))
        else:
            found = [_telegram(one) for one in listed if "date_unixtime" in one]
    return [one for one in found if one.words]


def chat_title(value: Any) -> str:
    """Returns how an export calls its chat, "" where it does not: a file of Telegram is always called result.json."""
    if not isinstance(value, Mapping):
        return ""
    said = [_text(one, "name") for one in (value, value.get("guild"), value.get("channel"))]
    return " / ".join(filter(None, said))


def _is_slack(one: Any) -> bool:
    return (
        isinstance(one, Mapping)
        and one.get("type") == "message"
        and _SLACK_TIME.fullmatch(_text(one, "ts")) is not None
    )


def _names(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yields the ids of writers with their names, as far as the messages tell them."""
    for one in messages:
        profile = one.get("user_profile")
        if isinstance(profile, Mapping):
            yield _text(one, "user"), _text(profile, "real_name") or _text(profile, "display_name")


def _slack(one: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    def shown(mark: re.Match[str]) -> str:
        own, label, everyone, link, words = mark.groups()
        if own:
            return f"{mark[0][1]}{label or names.get(own) or own}"
        return f"@{everyone}" if everyone else words or link

    user = _text(one, "user")
    who = names.get(user) or _text(one, "username") or user
    seconds = int(_text(one, "ts").partition(".")[0])
    when = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    said = [_text(one, "text") or "\n".join(_texts_of(_list(one, "blocks")))]
    for beside in _list(one, "attachments"):
        if not _text(beside, "from_url"):  # else it shows a page that is linked
            told = [_text(beside, key) for key in ("pretext", "title", "text")]
            said.append("\n".join(filter(None, told)) or _text(beside, "fallback"))
    words = html.unescape(_SLACK_MARK.sub(shown, "\n".join(filter(None, said))))
    return Message(who, when, _with_files(words, one, "files", "name"))


def _texts_of(value: Any) -> Iterator[str]:
    """Yields what is called a text anywhere within."""
    if isinstance(value, list):
        for inner in value:
            yield from _texts_of(inner)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts_of(inner)


def _discord(one: Mapping[str, Any]) -> Message:
    author = one.get("author")
    who = _text(author, "nickname") or _text(author, "name")
    said = [_text(one, "content")]
    for beside in _list(one, "embeds"):
        if not _text(beside, "url"):  # else it shows a page that is linked
            said += [_text(beside, "title"), _text(beside, "description")]
    words = _with_files("\n".join(filter(None, said)), one, "attachments", "fileName")
    return Message(who, _when(_text(one, "timestamp")), words)


def _telegram(one: Mapping[str, Any]) -> Message:
    text = one.get("text")
    pieces = text if isinstance(text, list) else [text]
    words = "".join(
        _text(piece, "text") if isinstance(piece, Mapping) else str(piece or "") for piece in pieces
    )
    words = words or _text(one.get("poll"), "question")
    file = _text(one, "file_name")
    return Message(
        _text(one, "from"), _when(_text(one, "date")), f"{words} [{file}]".strip() if file else words
    )


def _with_files(words: str, one: Mapping[str, Any], key: str, name: str) -> str:
    files = [_text(file, name) for file in _list(one, key) if isinstance(file, Mapping)]
    return " ".join([words.strip(), *(f"[{file}]" for file in files if file)]).strip()


def _when(stated: str) -> str:
    """Returns a time as the export states it, to the minute."""
    match = _STATED.match(stated)
    return f"{match[1]} {match[2]}" if match else ""


def _text(one: Any, key: str) -> str:
    value = one.get(key) if isinstance(one, Mapping) else None
    return value if isinstance(value, str) else ""


def _list(one: Any, key: str) -> list[Any]:
    value = one.get(key) if isinstance(one, Mapping) else None
    return value if isinstance(value, list) else []
