"""What the headers of H.264 and AAC say, as an MP4 keeps them in its index: enough to know whether every player plays
them. Bit by bit after ITU-T H.264 (7.3.2.1.1, E.1.1) and ISO/IEC 14496-1 and -3."""

from __future__ import annotations

from dataclasses import dataclass

from bot.media.boxes import UnsureBoxes

_PARAMETERS_BYTES = 512
"""A set of parameters is some tens of bytes."""
_PLAIN_PROFILES = frozenset({66, 77})  # Baseline and Main, always 4:2:0 in 8 bits
_HIGH = 100
_AAC_KINDS = frozenset({2, 5, 29})  # LC, and HE in both its versions
_ELEMENTARY, _DECODER, _SPECIFIC = 3, 4, 5
_AAC_BY_MPEG4 = 0x40


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The size in pixels of H.264 in 8 bits and 4:2:0, with square pixels; `full_range`: black is 0 and not 16."""

    width: int
    height: int
    full_range: bool


class _Bits:
    """Reads numbers of so many bits, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int = 1) -> int:
        self._left -= count
        if self._left < 0:
            raise UnsureBoxes("a header ends too early")
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned number as long as it needs to be (9.1)."""
        zeros = 0
        while not self.take():
            zeros += 1
            if zeros > 32:
                raise UnsureBoxes("a number without end")
        return (1 << zeros) - 1 + self.take(zeros)

    def skip(self, numbers: int) -> None:
        for _ in range(numbers):
            self.golomb()


def pictures_of(configuration: bytes) -> Pictures:
    """What the body of a box `avcC` says. Raises `UnsureBoxes`."""
    if configuration[0] != 1 or configuration[4] & 3 != 3:  # the lengths before its units have four bytes
        raise UnsureBoxes("an unknown configuration")
    sets, at = _length_prefixed(configuration, 6, configuration[5] & 0x1F)
    others, _ = _length_prefixed(configuration, at + 1, configuration[at])
    found = {_sequence(one) for one in sets}
    if len(found) != 1 or not others:
        raise UnsureBoxes("not one form of pictures")
    return found.pop()


def _length_prefixed(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    found = []
    for _ in range(count):
        size = int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : at + 2 + size])
        if not 4 <= len(found[-1]) == size <= _PARAMETERS_BYTES:
            raise UnsureBoxes("a header of a wrong length")
        at += 2 + size
    return found, at


def _sequence(unit: bytes) -> Pictures:
    """One sequence parameter set, with its unit's head of one byte."""
    bits = _Bits(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.take(8)
    bits.take(16)
    bits.skip(1)
    if unit[0] & 0x1F != 7 or profile not in _PLAIN_PROFILES | {_HIGH}:
        raise UnsureBoxes(f"profile {profile}")
    if profile == _HIGH:
        _check_high(bits)
    bits.skip(1)
    _skip_order(bits)
    bits.skip(1)
    bits.take()
    width, height = (bits.golomb() + 1) * 16, (bits.golomb() + 1) * 16
    if not bits.take():
        raise UnsureBoxes("interlaced")
    bits.take()
    left, right, top, bottom = (bits.golomb() * 2 for _ in range(4)) if bits.take() else (0, 0, 0, 0)
    full_range = _is_full_range(bits) if bits.take() else False
    return Pictures(width=width - left - right, height=height - top - bottom, full_range=full_range)


def _check_high(bits: _Bits) -> None:
    if (bits.golomb(), bits.golomb(), bits.golomb()) != (1, 0, 0):
        raise UnsureBoxes("not 4:2:0 in 8 bits")
    bits.take()
    if bits.take():
        raise UnsureBoxes("scaling lists of its own")


def _skip_order(bits: _Bits) -> None:
    """How the pictures' order is told."""
    match bits.golomb():
        case 0:
            bits.skip(1)
        case 2:
            pass
        case _:
            raise UnsureBoxes("an unusual order")


def _is_full_range(bits: _Bits) -> bool:
    """From the beginning of the usability information. Raises `UnsureBoxes` where pixels are not square."""
    if bits.take():
        ratio = bits.take(8)
        extended = (bits.take(16), bits.take(16)) if ratio == 255 else (1, 1)
        if ratio not in {0, 1, 255} or extended[0] != extended[1]:
            raise UnsureBoxes("pixels that are not square")
    if bits.take():
        bits.take()
    if not bits.take():
        return False
    bits.take(3)
    return bool(bits.take())


def check_aac(descriptors: bytes) -> None:
    """Raises `UnsureBoxes` unless this, the body of a box `esds` after its version, tells of usual AAC."""
    stream = _descriptor(descriptors, _ELEMENTARY)
    flags = stream[2]
    if flags & 0xE0:
        raise UnsureBoxes("sound that depends on something else")
    decoder = _descriptor(stream[3:], _DECODER)
    if decoder[0] != _AAC_BY_MPEG4:
        raise UnsureBoxes(f"sound of kind {decoder[0]}")
    bits = _Bits(_descriptor(decoder[13:], _SPECIFIC)[:16])
    kind, rate = bits.take(5), bits.take(4)
    channels = bits.take(4)
    if kind not in _AAC_KINDS or rate > 12 or not 1 <= channels <= 7:
        raise UnsureBoxes("unusual AAC")


def _descriptor(data: bytes, tag: int) -> bytes:
    """The body of the descriptor that `data` begins with, whose length comes in up to four groups of seven bits."""
    if data[0] != tag:
        raise UnsureBoxes(f"no descriptor {tag}")
    length = 0
    for at in range(1, 5):
        length = length << 7 | data[at] & 0x7F
        if not data[at] & 0x80:
            break
    body = data[at + 1 : at + 1 + length]
    if len(body) != length:
        raise UnsureBoxes("a descriptor ends too early")
    return body
