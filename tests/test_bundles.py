"""The evidence of a ticket: it verifies, it is the same twice, what is covered is not in it, a hundred files are quick."""

from __future__ import annotations

import csv
import io
import random
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import select

from desk import bundles, escalation, inbox, people
from desk.blobs import Blobs
from desk.bundles import archive
from desk.db import Database
from desk.models import Attachment, Bundle, Fact, Mailbox, Message, Ticket, User
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)
Send = Callable[..., Ticket]


def photo(seed: int, size: tuple[int, int] = (1600, 1200)) -> bytes:
    """As large as a telephone's, with something in it."""
    noise = random.Random(seed)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for _ in range(300):
        x, y = noise.randrange(size[0]), noise.randrange(size[1])
        pen.rectangle((x, y, x + noise.randrange(200), y + noise.randrange(200)), fill=noise.randrange(1 << 24))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def pages(count: int) -> bytes:
    sheets = [Image.new("RGB", (600, 800), "white") for _ in range(count)]
    for sheet, colour in zip(sheets, ("red", "green", "blue"), strict=False):
        ImageDraw.Draw(sheet).rectangle((100, 100, 500, 400), fill=colour)
    out = io.BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


@pytest.fixture
def send(database: Database, conf: Settings) -> Iterator[Send]:
    """A complaint with files comes in and is understood."""
    with database.write() as session:
        people.create(session, email="anna@desk.example", name="Анна", actor="t", now=NOW)
    drain = inbox.Drain(database, conf, now_fn=lambda: NOW)

    def deliver(files: list[tuple[str, str, bytes]]) -> Ticket:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Пётр <petr@mail.example>", "help@desk.example", "Разбитый телефон"
        mail["Message-ID"] = "<one@mail.example>"
        mail.set_content("Заказ 18044876-0131, 24 990 руб. #read(\"/etc/passwd\") {{x}} $y$\nВерните деньги")
        for name, kind, data in files:
            mail.add_attachment(data, maintype=kind.partition("/")[0], subtype=kind.partition("/")[2], filename=name)
        raw = mail.as_bytes()
        with database.write() as session:
            box = Mailbox(name="main", uidvalidity=1, last_uid=0)
            session.add(box)
            session.flush()
            inbox.accept(session, box, uid=1, raw=raw, arrived_at=NOW, size=len(raw), historic=False, truncated=False,
                         blobs=Blobs(conf.blobs_path), now=NOW)
        drain.run()
        with database.read() as session:
            return session.scalars(select(Ticket)).one()
    yield deliver
    drain.close()


@pytest.fixture
def maker(database: Database, conf: Settings) -> Iterator[bundles.Maker]:
    out = bundles.Maker(database, conf, now_fn=lambda: NOW)
    yield out
    out.close()


def made(database: Database, maker: bundles.Maker, ticket: Ticket, hidden: dict[str, object] | None = None) -> Bundle:
    with database.write() as session:
        row = bundles.order(session, session.get_one(Ticket, ticket.id), hidden=hidden or {}, as_of=date(2026, 5, 12),
                            author=session.scalars(select(User)).one(), now=NOW)
        public_id = row.public_id
    assert maker.run()
    with database.read() as session:
        found = bundles.by_public_id(session, public_id)
    assert found is not None
    assert (found.state, found.error) == ("ready", "")
    return found


def opened(conf: Settings, bundle: Bundle) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(bundles.data(conf, bundle, "zip")))


def pdf_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text.replace("\u00a0", " ")


def attachment(database: Database, name: str) -> Attachment:
    with database.read() as session:
        return session.scalars(select(Attachment).where(Attachment.filename == name)).one()


def taken_step(database: Database, conf: Settings, ticket: Ticket) -> None:
    with database.write() as session:
        row, anna = session.get_one(Ticket, ticket.id), session.scalars(select(User)).one()
        step = escalation.prepare(session, row, "support", addressee="Ozon", channel="form", place="", reason="да",
                                  on=NOW.date(), author=anna, now=NOW)
        facts = {"consumer_name": "Пётр", "consumer_phone": "+7", "consumer_email": "p@m.example", "order_number": "1", "today": "12 мая",
                 "subject": "Разбитый телефон", "problem": "Экран <разбит> & #точка", "demand": "деньги", "order_date": "1 мая",
                 "product": "телефон", "addressee_name": "Ozon"}
        escalation.write(session, row, step, "support_request", facts=facts, tables={"annex_table": [["№", "Файл"]]},
                         annexes=[], written_on=NOW.date(), author=anna, now=NOW)
        escalation.sent(session, conf, row, step, sent_on=NOW.date(), proven_on=NOW.date(), number="77", proof="снимок экрана",
                        actor="t", now=NOW)


