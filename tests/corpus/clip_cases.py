"""The clips of the table: containers, codecs, profiles and sounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from tests.corpus.case import SMALL, Case, Make, clip_case
from tests.corpus.clips import clip, still
from tests.corpus.odd_clips import as_camera_writes_it

CONVERTED, REWRAPPED, SOUND = ("converted",), ("rewrapped",), ("rewrapped", "sound converted")


def made(facts: Mapping[str, Any] | None = None, **more: Any) -> Make:
    """A clip of a second, in the corners' colours."""
    size = (facts or {}).get("size", more.get("size", SMALL))
    usual: dict[str, Any] = {"size": size, "seconds": 1.0, "paint": still(size)}
    return partial(clip, **usual | dict(facts or {}) | more)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _containers()
    yield from _codecs()
    yield from _profiles()
    yield from _sounds()
    yield from _rates()


def _containers() -> Iterator[Case]:
    for name, facts, done in (
        ("MP4", {}, ()),
        ("MP4, its index last", {"faststart": False}, REWRAPPED),
        ("MP4, with B frames", {"options": {"preset": "medium", "bf": "3"}}, ()),
        ("M4V", {"form": "ipod"}, REWRAPPED),
        ("3GP", {"form": "3gp"}, REWRAPPED),
        ("QuickTime", {"form": "mov"}, REWRAPPED),
        ("Matroska", {"form": "matroska"}, REWRAPPED),
        ("Matroska, with B frames", {"form": "matroska", "options": {"preset": "medium", "bf": "3"}}, REWRAPPED),
        ("MPEG transport stream", {"form": "mpegts"}, SOUND),
        ("MPEG transport stream, with B frames", {"form": "mpegts", "options": {"preset": "medium", "bf": "2"}}, SOUND),
        ("Flash Video", {"form": "flv", "sound_rate": 44_100}, SOUND),
    ):
        yield clip_case(f"{name}: H.264, AAC", made(facts), done=done, sound=True)
    yield clip_case("MP4, in fragments: H.264, no sound", made(movflags="frag_keyframe+empty_moov", sound=None),
                    done=REWRAPPED)  # fmt: skip
    yield clip_case("MPEG transport stream of a camera (.m2ts): H.264, AAC",
                    partial(as_camera_writes_it, size=SMALL, seconds=1.0, paint=still(SMALL)),
                    done=SOUND, sound=True)  # fmt: skip


def _codecs() -> Iterator[Case]:
    for name, facts, done in (
        ("MP4: HEVC, AAC", {"codec": "libx265"}, CONVERTED),
        ("MP4: AV1, no sound", {"codec": "libsvtav1", "sound": None}, CONVERTED),
        ("MP4: VP9, Opus", {"codec": "libvpx-vp9", "sound": "libopus"}, CONVERTED),
        ("MP4: MPEG-4 Visual, MP3", {"codec": "mpeg4", "sound": "libmp3lame"}, CONVERTED),
        ("MP4: Motion JPEG, AAC", {"codec": "mjpeg", "pixels": "yuvj420p"}, CONVERTED),
        ("QuickTime: HEVC, AAC", {"form": "mov", "codec": "libx265"}, CONVERTED),
        ("QuickTime: ProRes 422, PCM", {"form": "mov", "codec": "prores_ks", "pixels": "yuv422p10le",
                                        "sound": "pcm_s16le"}, CONVERTED),
        ("QuickTime: Motion JPEG, PCM", {"form": "mov", "codec": "mjpeg", "pixels": "yuvj422p", "sound": "pcm_u8"},
         CONVERTED),
        ("QuickTime: PNG, no sound", {"form": "mov", "codec": "png", "pixels": "rgb24", "sound": None}, CONVERTED),
        ("QuickTime: Animation, no sound", {"form": "mov", "codec": "qtrle", "pixels": "rgb24", "sound": None},
         CONVERTED),
        ("QuickTime: raw, no sound", {"form": "mov", "codec": "rawvideo", "pixels": "uyvy422", "sound": None},
         CONVERTED),
        ("QuickTime: CineForm, no sound", {"form": "mov", "codec": "cfhd", "pixels": "yuv422p10le", "sound": None},
         CONVERTED),
        ("Matroska: HEVC, FLAC", {"form": "matroska", "codec": "libx265", "sound": "flac"}, CONVERTED),
        ("Matroska: AV1, Opus", {"form": "matroska", "codec": "libsvtav1", "sound": "libopus"}, CONVERTED),
        ("Matroska: MPEG-2, AC-3", {"form": "matroska", "codec": "mpeg2video", "sound": "ac3"}, CONVERTED),
        ("Matroska: FFV1, PCM", {"form": "matroska", "codec": "ffv1", "sound": "pcm_s24le"}, CONVERTED),
        ("AVI: Ut Video, no sound", {"form": "avi", "codec": "utvideo", "sound": None}, CONVERTED),
        ("WebM: VP8, Opus", {"form": "webm", "codec": "libvpx", "sound": "libopus"}, CONVERTED),
        ("WebM: VP9, Opus", {"form": "webm", "codec": "libvpx-vp9", "sound": "libopus"}, CONVERTED),
        ("WebM: AV1, Opus", {"form": "webm", "codec": "libsvtav1", "sound": "libopus"}, CONVERTED),
        ("AVI: Motion JPEG, PCM", {"form": "avi", "codec": "mjpeg", "pixels": "yuvj420p", "sound": "pcm_s16le"},
         CONVERTED),
        ("AVI: raw, PCM", {"form": "avi", "codec": "rawvideo", "sound": "pcm_u8"}, CONVERTED),
        ("AVI: HuffYUV, no sound", {"form": "avi", "codec": "huffyuv", "pixels": "yuv422p", "sound": None}, CONVERTED),
        ("MPEG transport stream: MPEG-2, MP2", {"form": "mpegts", "codec": "mpeg2video", "sound": "mp2"}, CONVERTED),
        ("MPEG transport stream: HEVC, AC-3", {"form": "mpegts", "codec": "libx265", "sound": "ac3"}, CONVERTED),
        ("MPEG: MPEG-1, MP2", {"form": "mpeg", "codec": "mpeg1video", "sound": "mp2"}, CONVERTED),
        ("MPEG: MPEG-2, AC-3", {"form": "vob", "codec": "mpeg2video", "sound": "ac3"}, CONVERTED),
        ("Flash Video: Sorenson, MP3", {"form": "flv", "codec": "flv", "sound": "libmp3lame", "sound_rate": 44_100},
         CONVERTED),
        ("Windows Media: WMV 8, MP3", {"form": "asf", "codec": "wmv2", "sound": "libmp3lame"}, CONVERTED),
        ("Windows Media: WMV 7, no sound", {"form": "asf", "codec": "wmv1", "sound": None}, CONVERTED),
        ("Ogg: VP8, Opus", {"form": "ogg", "codec": "libvpx", "sound": "libopus"}, CONVERTED),
    ):  # fmt: skip
        yield clip_case(name, made(facts), done=done, sound=facts.get("sound", "") is not None)
    late = {"form": "avi", "sound": "libmp3lame", "options": {}}  # FFmpeg's AVI begins with an empty frame
    for name, codec in (("MPEG-4 Visual", "mpeg4"), ("MS MPEG-4", "msmpeg4")):
        yield clip_case(f"AVI: {name}, MP3", made(late, codec=codec), done=("converted", "even rate"), seconds=1.04,
                        sound=True)  # fmt: skip
    yield clip_case("3GP: H.263, AAC", made(form="3gp", codec="h263", size=(176, 144)),
                    done=("converted", "resized"), size=(192, 144), sound=True)  # fmt: skip


