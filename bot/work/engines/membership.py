"""What the processes of a cluster must have in common besides the database: the files and the keys. Found out at the
start, in one plain line, rather than by members whose videos are nowhere."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.errors import SettingsError
from bot.rules.media import Files
from bot.store.encryption import Keys
from bot.store.notes import Notes

FILES_NOTE, KEYS_NOTE = "cluster:files", "cluster:keys"
_PROOF = "clapper"


async def join(notes: Notes, files: Files, keys: Keys, *, folder: Path) -> None:
    """Leave a mark where there is none, else look for the others'. `folder` is for a moment's use.

    Raises `SettingsError`, and `DatabaseUnavailable` or `FilesUnavailable`.
    """
    await _same_keys(notes, keys)
    await _same_files(notes, files, folder)


async def leave_no_mark(notes: Notes) -> None:
    """Forget which files and keys belong to the database, after a loss: the next process to start decides anew."""
    await notes.drop(FILES_NOTE)
    await notes.drop(KEYS_NOTE)


async def _same_keys(notes: Notes, keys: Keys) -> None:
    encrypted = await notes.put_if_absent(KEYS_NOTE, keys.encrypt(_PROOF))
    if keys.decrypt(encrypted) != _PROOF:
        raise SettingsError(
            "this process has other keys than the rest of the cluster: give all of them the same SECRET_KEYS "
            "(if the old keys are lost for good: python -m bot migrate --forget-cluster)"
        )
    await notes.put(KEYS_NOTE, keys.encrypt(_PROOF))  # by the newest key, so that the oldest can be taken away


async def _same_files(notes: Notes, files: Files, folder: Path) -> None:
    ours = uuid.uuid4().hex
    if (mark := await notes.get(FILES_NOTE)) is None:
        with TemporaryDirectory(dir=folder, prefix="mark-") as place:
            paper = Path(place) / "mark"
            await asyncio.to_thread(paper.write_text, ours)
            await files.put(_key(ours), paper, "text/plain")
        if (mark := await notes.put_if_absent(FILES_NOTE, ours)) != ours:
            await files.delete([_key(ours)])
    if not await files.exists(_key(mark)):
        raise SettingsError(
            "this process does not see the files of the rest of the cluster: set FILES_URL to the same bucket or "
            "shared folder for all of them (if the files are lost for good: python -m bot migrate --forget-cluster)"
        )


def _key(mark: str) -> str:
    return f"cluster/{mark}"
