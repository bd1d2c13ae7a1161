"""What a mail causes: a message on a ticket, its files and facts, a deadline, an acknowledgement.

Runs inside the transaction that ends the inbound row; nothing here commits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from . import alerts, audit, companies, failpoints, outbox, phrases, routing, senders, settings, tickets
from .facts import cards
from .mail import Bounce, Forwarded, Letter
from .models import Attachment, Fact, InboundMail, Message, Outbox, OutboxRecipient, Person, Ticket
from .reading import Reading
from .settings import Settings

ACTOR = "mail"
# Facts that describe the case; what stands in a quote was said by somebody else, perhaps by us.
OWN_PLACES = ("subject", "body", "signature", "forward", "link")


def receive(session: Session, conf: Settings, inbound: InboundMail, result: Reading, *, now: datetime) -> None:
    """Decide what the mail is and write all of it; sets the row's final state."""
    letter = result.letter
    if _own_mail(session, inbound, letter) or _same_bytes(session, inbound):
        return
    if not (letter.from_.address or letter.subject or letter.message_id or letter.date):
        inbound.state, inbound.reason = "held", "not_a_mail"
        return
    sender = None if letter.sender_ambiguous else _person(session, letter, now)
    route = routing.find(session, conf, letter, sender)
    if letter.kind == "bounce" and _bounce(session, conf, inbound, result, route, sender, now=now):
        return
    ticket = route.ticket
    if ticket is None:
        ticket = _open(session, conf, inbound, result, sender, route, now=now)
    message = _message(session, conf, inbound, letter, ticket, sender, unconfirmed=route.unconfirmed, now=now)
    _facts(session, ticket, message, result, first=route.ticket is None)
    companies.note_case(session, ticket, letter, actor=ACTOR, now=now)
    failpoints.hit("inbox.message")
    if route.ticket is not None:
        _appended(session, ticket, message, result, route, now=now)
    elif _may_acknowledge(session, conf, inbound, letter, sender, now):
        acknowledge(session, conf, ticket, message, now=now)
        failpoints.hit("inbox.acknowledged")
    inbound.state = "done"


def by_hand(session: Session, conf: Settings, inbound: InboundMail, raw: bytes, *, actor: str, now: datetime) -> Ticket:
    """A ticket from a mail that no parser reads: shown as far as its bytes are text."""
    ticket = tickets.open_(session, conf, subject=f"Письмо {inbound.id}", person=None,
                           arrived_at=inbound.arrived_at, actor=actor, now=now)
    text = tickets.clean(raw[:65536].decode("utf-8", "replace"))
    session.add(Message(ticket=ticket, inbound_id=inbound.id, direction="in", kind="mail", text=text,
                        subject=ticket.subject, warnings=["by_hand"], created_at=inbound.arrived_at))
    inbound.state, inbound.lease_token = "done", None
    audit.record(session, ticket, "mail.made_ticket", actor=actor, now=now, mail=inbound.public_id)
    return ticket


# --- what is not a new letter ------------------------------------------------------------------


def _own_mail(session: Session, inbound: InboundMail, letter: Letter) -> bool:
    """A letter of ours came back through a forward or a list: no ticket about ourselves."""
    if not letter.message_id:
        return False
    if session.scalar(select(Outbox.id).where(Outbox.message_id == letter.message_id)) is None:
        return False
    inbound.state, inbound.reason = "ignored", "own_mail"
    return True


def _same_bytes(session: Session, inbound: InboundMail) -> bool:
    """The very same mail again (a second copy, a rebuilt mailbox): linked to the first, shown there."""
    first = session.scalar(select(InboundMail).where(
        InboundMail.sha256 == inbound.sha256, InboundMail.id < inbound.id,
        InboundMail.state.in_(("done", "linked", "received"))).order_by(InboundMail.id).limit(1))
    if first is None or inbound.truncated:
        return False
    inbound.state, inbound.reason, inbound.duplicate_of_id = "linked", "same_bytes", first.id
    return True


