"""Which addresses of the service's answers are followed: strangers choose them, so none is believed unchecked."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from bot.errors import QueueInputError
from bot.rules.unencrypted import is_loopback_host

_HOST = re.compile(r"[0-9a-f:.]+|[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
"""An address in numbers, or a name as a resolver takes it: others raise errors of their own there."""


class MediaHosts:
    """The hosts that files are sent to and fetched from: `host`, `host:port`, or `.domain` for it and all below it.

    Plain http is taken from loopback addresses that are listed with their port, and from nowhere else. Names stand for
    public hosts: an address in numbers is none, unless it is listed, and a name's addresses must be public ones,
    unless it is listed with its port.
    """

    def __init__(self, hosts: Collection[str]) -> None:
        self._listed = {host.casefold() for host in hosts}

    @property
    def listed_with_port(self) -> frozenset[str]:
        """The hosts, without their ports, that may be anywhere."""
        return frozenset(host.rpartition(":")[0] for host in self._listed if ":" in host)

    def allowed(self, address: str) -> bool:
        """Whether a file may be sent there, or fetched from there."""
        try:
            url = urlsplit(address)
            host, port = (url.hostname or "").casefold(), url.port
        except ValueError:
            return False
        if (
            not _HOST.fullmatch(host)
            or url.username is not None
            or url.password is not None
            or not address.isprintable()
        ):
            return False
        by_port = f"{f'[{host}]' if ':' in host else host}:{port}" in self._listed
        secure = url.scheme == "https" and (by_port or (port is None and self._names(host)))
        return secure or (url.scheme == "http" and by_port and is_loopback_host(host))

    def _names(self, host: str) -> bool:
        return host in self._listed or any(
            listed.startswith(".") and (f".{host}").endswith(listed) for listed in self._listed
        )


def part_address(upload_url: str, number: int) -> str:
    """Where one part of a large file is sent; the first is 1."""
    return _with_segment(upload_url, str(number))


def completion_address(upload_url: str) -> str:
    """Where the parts of a large file are made one."""
    return _with_segment(upload_url, "complete")


def _with_segment(url: str, segment: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{segment}").geturl()


def checked_base(url: str, *, what: str) -> str:
    """The address of a service without its last slash. Raises `QueueInputError` for what is none."""
    try:
        address = urlsplit(url)
        fine = address.scheme in {"http", "https"} and address.hostname and _is_bare(address)
    except ValueError:
        fine = False
    if not fine:
        raise QueueInputError(f"{what} {url!r} is not the address of a service")
    return url.rstrip("/")


def _is_bare(address: SplitResult) -> bool:
    return not (address.query or address.fragment or address.username) and (address.port is None or address.port > 0)
