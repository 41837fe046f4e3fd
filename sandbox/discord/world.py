"""The world of the stand-in: users, guilds with their roles, channels and members, and private channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord import permissions as bits
from sandbox.discord.clock import StandInClock
from sandbox.discord.ids import Snowflakes
from sandbox.discord.responses import Json, unknown_channel

MIB = 1024 * 1024
DEFAULT_UPLOAD_BYTES = 20 * MIB  # per file, since 2026-09-03
TIER_UPLOAD_BYTES = {0: DEFAULT_UPLOAD_BYTES, 1: DEFAULT_UPLOAD_BYTES, 2: 50 * MIB, 3: 100 * MIB}
TEXT, DM, VOICE, GROUP_DM, THREAD, STAGE = 0, 1, 2, 3, 11, 13


@dataclass(slots=True)
class User:
    """`nitro_bytes` raises what interactions announce; `has_app` means installed to the user's own account."""

    id: str
    username: str
    name: str
    bot: bool = False
    dms_open: bool = True
    nitro_bytes: int | None = None
    has_app: bool = False
    locale: str = "en-US"

    def json(self) -> Json:
        return {
            "id": self.id, "username": self.username, "discriminator": "0", "global_name": self.name, "avatar": None,
            "bot": self.bot, "public_flags": 0, "flags": 0, "primary_guild": None,
        }  # fmt: skip


@dataclass(slots=True)
class Role:
    id: str
    name: str
    permissions: int
    position: int = 1
    color: int = 0
    managed: bool = False

    def json(self) -> Json:
        return {
            "id": self.id, "name": self.name, "permissions": str(self.permissions), "position": self.position,
            "color": self.color,
            "colors": {"primary_color": self.color, "secondary_color": None, "tertiary_color": None},
            "hoist": False, "managed": self.managed, "mentionable": False, "icon": None, "unicode_emoji": None,
            "description": None, "flags": 0,
        }  # fmt: skip


@dataclass(slots=True)
class Member:
    user_id: str
    roles: list[str]
    joined: datetime
    nick: str | None = None


@dataclass(slots=True)
class Channel:
    """A channel of a guild, a thread, or a private one (`recipients` are then everybody in it, bots included)."""

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    position: int = 0
    nsfw: bool = False
    parent_id: str | None = None
    archived: bool = False
    locked: bool = False
    recipients: list[str] = field(default_factory=list)
    overwrites: dict[str, tuple[int, int]] = field(default_factory=dict)
    last_message_id: str | None = None

    @property
    def is_thread(self) -> bool:
        return self.type in {10, 11, 12}

    @property
    def is_private(self) -> bool:
        return self.guild_id is None


@dataclass(slots=True)
class Guild:
    """`bot_installed` False: the app may still be used there by who installed it to their own account."""

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    premium_tier: int = 0
    bot_installed: bool = True
    upload_bytes: int | None = None
    system_channel_id: str | None = None
    locale: str = "en-US"

    @property
    def upload_limit(self) -> int:
        """Bytes for each file, by boost tier unless a test set it."""
        return self.upload_bytes if self.upload_bytes is not None else TIER_UPLOAD_BYTES[self.premium_tier]

    def permissions_of(self, user_id: str, channel: Channel | None = None) -> int:
        """All bits of a member in a channel, or in the guild; 0 for somebody who isn't there."""
        if self.owner_id == user_id:
            return bits.EVERYTHING
        member = self.members.get(user_id)
        if member is None:
            return 0
        role_ids = [self.id, *member.roles]
        held = 0
        for role_id in role_ids:
            held |= self.roles[role_id].permissions if role_id in self.roles else 0
        if held & bits.ADMINISTRATOR:
            return bits.EVERYTHING
        if channel is not None:
            held = self._overwritten(held, channel, role_ids[1:], user_id)
        return held

    def _overwritten(self, held: int, channel: Channel, role_ids: list[str], user_id: str) -> int:
        # A thread has no overwrites of its own: its parent's hold.
        source = self.channels.get(channel.parent_id or "", channel) if channel.is_thread else channel
        everyone = source.overwrites.get(self.id, (0, 0))
        held = (held & ~everyone[1]) | everyone[0]
        allow = deny = 0
        for role_id in role_ids:
            role = source.overwrites.get(role_id, (0, 0))
            allow, deny = allow | role[0], deny | role[1]
        held = (held & ~deny) | allow
        own = source.overwrites.get(user_id, (0, 0))
        held = (held & ~own[1]) | own[0]
        # Who can't see a channel can do nothing in it.
        return held if held & bits.VIEW_CHANNEL else 0


