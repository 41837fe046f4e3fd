"""The commands of `clapper` and `python -m bot`. What an operator must mend ends with one line and exit code 2."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import click

from bot import __version__
from bot.app import App
from bot.doctor import examine
from bot.errors import SettingsError
from bot.media.kernel import hide_memory
from bot.ops.logs import set_up_logs
from bot.rules.clock import SystemClock
from bot.settings import Settings
from bot.store.database import FileLock, parse_url
from bot.store.upgrade import try_migration
from bot.wiring.backup import back_up, restore_backup
from bot.wiring.data_folder import make_private, note_in_use, refuse_emptied
from bot.wiring.service_findings import model_table
from bot.wiring.store import bring_up_to_date, forget_files_and_keys, reached, settle_restored

log = logging.getLogger(__name__)

EXIT_SETTINGS = 2
PASSPHRASE_SHORTEST = 12
_DOUBTED = (
    "{} jobs were not sent then and may have been since: they fail with a sentence, "
    "unless RESUBMIT_UNKNOWN=true was set for this restore"
)
STOP_SECONDS = 9.0
"""Supervisors wait ten seconds between asking and killing."""


class _Passphrase(click.ParamType[str]):
    """The first line of a file: a passphrase on the command line could be read by every user of the machine."""

    name = "file"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            lines = Path(value).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            self.fail(f"{value} can't be read: {exc}", param, ctx)
        if not lines or len(lines[0]) < PASSPHRASE_SHORTEST:
            self.fail(f"the first line of {value} must be a passphrase of {PASSPHRASE_SHORTEST} or more characters")
        return lines[0]


PASSPHRASE = _Passphrase()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clapper", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Clapper: a Discord bot for AI video. Without a command: run."""
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command()
def run() -> None:
    """Run the bot, and the jobs, until SIGTERM or Ctrl-C."""
    _carry_out(_serve)


@main.command()
def worker() -> None:
    """Run jobs only, for bots that run elsewhere (a cluster)."""
    _carry_out(_work)


@main.command()
@click.option(
    "--json", "as_json", is_flag=True, help="For programs: a list with name, fine, partly and advice of each."
)
def doctor(*, as_json: bool) -> None:
    """Check the token, the intents, the keys, the database, the disk and the encoder, and say what to mend."""
    try:
        settings, wrong = Settings.read_leniently()
    except SettingsError as exc:
        _give_up(exc)
    findings = asyncio.run(examine(settings, SystemClock(), wrong))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(str(finding))
        for line in asyncio.run(model_table(settings, SystemClock())):
            click.echo(line)
    sys.exit(0 if all(finding.fine for finding in findings) else 1)


@main.command()
@click.option(
    "--forget-cluster", is_flag=True, help="Also forget which files and keys belong to the database, after a loss."
)
@click.option(
    "--restored",
    is_flag=True,
    help="Once after pg_restore of a dump that was made while bots ran: jobs that were not sent then may have been "
    "since. They fail with a sentence and cost no member anything, or else they would be sent a second time.",
)
@click.option("--dry-run", is_flag=True, help="Try it, undo it, and say what it would do.")
def migrate(*, forget_cluster: bool, restored: bool, dry_run: bool) -> None:
    """Bring the database's tables to this version. An SQLite file is copied first."""
    if dry_run:
        _carry_out(_try_migration)
        return
    _carry_out(functools.partial(_migrate, forget_cluster=forget_cluster, restored=restored))
    click.echo("the database is up to date")


@main.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--passphrase-file", type=PASSPHRASE, help="Take the key file along, sealed with the passphrase in FILE.")
@click.option("--without-keys", is_flag=True, help="Leave the key file out: it is kept elsewhere.")
def backup(*, to: Path, passphrase_file: str | None, without_keys: bool) -> None:
    """Copy the database, the files and the keys into the new folder TO, also while the bot runs."""
    settings = _settings()
    if not settings.secret_keys and (passphrase_file is None) != without_keys:
        _give_up(SettingsError("say what to do with the key file: --passphrase-file FILE, or --without-keys"))
    try:
        contents = back_up(settings, to, passphrase=passphrase_file, now=SystemClock().now())
    except SettingsError as exc:
        _give_up(exc)
    where = f"{contents.files} files" if not contents.files_url else f"the files stay at {contents.files_url}"
    click.echo(f"{to}: the database, {where}, keys: {contents.keys}")


