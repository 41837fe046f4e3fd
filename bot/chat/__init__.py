"""All of discord.py outside the cogs: the client, the one reply and who edits it."""
