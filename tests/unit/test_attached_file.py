"""A file that is sent to Discord in more than one attempt."""

from __future__ import annotations

import contextlib
from pathlib import Path

from bot.chat.replies.attached_file import AttachedFile


def test_a_read_of_a_broken_attempt_takes_nothing_from_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "result.mp4"
    path.write_bytes(bytes(range(256)))
    file = AttachedFile(path, "a cat.mp4")
    file.reset(seek=0)
    first = file.fp
    first.read(10)
    file.reset(seek=1)
    with contextlib.suppress(ValueError):  # it is closed
        first.read(100)
    file.fp.close()  # as the HTTP library does when it has sent it
    assert (file.filename, file.fp.read()) == ("a cat.mp4", path.read_bytes())
    file.close()
    assert file.fp.closed
    assert first.closed
