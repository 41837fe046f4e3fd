"""A command without its picture or video: the channel's newest, as far as the bot and the member may look back."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.chat.inputs.forms import CHOICES_MAX
from bot.chat.inputs.picker import command_question
from bot.chat.inputs.sources import Found, newest, nothing_found
from bot.chat.persistent import check_in_place, chosen_values
from bot.chat.replies.accepting import accept_here, accept_in, precheck, privacy
from bot.chat.replies.interactions import Interaction, ask, hears_messages, look, open_reply
from bot.errors import FileForbidden, NotYours
from bot.rules.catalog import Model, Role
from bot.rules.drafts import Draft
from bot.rules.requests import Attachment, VideoRequest
from bot.rules.text_command import link_host
from bot.wording import say


async def make_of_newest(
    interaction: Interaction, model: Model, request_of: Callable[[Attachment], VideoRequest], *, private: bool | None
) -> None:
    """Make it of the channel's newest file of the kind that the model begins with, or ask which one where a message has
    several. `request_of` makes the request of a file.

    Everything that needs no look into the channel is refused before the look.
    """
    private = privacy(interaction, private)
    unknown = request_of(Attachment(url="", filename="", size_bytes=0))
    precheck(interaction, unknown, private=private)
    reply = await open_reply(interaction, private=private)
    files = await _newest_files(interaction, model, unknown.inputs.prompt)
    requests = [request_of(file) for file in files[:CHOICES_MAX]]
    if len(requests) == 1:
        await accept_in(interaction, precheck(interaction, requests[0], private=private), reply)
        return
    asker_id, locale = interaction.user.id, interaction.locale.value
    drafts = [
        await ask(interaction.client.services.drafts.keep(Draft(user_id=asker_id, request=request, private=private)))
        for request in requests
    ]
    question = command_question(files, drafts, interaction.id, asker_id, locale)
    await interaction.edit_original_response(content=say("which_one", locale), view=question)


async def picked(interaction: Interaction, match: re.Match[str]) -> None:
    """Answers the question which of several files is meant: its message becomes the card."""
    asked, asker_id = int(match["asked"]), int(match["asker"])
    if interaction.user.id != asker_id:
        raise NotYours(requester_id=asker_id)
    services = interaction.client.services
    if await look(services.acceptance.answered(asked)):
        await interaction.response.defer()
        return
    check_in_place(interaction)
    draft = await look(services.drafts.get(next(iter(chosen_values(interaction)), ""), asker_id))
    private = interaction.message is not None and interaction.message.flags.ephemeral
    await accept_here(interaction, precheck(interaction, draft.request, private=private), asked=asked)


async def _newest_files(interaction: Interaction, model: Model, prompt: str | None) -> tuple[Attachment, ...]:
    """The files of the newest message that has any. Raises the `Refused` that says which other ways work."""
    host = link_host(prompt)
    if host is not None:  # they gave a link for the file, so another one would surprise them
        raise FileForbidden(host=host, role=Role.DATA.value)
    found = await _look_back(interaction, model)
    if found.files:
        return found.files
    bot, hears = interaction.client, hears_messages(interaction)
    sees_all = interaction.context.dm_channel is True or (bot.intents.message_content and hears)
    raise nothing_found(model, found, bot_id=bot.application_id, sees_all=sees_all, hears=hears)


async def _look_back(interaction: Interaction, model: Model) -> Found:
    if interaction.guild_id is not None and not interaction.permissions.read_message_history:
        return Found()
    bot = interaction.client
    place = bot.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
    return await newest(place, model.files[Role.DATA], bot.settings.file_hosts, me=bot.application_id or 0)
