"""The pictures of the table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from bot.errors import FileBroken, FileUnsupported, PictureTooLarge, PictureTooSmall
from tests.corpus.case import SMALL, Case, Make, Spot, picture_case, written
from tests.corpus.odd_pictures import busy, deep, jpeg, png_of, profile, profile_chunk, with_chunk
from tests.corpus.pictures import animation, cut, oriented, picture, png_bomb, saved

CONVERTED = ("converted",)
MENDED = ("mended", "converted")
WHITE = Spot(colour=(255, 255, 255))
_P3_RED, _SRGB_RED = (201, 80, 61), (216, 69, 51)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _jpegs()
    yield from _pngs()
    yield from _colours()
    yield from _transparent()
    yield from _others()
    yield from _refused()


def _saved(form: str, image: Image.Image | None = None, **options: Any) -> Make:
    return partial(saved, form=form, image=image or picture(SMALL), **options)


def _jpegs() -> Iterator[Case]:
    yield picture_case("JPEG", written(jpeg()))
    yield picture_case("JPEG, grey", written(jpeg(picture(SMALL, "L"))), corners=False)
    for name, sampling in (("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)):
        yield picture_case(f"JPEG, {name}", written(jpeg(subsampling=sampling)))
    yield picture_case("JPEG, progressive", written(jpeg(progressive=True)))
    yield picture_case("JPEG, in restart intervals", written(jpeg(busy(), restart_marker_blocks=2)))
    yield picture_case("JPEG, CMYK", written(jpeg(Image.new("CMYK", SMALL, (0, 255, 255, 0)))), done=CONVERTED,
                       corners=False, spot=Spot(colour=(255, 0, 0), apart=60))  # fmt: skip
    for orientation in range(2, 9):
        yield picture_case(f"JPEG, turned by EXIF ({orientation})", partial(oriented, orientation=orientation),
                           done=("turned", "converted"), size=(320, 180))  # fmt: skip
    yield picture_case("JPEG, EXIF that can't be read", written(jpeg(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")))
    yield picture_case("JPEG, a comment of 60 KB", written(jpeg(comment=b"x" * 60_000)))
    yield picture_case("JPEG, bytes after its end", written(jpeg() + b"trailer" * 100))
    yield picture_case("JPEG, without an end mark", written(jpeg(busy())[:-2]), done=MENDED)
    yield picture_case("JPEG, progressive, without an end mark", written(jpeg(busy(), progressive=True)[:-2]),
                       done=MENDED)  # fmt: skip
    yield picture_case("JPEG, with half an end mark", written(jpeg(busy())[:-1]), done=MENDED)
    yield picture_case("JPEG, several pictures (MPO)", _mpo, done=("first frame", "converted"))
    for name, data in (("", jpeg(busy())), (", progressive", jpeg(busy(), progressive=True))):
        half = data[: len(data) * 2 // 3]
        broken = FileBroken(found="JPEG")
        yield picture_case(f"JPEG{name}, cut off", written(half), refused=broken)
        yield picture_case(f"JPEG{name}, cut off, with an end mark", written(half + b"\xff\xd9"), refused=broken)


def _mpo(path: Path) -> None:
    picture(SMALL).save(path, "MPO", save_all=True, append_images=[Image.new("RGB", SMALL)])


def _pngs() -> Iterator[Case]:
    yield picture_case("PNG", _saved("PNG"))
    yield picture_case("PNG, grey", _saved("PNG", picture(SMALL, "L")), corners=False)
    eight = (deep() // 257).astype("uint8")
    yield picture_case("PNG, interlaced", partial(png_of, samples=eight, interlaced=True))
    for bits in (1, 2, 4, 8):
        image = picture(SMALL).quantize(1 << bits)
        yield picture_case(f"PNG, palette of {bits} bits", _saved("PNG", image, bits=bits), done=CONVERTED,
                           corners=bits > 2)  # fmt: skip
    yield picture_case("PNG, black and white", _saved("PNG", Image.new("1", SMALL, 1)), done=CONVERTED, corners=False,
                       spot=WHITE)  # fmt: skip
    for name, mode in (("colour", "RGB"), ("colour and alpha", "RGBA")):
        yield picture_case(f"PNG, 16 bits, {name}", partial(png_of, samples=deep(mode)), done=CONVERTED)
    yield picture_case("PNG, 16 bits, interlaced", partial(png_of, samples=deep(), interlaced=True), done=CONVERTED)
    yield picture_case("PNG, animated", partial(animation, form="PNG", frames=3), done=("first frame", "converted"),
                       size=(96, 54))  # fmt: skip
    text = (("tEXt", b"prompt\x00"), ("zTXt", b"workflow\x00\x00"), ("iTXt", b"workflow\x00\x01\x00\x00\x00"))
    for kind, head in text:
        yield picture_case(f"PNG, {kind} of 3 MB", partial(_with_text, kind=kind.encode(), head=head),
                           done=() if kind == "tEXt" else MENDED)  # fmt: skip
    yield picture_case("PNG, a checksum of a comment that does not hold",
                       partial(_with, kind=b"tEXt", body=b"a\x00b", sound=False), done=MENDED)  # fmt: skip
    yield picture_case("PNG, the same behind its pixels",
                       partial(_with, kind=b"tEXt", body=b"a\x00b", sound=False, before=b"IEND"))  # fmt: skip
    yield picture_case("PNG, an unknown chunk", partial(_with, kind=b"clAp", body=bytes(99)))
    yield picture_case("PNG, without an end", partial(_ended, behind=b"IEND", back=4))
    yield picture_case("PNG, bytes after its end", partial(_followed, rest=b"trailer" * 100))
    yield picture_case("PNG, pixels whose checksum does not hold", _damaged, refused=FileBroken(found="PNG"))
    yield picture_case("PNG, cut off", partial(_part, form="PNG"), refused=FileBroken(found="PNG"))


def _with(path: Path, kind: bytes, body: bytes, *, sound: bool = True, before: bytes = b"IDAT") -> None:
    with_chunk(saved(path, "PNG", picture(SMALL)), kind, body, sound=sound, before=before)


def _with_text(path: Path, kind: bytes, head: bytes) -> None:
    import zlib  # noqa: PLC0415

    text = b"{} " * 1_000_000
    _with(path, kind, head + (text if kind == b"tEXt" else zlib.compress(text)))


def _ended(path: Path, behind: bytes, back: int) -> None:
    data = saved(path, "PNG", picture(SMALL)).read_bytes()
    path.write_bytes(data[: data.index(behind) - back])


def _followed(path: Path, rest: bytes) -> None:
    path.write_bytes(saved(path, "PNG", picture(SMALL)).read_bytes() + rest)


def _damaged(path: Path) -> None:
    data = bytearray(saved(path, "PNG", busy()).read_bytes())
    data[data.index(b"IDAT") + 400] ^= 0xFF
    path.write_bytes(data)


def _part(path: Path, form: str) -> None:
    cut(saved(path, form, busy()), path, 0.7)


def _colours() -> Iterator[Case]:
    as_red = Spot(colour=_SRGB_RED, apart=16)
    red = Image.new("RGB", SMALL, _P3_RED)
    for name, image in (("colour", red), ("alpha", red.convert("RGBA")), ("palette", red.quantize(4))):
        yield picture_case(f"PNG, {name}, in Display P3", _saved("PNG", image, icc_profile=profile()),
                           done=() if name == "colour" else CONVERTED, corners=False,
                           spot=Spot(colour=_P3_RED) if name == "colour" else as_red)  # fmt: skip
    yield picture_case("PNG, 16 bits, in Display P3", _deep_p3, done=CONVERTED, corners=False, spot=as_red)
    yield picture_case("PNG, a profile of 2 MB", _large_profile, done=MENDED, corners=False, spot=as_red)
    yield picture_case("PNG, a profile that is a bomb", _bomb_profile, done=MENDED, corners=False,
                       spot=Spot(colour=_P3_RED))  # fmt: skip
    yield picture_case("AVIF, in Display P3", _saved("AVIF", red, icc_profile=profile(), quality=95), done=CONVERTED,
                       corners=False, spot=as_red)  # fmt: skip
    yield picture_case("TIFF, in Display P3", _saved("TIFF", red, icc_profile=profile()), done=CONVERTED, corners=False,
                       spot=as_red)  # fmt: skip
    linear, bright = profile(grey=True, gamma=1.0), Spot(colour=(188, 188, 188))
    for name, image in (
        ("alpha", Image.new("LA", SMALL, (128, 255))),
        ("16 bits", Image.new("I;16", SMALL, 128 * 257)),
    ):
        yield picture_case(f"PNG, grey, {name}, in linear light", _saved("PNG", image, icc_profile=linear),
                           done=CONVERTED, corners=False, spot=bright)  # fmt: skip
    yield picture_case("JPEG, a profile that is none", written(jpeg(icc_profile=b"no profile at all")))
    for value, name in ((257, "almost black"), (32_896, "grey"), (65_535, "white")):
        grey = Spot(colour=(value // 257,) * 3, apart=9)
        yield picture_case(f"PNG, 16 bits, {name}", _saved("PNG", Image.new("I;16", SMALL, value)), done=CONVERTED,
                           corners=False, spot=grey)  # fmt: skip
    half = Spot(colour=(128, 128, 128), apart=9)
    twelve = {"tiffinfo": {281: 4095}}
    for name, image, options in (
        ("16 bits, grey", Image.new("I;16", SMALL, 32_896), {}),
        ("12 of 16 bits, grey", Image.new("I;16", SMALL, 2056), twelve),
        ("light from 0 to 1", Image.new("F", SMALL, 0.502), {}),
    ):
        yield picture_case(f"TIFF, {name}", _saved("TIFF", image, **options), done=CONVERTED, corners=False,
                           spot=half)  # fmt: skip


def _deep_p3(path: Path) -> None:
    samples = deep() * 0 + [value * 257 for value in _P3_RED]
    with_chunk(png_of(path, samples.astype("uint16")), b"iCCP", profile_chunk(profile()))


def _large_profile(path: Path) -> None:
    saved(path, "PNG", Image.new("RGBA", SMALL, (*_P3_RED, 255)))
    whole = profile()
    whole = (len(whole) + 2_000_000).to_bytes(4, "big") + whole[4:] + bytes(2_000_000)
    with_chunk(path, b"iCCP", profile_chunk(whole))


def _bomb_profile(path: Path) -> None:
    saved(path, "PNG", Image.new("RGB", SMALL, _P3_RED))
    with_chunk(path, b"iCCP", profile_chunk(profile() + bytes(40_000_000)))


def _transparent() -> Iterator[Case]:
    image = picture(SMALL, "RGBA")
    image.paste((0, 0, 0, 0), (40, 24, 56, 40))
    indexed = image.convert("RGB").quantize(8)
    hole = indexed.getpixel((48, 32))
    yield picture_case("PNG, alpha", _saved("PNG", image), done=CONVERTED, spot=WHITE)
    yield picture_case("PNG, grey and alpha", _saved("PNG", image.convert("LA")), done=CONVERTED, corners=False,
                       spot=WHITE)  # fmt: skip
    yield picture_case("PNG, a see-through colour", _saved("PNG", image.convert("RGB"), transparency=(0, 0, 0)),
                       done=CONVERTED, spot=WHITE)  # fmt: skip
    yield picture_case("PNG, palette with a see-through colour", _saved("PNG", indexed, transparency=hole),
                       done=CONVERTED, spot=WHITE)  # fmt: skip
    yield picture_case("WebP, alpha", _saved("WEBP", image, lossless=True), done=CONVERTED, spot=WHITE)
    yield picture_case("AVIF, alpha", _saved("AVIF", image, quality=95), done=CONVERTED, spot=WHITE)
    yield picture_case("GIF, a see-through colour", _saved("GIF", indexed, transparency=hole), done=CONVERTED,
                       spot=WHITE)  # fmt: skip
    yield picture_case("BMP, 32 bits", _saved("BMP", picture(SMALL, "RGBA")), done=CONVERTED)
    yield picture_case("TIFF, alpha", _saved("TIFF", image), done=CONVERTED, spot=WHITE)


def _others() -> Iterator[Case]:
    yield picture_case("WebP", _saved("WEBP", quality=95))
    yield picture_case("WebP, lossless", _saved("WEBP", lossless=True))
    yield picture_case("WebP, turned by EXIF", partial(oriented, orientation=6, form="WEBP"),
                       done=("turned", "converted"), size=(320, 180))  # fmt: skip
    for form, frames in (("GIF", 3), ("WEBP", 3)):
        yield picture_case(f"{form.replace('WEBP', 'WebP')}, animated", partial(animation, form=form, frames=frames),
                           done=("first frame", "converted"), size=(96, 54))  # fmt: skip
    rows: tuple[tuple[str, str, Image.Image | None, dict[str, Any]], ...] = (
        ("GIF", "GIF", None, {}),
        ("AVIF", "AVIF", None, {"quality": 95}),
        ("HEIC", "HEIF", None, {"quality": 95}),
        ("BMP", "BMP", None, {}),
        ("BMP, palette", "BMP", picture(SMALL, "P"), {}),
        ("TIFF", "TIFF", None, {}),
        ("TIFF, LZW", "TIFF", None, {"compression": "tiff_lzw"}),
        ("TIFF, Deflate", "TIFF", None, {"compression": "tiff_adobe_deflate"}),
        ("TIFF, JPEG", "TIFF", None, {"compression": "jpeg", "quality": 95}),
        ("TIFF, palette", "TIFF", picture(SMALL, "P"), {}),
    )
    for name, form, image, options in rows:
        yield picture_case(name, _saved(form, image, **options), done=CONVERTED)
    pages: dict[str, Any] = {"save_all": True, "append_images": [Image.new("RGB", (20, 20))]}
    yield picture_case("TIFF, several pages", _saved("TIFF", **pages), done=("first frame", "converted"))
    yield picture_case("PNG, larger than the frame", _saved("PNG", picture((1600, 900))), size=(1252, 704),
                       done=("resized", "converted"))  # fmt: skip
    yield picture_case("PNG, 16 by 16 pixels", _saved("PNG", picture((16, 16))), size=(16, 16))


def _refused() -> Iterator[Case]:
    for form, found in (("WEBP", "WebP"), ("GIF", "GIF"), ("BMP", "BMP"), ("TIFF", "TIFF"), ("AVIF", "AVIF"),
                        ("HEIF", "HEIC")):  # fmt: skip
        yield picture_case(f"{found}, cut off", partial(_part, form=form), refused=FileBroken(found=found))
    yield picture_case("PNG of one pixel", _saved("PNG", picture((1, 1))), refused=PictureTooSmall(
        width=1, height=1, box_width=1, box_height=1, limit=16))  # fmt: skip
    yield picture_case("PNG of 3000 by 2 pixels", _saved("PNG", picture((3000, 2))), refused=PictureTooSmall(
        width=3000, height=2, box_width=1280, box_height=1, limit=16))  # fmt: skip
    yield picture_case("PNG of 20,000 by 20,000 pixels in 48 KB", png_bomb, refused=PictureTooLarge(
        width=20_000, height=20_000, limit_pixels=64_000_000))  # fmt: skip
    for form, found in (("ICO", "icon (.ico)"), ("PPM", "unknown"), ("TGA", "unknown"), ("JPEG2000", "JPEG 2000")):
        yield picture_case(f"{form}", _saved(form), refused=FileUnsupported(found=found, wanted="picture"))
    for name, tags in (("DNG", {50706: bytes((1, 4, 0, 0))}), ("raw, its small preview first", {254: 1})):
        yield picture_case(f"TIFF of a camera ({name})", _saved("TIFF", tiffinfo=tags),
                           refused=FileUnsupported(found="raw picture of a camera", wanted="picture"))  # fmt: skip
    for name, content, found in (
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "HTML or SVG"),
        ("A web page", b"<!doctype html><title>cat</title>", "HTML or SVG"),
        ("PDF", b"%PDF-1.7\n" + bytes(99), "PDF"),
        ("ZIP", b"PK\x03\x04" + bytes(99), "ZIP"),
        ("PSD", b"8BPS\x00\x01" + bytes(99), "PSD"),
        ("JPEG XL", b"\xff\x0a" + bytes(99), "JPEG XL"),
        ("A text", b"no picture at all", "text"),
        ("Zeros", bytes(999), "nothing but zeros"),
    ):
        yield picture_case(name, written(content), refused=FileUnsupported(found=found, wanted="picture"))
