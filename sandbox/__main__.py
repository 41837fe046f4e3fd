"""`python -m sandbox`: the playground. `python -m sandbox try '/t2v prompt:a cat'`: one command, without a browser."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Literal

import click

from sandbox.command_text import is_line
from sandbox.launch import BotEnded, DataFolderTaken, Options, PortTaken, Sandbox
from sandbox.trial import USAGE, Trial, run_trial

FAST_SECONDS = 0.3


service_option = click.option(
    "--service",
    type=click.Choice(["decart", "fal", "both"]),
    default="decart",
    show_default=True,
    help="Which video service the bot has a key for.",
)
routes_option = click.option(
    "--routes",
    type=click.Choice(["all", "2026"]),
    default="all",
    show_default=True,
    help="Which models the first service has: all there ever were, or those of 2026.",
)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The page's port (0: any free one). [default: 8765 or the next free one]",
)
@click.option(
    "--pending", default=1.5, show_default=True, type=click.FloatRange(0, 3600), help="Seconds that a job waits."
)
@click.option(
    "--processing", default=4.0, show_default=True, type=click.FloatRange(0, 3600), help="Seconds that a job takes."
)
@click.option("--fast", is_flag=True, help="Jobs take under a second.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The bot's folder, emptied at the start and left at the end, to be looked into. [default: a temporary one]",
)
@click.option(
    "--message-content/--no-message-content",
    default=True,
    help="Whether the portal lets the bot read messages (replies such as /animate make it snow).",
)
@click.option(
    "--bot/--no-bot", default=True, help="Start the bot too, or leave that to you (see bot.env in the folder)."
)
@service_option
@routes_option
@click.pass_context
def main(
    context: click.Context, *, port: int | None, pending: float, processing: float, fast: bool, data: Path | None,
    message_content: bool, bot: bool, service: Literal["decart", "fal", "both"],
    routes: Literal["all", "2026"],
) -> None:  # fmt: skip
    """A stand-in for Discord and for the video service, with a page to use the bot on. Nothing outlives it."""
    options = Options(
        port=port,
        pending_seconds=FAST_SECONDS if fast else pending,
        processing_seconds=FAST_SECONDS if fast else processing,
        data=data,
        service=service,
        routes=routes,
        bot=bot,
        message_content=message_content,
        tell=lambda line: click.echo(line, err=True),
    )
    context.obj = options
    if context.invoked_subcommand is None:
        try:
            sys.exit(asyncio.run(_until_signal(_run_playground(options))))
        except (DataFolderTaken, PortTaken) as exc:
            click.echo(str(exc), err=True)
            sys.exit(USAGE)


@main.command("try", short_help="Do one command as a member.")
@click.argument("text")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to save the clip.")
@click.option("--as", "name", default="Ada", show_default=True, help="Which member.")
@click.option(
    "--timeout", "seconds", default=120.0, show_default=True, type=click.FloatRange(1), help="Seconds in all."
)
@service_option
@routes_option
def try_it(  # noqa: PLR0917  # each is an option of the command line
    text: str, out: Path | None, name: str, seconds: float, service: Literal["decart", "fal", "both"],
    routes: Literal["all", "2026"],
) -> None:  # fmt: skip
    """Do TEXT, for example '/t2v prompt:a cat playing piano', or '/animate prompt:snow image:@cat.jpg'.

    'reply:@cat.jpg /animate make it snow' posts the file and replies to it with that text; a reply may mention the bot
    instead: 'reply:@cat.jpg @Clapper animate make it snow'. 'menu:Animate @cat.jpg prompt:snow' posts the file and
    chooses Apps > Animate there; its form takes prompt, model and, for Restyle and Edit, reference:@file.

    Prints each state of the reply as it changes, saves the clip, and exits with 0 only if it plays; 1 if the bot
    refuses or the job fails, 2 if TEXT is no command.
    """
    if not is_line(text):
        click.echo("A command begins with a slash, for example: /t2v prompt:a cat playing piano", err=True)
        sys.exit(USAGE)
    trial = Trial(text=text, out=out, name=name, seconds=seconds)
    options = Options(
        port=0, pending_seconds=1.0, processing_seconds=2.0, service=service, routes=routes, quiet=True
    )  # fmt: skip
    sandbox = Sandbox(options)
    sys.exit(asyncio.run(_until_signal(run_trial(trial, sandbox))))


async def _run_playground(options: Options) -> int:
    """Run until cancelled."""
    async with Sandbox(options) as sandbox:
        try:
            await sandbox.bot_ready()
        except BotEnded:
            pass  # said already; the page still shows what there is
        except TimeoutError:
            click.echo("The bot is not online yet; the page shows when it is.", err=True)
        if not options.bot:
            click.echo(f"a bot's settings for this playground: {sandbox.settings_file}", err=True)
        click.echo(f"open {sandbox.url}")
        await asyncio.Event().wait()
    return 0


async def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run `work` until it ends or SIGINT, SIGTERM or SIGHUP says so; then it is cancelled, and cleans up."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return 0


if __name__ == "__main__":
    main(prog_name="python -m sandbox")
