"""Serving over HTTPS: the certificate of the settings, checked before anything is served."""

from __future__ import annotations

import ssl
from pathlib import Path

from corpus.errors import UsageError
from corpus.settings import Settings


def open_certificate(settings: Settings) -> ssl.SSLContext | None:
    """Returns what connections are encrypted with, None where HTTP is served. A renewed file is read at the next start.

    Raises:
        UsageError: (``bad_certificate``) a file cannot be read, holds no certificate or key, or they are no pair.
    """
    if settings.certificate is None:
        if settings.certificate_key is not None:
            raise _refused("There is a certificate_key and no certificate.")
        return None
    for path in filter(None, (settings.certificate, settings.certificate_key)):
        _check_readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.certificate, settings.certificate_key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise _refused(f"{settings.certificate} gives no certificate with its key: {reason}.") from None
    return context


def _check_readable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror or error}.") from None


def _no_password() -> str:
    """Nobody is there to type one."""
    raise ValueError("the key has a password")


def _refused(message: str) -> UsageError:
    return UsageError(
        message,
        code="bad_certificate",
        hint="certificate and certificate_key name PEM files; the key belongs to the certificate and has no password.",
    )
