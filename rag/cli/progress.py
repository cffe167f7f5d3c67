"""What a long command shows while it works, and how Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
)
from rich.text import Text

from rag.cli.screen import Screen, count, duration, one_name

PLAIN_EVERY_S = 15.0
_STOPPING = "Stopping: what is under way is finished first. Ctrl-C again ends at once."
_SHOW_CURSOR = "\x1b[?25h"


class Interrupt:
    """Ctrl-C (or SIGTERM): the first time a wish to stop, the second time the end."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.asked = False

    def __call__(self) -> bool:
        """Says whether the command was asked to stop."""
        return self.asked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the signals for the length of the block; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            # No clean-up: the corpus is made to survive it, and the children end with their parent.
            if self._screen.err.is_terminal:
                os.write(2, (_SHOW_CURSOR + "\n").encode())
            os._exit(130)
        self.asked = True
        if not self._screen.err.is_terminal:
            os.write(2, (_STOPPING + "\n").encode())


class IngestProgress:
    """Shows events of an ingest: a bar on a terminal, a line now and then in a log."""

    def __init__(self, screen: Screen, interrupt: Interrupt, *, shown: bool) -> None:
        self._screen = screen
        self._shown = shown
        self._bar = _Bar(screen, interrupt) if shown and screen.err.is_terminal else None
        self._said = time.monotonic()

    def __enter__(self) -> IngestProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Takes one event: stage, files, total_files, chunks, share, left_s, chunks_per_s, current."""
        now = time.monotonic()
        if self._bar:
            self._bar.tell(event)
        elif self._shown and event["total_files"] and now - self._said >= PLAIN_EVERY_S:
            self._said = now
            passages = count(event["chunks"], "passage")
            rate = "" if event["chunks_per_s"] is None else f", {event['chunks_per_s']:,.0f} passages/s"
            left = "" if (event["left_s"] or 0) < 1 else f", about {duration(event['left_s'])} left"
            files = f"{event['files']} of {count(event['total_files'], 'file')}"
            self._screen.say(f"{files}, {passages}, {event['share']:.0%}{rate}{left}")


class _Bar(Progress):
    """One bar that counts passages, those still to be expected too, with the file at hand below it."""

    def __init__(self, screen: Screen, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._current = ""
        super().__init__(
            SpinnerColumn(style="page"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None, complete_style="page", finished_style="good"),
            TextColumn("{task.fields[counts]}"),
            TextColumn("{task.fields[left]}"),
            console=screen.err,
            transient=True,
            expand=False,
        )
        self._own = self.add_task("Looking", total=None, counts="", left="")

    def tell(self, event: Mapping[str, Any]) -> None:
        self._current = event["current"] or self._current
        counts = left = ""
        if event["left_s"] is not None:
            minutes, seconds = divmod(round(event["left_s"]), 60)
            left = (
                f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left"
                if minutes >= 60
                else f"{minutes:02}:{seconds:02} left"
            )
        if event["total_files"]:
            rate = "" if event["chunks_per_s"] is None else f"  {event['chunks_per_s']:,.0f}/s"
            counts = f"{event['files']}/{event['total_files']} files  {event['chunks']:,} passages{rate}"
        self.update(
            self._own,
            description="Looking" if event["stage"] == "planning" else event["stage"].capitalize(),
            total=1.0 if event["share"] else None,
            completed=event["share"],
            counts=counts,
            left=left,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        if self._interrupt.asked:
            yield Text("  " + _STOPPING, "warn")
        elif self._current:
            yield Text("  " + one_name(self._current), "faint", no_wrap=True, overflow="ellipsis")
