"""Everything that uses discord.py and is no command: the client, replies, inputs, the panel of `/settings`, notices."""
