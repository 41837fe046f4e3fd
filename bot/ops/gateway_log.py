"""One line when Discord's gateway is away, and one when it is back: discord.py writes a traceback at each try."""

from __future__ import annotations

import logging

_TRIES = ("Attempting a reconnect", "Failed to connect for shard_id")
_BACK = ("Shard ID %s has connected", "Shard ID %s has successfully RESUMED")


class GatewayOutage(logging.Filter):
    """For the loggers of discord.py that tell of tries and of connections."""

    def __init__(self) -> None:
        super().__init__()
        self._away: set[object] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        template = str(record.msg)
        first = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if template.startswith(_BACK):
            self._away.discard(first)
            self._away.discard(None)
            return True
        if not template.startswith(_TRIES):
            return True
        shard = first if "shard" in template else None
        if shard in self._away:
            return False
        self._away.add(shard)
        cause = record.exc_info[1] if record.exc_info else None
        which = "" if shard is None else f" for shard {shard}"
        record.msg = "Discord's gateway is away%s (%s: %s); it is tried again until it is back"
        record.args = (which, type(cause).__name__, cause)
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def quieten(*names: str) -> None:
    """Have the loggers of these names say it once."""
    outage = GatewayOutage()
    for name in names:
        logger = logging.getLogger(name)
        for old in [kept for kept in logger.filters if isinstance(kept, GatewayOutage)]:
            logger.removeFilter(old)
        logger.addFilter(outage)
