"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.catalog import Kind

HEAD_BYTES = 4096
"""How much of a file is enough to tell: Matroska's document type stands in its first hundred bytes or so."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that we can read: `name` for people, the FFmpeg demuxer that alone may open it (None: Pillow does)."""

    name: str
    content_type: str
    suffix: str
    kinds: frozenset[Kind]
    demuxer: str | None = None


_STILL = frozenset({Kind.IMAGE})
_MOVING = frozenset({Kind.VIDEO})
_BOTH = _STILL | _MOVING

JPEG = Format("JPEG", "image/jpeg", ".jpg", _STILL)
PNG = Format("PNG", "image/png", ".png", _STILL)
GIF = Format("GIF", "image/gif", ".gif", _BOTH)
WEBP = Format("WebP", "image/webp", ".webp", _STILL)
WEBP_ANIMATED = Format("animated WebP", "image/webp", ".webp", _BOTH)
AVIF = Format("AVIF", "image/avif", ".avif", _STILL)
HEIC = Format("HEIC", "image/heic", ".heic", _STILL)
BMP = Format("BMP", "image/bmp", ".bmp", _STILL)
TIFF = Format("TIFF", "image/tiff", ".tiff", _STILL)
MP4 = Format("MP4", "video/mp4", ".mp4", _MOVING, "mp4")
MOV = Format("QuickTime (.mov)", "video/quicktime", ".mov", _MOVING, "mov")
WEBM = Format("WebM", "video/webm", ".webm", _MOVING, "webm")
MKV = Format("Matroska (.mkv)", "video/x-matroska", ".mkv", _MOVING, "matroska")
AVI = Format("AVI", "video/x-msvideo", ".avi", _MOVING, "avi")
TS = Format("MPEG transport stream (.ts)", "video/mp2t", ".ts", _MOVING, "mpegts")
MPG = Format("MPEG (.mpg)", "video/mpeg", ".mpg", _MOVING, "mpeg")
FLV = Format("Flash Video (.flv)", "video/x-flv", ".flv", _MOVING, "flv")
WMV = Format("Windows Media (.wmv)", "video/x-ms-wmv", ".wmv", _MOVING, "asf")
OGV = Format("Ogg (.ogv)", "video/ogg", ".ogv", _MOVING, "ogg")

FORMATS = (JPEG, PNG, WEBP, WEBP_ANIMATED, GIF, AVIF, HEIC, BMP, TIFF, MP4, MOV, WEBM, MKV, AVI, TS, MPG, FLV, WMV, OGV)

