"""Shows jobs in Discord: edits the one reply, by the interaction's token while it lives and as the bot afterwards.

Where no way leads to the reply any more, a video goes to the member's direct messages. It needs a `discord.Client` that
has logged in, not one that is connected, so a worker without a gateway can use it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any
from weakref import WeakValueDictionary

import discord
from cachetools import LRUCache

from bot.chat.persistent import Verb
from bot.chat.replies.attached_file import AttachedFile
from bot.chat.replies.card_lines import expected_at, failure_sentence
from bot.chat.replies.cards import STATE_LOOKS, Card, card_of, embed_of, poster_name, result_name, view_of
from bot.chat.replies.edit_routes import (
    UNSENT,
    UNSENT_OR_CLOSED,
    EditRoutes,
    Payload,
    message_of,
    passing,
    refusal,
    reopened,
    send_with_retries,
    token_is_alive,
    too_large,
    webhook_of,
)
from bot.rules.bounds import SMALL_BYTES
from bot.rules.catalog import Catalog
from bot.rules.clock import Clock, SystemClock
from bot.rules.delivery import Clip, DeliveryLost, DeliveryTooLarge, Link, Shown
from bot.rules.jobs import Job, JobState, Reply, is_hidden
from bot.rules.requests import hidden_name
from bot.wording import say

log = logging.getLogger(__name__)

_REMEMBERED = 2000
"""Jobs whose last card is kept to spare equal edits; forgetting one costs a single harmless edit."""

_NONCE_MAX_CHARS = 25
_ARCHIVED = "thread_archived"
"""Discord's reason by every way, until the thread is open again."""


@dataclass(frozen=True, slots=True)
class _Card:
    """What a reply says since its last edit. `disabled`: a press has disabled its buttons since."""

    message_id: int | None
    card: Card
    handed: Clip | Link | None
    ended: bool
    token: str | None = None
    disabled: bool = False

    def says(self, job: Job, card: Card) -> bool:
        """Whether an edit would change nothing. A fresh token comes of a press, perhaps one that another process took:
        then the buttons may be disabled."""
        same = self.message_id == job.reply.message_id and self.card == card
        return same and not self.disabled and self.token == job.reply.token


