"""A prompt as the member saw it."""

from __future__ import annotations

import pytest

from bot.rules.catalog import load_catalog
from bot.rules.prompt_text import MentionNames, as_seen, mentioned, without_emoji_ids
from bot.rules.requests import Inputs, compose

NAMES = MentionNames(members={1: "Ada", 7: "@home"}, roles={2: "Artists"}, channels={3: "general"})


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a <:blobcat:123> and <a:party_cat:4567>", "a :blobcat: and :party_cat:"),
        ("<@1> and <@!1> dance", "@Ada and @Ada dance"),
        ("<@7>", "@home"),
        ("<@&2> meet in <#3>", "@Artists meet in #general"),
        ("<@9> of <@&9> in <#9>", "@someone of @role in #channel"),
        ("as </t2v:12345> does, or </limits set:1>", "as /t2v does, or /limits set"),
        ("1 < 2 > 0, <3, <b>, <@x>, <:no id:>, @everyone", "1 < 2 > 0, <3, <b>, <@x>, <:no id:>, @everyone"),
        ("<@11111111111111111111111>", "<@11111111111111111111111>"),
    ],
)
def test_what_discord_writes_as_ids_becomes_what_the_member_saw(written: str, seen: str) -> None:
    assert as_seen(written, NAMES) == seen
    assert as_seen(seen, NAMES) == seen


def test_emoji_need_nobody_to_be_asked_for_a_name() -> None:
    assert without_emoji_ids("<:blobcat:1> <@1>") == ":blobcat: <@1>"
    assert mentioned("<@1> <@&2> <#3> <:cat:4>") == {1, 2, 3}


def test_a_prompt_fits_by_what_was_seen_and_not_by_the_ids_of_its_emoji() -> None:
    model = load_catalog().get("lucy-pro-t2v")
    prompt = "<:blobcat:123456789012345678>" * 100
    assert compose(model, Inputs(prompt=prompt)).inputs.prompt == ":blobcat:" * 100
