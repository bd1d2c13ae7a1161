"""Which parts are the letter and which are files. Every leaf that is not shown is an attachment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from . import charset, filetype, htmltext, limits, names, quotes, words
from .letter import Attachment
from .structure import Part

SHOWN = ("text/plain", "text/html")


@dataclass(slots=True)
class Body:
    """`text` and `html` as shown, `files` the leaves that are not, in the mail's order."""

    text: str = ""
    html: str = ""
    files: list[tuple[Part, bytes]] = field(default_factory=list)


def read(part: Part, warnings: list[str]) -> Body:
    body = Body()
    texts: list[str] = []
    htmls: list[str] = []
    for leaf in part.leaves():
        data, warning = leaf.data()
        _warn(warnings, warning)
        if not _may_be_shown(leaf, data):
            if data or _named(leaf):
                body.files.append((leaf, data))
            continue
        target = htmls if leaf.type == "text/html" else texts
        target.append(_decoded(leaf, data, warnings))
    body.html = _cut("\n".join(text for text in htmls if text.strip()), limits.HTML, warnings)
    body.text = _cut("\n".join(text.rstrip() for text in texts if text.strip()), limits.TEXT, warnings)
    if not body.text.strip() and body.html:
        body.text = _cut(htmltext.read(body.html, quotes.ends_with_attribution), limits.TEXT, warnings)
    return body


def attachments(body: Body, hint: str) -> tuple[Attachment, ...]:
    return tuple(_attachment(leaf, data, place, body.html, hint)
                 for place, (leaf, data) in enumerate(body.files, 1))


def _may_be_shown(leaf: Part, data: bytes) -> bool:
    if leaf.opaque or leaf.disposition == "attachment" or filetype.by_magic(data):
        return False
    if leaf.type.startswith("multipart/"):
        return True  # without a boundary: its text is all there is
    named = _named(leaf)
    return leaf.type in SHOWN and (not named or not leaf.parent)


def _named(leaf: Part) -> str:
    return leaf.disposition_params.get("filename") or leaf.params.get("name") or ""


def _decoded(leaf: Part, data: bytes, warnings: list[str]) -> str:
    if len(data) > 4 * limits.TEXT:
        data = data[:4 * limits.TEXT]
        _warn(warnings, "text_cut")
    text, guessed = charset.decode(data, leaf.params.get("charset", ""))
    if guessed:
        _warn(warnings, "charset_guessed")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
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
    name = names.safe(_named(leaf)) or names.generated(place, kind)
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
