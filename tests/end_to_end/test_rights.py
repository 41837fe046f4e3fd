"""Random presses, forms, commands and words typed into options, of members, moderators and strangers of three servers,
through Discord, against a plain model of who may do what. Each costs a tenth of a second, so that there are few;
`--presses 50000` makes 10,000 of them."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.app import App
from bot.chat.floods import Floods
from bot.rules.jobs import Job, Requester
from bot.rules.limit_rules import LimitBook
from sandbox.discord import Invocation
from sandbox.discord.permissions import MANAGE_GUILD, MANAGE_MESSAGES
from tests.end_to_end.conftest import PATIENCE_SECONDS, Json, Stage
from tests.end_to_end.material import sample

FILM, KITCHEN, BOOKS = "Film Club", "Test Kitchen", "Book Club"
PLACES = (f"{FILM}#general", f"{FILM}#clips", f"{KITCHEN}#general", f"{BOOKS}#general")
RIGHTS = {"admins_only", "moderators_only", "not_yours", "job_gone", "command_outdated"}
"""What a refusal for lack of a right is called; other refusals come to those who may."""

ADMINS = {FILM: {"Linus"}, KITCHEN: {"Linus"}, BOOKS: {"Mallory"}}
MODERATORS = {FILM: {"Linus"}, KITCHEN: {"Linus", "Ada"}, BOOKS: {"Mallory"}}
OF_ONE_CHANNEL = {f"{FILM}#clips": {"Grace"}}
IN = {FILM: {"Ada", "Grace", "Linus"}, KITCHEN: {"Ada", "Grace", "Linus"}, BOOKS: {"Mallory", "Grace"}}


@dataclass(frozen=True)
class Made:
    """A job of the run, where its card is, and a word that stands in its prompt alone."""

    job_id: str
    owner: str
    place: str
    private: bool
    word: str
    card: Json

    @property
    def server(self) -> str:
        return self.place.partition("#")[0]


def moderates(who: str, place: str, made: Made) -> bool:
    server = place.partition("#")[0]
    here = place == made.place and who in OF_ONE_CHANNEL.get(place, ())
    return server == made.server and (who in MODERATORS[server] or here)


def may(act: str, who: str, place: str, made: Made, *, on_its_card: bool) -> bool:
    """The plain model."""
    server = place.partition("#")[0]
    own = who == made.owner
    match act:
        case "again" | "revise":
            return on_its_card and (own or (server == made.server and not made.private))
        case "cancel":
            return own or moderates(who, place, made)
        case "delete":
            return on_its_card and (own or moderates(who, place, made))
        case "get":
            return on_its_card and (own or (moderates(who, place, made) and not made.private))
        case "approve" | "block" | "deny" | "deny form":
            return who in MODERATORS[server] and (act == "deny" or server == made.server)
        case "own show" | "own cancel":
            return own
        case "stats" | "usage":
            return who in MODERATORS[server]
        case "limits" | "settings" | "panel" | "rules form" | "rules typed":
            return who in ADMINS[server]
        case _:
            return True


PRESSES = ("again", "revise", "cancel", "delete", "get", "approve", "block", "deny")
OWN = ("own show", "own cancel")
FORMS = ("deny form", "rules form")
COMMANDS = ("stats", "usage", "limits", "settings", "t2v", "rules typed")


class Run:
    """People who try, and what is seen of what came of it."""

    def __init__(self, stage: Stage, app: App, seed: int) -> None:
        self.stage, self.app, self.chance = stage, app, random.Random(seed)
        self.seconds = 0.0
        self.made: list[Made] = []
        self.lists: dict[str, Json] = {}
        self.pictures: dict[str, Json] = {}
        self.ended: set[str] = set()
        self.refused: list[tuple[str, str]] = []

    async def prepare(self) -> None:
        discord = self.stage.discord
        mallory = discord.add_user("Mallory")
        books = discord.add_guild(BOOKS, mallory, ("Grace",))
        discord.add_role(books, "Owners", MANAGE_GUILD | MANAGE_MESSAGES, to=("Mallory",))
        discord.add_role(discord.guild(KITCHEN), "Cooks", MANAGE_MESSAGES, to=("Ada",))
        clips = discord.channel(f"{FILM}#clips")
        discord.set_permissions(clips, discord.member("Grace").user, allow=MANAGE_MESSAGES)
        self._watch()
        for server in IN:
            guild_id = int(discord.guild(server).id)
            by = Requester(user_id=1, name="it", guild_id=guild_id, channel_id=1, admin=True)
            await self.app.parts.services.guilds.rework(guild_id, by, lambda _: {"limits": LimitBook()})
        for number, place in enumerate(PLACES):
            server = place.partition("#")[0]
            for who in sorted(IN[server]):
                for private in (False, True) if who == min(IN[server]) else (False,):
                    await self._make(who, place, private=private, word=f"word{number}{who}{private}".casefold())
            poster = discord.member(min(IN[server]))
            self.pictures[place] = await poster.say(place, "look", [sample("cat.png")])
        for who in sorted({who for members in IN.values() for who in members}):
            place = next(place for place in PLACES if who in IN[place.partition("#")[0]])
            asked = await discord.member(who).slash(place, "jobs")
            self.lists[who] = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)

    async def _make(self, who: str, place: str, *, private: bool, word: str) -> None:
        asked = await self.stage.discord.member(who).slash(place, "t2v", prompt=f"a {word}", private=private)
        card = await self.stage.see(asked, "pending")
        job_id = str(card["components"][0]["components"][0]["custom_id"]).rpartition(":")[2]
        self.made.append(Made(job_id, who, place, private, word, card))

    def _watch(self) -> None:
        """Have it noted when the bot is done with an interaction, since a refusal is known by then, and so is none."""
        bot: Any = self.app.parts.bot
        press, call, failed = bot.on_interaction, bot.tree._call, bot.tree.on_error

        async def on_interaction(interaction: Any) -> None:
            await press(interaction)
            if interaction.type.name in {"component", "modal_submit"}:
                self._note(interaction)

        async def called(interaction: Any) -> None:
            await call(interaction)
            self._note(interaction)

        async def on_error(interaction: Any, error: Any) -> None:
            await failed(interaction, error)
            self._note(interaction)

        bot.on_interaction, bot.tree._call, bot.tree.on_error = on_interaction, called, on_error

    def _note(self, interaction: Any) -> None:
        self.ended.add(str(interaction.id))
        self.stage.discord.core.bus.stir()

    async def step(self) -> None:
        """One try of somebody, somewhere they are."""
        who, place = self._somebody()
        made = self.chance.choice(self.made)
        act = self.chance.choice([*PRESSES * 3, *OWN * 2, *FORMS, "panel", *COMMANDS])
        on_its_card = self.chance.random() < 0.5 and self._sees(who, made)
        if on_its_card and act in PRESSES:
            place = made.place
        before = await self._facts(made)
        self.refused.clear()
        asked = await self._try(act, who, place, made, on_its_card=on_its_card)
        await self.stage.discord.until(lambda: asked.id in self.ended, PATIENCE_SECONDS, "the end of the try")
        let_in = not any(key in RIGHTS for _, key in self.refused)
        told = f"{act} of {made} by {who} in {place}: {self.refused}"
        assert let_in is may(act, who, place, made, on_its_card=on_its_card), told
        assert let_in or await self._facts(made) == before, f"what is refused changes nothing: {told}"
        assert all(one == self.stage.discord.member(who).id for one, _ in self.refused), told
        self._check_secrets(who, asked, told)

    def _somebody(self) -> tuple[str, str]:
        place = self.chance.choice(PLACES)
        return self.chance.choice(sorted(IN[place.partition("#")[0]])), place

    def _sees(self, who: str, made: Made) -> bool:
        """Whether they see the card, and it still is one: it is left where its owner has it shown elsewhere."""
        if who not in IN[made.server]:
            return False
        there = self.stage.discord.member(who).sees(made.place, 500)
        return any(one["id"] == made.card["id"] and made.job_id in json.dumps(one["components"]) for one in there)

    async def _try(self, act: str, who: str, place: str, made: Made, *, on_its_card: bool) -> Invocation:
        member = self.stage.discord.member(who)
        match act:
            case "own show" | "own cancel":
                verb = act.removeprefix("own ")
                return await member.press(self.lists[who], f"clapper:own:{verb}:0:{made.job_id}", raw=True)
            case "deny form" | "rules form":
                opened = await member.menu(self.pictures[place], "Animate")
                await opened.opened_modal(PATIENCE_SECONDS)
                assert opened.modal is not None
                forged = f"clapper:denied:{made.job_id}" if act == "deny form" else "clapper:settings:1:prompts:rules"
                opened.modal["custom_id"] = forged
                return await member.submit_modal(opened, {"Prompt": "because"})
            case "panel":
                carrier = self.pictures[place]
                return await member.press(carrier, "clapper:settings:1:habits:ping", raw=True)
            case "usage":
                other = self.chance.choice(sorted(IN[place.partition("#")[0]] - {who}))
                return await member.slash(place, "usage", member=other, raw=True)
            case "limits":
                return await member.slash(place, "limits full", then="queue", raw=True)
            case "rules typed":
                return member.type_in(place, "limits remove", "rule", raw=True)
            case "t2v":
                return await member.slash(place, "t2v", prompt="a ball", private=True)
            case "stats" | "settings":
                return await member.slash(place, act, raw=True)
            case _:
                carrier = made.card if on_its_card else self.pictures[place]
                return await member.press(carrier, f"clapper:{act}:{made.job_id}", raw=True)

    async def _facts(self, made: Made) -> tuple[object, ...]:
        """What a try could change of the job and its server."""
        job: Job = await self.app.parts.jobs.get(made.job_id)
        guilds = self.app.parts.services.guilds
        books = [(await guilds.settings(int(self.stage.discord.guild(name).id))).version for name in IN]
        return job.state, job.held, job.reply.message_id, job.reply.channel_id, len(job.stored), *books

    def _check_secrets(self, who: str, asked: Invocation, told: str) -> None:
        seen = json.dumps([asked.message, asked.followups, asked.modal, asked.choices])
        for made in self.made:
            theirs = made.owner == who or (not made.private and who in IN[made.server])
            assert theirs or made.word not in seen, f"{made.word} is not theirs to read: {told}"


class Refusals(logging.Handler):
    """Who was refused what, by the log."""

    def __init__(self, note: Callable[[tuple[str, str]], object]) -> None:
        super().__init__()
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        found = re.fullmatch(r"(\d+) in \(.*\) was refused: (\w+)", record.getMessage())
        if found is not None:
            self._note((found[1], found[2]))


@pytest.mark.asyncio
@pytest.mark.timeout(3600)
async def test_whoever_tries_whatever_wherever_gets_what_the_plain_model_allows(
    stage: Stage, pytestconfig: pytest.Config
) -> None:
    stage.changes["operator_limits"] = "none"
    log = logging.getLogger("bot.chat.replies.error_messages")
    level = log.level
    async with stage.clapper() as app:
        run = Run(stage, app, seed=11)
        app.parts.bot.floods = Floods(lambda: run.seconds)
        handler = Refusals(run.refused.append)
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        try:
            await run.prepare()
            for _ in range(pytestconfig.getoption("--presses") // 5):
                stage.pass_time(5)
                run.seconds += 5
                await run.step()
        finally:
            log.removeHandler(handler)
            log.setLevel(level)
