"""Clapper: AI video for Discord.

A slash command, a reply or a menu reaches a cog, which builds a `VideoRequest`: it keeps every rule of its model, or is
refused at once. `Acceptance` writes a job row, which from then on is the truth. An engine says "run job N now"; the
runner looks up the step that belongs to the row's state, does it, writes the row and has the announcer edit the reply,
until the row says `delivered`, `failed` or `cancelled`. A process that starts again does the same.
See docs/architecture.md.
"""

__version__ = "0.2.0"
