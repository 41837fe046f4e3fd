"""The rest of REST: who the bot is, the gateway's address, commands, private channels, guilds, fresh file addresses."""

from __future__ import annotations

from aiohttp import web

from sandbox.discord.bus import Event
from sandbox.discord.core import Core
from sandbox.discord.objects import channel_json, guild_json, member_json
from sandbox.discord.responses import ApiError, Json, answer, form_error
from sandbox.discord.rest.api import Api
from sandbox.discord.rest.body import Body
from sandbox.discord.world import Guild


class OtherRoutes:
    def __init__(self, core: Core, api: Api) -> None:
        self.core = core
        api.add("GET", "/users/@me", self.me)
        api.add("GET", "/users/@me/guilds", self.own_guilds)
        api.add("GET", "/users/{user_id}", self.user)
        api.add("POST", "/users/@me/channels", self.private_channel)
        api.add("GET", "/oauth2/applications/@me", self.application)
        api.add("GET", "/applications/@me", self.application)
        api.add("GET", "/gateway/bot", self.gateway)
        api.add("GET", "/gateway", self.gateway)
        api.add("GET", "/guilds/{guild_id}", self.guild)
        api.add("GET", "/guilds/{guild_id}/channels", self.channels)
        api.add("GET", "/guilds/{guild_id}/roles", self.roles)
        api.add("GET", "/guilds/{guild_id}/members/{user_id}", self.member)
        for scope in ("", "/guilds/{guild_id}"):
            api.add("GET", f"/applications/{{application_id}}{scope}/commands", self.commands)
            api.add("PUT", f"/applications/{{application_id}}{scope}/commands", self.put_commands)
        api.add("POST", "/attachments/refresh-urls", self.refresh)

    async def me(self, _: web.Request, __: Body) -> web.Response:
        more = {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None, "premium_type": 0}
        return answer(self.core.world.bot.json() | more)

    async def own_guilds(self, _: web.Request, __: Body) -> web.Response:
        """Each with what the bot's roles allow, channels aside."""
        bot_id, guilds = self.core.world.bot.id, self.core.world.guilds.values()
        return answer([
            {
                "id": guild.id, "name": guild.name, "icon": None, "banner": None, "owner": guild.owner_id == bot_id,
                "permissions": str(guild.permissions_of(bot_id)), "features": [],
            }
            for guild in guilds if bot_id in guild.members
        ])  # fmt: skip

    async def user(self, request: web.Request, _: Body) -> web.Response:
        found = self.core.world.users.get(request.match_info["user_id"])
        if found is None:
            raise ApiError(404, 10013, "Unknown User")
        return answer(found.json())

    async def private_channel(self, _: web.Request, body: Body) -> web.Response:
        world = self.core.world
        user = world.users.get(str(body.object.get("recipient_id")))
        if user is None:
            raise form_error("recipient_id", "Invalid Recipient(s)", "INVALID_RECIPIENT")
        if user.bot:
            raise ApiError(400, 50007, "Cannot send messages to this user")
        return answer(channel_json(world, world.private_channel(user, world.bot), beside=world.bot.id))

    async def application(self, _: web.Request, __: Body) -> web.Response:
        world = self.core.world
        owner = next((user for user in world.users.values() if not user.bot), world.bot)
        guilds = sum(world.bot.id in guild.members for guild in world.guilds.values())
        return answer({
            "id": world.bot.id, "name": world.bot.name, "icon": None, "description": "", "type": None,
            "verify_key": "0" * 64, "flags": self.core.application_flags, "flags_new": str(self.core.application_flags),
            "redirect_uris": [], "interactions_endpoint_url": None, "role_connections_verification_url": None,
            "owner": owner.json(), "approximate_guild_count": guilds, "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "team": None,
            "eligible_oauth2_scopes": [], "bot_public": True, "bot_require_code_grant": False,
            "bot": world.bot.json(), "summary": "",
        })  # fmt: skip

    async def gateway(self, request: web.Request, _: Body) -> web.Response:
        data: Json = {"url": self.core.gateway_url}
        if request.path.endswith("/bot"):
            limit = {
                "total": 1000,
                "remaining": 1000 - len(self.core.gateway.identifies),
                "reset_after": 14400000,
                "max_concurrency": 1,
            }
            data |= {"shards": self.core.recommended_shards, "session_start_limit": limit}
        return answer(data)

    def _guild(self, request: web.Request) -> Guild:
        guild = self.core.world.guilds.get(request.match_info["guild_id"])
        if guild is None or self.core.world.bot.id not in guild.members:
            raise ApiError(404, 10004, "Unknown Guild")
        return guild

    async def guild(self, request: web.Request, _: Body) -> web.Response:
        return answer(guild_json(self.core.world, self._guild(request)))

    async def channels(self, request: web.Request, _: Body) -> web.Response:
        found = self._guild(request).channels.values()
        return answer([channel_json(self.core.world, channel) for channel in found if not channel.is_thread])

    async def roles(self, request: web.Request, _: Body) -> web.Response:
        return answer([role.json() for role in self._guild(request).roles.values()])

    async def member(self, request: web.Request, _: Body) -> web.Response:
        member = self._guild(request).members.get(request.match_info["user_id"])
        if member is None:
            raise ApiError(404, 10007, "Unknown Member")
        return answer(member_json(self.core.world, member))

    def _scope(self, request: web.Request) -> str | None:
        if request.match_info["application_id"] != self.core.world.bot.id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        guild_id = request.match_info.get("guild_id")
        if guild_id is not None and guild_id not in self.core.world.guilds:
            raise ApiError(403, 50001, "Missing Access")
        return guild_id

    async def commands(self, request: web.Request, _: Body) -> web.Response:
        return answer(self.core.commands.by_scope.get(self._scope(request), []))

    async def put_commands(self, request: web.Request, body: Body) -> web.Response:
        commands = self.core.commands.overwrite(self._scope(request), body.json)
        self.core.bus.tell(Event("commands"))
        return answer(commands)

    async def refresh(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object.get("attachment_urls") or []
        if not 1 <= len(wanted) <= 50:
            raise form_error("attachment_urls", "Must be between 1 and 50 in length.", "BASE_TYPE_BAD_LENGTH")
        fresh = [{"original": url, "refreshed": self.core.files.refreshed(url)} for url in wanted]
        return answer({"refreshed_urls": [pair for pair in fresh if pair["refreshed"]]})


async def unknown_route(request: web.Request) -> web.Response:
    """Discord's answer to a path that isn't there."""
    del request
    return answer({"message": "404: Not Found", "code": 0}, 404)
