"""What every command starts from: the global options, the settings behind them, and the way to the corpus."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.errors import UsageError
from rag.cli.screen import Screen, printable

if TYPE_CHECKING:
    from corpus.settings import Settings
    from rag.owner.control import Cancelled, Emit

_MAX_PATH = 4096

Collection = Annotated[
    str | None,
    typer.Option("--collection", "-c", metavar="NAME", help="The collection meant. Default: all of them."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand to what would need a confirmation.")]


@dataclass(slots=True)
class Session:
    """One run of one command."""

    data_dir: Path | None = None
    config: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    screen: Screen = field(default_factory=Screen)
    overrides: dict[str, Any] = field(default_factory=dict)
    """Settings that a command's own options give."""

    def settings(self) -> Settings:
        """Returns the settings, this run's flags winning.

        Raises:
            UsageError: one of them is wrong.
        """
        from corpus.settings import load_settings

        flags = {"data_dir": self.data_dir.expanduser().absolute()} if self.data_dir else {}
        return load_settings({**flags, **self.overrides}, self.config)

    def call(
        self,
        operation: str,
        params: Mapping[str, Any],
        *,
        waiting: str = "",
        emit: Emit = lambda event: None,
        cancelled: Cancelled = lambda: False,
    ) -> Any:
        """Has an operation done by the folder's owner, or here; ``waiting`` is shown meanwhile.

        Raises:
            VouchError: what the operation raised.
        """
        settings = self.settings()
        with self.screen.waiting("" if self.quiet else waiting):
            from rag.owner import calling

            purpose = f"vouch {operation.replace('.', ' ')}"
            return calling.call(settings, operation, params, emit=emit, cancelled=cancelled, purpose=purpose)

    def note(self, text: str) -> None:
        """Says something worth knowing beside the result, unless the run is quiet."""
        if not self.quiet:
            self.screen.say(text)


def start_logging(verbose: bool) -> None:
    """Sends what the program notes about itself to stderr: all of it, or nothing below an error but what is waited for.

    Of the libraries no more than warnings: HTTP clients note the whole address of each request, with any password
    or code in it.
    """
    logging.basicConfig(
        level=logging.WARNING if verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("corpus.catalog.database").setLevel(logging.WARNING)
    if verbose:
        for ours in ("corpus", "ingest", "rag"):
            logging.getLogger(ours).setLevel(logging.DEBUG)


# ---- what people type ------------------------------------------------------------------------------------


def readable(value: str, what: str, *, most: int = 200) -> str:
    """Returns a name as it was given.

    Raises:
        UsageError: it is empty, longer than ``most``, or holds bytes that are no text.
    """
    from corpus import names

    return names.read_name(value, what, most=most)


def read_document(named: str) -> str:
    """Returns the id or path by which a document is named, checked; a path may be long."""
    return readable(named, "document", most=_MAX_PATH)


def read_collection(value: str | None) -> str | None:
    """Returns a collection's name, checked; None stays None."""
    return None if value is None else readable(value, "collection's name")


def read_access(principals: Sequence[str]) -> list[str] | None:
    """Returns the principals that were given, or None when none was.

    Raises:
        UsageError: one is neither ``public`` nor ``user:NAME`` nor ``group:NAME``.
    """
    from corpus import names

    return sorted(names.read_principals(principals)) or None


def read_metadata(given: Sequence[str]) -> dict[str, str] | None:
    """Returns ``key=value`` metadata as a dictionary, or None when none was given.

    Raises:
        UsageError: no ``=``, nothing on a side of it, or a text that is not plain.
    """
    from corpus import names

    found: dict[str, str] = {}
    for one in given:
        key, equals, value = (part.strip() for part in one.partition("="))
        if not equals or not key or not value:
            raise UsageError(
                f"Metadata is key=value, not {printable(one)[:80]!r}.",
                code="bad_metadata",
                hint="For example: --meta department=hr",
            )
        if found.get(key, value) != value:
            raise UsageError(
                f"Metadata {printable(key)!r} is given twice: {printable(found[key])!r} and "
                f"{printable(value)!r}.",
                code="bad_metadata",
            )
        found[key] = value
    return names.read_metadata(found) or None