def _bounce(session: Session, conf: Settings, inbound: InboundMail, result: Reading, route: routing.Route,
            sender: Person | None, *, now: datetime) -> bool:
    """A delivery report about a letter of ours turns that letter and its ticket red."""
    report = result.letter.bounce
    ours = route.ours or _bounced_letter(session, report.original_message_id if report else "",
                                         report.recipient if report else "")
    if ours is None:
        return False
    if report is not None and report.action != "delayed":
        failed = report.failures or (report,)
        outbox.bounced(session, ours, {f.recipient: f"{f.status} {f.reason}".strip() for f in failed}, now=now)
        alerts.bounced(session, ours, reason=f"{report.status} {report.reason}".strip(), now=now)
    ticket = session.get(Ticket, ours.ticket_id) if ours.ticket_id else None
    if ticket is None:
        inbound.state, inbound.reason = "ignored", "bounce_of_alert"
        audit.record(session, None, "letter.bounced", actor=ACTOR, now=now, letter=ours.kind,
                     message_id=ours.message_id)
        return True
    _message(session, conf, inbound, result.letter, ticket, sender, unconfirmed=False, now=now)
    inbound.state = "done"
    return True


def _bounced_letter(session: Session, message_id: str, recipient: str) -> Outbox | None:
    if message_id:
        return session.scalar(select(Outbox).where(Outbox.message_id == message_id))
    if not recipient:
        return None
    return session.scalar(select(Outbox).join(OutboxRecipient).where(
        OutboxRecipient.address == recipient.lower(), Outbox.state.in_(("sent", "uncertain"))).order_by(
        Outbox.id.desc()).limit(1))


# --- a letter ----------------------------------------------------------------------------------


def _person(session: Session, letter: Letter, now: datetime) -> Person | None:
    """The sender, locked until commit, so that two letters at once give one acknowledgement."""
    address = letter.from_.address.lower()[:320]
    if not address:
        return None
    person = session.scalar(select(Person).where(Person.address == address).with_for_update())
    if person is None:
        person = Person(address=address, name=cards.mask(letter.from_.name)[:200], created_at=now)
        session.add(person)  # a second worker's IntegrityError rolls its mail back; it is tried again
    elif letter.from_.name and not person.name:
        person.name = cards.mask(letter.from_.name)[:200]
    return person


def _open(session: Session, conf: Settings, inbound: InboundMail, result: Reading, sender: Person | None,
          route: routing.Route, *, now: datetime) -> Ticket:
    ticket = tickets.open_(
        session, conf, subject=cards.mask(outbox.without_tag(result.letter.subject)), person=sender,
        marketplace=result.marketplace, arrived_at=inbound.arrived_at, historic=inbound.historic, actor=ACTOR, now=now)
    ticket.topics, ticket.demands, ticket.missing = list(result.topics), list(result.demands), list(result.missing)
    ticket.hints = [*route.hints, *_same_message_id(session, inbound, result.letter)]
    return ticket


def _same_message_id(session: Session, inbound: InboundMail, letter: Letter) -> list[dict[str, object]]:
    """Another mail claims the same Message-ID: both are kept, the person is told."""
    if not letter.message_id:
        return []
    other = session.scalar(select(Message).where(Message.message_id == letter.message_id).limit(1))
    return [{"kind": "same_message_id", "number": other.ticket.number}] if other is not None else []


def _message(session: Session, conf: Settings, inbound: InboundMail, letter: Letter, ticket: Ticket,
             sender: Person | None, *, unconfirmed: bool, now: datetime) -> Message:
    message = Message(
        ticket=ticket, inbound_id=inbound.id, direction="in", kind=letter.kind, person=sender, unconfirmed=unconfirmed,
        sender_ambiguous=letter.sender_ambiguous, sender_name=cards.mask(letter.from_.name)[:200],
        sender_address=letter.from_.address[:320], subject=cards.mask(letter.subject[:500]),
        text=cards.mask(letter.text), folds=[list(fold) for fold in letter.folds], html=cards.mask(letter.html),
        has_html=bool(letter.html),
        forwarded=cards.mask_all(_plain(letter.forwarded)), bounce=cards.mask_all(_plain(letter.bounce)),
        trust=senders.judged(conf, inbound.mailbox.name, letter),
        warnings=[*letter.warnings, *(["too_large"] if inbound.truncated else [])],
        message_id=letter.message_id[:998], references=list(letter.references), dated_at=letter.date,
        created_at=inbound.arrived_at)
    message.attachments = [
        Attachment(place=place, filename=cards.mask(a.filename), content_type=a.content_type[:255],
                   declared_type=a.declared_type[:255], size=a.size, sha256=a.sha256, inline=a.inline,
                   content_id=a.content_id[:255]) for place, a in enumerate(letter.attachments)]
    if message.attachments:
        message.contents, message.contents_try_after = "waiting", now  # read by desk.contents, later
    session.add(message)
    session.flush()
    return message


def _plain(value: Bounce | Forwarded | None) -> dict[str, object] | None:
    return {"from" if name == "from_" else name: field for name, field in asdict(value).items()} if value else None


