"""The ZIP: plain ASCII names that every program unpacks, no moment of today in it, and a manifest of SHA-256 sums."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
from pathlib import Path
from types import TracebackType

MANIFEST = "manifest.sha256"
LATIN = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
                 "a b v g d e e zh z i y k l m n o p r s t u f h c ch sh sch _ y _ e yu ya".replace("_", "").split(" "),
                 strict=True))
LONGEST = 60


def plain(name: str) -> str:
    """A file's name in small Latin letters and digits; its ending stays."""
    stem, dot, ending = name.rpartition(".")
    if not stem or not re.fullmatch(r"[A-Za-z0-9]{1,8}", ending):
        stem, ending = name, ""
    latin = "".join(LATIN.get(c, c) for c in unicodedata.normalize("NFC", stem.lower()))
    words = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:LONGEST].strip("-") or "file"
    return f"{words}.{ending.lower()}" if ending else words


class Archive:
    """Files are put in one after another; the manifest comes last, when the block ends well."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._sums: list[tuple[str, str]] = []

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None,
                 _trace: TracebackType | None) -> None:
        if kind is None:
            lines = "".join(f"{digest}  {name}\n" for name, digest in self._sums)
            self._write(MANIFEST, lines.encode())
        self._zip.close()

    def put(self, name: str, data: bytes) -> str:
        """Its SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self._sums.append((name, digest))
        self._write(name, data)
        return digest

    def _write(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, data, compresslevel=1)
