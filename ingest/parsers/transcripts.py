"""Subtitles and transcripts of meetings (SRT, WebVTT): what was said, by whom, without the times between the words.

A sentence runs over several cues, each with a number and two times: read line by line, none of it can be quoted. Here
the cues of one speaker are joined to paragraphs. Five minutes of the recording are a page, which is called by the time
of its first words. Not kept: times of single cues, numbers, places on the picture, styles, what is meant for programs.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.patterns import pattern
from ingest.parsers.assembly import Draft

SUFFIXES = frozenset({".srt", ".vtt"})

PAGE_S = 300
"""So much of a recording is a page, in seconds."""
_PAUSE_S = 4.0
_MANY_CHARS = 400
_MOST_CHARS = 900
"""A paragraph ends with the sentence that takes it beyond the first, and anywhere beyond the second: captions that a
program wrote have no full stops."""

_TIMES = pattern(
    r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d\d)[.,]\d{1,3}\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d\d)[.,]\d{1,3}(?:\s|\Z)"
)
_FOR_PROGRAMS = pattern(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:[\s:-]|\Z)")
_VOICE = pattern(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_MARK = pattern(r"<[^<>]*>|\{\\[^{}]*\}")
_NAMED = pattern(r"((?![a-z\d_])\w[^:：.!?。！？、<>]{0,39})(?::\s+|：\s*)(?=\S)")
_SENTENCE_END = pattern(r"[.!?。！？…][\"'”’」』)）]*\Z")
_SPACELESS = pattern(r"[\u3001-\u30ff\u4e00-\u9fff\uff00-\uffef]")


@dataclass(slots=True)
class _Cue:
    begin_s: int
    end_s: int
    lines: list[str] = field(default_factory=list)


def add_transcript(draft: Draft, text: str) -> bool:
    """Adds what was said to a draft; False, and nothing, where the text has no cue."""
    said, speaker, last = "", "", ("", "")
    pages, turned_s, ended_s = 0, 0, 0
    for cue in _cues(text.split("\n")):
        turns = not pages or cue.begin_s // PAGE_S > turned_s // PAGE_S
        for who, words in _sayings(cue):
            if words == last[1] and who in ("", last[0]):
                continue  # captions that roll show a line twice
            pause_s = cue.begin_s - ended_s
            if said and (who not in ("", speaker) or _is_whole(said, pause_s, turns=turns)):
                draft.paragraph(said)
                said = ""
            if not said and turns:
                pages, turned_s, turns = pages + 1, cue.begin_s, False
                draft.page(pages, _clock(cue.begin_s))
            if said:
                said = _joined(said, words)
            else:
                said, speaker = f"{who}: {words}" if who else words, who
            last, ended_s = (who, words), cue.end_s
    draft.paragraph(said)
    return pages > 0


def _cues(lines: list[str]) -> Iterator[_Cue]:
    """Yields the cues; what stands before the first, and what is for programs, is left out."""
    cue: _Cue | None = None
    since_blank, is_left_out = 0, False
    for line in lines:
        if times := _TIMES.match(line):
            if cue is not None:
                if cue.lines and (since_blank == 1 or (since_blank and cue.lines[-1].strip().isdigit())):
                    cue.lines.pop()  # the number or the name of the one that begins
                yield cue
            cue = _Cue(_seconds(times.groups("0")[:3]), _seconds(times.groups("0")[3:]))
            since_blank, is_left_out = 2, False  # its first line is no name of another
        elif not line.strip():
            since_blank, is_left_out = 0, False
        elif cue is not None and not is_left_out:
            is_left_out = not since_blank and _FOR_PROGRAMS.match(line) is not None
            if not is_left_out:
                cue.lines.append(line)
                since_blank += 1
    if cue is not None:
        yield cue


def _sayings(cue: _Cue) -> Iterator[tuple[str, str]]:
    """Yields (speaker, words) of a cue's lines, "" for a speaker before one is named in it.

    Who spoke in the cue before is not told to go on: what stands before a colon may be no name ("Remember this: ...").
    """
    speaker = ""
    for line in cue.lines:
        voice = _VOICE.search(line)
        words = " ".join(html.unescape(_MARK.sub("", line)).split())
        named = None if voice else _NAMED.match(words)
        if voice:
            speaker = " ".join(html.unescape(voice[1]).split())
        elif named:
            speaker, words = named[1].strip(), words[named.end() :]
        if words:
            yield speaker, words


def _is_whole(said: str, pause_s: float, *, turns: bool) -> bool:
    """Says whether a paragraph ends before what comes after a pause, on another page perhaps."""
    ends = _SENTENCE_END.search(said) is not None
    return len(said) > _MOST_CHARS or (ends and (turns or pause_s > _PAUSE_S or len(said) > _MANY_CHARS))


def _joined(said: str, words: str) -> str:
    spaceless = _SPACELESS.match(said[-1]) and _SPACELESS.match(words[0])
    return f"{said}{words}" if spaceless else f"{said} {words}"


def _seconds(clock: tuple[str, ...]) -> int:
    hours, minutes, seconds = map(int, clock)
    return 3600 * hours + 60 * minutes + seconds


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
