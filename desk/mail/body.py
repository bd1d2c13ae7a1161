"""Which parts are the letter and which are files. Every leaf that is not shown is an attachment."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from . import charset, enclosed, filetype, headers, htmltext, limits, names, quotes, rtf, tnef, words
from .letter import Attachment
from .structure import Part

SHOWN = ("text/plain", "text/html")
LINE_END = re.compile(r"\r+\n|\r")
META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.I)
# A text that only says that the letter is in the other part.
PLACEHOLDER = re.compile(r"(?:not (?:support|display|view)|does ?n.t support|unable to (?:view|display|read)|"
                         r"(?:view|read) (?:this|it) (?:\w+ )?(?:in|as|online)|не поддержива\w+|не отобража\w+|"
                         r"html[- ](?:version|формат|верси)|in html|в формате html|html-?enabled)", re.I)
PLACEHOLDER_SIZE = 400


@dataclass(slots=True)
class Body:
    """`text` and `html` as shown, `files` the leaves that are not, in the mail's order."""

    text: str = ""
    html: str = ""
    files: list[tuple[Part, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    warnings: list[str]
    body: Body = field(default_factory=Body)
    shown: dict[int, str] = field(default_factory=dict)  # id of a leaf → its text or HTML
    packed: tnef.Packet | None = None
    texts: dict[int, str] = field(default_factory=dict)  # id of a part → its text, once it was asked for


def read(part: Part, warnings: list[str]) -> Body:
    reader = _Reader(warnings)
    htmls: list[str] = []
    for leaf in part.leaves():
        data, warning = leaf.data()
        _warn(warnings, warning)
        if may_be_shown(leaf, data):
            text = _decoded(leaf, data, warnings)
            if leaf.type == "text/html":
                htmls.append(text)
            else:
                text = _without_files(reader, leaf, text)
            reader.shown[id(leaf)] = text
        elif data or name_of(leaf) or not leaf.type.startswith(("text/", "multipart/")):
            reader.body.files.append((leaf, data))
            _unpack(reader, leaf, data)
    body = reader.body
    body.html = _cut("\n".join(text for text in htmls if text.strip()), limits.HTML, warnings)
    body.text = _cut(_text(reader, part) or _last_resort(reader, part), limits.TEXT, warnings)
    return body


def _text(reader: _Reader, part: Part) -> str:
    """The text of a part: of alternatives the plainest that says something, of a mixture all in order."""
    if id(part) not in reader.texts:
        way = _leaf_text if not part.children else _best if part.type == "multipart/alternative" else _joined
        reader.texts[id(part)] = way(reader, part)
    return reader.texts[id(part)]


def _leaf_text(reader: _Reader, part: Part) -> str:
    text = reader.shown.get(id(part), "")
    return htmltext.read(text, quotes.ends_with_attribution) if part.type == "text/html" and text.strip() else text


def _best(reader: _Reader, part: Part) -> str:
    spare = ""
    for child in sorted(part.children, key=lambda child: not _is_plain(reader, child)):
        text = _text(reader, child)
        if text.strip() and not (len(text) < PLACEHOLDER_SIZE and PLACEHOLDER.search(text)):
            return text
        spare = spare or text.strip()
    return spare


def _joined(reader: _Reader, part: Part) -> str:
    """One after another; HTML that only says again what a plain part said is left out."""
    plain = {word for child in part.children if _is_plain(reader, child) for word in _text(reader, child).split()}
    out = []
    for child in part.children:
        text = _text(reader, child)
        again = plain and child.type == "text/html" and _mostly(text.split(), plain)
        if text.strip() and not again:
            out.append(text.rstrip())
    return "\n".join(out)


def _mostly(words_: list[str], known: set[str]) -> bool:
    return sum(word in known for word in words_) * 5 >= len(words_) * 4


def _is_plain(reader: _Reader, part: Part) -> bool:
    return any(leaf.type != "text/html" and reader.shown.get(id(leaf), "").strip() for leaf in part.leaves())


def _last_resort(reader: _Reader, part: Part) -> str:
    """No text part: a text file shown in place, what Outlook packed, or what stands before the first boundary."""
    for leaf, data in reader.body.files:
        if data.startswith(rtf.SIGNATURE) and leaf.disposition != "attachment":
            return _rich_text(data)
        if leaf.type.startswith("text/") and leaf.disposition != "attachment" and leaf.type != "text/calendar":
            text = _decoded(leaf, data, reader.warnings)
            return htmltext.read(text, quotes.ends_with_attribution) if leaf.type == "text/html" else text
    if reader.packed is not None:
        return _packed_text(reader.packed)
    if part.children and not reader.body.files:
        return charset.decode(part.raw[part.start:part.end], part.params.get("charset", ""))[0]
    return ""


def _packed_text(packet: tnef.Packet) -> str:
    if packet.text:
        text = charset.decode(packet.text, "utf-16le" if packet.wide else packet.code_page)[0]
        return LINE_END.sub("\n", text)
    html = charset.decode(packet.html, packet.code_page)[0]
    return htmltext.read(html, quotes.ends_with_attribution) if html.strip() else _rich_text(packet.rtf)


def _rich_text(data: bytes) -> str:
    text, html = rtf.read(data)
    return htmltext.read(html, quotes.ends_with_attribution) if html else text


def _unpack(reader: _Reader, leaf: Part, data: bytes) -> None:
    """The files in a winmail.dat follow it; the original stays."""
    if not data.startswith(tnef.SIGNATURE):
        return
    packet = reader.packed = tnef.read(data)
    for file in packet.files:
        name = charset.decode(file.name, "utf-16le" if file.wide else packet.code_page)[0]
        _add(reader, leaf, name, file.type, file.data)
    if packet.rtf and not packet.text and not packet.html:
        _add(reader, leaf, "letter.rtf", "application/rtf", packet.rtf)


def _without_files(reader: _Reader, leaf: Part, text: str) -> str:
    if "\nend" not in text and "=yend" not in text:
        return text
    data = LINE_END.sub("\n", leaf.data()[0].decode("latin-1"))
    rest, files = enclosed.read(data)
    if not files:
        return text
    for file in files:
        _add(reader, leaf, words.decode(file.name), "", file.data)
    return charset.decode(rest.encode("latin-1", "replace"), leaf.params.get("charset", ""))[0]


def _add(reader: _Reader, leaf: Part, name: str, kind: str, data: bytes) -> None:
    about = {"filename": words.line(charset.clean(name))}
    reader.body.files.append((Part(data, headers.Headers(), kind or filetype.UNKNOWN, {}, "attachment", about,
                                   0, len(data), leaf.type), data))


def attachments(body: Body, hint: str) -> tuple[Attachment, ...]:
    return tuple(_attachment(leaf, data, place, body.html, hint)
                 for place, (leaf, data) in enumerate(body.files, 1))


def may_be_shown(leaf: Part, data: bytes) -> bool:
    if leaf.opaque or leaf.disposition == "attachment" or filetype.by_magic(data):
        return False
    if leaf.type.startswith("multipart/") or leaf.type == "message/partial":
        return True  # without a boundary: its text is all there is
    named = name_of(leaf)
    return leaf.type in SHOWN and (not named or not leaf.parent)


def name_of(leaf: Part) -> str:
    return leaf.disposition_params.get("filename") or leaf.params.get("name") or ""


def _decoded(leaf: Part, data: bytes, warnings: list[str]) -> str:
    if len(data) > 4 * limits.TEXT:
        data = data[:4 * limits.TEXT]
        _warn(warnings, "text_cut")
    declared = leaf.params.get("charset", "")
    if not declared and leaf.type == "text/html" and (meta := META.search(data[:4096])):
        declared = meta.group(1).decode("ascii", "replace")
    text, guessed = charset.decode(data, declared)
    if guessed:
        _warn(warnings, "charset_guessed")
    text = LINE_END.sub("\n", text)
    return _flowed(text, leaf.params) if leaf.params.get("format", "").lower() == "flowed" else text


def _flowed(text: str, about: dict[str, str]) -> str:
    """RFC 3676: a line that ends in a space goes on in the next one; quotes keep their lines."""
    delete = about.get("delsp", "").lower() == "yes"
    out: list[str] = []
    open_line = False
    for line in text.split("\n"):
        quoted = line.startswith(">")
        line = line[1:] if line.startswith(" ") else line
        if open_line and not quoted and line.strip():
            out[-1] += line
        else:
            out.append(line)
        open_line = line.endswith(" ") and line != "-- " and not quoted
        if open_line and delete:
            out[-1] = out[-1][:-1]
    return "\n".join(out)


def _attachment(leaf: Part, data: bytes, place: int, html: str, hint: str) -> Attachment:
    kind = filetype.of(data, leaf.type) if leaf.type != "message/rfc822" else leaf.type
    name = names.safe(name_of(leaf)) or names.generated(place, kind)
    identifier = words.tidy(leaf.headers.get("content-id")).strip("<> ")[:255]
    inline = leaf.disposition == "inline" and bool(identifier) or bool(identifier) and f"cid:{identifier}" in html
    return Attachment(name, kind, leaf.type, len(data), hashlib.sha256(data).hexdigest(), inline,
                      charset.clean(identifier), data)


def _cut(text: str, size: int, warnings: list[str]) -> str:
    if len(text) * 4 <= size:
        return text
    data = text.encode("utf-8")
    if len(data) <= size:
        return text
    _warn(warnings, "text_cut")
    return data[:size].decode("utf-8", "ignore")


def _warn(warnings: list[str], key: str) -> None:
    if key and key not in warnings:
        warnings.append(key)