@main.command()
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path))
@click.option("--passphrase-file", type=PASSPHRASE, help="The passphrase that the backup's key is sealed with.")
def restore(*, source: Path, passphrase_file: str | None) -> None:
    """Fill an empty DATA_DIR from the backup FROM; the next start goes on with its jobs."""
    settings = _settings()
    try:
        restored = restore_backup(settings, source, passphrase=passphrase_file)
    except SettingsError as exc:
        _give_up(exc)
    contents = restored.contents
    click.echo(
        f"restored what was there at {contents.made_at:%Y-%m-%d %H:%M:%S %Z}; the next start goes on with its jobs"
    )
    if restored.doubted:
        click.echo(_DOUBTED.format(restored.doubted))
    if contents.keys == "left out" or (contents.keys == "in SECRET_KEYS" and not settings.secret_keys):
        click.echo(
            f"keys: {contents.keys}; put them back before the next start (secret.key in DATA_DIR, or SECRET_KEYS)"
        )


@main.command()
def sync() -> None:
    """Send the commands to Discord, even if they have not changed."""
    _carry_out(_sync)
    click.echo("the commands were sent to Discord; clients show them after a reload")


def _settings() -> Settings:
    try:
        return Settings.read()
    except SettingsError as exc:
        _give_up(exc)


def _carry_out(act: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    settings = _settings()
    try:
        set_up_logs(settings)
        asyncio.run(act(settings))
    except SettingsError as exc:
        _give_up(exc)
    except KeyboardInterrupt:
        sys.exit(130)


def _give_up(error: SettingsError) -> NoReturn:
    click.echo(" ".join(str(error).split()), err=True)
    sys.exit(EXIT_SETTINGS)


async def _serve(settings: Settings) -> None:
    await _until_stopped(App(settings))


async def _until_stopped(app: App) -> None:
    with contextlib.suppress(OSError):  # only Linux can; the token is in this process's environment and memory
        hide_memory()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        reloads.add(task := asyncio.ensure_future(app.reload()))
        task.add_done_callback(reloads.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    stop = asyncio.ensure_future(asked.wait())
    starting = asyncio.ensure_future(app.start())
    await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        _leave_in_time()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    starting.result()
    _spare_the_collector()
    serving = asyncio.ensure_future(app.run())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    _leave_in_time(0 if asked.is_set() else _crashed(serving))
    await app.stop()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    log.info("Clapper has stopped")


def _spare_the_collector() -> None:
    """What was built until now lives as long as the process. To look for garbage in it again and again took a sixth of
    the processor time of a job, and held all answers up for 0.1 s each time."""
    gc.freeze()


def _crashed(serving: asyncio.Future[None]) -> int:
    """Log why it ended by itself, before a stop that may hang; gives the exit code."""
    cause = serving.exception()
    if isinstance(cause, SettingsError):  # its line comes at the end
        return EXIT_SETTINGS
    log.error("Clapper ends, which nobody asked for", exc_info=cause)
    return 1


def _leave_in_time(code: int = 0) -> None:
    """End this process soon with that exit code, whatever still hangs by then, such as a database that answers nothing
    and can't even be told to break off. A thread sees to it, since the loop may hang, too."""

    def leave() -> None:
        log.warning("not everything was closed in time; the rows are safe")
        logging.shutdown()
        os._exit(code)

    timer = threading.Timer(STOP_SECONDS, leave)
    timer.daemon = True
    timer.start()


async def _work(settings: Settings) -> None:
    if not settings.clustered:
        raise SettingsError(
            "a worker shares its jobs through PostgreSQL: set "
            "DATABASE_URL=postgresql+psycopg://user:password@host/name, or run `python -m bot`, which does them itself"
        )
    await _until_stopped(App(settings, gateway=False))


async def _migrate(settings: Settings, *, forget_cluster: bool, restored: bool) -> None:
    url = parse_url(settings.database)
    await asyncio.to_thread(make_private, settings, url)
    lock = await asyncio.to_thread(FileLock.take, url)
    try:
        await asyncio.to_thread(refuse_emptied, settings, url)
        await bring_up_to_date(url, SystemClock())
        await asyncio.to_thread(note_in_use, url)
        if forget_cluster:
            await forget_files_and_keys(url, SystemClock())
        if restored:
            doubts = not settings.resubmit_unknown
            click.echo(_DOUBTED.format(await settle_restored(url, SystemClock(), doubts=doubts)))
    finally:
        lock.release()


async def _try_migration(settings: Settings) -> None:
    url = parse_url(settings.database)
    database = url.database if url.get_backend_name() == "sqlite" else None
    if database is not None and not await asyncio.to_thread(Path(database).is_file):
        click.echo("there is no database yet: the first start makes it")
        return
    lock = await asyncio.to_thread(FileLock.take, url)
    try:
        await asyncio.to_thread(refuse_emptied, settings, url)
        before, after = await reached(url, try_migration(url, clock=SystemClock()))
    finally:
        lock.release()
    if before == after:
        click.echo(f"the database is up to date: its tables are {after}")
    else:
        click.echo(f"the migration from {before or 'no tables'} to {after} works; it was undone, nothing has changed")


async def _sync(settings: Settings) -> None:
    await App(settings).sync()
