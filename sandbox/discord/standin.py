"""The stand-in Discord as one object: start it, point discord.py at it, be its members."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, web

from sandbox.discord.actions import Actions
from sandbox.discord.cdn import Cdn
from sandbox.discord.clock import StandInClock
from sandbox.discord.control import Control
from sandbox.discord.core import CONTENT_GRANTED, Core
from sandbox.discord.editing import Editing
from sandbox.discord.faults import Faults
from sandbox.discord.rates import Rates
from sandbox.discord.recording import Recording
from sandbox.discord.rest.api import PREFIX, Api
from sandbox.discord.rest.callback import CallbackRoute
from sandbox.discord.rest.channels import ChannelRoutes
from sandbox.discord.rest.others import OtherRoutes, unknown_route
from sandbox.discord.rest.webhooks import WebhookRoutes
from sandbox.discord.sse import Feeds
from sandbox.discord.world import Guild, User, World, default_world

_TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMA.stand-in.not-a-real-token"  # noqa: S105


class DiscordStandIn(Editing):
    """`async with DiscordStandIn() as discord:` listens on a free port of 127.0.0.1 until the block ends.

    Point an unmodified discord.py at `api_url` (`Route.BASE`) and `gateway_url` (`DEFAULT_GATEWAY`); attachments are
    served from `cdn_host`. `message_content` is the portal's toggle for the message content intent. `default` False
    leaves the world empty but for the bot.
    """

    def __init__(self, *, token: str = _TOKEN, clock: StandInClock | None = None, message_content: bool = False,
                 default: bool = True) -> None:  # fmt: skip
        self.clock = clock or StandInClock()
        self.core = Core(self.clock, token)
        self.token = token
        self.set_message_content(message_content)
        if default:
            default_world(self.core.world)
        app = web.Application(client_max_size=1 << 30)
        self.actions = Actions(self.core)
        api = Api(self.core, app.router)
        ChannelRoutes(self.core, api)
        WebhookRoutes(self.core, api)
        CallbackRoute(self.core, api)
        OtherRoutes(self.core, api)
        for path in ("/gateway", "/gateway/"):
            app.router.add_get(path, self.core.gateway.handle)
        self.cdn = Cdn(self.core, app.router)
        self._feeds = Feeds(self.core)
        Control(self.core, self.actions, self._feeds, app.router)
        app.router.add_route("*", PREFIX + "/{tail:.*}", unknown_route)
        self.app = app
        self._runner: web.AppRunner | None = None

    # Running

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; 0 takes any free port."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.core.base = self.core.files.base = f"http://{host}:{bound}"
        return self

    async def stop(self) -> None:
        """End every connection and remove the uploaded files."""
        self._feeds.close()
        await self.core.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        await self.stop()

    @property
    def url(self) -> str:
        return self.core.base

    @property
    def api_url(self) -> str:
        return self.core.base + PREFIX

    @property
    def gateway_url(self) -> str:
        return self.core.gateway_url

    @property
    def cdn_host(self) -> str:
        """host:port"""
        return self.core.base.removeprefix("http://")

    @property
    def application_id(self) -> str:
        return self.core.world.bot.id

    @property
    def bot(self) -> User:
        return self.core.world.bot

    # The rules' switches and what was seen

    @property
    def world(self) -> World:
        return self.core.world

    @property
    def faults(self) -> Faults:
        return self.core.faults

    @property
    def rates(self) -> Rates:
        return self.core.rates

    @property
    def record(self) -> Recording:
        return self.core.record

    @property
    def invalid_requests(self) -> int:
        """How many answers counted towards Discord's ban: 401, 403, 429."""
        return self.core.rates.invalid

    def command_puts(self, guild: Guild | None = None) -> int:
        """How often the commands of a scope were overwritten."""
        return self.core.commands.puts.get(guild.id if guild else None, 0)

    def set_message_content(self, granted: bool) -> None:
        """The portal's toggle."""
        flags = self.core.application_flags & ~CONTENT_GRANTED
        self.core.application_flags = flags | (CONTENT_GRANTED if granted else 0)

    async def drop_gateway(self, code: int | None = None) -> None:
        await self.core.gateway.drop(code)

    async def reconnect_gateway(self) -> None:
        await self.core.gateway.reconnect()

    async def invalidate_session(self, *, resumable: bool = False) -> None:
        await self.core.gateway.invalidate(resumable=resumable)

    async def bot_ready(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109
        """Return once the bot has a session."""
        await self.core.bus.until(lambda: self.core.gateway.online, timeout, "the bot")

    async def until(self, look: Any, timeout: float = 60.0, what: str = "it") -> Any:  # noqa: ASYNC109
        """The first truthy answer of `look`, asked again whenever anything happens here."""
        return await self.core.bus.until(look, timeout, what)

    async def download(self, url: str) -> bytes:
        """The bytes behind an attachment's address. Raises aiohttp's ClientResponseError."""
        async with ClientSession() as session, session.get(url, raise_for_status=True) as response:
            return await response.read()
