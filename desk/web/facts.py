"""The facts panel: each value once, where it came from in words, how sure we are, who decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import abort, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from .. import facts, replies
from ..models import Attachment, Fact, Message, Ticket, User
from . import words

ORDER = ("order_number", "order_date", "amount", "receipt", "tracking_number", "phone")
PLACES = {
    "body": lazy_gettext("in the letter"), "subject": lazy_gettext("in the subject"),
    "signature": lazy_gettext("in the signature"), "forward": lazy_gettext("in the forwarded letter"),
    "quote": lazy_gettext("in a quoted earlier letter"), "link": lazy_gettext("in an address behind the words"),
    "attachment": lazy_gettext("in a file"), "ocr": lazy_gettext("recognised on a picture"),
    "sender": lazy_gettext("in the sender's address"),
}
SURE, LIKELY = 0.9, 0.75


@dataclass(frozen=True)
class Line:
    """A value of the case; `ids` are all facts that say it, `source` leads to the first of them."""

    fact: Fact
    ids: tuple[int, ...]
    source: str
    preview: str  # the file's own page
    place: str
    sureness: str
    doubtful: bool
    decided_by: str


def lines(ticket: Ticket, messages: Sequence[Message], users: Mapping[int, str]) -> tuple[list[Line], list[Line]]:
    """What stands and what was rejected, the most useful kinds first."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in ticket.facts:
        if fact.kind != "marketplace":
            groups.setdefault((fact.kind, facts.sameness(fact.kind, fact.value)), []).append(fact)
    order = {kind: place for place, kind in enumerate(ORDER)}
    by_id = {message.id: message for message in messages}
    out = [_line(group, by_id, users) for group in sorted(
        groups.values(), key=lambda group: (order.get(group[0].kind, 99), group[0].id))]
    return [x for x in out if x.fact.state != "rejected"], [x for x in out if x.fact.state == "rejected"]


def _line(group: list[Fact], messages: Mapping[int, Message], users: Mapping[int, str]) -> Line:
    fact = next((f for f in group if f.state != "rejected"), group[0])
    message = messages.get(fact.message_id or 0)
    file = next((a for a in message.attachments if a.id == fact.attachment_id), None) if message else None
    preview = url_for("file.show", public_id=file.public_id) if file is not None else ""
    several = sum(m.direction == "in" for m in messages.values()) > 1
    return Line(fact, tuple(f.id for f in group), _source(message, file), preview,
                _place(fact, message, file, several=several), sureness(fact.confidence), fact.confidence < LIKELY,
                users.get(fact.decided_by_id or 0, ""))


def _source(message: Message | None, file: Attachment | None) -> str:
    if file is not None:
        return f"#f-{file.public_id}"
    return f"#m-{message.public_id}" if message is not None else ""


def _place(fact: Fact, message: Message | None, file: Attachment | None, *, several: bool) -> str:
    """«в письме»; of several letters also which one."""
    if message is None:
        return _("written by the team")
    where = _("in the file %(name)s", name=file.filename) if file else str(PLACES.get(fact.place, fact.place))
    if file and fact.place == "ocr":
        where = _("%(where)s, read from the picture", where=where)
    return f"{where}, {words.moment(message.created_at)}" if several else where


def sureness(confidence: float) -> str:
    """In words, with the number."""
    percent = round(100 * confidence)
    if confidence >= SURE:
        return _("almost certain (%(num)d%%)", num=percent)
    return _("likely (%(num)d%%)", num=percent) if confidence >= LIKELY else _("doubtful (%(num)d%%)", num=percent)


def panel(session: Session, number: int) -> str:
    """The panel alone, for a page that is already open."""
    ticket = session.scalar(select(Ticket).where(Ticket.number == number).options(
        selectinload(Ticket.facts), joinedload(Ticket.consumer)))
    if ticket is None:
        abort(404)
    messages = session.scalars(select(Message).where(Message.ticket_id == ticket.id).options(
        selectinload(Message.attachments))).all()
    found, rejected = lines(ticket, messages, names(session))
    return render_template("ticket_facts.html", ticket=ticket, facts=found, rejected=rejected,
                           missing=replies.missing(ticket))


def names(session: Session) -> dict[int, str]:
    """Everybody of the team by id, also who left."""
    return {user.id: user.name for user in session.execute(select(User.id, User.name))}