class DiscordAnnouncer:
    """`bot.rules.delivery.Announcer` for Discord.

    `show_attempts` and `deliver_attempts` count tries against lost connections and Discord's own failures, with pauses
    of 1, 2, 4 … 60 seconds between them. What Discord refuses is never tried again (`bot.chat.replies.edit_routes`).
    """

    def __init__(
        self,
        client: discord.Client,
        catalog: Catalog,
        *,
        clock: Clock | None = None,
        show_attempts: int = 3,
        deliver_attempts: int = 8,
    ) -> None:
        self._client = client
        self._catalog = catalog
        self._clock = clock or SystemClock()
        self._routes = EditRoutes(client, clock=self._clock)
        self._show_attempts = show_attempts
        self._deliver_attempts = deliver_attempts
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._shown: LRUCache[str, _Card] = LRUCache(_REMEMBERED)
        self._no_dm: LRUCache[str, None] = LRUCache(_REMEMBERED)

    def opening(self, job: Job) -> dict[str, Any]:
        """The card as the first response to an interaction, or as the answer to a message: the parts to send."""
        return _payload(job, self._card(job, None), None, upload=False)

    def opened(self, job: Job) -> None:
        """The card was sent, at `job.reply`."""
        self._remember(job, self._card(job, None), None)

    async def show(self, job: Job) -> Shown:
        """Make the reply say what the row says; nothing is sent where it says so already.

        `reached` is False where the connection or Discord itself failed in all tries; what Discord refuses is as good
        as said.
        """
        async with self._lock(job):
            if job.refused:
                return await self._tell_alone(job)
            before = self._shown.get(job.id)
            if before and before.ended and not job.ended:
                return Shown()  # whoever asks has not heard yet that it was cancelled meanwhile
            handed = before.handed if before and job.state is JobState.DELIVERED else None
            card = self._card(job, handed)
            if before and before.says(job, card):
                return Shown(message_id=before.message_id)
            message_id = None
            try:
                message_id = await self._edit(job, card, handed, attempts=self._show_attempts)
            except (DeliveryLost, DeliveryTooLarge) as exc:
                log.warning("the reply of job %s can't be edited: %s", job.id, exc)
            except UNSENT_OR_CLOSED as exc:
                log.warning("the reply of job %s was not edited", job.id, exc_info=True)
                return Shown(reached=not passing(exc))
            else:
                self._remember(_at(job, message_id), card, handed)
            return Shown(message_id=message_id)

    async def show_late(self, job: Job, seconds: float) -> None:
        """`show` after so long, unless the reply has shown anything by then: what that says is newer."""
        await self._clock.sleep(seconds)
        async with self._lock(job):
            silent = job.id not in self._shown
        if silent:
            await self.show(job)

    async def disable(self, job: Job, pressed: Reply, verb: Verb, acknowledge: Callable[[], Awaitable[bool]]) -> bool:
        """Have `acknowledge`, which answers a press of `verb` on the card at `pressed`, disable the card's buttons, and
        tell whether it did. It is not called where an edit is under way, or has taken that button away: that is newer
        than the press. Raises what it raises."""
        lock = self._lock(job)
        if lock.locked():
            return False
        async with lock:
            shown = self._shown.get(job.id)
            here = shown is not None and shown.message_id == pressed.message_id
            if shown is not None and here and verb not in shown.card.buttons:
                return False
            disabled = await acknowledge()
            if shown is not None and here:
                self._shown[job.id] = replace(shown, disabled=disabled)
            return disabled

    def is_disabled(self, job_id: str, pressed: Reply) -> bool:
        """Whether the card there may still be as `disable` left it."""
        shown = self._shown.get(job_id)
        return shown is None or shown.message_id != pressed.message_id or shown.disabled

    async def mend(self, job: Job, pressed: Reply) -> None:
        """Have a card that was pressed, which may be an old one, say what the row says now."""
        here = job.model_copy(update={"reply": pressed})
        if job.state is JobState.DELIVERED:
            async with self._lock(job):
                await self._mend_delivered(here)
        elif job.ended or job.reply.message_id in {None, pressed.message_id}:
            await self.show(here)
        else:
            await self.leave(here)

    async def _mend_delivered(self, job: Job) -> None:
        """Only the message itself tells whether the video was put into it, or went to the member another way."""
        webhook = webhook_of(job.reply, self._client)
        try:
            found = await webhook.fetch_message(message_of(job.reply))
            if not all(getattr(part, "disabled", True) for row in found.components for part in _parts(row)):
                return  # it was edited just now
            here = any(embed.colour == STATE_LOOKS[JobState.DELIVERED][1] for embed in found.embeds)
            card = card_of(job, self._catalog, elsewhere=not found.attachments)
            parts = _payload(job, card, None, upload=False)
            await webhook.edit_message(found.id, **({"view": parts["view"]} if here else parts))
        except UNSENT_OR_CLOSED as exc:
            log.warning("the card of job %s is not mended: %s", job.id, type(exc).__name__)

    async def leave(self, job: Job) -> None:
        """Have the reply, which `job` still names, say that the job goes on in another one."""
        async with self._lock(job):
            await self._say(job, "goes_on_elsewhere")

    async def remove(self, reply: Reply) -> None:
        """Delete that message, which may be gone already. Raises `discord.HTTPException` where Discord refuses."""
        with contextlib.suppress(discord.NotFound):
            if token_is_alive(reply, self._clock.now()):
                await webhook_of(reply, self._client).delete_message(message_of(reply))
            elif reply.message_id is not None:
                place = self._client.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
                await place.get_partial_message(reply.message_id).delete()

    async def deliver(self, job: Job, thing: Clip | Link) -> Shown:
        """Put the video, or its link, into the reply, which says "delivered" from the same edit on.

        A reply that can't be reached leaves three ways: the button that its last edit shows, if it does (the video then
        waits for the press); a direct message; and `/jobs`. Raises `DeliveryTooLarge` or `DeliveryLost`; the latter
        with `unreachable` where Discord could not be reached in all tries, so that only time can help.
        """
        async with self._lock(job):
            before = self._shown.get(job.id)
            if before and before.ended and before.handed is None and not job.ended:
                return Shown()  # cancelled meanwhile, as in `show`: the next write to the row finds out
            done = job.model_copy(update={"state": JobState.DELIVERED})
            card, message_id = self._card(done, thing), None
            try:
                try:
                    message_id = await self._edit(done, card, thing, attempts=self._deliver_attempts, upload=True)
                except DeliveryLost as lost:
                    if self._offers_a_button(job):
                        raise
                    await self._by_direct_message(done, thing, lost)
                    await self._say_where(done, lost)
                    return Shown()
            except UNSENT as exc:
                raise DeliveryLost("unreachable") from exc
            self._remember(_at(done, message_id), card, thing)
            return Shown(message_id=message_id)

    def _lock(self, job: Job) -> asyncio.Lock:
        lock = self._locks.get(job.id)
        if lock is None:
            self._locks[job.id] = lock = asyncio.Lock()
        return lock

    def _remember(self, job: Job, card: Card, handed: Clip | Link | None) -> None:
        self._shown[job.id] = _Card(job.reply.message_id, card, handed, job.ended, job.reply.token)

    def _card(self, job: Job, handed: Clip | Link | None, *, bare: bool = False) -> Card:
        return card_of(job, self._catalog, handed=handed, bare=bare, fleeting=self._is_fleeting(job))

    def _is_fleeting(self, job: Job) -> bool:
        """Whether the reply will be, or is about to be, out of reach before the job has ended."""
        last_edit = job.reply.last_edit_at
        if job.ended or last_edit is None:
            return False
        due = expected_at(job)
        return job.slow or self._clock.now() >= last_edit or (due is not None and due >= last_edit)

    def _offers_a_button(self, job: Job) -> bool:
        """Whether the reply, as it was edited last, shows a button by which the member can come for the video."""
        shown = self._shown.get(job.id)
        same = shown is not None and shown.message_id == job.reply.message_id
        return job.reply.only_by_token and same and shown is not None and Verb.GET in shown.card.buttons

    async def _edit(
        self, job: Job, card: Card, thing: Clip | Link | None, *, attempts: int, upload: bool = False
    ) -> int | None:
        """The edit in full, `card`; without strangers' words where Discord refuses them. Gives the message's id.

        A server's AutoMod answers an edit with 400 when it blocks a word of the prompt or of the service's reason.
        """
        for bare in (False, True):
            shown = self._card(job, thing, bare=True) if bare else card
            payload = functools.partial(_payload, job, shown, thing, upload=upload)
            try:
                return await self._by_any_way(job, payload, attempts, patient=upload)
            except discord.HTTPException as exc:
                if passing(exc) or (not bare and exc.status != 400):
                    raise
                if bare:
                    raise DeliveryLost(f"http_{exc.status}") from exc
        return None

    async def _by_any_way(self, job: Job, payload: Payload, attempts: int, *, patient: bool) -> int | None:
        """Each way that may lead to the reply, until one does; raises `DeliveryLost` with the last one's reason.

        An archived thread is opened again for the last that there is to say there.
        """
        last = patient or job.ended
        try:
            return await self._by_ways(job, payload, attempts, patient=patient, retry_closed=last)
        except DeliveryLost as lost:
            if not last or lost.reason != _ARCHIVED or not await reopened(job.reply, self._client):
                raise
        return await self._by_ways(job, payload, attempts, patient=patient, retry_closed=True)

    async def _by_ways(
        self, job: Job, payload: Payload, attempts: int, *, patient: bool, retry_closed: bool
    ) -> int | None:
        lost = None
        for way in self._routes.to(job.reply, retry_closed=retry_closed):
            try:
                edited = await send_with_retries(
                    way.edit, payload, attempts, clock=self._clock, discords_failures_too=patient
                )
            except discord.HTTPException as exc:
                if too_large(exc):
                    raise DeliveryTooLarge from exc
                lost = refusal(exc)
                if lost is None:
                    raise
                if not (patient and lost == "no_permission"):  # it may be files alone that are forbidden
                    self._routes.close(way, lost)
                if lost in {"message_deleted", _ARCHIVED}:
                    break
            else:
                return getattr(edited, "id", None)
        raise DeliveryLost(lost or self._routes.why_closed(job.reply))

    async def _by_direct_message(self, job: Job, thing: Clip | Link, lost: DeliveryLost) -> None:
        """Hand it over privately; raises `lost` where the member takes no direct messages from the bot.

        The nonce makes a repetition within some minutes, as after a crash, give the message that is there already.
        """
        if job.id in self._no_dm:
            raise lost
        locale = job.requester.locale
        elsewhere = {"channel_id": 0, "names_asker": True}  # and nobody else reads it there
        theirs = job.requester.model_copy(update={"guild_locale": None})
        job = job.model_copy(update={"reply": job.reply.model_copy(update=elsewhere), "requester": theirs})
        card = card_of(job, self._catalog, handed=thing)

        def payload() -> dict[str, Any]:
            parts = _payload(job, card, thing, upload=True)
            files = parts.pop("attachments")
            return parts | {
                "content": say("direct_intro", locale),
                "files": files,
                "nonce": job.id[:_NONCE_MAX_CHARS],
            }

        try:
            channel = await self._client.create_dm(discord.Object(job.requester.user_id))
            await send_with_retries(
                channel.send, payload, self._deliver_attempts, clock=self._clock, discords_failures_too=True
            )
        except discord.HTTPException as exc:
            if too_large(exc):
                raise DeliveryTooLarge from exc
            if passing(exc):
                raise
            self._no_dm[job.id] = None
            log.info("job %s can't go to direct messages either: %s", job.id, exc.code)
            raise lost from exc

    async def _say_where(self, job: Job, lost: DeliveryLost) -> None:
        """Where only files or embeds are forbidden, the reply can still say in words where the video went."""
        if lost.reason == "no_permission":
            await self._say(job, "sent_directly")

    async def _tell_alone(self, job: Job) -> Shown:
        """The member alone hears why their file can't be used; the card, which others may see, is taken away.

        A reply that no token reaches, as under a text message, says it itself.
        """
        reply, silent = job.reply, discord.AllowedMentions.none()
        alone = token_is_alive(reply, self._clock.now())
        sentence = (
            "" if job.failure is None else failure_sentence(job.failure, job.requester.locale if alone else job.locale)
        )
        try:
            if reply.ephemeral or not alone:
                await self._say_instead(job, sentence)
                return Shown()
            webhook = webhook_of(reply, self._client)
            with contextlib.suppress(discord.NotFound):
                await webhook.delete_message(message_of(reply))
            await webhook.send(sentence, ephemeral=True, allowed_mentions=silent)
        except UNSENT_OR_CLOSED as exc:
            log.warning("the member of job %s was not told: %s", job.id, type(exc).__name__)
            return Shown(reached=not passing(exc))
        return Shown()

    async def _say(self, job: Job, key: str) -> None:
        """Nothing but the sentence of that key in the reply, where that can be reached."""
        try:
            await self._say_instead(job, say(key, job.locale))
        except UNSENT as exc:
            log.info("the reply of job %s can't be told %s: %s", job.id, key, exc)

    async def _say_instead(self, job: Job, sentence: str) -> None:
        """Nothing but the sentence in the reply. Raises what the last way to it refused with."""
        silent = discord.AllowedMentions.none()
        failed: Exception | None = None
        for way in self._routes.to(job.reply, retry_closed=True):
            try:
                await way.edit(content=sentence, embed=None, view=None, allowed_mentions=silent)
            except UNSENT as exc:
                failed = exc
            else:
                return
        if failed is not None:
            raise failed


