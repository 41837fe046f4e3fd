"""Every file of the table in docs/inputs.md, through the real task: what comes of it is what the table says."""

from __future__ import annotations

import warnings
from pathlib import Path

import av
import pytest
from PIL import Image

from bot.errors import InputRejected
from bot.media.changes import DEEDS
from bot.media.service import Ready
from bot.rules.catalog import Kind
from tests import corpus
from tests.corpus.case import Case, Refusal, Taken
from tests.corpus.cases import CASES
from tests.jobs import CATALOG
from tests.media_workers import a_normaliser

pytestmark = pytest.mark.programs

IS_FFMPEG_8 = av.library_versions["libavcodec"] < (63, 0, 0)
MODELS = {Kind.IMAGE: CATALOG.get("lucy-pro-i2v"), Kind.VIDEO: CATALOG.get("lucy-fast-v2v")}


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_comes_of_a_file_is_what_the_table_says(tmp_path: Path, case: Case) -> None:
    case.make(tmp_path / "file")
    work = a_normaliser().ready(tmp_path / "file", tmp_path / "to", kind=case.wanted, model=MODELS[case.wanted])
    expected = case.with_ffmpeg_8 if IS_FFMPEG_8 and case.with_ffmpeg_8 is not None else case.expected
    if isinstance(expected, Refusal):
        with pytest.raises(InputRejected) as caught:
            await work
        assert (caught.value.key, caught.value.facts) == (expected.error.key, expected.error.facts)
        assert not (tmp_path / "to").exists()
        return
    ready = await work
    assert ready.done == expected.done
    assert set(ready.done) <= DEEDS.keys()
    shown = still_of(ready) if case.wanted is Kind.IMAGE else clip_of(ready, expected)
    assert shown.size == expected.size
    if expected.corners:
        assert corpus.corner_names(shown, apart=90) == corpus.UPRIGHT
    if (spot := expected.spot) is not None:
        seen = shown.getpixel((int(spot.at[0] * shown.width), int(spot.at[1] * shown.height)))
        assert isinstance(seen, tuple)
        assert sum(abs(a - b) for a, b in zip(seen, spot.colour, strict=True)) <= spot.apart, f"shows {seen}"


def still_of(ready: Ready) -> Image.Image:
    with warnings.catch_warnings(action="ignore"), Image.open(ready.path) as image:
        assert Image.MIME[image.format or ""] == ready.content_type
        return image.convert("RGB")


def clip_of(ready: Ready, expected: Taken) -> Image.Image:
    """The last picture, which must stand upright as the others."""
    seen = corpus.Seen(ready.path)
    assert (seen.codec, seen.pixels, set(seen.sounds)) == ("h264", "yuv420p", {"aac"} if expected.sound else set())
    shown = len(seen.frames) / float(seen.rate)
    assert shown == pytest.approx(expected.seconds, abs=0.05)
    assert ready.seconds == pytest.approx(expected.seconds, abs=0.05)
    if expected.sound:
        assert len(seen.sound) / 48_000 == pytest.approx(shown, abs=0.15)
    return seen.frames[-1].convert("RGB")


def test_the_table_names_each_file_once() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 150
