"""The settings: read once from the environment and `.env`, frozen, handed on. Nothing else reads the environment."""

from __future__ import annotations

import re
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from bot.rules.bounds import SENT_MAX_BYTES
from bot.rules.catalog import ServiceName
from bot.rules.limit_rules import USUAL_OPERATOR_LIMITS, operator_rules

_MEDIA_PROXY = "media.discordapp.net"
_MEDIA_PROXY_ALIASES = ("images-ext-1.discordapp.net", "images-ext-2.discordapp.net")


class Settings(BaseSettings):
    """Every setting, one line each in `.env.example` (a test keeps them equal)."""

    model_config = SettingsConfigDict(frozen=True, env_file=".env", env_file_encoding="utf-8-sig", extra="forbid")

    discord_token: SecretStr = Field(min_length=1)
    discord_api_base_url: str = "https://discord.com/api/v10"
    discord_gateway_url: str = ""
    discord_cdn_hosts: Annotated[tuple[str, ...], NoDecode] = ("cdn.discordapp.com", "media.discordapp.net")
    decart_api_key: SecretStr = SecretStr("")
    decart_base_url: str = "https://api.decart.ai"
    fal_key: SecretStr = SecretStr("")
    fal_base_url: str = "https://queue.fal.run"
    fal_rest_url: str = "https://rest.fal.ai"
    fal_media_hosts: Annotated[tuple[str, ...], NoDecode] = (".fal.media", "storage.googleapis.com")
    message_content_intent: Literal["auto", "on", "off"] = "auto"
    shard_ids: Annotated[tuple[int, ...], NoDecode] = ()
    shard_count: int | None = Field(default=None, ge=1)

    data_dir: Path = Path("./data")
    database_url: str = ""
    files_url: str = ""
    catalog_file: Path | None = None
    check_models_hours: int = Field(default=24, ge=0, le=8760)
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""

    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sentry_dsn: SecretStr = SecretStr("")

    resubmit_unknown: bool = False
    poll_min_seconds: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    poll_max_seconds: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    submit_attempts: int = Field(default=5, ge=1, le=20)
    token_life_seconds: float = Field(default=900.0, gt=0, le=900)
    max_input_bytes: int = Field(default=SENT_MAX_BYTES, ge=1024)
    max_result_bytes: int = Field(default=1024**3, ge=1024)
    max_member_bytes: int = Field(default=5 * 1024**3, ge=1024)
    jobs_at_once: int = Field(default=1000, ge=1)
    run_jobs: bool = True
    keep_days: int = Field(default=30, ge=1, le=36_500)
    keep_results_hours: int = Field(default=72, ge=0, le=876_000)
    operator_limits: str = USUAL_OPERATOR_LIMITS

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, values: Any) -> Any:
        """`NAME=` is what compose files write for a setting that is left alone."""
        blank = {name for name, value in values.items() if isinstance(value, str) and not value.strip()}
        return {name: value for name, value in values.items() if name not in blank & cls.model_fields.keys()}

    @field_validator("discord_cdn_hosts", "fal_media_hosts", "secret_keys", "shard_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("discord_token", "decart_api_key", "fal_key")
    @classmethod
    def _sendable(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]*", value.get_secret_value().strip()):
            raise ValueError("it has spaces or characters that no token or key has")
        return SecretStr(value.get_secret_value().strip())

    @field_validator("fal_key")
    @classmethod
    def _some_service(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        first = info.data.get("decart_api_key")  # None where it is wrong, which is told already
        if first is not None and not first.get_secret_value() and not value.get_secret_value():
            raise PydanticCustomError(_NO_SERVICE, "neither key is set")
        return value

    @field_validator("discord_cdn_hosts", "fal_media_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", host) for host in value):
            raise ValueError("each must be host or host:port, without https:// and without a path")
        return value

    @field_validator("operator_limits")
    @classmethod
    def _readable_rules(cls, value: str) -> str:
        operator_rules(value)
        return value

    @field_validator("discord_api_base_url", "decart_base_url", "fal_base_url", "fal_rest_url", "public_url")
    @classmethod
    def _http_address(cls, value: str) -> str:
        return _address(value, "http", "https") if value else value

    @field_validator("discord_gateway_url")
    @classmethod
    def _websocket_address(cls, value: str) -> str:
        return _address(value, "ws", "wss") if value else value

    @model_validator(mode="after")
    def _shards_of_how_many(self) -> Self:
        if self.shard_ids and self.shard_count is None:
            raise ValueError("SHARD_IDS needs SHARD_COUNT: say of how many shards these are, the same in every process")
        if self.shard_count is not None and not all(0 <= shard < self.shard_count for shard in self.shard_ids):
            raise ValueError(f"SHARD_IDS are counted from 0 and must be below SHARD_COUNT={self.shard_count}")
        return self

    @model_validator(mode="after")
    def _waits_in_order(self) -> Self:
        if self.poll_min_seconds > self.poll_max_seconds:
            raise ValueError("POLL_MIN_SECONDS must not be above POLL_MAX_SECONDS")
        return self

    @property
    def database(self) -> str:
        """`DATABASE_URL`, or the SQLite file in `DATA_DIR`."""
        return self.database_url or f"sqlite:///{self.data_dir / 'clapper.sqlite3'}"

    @property
    def services(self) -> tuple[ServiceName, ...]:
        """The video services that there is a key for."""
        keys: dict[ServiceName, SecretStr] = {"decart": self.decart_api_key, "fal": self.fal_key}
        return tuple(name for name, key in keys.items() if key.get_secret_value())

    @property
    def keyed_addresses(self) -> dict[str, str]:
        """By their settings' names, the addresses that are sent a token or a key."""
        by_service = {"decart": ("decart_base_url",), "fal": ("fal_base_url", "fal_rest_url")}
        used = [name for service in self.services for name in by_service[service]]
        return {name.upper(): getattr(self, name) for name in ("discord_api_base_url", "discord_gateway_url", *used)}

    @property
    def file_hosts(self) -> tuple[str, ...]:
        """Whom files may be fetched from. Discord's media proxy has other names for what it shows of the web."""
        aliases = _MEDIA_PROXY_ALIASES if _MEDIA_PROXY in self.discord_cdn_hosts else ()
        return (*self.discord_cdn_hosts, *aliases)

    @property
    def clustered(self) -> bool:
        """Whether several processes share the jobs (PostgreSQL) or this one owns them (SQLite)."""
        return self.database.startswith("postgresql")

    @classmethod
    def read_leniently(cls) -> tuple[Settings, list[str]]:
        """As `read`, with a line for each setting that is wrong and its default in its place: a token or a key that is
        missing is empty. Raises `SettingsError` where `.env` itself, or how settings go together, is wrong."""
        found, wrong = cls._read(None)
        if found is not None and not wrong:
            return found, []
        names = {line.partition("=")[0].partition(" ")[0].lower() for line in wrong} & cls.model_fields.keys()
        if "decart_api_key" in names:
            names.add("fal_key")
        fillers: dict[str, Any] = {name: cls.model_fields[name].default for name in names}
        secrets = names & {"discord_token", "decart_api_key", "fal_key"}
        try:
            settings = _Lenient(**fillers | dict.fromkeys(secrets, "missing"))
        except ValidationError:
            raise SettingsError("; ".join(wrong)) from None
        return settings.model_copy(update=dict.fromkeys(secrets, SecretStr(""))), wrong

    @classmethod
    def read(cls, env_file: Path | None = None) -> Self:
        """From the environment over `.env`. Raises `SettingsError` with one line for every setting that is wrong."""
        settings, wrong = cls._read(env_file)
        if settings is None or wrong:
            raise SettingsError("; ".join(wrong))
        return settings

    @classmethod
    def _read(cls, env_file: Path | None) -> tuple[Self | None, list[str]]:
        """The settings, None where they can't be used, and a line for each that is wrong."""
        names = _names_in(env_file or Path(".env"))
        # pydantic-settings passes over those without a value.
        wrong = [_UNKNOWN.format(name.upper()) for name in names if name.lower() not in cls.model_fields]
        settings: Self | None = None
        try:
            settings = cls(_env_file=env_file) if env_file else cls()
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_context=False)
            wrong = [_explain(e["loc"], e["type"], e["msg"], e["input"]) for e in errors] + wrong
        return settings, list(dict.fromkeys(wrong))


