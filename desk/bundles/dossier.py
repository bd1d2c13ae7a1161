"""What belongs to a ticket's evidence, read from the database as plain values in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from .. import escalation, lawbook, penalties
from ..law import sheet
from ..letters import numerals
from ..models import Attachment, Bundle, Letter, Message, Outbox, Step, Ticket
from ..settings import Settings

WHO = {"in": "Получено", "out": "Отправлено"}
ENDS = {"met": "срок исполнен", "missed": "срок пропущен", "cancelled": "срок отменён", "running": "срок идёт",
        "paused": "срок приостановлен"}


@dataclass(frozen=True)
class File:
    """`number` in the archive; `hidden`: `{}` when it is shown whole."""

    number: int
    public_id: str
    name: str
    size: int
    sha256: str
    place: int
    content_type: str
    hidden: Mapping[str, Any]


@dataclass(frozen=True)
class Mail:
    """One letter of the conversation. `inbound_id` or `outbox_id` leads to its exact bytes."""

    number: int
    direction: str
    head: Sequence[tuple[str, str]]
    text: str
    out: bool  # left out of the bundle
    files: Sequence[File]
    inbound_id: int | None
    outbox_id: int | None

    @property
    def whole(self) -> bool:
        """Its raw bytes may be given away: nothing in it is covered or left out."""
        return not self.out and not any(file.hidden for file in self.files)


@dataclass(frozen=True)
class Paper:
    """A frozen letter of ours."""

    number: int
    title: str
    text: str
    pdf: bytes
    docx: bytes
    sha256: str


@dataclass(frozen=True)
class Dossier:
    title: str
    as_of: date
    facts: Sequence[tuple[str, str]]
    chronology: Sequence[tuple[str, str, str]]  # day, what, by which it is proven
    mails: Sequence[Mail]
    papers: Sequence[Paper]
    sheets: Sequence[Sequence[tuple[str, str]]]  # calculations of the penalty


def gather(session: Session, conf: Settings, bundle: Bundle) -> Dossier:
    ticket = session.get_one(Ticket, bundle.ticket_id, options=[
        joinedload(Ticket.consumer), selectinload(Ticket.facts), selectinload(Ticket.deadlines)])
    zone = ZoneInfo(conf.desk.timezone)
    mails = list(_mails(session, ticket, bundle.hidden, zone))
    steps = session.scalars(select(Step).where(Step.ticket_id == ticket.id).order_by(Step.id)).all()
    return Dossier(f"Подборка доказательств по обращению № {ticket.number}", bundle.as_of, _facts(ticket),
                   sorted(_chronology(ticket, mails, steps, zone), key=lambda line: line[0]), mails,
                   list(_papers(session, ticket)), _sheets(ticket, bundle.as_of))


def _mails(session: Session, ticket: Ticket, hidden: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Mail]:
    rows = session.scalars(select(Message).where(
        Message.ticket_id == ticket.id, Message.direction != "note").order_by(Message.created_at, Message.id).options(
        joinedload(Message.inbound), joinedload(Message.outbox).selectinload(Outbox.recipients),
        selectinload(Message.attachments))).all()
    sent = [m for m in rows if m.outbox is None or m.outbox.state != "cancelled"]
    files = 0
    for number, message in enumerate(sent, 1):
        numbered = [_file(files + place, a, hidden) for place, a in enumerate(message.attachments, 1)]
        files += len(numbered)
        out = "out" in hidden.get(message.public_id, {})
        yield Mail(number, message.direction, _head(message, zone), message.text, out, numbered,
                   message.inbound_id, message.outbox_id)


def _file(number: int, attachment: Attachment, hidden: Mapping[str, Any]) -> File:
    return File(number, attachment.public_id, attachment.filename, attachment.size, attachment.sha256, attachment.place,
                attachment.content_type, {"out": True} if attachment.scan == "infected" else hidden.get(
                    attachment.public_id, {}))


def _head(message: Message, zone: ZoneInfo) -> list[tuple[str, str]]:
    sender = f"{message.sender_name} <{message.sender_address}>" if message.sender_name else message.sender_address
    head = [(WHO[message.direction], _moment(message.created_at, zone)), ("От", sender), ("Тема", message.subject),
            ("Message-ID", message.message_id)]
    if message.outbox is not None:
        head.insert(2, ("Кому", ", ".join(r.address for r in message.outbox.recipients)))
    if message.inbound is not None:
        head.append(("SHA-256 письма", message.inbound.sha256))
    return [(name, value) for name, value in head if value]


def _facts(ticket: Ticket) -> list[tuple[str, str]]:
    person = ticket.consumer
    out = [("Потребитель", f"{person.name} <{person.address}>" if person else ""), ("Тема", ticket.subject)]
    names = {"order_number": "Заказ", "order_date": "Дата заказа", "amount": "Сумма, руб.", "seller": "Продавец",
             "inn": "ИНН продавца", "tracking_number": "Отправление"}
    out += [(names[f.kind], f.value) for f in ticket.facts
            if f.kind in names and f.state in ("confirmed", "corrected")]
    return [(name, value) for name, value in out if value]


def _chronology(ticket: Ticket, mails: Sequence[Mail], steps: Sequence[Step],
                zone: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    for mail in mails:
        head = dict(mail.head)
        when = head.get("Получено") or head.get("Отправлено") or ""
        what = f"Письмо № {mail.number}: {head.get('Тема', '')}" if not mail.out else f"Письмо № {mail.number} (изъято)"
        yield when, f"{WHO[mail.direction]}. {what}", f"письмо № {mail.number}"
    for step in steps:
        yield from _acts(step)
    for deadline in ticket.deadlines:
        rule = lawbook.known_rules().get(deadline.rule)
        yield (deadline.start_on.isoformat(), f"Начат срок: {rule.title_ru if rule else deadline.rule}, "
               f"последний день {deadline.due:%d.%m.%Y} ({ENDS[deadline.state]})", deadline.proof)


def _acts(step: Step) -> Iterator[tuple[str, str, str]]:
    title = escalation.known_ladder().steps[step.key].title_ru
    proof = ", ".join(part for part in (step.number and f"№ {step.number}", step.proof) if part)
    if step.sent_on and step.state in escalation.TAKEN:
        yield step.sent_on.isoformat(), f"{title}: {step.addressee}", proof
    if step.proven_on:
        yield step.proven_on.isoformat(), f"{title}: получено адресатом", proof
    if step.answered_on:
        yield step.answered_on.isoformat(), f"{title}: ответ. {step.answer}", ""


def _papers(session: Session, ticket: Ticket) -> Iterator[Paper]:
    rows = session.scalars(select(Letter).join(Step, Step.letter_id == Letter.id).where(
        Letter.ticket_id == ticket.id, Step.state.in_(escalation.TAKEN)).order_by(Letter.id).options(
        undefer(Letter.pdf), undefer(Letter.docx)))
    for number, letter in enumerate(rows, 1):
        yield Paper(number, f"{letter.title} от {numerals.day(letter.written_on)}", letter.text, letter.pdf,
                    letter.docx, letter.sha256)


def _sheets(ticket: Ticket, as_of: date) -> list[list[tuple[str, str]]]:
    """Each calculation once: seller and marketplace may owe the same."""
    out: list[list[tuple[str, str]]] = []
    for owed in penalties.of(ticket, as_of):
        rows = [(what.ru, much.ru) for what, much in sheet.rows(owed.penalty)] if owed.late and owed.penalty else []
        if rows and rows not in out:
            out.append(rows)
    return out


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
