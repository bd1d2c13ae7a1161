"""winmail.dat (MS-OXTNEF): the files and the text that Outlook packed into one part.

Read by our own hand: one pass, no copies of the rest, every length checked, and a broken property loses nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

SIGNATURE = b"\x78\x9f\x3e\x22"
BODY, RENDERING, TITLE, DATA, TRANSPORT_NAME, PROPERTIES, ATTACHMENT, CODE_PAGE = (
    0x800C, 0x9002, 0x8010, 0x800F, 0x9001, 0x9003, 0x9005, 0x9007)
NAME, LONG_NAME, DISPLAY_NAME, OBJECT, MIME_TYPE = 0x3704, 0x3707, 0x3001, 0x3701, 0x370E
TEXT, HTML, RTF = 0x1000, 0x1013, 0x1009
FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
VARIABLE = (0x0D, 0x1E, 0x1F, 0x102)
UNICODE = 0x1F
MESSAGE = struct.pack("<IHH8B", 0x00020307, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46)  # IID_IMessage before an inner TNEF
FILES, LEVELS, PROPERTY_COUNT = 500, 5, 2000
RTF_START = (rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
             b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
             rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx")
RTF_SIZE = 4 * 1024 * 1024


@dataclass(slots=True)
class File:
    """`name` and `type` are '' when nothing tells them."""

    name: bytes = b""
    type: str = ""
    data: bytes = b""
    wide: bool = False  # the name is UTF-16


@dataclass(slots=True)
class Packet:
    """What was packed: files in their order, and the letter as text, HTML bytes or RTF."""

    files: list[File] = field(default_factory=list)
    code_page: str = ""
    text: bytes = b""
    wide: bool = False
    html: bytes = b""
    rtf: bytes = b""


def read(data: bytes, level: int = 0) -> Packet:
    """Never raises; what cannot be read is missing."""
    packet = Packet()
    if not data.startswith(SIGNATURE) or level > LEVELS:
        return packet
    for kind, value in _attributes(data):
        if kind == CODE_PAGE and len(value) >= 4:
            packet.code_page = f"cp{struct.unpack_from('<I', value)[0]}"
        elif kind == BODY:
            packet.text = value.rstrip(b"\x00")
        elif kind == PROPERTIES:
            _letter(packet, value)
        elif kind == RENDERING and len(packet.files) < FILES:
            packet.files.append(File())
        elif packet.files:
            _attachment(packet, kind, value, level)
    packet.files = [file for file in packet.files if file.data or file.name]
    return packet


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        _, kind, _, size = struct.unpack_from("<BHHI", data, at)
        yield kind, data[at + 9:at + 9 + size]
        at += 9 + size + 2


def _letter(packet: Packet, value: bytes) -> None:
    for kind, name, data in _properties(value):
        if name == TEXT:
            packet.text, packet.wide = data, kind == UNICODE
        elif name == HTML:
            packet.html = data
        elif name == RTF:
            packet.rtf = unpacked(data)


def _attachment(packet: Packet, kind: int, value: bytes, level: int) -> None:
    file = packet.files[-1]
    if kind == TITLE and not file.name:
        file.name = value.rstrip(b"\x00")
    elif kind == DATA:
        file.data = value
    elif kind == ATTACHMENT:
        found = {name: (form, data) for form, name, data in _properties(value)}
        for key in (LONG_NAME, NAME, DISPLAY_NAME):
            if key in found and found[key][1] and (key != DISPLAY_NAME or not file.name):
                file.wide, file.name = found[key][0] == UNICODE, found[key][1]
                break
        file.type = found.get(MIME_TYPE, (0, b""))[1].decode("latin-1").replace("\x00", "")[:100]
        _object(packet, file, found.get(OBJECT, (0, b""))[1], level)


def _object(packet: Packet, file: File, data: bytes, level: int) -> None:
    """An attached letter is a TNEF stream of its own: its files are ours too."""
    if data.startswith(MESSAGE):
        file.data = data[len(MESSAGE):]
        packet.files.extend(read(file.data, level + 1).files[: max(0, FILES - len(packet.files))])
    elif data and not file.data:
        file.data = data


def _properties(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, id and bytes of each single property; text without its final NUL."""
    try:
        (count,), at = struct.unpack_from("<I", value), 4
        for _ in range(min(count, PROPERTY_COUNT)):
            kind, name = struct.unpack_from("<HH", value, at)
            at = _past_name(value, at + 4) if name >= 0x8000 else at + 4
            data, at = _value(value, kind, at)
            yield kind & 0xFFF, name, _ended(kind & 0xFFF, data)
    except (struct.error, KeyError):
        return


def _past_name(value: bytes, at: int) -> int:
    named, size = struct.unpack_from("<II", value, at + 16)
    return at + 24 + (int(size) + -int(size) % 4 if named else 0)


def _value(value: bytes, kind: int, at: int) -> tuple[bytes, int]:
    many, kind = bool(kind & 0x1000), kind & 0xFFF
    count = 1
    if many or kind in VARIABLE:
        (count,) = struct.unpack_from("<I", value, at)
        at += 4
    data = b""
    for number in range(min(count, PROPERTY_COUNT)):
        if kind in VARIABLE:
            (size,) = struct.unpack_from("<I", value, at)
            at += 4
        else:
            size = FIXED[kind]
        if number == 0:
            data = value[at:at + size]
        at += size + -size % 4
    return data, at


def _ended(kind: int, data: bytes) -> bytes:
    if kind == UNICODE:
        return data[:-2] if data.endswith(b"\x00\x00") and len(data) % 2 == 0 else data
    return data.rstrip(b"\x00") if kind == 0x1E else data


def unpacked(data: bytes) -> bytes:
    """Compressed RTF (MS-OXRTFCP) as plain RTF, at most 4 MiB."""
    if len(data) < 16:
        return b""
    size, form = struct.unpack_from("<I4s", data, 4)
    if form == b"MELA":
        return data[16:16 + min(size, RTF_SIZE)]
    return _inflated(data, min(size, RTF_SIZE)) if form == b"LZFu" else b""


def _inflated(data: bytes, size: int) -> bytes:
    out, at, start = bytearray(RTF_START), 16, len(RTF_START)
    while at < len(data) and len(out) - start < size:
        flags, at = data[at], at + 1
        for bit in range(8):
            if flags >> bit & 1:
                word = int.from_bytes(data[at:at + 2], "big")
                at += 2
                if at > len(data) or not _copied(out, word):
                    return bytes(out[start:start + size])
            elif at < len(data):
                out.append(data[at])
                at += 1
    return bytes(out[start:start + size])


def _copied(out: bytearray, word: int) -> bool:
    """A reference into the last 4096 bytes; False at the end mark, which points at the writing place."""
    back = (len(out) - (word >> 4)) % 4096
    if back == 0 or back > len(out):
        return False
    for _ in range((word & 15) + 2):
        out.append(out[-back])
    return True
