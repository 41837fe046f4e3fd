"""The page by itself, with a puppet for a bot: what Discord's users expect of a channel, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import pytest_asyncio
from discord import ui
from playwright.async_api import Browser, Page, expect

from sandbox.discord import DiscordStandIn
from sandbox.playground import add_playground
from tests.adapters.sandbox_discord_bot import Puppet, running
from tests.browser import DROP, open_page, watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NASTY = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
PASTE = """([selector, name]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["not really a picture"], name, { type: "image/png" }));
    const event = new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
    document.querySelector(selector).dispatchEvent(event);
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def standin() -> AsyncIterator[DiscordStandIn]:
    discord_standin = DiscordStandIn()
    add_playground(discord_standin.app)
    async with discord_standin as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def puppet(standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Puppet]:
    async with running(standin, monkeypatch) as bot:
        yield bot


@pytest_asyncio.fixture(loop_scope="session")
async def page(standin: DiscordStandIn, puppet: Puppet, browser: Browser) -> Page:
    return await open_page(browser, standin.url)


async def run(page: Page, text: str) -> None:
    await page.locator("#composer-input").focus()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def test_names_prompts_and_cards_are_text_and_never_markup(page: Page, puppet: Puppet) -> None:
    async def answer(interaction: Any) -> None:
        embed = discord.Embed(title=NASTY, description=NASTY).set_footer(text=NASTY).add_field(name=NASTY, value=NASTY)
        view = ui.View(timeout=None).add_item(ui.Button(label=NASTY[:80], custom_id="x"))
        await interaction.response.send_message(NASTY, embed=embed, view=view)

    puppet.act = answer
    await run(page, "/do " + NASTY)
    message = page.locator(".message")
    await expect(message).to_contain_text(NASTY)
    await page.keyboard.type(NASTY)
    await page.keyboard.press("Enter")
    await expect(message).to_have_count(2)
    assert await page.locator("#log img, #log script").count() == 0
    assert "broken" not in await page.title()


async def test_names_of_servers_members_roles_and_files_are_text_and_never_markup_or_links(
    standin: DiscordStandIn, puppet: Puppet, browser: Browser
) -> None:
    film, grace = standin.guild("Film Club"), standin.member("Grace")
    hostile = f"{NASTY} **x** [l](https://evil.test/a)"
    film.name, grace.user.name = hostile, hostile
    role = standin.add_role(film, hostile, to=())

    async def answer(interaction: Any) -> None:
        silent = discord.AllowedMentions.none()
        await interaction.response.send_message(f"{grace.mention} <@&{role.id}>", allowed_mentions=silent)

    puppet.act = answer
    page = await open_page(browser, standin.url)
    picture = NASTY.partition("<script>")[0]
    said = await grace.say("general", "", [(f"{picture} **x**.{ending}", b"no picture") for ending in ("png", "txt")])
    await grace.say("general", "look", reply_to=said)
    await run(page, "/do ")
    message = page.locator(".message")
    await expect(message).to_have_count(3)
    for shown in (message.nth(0).locator(".file-card"), message.nth(0).locator(".attachment.image")):
        await expect(shown).to_contain_text(f"{picture} **x**")
    for shown in (message.nth(0), message.nth(1).locator(".origin").first, page.locator("#sidebar h2")):
        await expect(shown).to_contain_text(hostile)
    await expect(message.nth(2)).to_contain_text(f"@{hostile} @{hostile}")
    assert await page.locator("[src='x'], [onerror], body script, strong, a[href*='evil']").count() == 0
    assert "broken" not in await page.title()


async def test_a_private_answer_is_marked_can_be_dismissed_and_is_not_shown_to_others(
    page: Page, puppet: Puppet, browser: Browser, standin: DiscordStandIn
) -> None:
    async def answer(interaction: Any) -> None:
        await interaction.response.send_message("Between us", ephemeral=True)

    puppet.act = answer
    other = await open_page(browser, standin.url)
    await other.locator("select.who").select_option(label="Grace")
    await run(page, "/do ")
    await expect(page.locator(".only-you")).to_contain_text("Only you can see this")
    await run(other, "hello")
    await expect(other.locator(".message")).to_have_count(1)
    await page.get_by_role("button", name="Dismiss message").click()
    await expect(page.locator(".message", has_text="Between us")).to_have_count(0)


