"""Bytes by key, in a folder or in an S3 bucket: inputs that wait for their submit, and results too large for Discord.

Everything is streamed both ways and is all or nothing: a reader sees the old bytes or the new ones, never a part.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast
from urllib.parse import unquote, urlsplit

from bot.errors import FileNotStored, FilesUnavailable, SettingsError
from bot.rules.media import Files

if TYPE_CHECKING:  # seven megabytes that a folder does without, but for what can't be linked
    from obstore.store import LocalStore, RetryConfig, S3Store

P = ParamSpec("P")
T = TypeVar("T")

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_KEY_LONGEST = 512
_UNFINISHED = re.compile(r"#\d+$")
"""How names end of files that are still being written: the library's and ours."""
_PIECE_BYTES = 1024**2
"""What is held at a time. Pieces of 8 MiB made a process that copied 300 MB four times grow by 125 MB, since freed
blocks of that size stay with the allocator; these, by 13 MB."""
_PART_BYTES = 8 * 1024**2  # S3 takes parts of 5 MiB or more
_PARTS_AT_ONCE = 2
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""Within one call, for a request that got lost. Outages are waited out by the caller, whom a stop can interrupt."""


class StoredFiles(Files):
    """`Files` over obstore. Made by `open_files`; one for the whole process, nothing to close.

    To and from a folder nothing is copied where the file system can give the same bytes a second name.
    Every method may raise `FilesUnavailable`: the store can't be reached, refuses us, or can't write.
    """

    def __init__(self, place: Path | S3Store, *, failed: Callable[[], object] = lambda: None) -> None:
        """`failed` is called for each call that can't be done."""
        self._failed = failed
        self._folder = place if isinstance(place, Path) else None
        self._opened: LocalStore | S3Store | None = None if isinstance(place, Path) else place

    @property
    def _store(self) -> LocalStore | S3Store:
        if self._opened is None:
            from obstore.store import LocalStore  # noqa: PLC0415  # see above

            self._opened = LocalStore(self._folder)
        return self._opened

    @contextmanager
    def _asked(self, *, missing: str | None = None) -> Iterator[None]:
        """Around each call to the store: errors as ours, and those that are the store's are told of."""
        try:
            with _translated(missing=missing):
                yield
        except FilesUnavailable:
            self._failed()
            raise

    def _place(self, key: str) -> Path | None:
        """Where the key's file is; None where that is a bucket."""
        return None if self._folder is None else self._folder / _checked(key)

    async def put(self, key: str, path: Path, content_type: str) -> int:
        """Store the file under `key`, over what was there; gives the number of bytes."""
        stored = self._place(key)
        size_bytes, linked = _measured_and_linked(path, stored)
        if linked:
            return size_bytes
        import obstore  # noqa: PLC0415  # see above

        bucket = self._folder is None
        part_bytes = _PART_BYTES if bucket else _PIECE_BYTES
        with self._asked():
            await obstore.put_async(
                self._store,
                _checked(key),
                path,
                # A folder has nowhere to keep a type: whoever reads from it knows it from the job's row.
                attributes={"Content-Type": content_type} if bucket else None,
                use_multipart=size_bytes > part_bytes,
                chunk_size=part_bytes,
                max_concurrency=_PARTS_AT_ONCE,
            )
        return size_bytes

    async def fetch(self, key: str, to: Path) -> Path:
        """Write the bytes to `to`, by way of a partial file beside it. Raises `FileNotStored`."""
        stored = self._place(key)
        if stored is not None and await _in_thread(_link, stored, to):
            return to
        import obstore  # noqa: PLC0415  # see above

        with self._asked(missing=key):
            found = await obstore.get_async(self._store, _checked(key))
        partial = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
        try:
            with self._asked():
                await _spool(found.stream(min_chunk_size=_PIECE_BYTES), partial)
                await asyncio.to_thread(partial.replace, to)
        finally:
            await asyncio.to_thread(partial.unlink, missing_ok=True)
        return to

    async def delete(self, keys: Iterable[str]) -> None:
        """Forget the keys; one that holds nothing is no error."""
        for key in keys:
            with suppress(FileNotStored), self._asked(missing=key):
                if (stored := self._place(key)) is not None:
                    await _in_thread(stored.unlink)
                    continue
                import obstore  # noqa: PLC0415  # see above

                await obstore.delete_async(self._store, _checked(key))

    async def exists(self, key: str) -> bool:
        return await self.size_bytes(key) is not None

    async def size_bytes(self, key: str) -> int | None:
        """How many bytes `key` holds; None where it holds nothing."""
        try:
            with self._asked(missing=key):
                if (stored := self._place(key)) is not None:
                    return await _in_thread(_file_bytes, stored)
                import obstore  # noqa: PLC0415  # see above

                return (await obstore.head_async(self._store, _checked(key)))["size"]
        except FileNotStored:
            return None

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None, piece_bytes: int = _PIECE_BYTES
    ) -> AsyncGenerator[bytes]:
        """The bytes from `start` up to, not including, `end`, in pieces of about `piece_bytes`. Raises `FileNotStored`
        at the first."""
        size = await self.size_bytes(key)
        if size is None:
            raise FileNotStored(key)
        stop = size if end is None else min(end, size)
        if start >= stop:
            return
        import obstore  # noqa: PLC0415  # see above

        with self._asked(missing=key):
            found = await obstore.get_async(self._store, key, options={"range": (start, stop)})
            async for piece in found.stream(min_chunk_size=piece_bytes):
                yield bytes(piece)

    async def keys(self, under: str) -> list[str]:
        """Every key below the folder `under`, in order: for pruning."""
        with self._asked():
            if self._folder is not None:
                return await _in_thread(_keys_below, self._folder, _checked(under))
            import obstore  # noqa: PLC0415  # see above

            listing = obstore.list(self._store, prefix=_checked(under))
            return sorted([entry["path"] async for page in listing for entry in page])

    async def drop_unfinished(self, before: datetime) -> int:
        """Delete what a process left that was killed while it stored a file, before then; gives the number. A bucket
        keeps nothing of the kind."""
        return 0 if self._folder is None else await _in_thread(_drop_unfinished, self._folder, before.timestamp())

    async def link(self, key: str, lifetime: timedelta) -> str | None:
        """An address that anybody can fetch `key` from until `lifetime` is over; None where the store is a folder."""
        if self._folder is not None:
            return None
        import obstore  # noqa: PLC0415  # see above

        with self._asked():
            return await obstore.sign_async(cast("S3Store", self._store), "GET", _checked(key), lifetime)


