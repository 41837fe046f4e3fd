"""Results, in the child: what they are, an index that comes first, a smaller encode, a poster, a still."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.errors import InputRejected, ResultInvalid
from bot.media.boxes import faststart_of
from bot.media.frames import Shaper, is_upright, lies_on_its_side
from bot.media.look import MAX_RATE, Look, look_at, tidy_rate
from bot.media.mux import copy_pictures
from bot.media.pictures import flat_picture, opened
from bot.media.tracks import Tracks, opened_clip, tracks_of
from bot.media.transcode import Span, transcode
from bot.rules.fit import TRIES, Encode, plan

_POSTER_SIDE = 1280
_POSTER_AT_SECONDS = 1.0
_STILL_SIDE = 320
"""Twice what Discord shows of a thumbnail, for fine screens, and some 15 KB."""


def probe(path: Path) -> dict[str, Any]:
    """The facts of `bot.rules.media.Probe`. Raises `ResultInvalid`."""
    try:
        tracks = tracks_of(path, "mp4")
        with opened_clip(path, "mp4") as source:
            stream, sound = tracks.video_in(source), tracks.sound_in(source)
            first = _first(source, stream)
            lies = lies_on_its_side(first)
            return {
                "container": "mp4",
                "size_bytes": path.stat().st_size,
                "width": first.height if lies else first.width,
                "height": first.width if lies else first.height,
                "seconds": _seconds(source, stream),
                "fps": float(stream.average_rate or 0) or None,
                "video": stream.codec_context.name,
                "audio": sound.codec_context.name if sound is not None else None,
                "pixels": first.format.name,
                "faststart": faststart_of(path),
            }
    except InputRejected as exc:
        raise ResultInvalid from exc


def faststart(path: Path, to: Path) -> dict[str, Any]:
    """Answers {"changed"} and the facts of `bot.rules.media.Dimensions`; `to` is written only where the index did not
    come first. Raises `ResultInvalid`."""
    found = probe(path)
    shape = {name: found[name] for name in ("width", "height", "seconds")}
    if found["faststart"]:
        return {"changed": False, **shape}
    try:
        tracks = tracks_of(path, "mp4")
        with opened_clip(path, "mp4") as source:
            copy_pictures(source, tracks.video_in(source), tracks.sound_in(source), to, keep_sound=True)
    except InputRejected as exc:
        raise ResultInvalid from exc
    return {"changed": True, **shape}


def fit(path: Path, to: Path, *, limit_bytes: int) -> dict[str, Any]:
    """Answers the facts of `bot.rules.media.Fitted`, or {"fits": False}. Raises `ResultInvalid`."""
    before = probe(path)
    tracks = tracks_of(path, "mp4")
    with opened_clip(path, "mp4") as source:
        look = look_at(source, tracks, most_work=False)
    closeness = 1.0
    for _ in range(TRIES):
        encode = plan(
            seconds=look.seconds,
            width=before["width"],
            height=before["height"],
            fps=before["fps"] or 25.0,
            limit_bytes=limit_bytes,
            has_audio=before["audio"] is not None,
            closeness=closeness,
        )
        if encode is None:
            break
        _encode(path, to, encode, tracks, look)
        size = to.stat().st_size
        if size <= limit_bytes:
            return {
                "fits": True,
                "size_bytes": size,
                "seconds": look.seconds,
                "width": encode.width,
                "height": encode.height,
                "size_bytes_before": before["size_bytes"],
                "width_before": before["width"],
                "height_before": before["height"],
                "audio_dropped": before["audio"] is not None and not encode.audio_bits,
            }
        closeness *= 0.95 * limit_bytes / size
    to.unlink(missing_ok=True)
    return {"fits": False}


def poster(path: Path, to: Path) -> dict[str, Any]:
    """A JPEG of the frame at one second, or of the last where it is shorter. Raises `ResultInvalid`."""
    return _small(_telling_frame(path), to, _POSTER_SIDE)


def still(path: Path, to: Path, *, decoder: str | None) -> dict[str, Any]:
    """The same, as small as a thumbnail. `decoder` is Pillow's name of a picture's format, and None for a video."""
    if decoder is None:
        return _small(_telling_frame(path), to, _STILL_SIDE)
    with opened(path, decoder) as picture:
        return _small(flat_picture(picture), to, _STILL_SIDE)


def _telling_frame(path: Path) -> Image.Image:
    try:
        tracks = tracks_of(path, "mp4")
        with opened_clip(path, "mp4") as source:
            stream, shown = tracks.video_in(source), None
            for shown in source.decode(stream):
                if (shown.pts or 0) * float(stream.time_base or 0) >= _POSTER_AT_SECONDS:
                    break
            if shown is None:
                raise ResultInvalid
            size = (shown.height, shown.width) if lies_on_its_side(shown) else (shown.width, shown.height)
            upright = shown if is_upright(shown) else Shaper(size).shape(shown)
            picture: Image.Image = upright.to_image()  # type: ignore[no-untyped-call]  # PyAV's stub leaves it out
    except InputRejected as exc:
        raise ResultInvalid from exc
    return picture


def _small(picture: Image.Image, to: Path, side: int) -> dict[str, Any]:
    picture.thumbnail((side, side))
    picture.save(to, "JPEG", quality=85)
    return {"size": list(picture.size)}


def _first(source: InputContainer, stream: VideoStream) -> VideoFrame:
    for frame in source.decode(stream):
        return frame
    raise ResultInvalid


def _seconds(source: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(source.duration / av.time_base) if source.duration else 0.0


def _encode(path: Path, to: Path, encode: Encode, tracks: Tracks, look: Look) -> None:
    bits = str(encode.video_bits)
    transcode(
        path,
        to,
        demuxer="mp4",
        tracks=tracks,
        look=look,
        span=Span(begin=0.0, end=look.seconds),
        size=(encode.width, encode.height),
        rate=min(tidy_rate(float(look.rate), None), Fraction(MAX_RATE)),
        options={"preset": "medium", "b": bits, "maxrate": bits, "bufsize": bits},
        audio_bits=encode.audio_bits or None,
        with_sound=bool(encode.audio_bits),
    )


def encoder() -> dict[str, Any]:
    """Answers {"found", "ffmpeg"}: the H.264 encoder's name, None where the library has none, and FFmpeg's version."""
    try:
        found = av.Codec("libx264", "w").name
    except av.codec.codec.UnknownCodecError:
        found = None
    return {"found": found, "ffmpeg": av.ffmpeg_version_info}
