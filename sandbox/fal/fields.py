"""What a field of a model's input may hold, and short ways to say it in the models' table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MEGABYTE = 1024 * 1024


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    WHOLE = "whole number"
    FLAG = "flag"
    IMAGE = "address of a picture"
    VIDEO = "address of a video"
    IMAGES = "addresses of pictures"


@dataclass(frozen=True)
class Field:
    """One field of a model's input. `most` and `least` are characters of a text, the values of a number, the addresses
    of a list, or the seconds of a video; `most_bytes` is for files, and for a text that is measured so."""

    kind: Kind
    required: bool = False
    default: Any = None
    choices: tuple[Any, ...] = ()
    least: int | None = None
    most: int | None = None
    most_bytes: int | None = None
    least_side: int | None = None


def text(*, required: bool = False, most: int | None = None, most_bytes: int | None = None) -> Field:
    return Field(Kind.TEXT, required=required, most=most, most_bytes=most_bytes)


def one_of(default: Any, *others: Any) -> Field:
    return Field(Kind.TEXT, default=default, choices=(default, *others))


def flag(default: bool) -> Field:
    return Field(Kind.FLAG, default=default)


def whole(default: int | None, least: int, most: int) -> Field:
    return Field(Kind.WHOLE, default=default, least=least, most=most)


def image(*, required: bool = True, most_bytes: int | None = None, least_side: int | None = None) -> Field:
    return Field(Kind.IMAGE, required=required, most_bytes=most_bytes, least_side=least_side)


def images(most: int) -> Field:
    return Field(Kind.IMAGES, most=most)


def video(least: int | None = None, most: int | None = None, *, megabytes: int | None = None) -> Field:
    most_bytes = None if megabytes is None else megabytes * MEGABYTE
    return Field(Kind.VIDEO, required=True, least=least, most=most, most_bytes=most_bytes)