_PREFIXES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"FLV\x01", FLV),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", WMV),
    (b"\x00\x00\x01\xba", MPG),
    (b"OggS", OGV),
)
_CANON_RAW = b"CR"
"""Behind the head of a TIFF; its first picture is a small one."""
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_OTHER_BRANDS = frozenset({b"M4A ", b"M4B ", b"crx ", b"jxl ", b"jp2 ", b"jpx "})
_REFUSED = ((b"PK\x03\x04", "ZIP"), (b"%PDF", "PDF"), (b"#EXTM3U", "playlist"), (b"Rar!", "RAR"))
_SOUND_FRAMES = b"\xe2\xe3\xf1\xf2\xf3\xf8\xf9\xfa\xfb\xfc\xfd"
"""The second byte of a frame of MP3, of its elder sisters, and of AAC as it is broadcast."""
_REFUSED_BINARIES = (
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"8BPS", "PSD"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\x00\x00\x01\x00", "icon (.ico)"),
    (b"DKIF", "IVF (.ivf)"),
    (b"\x1f\x07\x00", "DV (.dv)"),
    (b".RMF", "RealMedia (.rm)"),
    (b"\x06\x0e\x2b\x34", "MXF"),
    (b"\x00\x00\x01\xb3", "MPEG without a container (.m2v)"),
    (b"\x00\x00\x00\x01", "video without a container"),
    (b"gimp xcf", "GIMP (.xcf)"),
    (b"\x76\x2f\x31\x01", "OpenEXR (.exr)"),
    (b"qoif", "QOI (.qoi)"),
    (b"CSFCHUNK", "Clip Studio (.clip)"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    *((start, "Flash (.swf)") for start in (b"FWS", b"CWS", b"ZWS")),
    *((start, "raw picture of a camera") for start in (b"II*\x00", b"FUJIFILM", b"IIU\x00", b"IIRO", b"IIRS", b"MMOR")),
    *((start, "text") for start in (b"\xff\xfe", b"\xfe\xff")),  # in UTF-16
    *((start, "sound") for start in (b"ID3", b"fLaC", b"#!AMR", b"RF64", b"caff", b"MThd")),
    *((bytes([0xFF, second]), "sound") for second in _SOUND_FRAMES),
)
"""What members attach that we don't read, by its first bytes; named as `found_…` in `bot.wording`."""
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""The lengths of a transport stream's packets and where in each the G stands: as broadcast, by cameras (.m2ts), with
room for corrections."""
_MOV_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def sniff(head: bytes) -> Format | None:
    """The format that these first bytes begin, or None where it is none of ours."""
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return None if found is TIFF and head[8:10] == _CANON_RAW else found
    for matches, family in (
        (head[:4] == b"RIFF", _riff),
        (head[4:8] == b"ftyp" and not _is_text(head), _iso_media),
        (head.startswith(b"\x1a\x45\xdf\xa3"), _matroska),
    ):
        if matches:
            return family(head)
    if head[4:8] in _MOV_ATOMS and not _is_text(head):  # QuickTime from before file types were declared
        return MOV
    if _is_transport_stream(head) and not _is_text(head):
        return TS
    is_bitmap = head[:2] == b"BM" and len(head) >= 26 and head[6:10] == b"\x00\x00\x00\x00"  # a reserved field
    return BMP if is_bitmap else None


def describe(head: bytes) -> str:
    """What to call bytes that `sniff` does not know, in a word or two."""
    if not head.strip(b"\x00"):
        return "nothing but zeros"
    for prefix, name in _REFUSED:
        if head.startswith(prefix):
            return name
    if head.lstrip()[:1] == b"<":
        return "HTML or SVG"
    return "text" if _is_text(head) else _describe_binary(head)


def _describe_binary(head: bytes) -> str:
    for prefix, name in _REFUSED_BINARIES:
        if head.startswith(prefix):
            return name
    if head[8:12] == b"crx ":
        return "raw picture of a camera"
    if head[8:12] in {b"WAVE", b"M4A ", b"M4B ", b"AIFF", b"AIFC"}:
        return "sound"
    return "unknown"


def _is_transport_stream(head: bytes) -> bool:
    return any(len(head) > 3 * size and {*head[at : 4 * size : size]} == {ord("G")} for size, at in _TS_PACKETS)


def _riff(head: bytes) -> Format | None:
    if head[8:12] == b"AVI ":
        return AVI
    if head[8:12] != b"WEBP":
        return None
    animated = head[12:16] == b"VP8X" and len(head) > 20 and head[20] & 0b10  # the container's animation flag
    return WEBP_ANIMATED if animated else WEBP


def _iso_media(head: bytes) -> Format | None:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _OTHER_BRANDS:
        return None
    if brands[0] in {b"avif", b"avis"} or (brands[0] in {b"mif1", b"msf1"} and b"avif" in brands):
        return AVIF
    if brands[0] in _HEIC_BRANDS:
        return HEIC
    return MOV if brands[0] == b"qt  " else MP4


def _matroska(head: bytes) -> Format | None:
    at = head[:512].find(b"\x42\x82")  # the EBML element DocType
    if at < 0 or at + 3 > len(head):
        return None
    at += 11 - head[at + 2].bit_length()  # behind the length, whose first byte says by its zeros how many bytes it has
    return WEBM if head[at : at + 4] == b"webm" else MKV if head[at : at + 8] == b"matroska" else None


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as exc:
        return exc.start >= len(head) - 4 > 0  # cut in the middle of a character
    return b"\x00" not in head
