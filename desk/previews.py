"""Pictures that we drew of files, kept so that they are drawn once: a folder under DESK_HOME that may be emptied.

Named by the SHA-256 of the file they show, so a file that goes takes them along: `forget`.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from pathlib import Path

MOST_BYTES = 512 << 20
LOOK_EVERY = 64  # pictures put between looks at how much there is


class Previews:
    def __init__(self, root: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.root, self.most_bytes = root, most_bytes
        self._put = 0

    def get(self, sha256: str, name: str) -> bytes | None:
        try:
            return (self._folder(sha256) / name).read_bytes()
        except OSError:
            return None

    def put(self, sha256: str, name: str, data: bytes) -> None:
        """Never raises: without room for them pictures are drawn each time."""
        folder = self._folder(sha256)
        draft = folder / f".{secrets.token_hex(4)}"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.rename(folder / name)
        self._put += 1
        if self._put % LOOK_EVERY == 0:
            self.tidy()

    def forget(self, sha256: str) -> None:
        shutil.rmtree(self._folder(sha256), ignore_errors=True)

    def tidy(self) -> None:
        """The oldest go until no more than `most_bytes` are left."""
        kept = []
        for path in self.root.glob("*/*/*"):
            with contextlib.suppress(OSError):
                kept.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self.most_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _folder(self, sha256: str) -> Path:
        if len(sha256) != 64 or not sha256.isalnum():
            raise ValueError("a file's name here is its SHA-256 in hex")
        return self.root / sha256[:2] / sha256
