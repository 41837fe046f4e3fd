"""Checks that an upload is what its field takes, by its first bytes and by decoding a first picture, within limits."""

from __future__ import annotations

import warnings
from enum import StrEnum
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from PIL import Image

PIXELS_CAP = 50_000_000
"""The most pixels that a picture or a video's frame may have."""
_ANY_TEXT: dict[str, Any] = {} if av.library_versions["libavcodec"] >= (63, 0, 0) else {"metadata_errors": "replace"}
"""PyAV 18, which Python 3.11 has, else takes a title that is no UTF-8 for a fault; PyAV 19 knows no such word."""
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


class Kind(StrEnum):
    """What a file must be."""

    IMAGE = "image"
    VIDEO = "video"


class NotThat(Exception):
    """The file isn't what its field takes; `str()` is the service's sentence."""


def container_of(path: Path) -> str | None:
    """FFmpeg's name of the video container that the first bytes show. It is forced on FFmpeg, which might otherwise
    take a playlist for a video and open what that names."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"}:
        return "mov"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    return None


def open_container(path: Path) -> InputContainer:
    """The video at `path`, by the container that its first bytes show, whatever bytes its titles hold."""
    opened: InputContainer = av.open(path, format=container_of(path), **_ANY_TEXT)
    return opened


def check_file(path: Path, kind: Kind) -> None:
    """Return if `path` holds a readable file of that kind; else raise `NotThat`. Blocks: call it in a thread."""
    if kind is Kind.IMAGE:
        _check_image(path)
    else:
        _check_video(path)


def _check_image(path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=IMAGE_FORMATS) as image:
                if image.width * image.height > PIXELS_CAP:
                    raise NotThat(f"The image has more than {PIXELS_CAP} pixels")
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise NotThat("The file is not a valid image") from exc


def _check_video(path: Path) -> None:
    if container_of(path) is None:
        raise NotThat("The file is not a valid video")
    try:
        with open_container(path) as container:
            if not container.streams.video:
                raise NotThat("The file has no video")
            stream = container.streams.video[0]
            if stream.width * stream.height > PIXELS_CAP:
                raise NotThat(f"The video has more than {PIXELS_CAP} pixels a frame")
            if next(container.decode(stream), None) is None:
                raise NotThat("The video has no frames")
    except (av.FFmpegError, OSError, ValueError) as exc:
        raise NotThat("The file is not a valid video") from exc
