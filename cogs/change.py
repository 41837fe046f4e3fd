"""Change: a job once more, with other words or options, from a form that holds what it had."""

from __future__ import annotations

import re
from collections.abc import Sequence

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.change_form import CHANGE_FORM, change_form, fitting, read_change_form
from bot.chat.inputs.forms import FormValues
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.accepting import accept_again
from bot.chat.replies.cards import unapproved
from bot.chat.replies.interactions import Interaction, look, requester_of
from bot.errors import NotYours
from bot.rules.catalog import Model
from bot.rules.jobs import Job
from bot.rules.requests import compose


class ChangeButton(commands.Cog):
    """The button and its form. Whoever sees the words on the card may change them; the job that comes of it is
    theirs."""

    async def open(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Show the form, filled with what was asked for."""
        job = await _job(interaction, match["job"])
        model, models = _models(interaction, job)
        own = job.requester.user_id == interaction.user.id
        await interaction.response.send_modal(change_form(job, model, models, interaction.locale.value, own=own))

    async def take(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make what the form asks for, in a new message."""
        by, services = requester_of(interaction), interaction.client.services
        job = await _job(interaction, match["job"])
        model, models = _models(interaction, job)
        filled = read_change_form(FormValues(interaction.data), job, model)
        if filled.model is not None and filled.model != model.name:
            model = services.policy.choose(job.request.operation, filled.model, by)
        inputs = fitting(filled.inputs, job.request.inputs, model)
        request = compose(model, inputs, job.request.files, among=models)
        await accept_again(interaction, services.acceptance.precheck(request, by, again_of=job), job)


async def _job(interaction: Interaction, job_id: str) -> Job:
    """Raises `JobGone`, and `NotYours` also where nobody else may read the words."""
    job = await look(interaction.client.services.job_controls.seen(job_id, requester_of(interaction)))
    if job.requester.user_id != interaction.user.id and unapproved(job):
        raise NotYours(requester_id=job.requester.user_id)
    return job


def _models(interaction: Interaction, job: Job) -> tuple[Model, Sequence[Model]]:
    """The job's own model, or the usual one where that is not to be had any more, and all that take the same files."""
    policy, by, operation = interaction.client.services.policy, requester_of(interaction), job.request.operation
    usual = policy.choose(operation, None, by)
    models = [model for model in policy.offered(operation, by) if model.files.keys() >= job.request.files.keys()]
    own = next((model for model in models if model.name == job.request.model), None)
    return own or next(iter(models), usual), models


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    change = ChangeButton()
    bot.persist(JOB_BUTTONS[Verb.REVISE], change.open)
    bot.persist(CHANGE_FORM, change.take)
    await bot.add_cog(change)
