"""A step of a page's address, and the annexes of its letter with their bytes."""

from __future__ import annotations

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from .. import annexes
from ..annexes import Annex
from ..models import Letter, Step, Ticket
from . import files
from . import request as desk


def find_row(number: int, public_id: str) -> Step:
    row = desk.reading().scalar(select(Step).join(Ticket, Step.ticket_id == Ticket.id).where(
        Step.public_id == public_id, Ticket.number == number).options(joinedload(Step.letter), joinedload(Step.author)))
    if row is None:
        abort(404)
    return row


def chosen(row: Step) -> list[Annex]:
    """The letter's annexes in the order of their numbers."""
    ticket = desk.reading().get_one(Ticket, row.ticket_id)
    return annexes.chosen(desk.reading(), ticket, row.letter.annexes) if row.letter else []


def annex_bytes(annex: Annex) -> tuple[str, str, bytes]:
    """Name, type and bytes."""
    if annex.file is not None:
        return annex.name, annex.file.content_type, files.bytes_of(annex.file)
    letter = desk.reading().get_one(Letter, annex.letter_id, options=[undefer(Letter.pdf)])
    return annex.name, "application/pdf", letter.pdf
