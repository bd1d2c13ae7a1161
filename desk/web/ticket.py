"""The ticket: conversation in the middle, what is known and what runs at the side, one composer below."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from werkzeug.wrappers import Response

from .. import deadlines, drafts, escalation, happenings, merges, penalties, people, replies, search, tickets
from ..law import sheet
from ..law.rules import Rule
from ..models import Deadline, Fact, Message, Outbox, Person, Ticket, User
from . import conversation, dial, facts, history, timeline, words
from . import request as desk

pages = Blueprint("ticket", __name__)


@dataclass(frozen=True)
class Entry:
    """One message of the conversation with its text ready to show."""

    message: Message
    pieces: list[conversation.Piece]
    may_undo: bool
    undo_seconds: int


@dataclass(frozen=True)
class Composer:
    """What stands in the composer: drafts, or a reply that was kept from being sent and why."""

    text: str = ""
    note: str = ""
    warning: str = ""
    tab: str = "reply"
    confirm: bool = False
    to: int = 0  # the person chosen; 0: nobody yet
    saved_at: datetime | None = None


@pages.get("/tickets/<int:number>")
def show(number: int) -> str | Response:
    session, ticket = desk.reading(), find(number)
    if ticket.number != number:
        flash(_("№ %(joined)s was joined to № %(number)s.", joined=number, number=ticket.number), "ok")
        return redirect(url_for("ticket.show", number=ticket.number))
    if ticket.unread:
        with desk.writing() as writing:
            tickets.seen(writing, ticket)
        ticket = find(number)
    return page(session, ticket, _kept(session, ticket))


@pages.get("/tickets/<int:number>/pulse")
def pulse(number: int) -> Response:
    """The id of the newest letter of somebody else: a page that knows an older one says so."""
    ticket_id = desk.reading().scalar(select(Ticket.id).where(Ticket.number == number))
    if ticket_id is None:
        abort(404)
    return jsonify(newest=newest(desk.reading(), ticket_id))


def find(number: int) -> Ticket:
    """The ticket with all that its page shows, or the one it was joined to, in few queries; 404 when there is none."""
    whole = select(Ticket).options(joinedload(Ticket.consumer), joinedload(Ticket.assignee),
                                   selectinload(Ticket.facts), selectinload(Ticket.deadlines))
    ticket = desk.reading().scalar(whole.where(Ticket.number == number))
    while ticket is not None and ticket.merged_into_id is not None:
        ticket = desk.reading().scalar(whole.where(Ticket.id == ticket.merged_into_id))
    if ticket is None:
        abort(404)
    return ticket


def held(session: Session, number: int) -> Ticket:
    """The ticket that the page shows, in a transaction that changes it."""
    return session.get_one(Ticket, find(number).id)


def newest(session: Session, ticket_id: int) -> int:
    """The id of the newest letter that somebody else wrote: one that came in, or a colleague's reply."""
    return session.scalar(select(func.max(Message.id)).where(_of_others(ticket_id))) or 0


def meanwhile(session: Session, ticket_id: int, seen: int) -> Message | None:
    """The newest letter of somebody else after the one that was seen."""
    return session.scalar(select(Message).where(_of_others(ticket_id), Message.id > seen).order_by(
        Message.id.desc()).limit(1).options(joinedload(Message.author)))


def _of_others(ticket_id: int) -> ColumnElement[bool]:
    theirs = and_(Message.kind == "reply", Message.author_id != desk.user().id)
    return and_(Message.ticket_id == ticket_id, or_(Message.direction == "in", theirs))


def page(session: Session, ticket: Ticket, composer: Composer) -> str:
    messages = _messages(session, ticket)
    running = [d for d in _live(ticket) if d.state == "running"]
    taken, here = escalation.steps(session, ticket), tickets.consumers(session, ticket)
    found, rejected = facts.lines(ticket, messages, facts.names(session))
    return render_template(
        "ticket.html", ticket=ticket, entries=[_entry(m, ticket.facts) for m in messages],
        running=running, live=_live(ticket), ended=[d for d in ticket.deadlines if d.state not in deadlines.LIVE],
        extension=deadlines.extension,
        facts=found, rejected=rejected, subject=conversation.in_line(ticket.subject, ticket.facts),
        related=search.related(session, ticket), users=people.active(session),
        taken=taken, offers=escalation.offers(ticket, taken, now=desk.now()),
        known_steps=escalation.known_ladder().steps, history=history.lines(session, ticket),
        rules=startable(desk.now()), composer=composer, canned=_canned(ticket), missing=replies.missing(ticket),
        consumers=here, addressee=composer.to or _addressee(session, ticket, here, messages),
        owed=penalties.of(ticket, words.today()), penalty_line=sheet.live,
        timeline=timeline.of(ticket, messages, taken, words.today()), unwatched=happenings.unwatched(ticket),
        next_step=next_step(ticket, running), newest=newest(session, ticket.id), nonce=secrets.token_urlsafe(12),
        today=desk.now().astimezone(words.zone()).date(), undo_seconds=desk.conf().smtp.undo_seconds)


