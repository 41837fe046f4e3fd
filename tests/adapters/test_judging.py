"""A prompt is judged once on its way to a job, and a long one in a thread beside the event loop."""

from __future__ import annotations

import threading

import pytest

from bot.errors import PromptBlocked
from bot.rules.jobs import Requester
from bot.rules.prompts import PATTERNS_MAX, Verdict, WordRule, judge
from bot.work.guilds import policy
from tests.adapters.runner_setup import Bench, bench, empty_url
from tests.jobs import CATALOG, GUILD, a_member, a_reply, a_request

__all__ = ["bench", "empty_url"]

RULES = (WordRule(pattern="zebra"), *(WordRule(pattern=f"word{n}") for n in range(1, PATTERNS_MAX)))
LONGEST = CATALOG.get("lucy-pro-t2v").prompt_max_chars


@pytest.mark.asyncio
@pytest.mark.parametrize(("prompt", "beside"), [("a cat", False), ("\u3300" * LONGEST, True)], ids=["short", "long"])
@pytest.mark.parametrize("blocked", [False, True])
async def test_each_prompt_is_judged_once_and_a_long_one_beside_the_event_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, prompt: str, *, beside: bool, blocked: bool
) -> None:
    by = Requester(user_id=1, name="Linus", guild_id=GUILD, channel_id=1, admin=True)
    await bench.guilds.rework(GUILD, by, lambda _: {"word_rules": RULES})
    judged: list[threading.Thread] = []

    def noting(rules: tuple[WordRule, ...], text: str) -> Verdict | None:
        judged.append(threading.current_thread())
        return judge(rules, text)

    monkeypatch.setattr(policy, "judge", noting)
    request = a_request(prompt=f"{prompt[:-6]} zebra" if blocked else prompt)
    if blocked:
        with pytest.raises(PromptBlocked):
            await bench.accept(request, a_member(), a_reply())
    else:
        await bench.accept(request, a_member(), a_reply())
    assert [thread is not threading.main_thread() for thread in judged] == [beside]
