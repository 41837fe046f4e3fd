"""What was sent to Discord last of the commands: sending them again changes nothing and makes a start slow."""

from __future__ import annotations

from bot.store.notes import Notes


class SyncedCommands:
    """A digest of the commands an application, kept across restarts. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def are(self, application_id: int, digest: str) -> bool:
        """Whether these are the commands that were sent last."""
        return await self._notes.get(_key(application_id)) == digest

    async def note(self, application_id: int, digest: str) -> None:
        """These have been sent."""
        await self._notes.put(_key(application_id), digest)


def _key(application_id: int) -> str:
    return f"commands:{application_id}"
