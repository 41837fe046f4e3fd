"""What a file is, by its first bytes: every format by its own, nothing by a stranger's, and never a crash."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media import sniff as names
from bot.media.sniff import FORMATS, HEAD_BYTES, Format, describe, sniff
from bot.rules.catalog import Kind


def iso(brand: bytes, *others: bytes) -> bytes:
    body = brand + bytes(4) + b"".join(others)
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body


def riff(kind: bytes, rest: bytes = b"") -> bytes:
    return b"RIFF" + bytes(4) + kind + rest


def ebml(kind: bytes) -> bytes:
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82" + bytes([0x80 | len(kind)]) + kind


HEADS: list[tuple[bytes, Format | None]] = [
    (b"\xff\xd8\xff\xe0", names.JPEG),
    (b"\xff\xd8\xff\xe1", names.JPEG),
    (b"\x89PNG\r\n\x1a\n", names.PNG),
    (b"GIF87a", names.GIF),
    (b"GIF89a", names.GIF),
    (riff(b"WEBP", b"VP8 "), names.WEBP),
    (riff(b"WEBP", b"VP8L"), names.WEBP),
    (riff(b"WEBP", b"VP8X" + bytes(4) + b"\x10"), names.WEBP),
    (riff(b"WEBP", b"VP8X" + bytes(4) + b"\x02"), names.WEBP_ANIMATED),
    (riff(b"WEBP", b"VP8X" + bytes(4) + b"\x12"), names.WEBP_ANIMATED),
    (riff(b"AVI "), names.AVI),
    (riff(b"WAVE"), None),
    (b"II*\x00", names.TIFF),
    (b"MM\x00*", names.TIFF),
    (b"BM" + bytes(4) + bytes(4) + bytes(16), names.BMP),
    (b"BMW is a car, not a bitmap, you see?", None),
    (iso(b"isom", b"avc1", b"mp41"), names.MP4),
    (iso(b"mp42"), names.MP4),
    (iso(b"dash"), names.MP4),
    (iso(b"3gp4"), names.MP4),
    (iso(b"M4V "), names.MP4),
    (iso(b"M4A "), None),
    (iso(b"qt  "), names.MOV),
    (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", names.MOV),
    (b"\x00\x00\x10\x00moov", names.MOV),
    (iso(b"avif", b"mif1"), names.AVIF),
    (iso(b"avis"), names.AVIF),
    (iso(b"mif1", b"avif", b"miaf"), names.AVIF),
    (iso(b"heic", b"mif1"), names.HEIC),
    (iso(b"mif1", b"heic"), names.HEIC),
    (iso(b"jp2 "), None),
    (iso(b"crx "), None),
    (ebml(b"webm"), names.WEBM),
    (ebml(b"matroska"), names.MKV),
    (ebml(b"other"), None),
    (b"G" + (bytes(187) + b"G") * 3, names.TS),
    (bytes(4) + b"G" + (bytes(191) + b"G") * 3, names.TS),
    (b"G" + (bytes(203) + b"G") * 3, names.TS),
    (b"\x00\x00\x01\xba", names.MPG),
    (b"FLV\x01\x05", names.FLV),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", names.WMV),
    (b"OggS\x00\x02", names.OGV),
    (b"#EXTM3U\n", None),
    (b"PK\x03\x04", None),
    (b"<svg", None),
    (b"", None),
]


@pytest.mark.parametrize(("head", "found"), HEADS, ids=lambda value: value.name if isinstance(value, Format) else None)
def test_a_head_tells_its_format(head: bytes, found: Format | None) -> None:
    assert sniff(head) is found
    if found is not names.BMP:
        assert sniff(head + bytes(HEAD_BYTES)) is found


def test_a_text_of_one_letter_is_no_broadcast() -> None:
    assert sniff(b"G" * HEAD_BYTES) is None


def test_every_format_can_be_told() -> None:
    assert {found for _, found in HEADS if found} == set(FORMATS)


def test_what_moves_has_a_way_to_be_opened() -> None:
    for found in FORMATS:
        assert found.kinds
        assert found.suffix.startswith(".")
        assert (found.demuxer is not None) == (found.kinds == {Kind.VIDEO})
        assert found.content_type.split("/")[0] == ("video" if found.demuxer else "image")


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd(head: bytes) -> None:
    found = sniff(head)
    assert found is None or found in FORMATS
    assert describe(head)


@given(st.sampled_from([head for head, _ in HEADS]), st.data())
def test_no_cut_and_no_flip_of_a_real_head_is_too_odd(head: bytes, data: st.DataObject) -> None:
    cut = bytearray(head[: data.draw(st.integers(0, len(head)))])
    if cut:
        cut[data.draw(st.integers(0, len(cut) - 1))] = data.draw(st.integers(0, 255))
    found = sniff(bytes(cut))
    assert found is None or found in FORMATS
    assert describe(bytes(cut))


@given(st.text(min_size=1, max_size=3000))
def test_text_is_never_taken_for_a_picture_or_a_video(text: str) -> None:
    head = text.encode()[:HEAD_BYTES]
    found = sniff(head)
    assert found is None or b"\x00" in head or head.startswith(b"GIF8")
    assert b"\x00" in head or describe(head) in {"text", "HTML or SVG", "PDF", "ZIP", "playlist", "RAR", "unknown"}


@pytest.mark.parametrize("text", ["MZ is how programs begin", "ID3", "OggS", "G" * 400, "8BPS", "FLV\x01"])
def test_text_that_begins_like_another_file_is_text(text: str) -> None:
    assert describe(text.encode()) == "text"


@given(st.text(alphabet="äöü€😀", min_size=4, max_size=30), st.integers(0, 3))
def test_text_that_is_cut_inside_a_letter_is_text(text: str, short: int) -> None:
    assert describe(text.encode()[: 1 + len(text[:-1].encode()) + short]) == "text"


@pytest.mark.parametrize("line", [b"The free lunch", b"Six moov on", b"abcdftypisom but text", b"BMxxxx yyyy zzzz"])
def test_text_that_looks_like_a_head_is_text(line: bytes) -> None:
    assert sniff(line * 3) is None
    assert describe(line * 3) == "text"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xfa\x90", "sound"),  # MP3 without a name in front, of any version of MPEG
        (b"\xff\xf3\x90", "sound"),
        (b"\xff\xe3\x90", "sound"),
        (b"\xff\xf1\x50\x80", "sound"),  # AAC as it is broadcast
        (b"\xff\xf9\x50\x80", "sound"),
        (b"#!AMR\n\x3c", "sound"),
        (b"FORM\x00\x00\x00\x80AIFF", "sound"),
        (b"FORM\x00\x00\x00\x80AIFC", "sound"),
        (b"RF64\xff\xff\xff\xffWAVE", "sound"),
        (b"caff\x00\x01", "sound"),
        (b"MThd\x00\x00\x00\x06", "sound"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01", "raw picture of a camera"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "raw picture of a camera"),
        (b"FUJIFILMCCD-RAW 0201\x00", "raw picture of a camera"),
        (b"IIU\x00\x18", "raw picture of a camera"),
        (b"IIRO\x08\x00", "raw picture of a camera"),
        (b"IIRS\x08\x00", "raw picture of a camera"),
        (b"MMOR\x00\x00", "raw picture of a camera"),
        (b"\xff\x4f\xff\x51\x00", "JPEG 2000"),
        (b"gimp xcf v011\x00", "GIMP (.xcf)"),
        (b"\x76\x2f\x31\x01", "OpenEXR (.exr)"),
        (b"qoif\x00", "QOI (.qoi)"),
        (b"CSFCHUNK\x00", "Clip Studio (.clip)"),
        (b"CWS\x0a\xff", "Flash (.swf)"),
        (b"FWS\x0a\xff", "Flash (.swf)"),
        ("\ufeffeine Notiz".encode("utf-16"), "text"),
        (b"\xfe\xff\x00N", "text"),
    ],
)
def test_what_members_attach_besides_is_called_by_its_name(head: bytes, name: str) -> None:
    head += bytes(range(256))
    assert sniff(head) is None
    assert describe(head) == name
