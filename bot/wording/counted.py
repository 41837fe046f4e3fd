"""The sentences that depend on a number, and on which: each language has as many forms of them as it has plurals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Counted(NamedTuple):
    """`by` is the fact whose number decides. `one` is the English form for 1, where it differs from the table's."""

    by: str
    one: str | None = None


COUNTED: Mapping[str, Counted] = {
    "prompt_too_long": Counted("length"),
    "tries_used_up": Counted(
        "amount",
        "In the last hour {amount} of your files could not be used, so I open no more for now. Please try again "
        "{frees_at} with a JPEG, PNG or MP4 that opens on your device. Commands without a file still work.",
    ),
    "too_many_rules": Counted("limit"),
    "too_many_previews": Counted("limit"),
    "trajectory_invalid_text_too_long": Counted("limit"),
    "trajectory_invalid_too_long": Counted("length", "the clip is {length} second long and this would end later"),
    "pattern_invalid_too_long": Counted("limit"),
    "pattern_invalid_too_many_words": Counted("limit"),
    "guild_settings_invalid_too_long": Counted("limit"),
    "unit_jobs": Counted("amount", "video"),
    "unit_seconds": Counted("amount", "second of video"),
    "unit_cost": Counted("amount", "US dollar"),
    "forget_warning": Counted("days"),
    "forget_done": Counted(
        "number",
        "Done. I deleted what I knew of {number} video, with its files. Of {counted} of them I keep the number alone, "
        "for the limits, until {until}.",
    ),
    "forget_done_wholly": Counted(
        "number", "Done. I deleted what I knew of {number} video, with its files. Nothing is left."
    ),
    "mydata_told": Counted(
        "number",
        "This is what I keep about you: {number} video, with what you asked for, where and when. The video and its "
        "files themselves are in **/jobs**, as long as they are kept.",
    ),
    "limits_reset": Counted(
        "number",
        "{member_id} starts anew: {number} of their videos doesn't count any more for this server's rules for each "
        "member. It still counts for the whole server's and the channels' rules.",
    ),
    "usage_chart_title": Counted("days", "{name}: the last day"),
    "usage_chart_yours": Counted("days", "Your last day"),
    "failure_counts_often": Counted(
        "amount", "Only {amount} failure a day is left out of the limits, and this is one more."
    ),
    "guild_settings_invalid_too_many": Counted("limit"),
    "usage_total": Counted("days", "{number} in the last day"),
    "models_more": Counted("number"),
    "changes_more": Counted("number"),
    "panel_deleted": Counted(
        "number", "{number} of these is not in this server any more and lets nobody in. Choose again to tidy up."
    ),
    "panel_first_only": Counted("limit"),
    "panel_ping_is_on": Counted(
        "minutes",
        "**Ping after slow jobs** is on: a member is pinged at the end of a job that took over {minutes} minute.",
    ),
    "stats_title": Counted("days", "The last day in {server}"),
    "stats_total": Counted("number"),
    "welcome": Counted(
        "at_once",
        "Hello! I make videos: type `/t2v` and say what you want to see, or `/help` for everything else.\n"
        "So that one member can't use up everybody's share, each may make {at_once} video at once and {a_day} a day. "
        "Members who manage this server see and change that with `/settings`, or with the commands of `/limits`.",
    ),
}