async def test_thinking_is_shown_until_the_answer_and_an_edit_leaves_a_mark(page: Page, puppet: Puppet) -> None:
    async def answer(interaction: Any) -> None:
        await interaction.response.defer()
        await expect(page.locator(".thinking")).to_contain_text("Clapper is thinking")
        await interaction.edit_original_response(content="Here")
        await interaction.edit_original_response(content="Here it is")

    puppet.act = answer
    await run(page, "/do ")
    await expect(page.locator(".message")).to_contain_text("Here it is (edited)")
    await expect(page.locator("div.origin > .origin")).to_contain_text("Ada used /do")


async def test_a_bot_that_says_nothing_is_reported_as_discord_reports_it(page: Page, standin: DiscordStandIn) -> None:
    await run(page, "/do ")
    await expect(page.locator(".sending")).to_contain_text("Sending command")
    standin.clock.advance(4)
    await expect(page.locator(".sending")).to_contain_text("The application did not respond")


async def test_the_command_list_filters_and_is_driven_by_the_keyboard(page: Page) -> None:
    await page.keyboard.type("/")
    rows = page.locator(".popup-row")
    await expect(rows.first).to_be_visible()
    everything = await rows.count()
    await page.keyboard.type("lim")
    await expect(rows).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.locator(".command-name")).to_have_text("/limits set")
    await expect(page.locator(".chip label")).to_have_text("amount")
    await page.keyboard.press("Enter")
    await expect(page.locator(".composer-problem")).to_contain_text("required")
    await page.keyboard.type("many")
    await page.keyboard.press("Enter")
    await expect(page.locator(".composer-problem")).to_contain_text("whole number")
    await page.keyboard.press("Escape")
    await expect(page.locator("#composer-input")).to_be_focused()
    assert everything >= 3


async def test_options_take_names_typed_in_a_row_choices_and_suggestions(page: Page, puppet: Puppet) -> None:
    seen: list[dict[str, Any]] = []

    async def answer(interaction: Any) -> None:
        seen.append(dict(interaction.extras))
        await interaction.response.send_message("Taken")

    puppet.act = answer
    await page.keyboard.type("/do prompt:a cat: on a roof seed:7 member:gra")
    await expect(page.locator(".popup-row.active")).to_contain_text("Grace")
    await page.keyboard.press("Enter")
    await page.keyboard.type(" ")
    await page.get_by_role("button", name="model").click()
    await expect(page.locator(".popup-row").first).to_contain_text("-0")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_contain_text("Taken")
    assert seen[0]["prompt"] == "a cat: on a roof"
    assert seen[0]["seed"] == 7
    assert seen[0]["member"].name == "grace"
    assert seen[0]["model"] == "1"


async def test_choices_that_do_not_come_in_time_are_said_to_have_failed(
    page: Page, puppet: Puppet, standin: DiscordStandIn
) -> None:
    await puppet.close()
    await page.locator("#composer-input").focus()
    await page.keyboard.type("/do ")
    await page.get_by_role("button", name="model").click()
    await page.keyboard.type("x")
    asked = standin.core.interactions.all
    while not any(one.data["options"][-1]["value"] == "x" for one in list(asked.values())):
        await page.evaluate("0")  # let the page ask
    standin.clock.advance(3)
    await expect(page.locator(".popup")).to_contain_text("Loading options failed")


async def test_files_come_by_drop_and_paste_onto_options_and_messages(page: Page, puppet: Puppet) -> None:
    names: list[str] = []

    async def answer(interaction: Any) -> None:
        names.append(interaction.extras["image"].filename)
        await interaction.response.send_message("Taken")

    puppet.act = answer
    await page.keyboard.type("/do ")
    await page.evaluate(DROP, ["#chat", "harbour.jpg"])
    await expect(page.locator(".chip.file")).to_contain_text("harbour.jpg")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_contain_text("Taken")
    await page.evaluate(PASTE, ["#composer-input", "pasted.png"])
    await page.evaluate(DROP, ["#chat", "ball.mp4"])
    await expect(page.locator(".preview")).to_have_count(2)
    await run(page, "look")
    await expect(page.locator(".message video")).to_have_count(1)
    assert names == ["harbour.jpg"]


