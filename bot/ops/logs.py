"""Logs for people or for machines: one line for each event, with the ids of its job and server, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.ops.gateway_log import quieten
from bot.ops.job_fields import JOB_FIELDS
from bot.ops.reports import set_up_reports
from bot.settings import Settings

HIDDEN = "[hidden]"
_BOT_TOKEN = re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}")
_INTERACTION_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\s\"'?]+")
_TOKEN_FIELD = re.compile(r"""(["']token["']\s*:\s*["'])[^"']+""")  # in events as Discord sends them
_QUERY = re.compile(r"(\b(?:https?|wss?|s3)://[^\s\"'<>?]+)\?[^\s\"'<>]*")
_PASSWORD = re.compile(r"(\b[a-z][\w+.-]*://[^\s:/@]*):[^\s@/]+@")
_PROMPT_KEYS = frozenset({"prompt", "request", "inputs"})


class Redactor:
    """A processor that hides what must not be read later: tokens, keys, signatures of URLs; prompts above DEBUG."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({s for s in secrets if len(s) >= 4}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger
        if method != "debug" and event.get("level", method) != "debug":
            for key in _PROMPT_KEYS & event.keys():
                del event[key]
        return {key: self._clean(value) for key, value in event.items()}

    def hide(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        # What each pattern can't do without is looked for first: that takes a tenth of the time.
        if text.count(".") > 1:
            text = _BOT_TOKEN.sub(HIDDEN, text)
        if "/" in text:
            text = _INTERACTION_TOKEN.sub(rf"\1{HIDDEN}", text)
        if "token" in text:
            text = _TOKEN_FIELD.sub(rf"\1{HIDDEN}", text)
        if "://" in text:
            text = _PASSWORD.sub(rf"\1:{HIDDEN}@", text)
            text = _QUERY.sub(rf"\1?{HIDDEN}", text)
        return text

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.hide(value)
        return value if value is None or isinstance(value, bool | int | float) else self.hide(str(value))


def printable(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A processor for lines that people read: an event is one line, and none of it moves a terminal's cursor or changes
    the order of what stands around it. A traceback's lines are set in, so that none looks like an event.

    A service's reason or a file's name may hold line ends and control characters, and so forge what others read.
    """
    del logger, method
    for name, value in event.items():
        if isinstance(value, str):
            is_traceback = name in {"exception", "stack"}
            lines = value.splitlines() if is_traceback else [value]
            event[name] = "\n".join(("  " if is_traceback else "") + _printable(line) for line in lines)
    return event


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def set_up_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log of the process, libraries' too, through one formatter to `stream` (stderr).

    Raises `SettingsError` where errors are to be reported and can't be.
    """
    stream = stream or sys.stderr
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not stream.isatty())
    secrets = [settings.discord_token, settings.decart_api_key, settings.fal_key, settings.sentry_dsn]
    redactor = Redactor(secret.get_secret_value() for secret in (*secrets, *settings.secret_keys))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(as_json=as_json, redactor=redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(settings.log_level)
    for name in ("aiohttp.access", "alembic", "sqlalchemy.engine", "PIL", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    quieten("discord.client", "discord.shard", "discord.gateway")
    set_up_reports(settings, redactor.hide)


def set_level(level: str) -> None:
    """From now on, for every log of the process."""
    root = logging.getLogger()
    root.setLevel(level)
    for name in ("discord.gateway", "discord.http"):  # at debug: every event and body, whole
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))


def _formatter(*, as_json: bool, redactor: Redactor) -> logging.Formatter:
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        JOB_FIELDS,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: list[Processor] = (
        [structlog.processors.JSONRenderer()] if as_json else [printable, structlog.dev.ConsoleRenderer(colors=False)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=first,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redactor, *last],
    )
