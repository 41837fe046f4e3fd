"""What translators are told of each sentence: where it is shown, how long it may be, and what each fact in braces is.

`python scripts/update_catalogues.py` writes it into the comments of every `.po` file. Nothing here is shown to members.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bot.wording import english, english_settings
from bot.wording.counted import COUNTED


class WhereShown(NamedTuple):
    """Where a sentence is shown, and the most characters that Discord takes there."""

    where: str
    most_chars: int


BUTTON = WhereShown("A button's label.", 80)
DESCRIPTION = WhereShown("A description in Discord's list of commands, below the name that is typed.", 100)
EMBED_TITLE = WhereShown("The title above a message.", 256)
FORM_TITLE = WhereShown("The title of a form (a window that asks for something).", 45)
FORM_LABEL = WhereShown("The name of a field in a form.", 45)
FORM_HINT = WhereShown("The small print at a field of a form.", 100)
SELECT = WhereShown("What a list says before anything is chosen.", 150)
CHOICE = WhereShown("An entry of a list to choose from.", 100)
CHART = WhereShown("A heading in the chart of /stats and /usage, which is drawn as a picture.", 60)
FIELD = WhereShown("A heading in the message of /stats and /usage.", 256)
AUDIT_TITLE = WhereShown("The title of an entry in the audit channel, which moderators read.", 250)
NOTICE = WhereShown("A line of an entry in the audit channel or the moderators' channel.", 500)
CARD_LINE = WhereShown("A line on a job's card: the message that follows a video from the command to its end.", 500)
CARD_PART = WhereShown(
    "A short remark on a job's card, beside others, with dots between them. It begins with a small letter.", 80
)
CARD_TITLE = WhereShown("The title of a job's card: what is happening to the video now. A sign stands before it.", 80)
WORD = WhereShown("It stands inside other sentences, in place of a fact.", 120)
SETTINGS = WhereShown("In the panel of /settings, which only those see who manage the server.", 1000)
REFUSAL = WhereShown(
    "What a member is told, most often alone, when a command can't be done; then what to do instead.", 1500
)
FAILURE = WhereShown(
    "On the card of a job that failed: why, and what to do. “Again” and “Change” are its buttons.", 1500
)
ANSWER = WhereShown("The answer to a command or a button, which only that member sees.", 1900)
LIMIT_LINE = WhereShown("A line of /limits show, /usage, or of a change of limits in the audit channel.", 300)
HELP = WhereShown("A paragraph of /help.", 900)

OF_KEYS: Mapping[str, WhereShown] = {
    "role_not_allowed": REFUSAL,
    "orientation_unknown": REFUSAL,
    "orientation_unknown_unexplained": REFUSAL,
    "option_not_taken": REFUSAL,
    "option_not_taken_unexplained": REFUSAL,
    "hold_settled_already": ANSWER,
    "hold_unseen": FAILURE,
    "hold_undecided": FAILURE,
    "in_line": CARD_LINE,
    "in_line_within": CARD_LINE,
    "audit_by": NOTICE,
    "audit_reset_by": NOTICE,
    "command_outdated": FAILURE,
    "option_unreadable": FAILURE,
    "instead_of": CARD_LINE,
    "delete_question": ANSWER,
    "form_forgotten": REFUSAL,
    "form_needed": REFUSAL,
    "form_options_hint": FORM_HINT,
    "form_seed_hint": FORM_HINT,
    "form_path_hint": FORM_HINT,
    "form_reuse_hint": FORM_HINT,
    "form_patterns_about": FORM_HINT,
    "form_note_about": FORM_HINT,
    "form_file_about": FORM_HINT,
    "form_deny_reason_about": FORM_HINT,
    "form_amount_about": FORM_HINT,
    "form_channel_about": FORM_HINT,
    "form_unit_about": FORM_HINT,
    "form_block_reason_about": FORM_HINT,
    "form_window_cooldown": CHOICE,
    "form_limit": FORM_TITLE,
    "form_change_limit": FORM_TITLE,
    "form_block": FORM_TITLE,
    "form_change_title": FORM_TITLE,
    "form_path_title": FORM_TITLE,
    "form_reuse_title": FORM_TITLE,
    "form_reuse_title_picture": FORM_TITLE,
    "form_rules": FORM_TITLE,
    "form_import": FORM_TITLE,
    "form_deny": FORM_TITLE,
    "form_fold_yes": CHOICE,
    "form_fold_no": CHOICE,
    "which_one": ANSWER,
    "which_one_short": SELECT,
    "jobs_choose": SELECT,
    "jobs_all": CHOICE,
    "jobs_live": CHOICE,
    "jobs_ready": CHOICE,
    "jobs_without": CHOICE,
    "jobs_by_command": CHOICE,
    "jobs_direct": CARD_PART,
    "jobs_private": CARD_PART,
    "jobs_title": EMBED_TITLE,
    "jobs_page": WhereShown("Small, below the list of /jobs.", 200),
    "forget_title": EMBED_TITLE,
    "limits_title": EMBED_TITLE,
    "limits_how": WhereShown("Small, below the list of /limits show.", 1000),
    "usage_title": EMBED_TITLE,
    "usage_title_of": WhereShown("The title above a message. The name has 32 characters at most.", 200),
    "usage_chart_yours": WhereShown("The title of the chart of /usage, which is drawn as a picture.", 110),
    "usage_chart_title": WhereShown("The title of the chart of /usage, which is drawn as a picture.", 110),
    "stats_title": WhereShown("The title of /stats, and of its chart, which is drawn as a picture.", 110),
    "stats_outcomes": FIELD,
    "stats_latest": FIELD,
    "stats_models": FIELD,
    "stats_share": WhereShown("A line of /stats: a day, a command, a model or a member, and what they made.", 300),
    "stats_file_told": ANSWER,
    "stats_days": CHART,
    "stats_commands": CHART,
    "stats_members": CHART,
    "stats_waits": CHART,
    "stats_delivered": CHART,
    "stats_failed": CHART,
    "stats_cancelled": CHART,
    "stats_under_way": CHART,
    "stats_nothing": CHART,
    "stats_alt": WhereShown("What screen readers say of the chart.", 200),
    "models_title": EMBED_TITLE,
    "models_usual": CARD_PART,
    "models_newest": CARD_PART,
    "model_speed": WhereShown("How long a model takes, beside its name in lists of models.", 60),
    "preview_title": EMBED_TITLE,
    "help_title": EMBED_TITLE,
    "help_yours": WhereShown("A heading in /help, above the commands about one's own videos.", 80),
    "hold_title": EMBED_TITLE,
    "import_title": WhereShown("A heading in the panel of /settings, above what a file would change.", 200),
    "import_apply": BUTTON,
    "import_cancel": BUTTON,
    "panel_title": WhereShown("The title of the panel of /settings.", 200),
    "panel_choose": SELECT,
    "panel_command": SELECT,
    "panel_channels_here": SELECT,
    "panel_roles_here": SELECT,
    "panel_models_here": SELECT,
    "panel_audit_here": SELECT,
    "panel_mods_here": SELECT,
    "panel_drop_rule": SELECT,
    "panel_add_limit": SELECT,
    "panel_change_limit": SELECT,
    "panel_drop_limit": SELECT,
    "panel_presets": SELECT,
    "panel_exempt_here": SELECT,
    "panel_unblock": SELECT,
    "panel_block": BUTTON,
    "panel_undo": BUTTON,
    "panel_all_commands": CHOICE,
    "panel_export": BUTTON,
    "panel_import": BUTTON,
    "panel_refresh": BUTTON,
    "panel_everywhere": BUTTON,
    "panel_models_all": BUTTON,
    "panel_on": BUTTON,
    "panel_off": BUTTON,
    "panel_full_queue": BUTTON,
    "panel_full_refuse": BUTTON,
    "panel_add_rule": BUTTON,
    "panel_previous": BUTTON,
    "panel_next": BUTTON,
    "panel_retry": BUTTON,
    "panel_language": WhereShown(
        "What a list says before anything is chosen; a language's name follows after a colon.", 60
    ),
    "panel_language_unset": WhereShown("An entry of a list, after panel_language and a colon.", 35),
    "panel_unset": WhereShown("An entry of a list, after the setting's name and a colon.", 60),
    "panel_rule_block": CHOICE,
    "panel_rule_hold": CHOICE,
    "panel_rule_record": CHOICE,
    "panel_rule_exact": WORD,
    "welcome": WhereShown("The first message in a server that has added the bot.", 1900),
    "quoted": WhereShown("What somebody wrote, in the quotation marks of your language.", 1000),
    "failure_counts": CARD_LINE,
    "failure_counts_often": CARD_LINE,
    "failure_not_counted": CARD_LINE,
    "unexpected": ANSWER,
    "shutting_down": REFUSAL,
    "with_sound": CARD_PART,
    "without_sound": CARD_PART,
    "with_avoid": CARD_PART,
    "as_written": CARD_PART,
    "enhanced": CARD_PART,
    "asked_by": CARD_PART,
    "seed_is": CARD_PART,
    "number_is": CARD_PART,
    "picture_from": CARD_LINE,
    "takes_about": CARD_PART,
    "takes_between": CARD_PART,
    "expected_at": CARD_PART,
    "accepted_at": CARD_PART,
    "processing_at": CARD_PART,
    "took": CARD_PART,
    "hold_block_reason": WhereShown("The reason that a member who was blocked is told.", 200),
    "export_told": ANSWER,
    "direct_intro": WhereShown("A direct message with a finished video.", 1500),
    "sent_directly": WhereShown("A public message in place of a card that could not be posted.", 1500),
    "goes_on_elsewhere": CARD_LINE,
    "link_ready": CARD_LINE,
    "usage_none": ANSWER,
    "usage_exempt": ANSWER,
    "usage_total": FIELD,
    "limits_none": LIMIT_LINE,
    "limits_in_file": LIMIT_LINE,
}
"""Single sentences; the rest are in `OF_PREFIXES`, or else in `OF_TABLES`."""

OF_PREFIXES: Mapping[str, WhereShown] = {
    "button_": BUTTON,
    "command_": DESCRIPTION,
    "option_": DESCRIPTION,
    "form_": FORM_LABEL,
    "title_": CARD_TITLE,
    "orientation_": CARD_PART,
    "state_": WhereShown("{state} in “It's too late to cancel: this one is {state} already.” and its like.", 120),
    "role_": WhereShown(
        "{role} or {wanted} in sentences such as “The file for {role} is empty.” and “I need {wanted}”.", 120
    ),
    "found_": WhereShown("{found}, what a file turned out to be: “I can't use the file for …: it is {found}.”", 120),
    "whose_": WhereShown(
        "{whose}, which begins sentences such as “{whose} may make 5 videos a day, and you have made 5.”", 150
    ),
    "for_": WhereShown("{target}, which begins a line such as “{target}: 5 videos a day”.", 150),
    "scope_": WhereShown("An entry of a list, also in the audit channel: whose videos a limit counts.", 100),
    "unit_": WhereShown("{unit}, what a limit counts, after its number: “5 {unit} a day”.", 80),
    "window_": WhereShown("{window}, the time of a limit: “5 videos {window}”. Also an entry of a list.", 80),
    "permission_": WhereShown("A permission, exactly as Discord's own client calls it in your language.", 100),
    "help_page_": WhereShown("A page of /help: its button's label, and its title.", 80),
    "help_": HELP,
    "price_per_": WhereShown("What a model costs, beside its name in lists of models.", 60),
    "models_": ANSWER,
    "trajectory_invalid_": WhereShown(
        "{why}, in “The path stops making sense at “…”: {why}. …”. No full stop at its end.", 250
    ),
    "pattern_invalid_": WhereShown(
        "{why}, in “The pattern “…” can't be used: {why}. …”. No full stop at its end.", 250
    ),
    "guild_settings_invalid_": WhereShown(
        "{why}, in ““…” can't be set like that: {why}. …”. No full stop at its end.", 250
    ),
    "audit_": AUDIT_TITLE,
    "notice_": NOTICE,
    "hold_": WhereShown("A line below a held prompt in the moderators' channel: what became of it.", 500),
    "change_line": WhereShown("One change of settings, in the audit channel and before an import.", 200),
    "change_": WhereShown("A setting's name: {name} in “{name}: before → after”.", 100),
    "changes_": WhereShown("The last line below many changes of settings.", 200),
    "value_": WhereShown("A setting's value, alone or after its name.", 80),
    "ping_": WhereShown("A public message that pings a member.", 500),
    "panel_page_": WhereShown("The name of a page of the panel of /settings, in a list.", 100),
    "panel_usual_": WhereShown("A setting's name in the panel of /settings; its value follows after a colon.", 50),
    "length_": WhereShown("An entry of a list: for how long a member is blocked.", 80),
    "stats_column_": WhereShown("The head of a column in a file for spreadsheets.", 60),
    "preview_": WhereShown("In the preview of /motion, below the picture with the path.", 500),
    "forget_": ANSWER,
    "jobs_": WhereShown("In /jobs, a member's own list of videos.", 300),
    "stats_": WhereShown("In the message of /stats.", 300),
    "limits_": ANSWER,
    "limit_set": ANSWER,
    "limit_removed": ANSWER,
    "when_full_": LIMIT_LINE,
}
"""The first that the key begins with; a longer one stands before a shorter."""

OF_TABLES: tuple[tuple[Mapping[str, str], WhereShown], ...] = (
    (english.REFUSALS, REFUSAL),
    (english.GUILD, REFUSAL),
    (english.FAILURES, FAILURE),
    (english.CARD, CARD_LINE),
    (english.DRAFTS, REFUSAL),
    (english.LIMITS, LIMIT_LINE),
    (english.OWN_JOBS, ANSWER),
    (english.COMMANDS, ANSWER),
    (english_settings.NOTICES, FAILURE),
    (english_settings.PANEL, SETTINGS),
    (english_settings.STATS, ANSWER),
)

MORE: Mapping[str, str] = {
    "prompt_unreadable": "Control characters are invisible ones that no text needs.",
    "source_missing": "“Apps” is what Discord's client calls that entry of a message's menu in your language.",
    "source_hidden": "“Apps” is what Discord's client calls that entry of a message's menu in your language.",
    "source_out_of_reach": "“Apps” is what Discord's client calls that entry of a message's menu in your language.",
    "form_forgotten": "“Apps” is what Discord's client calls that entry of a message's menu in your language.",
    "text_unknown": "animate, t2v and /help stay; make it snow and a cat playing piano are prompts: translate them.",
    "text_plain": "animate, t2v and /help stay; make it snow and a cat playing piano are prompts: translate them.",
    "help_replies": "animate stays, make it snow is a prompt: translate it. “Apps” as your Discord calls it; the menu "
    "entries Animate, Restyle and Edit have English names everywhere.",
    "help_replies_video": "restyle, edit, v2v, tryon stay; as a watercolour is a prompt: translate it. “Apps” as your "
    "Discord calls it; the menu entries Restyle and Edit have English names everywhere.",
    "help_private": "private: True is typed so in every language.",
    "help_options": "The bold words are names of options, the same in every language.",
    "help_buttons": "The bold words are buttons: write them as you translated button_again, button_revise, "
    "button_cancel and button_delete.",
    "help_use": "The bold words are a button: write them as you translated button_use.",
    "help_motion": "Go is a button: write it as you translated button_go.",
    "preview_note": "The bold words are buttons: write them as you translated button_go and button_change.",
    "fleeting_note": "The bold words are a button: write them as you translated button_get.",
    "waiting_note": "The bold words are a button: write them as you translated button_get.",
    "waiting_note_picture": "The bold words are a button: write them as you translated button_get.",
    "forget_warning": "Delete is the button button_delete.",
    "limit_target_invalid": "The words in quotation marks are scope_role and scope_channel.",
    "limits_exempt": "Exempt: no limit holds for whoever has the role.",
    "mod_channel_missing": "Add rules is the button panel_add_rule.",
    "panel_silenced": "Try again is the button panel_retry.",
    "import_unread": "Export is the button panel_export.",
    "form_file_about": "Export is the button panel_export.",
    "form_path_hint": "What can be typed there. It is understood in English alone, so leave it as it is.",
    "trajectory_invalid_empty": "The shape and the points are typed so in every language.",
    "trajectory_invalid_mixed_units": "Fractions: points as parts of the picture's width and height, from 0 to 1.",
    "trajectory_invalid_no_turn": "Clockwise or not: a line has no way around, a circle has.",
    "trajectory_invalid_too_soon": "A hold: the path stays at a point for a while.",
    "option_avoid": "Also the hint of a field in a form.",
    "option_prompt": "Also the hint of a field in a form.",
    "option_path": "left to right and the points are typed so in every language.",
    "option_exempt": "True and False are what Discord's client shows to choose from; keep them if it does in yours.",
    "orientation_landscape": "Of a video's shape: wider than tall.",
    "orientation_portrait": "Of a video's shape: taller than wide.",
    "title_accepted": "The bot took the request; the service that makes videos has not got it yet.",
    "title_completed": "The service has made it; the bot is fetching it.",
    "title_waiting": "Made, but the member has to press a button to get it.",
    "title_in_line": "It waits here, as the member's or the server's limit is full at the moment.",
    "button_revise": "Under a card: opens a form to ask for it with other words or options.",
    "button_change": "Under the preview of /motion: asks for another path.",
    "button_go": "Under the preview of /motion: begins to make the video.",
    "button_use": "Takes this video as the beginning of another one.",
    "button_get": "Brings a video that is made to who presses it.",
    "button_deny": "A moderator refuses a held prompt.",
    "button_block": "A moderator refuses a held prompt, and its member may make no videos for a day.",
    "button_list": "Back to the list of one's own videos.",
    "for_you": "The member to whom it is told: “You: 5 of 20 videos a day, 15 left”.",
    "window_at_once": "How many may be under way at the same time.",
    "window_cooldown": "The wait that a member has to keep between two videos.",
    "with_avoid": "The member also wrote what should not be seen, which is not shown.",
    "instead_of": "It stands alone: {model} is the one that is not used.",
    "preview_legend": "What the marks on the preview picture mean.",
    "stats_percentiles": "Of waiting times: half of the videos were there within the one, 90 % within the other.",
    "panel_full": "At-once limit: how many videos may be under way at the same time.",
    "panel_about_prompts": "gun* and guns are an example of a pattern; write one that makes sense in your language.",
    "form_patterns_about": "gun* and guns are an example of a pattern; write the same one as in panel_about_prompts.",
    "change_ping_when_slow": "The same words as in panel_ping_is_on.",
    "change_language": "Of what everybody in the server sees.",
    "change_private_by_default": "The same words as in panel_private_is_on.",
    "change_age_restricted_only": "The same words as in panel_age_is_on, as Discord calls such channels.",
    "usage_none": "No limit of any kind: as many videos as one likes.",
    "too_late_to_cancel": "{state} is one of the words with the key state_….",
}
"""What else a translator needs to know."""

FACTS: Mapping[str, str] = {
    "a_day": "a number of videos",
    "accepted_at": "a time such as “2 minutes ago”, which Discord writes in the reader's language",
    "after": "the new value",
    "amount": "a number, or an amount of money such as 2.50",
    "asked": "a number, or an amount of money",
    "at_once": "a number of videos",
    "before": "the value until now",
    "block": "block_line with what follows it: who is blocked, until when and why",
    "bot_id": "the bot's mention, such as @Clapper",
    "box_height": "a number of pixels",
    "box_width": "a number of pixels",
    "channels": "one channel or several, such as #videos",
    "choices": "what can be chosen, with commas: names of models, 480p, 720p, numbers or the like",
    "command": "a command's name without the slash, such as animate",
    "counted": "a number of videos",
    "days": "a number of days, most often 7, 30 or 90",
    "expected_at": "a time such as “in 2 minutes”, which Discord writes in the reader's language",
    "expires_at": "a time such as “in 2 hours”, which Discord writes in the reader's language",
    "first": "a number",
    "forgetme": "the command /forgetme, to be pressed",
    "found": "what the file is: one of the sentences with the key found_…, or a name such as PNG",
    "frees_at": "a time such as “in 2 hours”, which Discord writes in the reader's language",
    "height": "a number of pixels",
    "highest": "a number",
    "host": "a web server's name, such as example.com",
    "id": "a long number that Discord gives to everything",
    "job": "the number of a job, such as 1a2b3c",
    "jobs": "the command /jobs, to be pressed",
    "last": "a number",
    "left": "a number, or an amount of money",
    "length": "a number",
    "limit": "a number, the most that is possible",
    "limit_bytes": "a size, such as 20 MB",
    "limit_pixels": "a large number of pixels",
    "limit_seconds": "a length of time, such as 1 min",
    "limit_side": "a number of pixels",
    "limits": "the command /limits show, to be pressed",
    "list": "channels, roles or permissions, with commas, or a word with the key value_…",
    "longest_seconds": "a length of time, such as 2 min 5 s",
    "lowest": "a number",
    "median_seconds": "a length of time, such as 40 s",
    "member": "a member's mention, such as @Mia",
    "member_id": "a member's mention, such as @Mia",
    "menu": "an entry of the menu Apps, in English everywhere, such as Animate",
    "minutes": "a number of minutes",
    "model": "the name of a model (a program that makes videos), such as Lucy Pro",
    "models": "names of models, with commas",
    "motion": "the command /motion, to be pressed",
    "mydata": "the command /mydata, to be pressed",
    "name": "a member's name, or the name of a setting (change_…)",
    "note": "what an admin of the server wrote",
    "number": "a number",
    "option": "an option's name, the same in every language, such as resolution",
    "other": "another thing of the same kind: a model's name, or a word of a path",
    "page": "a number",
    "pages": "a number",
    "pattern": "a word or pattern that an admin wrote, such as gun*",
    "permissions": "permissions as Discord calls them, with commas",
    "place": "a number: 1 is the next",
    "posted_by_id": "a member's mention, such as @Mia",
    "posted_in": "the address of a message",
    "preset": "the name of ready-made limits: one of the words with the key preset_…",
    "price": "an amount of money with its sign, such as $0.50",
    "processing_at": "a time such as “2 minutes ago”, which Discord writes in the reader's language",
    "reason": "what a moderator or the video service wrote, in any language",
    "reference": "letters and digits such as 1a2b3c4d",
    "requester_id": "a member's mention, such as @Mia",
    "role": "what the file is for: one of the sentences with the key role_…, such as “the first picture”",
    "rule": "a limit in words, as in rule_line, or whose it is, as in whose_… and for_…",
    "scope": "whose videos a limit counts: one of the words with the key scope_…",
    "seconds": "a length of time, such as 4.5 s or 2 min 5 s",
    "seed": "a number",
    "server": "the server's name",
    "service": "the name of a video service, such as Decart",
    "setting": "a setting's name, as the panel of /settings has it",
    "settings": "the command /settings, to be pressed",
    "shortest_seconds": "a length of time, such as 40 s",
    "size_bytes": "a size, such as 9.9 MB",
    "size_bytes_before": "a size, such as 20 MB",
    "slow_seconds": "a length of time, such as 2 min 5 s",
    "start_seconds": "a length of time, such as 4.5 s",
    "state": "one of the words with the key state_…",
    "stats": "the command /stats, to be pressed",
    "target": "a role, a channel, or for whom a limit is: one of the words with the key for_…",
    "text": "what somebody wrote",
    "total": "a number",
    "unit": "one of the words with the key unit_…, in the form that goes with {amount}",
    "until": "a time such as “in 2 hours”, which Discord writes in the reader's language",
    "url": "an address",
    "used": "a number, or an amount of money",
    "user_id": "a member's mention, such as @Mia",
    "value": "one of the words with the key value_…",
    "version": "a number that counts up with each change",
    "wanted": "what is needed: one of the words with the key role_…, such as “a picture”",
    "what": "nothing, or a space and what the setting is about, such as a command or a channel",
    "where": "the part of what was written that is wrong",
    "whose": "one of the sentences with the key whose_…, such as “Each member”",
    "why": "a reason: one of the sentences with the keys …_invalid_…",
    "width": "a number of pixels",
    "window": "one of the words with the key window_…, such as “a day”",
}
"""What each fact is, by its name."""


def place_of(key: str) -> WhereShown:
    """Where the sentence is shown. Raises `KeyError` for one of which nothing is said."""
    if key in OF_KEYS:
        return OF_KEYS[key]
    for prefix, place in OF_PREFIXES.items():
        if key.startswith(prefix):
            return place
    return next(place for table, place in OF_TABLES if key in table)


def note_of(key: str, facts: list[str]) -> list[str]:
    """The lines that a translator reads above the sentence; `facts` are those in its braces."""
    place = place_of(key)
    lines = [f"{place.where} At most {place.most_chars} characters."]
    if key in MORE:
        lines.append(MORE[key])
    lines += [f"{{{name}}}: {FACTS[name]}" for name in facts]
    if key in COUNTED:
        lines.append(f"Its forms go with {{{COUNTED[key].by}}}.")
    return lines
