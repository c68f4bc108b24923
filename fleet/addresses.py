"""Where servers listen."""

from __future__ import annotations

import ipaddress


def is_loopback(address: str) -> bool:
    """Tell whether only this machine can reach what listens on an address, which may be a name."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def in_url(address: str) -> str:
    """Write an address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
