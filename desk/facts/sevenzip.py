"""Names and sizes in a .7z archive, from its header (7zFormat.txt of the LZMA SDK). No file in it is unpacked."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Iterator

HEADER = 4 << 20  # bytes of a header, unpacked
COUNT = 100_000  # of anything a header may claim
END, HEADER_ID, STREAMS, FILES, PACK, UNPACK, SUBSTREAMS, SIZE, CRC, FOLDER, CODERS_SIZE, NUM_UNPACK = (
    0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
EMPTY_STREAM, NAMES, ENCODED = 14, 17, 23
AES = b"\x06\xf1\x07\x01"
LZMA1, LZMA2, COPY = b"\x03\x01\x01", b"\x21", b"\x00"


class Encrypted(Exception):
    """Even the names are encrypted."""


class Head:
    """A cursor over a header's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at:self.at + count]
        if len(piece) < count:
            raise ValueError("the header ends too early")
        self.at += count
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """One to nine bytes: the leading ones of the first say how many follow."""
        first, mask, value = self.byte(), 0x80, 0
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << 8 * place
            value |= self.byte() << 8 * place
            mask >>= 1
        return value

    def count(self) -> int:
        value = self.number()
        if value > COUNT:
            raise ValueError(f"{value} is too many")
        return value

    def bits(self, count: int) -> list[bool]:
        packed = self.take((count + 7) // 8)
        return [bool(packed[n // 8] & 0x80 >> n % 8) for n in range(count)]

    def maybe_bits(self, count: int) -> list[bool]:
        """All, or a vector of them."""
        return [True] * count if self.byte() else self.bits(count)


class Streams:
    """Where packed streams lie, how each folder of files is coded, how large its files are."""

    def __init__(self, head: Head) -> None:
        self.position, self.packed = 0, [0]
        self.coders: list[list[tuple[bytes, bytes]]] = []
        self.folders: list[list[int]] = []  # unpacked sizes, one for each coder
        self.known: list[bool] = []  # folders whose checksum is given
        self.files: list[tuple[int, bool]] = []  # (size, encrypted)
        while (what := head.byte()) != END:
            {PACK: self._pack, UNPACK: self._unpack, SUBSTREAMS: self._substreams}[what](head)
        if not self.files:
            self.files = [(sizes[-1], self._secret(n)) for n, sizes in enumerate(self.folders)]

    def _secret(self, folder: int) -> bool:
        return any(method == AES for method, _ in self.coders[folder])

    def _pack(self, head: Head) -> None:
        self.position, count = head.number(), head.count()
        while (what := head.byte()) != END:
            if what == SIZE:
                self.packed = [head.number() for _ in range(count)]
            elif what == CRC:
                head.take(4 * sum(head.maybe_bits(count)))
            else:
                raise ValueError("a packed stream has an unknown property")

    def _unpack(self, head: Head) -> None:
        if head.byte() != FOLDER:
            raise ValueError("no folders")
        count, external = head.count(), head.byte()
        if external:
            raise ValueError("folders elsewhere")
        outputs = [self._folder(head) for _ in range(count)]
        if head.byte() != CODERS_SIZE:
            raise ValueError("no sizes")
        self.folders = [[head.number() for _ in range(n)] for n in outputs]
        while (what := head.byte()) != END:
            if what != CRC:
                raise ValueError("a folder has an unknown property")
            self.known = head.maybe_bits(count)
            head.take(4 * sum(self.known))

    def _folder(self, head: Head) -> int:
        coders, inputs, outputs = [], 0, 0
        for _ in range(head.count()):
            flags = head.byte()
            method = head.take(flags & 15)
            ins, outs = (head.count(), head.count()) if flags & 0x10 else (1, 1)
            coders.append((method, head.take(head.count()) if flags & 0x20 else b""))
            inputs, outputs = inputs + ins, outputs + outs
        for _ in range(2 * max(0, outputs - 1)):
            head.number()
        packed = inputs - max(0, outputs - 1)
        for _ in range(packed if packed > 1 else 0):
            head.number()
        self.coders.append(coders)
        return outputs

    def _substreams(self, head: Head) -> None:
        counts, what = [1] * len(self.folders), head.byte()
        if what == NUM_UNPACK:
            counts, what = [head.count() for _ in self.folders], head.byte()
        for folder, number in enumerate(counts):
            sizes = [head.number() for _ in range(number - 1)] if what == SIZE else []
            whole = self.folders[folder][-1]
            last = [whole - sum(sizes)] if number else []
            self.files += [(size, self._secret(folder)) for size in (*sizes, *last)]
        known = self.known or [False] * len(counts)
        unknown = sum(n for n, is_known in zip(counts, known, strict=True) if n != 1 or not is_known)
        while what != END:
            if what == CRC:
                head.take(4 * sum(head.maybe_bits(unknown)))
            what = head.byte()


def entries(data: bytes) -> Iterator[tuple[str, int, bool]]:
    """(name, size, encrypted) of each file; raises ValueError, LZMAError, or Encrypted when the names are."""
    offset, size = struct.unpack_from("<QQ", data, 12)
    if not size:
        return
    if size > HEADER:
        raise ValueError("the header is too large")
    head = Head(data[32 + offset:32 + offset + size])
    while (kind := head.byte()) == ENCODED:
        head = Head(_unpacked(data, Streams(head)))
    if kind != HEADER_ID:
        raise ValueError("no header")
    yield from _listed(head)


def _unpacked(data: bytes, streams: Streams) -> bytes:
    methods = [method for method, _ in streams.coders[0]]
    if AES in methods:
        raise Encrypted
    (method, about), size = streams.coders[0][0], streams.folders[0][-1]
    start = 32 + streams.position
    packed = data[start:start + streams.packed[0]]
    if size > HEADER:
        raise ValueError("the header is too large")
    if method == COPY:
        return packed
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(method, about)]).decompress(packed, size)


def _filter(method: bytes, about: bytes) -> dict[str, int]:
    if method == LZMA2:
        return {"id": lzma.FILTER_LZMA2, "dict_size": HEADER}
    if method != LZMA1 or len(about) != 5:
        raise ValueError("the header is packed in an unknown way")
    first = about[0]
    return {"id": lzma.FILTER_LZMA1, "lc": first % 9, "lp": first // 9 % 5, "pb": first // 45,
            "dict_size": min(max(4096, int.from_bytes(about[1:], "little")), HEADER)}


def _listed(head: Head) -> Iterator[tuple[str, int, bool]]:
    sizes: list[tuple[int, bool]] = []
    while (what := head.byte()) != END:
        if what == STREAMS:
            sizes = Streams(head).files
        elif what == FILES:
            yield from _files(head, iter(sizes))
            return
        else:
            raise ValueError("an unknown part of the header")


def _files(head: Head, sizes: Iterator[tuple[int, bool]]) -> Iterator[tuple[str, int, bool]]:
    count = head.count()
    names, empty = [""] * count, [False] * count
    while (what := head.byte()) != END:
        inner = Head(head.take(head.number()))
        if what == EMPTY_STREAM:
            empty = inner.bits(count)
        elif what == NAMES and not inner.byte():
            names = inner.data[1:].decode("utf-16-le", "replace").split("\0")[:count]
    for name, nothing in zip(names, empty, strict=False):
        if not nothing:
            yield name, *next(sizes, (0, False))
