"""A name that a service's answer holds leads to the internet or nowhere."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.http.public_addresses import PublicAddresses


class Names(AbstractResolver):
    """Knows the same addresses for every name."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None: ...


PRIVATE = (
    "127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "::1", "fd00::1", "fe80::1%eth0", "::ffff:127.0.0.1",
)  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_of_a_network_of_ones_own_leads_nowhere(address: str) -> None:
    with pytest.raises(OSError, match=r"v3\.fal\.media has no public address"):
        await PublicAddresses(names=Names(address)).resolve("v3.fal.media")


@pytest.mark.asyncio
async def test_the_public_ones_are_left_and_who_is_listed_may_be_anywhere() -> None:
    names = Names("10.0.0.1", "93.184.216.34", "2606:2800:21f::1")
    found = await PublicAddresses(names=names).resolve("v3.fal.media", 443)
    assert [one["host"] for one in found] == ["93.184.216.34", "2606:2800:21f::1"]
    listed = await PublicAddresses(["Minio.Example"], Names("10.0.0.1")).resolve("minio.example", 9000)
    assert [one["host"] for one in listed] == ["10.0.0.1"]
