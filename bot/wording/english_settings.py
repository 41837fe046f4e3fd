"""The sentences of guild settings: notices to moderators, the panel of `/settings`, and `/stats`. See `english`."""

from __future__ import annotations

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "hold_settled_already": "That is settled already: this one is {state}.",
    "prompt_denied": "A moderator of this server didn't allow this prompt. It doesn't count; please try another one.",
    "prompt_denied_reason": "The reason they gave: “{reason}”",
    "hold_unseen": (
        "This prompt needs a moderator's approval, but I can't write where they decide. Please tell them; it "
        "doesn't count."
    ),
    "hold_undecided": (
        "This prompt needed a moderator's approval, and none of them decided in all that time. It doesn't count; "
        "please ask them, or try another one."
    ),
    "title_held": "Waiting for a moderator",
    "held_note": (
        "This server's moderators look at this prompt first. You needn't do anything: the video comes into "
        "this message."
    ),
    "button_approve": "Approve",
    "button_deny": "Refuse with a reason",
    "button_block": "Refuse and block for a day",
    "form_deny": "Refuse this prompt",
    "form_deny_reason": "Reason",
    "form_deny_reason_about": "The member is told this, privately or where they asked. It may stay empty.",
    "hold_title": "May this be made?",
    "hold_approved": "Approved by {user_id}.",
    "hold_denied": "Refused by {user_id}.",
    "hold_blocked": "Refused by {user_id}, and the member is blocked for a day.",
    "hold_reason": "Reason: “{reason}”",
    "hold_block_reason": "A moderator refused a prompt.",
    "hold_expired": "Nobody decided in time.",
    "hold_withdrawn": "Cancelled by {user_id} before anybody decided.",
    "notice_rule": "It holds what the rule “{pattern}” names.",
    "notice_where": "{user_id} used /{command} in {channels}.",
    "notice_model": "Model {model}, job {job}.",
    "notice_took": "It took {seconds}.",
    "audit_delivered": "Video delivered",
    "audit_failed": "Video failed",
    "audit_cancelled": "Video cancelled",
    "audit_block": "Prompt blocked",
    "audit_hold": "Prompt held for a moderator",
    "audit_record": "Prompt recorded",
    "audit_approved": "Prompt approved",
    "audit_denied": "Prompt refused",
    "audit_settings": "Settings changed",
    "audit_reset": "Limits reset",
    "audit_reset_by": "By {user_id}.",
    "audit_by": "By {user_id}, now version {version}.",
    "changes_more": "… and {number} more.",
    "change_line": "**{name}**{what}: {before} → {after}",
    "change_limit": "Limit",
    "change_exempt_role": "Exempt role",
    "change_block": "Blocked member",
    "change_when_full": "When all places are taken",
    "change_channels": "Channels",
    "change_roles": "Roles",
    "change_models_offered": "Models offered",
    "change_defaults": "Usual options",
    "change_word_rule": "Prompt rule",
    "change_private_by_default": "Private by default",
    "change_ping_when_slow": "Ping after slow jobs",
    "change_age_restricted_only": "Age-restricted channels only",
    "change_audit_channel_id": "Audit channel",
    "change_mod_channel_id": "Moderators' channel",
    "value_yes": "yes",
    "value_no": "no",
    "value_none": "none",
    "value_all": "all",
    "value_everywhere": "everywhere",
    "value_everyone": "everyone",
    "value_queue": "wait in line",
    "value_refuse": "refuse",
    "ping_delivered": "{user_id}, your video is ready.",
    "ping_failed": "{user_id}, your video could not be made. The message above says why.",
}

