"""A stand-in for Discord: REST, gateway and CDN on one port, enforcing Discord's rules, misbehaving on request.

```
async with DiscordStandIn() as discord:
    discord.http.Route.BASE = standin.api_url                       # of discord.py
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(standin.gateway_url)
    ada = standin.member("Ada")
    job = await ada.slash("general", "t2v", prompt="a cat")
    card = await job.reply(until=lambda message: message["attachments"])
```
"""

from __future__ import annotations

from sandbox.discord.clock import StandInClock
from sandbox.discord.faults import Faults, Omission, RequestFault
from sandbox.discord.member import Invocation, MemberClient
from sandbox.discord.options import ClientRefused
from sandbox.discord.recording import by_operation
from sandbox.discord.standin import DiscordStandIn

__all__ = [
    "ClientRefused",
    "DiscordStandIn",
    "Faults",
    "Invocation",
    "MemberClient",
    "Omission",
    "RequestFault",
    "StandInClock",
    "by_operation",
]
