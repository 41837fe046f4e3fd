"""From a valid request to a delivered video: jobs, the engines that run them, and what guilds and members may ask."""
