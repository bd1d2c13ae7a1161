"""Address headers (RFC 5322, 3.4): tolerant for To and Cc, strict for the sender.

Programs disagree on hostile From headers, and whoever is wrong shows a stranger as the consumer.
So `sender` asks three readers: ours, the standard library, and mail-parser; any doubt is "ambiguous".
"""

from __future__ import annotations

import email.utils
import re

import mailparser

from . import limits, words
from .letter import Address

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>|[,;:()]|[^\s",;:()<>]+|[<>]')
ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}")
# What is shown of addresses that no envelope may have: a host without a dot, an IP address, a quoted local part.
READABLE = re.compile(r"(?:\"[^\"\\\x00-\x1f\x7f]{1,62}\"|[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]{1,64})"
                      r"@(?:[\w-]{1,63}(?:\.[\w-]{1,63})*|\[[\w.:]{3,45}\])")
NAME = re.compile(r"[\s\"]{0,3}([^<>\[\]()\"@:;]{1,200})(?=[<\[(\"\s]|$)")
ANY_ADDRESS = re.compile(r"[^\s@<>()\[\]\",;:]{1,64}@[\w.-]{1,253}")


def read(value: str, hint: str = "") -> list[Address]:
    """Up to 200 mailboxes of a latin-1 header value; unreadable ones keep their name and have address ''."""
    found: list[Address] = []
    for tokens in _split(value[: limits.HEADER_RAW]):
        if tokens:
            mailbox = _mailbox(tokens, hint)[0]
            if mailbox.address or ":" not in tokens:  # not the name of an empty group
                found.append(mailbox)
        if len(found) >= limits.ADDRESSES:
            break
    return found


def sender(values: list[str], hint: str = "") -> tuple[Address, bool]:
    """The sender and whether he is in doubt: not exactly one strict mailbox, or two readers disagree."""
    if not values:
        return Address("", ""), True
    value = values[0][: limits.HEADER_DECODED]
    groups = [tokens for tokens in _split(value) if tokens]
    if not groups:
        return Address("", ""), True
    address, doubtful = _mailbox(groups[0], hint)
    doubtful = doubtful or len(values) > 1 or len(groups) > 1 or ":" in groups[0] or not valid(address.address)
    if not address.address:
        address = _anywhere(groups, value, hint) or address
    return address, doubtful or _names_another(address) or _others_disagree(value, address.address)


def _anywhere(groups: list[list[str]], value: str, hint: str) -> Address | None:
    """The only address of a header that is written wrongly: `Petrov, Ivan <i@x.ru>`, `Ivan [mailto:i@x.ru]`."""
    found = [mailbox for tokens in groups[:10] if (mailbox := _mailbox(tokens, hint)[0]).address]
    if len(found) == 1:
        name = ", ".join(mailbox.name for tokens in groups[:10] if (mailbox := _mailbox(tokens, hint)[0]).name)
        return Address(name[: limits.NAME], found[0].address)
    shown = words.decode(value, hint)
    named = ANY_ADDRESS.findall(shown)
    if found or len(named) != 1 or not (address := _normal(named[0])):
        return None
    before = NAME.match(shown.partition(named[0])[0])
    return Address(words.visible(before.group(1)).strip() if before else "", address)


def valid(address: str) -> bool:
    """Fit for an envelope: one plain addr-spec, no quoting, no control characters."""
    return len(address) <= limits.ADDRESS and ADDRESS.fullmatch(address) is not None


def _split(value: str) -> list[list[str]]:
    """Tokens of each mailbox, a comment as one token. A group's name stays in front of its first, with the colon."""
    groups: list[list[str]] = [[]]
    comment: list[str] = []
    depth = 0
    for word in TOKEN.findall(value):
        if word == "(":
            depth += 1
        elif word == ")":
            depth = max(0, depth - 1)
            if not depth and comment:
                groups[-1].append(f"({' '.join(comment)})")
                comment = []
        elif depth:
            comment.append(word)
        elif word in ",;":
            if len(groups) > limits.ADDRESSES:
                break
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def _mailbox(tokens: list[str], hint: str) -> tuple[Address, bool]:
    """One mailbox, and whether its writing is odd."""
    comments = [token[1:-1] for token in tokens if token.startswith("(")]
    tokens = [token for token in tokens[:limits.ADDRESSES] if not token.startswith("(")]
    angles = [i for i, token in enumerate(tokens) if token.startswith("<") and len(token) > 1]
    if angles:
        at = angles[0]
        name, spec = tokens[:at], tokens[at][1:-1].strip()
        odd = len(angles) > 1 or at != len(tokens) - 1 or any("@" in t and t[0] != '"' for t in name)
    else:
        specs = [token for token in tokens if "@" in token]
        name, spec = [t for t in tokens if t not in specs], specs[0] if specs else ""
        odd = len(tokens) != 1
    address = _normal(words.decode(spec, hint) if not spec.isascii() else spec)
    shown = " ".join(_bare(t) for t in name if t != ":") or " ".join(comments)
    text = words.visible(words.decode(shown, hint))
    return Address(text[: limits.NAME], address), odd


def _bare(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1] if token.endswith('"') else token[1:]) if token[0] == '"' else token


def _normal(spec: str) -> str:
    local, _, domain = spec.rpartition("@")
    address = f"{local}@{domain.lower().rstrip('.')}"
    fit = len(address) <= limits.ADDRESS and READABLE.fullmatch(address)
    return address if fit and "=?" not in address else ""


def _names_another(address: Address) -> bool:
    """A display name that shows somebody else's address."""
    return any(found.lower() != address.address.lower() for found in ANY_ADDRESS.findall(address.name))


def _others_disagree(value: str, address: str) -> bool:
    if value.count("(") > limits.COMMENT_DEPTH:  # the standard library recurses on comments
        return True
    block = b"From: " + value.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        third = [found for _, found in mailparser.parse_from_bytes(block).from_]
        second = [found for _, found in email.utils.getaddresses([value])]
    except Exception:  # noqa: BLE001 - a reader that fails on a header is a doubt about it, nothing more
        return True
    known = address.lower().encode("utf-8")
    return any(len(found) != 1 or _raw(found[0]) != known for found in (second, third))


def _raw(found: str) -> bytes:
    """As bytes: the readers hand back latin-1, surrogates or text, for the same mailbox."""
    try:
        data = found.encode("latin-1")
    except UnicodeEncodeError:
        data = found.encode("utf-8", "surrogateescape" if "\udc80" <= max(found) <= "\udcff" else "replace")
    try:
        return data.decode("utf-8").lower().encode("utf-8")
    except UnicodeDecodeError:
        return data.lower()
