"""What happened to a ticket, in words: one line for an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import merges, tickets
from ..models import Event, Ticket, User
from . import words

LINES = {
    "ticket.opened": lazy_gettext("Ticket opened"),
    "ticket.reopened": lazy_gettext("Opened again"),
    "ticket.closed": lazy_gettext("Closed"),
    "ticket.noted": lazy_gettext("Internal note written"),
    "letter.came": lazy_gettext("New letter"),
    "letter.sent": lazy_gettext("Letter accepted by the mail server"),
    "letter.uncertain": lazy_gettext("The connection broke while a letter was handed over: it may have arrived"),
    "letter.failed": lazy_gettext("Letter could not be delivered"),
    "letter.bounced": lazy_gettext("Letter came back"),
    "reply.written": lazy_gettext("Reply written"),
    "reply.undone": lazy_gettext("Reply taken back"),
    "reply.sent_again": lazy_gettext("Letter sent once more"),
    "ack.impossible": lazy_gettext("No acknowledgement: the sender cannot be written to"),
    "mail.made_ticket": lazy_gettext("Made a ticket by hand from a held mail"),
    "mail.downloaded": lazy_gettext("Raw letter downloaded"),
    "file.infected": lazy_gettext("A virus was found in a file"),
    "file.taken_despite": lazy_gettext("A file was downloaded despite the warning"),
    "ticket.case_recorded": lazy_gettext("The company's case number was recorded"),
    "alert.escalated": lazy_gettext("An alert was passed on to the leads"),
    "step.prepared": lazy_gettext("Step prepared"), "step.sent": lazy_gettext("Step taken"),
    "step.mailed": lazy_gettext("A letter of the step was mailed"),
    "step.answered": lazy_gettext("Answer to a step recorded"), "step.skipped": lazy_gettext("Step skipped"),
    "letter.frozen": lazy_gettext("Letter frozen"),
    "person.confirmed": lazy_gettext("Sender confirmed"),
    "alert.failed": lazy_gettext("An alert could not be delivered"),
    "alert.acknowledged": lazy_gettext("Alert acknowledged"),
}
JOINS = {
    "ticket.joined_to": lazy_gettext("Joined to № %(number)s"),
    "ticket.joined_from": lazy_gettext("№ %(number)s was joined to this one"),
    "ticket.parted_from": lazy_gettext("Taken apart from № %(number)s"),
    "ticket.parted_to": lazy_gettext("№ %(number)s was taken apart from this one"),
}


@dataclass(frozen=True)
class Line:
    at: datetime
    who: str
    text: str
    detail: str
    number: int = 0  # of the joined ticket that it happened to
    undo: str = ""  # the join that can be taken apart


def lines(session: Session, ticket: Ticket) -> list[Line]:
    """Newest first; with what happened to the tickets that were joined to this one."""
    ids = merges.joined_ids(session, ticket)
    events = tickets.history(session, ids)
    names, numbers = _names(session, events), merges.numbers(session, ids[1:])
    standing = {merge.public_id for merge in merges.undoable(session, ticket)} if ids[1:] else set()
    return [_line(event, names, numbers, standing) for event in reversed(events)]


def _line(event: Event, names: dict[str, str], numbers: dict[int, int], standing: set[str]) -> Line:
    merge = str(event.detail.get("merge", "")) if event.kind == "ticket.joined_from" else ""
    return Line(event.at, names.get(event.actor, ""), _text(event), _detail(event),
                numbers.get(event.ticket_id or 0, 0), merge if merge in standing else "")


def _names(session: Session, events: list[Event]) -> dict[str, str]:
    actors = {e.actor for e in events}
    ids = [int(a.removeprefix("user:")) for a in actors if a.startswith("user:")]
    names = {f"user:{i}": name for i, name in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}
    return names | {"mail": _("mail"), "clock": _("clock"), "command": _("command line")}


def _text(event: Event) -> str:
    detail = event.detail
    if event.kind == "ticket.assigned":
        name = detail.get("name")
        return _("Assigned to %(name)s", name=name) if name else _("Nobody is assigned any more")
    if event.kind == "ticket.stage_changed":
        return _("Stage: %(was)s → %(stage)s", was=words.STAGES.get(detail["was"], ""),
                 stage=words.STAGES.get(detail["stage"], ""))
    if event.kind == "ticket.letter_moved_in":
        return _("Letter moved here from № %(number)s", number=detail["number"])
    if event.kind == "ticket.letter_moved_out":
        return _("Letter moved to № %(number)s", number=detail["number"])
    if event.kind in JOINS:
        return str(JOINS[event.kind]) % {"number": detail["number"]}
    for prefix, told in (("deadline.", _deadline), ("fact.", _fact)):
        if event.kind.startswith(prefix):
            return told(event.kind.removeprefix(prefix), detail)
    return str(LINES.get(event.kind, event.kind))


def _deadline(what: str, detail: dict[str, str]) -> str:
    title = words.deadline_title(detail.get("rule", ""))
    texts = {"started": _("Deadline started: %(title)s", title=title), "met": _("Deadline met: %(title)s", title=title),
             "missed": _("Deadline missed: %(title)s", title=title),
             "cancelled": _("Deadline cancelled: %(title)s", title=title),
             "paused": _("Deadline paused: %(title)s", title=title)}
    return texts.get(what) or _moved(what, title, detail)


def _moved(what: str, title: str, detail: dict[str, str]) -> str:
    """The last day before and after."""
    heads = {"proven": _("Start of the deadline proven: %(title)s", title=title),
             "resumed": _("Deadline goes on: %(title)s", title=title),
             "extended": _("Deadline extended: %(title)s", title=title)}
    was, due = (words.day(date.fromisoformat(detail[key])) for key in ("was", "due"))
    return f"{heads.get(what) or _('Deadline counted anew: %(title)s', title=title)}: " + (
        f"{was} → {due}" if was != due else due)


def _fact(verdict: str, detail: dict[str, str]) -> str:
    kind, value, was = words.fact_kind(detail.get("fact", "")), detail.get("value", ""), detail.get("was", "")
    texts = {"confirmed": _("%(kind)s %(value)s confirmed", kind=kind, value=value),
             "corrected": _("%(kind)s corrected: %(was)s → %(value)s", kind=kind, was=was, value=value),
             "rejected": _("%(kind)s %(value)s rejected", kind=kind, value=value)}
    return texts.get(verdict, verdict)


def _detail(event: Event) -> str:
    reason = str(event.detail.get("reason") or "")
    return str(words.END_REASONS.get(reason, reason)) or str(event.detail.get("error") or "")
