"""Files of a letter, read again from its stored mail in a limited child and checked by SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import inbox
from .blobs import BlobError
from .models import Attachment, Message
from .previews import Previews
from .reading import Reader
from .settings import Settings


class Infected(Exception):
    """The virus scanner found something in the file."""


class Files:
    """One warm child for a process, asked by one thread that lives as long: the kernel ends a child with its thread."""

    def __init__(self, conf: Settings) -> None:
        self.conf = conf
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._reader = Reader(conf.work)
        self._previews = Previews(conf.home / "previews")

    def data(self, attachment: Attachment, message: Message, *, despite: bool = False) -> bytes:
        """The file's bytes; raises ReadError, BlobError when they are not those that came, Infected.

        `despite`: a person wants it all the same.
        """
        if attachment.scan == "infected" and not despite:
            raise Infected(attachment.scan_note)
        raw = self._raw(message)
        data = self._thread.submit(self._reader.attachment, raw, attachment.place).result()
        if hashlib.sha256(data).hexdigest() != attachment.sha256:
            raise BlobError(f"attachment {attachment.public_id} no longer reads as it did: see the raw mail")
        return data

    def picture(self, attachment: Attachment, message: Message, size: str) -> bytes:
        """JPEG of a picture or of a document's first page, at most pictures.LONGEST[size] pixels; raises ReadError."""
        return self._drawn(attachment, message, size, lambda raw: self._reader.picture(raw, attachment.place, size))

    def page(self, attachment: Attachment, message: Message, number: int) -> bytes:
        """A page to look at, from 1: PNG of a document's, JPEG of a picture; raises ReadError."""
        return self._drawn(attachment, message, f"page-{number}",
                           lambda raw: self._reader.page(raw, attachment.place, number))

    def enclosed(self, attachment: Attachment, message: Message) -> dict[str, Any]:
        """The letter inside a file, as opening.enclosed; raises ReadError."""
        raw = self._raw(message)
        return self._thread.submit(self._reader.enclosed, raw, attachment.place).result()

    def understood(self, message: Message) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the reader makes of the mail (`desk parse`) and how it is built; raises ReadError, BlobError."""
        raw = self._raw(message)
        return (self._thread.submit(self._reader.as_json, raw).result(),
                self._thread.submit(self._reader.outline, raw).result())

    def close(self) -> None:
        self._thread.submit(self._reader.close).result()
        self._thread.shutdown()

    def _drawn(self, attachment: Attachment, message: Message, name: str, draw: Callable[[bytes], bytes]) -> bytes:
        kept = self._previews.get(attachment.sha256, name)
        if kept is None:
            kept = self._thread.submit(draw, self._raw(message)).result()
            self._previews.put(attachment.sha256, name, kept)
        return kept

    def _raw(self, message: Message) -> bytes:
        if message.inbound is None:
            raise BlobError("this message did not come by mail")
        return inbox.raw(self.conf, message.inbound)