class _Lenient(Settings):
    """Passes over names that are no settings."""

    model_config = SettingsConfigDict(extra="ignore")


def _names_in(path: Path) -> list[str]:
    """Raises `SettingsError` for a file that would be skipped or read in part; one that is not there is fine."""
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = list(parse_stream(file))
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as exc:
        raise SettingsError(f"{path} can't be read: {exc.strerror}") from None
    broken = next((line.original.line for line in lines if line.error), None)
    if broken is not None:
        raise SettingsError(f"line {broken} of {path} can't be read: write NAME=value, and close quotes that you open")
    return [line.key for line in lines if line.key is not None]


_SHOWN_MAX_CHARS = 60
_NO_SERVICE = "no_service"
_UNKNOWN = "{} in .env is not a setting of Clapper: remove it or mend its spelling (see .env.example)"
_HINTS = {
    "discord_token": "the bot's token from the Discord developer portal",
}


def _explain(loc: tuple[int | str, ...], kind: str, message: str, given: object) -> str:
    if not loc:  # a rule on several settings, which names them itself
        return f"{message.removeprefix('Value error, ')} (see .env.example)"
    name = str(loc[0]).upper()
    hint = _HINTS.get(name.lower())
    if kind == _NO_SERVICE:
        keys = "DECART_API_KEY=… (the key for the video service) or FAL_KEY=… (for fal.ai)"
        return f"DECART_API_KEY is not set: put {keys} in .env or the environment; either is enough"
    if kind == "extra_forbidden":
        return _UNKNOWN.format(name)
    if kind in {"missing", "too_short", "string_too_short"}:
        return f"{name} is not set: put {name}=… ({hint or 'see .env.example'}) in .env or the environment"
    field = Settings.model_fields[name.lower()]
    allowed = (
        None if kind in {"value_error", "assertion_error"} or "Secret" in str(field.annotation) else _allowed(field)
    )
    if allowed is not None:
        return f"{name}={str(given)[:_SHOWN_MAX_CHARS]}: {allowed} (see .env.example)"
    return f"{name} can't be used: {message.removeprefix('Value error, ')} (see .env.example)"


