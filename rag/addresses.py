"""Where the service is reached: the names of this very machine, and whether an address is more than that."""

from __future__ import annotations

import ipaddress
import logging

from corpus.errors import NotAllowedError

log = logging.getLogger(__name__)

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def check_address(host: str, *, insecure: bool) -> None:
    """Refuses an address that other machines reach, for as long as there are no access keys.

    Raises:
        NotAllowedError: it is not loopback and ``insecure`` is not given.
    """
    try:
        near = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        near = host == "localhost"
    if near:
        return
    if not insecure:
        raise NotAllowedError(
            f"{host} can be reached from other machines, and there are no access keys yet.",
            code="not_loopback",
            hint="Serve on 127.0.0.1 behind a proxy that checks who asks, "
            "or add --insecure if the network is trusted.",
        )
    log.warning("Serving on %s without access keys: whoever reaches it can read, add and remove.", host)
