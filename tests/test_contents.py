"""Files are read after the letter is on its ticket; what they tell becomes facts, card numbers are never stored."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from desk import contents, db, inbox
from desk.blobs import Blobs
from desk.contents import Opener
from desk.db import Database
from desk.models import Attachment, Fact, Mailbox, Message, Ticket
from desk.settings import Settings

from . import receipts as drawn
from .facts.test_files import bomb

QR = "t=20260501T1622&s=2663.58&fn=9288000100178241&i=112602&fp=3418609577&n=1"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def opener(database: Database, conf: Settings) -> Iterator[Opener]:
    out = Opener(database, conf, now_fn=db.now)
    yield out
    out.close()


def receipt() -> bytes:
    drawn = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(QR, zxingcpp.BarcodeFormat.QRCode), scale=6)
    view = memoryview(drawn)
    photo = Image.new("L", (900, 1200), 200)
    photo.paste(Image.frombytes("L", (view.shape[1], view.shape[0]), view.tobytes()), (200, 500))
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=70)
    return out.getvalue()


def arrive(database: Database, conf: Settings, *files: tuple[str, str, bytes], text: str = "Чек во вложении") -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "anna@mail.example", f"Жалоба {CARD}", "<a@mail.example>"
    mail.set_content(text)
    for name, kind, data in files:
        mail.add_attachment(data, maintype=kind.partition("/")[0], subtype=kind.partition("/")[2], filename=name)
    with database.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        inbox.accept(session, box, uid=1, raw=mail.as_bytes(), arrived_at=db.now(), size=1, historic=False, truncated=False,
                     blobs=Blobs(conf.blobs_path), now=db.now())
    drain = inbox.Drain(database, conf, now_fn=db.now)
    assert drain.run() == 1
    drain.close()


def facts(database: Database, kind: str) -> list[Fact]:
    with database.read() as session:
        return list(session.scalars(select(Fact).where(Fact.kind == kind)))


def test_the_photo_of_a_receipt_gives_its_receipt(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("чек.jpg", "image/jpeg", receipt()))
    assert facts(database, "receipt") == []
    assert opener.run() == 1
    (fact,) = facts(database, "receipt")
    assert ("fn=9288000100178241" in fact.value, "s=2663.58" in fact.value, fact.place) == (True, True, "attachment")
    with database.read() as session:
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        assert (message.contents, fact.attachment_id) == ("read", session.scalars(select(Attachment.id)).one())
    assert opener.run() == 0


def test_a_second_reading_changes_nothing(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("чек.jpg", "image/jpeg", receipt()))
    message = contents.claim(database, db.now())
    assert message is not None
    later = contents.claim(database, db.now() + timedelta(minutes=5))  # the first reader hangs
    assert later is not None
    assert later.inbound is not None
    assert later.inbound.raw is not None
    found = opener.reader.file(later.inbound.raw, 0)
    for _ in range(2):
        with database.write() as session:
            contents.record(session, message.id, 0, found)
    assert len(facts(database, "receipt")) == 1


def test_a_file_that_kills_its_reader_is_given_up(database: Database, conf: Settings) -> None:
    arrive(database, conf, ("чек.jpg", "image/jpeg", receipt()))
    now = db.now()
    for _ in range(contents.ATTEMPTS):
        assert contents.claim(database, now) is not None
        now += contents.LEASE
    assert contents.claim(database, now) is None
    with database.read() as session:
        assert session.scalars(select(Message.contents).where(Message.direction == "in")).one() == "failed"


def files_of(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(select(  # type: ignore[misc]
            Attachment.filename, Attachment.state, Attachment.note).order_by(Attachment.place))]


def contents_state(database: Database) -> str:
    with database.read() as session:
        return session.scalars(select(Message.contents).where(Message.direction == "in")).one()


def test_a_file_that_takes_too_long_says_so_and_can_be_read_again(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("чек.jpg", "image/jpeg", receipt()), ("a.txt", "text/plain", "Заказ 18044876-0131".encode()))
    hasty = Opener(database, conf.model_copy(update={"files": conf.files.model_copy(update={"parser_wall_seconds": 0.01})}),
                   now_fn=db.now)
    assert hasty.run() == 1
    hasty.close()
    assert (files_of(database), contents_state(database)) == (
        [("чек.jpg", "failed", "too_slow"), ("a.txt", "failed", "too_slow")], "failed")
    with database.write() as session:
        for attachment in session.scalars(select(Attachment)).all():
            contents.again(session, attachment.id, now=db.now())
    assert opener.run() == 1
    assert ([row[1] for row in files_of(database)], contents_state(database)) == (["read", "read"], "read")
    assert len(facts(database, "receipt")) == len(facts(database, "order_number")) == 1


def test_one_hostile_file_stops_no_other(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("bomb.png", "image/png", bomb()), ("big.gif", "image/gif", b"GIF89a\xff\xff\xff\xff" + bytes(50)),
           ("a.pdf", "application/pdf", b"%PDF-1.4 nothing"), ("чек.jpg", "image/jpeg", receipt()),
           ("run.exe", "application/octet-stream", b"MZ" + bytes(100)))
    assert opener.run() == 1
    found = {name: (state, note) for name, state, note in files_of(database)}
    assert found["bomb.png"] == ("failed", "too_large")
    assert (found["a.pdf"], found["run.exe"]) == (("failed", "damaged"), ("read", "not_opened"))
    assert (found["big.gif"][0], found["чек.jpg"][0], contents_state(database)) == ("failed", "read", "failed")
    assert len(facts(database, "receipt")) == 1


def test_a_photo_without_a_code_gives_a_receipt_that_is_less_sure(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("чек.jpg", "image/jpeg", drawn.jpeg(drawn.photo(with_code=False))))
    assert opener.run() == 1
    (fact,) = facts(database, "receipt")
    assert (fact.value, fact.place, fact.confidence < 0.75) == (drawn.CODE, "ocr", True)
    with database.read() as session:
        text, parts = session.execute(select(Attachment.text, Attachment.parts)).one()
        assert text[fact.start:fact.end] == fact.quote
        assert [part["source"] for part in parts] == ["ocr"]


def test_what_came_before_recognition_was_installed_is_read_once_it_is(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("чек.jpg", "image/jpeg", drawn.jpeg(drawn.photo(with_code=False))))
    message = contents.claim(database, db.now())
    assert message is not None
    with database.write() as session:  # as a machine without it leaves them
        contents.record(session, message.id, 0, {"text": "", "parts": [], "pages": 1, "note": "no_ocr", "facts": []})
        contents.finish(session, message.id)
    assert (opener.run(), facts(database, "receipt")) == (0, [])
    later = Opener(database, conf, now_fn=db.now)
    assert later.run() == 1
    later.close()
    assert len(facts(database, "receipt")) == 1


def test_a_letter_without_files_waits_for_nothing(database: Database, conf: Settings) -> None:
    arrive(database, conf)
    assert contents.claim(database, db.now()) is None


def test_a_card_number_is_stored_nowhere_but_in_the_raw_mail(database: Database, conf: Settings, opener: Opener) -> None:
    arrive(database, conf, ("a.txt", "text/plain", f"карта {CARD}".encode()), text=f"Моя карта {CARD}, заказ 18044876-0131")
    opener.run()
    with database.read() as session:
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        ticket = session.scalars(select(Ticket)).one()
        texts = [message.text, message.subject, message.html, ticket.subject, *(f.quote for f in ticket.facts),
                 *(f.value for f in ticket.facts), *session.scalars(select(Attachment.text))]
        assert not any("1111 1111" in text for text in texts)
        assert "4111 **** **** 1111" in message.text
