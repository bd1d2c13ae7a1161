"""Mail of the demo's post office on disk, so that a restart loses nothing: one file for each mail.

A file begins with one line of JSON (the mailboxes and the arrival) and goes on with the mail's bytes. Its
number is the mail's UID in every mailbox that got it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Kept:
    number: int
    owners: list[str]
    at: datetime
    raw: bytes


class Spool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def uidvalidity(self) -> int:
        """The same as long as the folder lives."""
        path = self.folder / "uidvalidity"
        if not path.exists():
            self._write(path, str(int(time.time())).encode())
        return int(path.read_text())

    def keep(self, mail: Kept) -> None:
        """On disk when this returns; raises OSError."""
        head = json.dumps({"owners": mail.owners, "at": mail.at.isoformat()}).encode()
        self._write(self.folder / f"{mail.number:08}.mail", head + b"\n" + mail.raw)

    def __iter__(self) -> Iterator[Kept]:
        for path in sorted(self.folder.glob("*.mail")):
            head, _, raw = path.read_bytes().partition(b"\n")
            values = json.loads(head)
            yield Kept(int(path.stem), values["owners"], datetime.fromisoformat(values["at"]), raw)

    def _write(self, path: Path, data: bytes) -> None:
        draft = path.with_suffix(".draft")
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