def _profiles() -> Iterator[Case]:
    for name, facts in (
        ("H.264, 4:2:2", {"pixels": "yuv422p"}),
        ("H.264, 4:4:4", {"pixels": "yuv444p"}),
        ("H.264, 10 bits", {"pixels": "yuv420p10le"}),
        ("H.264, all of 8 bits", {"pixels": "yuvj420p"}),
        ("H.264, RGB", {"codec": "libx264rgb", "pixels": "rgb24", "options": {"preset": "ultrafast"}}),
        ("H.264, lossless", {"pixels": "yuv444p", "options": {"qp": "0", "preset": "ultrafast"}}),
        ("HEVC, 10 bits", {"codec": "libx265", "pixels": "yuv420p10le"}),
        ("HEVC, 4:4:4, 12 bits", {"codec": "libx265", "pixels": "yuv444p12le"}),
        ("AV1, 10 bits", {"codec": "libsvtav1", "pixels": "yuv420p10le"}),
    ):
        yield clip_case(f"MP4: {name}", made(facts, sound=None), done=CONVERTED)
    for name, facts in (
        ("VP9, 4:4:4", {"codec": "libvpx-vp9", "pixels": "yuv444p"}),
        ("FFV1, RGB", {"codec": "ffv1", "pixels": "bgr0"}),
        ("FFV1, 4:4:4, 16 bits", {"codec": "ffv1", "pixels": "yuv444p16le"}),
    ):
        yield clip_case(f"Matroska: {name}", made(facts, form="matroska", sound=None), done=CONVERTED)
    yield clip_case("Matroska: FFV1, grey", made(form="matroska", codec="ffv1", pixels="gray", sound=None),
                    done=CONVERTED, corners=False)  # fmt: skip


def _sounds() -> Iterator[Case]:
    for name, sound, facts in (
        ("MP3", "libmp3lame", {}),
        ("Opus", "libopus", {}),
        ("AC-3", "ac3", {}),
        ("E-AC-3", "eac3", {}),
        ("FLAC", "flac", {}),
        ("Apple Lossless", "alac", {}),
        ("AAC, 8 kHz", "aac", {"sound_rate": 8_000}),
        ("AAC, six channels", "aac", {"channels": 6}),
    ):
        done = () if sound == "aac" else SOUND
        yield clip_case(f"MP4: H.264, {name}", made(facts, sound=sound), done=done, sound=True)
    yield clip_case("MP4: H.264, no sound", made(sound=None), done=())
    for name, sound, facts in (
        ("µ-law", "pcm_mulaw", {"sound_rate": 8_000, "channels": 1}),
        ("PCM, 24 bits, 96 kHz", "pcm_s24le", {"sound_rate": 96_000}),
    ):
        yield clip_case(f"QuickTime: H.264, {name}", made(facts, form="mov", sound=sound), done=SOUND, sound=True)


def _rates() -> Iterator[Case]:
    for name, rate in (
        ("24", Fraction(24)),
        ("30,000 / 1001", Fraction(30_000, 1001)),
        ("30", Fraction(30)),
        ("60", Fraction(60)),
        ("10", Fraction(10)),
    ):
        yield clip_case(f"MP4: {name} frames a second", made(rate=rate), done=(), sound=True)
    for name, rate in (("5", Fraction(5)), ("120", Fraction(120))):
        yield clip_case(f"MP4: {name} frames a second", made(rate=rate), done=("even rate",), sound=True)
