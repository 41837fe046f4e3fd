"""The odd clips of the table: turned, interlaced, of several tracks, with pictures that stay, damaged, and no clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from bot.errors import (
    FileBroken,
    FileEmpty,
    FileOfOtherKind,
    FileStill,
    FileUnsupported,
    InputRejected,
    PictureTooSmall,
    VideoTooLarge,
)
from tests.corpus.case import SMALL, Case, Spot, Taken, clip_case, written
from tests.corpus.clip_cases import CONVERTED, REWRAPPED, SOUND, made
from tests.corpus.clips import TURNED, changing_size, clip, referring, sound_only, still, with_matrix, without_length
from tests.corpus.layered import HIDDEN, see_through_hevc
from tests.corpus.odd_clips import BLUE, damaged, see_through, slides, tracks, with_cover
from tests.corpus.pictures import animation, cut, picture, saved

MENDED = ("converted", "mended")
WHITE = Spot(colour=(255, 255, 255))


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _shapes()
    yield from _stays()
    yield from _see_through()
    yield from _tracks()
    yield from _damage()
    yield from _animations()
    yield from _refused()


def _shapes() -> Iterator[Case]:
    undo: dict[int | str, Image.Transpose] = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
        "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
        "turned and mirrored": Image.Transpose.TRANSPOSE,
    }
    for turn, back in undo.items():
        stored = picture(SMALL).transpose(back)
        yield clip_case(f"MP4, turned ({turn})", partial(_turned, stored=stored, turn=turn), done=("turned",))
    yield clip_case("MP4, pixels twice as wide as high", made(stretch=Fraction(2), sound=None), done=("resized",),
                    size=(192, 64))  # fmt: skip
    yield clip_case("Matroska, odd sides", made(form="matroska", codec="ffv1", pixels="yuv444p", size=(97, 65),
                    paint=still((97, 65)), sound=None), done=("converted", "resized"))  # fmt: skip
    yield clip_case("MP4, larger than the frame", made(size=(1920, 1080), seconds=0.2, paint=still((1920, 1080)),
                    sound=None), done=("resized",), size=(1252, 704), seconds=0.2)  # fmt: skip
    interlaced = {"flags": "+ildct+ilme", "preset": "ultrafast", "x264-params": "tff=1"}
    yield clip_case("MP4, interlaced", made(options=interlaced, sound=None), done=("deinterlaced",))
    yield clip_case("MPEG transport stream, interlaced", made(form="mpegts", codec="mpeg2video", sound="mp2",
                    options={"flags": "+ildct+ilme"}), done=("converted", "deinterlaced"), sound=True)  # fmt: skip
    yield clip_case("Matroska, pictures that change their size", partial(changing_size, sizes=(SMALL, (192, 128))),
                    done=CONVERTED, seconds=0.8)  # fmt: skip


def _turned(path: Path, stored: Image.Image, turn: int | str) -> None:
    assert turn in TURNED
    clip(path, size=stored.size, seconds=1.0, sound=None, paint=lambda _: stored)
    with_matrix(path, turn)


def _stays() -> Iterator[Case]:
    even, lasts = ("even rate",), [0.4, 0.4, 1.2]
    for form, name, done in (("mp4", "MP4", even), ("mov", "QuickTime", even), ("matroska", "Matroska", even)):
        yield clip_case(f"{name}, slides of which the last stays", partial(slides, form=form, lengths=lasts), done=done,
                        seconds=2.0)  # fmt: skip
        yield clip_case(f"{name}, the last picture stays a second",
                        partial(slides, form=form, lengths=[0.04] * 10 + [1]), done=done, seconds=1.4)  # fmt: skip
    for form, name, codec in (("flv", "Flash Video", "flv"), ("asf", "Windows Media", "wmv2")):
        yield clip_case(f"{name}, slides of which the last stays", partial(slides, form=form, lengths=lasts,
                        codec=codec), done=("converted", "even rate"), seconds=2.0)  # fmt: skip
    yield clip_case("QuickTime, slides in HEVC", partial(slides, form="mov", lengths=lasts, codec="libx265"),
                    done=("converted", "even rate"), seconds=2.0)  # fmt: skip
    longer = partial(slides, form="mp4", lengths=[0.3, 0.5], sound_seconds=2.0)
    yield clip_case("MP4, slides, their sound longer", longer, done=even, seconds=2.0, sound=True)
    yield clip_case("MP4, even pictures, their sound longer", made(codec="mpeg4", sound_seconds=3.0), done=CONVERTED,
                    sound=True)  # fmt: skip
    yield clip_case("MP4, one picture that stays", partial(slides, form="mp4", lengths=[1.5]), done=even, seconds=1.5)
    yield clip_case("MP4, one picture and a second of sound", partial(slides, form="mp4", lengths=[0.04],
                    sound_seconds=1.0), done=even, seconds=1.0, sound=True)  # fmt: skip
    phone = [0.0, 0.04, 0.16, 0.2, 0.28, 0.4, 0.44, 0.6, 0.64, 0.8, 0.92, 0.96]
    yield clip_case("MP4, uneven as a phone's", made(times=phone), done=even, sound=True)
    yield clip_case("MP4, begins late", made(codec="mpeg4", start=1.6), done=CONVERTED, sound=True)
    yield clip_case("Matroska, its sound begins late", made(form="matroska", codec="mpeg4", sound_start=0.4),
                    done=CONVERTED, sound=True)  # fmt: skip
    yield clip_case("WebM, no length, as recorders leave it", _live, done=CONVERTED, sound=True)
    yield clip_case("MP4, names in Latin-1", _named_in_latin_1, sound=True)


def _named_in_latin_1(path: Path) -> None:
    clip(path, size=SMALL, seconds=1.0, paint=still(SMALL))
    path.write_bytes(path.read_bytes().replace(b"VideoHandler", "Vidéo, un os".encode("latin-1")))


def _live(path: Path) -> None:
    without_length(
        clip(path, form="webm", codec="libvpx", sound="libopus", size=SMALL, seconds=1.0, paint=still(SMALL))
    )


def _see_through() -> Iterator[Case]:
    for name, form, codec, pixels in (
        ("WebM: VP8", "webm", "libvpx", "yuva420p"),
        ("WebM: VP9", "webm", "libvpx-vp9", "yuva420p"),
        ("Matroska: VP9", "matroska", "libvpx-vp9", "yuva420p"),
        ("QuickTime: ProRes 4444", "mov", "prores_ks", "yuva444p10le"),
        ("QuickTime: Animation", "mov", "qtrle", "argb"),
        ("QuickTime: PNG", "mov", "png", "rgba"),
        ("Matroska: FFV1", "matroska", "ffv1", "yuva420p"),
        ("AVI: Ut Video", "avi", "utvideo", "gbrap"),
    ):
        yield clip_case(f"{name}, see-through", partial(see_through, form=form, codec=codec, pixels=pixels),
                        done=("converted", "over white"), spot=WHITE)  # fmt: skip
    layered = clip_case("QuickTime: HEVC, see-through", see_through_hevc, done=("converted", "over white"), spot=WHITE)
    yield replace(layered, with_ffmpeg_8=Taken(seconds=1.0, done=CONVERTED, spot=Spot(colour=HIDDEN)))


def _tracks() -> Iterator[Case]:
    corners = picture(SMALL)
    for form, name in (("mp4", "MP4"), ("mov", "QuickTime"), ("matroska", "Matroska")):
        make: Any = partial(tracks, form=form)
        yield clip_case(f"{name}, a still before the video", partial(make, pictures=[(BLUE, 1), (corners, 25)]),
                        done=REWRAPPED)  # fmt: skip
        yield clip_case(f"{name}, the second of two is the default",
                        partial(make, pictures=[(BLUE, 25), (corners, 25)], default=1), done=REWRAPPED)  # fmt: skip
        yield clip_case(f"{name}, the first of two is the default",
                        partial(make, pictures=[(corners, 25), (BLUE, 25)]), done=REWRAPPED)  # fmt: skip
        yield clip_case(f"{name}, two sounds", partial(make, pictures=[(corners, 25)], sounds=(0.0, 0.2),
                        default_sound=1), done=REWRAPPED, sound=True)  # fmt: skip
    yield clip_case("MP4, with a cover", with_cover, done=REWRAPPED, sound=True)


def _damage() -> Iterator[Case]:
    for name, facts in (
        ("AVI: Motion JPEG", {"codec": "mjpeg", "pixels": "yuvj420p", "sound": "pcm_s16le"}),
        ("Matroska: Motion JPEG", {"form": "matroska", "codec": "mjpeg", "pixels": "yuvj420p", "sound": "pcm_s16le"}),
        ("QuickTime: PNG", {"form": "mov", "codec": "png", "pixels": "rgb24", "sound": "pcm_s16le"}),
    ):
        one = partial(damaged, kind="video", numbers=range(8, 9), facts=facts)
        yield clip_case(f"{name}, one picture can't be read", one, done=MENDED, sound=True)
        many = partial(damaged, kind="video", numbers=range(6, 19), facts=facts)
        yield clip_case(f"{name}, half of the pictures can't be read", many,
                        refused=FileBroken(found=_name_of(name)))  # fmt: skip
    for name, facts, done in (
        ("AVI: Motion JPEG, PCM", {"codec": "mjpeg", "pixels": "yuvj420p", "sound": "pcm_s16le"}, CONVERTED),
        ("AVI: H.264, MP3", {"sound": "libmp3lame"}, SOUND),
        ("Matroska: H.264, Opus", {"form": "matroska", "sound": "libopus"}, SOUND),
        ("QuickTime: H.264, Apple Lossless", {"form": "mov", "sound": "alac"}, SOUND),
    ):
        make = partial(damaged, kind="audio", numbers=range(8, 9), facts=facts)
        yield clip_case(f"{name}, a packet of sound can't be read", make, done=done, sound=True)
    for form, name in (("mp4", "MP4"), ("mov", "QuickTime (.mov)"), ("matroska", "Matroska (.mkv)"), ("webm", "WebM"),
                       ("avi", "AVI"), ("flv", "Flash Video (.flv)"), ("asf", "Windows Media (.wmv)"),
                       ("ogg", "Ogg (.ogv)")):  # fmt: skip
        yield clip_case(f"{name}, cut off", partial(_half, form=form), refused=FileBroken(found=name))


def _name_of(name: str) -> str:
    return {"Matroska": "Matroska (.mkv)", "QuickTime": "QuickTime (.mov)"}.get(name.split(":", maxsplit=1)[0], "AVI")


def _half(path: Path, form: str) -> None:
    codec = {"webm": "libvpx", "ogg": "libvpx", "asf": "wmv2"}.get(form, "libx264")
    cut(clip(path, form=form, codec=codec, size=SMALL, sound=None), path, 0.6)


def _animations() -> Iterator[Case]:
    for form, name in (("GIF", "GIF"), ("WEBP", "WebP")):
        yield clip_case(f"{name}, moving", partial(animation, form=form, frames=10, size=SMALL), done=CONVERTED)
        still_one = FileStill() if form == "GIF" else FileOfOtherKind(found="WebP", wanted="video")
        yield clip_case(f"{name}, one picture", partial(animation, form=form, frames=1, size=SMALL), refused=still_one)
    yield clip_case("GIF, longer than a minute", partial(animation, frames=8, milliseconds=8_000, size=SMALL),
                    done=("converted", "shortened"), seconds=60.0)  # fmt: skip


def _refused() -> Iterator[Case]:
    yield clip_case("MP4, one picture", made(seconds=0.04, sound=None), refused=FileStill())
    tiny = {"form": "matroska", "codec": "ffv1", "pixels": "yuv444p", "sound": None}
    small = PictureTooSmall(width=8, height=8, box_width=8, box_height=8, limit=16)
    yield clip_case("Matroska of 8 by 8 pixels", made(tiny, size=(8, 8)), refused=small)
    wide = {"codec": "mjpeg", "form": "mov", "pixels": "yuvj420p", "size": (9000, 16)}
    yield clip_case("QuickTime of 9000 by 16 pixels", made(wide, seconds=0.1, sound=None),
                    refused=VideoTooLarge(width=9000, height=16, limit_side=8192))  # fmt: skip
    yield clip_case("MP4 without pictures", sound_only, refused=_not("sound without a picture"))
    yield clip_case("QuickTime that names another file", _referring, refused=FileBroken(found="QuickTime (.mov)"))
    yield clip_case("PNG, where a video is wanted", partial(saved, form="PNG"),
                    refused=FileOfOtherKind(found="PNG", wanted="video"))  # fmt: skip
    yield clip_case("An empty file", written(b""), refused=FileEmpty())
    for name, content, found in (
        ("A playlist", b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", "playlist"),
        ("A list for FFmpeg", b"ffconcat version 1.0\nfile /etc/passwd\n", "text"),
        ("RealMedia", b".RMF" + bytes(99), "RealMedia (.rm)"),
        ("MXF", b"\x06\x0e\x2b\x34" + bytes(99), "MXF"),
        ("VP9 in an IVF file", b"DKIF\x00\x00\x20\x00VP90" + bytes(99), "IVF (.ivf)"),
        ("A camcorder's tape (DV)", b"\x1f\x07\x00\x3f" + bytes(99), "DV (.dv)"),
        ("H.264 without a container", b"\x00\x00\x00\x01\x67" + bytes(99), "video without a container"),
        ("WAV", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(99), "sound"),
        ("M4A", b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(99), "sound"),
        ("MP3", b"ID3\x04" + bytes(99), "sound"),
        ("A program", b"\x7fELF\x02\x01\x01" + bytes(99), "program"),
    ):
        yield clip_case(name, written(content), refused=_not(found))


def _not(found: str) -> InputRejected:
    return FileUnsupported(found=found, wanted="video")


def _referring(path: Path) -> None:
    referring(clip(path.with_name("secret"), form="mov", sound=None), path)
