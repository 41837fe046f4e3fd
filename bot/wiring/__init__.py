"""How a process is put together: a module a floor, each given the floors below it; `bot.app` starts and stops it."""
