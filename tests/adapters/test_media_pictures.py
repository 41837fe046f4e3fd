"""Pictures as members attach them, through the guarded child: what comes out, by content and never by name."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from bot.errors import FileBroken, FileEmpty, FileUnsupported, InputRejected, PictureTooLarge, PictureTooSmall
from bot.media.changes import DEEDS
from bot.media.pictures import box_for
from bot.media.service import Ready
from bot.rules.catalog import Kind
from tests import corpus
from tests.jobs import CATALOG
from tests.media_workers import a_normaliser

MODEL = CATALOG.get("lucy-pro-i2v")  # 1280 by 704
Take = Callable[[Path], Awaitable[Ready]]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    async def taken(path: Path) -> Ready:
        ready = await a_normaliser().ready(path, tmp_path / "ready", kind=Kind.IMAGE, model=MODEL)
        assert set(ready.done) <= DEEDS.keys()
        return ready

    return taken


async def refusal(take: Take, path: Path) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        await take(path)
    assert not (path.parent / "ready").exists()
    return caught.value


def shown(ready: Ready) -> Image.Image:
    image = Image.open(ready.path)
    image.load()
    return image


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("form", "mode", "content_type"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("PNG", "RGB", "image/png"),
        ("WEBP", "RGB", "image/webp"),
    ],
)
async def test_a_picture_that_is_fine_stays_as_it_is(
    take: Take, tmp_path: Path, form: str, mode: str, content_type: str
) -> None:
    path = corpus.saved(tmp_path / "holiday.txt", form, corpus.picture(mode=mode))
    before = path.read_bytes()
    ready = await take(path)
    assert (ready.path, ready.content_type, ready.done) == (path, content_type, ())
    assert path.read_bytes() == before
    assert not (tmp_path / "ready").exists()


@pytest.mark.asyncio
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_phones_picture_comes_out_upright(take: Take, tmp_path: Path, orientation: int) -> None:
    ready = await take(corpus.oriented(tmp_path / "photo", orientation, quality=95))
    image = shown(ready)
    assert corpus.corner_names(image) == corpus.UPRIGHT
    assert image.size == (320, 180)
    assert image.getexif().get(0x0112, 1) == 1 or ready.done == ()
    assert ("turned" in ready.done) == (orientation != 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
async def test_the_note_is_heeded_in_other_formats_too(take: Take, tmp_path: Path, form: str) -> None:
    ready = await take(corpus.oriented(tmp_path / "photo", 6, form))
    assert corpus.corner_names(shown(ready)) == corpus.UPRIGHT
    assert shown(ready).size == (320, 180)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("HEIF", {"quality": 90}),
        ("AVIF", {"quality": 90}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("GIF", {}),
    ],
)
async def test_formats_that_the_service_does_not_take_become_jpeg(
    take: Take, tmp_path: Path, form: str, options: dict[str, Any]
) -> None:
    ready = await take(corpus.saved(tmp_path / "picture.png", form, **options))
    image = shown(ready)
    assert (image.format, ready.content_type, ready.suffix) == ("JPEG", "image/jpeg", ".jpg")
    assert corpus.corner_names(image) == corpus.UPRIGHT
    assert ready.done == ("converted",)


@pytest.mark.asyncio
async def test_bitmaps_of_every_header_and_depth_are_read(take: Take, tmp_path: Path) -> None:
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        image = shown(await take(corpus.saved(tmp_path / mode, "BMP", corpus.picture(mode=mode))))
        assert image.size == (320, 180)


@pytest.mark.asyncio
async def test_cmyk_is_brought_to_rgb(take: Take, tmp_path: Path) -> None:
    image = shown(await take(corpus.saved(tmp_path / "print.jpg", "JPEG", corpus.picture(mode="CMYK"), quality=95)))
    assert image.mode == "RGB"
    assert corpus.corner_names(image, apart=90) == corpus.UPRIGHT


def see_through() -> Image.Image:
    image = corpus.picture(mode="RGBA")
    image.paste((0, 0, 0, 0), (140, 70, 180, 110))
    return image


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette", "colour key", "WebP", "half"])
async def test_what_is_see_through_becomes_white(take: Take, tmp_path: Path, kind: str) -> None:
    path, image = tmp_path / "sticker", see_through()
    match kind:
        case "LA":
            corpus.saved(path, "PNG", image.convert("LA"))
        case "palette":
            indexed = image.convert("RGB").quantize(8)
            indexed.info["transparency"] = indexed.getpixel((160, 90))
            corpus.saved(path, "PNG", indexed, transparency=indexed.getpixel((160, 90)))
        case "colour key":
            corpus.saved(path, "PNG", image.convert("RGB"), transparency=(0, 0, 0))
        case "WebP":
            corpus.saved(path, "WEBP", image, lossless=True)
        case _:
            if kind == "half":
                image.putpixel((160, 90), (0, 0, 0, 128))
                image.paste((0, 0, 0, 128), (140, 70, 180, 110))
            corpus.saved(path, "PNG", image)
    ready = await take(path)
    seen = shown(ready).convert("RGB").getpixel((160, 90))
    assert isinstance(seen, tuple)
    assert min(seen) > 245 if kind != "half" else all(118 < value < 138 for value in seen)
    assert ready.content_type == "image/jpeg"


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
async def test_sixteen_bits_of_grey_are_scaled_and_not_clipped(take: Take, tmp_path: Path, mode: str) -> None:
    grey = Image.new("I", (64, 64), 32768) if mode != "F" else Image.new("F", (64, 64), 0.5)
    grey.paste(65535 if mode != "F" else 1, (32, 0, 64, 64))
    path = corpus.saved(tmp_path / "x", "TIFF", grey.convert(mode))
    image = shown(await take(path)).convert("L")
    assert (abs(int(str(image.getpixel((8, 8)))) - 128) < 4, image.getpixel((56, 8))) == (True, 255)


@pytest.mark.asyncio
async def test_sixteen_bits_of_colour_are_narrowed(take: Take, tmp_path: Path) -> None:
    import struct  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    rows = b"".join(b"\x00" + struct.pack(">HHH", 65535, 0, 32768) * 16 for _ in range(16))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path = tmp_path / "deep.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(corpus.png_chunk(kind, body) for kind, body in parts))
    ready = await take(path)
    assert ready.content_type == "image/jpeg"
    assert all(abs(int(a) - b) < 6 for a, b in zip(shown(ready).getpixel((4, 4)), (255, 0, 128), strict=True))  # type: ignore[arg-type]  # a pixel of RGB


@pytest.mark.asyncio
async def test_colours_of_another_space_become_the_usual_ones(take: Take, tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    wide = corpus.picture((1600, 900))
    path = corpus.saved(tmp_path / "wide.jpg", "JPEG", wide, icc_profile=lab.tobytes(), quality=95)
    assert shown(await take(path)).size == (1252, 704)
    lying = corpus.saved(tmp_path / "lying.jpg", "JPEG", wide, icc_profile=b"no profile at all", quality=95)
    assert corpus.corner_names(shown(await take(lying))) == corpus.UPRIGHT


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1280, 704), None),
        ((704, 1280), None),
        ((4000, 3000), (939, 704)),
        ((3000, 4000), (704, 939)),
        ((2000, 2000), (704, 704)),
        ((16, 16), None),
        ((5000, 64), (1280, 16)),
        ((1281, 704), (1280, 703)),
    ],
)
async def test_sizes_come_within_the_models_frame_in_their_own_shape(
    take: Take, tmp_path: Path, size: tuple[int, int], expected: tuple[int, int] | None
) -> None:
    ready = await take(corpus.saved(tmp_path / "large.png", "PNG", Image.new("RGB", size, (9, 99, 199))))
    assert shown(ready).size == (expected or size)
    assert ready.done == (() if expected is None else ("resized", "converted"))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("size", "box"), [((1, 1), (1, 1)), ((3000, 2), (1280, 1)), ((40, 5000), (10, 1280)), ((15, 15), (15, 15))]
)
async def test_a_line_and_a_dot_are_refused_with_what_the_model_would_get(
    take: Take, tmp_path: Path, size: tuple[int, int], box: tuple[int, int]
) -> None:
    error = await refusal(take, corpus.saved(tmp_path / "line.png", "PNG", Image.new("RGB", size, (9, 99, 199))))
    assert isinstance(error, PictureTooSmall)
    assert error.facts == {"width": size[0], "height": size[1], "box_width": box[0], "box_height": box[1], "limit": 16}


def test_nothing_is_made_larger_nor_bent() -> None:
    for width in (1, 7, 100, 703, 1280, 5000, 20_000):
        for height in (1, 9, 352, 704, 2160, 20_000):
            box = box_for((width, height), [1280, 704])
            assert box[0] <= width
            assert box[1] <= height
            assert max(box) <= 1280
            assert min(box) <= 704
            assert abs(box[0] * height - box[1] * width) <= max(width, height)  # less than a pixel off


@pytest.mark.asyncio
@pytest.mark.parametrize(("form", "moving"), [("GIF", 8), ("WEBP", 8), ("PNG", 3)])
async def test_of_a_moving_picture_the_first_frame_is_taken(take: Take, tmp_path: Path, form: str, moving: int) -> None:
    ready = await take(corpus.animation(tmp_path / "a", form, frames=moving))
    assert ready.done == ("first frame", "converted")
    assert corpus.corner_names(shown(ready)) == corpus.UPRIGHT


@pytest.mark.asyncio
async def test_of_a_tiff_with_pages_the_first_is_taken(take: Take, tmp_path: Path) -> None:
    second = Image.new("RGB", (20, 20))
    path = corpus.saved(tmp_path / "fax", "TIFF", save_all=True, append_images=[second, second])
    assert corpus.corner_names(shown(await take(path))) == corpus.UPRIGHT


@pytest.mark.asyncio
async def test_a_gif_of_half_a_million_frames_costs_no_more_than_one(take: Take, tmp_path: Path) -> None:
    ready = await take(corpus.endless_gif(tmp_path / "endless.gif", 500_000))
    assert shown(ready).size == (16, 16)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # this test's own look at the result
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "note", [b"Exif\x00\x00", b"Exif\x00\x00II*\x00\xff\xff\xff\x7f", b"Exif\x00\x00MM\x00*" + b"\xff" * 40]
)
async def test_broken_notes_are_no_reason_to_refuse(take: Take, tmp_path: Path, note: bytes) -> None:
    path = corpus.saved(tmp_path / "odd.jpg", "JPEG", exif=note)
    assert corpus.corner_names(shown(await take(path))) == corpus.UPRIGHT


@pytest.mark.asyncio
async def test_a_bomb_is_refused_with_its_size(take: Take, tmp_path: Path) -> None:
    path = corpus.png_bomb(tmp_path / "small.png")
    assert path.stat().st_size < 100_000
    error = await refusal(take, path)
    assert isinstance(error, PictureTooLarge)
    assert error.facts == {"width": 20_000, "height": 20_000, "limit_pixels": 64_000_000}


@pytest.mark.asyncio
async def test_a_broken_file_that_claims_to_be_a_bomb_is_called_broken(take: Take, tmp_path: Path) -> None:
    canvas = (16_382).to_bytes(3, "little") * 2
    (tmp_path / "x").write_bytes(b"RIFF\xe8\x03\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + canvas + bytes(970))
    assert isinstance(await refusal(take, tmp_path / "x"), FileBroken)


@pytest.mark.asyncio
async def test_a_picture_just_over_the_limit_is_refused_too(take: Take, tmp_path: Path) -> None:
    error = await refusal(take, corpus.png_bomb(tmp_path / "p", side=8001))
    assert error.facts["width"] == 8001
    assert shown(await take(corpus.png_bomb(tmp_path / "q", side=7999))).size == (704, 704)


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("share", [0.3, 0.9])
async def test_a_truncated_picture_is_called_broken(take: Take, tmp_path: Path, form: str, share: float) -> None:
    whole = corpus.saved(tmp_path / "whole", form, corpus.picture((640, 360)))
    error = await refusal(take, corpus.cut(whole, tmp_path / "part", share))
    assert isinstance(error, FileBroken)
    assert error.facts["found"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x00" * 5000, "nothing but zeros"),
        (b"PK\x03\x04" + bytes(300), "ZIP"),
        (b"%PDF-1.7\n" + bytes(300), "PDF"),
        (b"Rar!\x1a\x07\x01", "RAR"),
        (b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", "playlist"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "HTML or SVG"),
        (b"\n <!doctype html><script>alert(1)</script>", "HTML or SVG"),
        ("Grüße".encode() * 2000, "text"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "program"),
        (b"\x93" + bytes(100) + b"\x01", "unknown"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "text"),
    ],
)
async def test_what_is_no_picture_is_named(take: Take, tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    error = await refusal(take, path)
    assert isinstance(error, FileUnsupported)
    assert error.facts == {"found": found, "wanted": "picture"}


@pytest.mark.asyncio
async def test_an_empty_file_is_called_empty(take: Take, tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    assert isinstance(await refusal(take, tmp_path / "x.png"), FileEmpty)


@pytest.mark.asyncio
async def test_a_video_where_a_picture_is_wanted_is_named(take: Take, tmp_path: Path) -> None:
    error = await refusal(take, corpus.clip(tmp_path / "x.png", seconds=0.2, sound=None))
    assert error.facts == {"found": "MP4", "wanted": "picture"}


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["ICO", "PPM", "TGA", "PCX", "JPEG2000"])
async def test_formats_that_nobody_promised_are_refused(take: Take, tmp_path: Path, form: str) -> None:
    buffer = io.BytesIO()
    corpus.picture((64, 64)).save(buffer, form)
    (tmp_path / "x.png").write_bytes(buffer.getvalue())
    assert isinstance(await refusal(take, tmp_path / "x.png"), FileUnsupported)