def _parts(row: object) -> Iterable[object]:
    return getattr(row, "children", ())


def _at(job: Job, message_id: int | None) -> Job:
    """The job with the message that answers it, where only the edit has told which that is."""
    if job.reply.message_id is not None or message_id is None:
        return job
    return job.model_copy(update={"reply": job.reply.model_copy(update={"message_id": message_id})})


def _payload(job: Job, card: Card, thing: Clip | Link | None, *, upload: bool) -> dict[str, Any]:
    """What an edit sends; everything in it is new, as discord.py closes files and forgets views after use."""
    payload: dict[str, Any] = {
        "content": None,  # of the question that the card takes the place of
        "embed": embed_of(card),
        "view": view_of(card),
        "allowed_mentions": discord.AllowedMentions.none(),
    }
    match thing:
        case Clip() if upload:
            name = hidden_name(result_name(job, PurePath(thing.filename).suffix), hidden=is_hidden(job))
            payload["attachments"] = [_attached(thing, name, card.alt)]
        case Link() if upload:
            name = hidden_name(poster_name(job), hidden=is_hidden(job))
            payload["attachments"] = [AttachedFile(thing.poster, name, description=card.alt)] if thing.poster else []
        case _:
            pass
    return payload


def _attached(clip: Clip, name: str, alt: str | None) -> discord.File:
    """A small file is read here and now; what is read while it is sent takes turns of threads, which cost more."""
    if clip.size_bytes <= SMALL_BYTES:
        return discord.File(io.BytesIO(clip.path.read_bytes()), name, description=alt)
    return AttachedFile(clip.path, name, description=alt)
