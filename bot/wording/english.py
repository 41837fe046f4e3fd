"""Every sentence that a member can see, in English, by key. `locale/*.po` translate them.

Words in braces are facts; `bot.wording.facts` writes each kind of fact. An error's sentence has the error's `key`.
`<key>_unexplained` is used instead where a fact that may be missing is missing, `<key>_cooldown` where the limit is a
cooldown. A sentence about something that went wrong also says what to do next. A sentence that reads otherwise with
another number is in `counted`, too. `english_notes` tells translators where each is shown and what its facts are.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.rules import guild_settings, prompts
from bot.rules.trajectory import words as path_words
from bot.wording import english_settings

REFUSALS: Mapping[str, str] = {
    "prompt_missing": "Please write a prompt that says what should happen in the video.",
    "prompt_too_long": "Your prompt has {length} characters, and {limit} is the most. Please shorten it and try again.",
    "prompt_unreadable": (
        "Your prompt holds characters that can't be read, such as control characters. Please type it again, or paste "
        "it as plain text."
    ),
    "prompt_without_use": "{model} takes no prompt. Please leave the prompt out, or choose another command.",
    "seed_out_of_range": (
        "A seed is a whole number from {lowest} to {highest}. Please choose one in that range, or leave it out."
    ),
    "resolution_unknown": (
        "{model} can't make that resolution. Please choose one of these, or leave it out: {choices}; or choose "
        "{other}, which can."
    ),
    "resolution_unknown_unexplained": (
        "{model} can't make that resolution. Please choose one of these, or leave it out: {choices}."
    ),
    "orientation_unknown": (
        "{model} can't make that orientation. Please choose one of these, or leave it out: {choices}; or choose "
        "{other}, which can."
    ),
    "orientation_unknown_unexplained": (
        "{model} can't make that orientation. Please choose one of these, or leave it out: {choices}."
    ),
    "duration_unknown": (
        "{model} makes videos of these lengths, in seconds: {choices}. Please choose one of them, or choose {other}, "
        "which makes yours."
    ),
    "duration_unknown_unexplained": (
        "{model} makes videos of these lengths, in seconds: {choices}. Please choose one of them."
    ),
    "option_not_taken": (
        "{model} has no option “{option}”. Please leave it out, or choose {other}, which has it; /models lists all."
    ),
    "option_not_taken_unexplained": (
        "{model} has no option “{option}”, and no other model for this takes what you gave. Please leave it out."
    ),
    "input_missing": "Please attach {role} and try again: {model} needs it.",
    "input_not_taken": (
        "{model} can't use {role}. Please leave it out, or choose {other}, which can; /models lists all."
    ),
    "input_not_taken_unexplained": (
        "{model} can't use {role}, and no other model for this takes what you gave. Please leave it out."
    ),
    "prompt_or_reference": "Please write a prompt, or attach a reference picture that shows what you want.",
    "only_one_of_prompt_and_reference": (
        "{model} takes either a prompt or a reference picture, not both. Please leave one of them out."
    ),
    "enhance_needs_prompt": (
        "Enhancing rewrites the prompt, so it needs one. Please write a prompt, or leave enhance out."
    ),
    "trajectory_missing": (
        "Please say which way the picture should move, for example `left to right` or `0.2,0.5 > 0.8,0.5`."
    ),
    "trajectory_invalid": (
        "The path stops making sense at “{where}”: {why}. A path looks like `left to right` or `0.2,0.5 > 0.8,0.5`."
    ),
    "model_unknown": "There is no model “{model}” for this. Please choose one of these: {choices}.",
    "model_unavailable": (
        "The video service doesn't offer {model} at the moment. {other} does the same: please choose that, leave the "
        "model out, or try again {until}."
    ),
    "model_unavailable_unexplained": (
        "The video service doesn't offer {model} at the moment. Please choose another model, or try again {until}."
    ),
    "nothing_served": (
        "The video service doesn't offer {models} at the moment, and this bot has no other model for /{command}. "
        "Please use another command; /models lists them. Whoever runs the bot can add the key of another service."
    ),
    "nothing_served_unexplained": (
        "This bot has no video service that makes /{command}. Please use another command; /models lists them. Whoever "
        "runs the bot can add the key of another service."
    ),
    "not_yours": (
        "Only {requester_id} and this server's moderators can do that. You can make your own video with the same "
        "command."
    ),
    "admins_only": "Only members who may manage this server can do that. Please ask one of them.",
    "moderators_only": "Only members who may manage messages here can do that. Please ask one of them.",
    "video_not_kept": "That video isn't kept any more. Please make it again; /jobs has the button.",
    "job_gone": "This video's record isn't kept any more, so its buttons don't work. Please use the command again.",
    "too_late_to_cancel": "It's too late to cancel: this one is {state} already. To take it away, press Delete there.",
    "source_missing": (
        "I need {wanted} and found none. Three ways work: attach it to `/{command}`; reply to a message that has one "
        "with “{bot_id} {command} …” and your prompt; or choose Apps → {menu} in that message's menu."
    ),
    "source_missing_unexplained": (
        "I need {wanted} and found none. Three ways work: attach it to `/{command}`; reply to a message that has one "
        "with “{bot_id} {command} …” and your prompt; or attach it to a message that says so."
    ),
    "source_hidden": (
        "I need {wanted}, and I may not read what others write here. Three ways work: attach it to `/{command}`; "
        "attach it to your own message that begins with {bot_id} {command}; or choose Apps → {menu} in the menu of the "
        "message that has it."
    ),
    "source_hidden_unexplained": (
        "I need {wanted}, and I may not read what others write here. Please attach it to `/{command}`, or to your own "
        "message that begins with {bot_id} {command}."
    ),
    "source_out_of_reach": (
        "I need {wanted} and found none, and messages don't reach me here, as only your account has me. Two ways work: "
        "attach it to `/{command}`; or choose Apps → {menu} in the menu of the message that has it."
    ),
    "source_gone": "That message has been deleted. Please choose another one, or attach the file itself.",
    "source_unread": "Discord didn't show me that message just now. Please try again in a moment.",
    "form_forgotten": (
        "I was restarted while you were writing and can't find that message again. Please choose Apps → {menu} in its "
        "menu once more."
    ),
    "text_unknown": (
        "I don't know what to do with that. Reply to a picture with “{bot_id} animate make it snow”, or write "
        "“{bot_id} t2v a cat playing piano”; /help shows everything that I can do."
    ),
    "text_plain": (
        "Shall I make a video of this? Press the button. Or begin with a command: “animate make it snow” with a "
        "picture, “t2v a cat playing piano”; /help shows everything."
    ),
    "button_words": "Make a video of this",
    "form_needed": "/{command} needs more than a message can hold. Please type `/{command}` as a command.",
    "permissions_missing": (
        "I may not answer with a video here: I lack {permissions}. Please ask the moderators of this server, or use "
        "another channel."
    ),
    "shutting_down": "I'm being restarted and take nothing new right now. Please try again in a minute.",
    "file_empty": "The file for {role} is empty. Please attach it again, and check that it opens on your device.",
    "file_too_large": (
        "The file for {role} is larger than {limit_bytes}, which is the most that I take. Please attach a smaller one."
    ),
    "file_too_long": (
        "The file for {role} lasts {seconds}, and {limit_seconds} is the most. Please cut it and try again."
    ),
    "picture_too_large": (
        "The file for {role} is {width} by {height} pixels; width times height may be {limit_pixels} at most. "
        "Please attach a smaller one."
    ),
    "video_too_large": (
        "The file for {role} is {width} by {height} pixels, and no side may have more than {limit_side}. Please "
        "attach a smaller one."
    ),
    "picture_too_small": (
        "The file for {role} is {width} by {height} pixels. Fitted to the model it has {box_width} by "
        "{box_height}, and each side needs at least {limit}. Please attach one that is larger or closer to a "
        "square."
    ),
    "file_still": (
        "The file for {role} shows a single picture, or ends at once. Please attach a longer video; for a picture "
        "there are other commands, for example /animate."
    ),
    "start_past_end": (
        "The file for {role} lasts {seconds}, so too little of it is left from {start_seconds} on. Please choose an "
        "earlier start."
    ),
    "file_unsupported": "I can't use the file for {role}: it is {found}. Please attach a video that is saved as MP4.",
    "file_unsupported_picture": (
        "I can't use the file for {role}: it is {found}. Please attach a picture that is saved as JPEG or PNG."
    ),
    "file_of_other_kind": (
        "The file for {role} is a picture ({found}), not a video. Please attach a video, or use a command for "
        "pictures, for example /animate."
    ),
    "file_of_other_kind_picture": (
        "The file for {role} is a video ({found}), not a picture. Please attach a picture that is saved as JPEG or PNG."
    ),
    "file_too_costly": (
        "The file for {role} takes too much time or memory to open. Please make it smaller or shorter and attach "
        "it again."
    ),
    "file_broken": (
        "The file for {role} is {found}, but part of it is damaged or missing. Please save or export it again and "
        "attach the new file."
    ),
    "file_gone": "The file for {role} can't be fetched from Discord any more. Please attach it again.",
    "file_forbidden": (
        "I only open files that were uploaded to Discord, not ones from {host}. Please attach the file itself."
    ),
    "file_forbidden_unexplained": (
        "I only open files that were uploaded to Discord, and that link leads elsewhere. Please attach the file itself."
    ),
}

GUILD: Mapping[str, str] = {
    "limit_reached": "{whose} may make {amount} {unit} {window}, and you have made {used}. More {frees_at}.",
    "limit_reached_unexplained": (
        "{whose} may make {amount} {unit} {window}, and you have {used} under way. Please try again when one has ended."
    ),
    "limit_reached_together": "{whose} may make {amount} {unit} {window}, and {used} have been made. More {frees_at}.",
    "limit_reached_together_unexplained": (
        "{whose} may make {amount} {unit} {window}, and {used} are under way. Please try again when one has ended."
    ),
    "limit_reached_cost": "{whose} may spend {amount} {unit} {window}, and {used} have been spent. More {frees_at}.",
    "limit_reached_cost_unexplained": (
        "{whose} may spend {amount} {unit} {window}, and {used} are being spent. Please try again when a video is done."
    ),
    "limit_reached_cooldown": "{whose} has to wait {amount} s between two videos. More {frees_at}.",
    "tries_used_up": (
        "In the last hour {amount} of your files could not be used, so I open no more for now. Please try again "
        "{frees_at} with a JPEG, PNG or MP4 that opens on your device. Commands without a file still work."
    ),
    "limit_too_small": (
        "{whose} may have {amount} {unit} {window}, and this alone needs {asked}. Please ask for less, or choose a "
        "cheaper model; /models lists them."
    ),
    "shut_out": "{whose} may make no videos here. Please ask this server's moderators, or whoever runs the bot.",
    "member_blocked": "You can't make videos here until {until}. Please ask the moderators of this server about it.",
    "member_blocked_unexplained": "You can't make videos here. Please ask the moderators of this server about it.",
    "member_blocked_reason": "The reason they gave: “{reason}”",
    "limit_amount_invalid": (
        "{amount} is no amount for a limit. Please choose a whole number from 0 to {highest}; money may have cents."
    ),
    "limit_target_invalid": (
        "A role goes with “one role's members” alone, and a channel with “this channel together”. Please leave out "
        "what doesn't go with your choice."
    ),
    "mod_channel_missing": (
        "Prompts can be held only where moderators decide about them. Please choose a moderators' channel first; what "
        "you wrote is kept, so press Add rules again then."
    ),
    "mod_channel_in_use": (
        "Prompts are held for the moderators' channel. Please remove the rules that hold prompts first, or choose "
        "another channel."
    ),
    "limit_role_missing": "Choose a role, too: the limit is for its members.",
    "too_many_rules": "There are {limit} already, which is the most. Please remove one first.",
    "rule_unknown": "There is no such limit, or not any more. Please look at the list again.",
    "block_unknown": "{user_id} isn't blocked here, or not any more. Please look at the list again.",
    "nothing_to_undo": (
        "That can't be undone any more: something was changed since, or it was over an hour ago. Please change by hand "
        "what you want otherwise."
    ),
    "channel_not_allowed": "/{command} isn't allowed in this channel. Please use it here: {channels}.",
    "channel_not_allowed_unexplained": "/{command} isn't allowed in this channel. Please ask a moderator where it is.",
    "role_not_allowed": "Your roles don't allow /{command} here. Please ask the moderators of this server.",
    "model_not_offered": "This server doesn't offer {model}. Please choose one of these: {choices}.",
    "model_not_offered_unexplained": (
        "This server doesn't offer {model}, nor any other model for this. Please use another command."
    ),
    "age_restricted_only": "This server allows me in age-restricted channels only. Please go to one of those.",
    "pattern_invalid": "The pattern “{where}” can't be used: {why}. Please change it and save again.",
    "prompt_blocked": "This server doesn't allow that prompt: “{note}” Please write another one.",
    "prompt_blocked_unexplained": "This server doesn't allow that prompt. Please write another one.",
    "guild_settings_invalid": "“{setting}” can't be set like that: {why}. Please change it and save again.",
    "guild_settings_outdated": (
        "Somebody else changed these settings meanwhile, so nothing was saved. Please look at them and save again."
    ),
    "records_unavailable": "I can't reach my records at the moment. Please try again in a minute.",
    "whose_everyone": "Each member",
    "whose_server": "The whole server together",
    "whose_bot": "The whole bot together",
    "whose_role": "Each member with {target}",
    "whose_channel": "{target} together",
    "whose_operator": "{rule} (as set by whoever runs this bot)",
    "unit_jobs": "videos",
    "unit_seconds": "seconds of video",
    "unit_cost": "US dollars",
    "window_at_once": "at once",
    "window_minute": "a minute",
    "window_hour": "an hour",
    "window_day": "a day",
    "window_week": "a week",
    "window_30_days": "in 30 days",
    "window_cooldown": "between two videos",
}

FAILURES: Mapping[str, str] = {
    "service_failed": "The video service could not make it: “{reason}” Change the prompt or the file, or press Again.",
    "service_failed_unexplained": (
        "The video service could not make it and gave no reason. Press Again to try once more."
    ),
    "content_refused": (
        "The video service doesn't make that, by its rules on content: “{reason}” Please change the prompt or the file."
    ),
    "content_refused_unexplained": (
        "The video service doesn't make that, by its rules on content. Please change the prompt or the file."
    ),
    "service_refused": "The video service refused the request: “{reason}” Press Change to ask otherwise.",
    "service_refused_unexplained": (
        "The video service refused the request and gave no reason. Press Change to ask otherwise."
    ),
    "service_busy": "The video service is too busy to take this. Press Again in a few minutes.",
    "service_unreachable": "The video service can't be reached. Press Again in a few minutes.",
    "key_refused": "The video service doesn't accept this bot's key. Please tell whoever runs the bot.",
    "out_of_credits": ("This bot's account at the video service is out of credits. Please tell whoever runs the bot."),
    "job_expired": (
        "The video service doesn't know this job any more, so the video is lost. Press Again to make it anew."
    ),
    "deadline_passed": (
        "The video wasn't ready after {minutes} min, so I stopped waiting. Press Again to try once more."
    ),
    "failure_counts": "It counts for the limits, since the service did the work.",
    "failure_counts_often": "Only {amount} failures a day are left out of the limits, and this is one more.",
    "failure_not_counted": "It doesn't count for the limits.",
    "outcome_unknown": (
        "The connection broke while this was being sent, and nobody knows if the video service took it. Press Again "
        "to send it once more."
    ),
    "result_invalid": ("What the video service sent isn't a video or a picture. Press Again to try once more."),
    "result_too_large": (
        "The video has {size_bytes}, which is more than Discord takes here. Press Change and choose a lower "
        "resolution, or ask in a place that takes larger files."
    ),
    "delivery_impossible": (
        "I couldn't bring the video here just now. Please open /jobs, in a channel where I may post files, and press "
        "**Show it here**; if that fails, try again in a few minutes."
    ),
    "machine_busy": (
        "Too much is going on here just now, so your file could not be opened in time. Press Again in a few minutes."
    ),
    "internal_failure": (
        "Something went wrong on my side. Press Again to try once more; whoever runs the bot finds details in its log."
    ),
    "unexpected": (
        "Something went wrong on my side. Please try again; if it happens again, tell whoever runs the bot this "
        "number: {reference}"
    ),
    "option_unreadable": "I can't use what you gave for “{option}”. Please choose again.",
    "command_outdated": "That command has changed since your Discord loaded it. Please restart Discord and try again.",
}

CARD: Mapping[str, str] = {
    "instead_of": "The usual model, {model}, isn't served at the moment, so another one makes it.",
    "title_accepted": "Accepted, about to be sent",
    "title_submitting": "Accepted, being sent",
    "title_pending": "Waiting for its turn",
    "title_processing": "Generating your video",
    "title_processing_picture": "Making your picture",
    "waiting_note_picture": "Your picture is made, but I couldn't bring it to you. Press **Get it** or use /jobs.",
    "slow_note_picture": "This takes longer than usual. You needn't do anything: the picture comes into this message.",
    "title_completed": "Made, bringing it over",
    "title_delivered": "Done",
    "title_waiting": "Ready for you",
    "title_failed": "That didn't work",
    "title_cancelled": "Cancelled",
    "asked_by": "for {user_id}",
    "seed_is": "seed {seed}",
    "number_is": "number {number}",
    "orientation_landscape": "wide",
    "orientation_portrait": "tall",
    "orientation_square": "square",
    "enhanced": "words rewritten by the service",
    "with_sound": "with sound",
    "without_sound": "silent",
    "with_avoid": "with words for what to avoid",
    "as_written": "words as written",
    "clip_shortened": "The model gets {seconds} of the clip, from {start_seconds} on.",
    "clip_shortened_beginning": "The model gets the first {seconds} of the clip.",
    "accepted_at": "Asked {accepted_at}",
    "processing_at": "Started {processing_at}",
    "service_place": "In the video service's queue. Jobs before this one when it joined: {place}.",
    "service_place_next": "Next in the video service's queue.",
    "takes_about": "usually takes {seconds}",
    "takes_between": "takes {shortest_seconds} to {longest_seconds}, as far as I know",
    "expected_at": "expected {expected_at} or sooner",
    "slow_note": "This takes longer than usual. You needn't do anything: the video comes into this message.",
    "fleeting_note": (
        "Discord lets me change this message for 15 minutes only. If the video isn't here by then, press **Get it**."
    ),
    "waiting_note": "Your video is made, but I couldn't bring it to you. Press **Get it** here, or use /jobs anywhere.",
    "direct_intro": "Here is your video. I couldn't put it into the message in which you asked for it.",
    "sent_directly": "The video is done. I may not post it here any more, so I sent it to whoever asked, directly.",
    "delivered_elsewhere": "This message couldn't be reached when it was done, so it isn't here. `/jobs` shows it.",
    "goes_on_elsewhere": "This one goes on in another message, where it was asked for in `/jobs`.",
    "took": "Made in {seconds}",
    "fit_reencoded": "Made smaller to fit into Discord: it was {size_bytes_before} and is {size_bytes} now.",
    "fit_reencoded_unexplained": "Made smaller to fit into Discord: {size_bytes} now.",
    "link_ready": (
        "With {size_bytes} it is too large for Discord. [Watch or save it here]({url}); the link works until "
        "{expires_at}."
    ),
    "button_again": "Again",
    "button_cancel": "Cancel",
    "button_delete": "Delete",
    "button_delete_it": "Delete it",
    "button_keep_it": "Keep it",
    "delete_question": (
        "Delete this message, for everybody, and the files that I keep of it? It can't be brought back, and it still "
        "counts for the limits."
    ),
    "button_use": "Use this",
    "button_get": "Get it",
    "button_animate": "Animate this",
    "button_revise": "Change",
    "form_change_title": "Change it and make it again",
    "form_options": "Options",
    "form_options_hint": "What is chosen is what it had; of two that exclude each other, your new one counts",
    "form_avoid": "Not wanted",
    "form_seed": "Seed",
    "form_seed_hint": "The same number stays close to this one; leave it empty for something else",
    "picture_from": "from {posted_by_id}'s [message]({posted_in})",
    "which_one": "Which one? Choose it here, and I begin.",
    "which_one_short": "Choose one",
    "form_prompt": "Prompt",
    "form_image": "Which picture",
    "form_video": "Which video",
    "form_reference": "Reference picture",
    "form_model": "Model",
    "permission_send_messages": "Send Messages",
    "permission_send_messages_in_threads": "Send Messages in Threads",
    "permission_embed_links": "Embed Links",
    "permission_attach_files": "Attach Files",
    "permission_read_message_history": "Read Message History",
    "permission_view_channel": "View Channel",
    "state_accepted": "accepted",
    "state_submitting": "being sent",
    "state_pending": "waiting",
    "state_processing": "being made",
    "state_completed": "made",
    "state_delivered": "done",
    "state_failed": "failed",
    "state_cancelled": "cancelled",
    "role_data": "the picture or video",
    "role_the_image": "the picture",
    "role_the_video": "the video",
    "role_video": "a video",
    "role_picture": "a picture",
    "role_start": "the first picture",
    "role_end": "the last picture",
    "role_reference_image": "the reference picture",
    "role_reference": "the reference picture",
    "found_unknown": "of a kind that I don't know",
    "found_text": "text",
    "found_playlist": "a playlist",
    "found_program": "a program",
    "found_sound": "only sound",
    "found_nothing_but_zeros": "blank (nothing but zeros)",
    "found_sound_without_a_picture": "sound without a picture",
    "found_unknown_codec": "a video of a kind that I can't read",
    "found_animated_WebP": "an animated WebP",
    "found_HTML_or_SVG": "a web page or SVG",
    "found_ZIP": "an archive (ZIP)",
    "found_PDF": "a PDF",
    "found_raw_picture_of_a_camera": "a raw photo from a camera",
    "found_PSD": "a Photoshop file (.psd)",
    "found_icon_(.ico)": "an icon (.ico)",
    "found_video_without_a_container": "bare video data (such as .h264)",
    "found_MPEG_without_a_container_(.m2v)": "MPEG video alone (.m2v)",
    "found_MPEG_transport_stream_(.ts)": "an MPEG transport stream (.ts)",
}

OWN_JOBS: Mapping[str, str] = {
    "jobs_title": "Your videos",
    "jobs_none": "There are none yet. Type /t2v and say what you want to see.",
    "jobs_none_of_these": "There are none of these.",
    "jobs_page": "Page {page} of {pages}",
    "jobs_all": "All of them",
    "jobs_live": "Being made or waiting",
    "jobs_ready": "Done",
    "jobs_without": "Failed or cancelled",
    "jobs_by_command": "Made by {command}",
    "jobs_direct": "direct message",
    "jobs_private": "only you can see it",
    "jobs_choose": "Choose one: cancel, show, make again, why it failed",
    "jobs_where": "[To its message]({url})",
    "jobs_kept": "Its video is kept until {until}.",
    "button_newer": "Newer",
    "button_older": "Older",
    "button_list": "All my videos",
    "button_show": "Show it here",
    "button_same_seed": "Again, same seed",
    "button_new_seed": "Again, new seed",
    "forget_title": "Forget you?",
    "forget_warning": (
        "I will cancel your videos that aren't ready, and delete your prompts, your files, your name and your list of "
        "videos from my records. Messages that are in Discord stay: take those away with their button Delete first, "
        "since it won't work afterwards.\n\nFor the limits I go on counting how many videos you have made lately, "
        "without what they were, for at most {days} days. What moderators decided about you stays theirs."
    ),
    "forget_done": (
        "Done. I deleted what I knew of {number} videos, with their files. Of {counted} of them I keep the number "
        "alone, for the limits, until {until}."
    ),
    "forget_done_wholly": "Done. I deleted what I knew of {number} videos, with their files. Nothing is left.",
    "button_forget": "Forget me",
    "button_keep": "Keep everything",
    "forget_kept": "Nothing was deleted.",
    "mydata_told": (
        "This is what I keep about you: {number} videos, with what you asked for, where and when. The videos and files "
        "themselves are in **/jobs**, as long as they are kept."
    ),
}

LIMITS: Mapping[str, str] = {
    "for_everyone": "each member",
    "for_role": "each member with {target}",
    "for_channel": "{target} together",
    "for_server": "the whole server together",
    "for_bot": "the whole bot together",
    "for_you": "You",
    "for_operator": "{rule} (set by whoever runs this bot)",
    "scope_everyone": "each member",
    "scope_role": "one role's members",
    "scope_channel": "this channel together",
    "scope_server": "the whole server together",
    "quoted": "“{text}”",
    "deleted_role": "a deleted role ({id})",
    "deleted_channel": "a deleted channel ({id})",
    "rule_line": "{target}: {amount} {unit} {window}",
    "limit_amount": "{amount} {unit} {window}",
    "limit_amount_cooldown": "{amount} s between two videos",
    "rule_line_cooldown": "{target}: {amount} s between two videos",
    "rule_shut": "{target}: no videos at all",
    "standing_line": "{target}: {used} of {amount} {unit} {window}, {left} left",
    "standing_frees": "more {frees_at}",
    "block_line": "{member} is blocked",
    "block_until": "until {until}",
    "limits_title": "Limits of this server",
    "limits_how": "Of the limits of a member's roles the most generous holds, and it beats the one for each member.",
    "limits_none": "There are no limits.",
    "limits_in_file": "The file has all of them.",
    "limit_set": "Saved. {rule}",
    "limit_removed": "Removed. {rule}",
    "limits_reset": (
        "{member_id} starts anew: {number} of their videos don't count any more for this server's rules for each "
        "member. They still count for the whole server's and the channels' rules."
    ),
    "limits_reset_nothing": "{member_id} has no videos that count, so there was nothing to reset.",
    "limits_exempt": "No rule of this server holds for members with {target}.",
    "limits_not_exempt": "The rules hold for members with {target} again.",
    "limits_blocked": "Saved. {block}",
    "limits_unblocked": "{member_id} may make videos again.",
    "when_full_queue": "Where a rule for videos at once is full, the next one waits in line and starts by itself.",
    "when_full_refuse": "Where a rule for videos at once is full, the next one is refused.",
    "usage_title": "What you have left",
    "usage_title_of": "What {name} has left",
    "usage_none": "No limits hold here.",
    "usage_chart_title": "{name}: the last {days} days",
    "usage_chart_yours": "Your last {days} days",
    "usage_total": "{number} in the last {days} days",
    "usage_exempt": "This server's own rules don't hold, because of an exempt role.",
    "title_in_line": "In line",
    "in_line": "Place {place} in the line. It starts by itself as soon as there is room.",
    "in_line_within": (
        "Place {place} in the line. It starts by itself as soon as there is room, most often within {seconds}."
    ),
    "welcome": (
        "Hello! I make videos: type `/t2v` and say what you want to see, or `/help` for everything else.\n"
        "So that one member can't use up everybody's share, each may make {at_once} videos at once and {a_day} a day. "
        "Members who manage this server see and change that with `/settings`, or with the commands of `/limits`."
    ),
}

DRAFTS: Mapping[str, str] = {
    "draft_gone": (
        "That preview isn't kept any more: it lasts an hour and starts one video. Please use /motion again."
    ),
    "too_many_previews": (
        "You have looked at {limit} previews within a minute, and that is the most. Please try again {until}."
    ),
    "too_quick": "That was a lot of commands at once. Please wait a few seconds and try again.",
    "video_gone": (
        "There is no video in this message that I could use. Please attach one to a command, for example /v2v."
    ),
    "preview_title": "This is the way it will move",
    "preview_legend": (
        "From the green dot to the red ring. A small dot stands for each quarter of a second: where they are close "
        "together, it moves slowly."
    ),
    "preview_cropped": "The model's picture is {width} by {height}, so yours is cut to that shape, as you see here.",
    "preview_note": (
        "Nothing has been made yet, and this doesn't count. **Go** makes the video, **Change** takes another path."
    ),
    "button_go": "Go",
    "button_change": "Change",
    "form_path_title": "Another path",
    "form_path": "Path",
    "form_path_hint": "left to right · circle ease in out · 0.2,0.5 > 0.8,0.5",
    "form_reuse_title": "Use this video",
    "form_reuse_title_picture": "Use this picture",
    "form_command": "What to make of it",
    "form_reuse_hint": "If you like, a picture that shows how it should look",
}

COMMANDS: Mapping[str, str] = {
    "command_limits": "Who may make how much here",
    "command_limits_set": "Set a limit, or change its amount",
    "command_limits_remove": "Remove a limit",
    "command_limits_show": "Show all limits, exempt roles and blocked members",
    "command_limits_reset": "Let a member start anew",
    "command_limits_exempt": "Let no limit hold for a role, or let them hold again",
    "command_limits_block": "Let a member make no videos, for a while or for good",
    "command_limits_unblock": "Let a blocked member make videos again",
    "command_limits_full": "What happens where a limit for videos at once is full",
    "command_usage": "What you have left under each limit",
    "option_scope": "Whose videos are counted",
    "option_amount": "How many, or dollars with cents; 0 allows none. For a cooldown: seconds between two videos",
    "option_window": "In which time",
    "option_unit": "What is counted; videos if you leave it out",
    "option_role": "The role, for a role's limit",
    "option_channel": "The channel, for a channel's limit; this one if you leave it out",
    "option_rule": "Which limit",
    "option_reset_member": "Whose videos so far don't count any more",
    "option_exempt_role": "The role that no limit holds for",
    "option_exempt": "True: no limit holds for it. False: limits hold again",
    "option_block_member": "Who may make no videos",
    "option_unblock_member": "Who may make videos again",
    "option_reason": "Why; the member is told",
    "option_length": "For how long; for good if you leave it out",
    "option_then": "Wait in line, or be refused",
    "option_member": "Somebody else, for moderators",
    "command_jobs": "Your videos: running, waiting and recent, for you alone",
    "command_forgetme": "Delete what this bot keeps about you",
    "command_mydata": "Get a copy of what this bot keeps about you",
    "command_t2v": "Make a video from words",
    "command_animate": "Bring a picture to life",
    "command_v2v": "Change a video by words",
    "command_flf2v": "Make a video that goes from a first picture to a last one",
    "command_motion": "Move a picture along a path",
    "command_restyle": "Give a video another look, by words or by a picture",
    "command_edit": "Edit a video by words, by a picture, or both",
    "command_tryon": "Dress somebody in a video in other clothes",
    "command_image": "Change a picture by words: a cheap first step before a video",
    "command_help": "How to make videos, and what the buttons do",
    "command_models": "The models that you can choose from",
    "option_prompt": "What should happen, in your own words",
    "option_model": "Which model makes it; the first is the usual one",
    "option_resolution": "How large the video is",
    "option_orientation": "Wide, tall or square",
    "option_duration": "How many seconds long, where the model lets you choose",
    "option_audio": "With sound or without, where the model lets you choose; sound costs more",
    "option_avoid": "What you don't want to see, in your own words",
    "option_seed": "The same number and prompt give the same video again",
    "option_private": "Only you see the answer",
    "option_start": "From which second of the video on it is used, if not from its beginning",
    "option_enhance": "Let the service rewrite your prompt in more detail; if not, the same seed gives the same video",
    "option_image": "The picture",
    "option_image_image": "The picture; without one I take the newest in this channel",
    "option_animate_image": "The picture; without one I take the newest in this channel",
    "option_video": "The video",
    "option_restyle_video": "The video; without one I take the newest in this channel",
    "option_edit_video": "The video; without one I take the newest in this channel",
    "option_tryon_video": "The video; without one I take the newest in this channel",
    "option_first": "The picture that it begins with",
    "option_last": "The picture that it ends with",
    "option_reference": "A picture that shows how it should look",
    "option_garment": "A picture of the clothes",
    "option_path": "Which way it moves: left to right, or points such as 0.2,0.5 > 0.8,0.5",
    "help_title": "How to make a video",
    "help_body": "Press a command and say what you want. I answer with one message, which ends with the video.",
    "help_page_start": "Overview",
    "help_page_words": "From words",
    "help_page_picture": "From a picture",
    "help_page_video": "Change a video",
    "help_page_card": "Under a video",
    "help_page_admins": "For moderators",
    "help_yours": "Yours",
    "help_options": (
        "Where the model takes them: **duration**, **orientation**, **resolution**, **audio**, and **avoid** for what "
        "you don't want to see."
    ),
    "help_newest_picture": "Without a picture I take the newest in the channel.",
    "help_newest_video": "Without a video I take the newest in the channel, one that I made included.",
    "help_buttons": (
        "**Again** makes it once more with another seed, **Change** asks for other words or options, "
        "**Cancel** stops it while it is being made, **Delete** takes the message away. Only whoever asked, and "
        "moderators, can cancel or delete."
    ),
    "help_use": "**Use this** takes a finished video as the next one's beginning: change, restyle, edit or dress it.",
    "help_motion": "{motion} shows you the path over your picture first; only **Go** makes the video.",
    "help_seed": "Each card shows its seed: give the same seed and prompt to get the same video again.",
    "help_replies": (
        "Of a picture that is here already: reply to it with “{bot_id} animate make it snow”, or open its menu and "
        "choose Apps → Animate."
    ),
    "help_replies_video": (
        "Of a video that is here already: reply to it with “{bot_id} restyle as a watercolour” (edit, v2v and tryon "
        "work, too), or open its menu and choose Apps → Restyle or Edit."
    ),
    "help_jobs": (
        "{jobs} lists your own videos: cancel one, show it again, see why it failed. {mydata} gives you a copy of what "
        "I keep about you, {forgetme} deletes it."
    ),
    "help_private": "With private: True only you see the answer.",
    "models_title": "The models",
    "models_usual": "the usual one",
    "models_newest": "the newest",
    "models_resting": "The service doesn't offer it at the moment; I look again {until}.",
    "models_trouble": "The service {service} takes no videos at the moment; whoever runs this bot has been told.",
    "models_more": "… and {number} more: the option model lists all.",
    "price_per_video": "{price} a video",
    "price_per_picture": "{price} a picture",
    "price_per_second": "{price} a second",
    "model_speed": "about {seconds}",
}

WHYS: Mapping[str, str] = {
    **{f"trajectory_invalid_{reason}": why for reason, why in path_words.REASONS.items()},
    **{f"pattern_invalid_{reason}": why for reason, why in prompts.REASONS.items()},
    **{f"guild_settings_invalid_{reason}": why for reason, why in guild_settings.REASONS.items()},
}
"""What `{why}` becomes in the sentence of that error: the rules' own tables, by the fact `reason`."""

SENTENCES: Mapping[str, str] = {
    **REFUSALS,
    **GUILD,
    **FAILURES,
    **CARD,
    **DRAFTS,
    **LIMITS,
    **OWN_JOBS,
    **COMMANDS,
    **WHYS,
    **english_settings.NOTICES,
    **english_settings.PANEL,
    **english_settings.STATS,
}
