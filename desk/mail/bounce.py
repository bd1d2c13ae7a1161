"""Delivery reports: RFC 3464 parts first, then the plain words of older servers (`notice`)."""

from __future__ import annotations

import re
from dataclasses import replace

from . import addresses, charset, headers, limits, notice, words
from .letter import Bounce, Failure
from .structure import Part

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
CODE = re.compile(r"(?<![\d.])([45]\d\d)[ -]")
IDENTIFIER = re.compile(r"^[ \t>]{0,8}message-id:\s{0,20}(<[^<>\s]{1,900}>)", re.I | re.M)
ADDRESS = re.compile(r"<?([^\s<>()\",;:]{1,64}@[^\s<>()\",;:]{1,255})>?")
REPORT = 64 * 1024
RECIPIENTS = 100
RETURNED = ("message/rfc822", "text/rfc822-headers", "text/rfc822", "message/global", "message/global-headers")


def read(part: Part, text: str) -> Bounce:
    """What was not delivered and why; fields that cannot be found are ''."""
    reports = _reports(part)
    report = _worst(reports)
    named = _addresses(part.headers.get("x-failed-recipients"))
    plain = notice.read(text[:REPORT], not_these=_known(part))
    returned = _returned(part)
    recipient = report.recipient or next(iter(named), "") or plain.recipient or _only(returned)
    reason = report.reason or (plain.reason if plain.recipient in ("", recipient) else "")
    status = report.status or _status(reason) or _status(plain.text)
    action = report.action or ("delayed" if plain.delayed or notice.is_delay(part.headers.get("subject")) else "failed")
    found = Bounce(recipient, status, reason[:500], _original(returned, text), action)
    return replace(found, failures=_failures(found, reports, named, plain)) if action == "failed" else found


def delivered(part: Part) -> bool:
    """A report that only tells of success (RFC 3461, NOTIFY=SUCCESS)."""
    actions = {report.action for report in _reports(part)}
    return bool(actions) and actions <= {"delivered", "relayed", "expanded"}


def _failures(first: Bounce, reports: list[Bounce], named: list[str], plain: notice.Notice) -> tuple[Failure, ...]:
    """Everybody who was not reached, each once; of the plain words' addresses only when no report names any."""
    found = {first.recipient: Failure(first.recipient, first.status, first.reason)} if first.recipient else {}
    told = [(report.recipient, report.status, report.reason) for report in reports if report.action == "failed"]
    words_ = dict(plain.failures)
    if not told:
        told = [(address, "", words_.get(address, "")) for address in named or words_]
    for recipient, status, reason in told:
        if recipient and recipient not in found:
            found[recipient] = Failure(recipient, status or _status(reason), reason[:500])
    return tuple(found.values())


def _worst(reports: list[Bounce]) -> Bounce:
    """The first recipient that failed, else the first that is late, else the first."""
    reports = sorted(reports, key=lambda report: not report.recipient)
    for action in ("failed", "delayed"):
        if found := next((report for report in reports if report.action == action), None):
            return found
    return reports[0] if reports else Bounce("", "", "", "", "")


def _reports(part: Part) -> list[Bounce]:
    found: list[Bounce] = []
    for leaf in part.leaves():
        if leaf.type not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        data = leaf.data()[0][:REPORT].replace(b"\r\n", b"\n")
        for block in data.split(b"\n\n")[:RECIPIENTS]:
            fields, _ = headers.read(block.lstrip(b"\n"), 0, len(block.lstrip(b"\n")))
            if fields.get("action") or fields.get("final-recipient"):
                found.append(_report(fields))
    return found


def _report(fields: headers.Headers) -> Bounce:
    names = ("final-recipient", "original-recipient", "x-actual-recipient")
    address = next((found for name in names if (found := _address(fields.get(name)))), "")
    status = STATUS.search(fields.get("status"))
    action = re.match(r"[a-z]*", fields.get("action").strip().lower())
    return Bounce(address, status.group(1) if status else "", _reason(fields), "", action.group() if action else "")


def _reason(fields: headers.Headers) -> str:
    value = fields.get("diagnostic-code")
    return words.decode(value.partition(";")[2].strip() or value)


def _status(text: str) -> str:
    if match := STATUS.search(text):
        return match.group(1)
    match = CODE.search(text)
    return f"{match.group(1)[0]}.0.0" if match else ""


def _address(value: str) -> str:
    value = value.partition(";")[2] or value
    match = ADDRESS.search(words.decode(value[:1000]))
    return match.group(1).lower() if match and addresses.valid(match.group(1)) else ""


def _addresses(value: str) -> list[str]:
    return list(dict.fromkeys(found for piece in value.split(",")[:RECIPIENTS] if (found := _address(piece))))


def _known(part: Part) -> set[str]:
    """Sender and addressee of the report: neither is who was not reached."""
    return {a.address.lower() for name in ("from", "to") for a in addresses.read(part.headers.get(name)[:2000])}


def _returned(part: Part) -> headers.Headers:
    """The head of the letter that comes back, empty when the report does not hold it."""
    for leaf in part.leaves():
        if leaf.type in RETURNED:
            data = leaf.data()[0][: limits.HEADER_BLOCK].lstrip(b"\r\n")
            return headers.read(data, 0, len(data))[0]
    return headers.Headers()


def _only(returned: headers.Headers) -> str:
    """The addressee of the letter that comes back, when it had just one."""
    to = addresses.read(returned.get("to"))
    return to[0].address.lower() if len(to) == 1 else ""


def _original(returned: headers.Headers, text: str) -> str:
    if found := headers.identifiers(returned.get("message-id")):
        return charset.clean(found[0])
    match = IDENTIFIER.search(text[:REPORT])
    return match.group(1) if match else ""
