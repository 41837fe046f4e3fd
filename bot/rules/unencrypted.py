"""Addresses by which a key or a token, and what members write, would travel readable for everybody on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

_READABLE = frozenset({"http", "ws"})


def is_loopback_host(host: str) -> bool:
    """Whether it is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unencrypted(addresses: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each of the settings' `addresses` that leads to another machine without encryption, for the log
    and the doctor. Empty addresses are passed over."""
    for name, address in addresses.items():
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.scheme in _READABLE and not is_loopback_host(host):
            yield (
                f"{name} is not encrypted ({parts.scheme}://): who listens on the way to {host} can read the key and "
                f"what members write; use {'wss' if parts.scheme == 'ws' else 'https'}://"
            )