async def test_a_reply_quotes_its_message_and_sends_a_slash_as_text(page: Page, puppet: Puppet) -> None:
    await run(page, "a picture to move")
    await expect(page.locator(".message")).to_have_count(1)
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("r")
    await expect(page.locator(".reply-bar")).to_contain_text("Replying to Ada")
    await run(page, "/animate make it snow")
    await expect(page.locator(".message").nth(1)).to_contain_text("a picture to move")
    heard = await puppet.until(lambda: len(puppet.heard) == 2 and puppet.heard)
    assert heard[1].reference.message_id == heard[0].id


class _Form(ui.Modal, title="Animate this"):
    prompt: ui.Label[Any] = ui.Label(text="Prompt", component=ui.TextInput(min_length=3))
    pace: ui.Label[Any] = ui.Label(
        text="Pace", component=ui.Select(options=[discord.SelectOption(label=name) for name in ("Slow", "Fast")])
    )
    size: ui.Label[Any] = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            options=[discord.RadioGroupOption(label=name, value=name[0]) for name in ("Big", "Tiny")]
        ),
    )
    style: ui.Label[Any] = ui.Label(text="Style", component=ui.FileUpload(required=False, max_values=2))

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Any] = []

    async def on_submit(self, interaction: Any) -> None:
        parts: list[Any] = [self.prompt.component, self.pace.component, self.size.component, self.style.component]
        self.got = [parts[0].value, parts[1].values, parts[2].value, [file.filename for file in parts[3].values]]
        await interaction.response.send_message("Thank you")


async def test_the_apps_menu_opens_a_form_that_the_keyboard_can_fill_in(page: Page, puppet: Puppet) -> None:
    form = _Form()

    async def answer(interaction: Any) -> None:
        await interaction.response.send_modal(form)

    puppet.act = answer
    await run(page, "a picture")
    await expect(page.locator(".message")).to_have_count(1)
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ContextMenu")
    await expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await page.keyboard.press("a")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Animate this")
    await page.keyboard.type("it")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("at least 3 characters")
    await page.keyboard.type(" snows")
    await page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowDown", "Enter", "Tab", "Space"):
        await page.keyboard.press(key)
    await page.evaluate(DROP, [".dropzone", "painting.png"])
    await expect(page.locator("dialog .preview")).to_contain_text("painting.png")
    await page.get_by_role("button", name="Submit").press("Enter")
    await expect(page.locator(".message").nth(1)).to_contain_text("Thank you")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert form.got == ["it snows", ["Fast"], "B", ["painting.png"]]


async def test_panels_show_their_parts_and_send_what_is_pressed_and_chosen(page: Page, puppet: Puppet) -> None:
    said: list[Any] = []

    async def answer(interaction: Any) -> None:
        panel = ui.LayoutView(timeout=None)
        choice: ui.Select[Any] = ui.Select(
            custom_id="choose",
            max_values=2,
            options=[discord.SelectOption(label=name) for name in ("One", "Two", "Three")],
        )
        section: ui.Section[Any] = ui.Section(
            ui.TextDisplay("**Models**\nall"), accessory=ui.Button(label="Change", custom_id="press")
        )
        panel.add_item(ui.Container(ui.TextDisplay("## Settings"), ui.Separator(), section, ui.ActionRow(choice)))
        await interaction.response.send_message(view=panel)

    async def pressed(interaction: Any) -> None:
        said.append((interaction.data["custom_id"], interaction.data.get("values")))
        await interaction.response.send_message(f"Heard {len(said)}", ephemeral=True)

    puppet.act, puppet.on_press = answer, pressed
    await run(page, "/do ")
    await expect(page.locator(".container .h")).to_have_text("Settings")
    await page.get_by_role("button", name="Change").click()
    await expect(page.locator(".message", has_text="Heard 1")).to_have_count(1)
    await page.get_by_role("combobox", name="Make a selection").focus()
    for key in ("ArrowDown", "Space", "End", "Space", "Escape"):
        await page.keyboard.press(key)
    await expect(page.locator(".message", has_text="Heard 2")).to_have_count(1)
    assert said == [("press", None), ("choose", ["One", "Three"])]


