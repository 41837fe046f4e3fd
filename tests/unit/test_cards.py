"""Cards: what the one reply says in each state, and that nothing of a stranger's gets loose in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import discord
import pytest

from bot.chat import own_jobs
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.cards import card_of, embed_of, result_name, view_of
from bot.rules.catalog import SEED_MAX, Catalog, Role, load_catalog
from bot.rules.delivery import Clip, Link
from bot.rules.jobs import Failure, Job, JobState, Reply, Requester, StoredFile
from bot.rules.requests import Attachment, Inputs, compose
from sandbox.trial import STATES
from tests.cards import state_of

CATALOG = load_catalog()
JOB_ID = "1a2b3c4d" + "0" * 24
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_job(state: JobState = JobState.PENDING, prompt: str = "a cat playing piano", **changes: object) -> Job:
    model = CATALOG.get("lucy-pro-t2v")
    job = Job(
        id=JOB_ID,
        state=state,
        request=compose(model, Inputs(prompt=prompt, seed=7, resolution="720p")),
        requester=Requester(user_id=42, name="Ada", channel_id=2, guild_id=3),
        reply=Reply(application_id=1, channel_id=2, guild_id=3, message_id=4, upload_limit_bytes=20 * 1024**2),
        accepted_at=NOON,
        expected_seconds=60,
    )
    return job.model_copy(update=changes)


@pytest.mark.parametrize(
    ("state", "sign"),
    [
        (JobState.ACCEPTED, "⏳"),
        (JobState.SUBMITTING, "⏳"),
        (JobState.PENDING, "⏳"),
        (JobState.PROCESSING, "⚙️"),
        (JobState.COMPLETED, "⚙️"),
        (JobState.DELIVERED, "✅"),
        (JobState.FAILED, "❌"),
        (JobState.CANCELLED, "🚫"),
    ],
)
def test_a_state_has_its_sign_and_a_colour_of_its_own(state: JobState, sign: str) -> None:
    card = card_of(a_job(state, failure=Failure(key="service_failed", facts={"reason": "too dark"})), CATALOG)
    assert card.title.startswith(sign)
    shown = embed_of(card).to_dict()
    assert state_of({"embeds": [shown]}) == state
    assert STATES[card.colour.value] == state, "sandbox/trial.py"
    assert "footer" not in shown


@pytest.mark.parametrize(
    ("start", "shortened", "told"),
    [
        (None, True, "The model gets the first 1 min of the clip."),
        (12.5, True, "The model gets 1 min of the clip, from 12 s on."),
        (None, False, None),
    ],
)
def test_a_card_says_which_part_of_a_clip_the_model_gets(
    start: float | None, shortened: bool, told: str | None
) -> None:
    clip = Attachment(url="https://cdn.example/x.mp4", filename="x.mp4", size_bytes=9)
    request = compose(CATALOG.get("lucy-fast-v2v"), Inputs(prompt="snow", start_seconds=start), {Role.DATA: clip})
    kept = StoredFile(
        key="k", filename="x.mp4", content_type="video/mp4", size_bytes=9, seconds=60, shortened=shortened
    )
    lines = card_of(a_job(request=request, stored={Role.DATA: kept}), CATALOG).lines
    assert [line for line in lines if "The model gets" in line] == ([told] if told else [])


def test_a_card_says_what_was_asked_in_no_words_of_machines() -> None:
    text = embed_of(card_of(a_job(), CATALOG)).description or ""
    assert "> a cat playing piano\n**Lucy Pro** · 720p · for <@42>\n" in text
    assert text.endswith("\n-# seed `7` · number `1a2b3c4d`")
    assert "lucy-pro-t2v" not in text
    assert "pending" not in text


@pytest.mark.parametrize("changes", [{"names_asker": True}, {"ephemeral": True}])
def test_a_card_names_nobody_whom_discord_names_above_it_or_who_alone_sees_it(changes: dict[str, bool]) -> None:
    job = a_job()
    card = card_of(job.model_copy(update={"reply": job.reply.model_copy(update=changes)}), CATALOG)
    assert "<@42>" not in "\n".join(card.lines)


@pytest.mark.parametrize(
    ("size", "told"),
    [((1280, 704), "720p"), ((480, 832), "480p"), ((1280, 1280), "1280 x 1280"), ((160, 88), "160 x 88")],
)
def test_a_finished_card_says_what_was_made_and_not_what_was_asked(size: tuple[int, int], told: str) -> None:
    width, height = size
    clip = Clip(path=Path("x.mp4"), filename="x.mp4", size_bytes=9, seconds=5.04, width=width, height=height)
    finished = a_job(JobState.DELIVERED)
    assert f"**Lucy Pro** · 5 s · {told} · " in card_of(finished, CATALOG, handed=clip).lines[1]
    kept = StoredFile(
        key="k", filename="x.mp4", content_type="video/mp4", size_bytes=9, seconds=4.8, width=width, height=height
    )
    stored = finished.model_copy(update={"result": kept})
    assert f"**Lucy Pro** · 4.8 s · {told} · " in card_of(stored, CATALOG).lines[1]
    small = Clip(path=Path("y.mp4"), filename="x.mp4", size_bytes=9, seconds=4.8, width=854, height=480)
    assert "**Lucy Pro** · 4.8 s · 480p · " in card_of(stored, CATALOG, handed=small).lines[1], "what was sent"


def test_times_tick_on_the_readers_screen() -> None:
    waiting = "\n".join(card_of(a_job(expected_seconds=40), CATALOG).lines)
    assert "usually takes 40 s" in waiting
    assert f"<t:{int(NOON.timestamp())}:R>" in waiting
    assert "expected" not in waiting, "the service has not taken it yet: nobody knows when it will"
    began = NOON + timedelta(seconds=9)
    job = a_job(JobState.PROCESSING, processing_at=began, submitted_at=began, expected_seconds=40)
    working = "\n".join(card_of(job, CATALOG).lines)
    assert f"Started <t:{int(began.timestamp())}:R>" in working
    assert f"usually takes 40 s · expected <t:{int(began.timestamp()) + 76}:R> or sooner" in working


def test_a_slow_job_says_so_instead_of_promising_the_past() -> None:
    job = a_job(JobState.PROCESSING, slow=True, submitted_at=NOON, processing_at=NOON, expected_seconds=40)
    text = "\n".join(card_of(job, CATALOG).lines)
    assert f"Started <t:{int(NOON.timestamp())}:R> · usually takes 40 s\nThis takes longer than usual" in text
    assert "expected" not in text


def test_of_a_model_that_has_made_nothing_yet_a_range_is_told() -> None:
    job = a_job(submitted_at=NOON, expected_seconds=CATALOG.get("lucy-pro-t2v").typical_seconds)
    text = "\n".join(card_of(job, CATALOG).lines)
    assert "takes 10 s to 2 min, as far as I know · expected <t:" in text
    assert "60 s" not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"held": True},
        {"state": JobState.SUBMITTING},
        {"state": JobState.PENDING, "submitted_at": NOON, "service_place": 3},
    ],
)
def test_nothing_is_expected_while_nobody_knows_when_it_begins(changes: dict[str, object]) -> None:
    text = "\n".join(card_of(a_job(JobState.ACCEPTED).model_copy(update=changes), CATALOG).lines)
    assert text.count(":R>") == 1
    assert "expected" not in text


def test_what_has_just_begun_did_not_begin_in_a_second() -> None:
    just_now = NOON + timedelta(seconds=0.9)
    assert f"<t:{int(NOON.timestamp())}:R>" in "\n".join(card_of(a_job(accepted_at=just_now), CATALOG).lines)


def test_made_in_does_not_count_the_wait_for_a_moderator_or_in_line() -> None:
    job = a_job(
        JobState.DELIVERED, submitted_at=NOON + timedelta(hours=1), completed_at=NOON + timedelta(hours=1, seconds=35)
    )
    assert "Made in 35 s" in card_of(job, CATALOG).lines


def test_a_failed_card_says_the_reason_and_can_leave_it_out() -> None:
    job = a_job(JobState.FAILED, failure=Failure(key="service_failed", facts={"reason": "**blocked** @everyone"}))
    full = "\n".join(card_of(job, CATALOG).lines)
    assert "“\\*\\*blocked\\*\\* @\u200beveryone”" in full
    bare = "\n".join(card_of(job, CATALOG, bare=True).lines)
    assert "blocked" not in bare
    assert "cat" not in bare
    assert "Again" in bare


def test_a_failure_of_another_version_is_told_as_ours() -> None:
    job = a_job(JobState.FAILED, failure=Failure(key="from_the_future", facts={}), refunded=True)
    assert "went wrong" in card_of(job, CATALOG).lines[-2]


def test_what_was_done_to_the_video_is_said() -> None:
    clip = Clip(
        path=Path("x.mp4"),
        filename="x.mp4",
        size_bytes=9 * 1024**2,
        note="fit_reencoded",
        note_facts={"size_bytes_before": 60 * 1024**2},
    )
    text = card_of(a_job(JobState.DELIVERED), CATALOG, handed=clip).lines[-1]
    assert "60 MB" in text
    assert "9 MB" in text


def test_a_link_is_shown_with_its_size_and_its_end() -> None:
    link = Link(url="https://example.com/v?s=1", poster=Path("p.jpg"), size_bytes=300 * 1024**2, expires_at=NOON)
    card = card_of(a_job(JobState.DELIVERED), CATALOG, handed=link)
    assert "(https://example.com/v?s=1)" in card.lines[-1]
    assert "300 MB" in card.lines[-1]
    assert embed_of(card).image.url == "attachment://poster-1a2b3c4d.jpg"


@pytest.mark.asyncio
async def test_buttons_carry_the_job_and_nothing_is_kept_of_them() -> None:
    live = view_of(card_of(a_job(), CATALOG))
    assert custom_ids(live) == [f"clapper:cancel:{JOB_ID}"]
    ended = view_of(card_of(a_job(JobState.DELIVERED), CATALOG))
    assert custom_ids(ended) == [f"clapper:{verb}:{JOB_ID}" for verb in ("again", "revise", "use", "delete")]
    assert ended.is_finished(), "else discord.py would keep it"
    assert view_of(card_of(a_job(), CATALOG)) is not live


def custom_ids(view: discord.ui.View) -> list[str]:
    return [item.custom_id for item in view.children if isinstance(item, discord.ui.Button) and item.custom_id]


def test_a_forged_custom_id_is_no_button_of_ours() -> None:
    pattern = JOB_BUTTONS[Verb.AGAIN].custom_ids
    assert pattern.fullmatch(f"clapper:again:{JOB_ID}")
    for forged in (f"clapper:again:{JOB_ID}0", f"clapper:use:{JOB_ID}", "clapper:again:../../x", f"x:again:{JOB_ID}"):
        assert pattern.fullmatch(forged) is None


@pytest.mark.parametrize(
    "prompt",
    [
        "@everyone # **x** [a](http://b)",
        "x" * 1000,
        "\u202eedoc",
        "👩\u200d🚀" * 300,
        "قطة " * 200,
        "`" * 1000,
        "\n\n# a\n",
    ],
)
def test_any_prompt_stays_inside_its_quote_and_discords_limits(prompt: str) -> None:
    if len(prompt) > 1000:
        prompt = prompt[:1000]
    embed = embed_of(card_of(a_job(prompt=prompt), CATALOG))
    assert embed.description is not None
    quote = embed.description.splitlines()[0]
    assert quote.startswith("> ")
    assert "@everyone" not in quote
    assert len(embed.description) < 4096
    assert len(embed) < 6000
    assert isinstance(embed, discord.Embed)


def test_the_same_row_gives_the_same_card() -> None:
    assert card_of(a_job(), CATALOG) == card_of(a_job(), CATALOG)
    assert card_of(a_job(), CATALOG) != card_of(a_job(JobState.PROCESSING), CATALOG)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A cat, playing piano!", "a-cat-playing-piano-1a2b3c4d.mp4"),
        ("../../etc/passwd\n", "etc-passwd-1a2b3c4d.mp4"),
        ("Müllers Öl", "mullers-ol-1a2b3c4d.mp4"),
        ("猫", "t2v-1a2b3c4d.mp4"),
        ("word " * 100, "word-word-word-word-word-word-word-word-1a2b3c4d.mp4"),
    ],
)
def test_a_video_has_a_name_that_every_device_takes(prompt: str, name: str) -> None:
    assert result_name(a_job(prompt=prompt)) == name


def test_a_card_speaks_its_requesters_language() -> None:
    job = a_job(requester=Requester(user_id=42, name="Ada", channel_id=2, locale="de"))
    card = card_of(job, CATALOG)
    assert "Wartet" in card.title
    assert card.small == "Seed `7` · Nummer `1a2b3c4d`"
    inputs = Inputs(prompt="x", orientation="portrait")
    tall = job.model_copy(update={"request": compose(CATALOG.get("lucy-pro-t2v"), inputs)})
    assert "**Lucy Pro** · hoch · " in "\n".join(card_of(tall, CATALOG).lines)


@pytest.mark.parametrize(
    ("private", "guild_locale", "title"),
    [(False, "en-US", "Waiting"), (True, "en-US", "Wartet"), (False, "de", "Wartet"), (False, None, "Wartet")],
)
def test_a_public_card_speaks_the_servers_language(private: bool, guild_locale: str | None, title: str) -> None:
    job = a_job(requester=Requester(user_id=42, name="Ada", channel_id=2, locale="de", guild_locale=guild_locale))
    job = job.model_copy(update={"reply": job.reply.model_copy(update={"ephemeral": private})})
    card = card_of(job, CATALOG)
    assert title in card.title
    assert ("Nummer" in card.small) == (title == "Wartet")


def test_seeds_are_shown_in_full() -> None:
    job = a_job(request=compose(CATALOG.get("lucy-pro-t2v"), Inputs(prompt="x", seed=SEED_MAX)))
    assert "`4294967295`" in card_of(job, CATALOG).small


def test_a_job_in_line_shows_its_place_and_how_long_that_takes() -> None:
    card = card_of(a_job(state=JobState.ACCEPTED, place=3, expected_seconds=40), CATALOG)
    assert "In line" in card.title
    assert "Place 3 in the line" in card.lines[-1]
    assert card.lines[-1].endswith("most often within 2 min.")
    started = card_of(a_job(state=JobState.ACCEPTED), CATALOG)
    assert "In line" not in started.title


@pytest.mark.parametrize(
    "changes",
    [
        {"state": JobState.ACCEPTED, "held": True},
        *({"state": JobState.FAILED, "failure": Failure(key=key)} for key in ("hold_unseen", "hold_undecided")),
        {"state": JobState.FAILED, "failure": Failure(key="prompt_denied", facts={"reason": "no pianos"})},
    ],
)
def test_what_no_moderator_has_approved_is_shown_to_its_requester_alone(changes: dict[str, object]) -> None:
    picture = Attachment(url="https://cdn.discordapp.com/a.png", filename="a.png", size_bytes=1)
    inputs = Inputs(prompt="a cat playing piano")
    request = compose(CATALOG.get("lucy-pro-i2v"), inputs, {Role.DATA: picture})
    job = a_job().model_copy(update={"request": request} | changes)
    card = card_of(job, CATALOG)
    assert "playing piano" not in str(embed_of(card).to_dict())
    assert card.thumbnail is None
    private = job.model_copy(update={"reply": job.reply.model_copy(update={"ephemeral": True})})
    for seen in (card_of(private, CATALOG), card_of(job, CATALOG, alone=True)):
        assert "playing piano" in seen.lines[0]
        assert (seen.thumbnail is not None) is job.held


@pytest.mark.parametrize(
    "key", ["prompt_denied", "content_refused", "service_refused", "result_too_large", "file_empty"]
)
def test_there_is_no_again_where_it_can_only_fail_again(key: str) -> None:
    facts = {"size_bytes": 10**9, "reason": None, "role": "the_image"}
    card = card_of(a_job(JobState.FAILED, failure=Failure(key=key, facts=facts)), CATALOG)
    assert card.buttons == (Verb.REVISE, Verb.DELETE)
    assert "Press Again" not in "\n".join(card.lines)


def test_a_model_that_was_taken_out_makes_nothing_again() -> None:
    job = a_job(JobState.DELIVERED)
    gone = job.model_copy(update={"request": job.request.model_copy(update={"model": "gone"})})
    assert Verb.AGAIN in card_of(job, CATALOG).buttons
    assert Verb.AGAIN not in card_of(gone, CATALOG).buttons
    assert Verb.REVISE in card_of(gone, CATALOG).buttons


def test_alt_text_is_the_prompt_on_one_line_and_not_what_others_may_not_read() -> None:
    job = a_job(JobState.DELIVERED, prompt="a cat\nin \u202eboots " + "very " * 190 + "big")
    alt = card_of(job, CATALOG).alt or ""
    assert alt.startswith("a cat in boots very")
    assert "\u202e" not in alt
    assert len(alt) <= 1024
    assert card_of(job, CATALOG, bare=True).alt is None
    assert card_of(a_job(JobState.ACCEPTED, held=True), CATALOG).alt is None


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"refunded": True}, "It doesn't count for the limits."),
        ({"completed_at": NOON}, "It counts for the limits, since the service did the work."),
        ({}, "Only 3 failures a day are left out of the limits, and this is one more."),
    ],
)
@pytest.mark.parametrize("key", ["service_unreachable", "service_failed", "prompt_denied"])
def test_a_failed_card_says_once_whether_it_counts(facts: dict[str, object], told: str, key: str) -> None:
    job = a_job(JobState.FAILED, failure=Failure(key=key)).model_copy(update=facts)
    lines = card_of(job, CATALOG).lines
    assert lines[-1] == told
    assert not any("count" in line for line in lines[:-1])


@pytest.mark.parametrize("knows_seeds", [True, False])
def test_ones_own_list_offers_the_same_seed_only_where_the_model_knows_seeds(knows_seeds: bool) -> None:
    model = CATALOG.get("lucy-pro-t2v")
    catalog = Catalog([model if knows_seeds else model.model_copy(update={"service": "fal", "seed_max": None})])
    view = own_jobs.detail_view(a_job(JobState.DELIVERED), catalog, own_jobs.ListView(), locale="en-US")
    labels = [item.label for item in view.children if isinstance(item, discord.ui.Button)]
    again = ["Again, same seed", "Again, new seed"] if knows_seeds else ["Again"]
    assert labels == ["Show it here", *again, "Change", "All my videos"]
