"""Which encode is planned for which limit: properties that hold whatever the clip."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.fit import plan

MIB = 1024 * 1024
sides = st.integers(2, 4096)
lengths = st.floats(0.04, 3600)
rates = st.floats(1, 120)
limits = st.integers(1, 500 * MIB)


@given(seconds=lengths, width=sides, height=sides, fps=rates, limit=limits, audio=st.booleans())
def test_a_plan_keeps_to_its_limit_and_shape(
    seconds: float, width: int, height: int, fps: float, limit: int, audio: bool
) -> None:
    found = plan(seconds=seconds, width=width, height=height, fps=fps, limit_bytes=limit, has_audio=audio)
    if found is None:
        return
    assert (found.video_bits + found.audio_bits) * seconds / 8 < limit
    assert found.video_bits >= 24_000
    assert found.width % 2 == found.height % 2 == 0
    assert 2 <= found.width <= max(2, width)
    assert 2 <= found.height <= max(2, height)
    assert audio or not found.audio_bits
    if min(width, height) >= 16:
        assert abs(found.width / width - found.height / height) < 2 / min(width, height) + 0.01


@given(seconds=lengths, width=sides, height=sides, fps=rates, limit=limits, audio=st.booleans())
def test_more_room_never_looks_worse(
    seconds: float, width: int, height: int, fps: float, limit: int, audio: bool
) -> None:
    clip = {"seconds": seconds, "width": width, "height": height, "fps": fps}
    tight = plan(**clip, limit_bytes=limit, has_audio=audio)  # type: ignore[arg-type]  # numbers by name
    roomy = plan(**clip, limit_bytes=limit * 2, has_audio=audio)  # type: ignore[arg-type]  # numbers by name
    if tight is not None:
        assert roomy is not None
        assert (roomy.width, roomy.height) >= (tight.width, tight.height)
        assert roomy.audio_bits >= tight.audio_bits
        assert roomy.video_bits + roomy.audio_bits >= tight.video_bits + tight.audio_bits


@given(closeness=st.floats(0.05, 1.0))
def test_a_try_that_came_out_too_large_aims_lower(closeness: float) -> None:
    clip = {"seconds": 60.0, "width": 1280, "height": 704, "fps": 25.0, "limit_bytes": 10 * MIB, "has_audio": True}
    first = plan(**clip)  # type: ignore[arg-type]  # numbers by name
    again = plan(**clip, closeness=closeness)  # type: ignore[arg-type]  # numbers by name
    assert first is not None
    if again is not None:
        assert again.video_bits <= first.video_bits


def test_five_seconds_of_720p_keep_their_size_under_discords_limit() -> None:
    found = plan(seconds=5, width=1280, height=704, fps=25, limit_bytes=10 * MIB, has_audio=True)
    assert found is not None
    assert (found.width, found.height, found.audio_bits) == (1280, 704, 128_000)


def test_a_minute_of_720p_is_made_smaller_before_it_falls_apart() -> None:
    found = plan(seconds=120, width=1280, height=704, fps=25, limit_bytes=10 * MIB, has_audio=True)
    assert found is not None
    assert 320 <= found.width < 1280


def test_what_nobody_would_watch_is_not_planned() -> None:
    assert plan(seconds=3600, width=1280, height=704, fps=25, limit_bytes=10 * MIB, has_audio=True) is None
    assert plan(seconds=0, width=1280, height=704, fps=25, limit_bytes=10 * MIB, has_audio=True) is None
    assert plan(seconds=5, width=1280, height=704, fps=25, limit_bytes=0, has_audio=True) is None