class World:
    """All users, guilds and channels, with methods to add some. Ids are snowflake strings."""

    def __init__(self, clock: StandInClock, ids: Snowflakes) -> None:
        self.clock = clock
        self.ids = ids
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.bot = self.add_user("clapper", "Clapper", bot=True)

    def add_user(self, username: str, name: str, *, bot: bool = False) -> User:
        user = User(self.ids.old(), username, name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User, members: Iterable[User] = (), *, bot_installed: bool = True) -> Guild:
        guild = Guild(self.ids.old(), name, owner.id, bot_installed=bot_installed)
        guild.roles[guild.id] = Role(guild.id, "@everyone", bits.USUAL, 0)
        self.guilds[guild.id] = guild
        self.join(guild, owner)
        for user in members:
            self.join(guild, user)
        if bot_installed:
            self.install(guild)
        return guild

    def install(self, guild: Guild) -> None:
        """Put the bot in, with the managed role that an invitation makes."""
        guild.bot_installed = True
        role = self.add_role(guild, self.bot.name, bits.USUAL, managed=True)
        self.join(guild, self.bot, [role.id])

    def add_role(self, guild: Guild, name: str, permissions: int, *, managed: bool = False, color: int = 0) -> Role:
        role = Role(self.ids.old(), name, permissions, len(guild.roles), color, managed)
        guild.roles[role.id] = role
        return role

    def add_channel(
        self, guild: Guild, name: str, *, type: int = TEXT, nsfw: bool = False, parent: Channel | None = None  # noqa: A002
    ) -> Channel:  # fmt: skip
        channel = Channel(
            self.ids.old(), type, name, guild.id, len(guild.channels), nsfw, parent.id if parent else None
        )
        guild.channels[channel.id] = channel
        self.channels[channel.id] = channel
        guild.system_channel_id = guild.system_channel_id or channel.id
        return channel

    def join(self, guild: Guild, user: User, roles: Iterable[str] = ()) -> Member:
        member = Member(user.id, list(roles), self.clock.now())
        guild.members[user.id] = member
        return member

    def private_channel(self, *users: User) -> Channel:
        """The private channel of exactly these users, made when it isn't there."""
        ids = sorted(user.id for user in users)
        for channel in self.channels.values():
            if channel.is_private and channel.recipients == ids:
                return channel
        channel = Channel(self.ids.old(), DM if len(ids) <= 2 else GROUP_DM, recipients=ids)
        self.channels[channel.id] = channel
        return channel

    def channel(self, channel_id: str) -> Channel:
        """Raises the 404 of an unknown channel."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise unknown_channel()
        return channel

    def channel_named(self, name: str) -> Channel:
        """By id, by name (the first guild's that has it), or `Guild#name`. Raises LookupError."""
        if name in self.channels:
            return self.channels[name]
        guild_name, _, channel_name = name.rpartition("#")
        for channel in self.channels.values():
            guild = self.guild_of(channel)
            if channel.name == channel_name and guild and guild_name in {"", guild.name}:
                return channel
        raise LookupError(f"no channel is called {name!r}")

    def guild_of(self, channel: Channel) -> Guild | None:
        return self.guilds.get(channel.guild_id) if channel.guild_id else None

    def permissions(self, channel: Channel, user_id: str) -> int:
        """A user's bits in a channel: by roles in a guild, all that exist in a private channel of theirs."""
        guild = self.guild_of(channel)
        if guild is not None:
            return guild.permissions_of(user_id, channel)
        return bits.PRIVATE if user_id in channel.recipients else 0

    def bot_is_in(self, channel: Channel) -> bool:
        guild = self.guild_of(channel)
        return self.bot.id in (guild.members if guild is not None else channel.recipients)

    def upload_limit(self, channel: Channel) -> int:
        guild = self.guild_of(channel)
        return guild.upload_limit if guild is not None else DEFAULT_UPLOAD_BYTES


def default_world(world: World) -> None:
    """Two members, an admin and two guilds, as the page shows them."""
    ada, grace = world.add_user("ada", "Ada"), world.add_user("grace", "Grace")
    linus = world.add_user("linus", "Linus")
    for name, channels in (("Film Club", ("general", "clips")), ("Test Kitchen", ("general",))):
        guild = world.add_guild(name, linus, (ada, grace))
        for channel in channels:
            world.add_channel(guild, channel)
        admins = world.add_role(guild, "Admins", bits.EVERYTHING, color=0xE67E22)
        guild.members[linus.id].roles.append(admins.id)
        world.add_role(guild, "Editors", bits.USUAL, color=0x3498DB)
    for user in (ada, grace, linus):
        world.private_channel(user, world.bot)
