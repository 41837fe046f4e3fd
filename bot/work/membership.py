"""Whether a process belongs to the cluster that uses its database: it must have the same files and the same keys."""

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
_KNOWN_TEXT = "clapper"


async def check_membership(notes: Notes, files: Files, keys: Keys, *, folder: Path) -> None:
    """Make sure that this process has the same files and the same keys as the cluster that uses the database.

    The first process of a cluster leaves proofs of both, which later ones look for: otherwise members would miss their
    videos. `folder` is used for a moment. Raises `SettingsError`, and `DatabaseUnavailable` or `FilesUnavailable`.
    """
    await _check_keys(notes, keys)
    await _check_files(notes, files, folder)


async def forget_membership(notes: Notes) -> None:
    """Forget which files and keys belong to the database, after a loss: the next process to start decides anew."""
    await notes.drop(FILES_NOTE, KEYS_NOTE)


async def _check_keys(notes: Notes, keys: Keys) -> None:
    encrypted = await notes.put_if_absent(KEYS_NOTE, keys.encrypt(_KNOWN_TEXT))
    if keys.decrypt(encrypted) != _KNOWN_TEXT:
        raise SettingsError(
            "this process has other keys than the rest of the cluster: give all of them the same SECRET_KEYS "
            "(if the old keys are lost for good: python -m bot migrate --forget-cluster)"
        )
    await notes.put(KEYS_NOTE, keys.encrypt(_KNOWN_TEXT))  # by the newest key, so that the oldest can be taken away


async def _check_files(notes: Notes, files: Files, folder: Path) -> None:
    ours = uuid.uuid4().hex
    if (proof := await notes.get(FILES_NOTE)) is None:
        with TemporaryDirectory(dir=folder, prefix="proof-") as place:
            file = Path(place) / "proof"
            await asyncio.to_thread(file.write_text, ours)
            await files.put(_proof_key(ours), file, "text/plain")
        if (proof := await notes.put_if_absent(FILES_NOTE, ours)) != ours:
            await files.delete([_proof_key(ours)])
    if not await files.exists(_proof_key(proof)):
        raise SettingsError(
            "this process does not see the files of the rest of the cluster: set FILES_URL to the same bucket or "
            "shared folder for all of them (if the files are lost for good: python -m bot migrate --forget-cluster)"
        )


def _proof_key(proof: str) -> str:
    return f"cluster/{proof}"