def _addressee(session: Session, ticket: Ticket, people_here: Sequence[Person], messages: Sequence[Message]) -> int:
    """Whom one answers unless somebody else is chosen: of the consumers of joined tickets the one who wrote last."""
    if len(people_here) < 2:
        return ticket.consumer_id or 0
    theirs = merges.consumer_ids(session, ticket)
    return next((m.person_id for m in reversed(messages) if m.direction == "in" and m.person_id in theirs),
                ticket.consumer_id) or 0


def _canned(ticket: Ticket) -> list[tuple[str, str]]:
    """Keys and titles of the ready answers, first those for this case."""
    return [(r.key, r.title_ru if words.in_russian() else r.title_en) for r in replies.fitting(ticket)]


def _live(ticket: Ticket) -> list[Deadline]:
    """Running clocks, a right about to be lost first, then the nearest; then paused ones."""
    live = [d for d in ticket.deadlines if d.state in deadlines.LIVE]
    return sorted(live, key=lambda d: (d.state != "running", not dial.dying(d), d.due_at))


def _messages(session: Session, ticket: Ticket) -> Sequence[Message]:
    return session.scalars(select(Message).where(Message.ticket_id == ticket.id).order_by(
        Message.created_at, Message.id).options(
        joinedload(Message.author), joinedload(Message.person), joinedload(Message.inbound),
        joinedload(Message.outbox).selectinload(Outbox.recipients), selectinload(Message.attachments))).all()


def _entry(message: Message, found: Sequence[Fact]) -> Entry:
    out, seconds = message.outbox, 0
    if message.kind in ("reply", "letter") and out is not None and out.state == "pending" and not out.attempts:
        seconds = max(0, round((out.try_after - desk.now()).total_seconds()))
    return Entry(message, conversation.pieces(message, [f for f in found if f.message_id == message.id]),
                 seconds > 0, seconds)


def _kept(session: Session, ticket: Ticket) -> Composer:
    """What this person was writing here, wherever and whenever that was."""
    kept = drafts.of(session, ticket, desk.user())
    reply, note = kept.get("reply"), kept.get("note")
    only_note = note is not None and reply is None
    return Composer(reply.text if reply else "", note.text if note else "", tab="note" if only_note else "reply",
                    saved_at=max((d.saved_at for d in kept.values()), default=None))


def startable(now: datetime) -> dict[str, list[Rule]]:
    """Rules a person may start today, by whose duty they are; hours are counted elsewhere."""
    on = now.astimezone(words.zone()).date()
    groups: dict[str, list[Rule]] = {"them": [], "us": [], "desk": []}
    for rule in deadlines.known_rules().in_force(on):
        if rule.unit != "hour" and rule.id != deadlines.PROMISE:
            groups[rule.whose].append(rule)
    return groups


def next_step(ticket: Ticket, running: Sequence[Deadline]) -> str:
    """One sentence: what happens next and by when."""
    nearest = running[0] if running else None
    if ticket.state == "closed":
        return _("Closed on %(day)s. A new letter of the consumer opens it again.", day=words.day(ticket.closed_at))
    if nearest is None:
        return _("No deadline is running: start one, or answer.") if ticket.state == "open" else \
            _("Waiting for the consumer. No deadline is running.")
    until = _("%(title)s: until %(day)s (%(left)s)", title=words.deadline_title(nearest.rule),
              day=dial.until(nearest), left=dial.left(nearest))
    if nearest.rule == deadlines.FIRST_REPLY:
        return _("Answer the consumer by %(day)s (%(left)s).", day=dial.until(nearest), left=dial.left(nearest))
    return until + "."


def user_named(session: Session, user_id: str) -> User | None:
    return session.get(User, int(user_id)) if user_id.isdigit() else None
