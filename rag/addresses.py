"""Where the service is reached: the names of this very machine, and whether an address is more than that."""

from __future__ import annotations

import ipaddress

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def is_near(host: str) -> bool:
    """Says whether an address is reached from this very machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
