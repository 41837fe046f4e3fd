"""Finding and changing users, guilds, channels and messages; the bot gets the gateway events of each change."""

from __future__ import annotations

from typing import Any

from sandbox.discord.actions import Actions
from sandbox.discord.bus import Event
from sandbox.discord.core import Core
from sandbox.discord.gateway import GUILD_MEMBERS, GUILDS
from sandbox.discord.member import MemberClient
from sandbox.discord.message import Version
from sandbox.discord.objects import guild_create_json, member_json
from sandbox.discord.world import TEXT, THREAD, Channel, Guild, Member, Role, User


class Editing:
    """What `DiscordStandIn` offers tests: objects by their names, and changes of the world with their events."""

    core: Core
    actions: Actions

    def client_of(self, user: User) -> MemberClient:
        return MemberClient(self.core, self.actions, user)

    # Who and what there is

    def member(self, name: str) -> MemberClient:
        """The client of the user of that name, username or id."""
        for user in self.core.world.users.values():
            if name in {user.name, user.username, user.id}:
                return self.client_of(user)
        raise LookupError(f"nobody is called {name!r}")

    def guild(self, name: str) -> Guild:
        for guild in self.core.world.guilds.values():
            if name in {guild.name, guild.id}:
                return guild
        raise LookupError(f"no guild is called {name!r}")

    def channel(self, name: str) -> Channel:
        """By id, by name (the first guild's that has it), or `Guild#name`. Raises LookupError."""
        return self.core.world.channel_named(name)

    def message(self, message_id: str) -> dict[str, Any]:
        return self.core.messages.json(self.core.messages.get(message_id))

    def history(self, message_id: str) -> list[Version]:
        """Every version of a message, a deleted one's too."""
        return list(self.core.messages.all[message_id].versions)

    def pinged(self, message_id: str) -> list[str]:
        """The ids of the users that the message notified."""
        return list(self.core.messages.all[message_id].pinged)

    # Changing it, with the events that the bot gets

    def add_user(self, name: str) -> MemberClient:
        return self.client_of(self.core.world.add_user(name.lower(), name))

    def add_guild(self, name: str, owner: MemberClient | str = "Linus", members: tuple[str, ...] = ("Ada", "Grace"), *,
                  bot_installed: bool = True, channels: tuple[str, ...] = ("general",)) -> Guild:  # fmt: skip
        """A new guild; the bot gets GUILD_CREATE if it is installed there."""
        who = self.member(owner) if isinstance(owner, str) else owner
        users = [self.member(name).user for name in members]
        guild = self.core.world.add_guild(name, who.user, users, bot_installed=bot_installed)
        for channel in channels:
            self.core.world.add_channel(guild, channel)
        if bot_installed:
            self._guild_created(guild)
        return guild

    def _guild_created(self, guild: Guild) -> None:
        body = guild_create_json(self.core.world, guild, all_members=False)
        # Only after READY is the key there: without it discord.py knows that this guild is new.
        del body["unavailable"]
        self.core.gateway.dispatch("GUILD_CREATE", body, guild.id, needs=GUILDS)
        self.core.bus.tell(Event("world"))

    def invite_bot(self, guild: Guild) -> None:
        self.core.world.install(guild)
        self._guild_created(guild)

    def kick_bot(self, guild: Guild) -> None:
        """The bot leaves; it is told by GUILD_DELETE."""
        del guild.members[self.core.world.bot.id]
        guild.bot_installed = False
        self.core.gateway.dispatch("GUILD_DELETE", {"id": guild.id}, guild.id, needs=GUILDS)
        self.core.bus.tell(Event("world"))

    def guild_outage(self, guild: Guild) -> None:
        """GUILD_DELETE with `unavailable`: the guild can't be reached, the bot is still in it."""
        self.core.gateway.dispatch("GUILD_DELETE", {"id": guild.id, "unavailable": True}, guild.id, needs=GUILDS)

    def set_locale(self, guild: Guild, locale: str) -> None:
        """Another language of the server; the bot is told by GUILD_UPDATE."""
        guild.locale = locale
        self.core.tell_guild_changed(guild)

    def add_channel(self, guild: Guild, name: str, *, nsfw: bool = False, type: int = TEXT) -> Channel:  # noqa: A002
        channel = self.core.world.add_channel(guild, name, nsfw=nsfw, type=type)
        self._channel_event("CHANNEL_CREATE", channel)
        return channel

    def add_thread(self, parent: Channel, name: str) -> Channel:
        guild = self.core.world.guilds[parent.guild_id or ""]
        thread = self.core.world.add_channel(guild, name, type=THREAD, parent=parent)
        self._channel_event("THREAD_CREATE", thread)
        return thread

    def archive(self, thread: Channel, *, archived: bool = True, locked: bool = False) -> None:
        """Nobody but who manages threads opens a locked one again."""
        thread.archived, thread.locked = archived, locked
        self._channel_event("THREAD_UPDATE", thread)

    def delete_channel(self, channel: Channel) -> None:
        self._channel_event("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
        self.core.world.channels.pop(channel.id, None)
        if channel.guild_id:
            self.core.world.guilds[channel.guild_id].channels.pop(channel.id, None)

    def _channel_event(self, kind: str, channel: Channel) -> None:
        self.core.gateway.channel_event(kind, channel.id)
        self.core.bus.tell(Event("world"))

    def delete_message(self, message_id: str) -> None:
        self.core.messages.delete(self.core.messages.get(message_id))

    def lose_file(self, attachment_id: str) -> None:
        """Its address answers 404 from now on, as an ephemeral attachment's does after a while."""
        self.core.files.remove(self.core.files.kept[attachment_id])

    def private_group(self, *names: str) -> Channel:
        """The private channel of these members without the bot."""
        return self.core.world.private_channel(*(self.member(name).user for name in names))

    def add_member(self, guild: Guild, who: MemberClient | str, roles: tuple[Role, ...] = ()) -> Member:
        user = (self.member(who) if isinstance(who, str) else who).user
        return self.core.world.join(guild, user, [role.id for role in roles])

    def add_role(self, guild: Guild, name: str, permissions: int = 0, *, to: tuple[str, ...] = ()) -> Role:
        role = self.core.world.add_role(guild, name, permissions)
        for member in to:
            guild.members[self.member(member).id].roles.append(role.id)
        self.core.gateway.dispatch(
            "GUILD_ROLE_CREATE", {"guild_id": guild.id, "role": role.json()}, guild.id, needs=GUILDS
        )
        return role

    def give_role(self, guild: Guild, who: MemberClient | str, role: Role) -> None:
        member = guild.members[self.member(who).id if isinstance(who, str) else who.id]
        member.roles = list(dict.fromkeys([*member.roles, role.id]))
        self._member_event("GUILD_MEMBER_UPDATE", guild, member)

    def take_role(self, guild: Guild, who: MemberClient | str, role: Role) -> None:
        member = guild.members[self.member(who).id if isinstance(who, str) else who.id]
        member.roles = [role_id for role_id in member.roles if role_id != role.id]
        self._member_event("GUILD_MEMBER_UPDATE", guild, member)

    def remove_member(self, guild: Guild, who: MemberClient | str) -> None:
        """The member leaves the guild."""
        member = guild.members.pop(self.member(who).id if isinstance(who, str) else who.id)
        self._member_event("GUILD_MEMBER_REMOVE", guild, member)

    def _member_event(self, kind: str, guild: Guild, member: Member) -> None:
        body = member_json(self.core.world, member) | {"guild_id": guild.id}
        self.core.gateway.dispatch(kind, body, guild.id, needs=GUILD_MEMBERS)
        self.core.bus.tell(Event("world"))

    def delete_role(self, guild: Guild, role: Role) -> None:
        guild.roles.pop(role.id, None)
        for member in guild.members.values():
            member.roles = [role_id for role_id in member.roles if role_id != role.id]
        self.core.gateway.dispatch(
            "GUILD_ROLE_DELETE", {"guild_id": guild.id, "role_id": role.id}, guild.id, needs=GUILDS
        )

    def set_permissions(
        self, channel: Channel, who: Role | User | MemberClient, *, allow: int = 0, deny: int = 0
    ) -> None:
        """An overwrite of a channel for a role, a member or the bot (`standin.bot`)."""
        channel.overwrites[who.id] = (allow, deny)
        self._channel_event("CHANNEL_UPDATE", channel)

    def set_upload_limit(self, guild: Guild, size: int | None) -> None:
        """Bytes for each file in a guild; None: by its boost tier."""
        guild.upload_bytes = size
        self.core.tell_guild_changed(guild)

    def install_for(self, who: MemberClient | str, *, installed: bool = True) -> None:
        """Install the app to a user's own account."""
        (self.member(who) if isinstance(who, str) else who).user.has_app = installed
        self.core.bus.tell(Event("commands"))
