"""What Outlook packed for itself (TNEF) as a file of its own, as other programs save it: ``winmail.dat``."""

from __future__ import annotations

from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.detection import TNEF
from ingest.parsers.mail.letters import Letter, bind
from ingest.parsers.mail.tnef import unpack


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns the mail in it with its attachments; who wrote it when is not kept there.

    Raises:
        ParseError: ``damaged_file`` or ``no_text``.
        LimitError: a limit of the draft.
    """
    packed = unpack(data, name)
    return bind(Letter({"Subject": packed.subject}, bodies=packed.bodies), packed.files, name, TNEF, limits)
