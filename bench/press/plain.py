"""Markdown and text: the source's own words, with a little front matter or in another encoding."""

from __future__ import annotations

from bench.press.source import Source


def print_markdown(source: Source) -> bytes:
    """Returns the body under a front matter of title, date and what else a reader would keep."""
    lines = ["---", f"title: {source.title}"]
    lines += [f"{key}: {value}" for key, value in source.control() if value]
    return ("\n".join([*lines, "---", "", source.body.strip(), ""])).encode()


def print_text(source: Source) -> bytes:
    """Returns the body in the encoding the source asks for; Windows files have CRLF line ends."""
    text = source.body.strip("\n") + "\n"
    if source.encoding != "utf-8":
        text = text.replace("\n", "\r\n")
    return text.encode(source.encoding)
