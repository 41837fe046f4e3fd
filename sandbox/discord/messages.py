"""The store of messages, with Discord's rules for creating, editing and reading them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.discord import limits
from sandbox.discord.bus import Bus, Event
from sandbox.discord.components import check_components, numbered, shown_names
from sandbox.discord.files import Attachment, Files, Upload
from sandbox.discord.mentions import Mentions, find_mentions, notified
from sandbox.discord.message import Message, Version
from sandbox.discord.rendering import fill_media, render_embeds
from sandbox.discord.responses import ApiError, Json, form_error, unknown_message
from sandbox.discord.world import Channel, World


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one write: bytes for each file, and the mentions that count where the payload does not say."""

    upload_limit: int
    allowed_mentions: Json | None = None


class Messages:
    """The store of messages. All writes of REST, of interactions and of members end here."""

    def __init__(self, world: World, files: Files, bus: Bus) -> None:
        self.world = world
        self.files = files
        self.bus = bus
        self.all: dict[str, Message] = {}
        self._by_nonce: dict[tuple[str, str], Message] = {}

    def get(self, message_id: str, channel_id: str | None = None) -> Message:
        """Raises the 404 of an unknown or deleted message."""
        message = self.all.get(message_id)
        if message is None or message.deleted or channel_id not in {None, message.channel_id}:
            raise unknown_message()
        return message

    def in_channel(self, channel_id: str) -> list[Message]:
        """Oldest first."""
        return [m for m in self.all.values() if m.channel_id == channel_id and not m.deleted]

    def repeated(self, channel: Channel, payload: Json) -> Message | None:
        """The message that this `enforce_nonce` repeats within a few minutes."""
        if not payload.get("enforce_nonce") or payload.get("nonce") is None:
            return None
        found = self._by_nonce.get((channel.id, str(payload["nonce"])))
        fresh = found is not None and self.world.clock.now() - found.created < timedelta(minutes=5)
        return found if fresh else None

    def create(self, channel: Channel, author_id: str, payload: Json, uploads: list[Upload], rules: Rules,
               **facts: Any) -> Message:  # fmt: skip
        """Check and keep a message. `facts` are fields of `Message` that the payload doesn't decide."""
        now = self.world.clock.now()
        message = Message(self.world.ids.next(), channel.id, author_id, now, **facts)
        message.flags |= int(payload.get("flags") or 0) & (limits.V2 | limits.SILENT | limits.SUPPRESS_EMBEDS)
        self._write(message, channel, payload, uploads, rules)
        message.nonce = payload.get("nonce")
        if not message.ephemeral and not message.flags & limits.SILENT:
            message.pinged = notified(self.world, channel, author_id, message.mentions)
        self.all[message.id] = message
        channel.last_message_id = message.id
        if message.nonce is not None:
            self._by_nonce[channel.id, str(message.nonce)] = message
        self._tell(message, "create")
        return message

    def placeholder(self, channel: Channel, **facts: Any) -> Message:
        """The "thinking" message of a deferral."""
        message = Message(self.world.ids.next(), channel.id, self.world.bot.id, self.world.clock.now(), **facts)
        message.flags |= limits.LOADING
        self.all[message.id] = message
        channel.last_message_id = message.id
        self._tell(message, "create")
        return message

    def edit(self, message: Message, payload: Json, uploads: list[Upload], rules: Rules) -> Message:
        """Change only what the payload names; nobody is notified by an edit."""
        channel = self.world.channel(message.channel_id)
        draft = copy.copy(message)
        wanted = payload.get("flags")
        if wanted is not None:
            # The V2 flag is one way: it stays whatever is said.
            changeable = limits.SUPPRESS_EMBEDS
            draft.flags = (draft.flags & ~changeable) | (int(wanted) & changeable) | (int(wanted) & limits.V2)
        self._write(draft, channel, payload, uploads, rules)
        loading = message.flags & limits.LOADING
        before = message.attachments
        for name in ("content", "embeds", "attachments", "components", "flags", "mentions"):
            setattr(message, name, getattr(draft, name))
        message.flags &= ~limits.LOADING
        if not loading:
            message.edited = self.world.clock.now()
        for gone in before:
            if gone not in message.attachments:
                self.files.remove(gone)
        self._tell(message, "update")
        return message

    def delete(self, message: Message) -> None:
        message.deleted = True
        self._tell(message, "delete")
        for attachment in message.attachments:
            self.files.remove(attachment)

    def _write(
        self, draft: Message, channel: Channel, payload: Json, uploads: list[Upload], rules: Rules
    ) -> None:  # fmt: skip
        limits.check_fields(payload)
        if "content" in payload:
            draft.content = payload["content"] or ""
        if "embeds" in payload:
            draft.embeds = list(payload["embeds"] or [])
        if draft.is_v2 and (draft.content or draft.embeds or payload.get("poll") or payload.get("sticker_ids")):
            raise form_error(
                "content" if draft.content else "embeds",
                "Content, embeds, stickers and polls cannot be used with MessageFlags.IS_COMPONENTS_V2",
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            )
        if "components" in payload or draft.is_v2:
            wanted = payload.get("components", draft.components)
            wanted = [] if wanted is None else wanted
            check_components(wanted, v2=draft.is_v2)
            draft.components = numbered(wanted)
        limits.check_sizes([upload.size for upload in uploads], rules.upload_limit)
        folder = f"{'ephemeral-attachments' if draft.ephemeral else 'attachments'}/{channel.id}"
        draft.attachments = self._attachments(draft, payload, uploads, folder)
        self._check_shown(draft)
        if not (draft.content or draft.embeds or draft.attachments or draft.components or draft.snapshots):
            raise ApiError(400, 50006, "Cannot send an empty message")
        if "content" in payload or "components" in payload or "allowed_mentions" in payload:
            draft.mentions = self._mentions(draft, channel, payload, rules)

    def _mentions(self, draft: Message, channel: Channel, payload: Json, rules: Rules) -> Mentions:
        texts = [draft.content] + [part.get("content", "") for part in draft.components if part.get("type") == 10]
        replied = self.all.get((draft.reference or {}).get("message_id", "")) if draft.type == 19 else None
        # A reply to the answer of a command doesn't mention the bot.
        replied = None if replied is not None and replied.interaction is not None else replied
        allowed = payload.get("allowed_mentions") or rules.allowed_mentions
        return find_mentions(
            self.world, channel, draft.author_id, "\n".join(texts), allowed,
            replied_to=replied.author_id if replied else None,
        )  # fmt: skip

    def _attachments(self, draft: Message, payload: Json, uploads: list[Upload], folder: str) -> list[Attachment]:
        """Without a list new files are appended; a list is complete: what it doesn't name is gone."""
        if payload.get("attachments") is None:
            limits.check_count(len(draft.attachments) + len(uploads))
            return [*draft.attachments, *(self.files.take(upload, folder) for upload in uploads)]
        limits.check_count(len(payload["attachments"]))
        new = {upload.field.removeprefix("files[").removesuffix("]"): upload for upload in uploads}
        old = {attachment.id: attachment for attachment in draft.attachments}
        found = []
        for at, entry in enumerate(payload["attachments"]):
            name = str(entry.get("id"))
            if name in old:
                attachment = old[name]
            elif name in new:
                new[name].filename = entry.get("filename") or new[name].filename
                attachment = self.files.take(new[name], folder)
            else:
                raise form_error(f"attachments.{at}.id", "Unknown attachment", "ATTACHMENT_NOT_FOUND")
            if entry.get("description") is not None:
                attachment.description = limits.check_text(
                    entry["description"], f"attachments.{at}.description", 1024
                )  # fmt: skip
            attachment.spoiler = bool(entry.get("is_spoiler", attachment.spoiler))
            found.append(attachment)
        # Pictures that an embed shows aren't in the list that bots see, so that a list can't name them.
        shown = limits.embed_attachment_names(draft.embeds)
        return found + [a for a in old.values() if a.filename in shown and a not in found and "embeds" not in payload]

    @staticmethod
    def _check_shown(draft: Message) -> None:
        names = {attachment.filename for attachment in draft.attachments}
        wanted = shown_names(draft.components) | limits.embed_attachment_names(draft.embeds)
        if missing := wanted - names:
            raise form_error(
                "components" if draft.is_v2 else "embeds", f"Unknown attachment {min(missing)}",
                "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            )  # fmt: skip

    def _tell(self, message: Message, change: str) -> None:
        message.versions.append(Version(self.world.clock.now(), change, self.json(message)))
        self.bus.tell(Event(f"message_{change}", self.json(message), message, message.visible_to))

    def json(self, message: Message, *, hidden: bool = False, nested: bool = False) -> Json:
        """Discord's message object. `hidden`: without what the message content intent guards."""
        embeds, in_embeds = render_embeds(self.files, message)
        everyone = message.mentions
        data: Json = {
            "id": message.id, "channel_id": message.channel_id, "type": message.type, "flags": message.flags,
            "author": self.world.users[message.author_id].json(), "content": message.content, "embeds": embeds,
            "attachments": [
                self.files.json(a, ephemeral=message.ephemeral) for a in message.attachments if a.id not in in_embeds
            ],
            "components": fill_media(self.files, message.components, message.attachments),
            "mentions": [self.world.users[user_id].json() for user_id in everyone.users],
            "mention_roles": list(everyone.roles), "mention_everyone": everyone.everyone,
            "timestamp": message.created.isoformat(), "edited_timestamp": _iso(message.edited),
            "tts": False, "pinned": False,
        }  # fmt: skip
        if hidden:
            data |= {"content": "", "embeds": [], "attachments": [], "components": []}
        if message.nonce is not None:
            data["nonce"] = message.nonce
        if message.interaction is not None:
            bot_id = self.world.bot.id
            data |= {"interaction_metadata": message.interaction, "application_id": bot_id, "webhook_id": bot_id}
        if message.reference is not None:
            data["message_reference"] = message.reference
        if message.snapshots:
            data["message_snapshots"] = [] if hidden else copy.deepcopy(message.snapshots)
        if message.type == 19 and message.reference and not nested:
            data["referenced_message"] = self._referenced(message.reference["message_id"], hide=None)
        return data

    def _referenced(self, message_id: str, *, hide: bool | None) -> Json | None:
        found = self.all.get(message_id)
        if found is None or found.deleted:
            return None
        return self.json(found, hidden=bool(hide), nested=True)

    def json_for_bot(self, message: Message, *, content: bool) -> Json:
        """As the bot may see it; `content`: the message content intent holds here. Judged for each message alone."""
        data = self.json(message, hidden=not content and not self.open_to_bot(message))
        if data.get("referenced_message"):
            found = self.all[data["referenced_message"]["id"]]
            data["referenced_message"] = self._referenced(
                found.id, hide=not content and not self.open_to_bot(found)
            )  # fmt: skip
        return data

    def open_to_bot(self, message: Message) -> bool:
        """Own messages, private channels and messages that mention the app need no intent."""
        bot_id = self.world.bot.id
        private = self.world.channels[message.channel_id].is_private
        return message.author_id == bot_id or private or bot_id in message.mentions.users


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