PANEL: Mapping[str, str] = {
    "panel_title": "Settings of {server}",
    "panel_version": "Version {version}. Limits have commands of their own: /limits.",
    "panel_choose": "Choose what to change",
    "panel_page_overview": "Overview",
    "panel_page_access": "Channels and roles",
    "panel_page_models": "Models",
    "panel_page_defaults": "Usual options",
    "panel_page_habits": "Answers and lines",
    "panel_page_prompts": "Prompt rules",
    "panel_page_channels": "Audit and moderators' channels",
    "panel_about_access": (
        "Where, and with which roles, members may use a command. Choose nothing to allow it everywhere, to "
        "everyone. A command needs what is said for all commands, too."
    ),
    "panel_about_models": "Which models members may choose. Without a choice all are offered, new ones too.",
    "panel_about_defaults": "What a command does where the member doesn't say.",
    "panel_about_habits": "Who sees the answers, who is pinged, and what happens when all places are taken.",
    "panel_about_prompts": (
        "Words and patterns in prompts: block them, hold them for a moderator, or only record them in the "
        "audit channel. * stands for any letters: gun* matches guns. Look-alike letters match, too, unless "
        "you switch that off."
    ),
    "panel_about_channels": (
        "The audit channel gets each job's who, what, where and outcome, with the prompt, and every change of"
        " settings. In the moderators' channel they decide about prompts that are held."
    ),
    "panel_export": "Export",
    "panel_import": "Import…",
    "panel_refresh": "Refresh",
    "panel_saved": "Saved.",
    "panel_outdated": "That part of the panel is from another version of me. Please use /settings again.",
    "panel_command": "For which command",
    "panel_all_commands": "All commands",
    "panel_channels_here": "Allowed channels (none: everywhere)",
    "panel_roles_here": "Allowed roles (none: everyone)",
    "panel_everywhere": "Allow everywhere, to everyone",
    "panel_now_channels": "Where: {list}",
    "panel_now_roles": "Who: {list}",
    "panel_deleted": "{number} of these are not in this server any more and let nobody in. Choose again to tidy up.",
    "panel_first_only": (
        "Only the first {limit} can be shown and chosen here. For more of them export, edit and import the file."
    ),
    "panel_models_here": "Models that are offered",
    "panel_models_all": "Offer all",
    "panel_usual_model": "Usual model",
    "panel_usual_resolution": "Usual resolution",
    "panel_usual_orientation": "Usual orientation",
    "panel_usual_enhance": "Enhance prompts",
    "panel_unset": "As the model does by itself",
    "panel_on": "Switch on",
    "panel_off": "Switch off",
    "panel_full_queue": "Let them wait in line",
    "panel_full_refuse": "Refuse instead",
    "panel_private_is_on": (
        "**Private by default** is on: only the member sees the answer, unless they say otherwise."
    ),
    "panel_private_is_off": (
        "**Private by default** is off: everybody in the channel sees the answer, unless the member says otherwise."
    ),
    "panel_ping_is_on": (
        "**Ping after slow jobs** is on: a member is pinged at the end of a job that took over {minutes} minutes."
    ),
    "panel_ping_is_off": "**Ping after slow jobs** is off: nobody is pinged, however long a job takes.",
    "panel_age_is_on": "**Age-restricted channels only** is on: I make videos in no other channel.",
    "panel_age_is_off": "**Age-restricted channels only** is off: I make videos in every channel that is allowed.",
    "panel_full": "**When all places of an at-once limit are taken**: {value}.",
    "panel_no_rules": "No rules yet.",
    "panel_rules_page": "Rules {first} to {last} of {total}",
    "panel_rule_block": "block",
    "panel_rule_hold": "hold for a moderator",
    "panel_rule_record": "record",
    "panel_rule_exact": "exact letters",
    "panel_add_rule": "Add rules…",
    "panel_drop_rule": "Remove rules",
    "panel_previous": "Previous",
    "panel_next": "Next",
    "panel_audit_here": "Audit channel (none: no audit)",
    "panel_mods_here": "Moderators' channel (none: nothing is held)",
    "panel_now_audit": "Audit channel: {list}",
    "panel_now_mods": "Moderators' channel: {list}",
    "panel_channel_gone": "⚠️ That channel is gone. Please choose another one.",
    "panel_lacking": "⚠️ I lack permissions in {channels}: {list}. Please allow them there.",
    "permission_view_channel": "View Channel",
    "permission_send_messages": "Send Messages",
    "permission_embed_links": "Embed Links",
    "panel_silenced": (
        "⚠️ I have stopped writing to the audit channel, because Discord refused several times in a row. Mend"
        " its permissions, then press Try again."
    ),
    "panel_retry": "Try again",
    "panel_retrying": "I'll write to the audit channel again.",
    "form_rules": "Add prompt rules",
    "form_patterns": "Words and patterns",
    "form_patterns_about": "One in each line. * stands for any letters: gun* matches guns.",
    "form_action": "What happens",
    "form_fold": "Look-alike letters",
    "form_fold_yes": "match, too",
    "form_fold_no": "don't match",
    "form_note": "What the member is told",
    "form_note_about": "Only for blocked prompts. You may leave it empty.",
    "form_import": "Import settings",
    "form_file": "The file",
    "form_file_about": "As Export gives it. You see what would change before anything does.",
    "import_title": "What this file would change",
    "import_nothing": "Nothing: all is as the file says already.",
    "import_apply": "Apply",
    "import_cancel": "Don't",
    "import_lost": "I don't have that file any more. Please import it again.",
    "import_unread": (
        "I couldn't read that file. Please attach the file that Export gave, as text of at most {size_bytes}."
    ),
    "export_told": "These are this server's settings. Edit the file if you like, and import it with /settings.",
}

STATS: Mapping[str, str] = {
    "stats_title": "The last {days} days in {server}",
    "stats_outcomes": "Outcomes",
    "stats_spent": "{seconds} of video, {dollars} US dollars",
    "stats_days": "Videos a day (UTC)",
    "stats_busiest": "Busiest days",
    "stats_commands": "By command",
    "stats_members": "Who asked most",
    "stats_waits": "From command to video",
    "stats_percentiles": "half within {median_seconds}, nine of ten within {slow_seconds}",
    "stats_delivered": "done",
    "stats_failed": "failed",
    "stats_cancelled": "cancelled",
    "stats_under_way": "under way",
    "stats_nothing": "Nothing yet",
    "stats_total": "{number} in all",
    "stats_cut": "Only the newest jobs are counted: there are more than I add up at once.",
    "stats_no_chart": "The chart could not be drawn this time; the numbers are all there.",
    "stats_alt": "The numbers of this message as a chart",
    "command_stats": "This server's numbers: outcomes, commands, members, waiting times (moderators)",
    "command_settings": "What may be done in this server, and how: a panel for its admins",
    "option_days": "How many days back",
    "help_admins": (
        "For moderators: {stats} shows this server's numbers. For who manages the server: {settings} says what may be "
        "done where, and {limits} how much."
    ),
}