def _facts(session: Session, ticket: Ticket, message: Message, result: Reading, *, first: bool) -> None:
    known = set() if first else {(f.kind, f.value) for f in ticket.facts}
    rows = []
    for fact in result.facts:
        if fact.place not in OWN_PLACES or (fact.kind, fact.value) in known:
            continue
        known.add((fact.kind, fact.value))
        value, quote = (cards.mask_fact(fact.kind, words)[:500] for words in (fact.value, fact.quote))
        rows.append({"ticket_id": ticket.id, "message_id": message.id, "kind": fact.kind, "value": value,
                     "quote": quote, "place": fact.place, "start": fact.start, "end": fact.end,
                     "confidence": fact.confidence, "marketplace": fact.marketplace})
    if rows:  # all at once: SQLite takes objects one by one
        session.execute(insert(Fact), rows)


def _appended(session: Session, ticket: Ticket, message: Message, result: Reading, route: routing.Route, *,
              now: datetime) -> None:
    if message.kind in ("mail", "list"):
        tickets.letter_came(session, ticket, arrived_at=message.created_at, actor=ACTOR, now=now)
    if not ticket.marketplace and not route.unconfirmed:
        ticket.marketplace = result.marketplace
    if not route.unconfirmed:
        ticket.missing = [key for key in ticket.missing if key in result.missing]
    audit.record(session, ticket, "letter.came", actor=ACTOR, now=now, message=message.public_id, by=route.by,
                 unconfirmed=route.unconfirmed, letter=message.kind)


# --- acknowledging -----------------------------------------------------------------------------


def _may_acknowledge(session: Session, conf: Settings, inbound: InboundMail, letter: Letter, sender: Person | None,
                     now: datetime) -> bool:
    """RFC 3834: never to automatic mail, at most one to a sender in 24 h, and not more than so many an hour."""
    if not conf.acknowledge.enabled or inbound.historic or letter.kind != "mail" or sender is None:
        return False
    local = sender.address.partition("@")[0]
    if sender.address in conf.own_addresses or local.startswith(("noreply", "no-reply", "mailer-daemon", "postmaster")):
        return False
    acks = select(func.count()).select_from(Outbox).where(Outbox.kind == "ack")
    since = now - timedelta(hours=conf.acknowledge.hours_per_sender)
    if session.scalar(acks.join(OutboxRecipient).where(
            OutboxRecipient.address == sender.address, Outbox.created_at > since)):
        return False
    return (session.scalar(acks.where(Outbox.created_at > now - timedelta(hours=1))) or 0) < conf.acknowledge.per_hour


def acknowledge(session: Session, conf: Settings, ticket: Ticket, message: Message, *, now: datetime) -> None:
    """The fixed first answer: number, what happens next and by when, what is still missing. Never their text."""
    assert ticket.consumer is not None
    text = phrases.fill("ack.ru.txt", {
        "number": str(ticket.number), "reply_by": _reply_by(conf, ticket, now), "desk": conf.desk.name,
        "missing": _missing(ticket.missing)})
    try:
        out = outbox.put(
            session, conf, dedup_key=f"ack:{message.inbound_id}", kind="ack", to=[ticket.consumer.address],
            subject=f"Мы получили ваше письмо [#{ticket.number}]", text=text, ticket=ticket,
            in_reply_to=message.message_id, references=[message.message_id] if message.message_id else [],
            headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "Precedence": "auto_reply"},
            envelope_from="", now=now)
    except ValueError:  # an address nobody can be written to; the advocate sees it on the ticket
        audit.record(session, ticket, "ack.impossible", actor=ACTOR, now=now)
        return
    session.add(Message(ticket=ticket, outbox=out, direction="out", kind="ack", text=text, created_at=now,
                        subject=ticket.subject, message_id=out.message_id, sender_name=conf.desk.name,
                        sender_address=conf.sender_address))


def _reply_by(conf: Settings, ticket: Ticket, now: datetime) -> str:
    due = ticket.next_due_at or now + timedelta(days=1)
    local = (due - timedelta(seconds=1)).astimezone(ZoneInfo(conf.desk.timezone))
    return f"{local:%d.%m.%Y}, 24:00"


def _missing(keys: Sequence[str]) -> str:
    words = _missing_words()
    listed = [f"— {words[key]}" for key in words if key in keys]
    return "\n".join(["", words["lead"], *listed, ""]) if listed else ""


@cache
def _missing_words() -> dict[str, str]:
    path = settings.resource("config") / "replies" / "missing.ru.toml"
    words: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))
    return words
