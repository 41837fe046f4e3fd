"""The clips that are made from an uploaded video: each of its frames is changed, its sound stays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sandbox.render import styles
from sandbox.render.clips import Frame, read_clip
from sandbox.render.drawing import (
    caption_layer,
    covering,
    fit_text,
    inset_layer,
    line_layer,
    open_picture,
    pixels_of,
    seeded_palette,
)
from sandbox.render.scenes import count_of, foot, label_of
from sandbox.render.task import Task


def remake_scene(task: Task) -> Iterator[Frame]:
    """Video to video, restyle and edit: the prompt's style and words, the reference's colours and itself, small."""
    reference = _reference(task)
    chain = _chain(task, reference)
    words = _words_layer(task)
    strip = caption_layer(label_of(task), task.width, task.height)
    inset = None if reference is None else inset_layer(reference, task.height)
    count = count_of(task)
    for index, pixels in enumerate(_frames(task)):
        frame = pixels
        for style in chain:
            frame = style(frame, index / count)
        image = Image.fromarray(frame)
        if words is not None:
            sway = round(task.width * 0.015 * math.sin(math.tau * index / count))
            image.paste(words, (task.width // 24 + sway, task.height // 16), words)
        yield pixels_of(_dressed(image, strip, inset))


def remade_picture(task: Task) -> Image.Image:
    """One picture, changed as a video's frames are."""
    reference = _reference(task)
    frame = pixels_of(covering(open_picture(task.files["data"]), task.width, task.height))
    for style in _chain(task, reference):
        frame = style(frame, 0.0)
    strip = caption_layer(label_of(task), task.width, task.height)
    inset = None if reference is None else inset_layer(reference, task.height)
    return _dressed(Image.fromarray(frame), strip, inset).convert("RGB")


def _words_layer(task: Task) -> Image.Image | None:
    """The prompt in letters that can be read in a small player, for the upper left; None without a prompt."""
    if not task.prompt:
        return None
    lines, size = fit_text(task.prompt, int(task.width * 0.58), int(task.height * 0.3))
    edge = styles.tint(seeded_palette(task.seed, task.prompt)[0], 0.35)
    layers = [line_layer(line, size, (255, 255, 255), edge) for line in lines]
    sheet = Image.new("RGBA", (max(layer.width for layer in layers), int(size * 1.25 * len(layers)) + size))
    for row, layer in enumerate(layers):
        sheet.alpha_composite(layer, (0, round(row * size * 1.25)))
    return sheet


def _chain(task: Task, reference: Image.Image | None) -> list[styles.Style]:
    chain = [styles.from_prompt(task.prompt, task.seed)] if task.prompt else []
    return chain if reference is None else [*chain, styles.like(reference)]


def try_on_scene(task: Task) -> Iterator[Frame]:
    """The garment laid over the middle of the video, swaying a little; without one, a cloth in the prompt's colour."""
    reference = _reference(task)
    garment = _cloth(task) if reference is None else _cut_out(reference)
    most = int(task.width * 0.55), int(task.height * 0.6)
    scale = min(most[0] / garment.width, most[1] / garment.height)
    size = max(2, round(garment.width * scale)), max(2, round(garment.height * scale))
    garment = garment.resize(size, Image.Resampling.LANCZOS)
    strip = caption_layer(label_of(task), task.width, task.height)
    inset = None if reference is None else inset_layer(reference, task.height)
    count = count_of(task)
    for index, pixels in enumerate(_frames(task)):
        frame = Image.fromarray(pixels)
        sway = math.sin(math.tau * index / count * 2)
        turned = garment.rotate(3 * sway, Image.Resampling.BILINEAR, expand=False)
        left = round((task.width - turned.width) / 2 + sway * task.width * 0.012)
        frame.paste(turned, (left, round(task.height * 0.54 - turned.height / 2)), turned)
        yield pixels_of(_dressed(frame, strip, inset))


def _frames(task: Task) -> Iterator[Frame]:
    return read_clip(Path(task.files["data"]), task.width, task.height, task.fps, task.seconds)


def _reference(task: Task) -> Image.Image | None:
    path = task.files.get("reference_image")
    return None if path is None else open_picture(path)


def _dressed(frame: Image.Image, strip: Image.Image, inset: Image.Image | None) -> Image.Image:
    if inset is not None:
        margin = max(4, frame.height // 40)
        frame.paste(inset, (frame.width - inset.width - margin, margin), inset)
    return foot(frame, strip)


def _cut_out(garment: Image.Image) -> Image.Image:
    """The garment without its ground: its own transparency, or what differs from a plain border's colour."""
    if garment.getchannel("A").getextrema()[0] != 255:
        return garment
    pixels = pixels_of(garment).astype(np.int16)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if float(np.max(np.std(border, axis=0))) > 18:
        return garment
    differs = np.max(np.abs(pixels - np.median(border, axis=0)), axis=2) > 28
    cut = garment.copy()
    cut.putalpha(Image.fromarray((differs * 255).astype(np.uint8)))
    box = cut.getchannel("A").getbbox()
    return garment if box is None else cut.crop(box)


def _cloth(task: Task) -> Image.Image:
    """A shirt in the colour that the prompt names, or one from the seed."""
    colour = styles.named_colour(task.prompt) or seeded_palette(task.seed, task.prompt)[1]
    shirt = Image.new("RGBA", (200, 200))
    draw = ImageDraw.Draw(shirt)
    outline = [(60, 10), (80, 26), (120, 26), (140, 10), (196, 50), (172, 90), (150, 76), (150, 192),
               (50, 192), (50, 76), (28, 90), (4, 50)]  # fmt: skip
    draw.polygon(outline, fill=(*colour, 235), outline=(*styles.tint(colour, 0.5), 255))
    return shirt
