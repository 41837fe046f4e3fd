"""Settings: defaults, what is refused and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings

NEEDED = {"DISCORD_TOKEN": "t", "DECART_API_KEY": "k"}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def _read(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in (NEEDED | values).items():
        monkeypatch.setenv(name, value)
    return Settings.read()


def test_two_settings_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch)
    assert settings.database == "sqlite:///data/clapper.sqlite3"
    assert not settings.clustered
    assert settings.decart_base_url == "https://api.decart.ai"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("DISCORD_TOKEN=from-file\nDECART_API_KEY=k\nHTTP_PORT=1\n")
    monkeypatch.setenv("HTTP_PORT", "2")
    settings = Settings.read()
    assert (settings.discord_token.get_secret_value(), settings.http_port) == ("from-file", 2)


def test_a_file_of_another_name_is_read_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("DISCORD_TOKEN=t\nDECART_API_KEY=k\nJOBS_AT_ONCE=3\n")
    assert Settings.read(tmp_path / "other").jobs_at_once == 3


def test_every_missing_setting_is_named_at_once_in_one_line() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read()
    line = str(caught.value)
    assert "DISCORD_TOKEN is not set" in line
    assert "DECART_API_KEY is not set" in line
    assert "\n" not in line


@pytest.mark.parametrize("token", ["", "   "])
def test_an_empty_token_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    with pytest.raises(SettingsError, match="DISCORD_TOKEN is not set"):
        _read(monkeypatch, DISCORD_TOKEN=token)


@pytest.mark.parametrize("line", ["DECART_APY_KEY=x", "DECART_APY_KEY=", "export decart_apy_key=''", "DECART_APY_KEY"])
def test_a_name_in_the_file_that_is_no_setting_is_named_once_whatever_its_value(line: str) -> None:
    Path(".env").write_text(f"DISCORD_TOKEN=t\nDECART_API_KEY=k\n{line}\n")
    with pytest.raises(SettingsError, match=r"^DECART_APY_KEY in \.env is not a setting[^;]*$"):
        Settings.read()


def test_unknown_names_are_told_together_with_everything_else_that_is_wrong() -> None:
    Path(".env").write_text("DECART_API_KEY=k\nDECART_APY_KEY=\n")
    with pytest.raises(SettingsError, match=r"DISCORD_TOKEN is not set.*; DECART_APY_KEY in \.env is not a setting"):
        Settings.read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DECART_BASE_URL", "api.decart.ai"),
        ("DECART_BASE_URL", "ftp://x"),
        ("DECART_BASE_URL", "http://x:99999"),
        ("DECART_BASE_URL", "https://user:secret-word@x"),
        ("DISCORD_API_BASE_URL", "https://x/?q=1"),
        ("DISCORD_GATEWAY_URL", "https://x"),
        ("DECART_BASE_URL", "http://a b"),
        ("DISCORD_TOKEN", "two words"),
        ("DISCORD_TOKEN", "tökén"),
        ("DECART_API_KEY", "two\nlines"),
        ("DISCORD_CDN_HOSTS", "https://cdn.discordapp.com/"),
    ],
)
def test_what_can_not_be_used_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"{name} can't be used") as caught:
        _read(monkeypatch, **{name: value})
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("JOBS_AT_ONCE", "many", "a whole number, 1 or more"),
        ("JOBS_AT_ONCE", "0", "a whole number, 1 or more"),
        ("HTTP_PORT", "65536", "a whole number from 0 to 65535"),
        ("KEEP_DAYS", "99999999999", "a whole number from 1 to 36500"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
        ("MESSAGE_CONTENT_INTENT", "maybe", "auto, on or off"),
        ("TOKEN_LIFE_SECONDS", "901", "a number, above 0 and at most 900"),
        ("POLL_MAX_SECONDS", "inf", "a number, above 0"),
        ("RUN_JOBS", "perhaps", "true or false"),
        ("SHARD_COUNT", "two", "a whole number, 1 or more"),
    ],
)
def test_a_wrong_number_or_word_says_what_is_allowed_in_our_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        _read(monkeypatch, **{name: value})
    assert str(caught.value) == f"{name}={value}: {words} (see .env.example)"


def test_each_part_of_a_list_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"^SHARD_IDS=a: whole numbers with commas between .*; SHARD_IDS=b: "):
        _read(monkeypatch, SHARD_IDS="a,b", SHARD_COUNT="3")


def test_lists_are_separated_by_commas_and_addresses_lose_their_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(
        monkeypatch,
        SHARD_IDS="0, 2",
        SHARD_COUNT="3",
        DISCORD_CDN_HOSTS="a:1, b",
        SECRET_KEYS="x,y",
        DECART_BASE_URL="http://x/v/",
    )
    assert settings.shard_ids == (0, 2)
    assert settings.discord_cdn_hosts == ("a:1", "b")
    assert [key.get_secret_value() for key in settings.secret_keys] == ["x", "y"]
    assert settings.decart_base_url == "http://x/v"


@pytest.mark.parametrize("count", ["", "2"])
def test_shards_without_their_whole_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    with pytest.raises(SettingsError, match="SHARD_COUNT"):
        _read(monkeypatch, SHARD_IDS="0,2", SHARD_COUNT=count)


def test_postgresql_makes_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(monkeypatch, DATABASE_URL="postgresql+psycopg://u:p@h/d").clustered


def test_settings_do_not_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in repr(_read(monkeypatch, DISCORD_TOKEN="hunter2", DECART_API_KEY="hunter2"))


def test_a_shortest_wait_above_the_longest_is_refused_by_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="POLL_MIN_SECONDS must not be above POLL_MAX_SECONDS"):
        _read(monkeypatch, POLL_MIN_SECONDS="20")


def test_an_empty_setting_is_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, DISCORD_API_BASE_URL="", HTTP_PORT=" ", DISCORD_CDN_HOSTS="", LOG_LEVEL="")
    assert settings.discord_api_base_url == "https://discord.com/api/v10"
    assert (settings.http_port, settings.log_level) == (8080, "INFO")
    assert settings.discord_cdn_hosts == ("cdn.discordapp.com", "media.discordapp.net")


def test_discords_media_proxy_counts_by_its_other_names_too_and_no_other_host_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("images-ext-1.discordapp.net", "images-ext-2.discordapp.net")
    assert _read(monkeypatch).file_hosts == ("cdn.discordapp.com", "media.discordapp.net", *names)
    assert _read(monkeypatch, DISCORD_CDN_HOSTS="a:1,b").file_hosts == ("a:1", "b")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_told_to_be_utf8(encoding: str) -> None:
    Path(".env").write_text("# é\nDISCORD_TOKEN=t\nDECART_API_KEY=k\n", encoding=encoding)
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8 text"):
        Settings.read()


def test_a_file_with_windows_marks_and_line_ends_is_read() -> None:
    Path(".env").write_bytes(b"\xef\xbb\xbfDISCORD_TOKEN=t\r\nDECART_API_KEY='k'\r\n")
    assert Settings.read().discord_token.get_secret_value() == "t"


@pytest.mark.parametrize(
    ("text", "line"), [("DISCORD_TOKEN=t\nDECART_API_KEY=k\nnot a setting\n", 3), ('DISCORD_TOKEN="t\nX=k\n', 1)]
)
def test_a_line_that_can_not_be_read_is_named_by_its_number(text: str, line: int) -> None:
    Path(".env").write_text(text)
    with pytest.raises(SettingsError, match=rf"line {line} of \.env can't be read"):
        Settings.read()
