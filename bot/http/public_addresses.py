"""Resolves names of hosts that a service's answer named to public addresses alone."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult


class PublicAddresses(AbstractResolver):
    """The addresses of a name, without those of this machine and of networks that are not the internet: what is behind
    a name is up to whoever has it. Hosts that are named in `anywhere` may be anywhere."""

    def __init__(self, anywhere: Collection[str] = (), names: AbstractResolver | None = None) -> None:
        """`names` knows the addresses; the system where it is None."""
        self._anywhere = {host.casefold() for host in anywhere}
        self._names = names or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError where there is no such address."""
        found = await self._names.resolve(host, port, family)
        if host.casefold() in self._anywhere:
            return found
        public = [one for one in found if ip_address(one["host"].partition("%")[0]).is_global]
        if not public:
            raise OSError(errno.EHOSTUNREACH, f"{host} has no public address")
        return public

    async def close(self) -> None:
        await self._names.close()
