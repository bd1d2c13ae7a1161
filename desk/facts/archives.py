"""What is packed in an archive, by name and size. Nothing is unpacked to be looked at."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

import rarfile

from . import sevenzip

ENTRIES = 1000
UNPACKED = 64 << 20  # bytes of a tar that are run through to find its names


class ArchiveError(Exception):
    """The list cannot be read. `reason`: encrypted or damaged."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive; `size` in bytes, unpacked, as the archive claims."""

    name: str
    size: int
    encrypted: bool = False


def entries(data: bytes, kind: str) -> list[Entry]:
    """The first thousand files in it; raises ArchiveError. `kind` is a key of READERS."""
    out: list[Entry] = []
    try:
        for entry in READERS[kind](data):
            out.append(entry)
            if len(out) == ENTRIES:
                break
    except (rarfile.NeedFirstVolume, rarfile.PasswordRequired, rarfile.RarCannotExec, sevenzip.Encrypted) as error:
        raise ArchiveError("encrypted", str(error) or "the names are encrypted") from error
    except BROKEN as error:
        if not out:
            raise ArchiveError("damaged", f"{type(error).__name__}: {error}") from error
    return out


BROKEN = (zipfile.BadZipFile, tarfile.TarError, rarfile.Error, OSError, EOFError, ValueError, KeyError, IndexError,
          NotImplementedError, RuntimeError, struct.error, zlib.error, lzma.LZMAError, MemoryError, OverflowError)


def _zip(data: bytes) -> Iterator[Entry]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Entry(_name(info), info.file_size, bool(info.flag_bits & 1))


def _name(info: zipfile.ZipInfo) -> str:
    """Windows packs Russian names in cp866 and does not say so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.orig_filename.encode("cp437").decode("cp866")
    except UnicodeError:
        return info.filename


def _rar(data: bytes) -> Iterator[Entry]:
    with rarfile.RarFile(io.BytesIO(data)) as archive:
        if archive.needs_password() and not archive.infolist():
            raise sevenzip.Encrypted
        for info in archive.infolist():
            if not info.is_dir():
                yield Entry(info.filename, info.file_size or 0, info.needs_password())


def _seven(data: bytes) -> Iterator[Entry]:
    for name, size, encrypted in sevenzip.entries(data):
        yield Entry(name, size, encrypted)


def _tar(data: bytes) -> Iterator[Entry]:
    yield from _members(io.BytesIO(data))


def _gzip(data: bytes) -> Iterator[Entry]:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        yield from _packed(cast(IO[bytes], stream))


def _bzip2(data: bytes) -> Iterator[Entry]:
    with bz2.BZ2File(io.BytesIO(data)) as stream:
        yield from _packed(stream)


def _xz(data: bytes) -> Iterator[Entry]:
    with lzma.LZMAFile(io.BytesIO(data)) as stream:
        yield from _packed(stream)


def _packed(stream: IO[bytes]) -> Iterator[Entry]:
    """A tar inside; or one file without a name."""
    head = stream.read(512)
    if head[257:262] == b"ustar" or (len(head) == 512 and not any(head)):
        stream.seek(0)
        yield from _members(stream)
    elif head:
        yield Entry("", len(head) + len(stream.read(UNPACKED)))


def _members(stream: IO[bytes]) -> Iterator[Entry]:
    with tarfile.open(fileobj=cast(IO[bytes], Bounded(stream)), mode="r|") as archive:
        for member in archive:
            if member.isfile():
                yield Entry(member.name, member.size)


class Bounded:
    """A stream that ends after so many bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.left = stream, UNPACKED

    def read(self, size: int) -> bytes:
        piece = self.stream.read(min(size, self.left))
        self.left -= len(piece)
        return piece


READERS: dict[str, Callable[[bytes], Iterator[Entry]]] = {
    "application/zip": _zip, "application/x-rar": _rar, "application/x-7z-compressed": _seven,
    "application/x-tar": _tar, "application/gzip": _gzip, "application/x-bzip2": _bzip2, "application/x-xz": _xz}
