"""How a mail is built, for people who want to see what the reader saw: its parts, charsets, headers of note."""

from __future__ import annotations

from typing import Any

from . import body, charset, headers, names, structure, words

NOTED = ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "return-path",
         "authentication-results", "auto-submitted", "precedence", "x-mailer", "user-agent", "list-id",
         "x-failed-recipients", "content-type")
PAGES = ("ascii", "utf-8", "cp1251", "koi8-r", "cp866", "iso8859-5", "cp1252")
LONGEST = 1000  # characters of a header's value
MOST = 200  # parts


def read(raw: bytes) -> dict[str, Any]:
    """`headers`: [name, value] pairs in the mail's order; `parts`: the tree, outer parts first. JSON values only."""
    top = structure.read(raw, [])
    noted = [[name, words.decode_line(value, "")[:LONGEST]] for name, value in top.headers.pairs if name in NOTED]
    parts: list[dict[str, Any]] = []
    _walk(top, 0, parts)
    return {"headers": noted, "parts": parts, "headers_in_all": len(top.headers.pairs)}


def _walk(part: structure.Part, depth: int, out: list[dict[str, Any]]) -> None:
    if len(out) >= MOST:
        return
    out.append(_part(part, depth))
    for child in part.children:
        _walk(child, depth + 1, out)


def _part(part: structure.Part, depth: int) -> dict[str, Any]:
    about = {"depth": depth, "type": charset.clean(part.type), "encoding": _encoding(part.headers), "charset": "",
             "read_as": "", "guessed": False, "size": 0, "name": "", "shown": False}
    if part.children:
        return about
    data, _ = part.data()
    about |= {"size": len(data), "name": names.safe(body.name_of(part)),
              "charset": charset.clean(part.params.get("charset", ""))[:40]}
    if body.may_be_shown(part, data):
        text, guessed = charset.decode(data, part.params.get("charset", ""))
        about |= {"shown": True, "guessed": guessed, "read_as": _page(data, text) or about["charset"]}
    return about


def _encoding(found: headers.Headers) -> str:
    return charset.clean(found.get("content-transfer-encoding").strip().lower())[:40]


def _page(data: bytes, text: str) -> str:
    """The code page that gives this text; '' when it is none of ours."""
    return next((page for page in PAGES if charset.clean(data.decode(page, "replace")).lstrip("\ufeff") == text), "")
