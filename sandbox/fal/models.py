"""The endpoints that the stand-in knows and what each takes: its own table, so that a mistake in the bot's is found.

From the service's generated input types and its models' pages; prices are dollars for a second of output, or for a
video. The service ignores fields that a model lacks; the stand-in refuses them, so that they are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.fal.fields import MEGABYTE, Field, Kind, flag, image, images, one_of, text, video, whole
from sandbox.render.operations import Operation

SEED_MAX = 2**31 - 1


@dataclass(frozen=True)
class Model:
    """One endpoint. `files` says which of its fields are drawn as which input; `sizes` are the heights of frames."""

    operation: Operation
    fields: Mapping[str, Field]
    files: Mapping[str, str] = field(default_factory=dict)
    fps: int = 24
    seconds: float = 5.0
    """The length of what it makes where no `duration` says it."""
    resolution: str = "720p"
    dollars: Mapping[str, float] = field(default_factory=dict)
    """By resolution; "" for all. With sound, where it has a choice."""
    silent_dollars: float = 0.0
    """At 720p without sound, where there is a choice."""
    per_video: bool = False


_SEED = whole(None, 0, SEED_MAX)
_PROMPT = text(required=True)

_VEO = {
    "prompt": _PROMPT,
    "duration": one_of("8s", "4s", "6s"),
    "generate_audio": flag(True),
    "negative_prompt": text(),
    "seed": whole(None, 0, 2**32 - 1),
    "auto_fix": flag(True),
    "safety_tolerance": one_of("4", "1", "2", "3", "5", "6"),
}
_VEO_TEXT = _VEO | {"resolution": one_of("720p", "1080p"), "aspect_ratio": one_of("16:9", "9:16")}
_VEO_IMAGE = _VEO | {"resolution": one_of("720p", "1080p"), "aspect_ratio": one_of("auto", "16:9", "9:16")}
_VEO_LITE = {"720p": 0.05, "1080p": 0.08}
_VEO_FAST = {"": 0.15, "4k": 0.35}
_FIRST_LAST = {"first_frame_url": image(), "last_frame_url": image()}
_FIRST_LAST_FILES = {"first_frame_url": "start", "last_frame_url": "end"}

_WAN_27 = {
    "prompt": text(required=True, most=5000),
    "duration": whole(5, 2, 15),
    "resolution": one_of("1080p", "720p"),
    "seed": _SEED,
    "enable_prompt_expansion": flag(True),
    "enable_safety_checker": flag(True),
    "negative_prompt": text(most=500),
}
_WAN_27_DOLLARS = {"720p": 0.10, "1080p": 0.15}
_WAN_22 = {
    "prompt": _PROMPT,
    "resolution": one_of("720p", "480p", "580p"),
    "seed": whole(None, 0, 2**32 - 1),
    "enable_safety_checker": flag(False),
    "enable_output_safety_checker": flag(False),
    "enable_prompt_expansion": flag(False),
}
_WAN_22_DOLLARS = {"480p": 0.05, "580p": 0.075, "720p": 0.10}
_LTX = {
    "prompt": _PROMPT,
    "duration": Field(Kind.WHOLE, default=6, choices=(6, 8, 10, 12, 14, 16, 18, 20)),
    "resolution": one_of("1080p", "1440p", "2160p"),
    "fps": Field(Kind.WHOLE, default=25, choices=(24, 25, 48, 50)),
    "generate_audio": flag(True),
}
_KLING_SECONDS = one_of("5", "3", "4", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15")
_KLING = {"prompt": text(most=2500), "duration": _KLING_SECONDS}
_LUCY = {
    "prompt": _PROMPT,
    "video_url": video(),
    "resolution": one_of("720p"),
    "enhance_prompt": flag(True),
    "sync_mode": flag(False),
}
_ONE_IMAGE = {"image_url": "data"}
_ONE_VIDEO = {"video_url": "data"}

MODELS: Mapping[str, Model] = {
    "fal-ai/veo3.1/lite": Model(Operation.TEXT, _VEO_TEXT, dollars=_VEO_LITE, silent_dollars=0.03),
    "fal-ai/veo3.1/fast": Model(
        Operation.TEXT,
        _VEO_TEXT | {"resolution": one_of("720p", "1080p", "4k")},
        dollars=_VEO_FAST,
        silent_dollars=0.10,
    ),
    "fal-ai/wan/v2.7/text-to-video": Model(
        Operation.TEXT,
        _WAN_27 | {"aspect_ratio": one_of("16:9", "9:16", "1:1", "4:3", "3:4")},
        resolution="1080p",
        dollars=_WAN_27_DOLLARS,
    ),
    "fal-ai/ltx-2.3/text-to-video/fast": Model(
        Operation.TEXT,
        _LTX | {"aspect_ratio": one_of("16:9", "9:16")},
        fps=25,
        resolution="1080p",
        dollars={"": 0.04},
    ),
    "fal-ai/wan/v2.2-a14b/text-to-video/turbo": Model(
        Operation.TEXT,
        _WAN_22 | {"aspect_ratio": one_of("16:9", "9:16", "1:1")},
        fps=16,
        dollars=_WAN_22_DOLLARS,
        per_video=True,
    ),
    "fal-ai/kling-video/v3/turbo/standard/text-to-video": Model(
        Operation.TEXT, _KLING | {"aspect_ratio": one_of("16:9", "9:16", "1:1")}, dollars={"": 0.112}
    ),
    "alibaba/wan-3.0/text-to-video": Model(
        Operation.TEXT,
        {
            "prompt": _PROMPT,
            "duration": whole(5, 2, 30),
            "resolution": one_of("1080p", "480p", "720p"),
            "aspect_ratio": one_of("adaptive", "16:9", "9:16", "1:1", "4:3", "3:4"),
            "audio": flag(True),
            "seed": _SEED,
            "enable_prompt_expansion": flag(True),
        },
        resolution="1080p",
        dollars={"480p": 0.05, "720p": 0.10, "1080p": 0.20},
    ),
    "fal-ai/veo3.1/lite/image-to-video": Model(
        Operation.IMAGE, _VEO_IMAGE | {"image_url": image()}, _ONE_IMAGE, dollars=_VEO_LITE, silent_dollars=0.03
    ),
    "fal-ai/wan/v2.2-a14b/image-to-video/turbo": Model(
        Operation.IMAGE,
        _WAN_22
        | {
            "image_url": image(),
            "end_image_url": image(required=False),
            "aspect_ratio": one_of("auto", "16:9", "9:16", "1:1"),
        },
        {"image_url": "data", "end_image_url": "end"},
        fps=16,
        dollars=_WAN_22_DOLLARS,
        per_video=True,
    ),
    "fal-ai/wan/v2.7/image-to-video": Model(
        Operation.IMAGE,
        _WAN_27
        | {
            "prompt": text(most=5000),
            "image_url": image(required=False, most_bytes=20 * MEGABYTE),
            "end_image_url": image(required=False, most_bytes=20 * MEGABYTE),
        },
        {"image_url": "data", "end_image_url": "end"},
        resolution="1080p",
        dollars=_WAN_27_DOLLARS,
    ),
    "fal-ai/ltx-2.3/image-to-video/fast": Model(
        Operation.IMAGE,
        _LTX
        | {
            "image_url": image(),
            "end_image_url": image(required=False),
            "aspect_ratio": one_of("auto", "16:9", "9:16"),
        },
        {"image_url": "data", "end_image_url": "end"},
        fps=25,
        resolution="1080p",
        dollars={"": 0.06},
    ),
    "fal-ai/kling-video/v3/turbo/standard/image-to-video": Model(
        Operation.IMAGE,
        _KLING | {"image_url": image(most_bytes=50 * MEGABYTE, least_side=300)},
        _ONE_IMAGE,
        dollars={"": 0.112},
    ),
    "fal-ai/veo3.1/lite/first-last-frame-to-video": Model(
        Operation.FIRST_LAST, _VEO_IMAGE | _FIRST_LAST, _FIRST_LAST_FILES, dollars=_VEO_LITE, silent_dollars=0.03
    ),
    "fal-ai/veo3.1/fast/first-last-frame-to-video": Model(
        Operation.FIRST_LAST, _VEO_IMAGE | _FIRST_LAST, _FIRST_LAST_FILES, dollars=_VEO_FAST, silent_dollars=0.10
    ),
    "fal-ai/pixverse/v6/transition": Model(
        Operation.FIRST_LAST,
        {
            "prompt": text(required=True, most_bytes=2048),
            "first_image_url": image(),
            "end_image_url": image(),
            "duration": whole(5, 1, 15),
            "resolution": one_of("720p", "360p", "540p", "1080p"),
            "aspect_ratio": one_of("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"),
            "seed": whole(None, 0, SEED_MAX),
            "generate_audio_switch": flag(False),
        },
        {"first_image_url": "start", "end_image_url": "end"},
        dollars={"": 0.045},
    ),
    "decart/lucy-edit/pro": Model(Operation.VIDEO, _LUCY, _ONE_VIDEO, dollars={"": 0.15}),
    "fal-ai/wan/v2.7/edit-video": Model(
        Operation.VIDEO,
        {
            "prompt": _PROMPT,
            "video_url": video(2, 10, megabytes=100),
            "reference_image_url": image(required=False),
            "duration": Field(Kind.WHOLE, default=0, choices=(0, *range(2, 11))),
            "resolution": one_of("1080p", "720p"),
            "audio_setting": one_of("auto", "origin"),
            "seed": _SEED,
        },
        {"video_url": "data", "reference_image_url": "reference_image"},
        resolution="1080p",
        dollars={"": 0.10},
    ),
    "fal-ai/kling-video/o3/standard/video-to-video/edit": Model(
        Operation.VIDEO,
        {
            "prompt": _PROMPT,
            "video_url": video(3, 15, megabytes=200),
            "image_urls": images(4),
            "keep_audio": flag(True),
        },
        _ONE_VIDEO,
        dollars={"": 0.168},
    ),
    "alibaba/happy-horse/video-edit": Model(
        Operation.VIDEO,
        {
            "prompt": _PROMPT,
            "video_url": video(3, 60, megabytes=100),
            "reference_image_urls": images(5),
            "resolution": one_of("1080p", "720p"),
            "audio_setting": one_of("auto", "origin"),
            "seed": _SEED,
        },
        _ONE_VIDEO,
        resolution="1080p",
        dollars={"720p": 0.28, "1080p": 0.56},
    ),
    "decart/lucy-restyle": Model(
        Operation.RESTYLE,
        _LUCY | {"video_url": video(None, 1800), "seed": whole(None, 0, 2**32 - 1)},
        _ONE_VIDEO,
        fps=22,
        dollars={"": 0.01},
    ),
    "luma/agent/ray/v3.2/video-to-video": Model(
        Operation.RESTYLE,
        {
            "prompt": _PROMPT,
            "video_url": video(),
            "edit_strength": Field(
                Kind.TEXT, choices=tuple(f"{word}_{n}" for word in ("adhere", "flex", "reimagine") for n in (1, 2, 3))
            ),
            "resolution": one_of("540p", "720p", "1080p"),
            "duration": one_of("5s", "10s"),
            "start_image_url": image(required=False),
        },
        {"video_url": "data", "start_image_url": "reference_image"},
        resolution="540p",
        dollars={"540p": 0.144, "720p": 0.216, "1080p": 0.432},
    ),
}


def app_of(endpoint: str) -> str:
    """Where its jobs are asked for: two segments."""
    return "/".join(endpoint.split("/")[:2])