async def test_a_button_that_nobody_answers_says_so_under_its_message(
    page: Page, puppet: Puppet, standin: DiscordStandIn
) -> None:
    async def answer(interaction: Any) -> None:
        view = ui.View(timeout=None).add_item(ui.Button(label="Again", custom_id="again"))
        await interaction.response.send_message("Done", view=view)

    puppet.act = answer
    await run(page, "/do ")
    await page.get_by_role("button", name="Again").click()
    await puppet.until(lambda: puppet.results)
    await page.wait_for_selector(".message.waiting")
    standin.clock.advance(4)
    await expect(page.locator(".failure .failure")).to_have_text("This interaction failed")


async def test_an_edit_of_the_text_leaves_a_playing_video_alone(page: Page, puppet: Puppet) -> None:
    await page.evaluate(DROP, ["#chat", "ball.mp4"])
    await expect(page.locator(".preview")).to_have_count(1)
    await run(page, "look")
    await page.locator(".message video").evaluate("video => { window.kept = video; }")
    await page.evaluate(
        """async () => {
            const { putMessage, store } = await import("/static/js/store.js");
            const [message] = [...store.messages.values()];
            putMessage({ ...message, content: "changed", edited_timestamp: message.timestamp });
        }"""
    )
    await expect(page.locator(".message")).to_contain_text("changed (edited)")
    assert await page.evaluate("document.querySelector('.message video') === window.kept")


async def test_stamps_tick_with_the_stand_ins_clock(page: Page, puppet: Puppet, standin: DiscordStandIn) -> None:
    async def answer(interaction: Any) -> None:
        await interaction.response.send_message(f"since {discord.utils.format_dt(standin.clock.now(), 'R')}")

    puppet.act = answer
    await run(page, "/do ")
    await expect(page.locator(".stamp")).to_contain_text("second")
    await page.get_by_role("button", name="Misbehave").click()
    await page.get_by_role("button", name="16 minutes later").click()
    await expect(page.locator(".stamp")).to_have_text("16 minutes ago")


async def test_people_servers_and_private_messages_can_be_switched(page: Page, puppet: Puppet) -> None:
    await page.keyboard.type("/adm")
    await expect(page.locator(".popup-row")).to_have_count(0)
    await page.locator("select.who").select_option(label="Linus (admin)")
    await page.locator("#composer-input").fill("/adm")
    await expect(page.locator(".popup-row")).to_have_count(1)
    await page.get_by_role("button", name="Test Kitchen").click()
    await expect(page.locator("#sidebar h2")).to_have_text("Test Kitchen")
    await page.get_by_role("button", name="Direct messages").click()
    await run(page, "hello")
    heard = await puppet.until(lambda: puppet.heard)
    assert (heard[0].author.name, heard[0].guild) == ("linus", None)
    await page.reload()
    await expect(page.locator(".message")).to_contain_text("hello")


async def test_the_state_of_the_bot_is_shown_live(page: Page, puppet: Puppet) -> None:
    await expect(page.locator(".bot-state")).to_have_text("Bot online")
    await puppet.close()
    await expect(page.locator(".bot-state")).to_have_text("Bot offline")


@pytest.mark.parametrize("dark", [True, False])
async def test_a_phones_width_holds_everything(
    standin: DiscordStandIn, puppet: Puppet, browser: Browser, *, dark: bool
) -> None:
    async def answer(interaction: Any) -> None:
        embed = discord.Embed(title="✅ Done", description="> " + "a long prompt " * 20 + "\n" + "x" * 300)
        view = ui.View(timeout=None)
        for label in ("Again", "Use this", "Delete", "Get it"):
            view.add_item(ui.Button(label=label, custom_id=label))
        await interaction.response.send_message("y" * 200, embed=embed, view=view)

    puppet.act = answer
    page = await open_page(browser, standin.url, width=375, height=740, dark=dark)
    await run(page, "/do ")
    await expect(page.get_by_role("button", name="Get it")).to_be_in_viewport()
    widths = await page.evaluate("[document.documentElement.scrollWidth, document.querySelector('#log').scrollWidth]")
    assert widths == [375, 375]
    await page.get_by_role("button", name="Servers and channels").click()
    await page.get_by_role("button", name="clips").click()
    await expect(page.locator("#chat-header h1")).to_have_text("clips")