def open_files(files_url: str, data_dir: Path, *, failed: Callable[[], object] = lambda: None) -> StoredFiles:
    """The store that `FILES_URL` names: empty for a folder in `DATA_DIR`, `file:///folder` or `s3://bucket/prefix`.

    S3's credentials, region and endpoint come from the usual `AWS_*` variables (`AWS_ENDPOINT_URL` for a server of
    one's own), which obstore reads. Raises `SettingsError`.
    """
    parts = urlsplit(files_url)
    try:
        if not files_url:
            return StoredFiles(_made(data_dir / "files"), failed=failed)
        if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
            return StoredFiles(_made(Path(unquote(parts.path))), failed=failed)
        if parts.scheme == "s3" and parts.netloc:
            return StoredFiles(_bucket(parts.netloc, parts.path.strip("/") or None), failed=failed)
    except Exception as exc:
        if not (isinstance(exc, OSError | ValueError) or _is_the_librarys(exc)):
            raise
        raise SettingsError(f"FILES_URL {files_url!r} can't be used: {_first_line(exc)}") from exc
    raise SettingsError(f"FILES_URL {files_url!r} can't be used: set it to file:///a/folder or s3://bucket/prefix")


@contextmanager
def _translated(*, missing: str | None = None) -> Iterator[None]:
    """Errors of obstore and of the system as ours. `missing` is the key that a "not found" is about, where it is."""
    try:
        yield
    except FileNotFoundError as exc:
        error = FilesUnavailable(_first_line(exc)) if missing is None else FileNotStored(missing)
        raise error from exc
    except Exception as exc:
        if not (isinstance(exc, OSError) or _is_the_librarys(exc)):
            raise
        raise FilesUnavailable(_first_line(exc)) from exc


def _is_the_librarys(exc: Exception) -> bool:
    library = sys.modules.get("obstore")
    return library is not None and isinstance(exc, library.exceptions.BaseError)


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]


def _made(folder: Path) -> Path:
    """The folder's full path; it is made if need be."""
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _bucket(name: str, prefix: str | None) -> S3Store:
    from obstore.store import S3Store  # noqa: PLC0415  # see above

    return S3Store(name, prefix=prefix, client_options={"allow_http": True}, retry_config=_RETRIES)


def _checked(key: str) -> str:
    """The key itself; `ValueError` where it could leave its folder or mean something else in another store."""
    if len(key) > _KEY_LONGEST or not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key


def _file_bytes(path: Path) -> int:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(path.name)
    return found.st_size


def _keys_below(folder: Path, under: str) -> list[str]:
    return sorted(
        Path(path, name).relative_to(folder).as_posix()
        for path, _, names in os.walk(folder / under)
        for name in names
        if not _UNFINISHED.search(name)
    )


def _measured_and_linked(source: Path, to: Path | None) -> tuple[int, bool]:
    """The file's size, and what `_link` says. On the event loop: where a link can be made the file lies beside the
    working folders, which are made and removed there, too, and a turn of a thread costs ten times as much."""
    size_bytes = source.stat().st_size
    return size_bytes, to is not None and _link(source, to, make_folder=True)


def _drop_unfinished(folder: Path, before: float) -> int:
    dropped = 0
    for at, _, names in os.walk(folder):
        for path in (Path(at, name) for name in names if _UNFINISHED.search(name)):
            with suppress(OSError):  # finished meanwhile
                # When it was linked or written last: it may be a second name of an old file.
                if path.stat().st_ctime < before:
                    path.unlink()
                    dropped += 1
    return dropped


def _link(source: Path, to: Path, *, make_folder: bool = False) -> bool:
    """Make `to`, whatever it was, a second name of `source`, all or nothing. False where that can't be: there is no
    such file, or it lies on another file system."""
    beside = to.with_name(f"{to.name}#{secrets.randbits(60)}")
    try:
        if make_folder:
            to.parent.mkdir(parents=True, exist_ok=True)
        beside.hardlink_to(source)
        beside.chmod(beside.stat().st_mode & ~0o222)  # who writes into either would write into both
        beside.replace(to)
    except OSError:
        return False
    finally:
        with suppress(OSError):  # it is still there where both were one file before, too
            beside.unlink(missing_ok=True)
    return True


async def _spool(chunks: AsyncIterable[bytes], path: Path) -> None:
    await _in_thread(path.touch)
    async for chunk in chunks:
        await _in_thread(_append, path, chunk)


def _append(path: Path, chunk: bytes) -> None:
    with path.open("ab") as file:
        file.write(chunk)


async def _in_thread(call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Like `asyncio.to_thread`, but a cancelled caller waits for the thread: it must not write after the clean-up."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *args, **more))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
