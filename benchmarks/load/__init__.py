"""Servers that cost little and keep time: a Discord and a queue for load tests, each a process of its own.

They check next to nothing and draw no clips: that a bot does right is for the tests against `sandbox`. Times are
seconds of `time.monotonic()`, which on Linux is one clock for all processes of a machine.
"""
