"""Content-addressed files: raw mails above 1 MiB, named by their SHA-256.

Durable before `put` returns: file synced, renamed, folder synced. Equal bytes are one file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


class BlobError(Exception):
    """A file is missing or its bytes are no longer those that were stored."""

    permanent = True


class Blobs:
    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        """Keep the bytes; their SHA-256 in hex is the key."""
        key = hashlib.sha256(data).hexdigest()
        path = self._path(key)
        if path.exists():
            return key
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{key}.{secrets.token_hex(4)}")
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(path)
        for folder in (path.parent, self.root):
            _sync_folder(folder)
        return key

    def get(self, key: str) -> bytes:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            raise BlobError(f"the file {key} is missing under {self.root}: restore it from a backup") from None
        if hashlib.sha256(data).hexdigest() != key:
            raise BlobError(f"the file {key} under {self.root} was changed: restore it from a backup")
        return data

    def beginning(self, key: str, count: int) -> bytes:
        """The first bytes, only to be shown: they are not checked. Empty when the file is missing."""
        try:
            with self._path(key).open("rb") as file:
                return file.read(count)
        except FileNotFoundError:
            return b""

    def keys(self) -> Iterator[str]:
        """Of everything that is kept here, in order."""
        for path in sorted(self.root.glob("??/*")):
            if not path.name.startswith("."):  # a draft
                yield path.name

    def copy_to(self, other: Blobs) -> None:
        """What the other lacks. Raises BlobError when bytes here are no longer those that were stored."""
        for key in self.keys():
            if not other._path(key).exists():
                other.put(self.get(key))

    def _path(self, key: str) -> Path:
        if len(key) != 64 or not key.isalnum():
            raise ValueError("a blob's key is a SHA-256 in hex")
        return self.root / key[:2] / key


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