def _allowed(field: FieldInfo) -> str | None:
    """What the setting may be, in words; None where its type has none."""
    of: Any = field.annotation
    kinds = get_args(of) if isinstance(of, UnionType) else (of,)
    if get_origin(of) is Literal:
        words = [str(word) for word in get_args(of)]
        return f"{', '.join(words[:-1])} or {words[-1]}"
    if bool in kinds:
        return "true or false"
    if get_origin(of) is tuple and int in get_args(of):
        return "whole numbers with commas between"
    number = "a whole number" if int in kinds else "a number" if float in kinds else None
    if number is None:
        return None
    bounds = {
        name: getattr(bound, name) for bound in field.metadata for name in ("ge", "gt", "le") if hasattr(bound, name)
    }
    low = f"{bounds['ge']} or more" if "ge" in bounds else f"above {bounds['gt']:g}" if "gt" in bounds else ""
    high = f"at most {bounds['le']:g}" if "le" in bounds else ""
    if "ge" in bounds and "le" in bounds:
        return f"{number} from {bounds['ge']} to {bounds['le']}"
    return ", ".join(filter(None, (number, " and ".join(filter(None, (low, high))))))


def _address(value: str, *schemes: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_fine = (parts.port is None or parts.port > 0) and not re.search(r"[\s\x00-\x20\x7f]", value)
    except ValueError:
        port_is_fine = False
        parts = urlsplit("")
    if parts.scheme not in schemes or not parts.hostname or not port_is_fine:
        raise ValueError(f"it must be an address that begins with {' or '.join(s + '://' for s in schemes)}")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("it must not have a query, a fragment or a user name")
    return value.rstrip("/")
