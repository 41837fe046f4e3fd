"""What `python -m sandbox try` does and prints, in this process; `test_sandbox_cli.py` runs it as a program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest

from sandbox.launch import Options
from sandbox.trial import Trial, run_trial
from tests.end_to_end.material import sample
from tests.end_to_end.playground import ForkingSandbox

Try = Callable[..., Awaitable[tuple[int, list[str], str]]]


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Try:
    """Try a text in a folder where `cat.png` lies: the exit code, lines of standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(sample("cat.png")[1])

    async def run(
        text: str, *, name: str = "Ada", out: Path | None = None, service: Literal["decart", "fal", "both"] = "decart"
    ) -> tuple[int, list[str], str]:
        options = Options(
            port=0, pending_seconds=0.2, processing_seconds=0.3, preview_width=160, service=service, quiet=True
        )
        code = await run_trial(Trial(text=text, out=out, name=name, seconds=90), ForkingSandbox(options))
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err

    return run


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text",
    [
        "/animate prompt:snow image:@cat.png",
        "reply:@cat.png /animate make it snow",
        "reply:@cat.png @Clapper animate snow",
        "menu:Animate @cat.png snow",
        "/image prompt:snow image:@cat.png",
    ],
)
async def test_a_file_is_uploaded_replied_to_and_used_by_its_menu(tried: Try, text: str) -> None:
    code, lines, err = await tried(text)
    assert (code, err, lines[-2]) == (0, "", "delivered")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "service"),
    [("/t2v prompt:a cat", "fal"), ("/animate prompt:snow image:@cat.png", "both")],
)
async def test_the_second_service_makes_what_is_asked_of_it(tried: Try, text: str, service: str) -> None:
    code, lines, err = await tried(text, service=service)
    assert (code, err, lines[-2]) == (0, "", "delivered")


@pytest.mark.asyncio
async def test_a_refused_reply_says_why(tried: Try) -> None:
    code, _, err = await tried("reply:@cat.png /edit a hat")
    assert code == 1
    assert "a video" in err


@pytest.mark.asyncio
async def test_a_motions_preview_is_looked_at_and_go_pressed(tried: Try) -> None:
    code, lines, err = await tried("/motion image:@cat.png path:left to right")
    assert (code, err, lines[0], lines[-2]) == (0, "", "preview", "delivered")


@pytest.mark.asyncio
async def test_a_refusal_is_one_sentence_and_ends_with_1(tried: Try) -> None:
    code, lines, err = await tried("/t2v prompt:" + "a" * 1001)
    assert (code, lines) == (1, [])
    assert "prompt" in err.lower()


@pytest.mark.asyncio
async def test_a_clip_that_can_not_be_saved_is_said_in_one_line(tried: Try) -> None:
    Path("taken").write_text("a file, not a folder")
    code, _, err = await tried("/t2v prompt:a cat", out=Path("taken/cat.mp4"))
    assert (code, err) == (1, "taken/cat.mp4 can't be written: File exists\n")


@pytest.mark.asyncio
async def test_a_panel_is_told_by_its_texts(tried: Try) -> None:
    _, lines, err = await tried("/settings", name="Linus")
    assert "Settings of Film Club" in "\n".join([*lines, err])


@pytest.mark.asyncio
@pytest.mark.parametrize(("text", "word"), [("/paint a cat", "/t2v"), ("/t2v colour:red", "colour")])
async def test_what_the_bot_has_no_command_for_ends_with_2(tried: Try, text: str, word: str) -> None:
    code, lines, err = await tried(text)
    assert (code, lines) == (2, [])
    assert word in err
