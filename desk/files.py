"""Files of a letter, read again from its stored mail in a limited child and checked by SHA-256."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import inbox
from .blobs import BlobError
from .models import Attachment, Message
from .reading import Reader
from .settings import Settings

KEPT_BYTES = 16 << 20  # of small pictures, in this process
KEPT_LARGEST = 128 << 10


class Files:
    """One warm child for a process, asked by one thread that lives as long: the kernel ends a child with its thread."""

    def __init__(self, conf: Settings) -> None:
        self.conf = conf
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._reader = Reader(conf.work)
        self._pictures: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def data(self, attachment: Attachment, message: Message) -> bytes:
        """The file's bytes; raises ReadError, or BlobError when they are not those that came."""
        raw = self._raw(message)
        data = self._thread.submit(self._reader.attachment, raw, attachment.place).result()
        if hashlib.sha256(data).hexdigest() != attachment.sha256:
            raise BlobError(f"attachment {attachment.public_id} no longer reads as it did: see the raw mail")
        return data

    def picture(self, attachment: Attachment, message: Message, size: str) -> bytes:
        """A JPEG made by us, at most pictures.LONGEST[size] pixels; raises ReadError when it is no picture."""
        key = attachment.sha256, size
        return self._thread.submit(self._picture, self._raw(message), attachment.place, key).result()

    def _picture(self, raw: bytes, place: int, key: tuple[str, str]) -> bytes:
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        out = self._reader.picture(raw, place, key[1])
        self._keep(key, out)
        return out

    def understood(self, message: Message) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the reader makes of the mail (`desk parse`) and how it is built; raises ReadError, BlobError."""
        raw = self._raw(message)
        return (self._thread.submit(self._reader.as_json, raw).result(),
                self._thread.submit(self._reader.outline, raw).result())

    def close(self) -> None:
        self._thread.submit(self._reader.close).result()
        self._thread.shutdown()

    def _keep(self, key: tuple[str, str], data: bytes) -> None:
        if len(data) <= KEPT_LARGEST:
            self._pictures[key] = data
            while sum(map(len, self._pictures.values())) > KEPT_BYTES:
                self._pictures.popitem(last=False)

    def _raw(self, message: Message) -> bytes:
        if message.inbound is None:
            raise BlobError("this message did not come by mail")
        return inbox.raw(self.conf, message.inbound)