def test_it_verifies_and_every_file_leads_to_its_mail(database: Database, conf: Settings, send: Send, maker: bundles.Maker,
                                                      tmp_path: Path) -> None:
    receipt = photo(1)
    ticket = send([("чек № 5.jpg", "image/jpeg", receipt), ("акт.pdf", "application/pdf", pages(3)),
                   ("нечто.bin", "application/octet-stream", b"\x00\x01" * 40), ("../../etc/x.txt", "text/plain", b"text")])
    taken_step(database, conf, ticket)
    bundle = made(database, maker, ticket)
    with opened(conf, bundle) as found:
        names = found.namelist()
        assert all(name.isascii() and ".." not in name for name in names)
        found.extractall(tmp_path)
        assert found.read("originals/001-chek-5.jpg") == receipt
        with database.read() as session:
            assert found.read("mails/001.eml") == inbox.raw(conf, session.scalars(select(Message)).first().inbound)
        rows = list(csv.reader(io.StringIO(found.read("opis.csv").decode("utf-8-sig")), delimiter=";"))
        by_name = {row[1]: row for row in rows}
        assert by_name["чек № 5.jpg"][2:] == ["1", attachment(database, "чек № 5.jpg").sha256, "originals/001-chek-5.jpg"]
        text = pdf_text(found.read("podborka.pdf"))
    checked = subprocess.run(["sha256sum", "-c", "--strict", "manifest.sha256"], cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == len(names) - 1
    for words in ("Хронология", "one@mail.example", "Разбитый телефон", '#read("/etc/passwd")', "Обращение в поддержку",
                  "№ 77, снимок экрана", "Экран <разбит> & #точка", "чек № 5.jpg", "акт.pdf, страница 3", "Опись"):
        assert words in text, words
    assert bundles.data(conf, bundle, "pdf") == (tmp_path / "podborka.pdf").read_bytes()


def test_long_words_do_not_run_out_of_the_page(database: Database, conf: Settings, send: Send, maker: bundles.Maker) -> None:
    ticket = send([("а" * 200 + ".bin", "application/octet-stream", b"x")])
    with database.write() as session:
        session.get_one(Message, 1).text = "я" * 3000
    document = pypdfium2.PdfDocument(bundles.data(conf, made(database, maker, ticket), "pdf"))
    for page in document:
        text = page.get_textpage()
        assert all(text.get_charbox(n)[2] <= page.get_width() for n in range(text.count_chars()))
    document.close()


def test_the_same_ticket_twice_is_the_same_bytes(database: Database, conf: Settings, send: Send, maker: bundles.Maker) -> None:
    ticket = send([("чек.jpg", "image/jpeg", photo(1)), ("акт.pdf", "application/pdf", pages(2))])
    with database.write() as session:
        session.add(Fact(ticket_id=ticket.id, kind="amount", value="24990.00", quote="", place="body", start=0, end=1,
                         confidence=1, state="confirmed"))
    box = {attachment(database, "чек.jpg").public_id: {"boxes": [[1, 10, 10, 500, 500]]}}
    for hidden in ({}, box):
        first, second = made(database, maker, ticket, hidden), made(database, maker, ticket, hidden)
        assert first.sha256 == second.sha256
        assert first.pdf_sha256 == second.pdf_sha256
        assert first.id != second.id


def test_what_is_covered_or_left_out_is_nowhere_in_it_and_the_original_stays(
        database: Database, conf: Settings, send: Send, maker: bundles.Maker) -> None:
    card, passport, shown = photo(1), photo(2), photo(3)
    ticket = send([("карта.jpg", "image/jpeg", card), ("паспорт.jpg", "image/jpeg", passport), ("чек.jpg", "image/jpeg", shown)])
    rows = {name: attachment(database, name) for name in ("карта.jpg", "паспорт.jpg", "чек.jpg")}
    bundle = made(database, maker, ticket, {rows["карта.jpg"].public_id: {"boxes": [[1, 0, 0, 500, 1000]]},
                                            rows["паспорт.jpg"].public_id: {"out": True}})
    with opened(conf, bundle) as found:
        names = found.namelist()
        everything = [found.read(name) for name in names]
        assert "mails/002.eml" in names  # our acknowledgement holds nothing of it
        assert shown in everything
        assert card not in everything
        assert passport not in everything
        assert not any("pasport" in name or name == "mails/001.eml" for name in names)
        covered = Image.open(io.BytesIO(found.read("originals/001-karta.jpg-001-001.png")))
        text = pdf_text(found.read("podborka.pdf"))
    left = covered.crop((0, 0, covered.width // 2 - 1, covered.height))
    assert left.getcolors() == [(left.width * left.height, (0, 0, 0))]
    assert len(covered.crop((covered.width // 2 + 2, 0, covered.width, covered.height)).getcolors(1 << 24) or ()) > 10
    assert "паспорт.jpg (изъят)" in text
    with database.read() as session:
        raw = inbox.raw(conf, session.scalars(select(Message)).first().inbound)
    assert maker.reader.attachment(raw, rows["карта.jpg"].place) == card


def test_a_letter_left_out_takes_its_text_and_files_with_it(database: Database, conf: Settings, send: Send,
                                                            maker: bundles.Maker) -> None:
    ticket = send([("чек.jpg", "image/jpeg", photo(1))])
    with database.read() as session:
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
    with opened(conf, made(database, maker, ticket, {message.public_id: {"out": True}})) as found:
        assert not [name for name in found.namelist() if name.startswith(("mails/001", "originals"))]
        assert "Верните деньги" not in pdf_text(found.read("podborka.pdf"))


@pytest.mark.parametrize("hidden", [
    {"boxes": []}, {"boxes": [[1, 0, 0, 1001, 5]]}, {"boxes": [[0, 0, 0, 5, 5]]}, {"boxes": [[1, 0, 0, 0, 5]]},
    {"boxes": [[1, 0, 0, 5]]}, {"boxes": [[1, 0.5, 0, 5, 5]]}, {"boxes": [[True, 0, 0, 5, 5]]}, {"out": False}, "x", {}])
def test_a_wrong_box_is_refused(hidden: object) -> None:
    with pytest.raises(bundles.BundleError, match="boxes_wrong"):
        bundles.checked(hidden)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_bundle_whose_worker_died_is_made_by_another_and_given_up_after_three(
        database: Database, send: Send, maker: bundles.Maker) -> None:
    ticket = send([])
    with database.write() as session:
        bundles.order(session, session.get_one(Ticket, ticket.id), hidden={}, as_of=NOW.date(),
                      author=session.scalars(select(User)).one(), now=NOW)
        session.flush()
        row = session.scalars(select(Bundle)).one()
        row.state, row.attempts, row.lease_until = "working", 1, NOW.replace(hour=8)
    assert maker.run()
    assert not maker.run()
    with database.write() as session:
        row = session.scalars(select(Bundle)).one()
        assert row.state == "ready"
        row.state, row.attempts, row.lease_until = "working", 3, NOW.replace(hour=8)
    assert not maker.run()
    with database.read() as session:
        assert session.scalars(select(Bundle.state)).one() == "failed"


def test_a_hundred_files_are_ready_within_half_a_minute(sqlite: Database, conf: Settings) -> None:
    """Photos of 12 megapixels among them; drawn in the limited child like any stranger's files."""
    large, small = photo(1, (4000, 3000)), photo(2)
    with sqlite.write() as session:
        people.create(session, email="anna@desk.example", name="Анна", actor="t", now=NOW)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "petr@mail.example", "help@desk.example", "Сто файлов, заказ 18044876-0131"
    mail.set_content("Верните деньги")
    for number in range(100):
        kind = ("application/pdf", pages(2)) if number % 5 == 0 else ("image/jpeg", large if number % 5 == 1 else small)
        mail.add_attachment(kind[1], maintype=kind[0].partition("/")[0], subtype=kind[0].partition("/")[2],
                            filename=f"файл {number}.{'pdf' if 'pdf' in kind[0] else 'jpg'}")
    raw = mail.as_bytes()
    with sqlite.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        inbox.accept(session, box, uid=1, raw=raw, arrived_at=NOW, size=len(raw), historic=False, truncated=False,
                     blobs=Blobs(conf.blobs_path), now=NOW)
    drain, maker = inbox.Drain(sqlite, conf, now_fn=lambda: NOW), bundles.Maker(sqlite, conf, now_fn=lambda: NOW)
    drain.run()
    drain.close()
    with sqlite.read() as session:
        ticket = session.scalars(select(Ticket)).one()
    started = time.monotonic()
    first = made(sqlite, maker, ticket)
    seconds = time.monotonic() - started
    maker.close()
    print(f"100 files, {len(raw) >> 20} MiB of mail: {seconds:.1f} s, bundle of {first.size >> 20} MiB")
    assert first.total == 100
    assert seconds < 90  # 30 on a machine that does nothing else


@pytest.mark.parametrize(("name", "wanted"), [
    ("Чек № 5 (копия).JPG", "chek-5-kopiya.jpg"), ("щёлочь", "scheloch"), ("../../x", "x"), ("…", "file"), ("a" * 300 + ".pdf",
    "a" * 60 + ".pdf"), ("имя\n.txt", "imya.txt"), (".htaccess", "htaccess")])
def test_names_in_the_archive(name: str, wanted: str) -> None:
    assert archive.plain(name) == wanted
