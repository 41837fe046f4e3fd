"""What may be done to a member's file before a model gets it: the words that answers use, and what each means."""

from __future__ import annotations

from collections.abc import Mapping

DEEDS: Mapping[str, str] = {
    "first frame": "Of a moving picture, or of several pages, the first is taken.",
    "turned": "Turned or mirrored as the camera's note says (EXIF in pictures, the display matrix in videos).",
    "resized": "Brought within the model's frame in its own shape, upright ones upright, never larger than it was; "
    "pixels that are not square are made so, and odd sides of videos lose a line.",
    "tone mapped": "HDR (PQ, HLG) and wide colours (BT.2020) of videos are brought to those of ordinary HD video; what "
    "is brighter than it can show is rolled off, not clipped.",
    "deinterlaced": "Frames of alternate lines made whole ones, as many as there were.",
    "cut": "Cut to the shape of the model's frame, for models that follow a path: its points are places of the frame.",
    "even rate": "Given an even frame rate, the clip's usual one where it has one, without moving anything in time.",
    "shortened": "Of a clip that is longer than the model takes that much is used, from its beginning or from the "
    "second that its member named (`start`).",
    "over white": "What is see-through in a video is laid over white, as it is in pictures.",
    "mended": "For a picture of a video that can't be read the one before it stays, and sound that can't be read is "
    "silence; of PNG and JPEG whatever is damaged beside the pixels is left out.",
    "converted": "Pictures become JPEG (transparency white, CMYK, wide colours and 16 bits plain), videos H.264 "
    "(8 bits, 4:2:0) with AAC sound.",
    "rewrapped": "The same pictures in a plain MP4 whose index comes first; nothing is encoded again.",
    "sound converted": "The sound alone is encoded again, as AAC.",
}
"""By the words of `Ready.done`; a file to which none was done is passed on byte for byte."""
