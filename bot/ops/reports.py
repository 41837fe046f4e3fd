"""Errors of ours to Sentry, where `SENTRY_DSN` is set: what the log says at the level ERROR, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bot import __version__
from bot.errors import SettingsError
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentry_sdk.types import Event, Hint


def set_up_reports(settings: Settings, hide: Callable[[str], str], **more: Any) -> None:
    """Nothing without the setting. Raises `SettingsError` where the library is not installed, or refuses the DSN."""
    address = settings.sentry_dsn.get_secret_value()
    if not address:
        return
    try:
        import sentry_sdk  # noqa: PLC0415  # an extra
    except ImportError:
        raise SettingsError(
            "SENTRY_DSN needs the library sentry-sdk: pip install 'clapper-bot[sentry]', or leave it empty"
        ) from None

    def cleaned(event: Event, _: Hint) -> Event:
        return cast("Event", _cleaned(event, hide))

    try:
        sentry_sdk.init(
            dsn=address,
            release=f"clapper@{__version__}",
            before_send=cleaned,
            include_local_variables=False,  # prompts and tokens are among them
            max_breadcrumbs=0,
            default_integrations=True,
            auto_enabling_integrations=False,
            traces_sample_rate=None,
            **more,
        )
    except ValueError as exc:
        raise SettingsError(f"SENTRY_DSN can't be used: {exc}") from exc


def _cleaned(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: _cleaned(part, hide) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part, hide) for part in value]
    return value
