"""Clapper: AI video for Discord.

A command, a reply or a menu reaches a cog, which builds a `VideoRequest` (valid for ever, or refused on the spot) and
hands it to the `Studio`. The studio writes a job row, which from then on is the truth. An engine says "run job N now";
the pipeline looks up the one step that the row's state calls for, does it, writes the row and has the announcer edit
the one reply, until the row says `delivered`, `failed` or `cancelled`. A process that starts again does just the same.
"""
