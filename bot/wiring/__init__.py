"""Builds a process, one module for each layer: each is given the layers below it. `bot.app` starts and stops it."""
