"""Pictures and clips to upload, drawn here, and a look at the clips that come back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import aiohttp
import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sandbox.queue_api import QueueStandIn

Pixels = NDArray[np.uint8]


def picture(
    width: int = 160,
    height: int = 90,
    *,
    process: tuple[int, int, int] = (30, 90, 200),
    dot: tuple[int, int, int] = (250, 210, 40),
) -> bytes:
    """A PNG: a dot of one colour in the middle of another."""
    image = Image.new("RGB", (width, height), process)
    reach = min(width, height) // 5
    middle = (width // 2 - reach, height // 2 - reach, width // 2 + reach, height // 2 + reach)
    ImageDraw.Draw(image).ellipse(middle, fill=dot)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def clip(width: int = 160, height: int = 90, *, seconds: float = 2.2, sound: bool = True) -> bytes:
    """An MP4 of a light square that moves over green, with a tone of 440 Hz."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=20)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=44_100, layout="mono") if sound else None
        for index in range(round(seconds * 20)):
            image = Image.new("RGB", (width, height), (40, 110, 50))
            left = index * 2 % (width - 20)
            ImageDraw.Draw(image).rectangle((left, 20, left + 20, 40), fill=(230, 220, 200))
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(image, dtype=np.uint8), format="rgb24")))
        container.mux(video.encode(None))
        if audio is not None:
            wave = np.sin(np.arange(round(44_100 * seconds)) * 2 * np.pi * 440 / 44_100).astype(np.float32) * 0.4
            tone = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            tone.rate, tone.pts, tone.time_base = 44_100, 0, Fraction(1, 44_100)
            container.mux(audio.encode(tone))
            container.mux(audio.encode(None))
    return out.getvalue()


@dataclass
class Seen:
    """What a clip turns out to be."""

    codec: str
    pix_fmt: str
    size: tuple[int, int]
    fps: float
    frames: list[Pixels]
    index_first: bool
    loudness: float
    """The root mean square of the sound's samples; 0 without sound."""

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.fps


def look(data: bytes) -> Seen:
    """Decode all of a clip."""
    with av.open(io.BytesIO(data), "r", format="mov") as container:
        stream = container.streams.video[0]
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in container.decode(stream)]
        facts = stream.codec_context.name, str(stream.codec_context.pix_fmt), float(stream.average_rate or 0)
    with av.open(io.BytesIO(data), "r", format="mov") as container:
        samples = [f.to_ndarray() for f in container.decode(audio=0)] if container.streams.audio else []
    loudness = float(np.sqrt(np.mean(np.concatenate(samples, axis=1).astype(np.float64) ** 2))) if samples else 0.0
    size = frames[0].shape[1], frames[0].shape[0]
    first = data.index(b"moov") < data.index(b"mdat")
    return Seen(facts[0], facts[1], size, facts[2], frames, first, loudness)


def form(texts: dict[str, str], files: dict[str, tuple[str, bytes, str]] | None = None) -> aiohttp.FormData:
    """A multipart form; files as (name, bytes, content type)."""
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in texts.items():
        data.add_field(name, value)
    for name, (filename, content, kind) in (files or {}).items():
        data.add_field(name, content, filename=filename, content_type=kind)
    return data


PNG = ("dot.png", picture(), "image/png")


class Caller:
    """The service's wire, as plainly as it can be spoken."""

    def __init__(self, standin: QueueStandIn, session: aiohttp.ClientSession) -> None:
        self.standin, self.session = standin, session
        self.headers = {"X-API-KEY": standin.api_key}

    async def submit(
        self,
        model: str,
        texts: dict[str, str] | None = None,
        files: dict[str, tuple[str, bytes, str]] | None = None,
        **headers: str,
    ) -> tuple[int, Any]:
        """Status and document of a submit."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = f"{self.standin.url}/v1/jobs/{model}"
        async with self.session.post(url, data=form(texts or {}, files), headers=sent) as response:
            return response.status, await response.json()

    async def taken(
        self, model: str, texts: dict[str, str] | None = None, files: dict[str, tuple[str, bytes, str]] | None = None
    ) -> str:
        """The id of a job that must be taken."""
        status, said = await self.submit(model, texts, files)
        assert status == 200, said
        assert said["status"] == "pending"
        return str(said["job_id"])

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and document of a GET under /v1/jobs/."""
        async with self.session.get(f"{self.standin.url}/v1/jobs/{path}", headers=self.headers) as response:
            return response.status, await response.json()

    async def result(self, job_id: str) -> bytes:
        """The bytes of a clip that must be there, once it has been drawn."""
        await self.standin.drawn(job_id)
        url = f"{self.standin.url}/v1/jobs/{job_id}/content"
        async with self.session.get(url, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            assert response.content_type == "video/mp4"
            data = await response.read()
            assert response.content_length == len(data)
            return data
