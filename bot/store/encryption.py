"""What is written into rows so that the database alone does not give it away."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from bot.errors import SettingsError


class Keys:
    """Encrypts with the first key and decrypts with any, so that keys can be changed without losing what is live."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
            self._newest = keys[0].encode()
        except ValueError:
            raise SettingsError(
                "SECRET_KEYS can't be used: each key is 32 bytes in URL-safe base64, such as "
                "`openssl rand -base64 32 | tr +/ -_` prints"
            ) from None

    @classmethod
    def open(cls, keys: Sequence[SecretStr], data_dir: Path) -> Self:
        """The keys of the settings; where there are none, those of `secret.key` in `data_dir`, made at first use.

        Raises `SettingsError`: a key is malformed, or the file can't be read or made.
        """
        if keys:
            return cls([key.get_secret_value() for key in keys])
        path = data_dir / "secret.key"
        try:
            if not path.exists():
                _write_new_key(path)
            return cls(path.read_text(encoding="ascii").split())
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingsError(f"{path} can't be used as the key file: {exc} (or set SECRET_KEYS)") from exc

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose alone, made of the newest: 32 bytes that tell nothing of it."""
        return hmac.new(self._newest, f"clapper {purpose}".encode(), "sha256").digest()

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted: str) -> str | None:
        """The text, or None where no key of ours opens it (keys were changed, or the row was tampered with)."""
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            return None


def _write_new_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place: of two processes that start at once, both read the one key that won.
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def seal(secret: bytes, passphrase: str) -> bytes:
    """`secret` as text that only the passphrase opens: what it was salted with, then the encrypted bytes."""
    salt = os.urandom(16)
    return base64.b64encode(salt) + b"\n" + _opener(passphrase, salt).encrypt(secret) + b"\n"


def unseal(sealed: bytes, passphrase: str) -> bytes | None:
    """What was sealed; None where the passphrase is another one, or the text was changed."""
    try:
        salt, encrypted = sealed.split()
        return _opener(passphrase, base64.b64decode(salt, validate=True)).decrypt(encrypted)
    except (ValueError, InvalidToken):
        return None


def _opener(passphrase: str, salt: bytes) -> Fernet:
    """scrypt with 64 MB and some tenths of a second, so that guessing is dear."""
    key = Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode())
    return Fernet(base64.urlsafe_b64encode(key))