async def test_the_language_of_the_client_and_the_server_can_be_switched(
    standin: DiscordStandIn, puppet: Puppet, page: Page
) -> None:
    command = {"name": "shoot", "description": "Makes it", "description_localizations": {"de": "Macht es"}, "type": 1}
    known = [one.to_dict(puppet.tree) for one in puppet.tree.get_commands()]
    await puppet.http.bulk_upsert_global_commands(puppet.application_id or 0, [*known, command])
    spoken: list[tuple[str, str]] = []

    async def answer(interaction: Any) -> None:
        spoken.append((str(interaction.locale), str(interaction.guild_locale)))
        await interaction.response.send_message(r"<t:0:D> eine\_Katze")

    puppet.act = answer
    await page.get_by_role("button", name="Language", exact=True).click()
    await page.locator("#language").select_option("de")
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await page.locator("#composer-input").focus()
    await page.keyboard.type("/shoot")
    await expect(page.locator(".popup-note")).to_have_text("Macht es")
    await page.locator("#composer-input").fill("")
    await run(page, "/do ")
    message = page.locator(".message")
    await expect(message).to_contain_text("Januar 1970")
    await expect(message).to_contain_text("eine_Katze")
    assert spoken == [("de", "de")]


async def test_whoever_reads_from_the_right_sees_it_so_and_a_clock_of_their_own(
    standin: DiscordStandIn, puppet: Puppet, page: Page
) -> None:
    async def answer(interaction: Any) -> None:
        await interaction.response.send_message("قطة\na cat <t:54000:t>")

    puppet.act = answer
    await page.get_by_role("button", name="Language", exact=True).click()
    await page.locator("#hours").select_option("h23")
    await run(page, "/do ")
    lines = page.locator(".message .line")
    await expect(lines.nth(1)).to_contain_text(re.compile(r"\d\d:00(?! [AP]M)"))
    directions = await lines.evaluate_all("(lines) => lines.map((line) => getComputedStyle(line).direction)")
    assert directions == ["rtl", "ltr"]
    await page.locator("#language").select_option("ar")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    left = "(places) => places.map((place) => document.querySelector(place).getBoundingClientRect().left)"
    rail, chat = await page.evaluate(left, ["#rail", "#chat"])
    assert rail > chat


async def test_nothing_is_asked_of_any_other_machine(standin: DiscordStandIn, puppet: Puppet, browser: Browser) -> None:
    async def answer(interaction: Any) -> None:
        embed = discord.Embed(description="https://example.invalid/a.png").set_image(
            url="https://example.invalid/a.png"
        )
        await interaction.response.send_message("https://example.invalid", embed=embed)

    puppet.act = answer
    page = await open_page(browser, standin.url)
    seen = watch(page)
    await run(page, "/do ")
    await expect(page.locator(".outside")).to_contain_text("outside the playground")
    policy = await page.evaluate("fetch('/').then((answer) => answer.headers.get('Content-Security-Policy'))")
    assert [url for url in seen.requests if not url.startswith((standin.url, "blob:"))] == []
    assert seen.complaints == []
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_no_message_is_wider_than_a_phone_and_commands_read_from_the_left_in_arabic(
    standin: DiscordStandIn, puppet: Puppet, browser: Browser
) -> None:
    async def answer(interaction: Any) -> None:
        select = ui.Select[ui.View](placeholder="word " * 29, options=[discord.SelectOption(label="long " * 19)])
        embed = discord.Embed(title="long" * 60, description="long" * 200).set_footer(text="long" * 60)
        await interaction.response.send_message("long" * 100, embed=embed, view=ui.View(timeout=None).add_item(select))

    puppet.act = answer
    phone = await open_page(browser, standin.url, width=375, height=740)
    await run(phone, "/do ")
    await expect(phone.locator(".message .listbox")).to_be_visible()
    assert await phone.locator("#log").evaluate("(log) => log.scrollWidth <= log.clientWidth")
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await phone.get_by_role("button", name="Language").click()
    await phone.locator("#language").select_option("ar")
    await expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    await phone.get_by_role("button", name="Language").click()
    await phone.locator("#composer-input").focus()
    await phone.keyboard.type("/")
    title = phone.locator(".popup-title bdi").first
    await expect(title).to_have_text(re.compile("^/"))
    assert await title.evaluate("(one) => getComputedStyle(one).direction") == "ltr"
    assert await phone.locator("#log").evaluate("(log) => log.scrollWidth <= log.clientWidth")
