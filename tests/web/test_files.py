"""The page of a file, its pictures, its download; what a virus scanner found stands between."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from desk import db
from desk.contents import Opener
from desk.db import Database
from desk.facts import office
from desk.files import Infected
from desk.models import Attachment, Event, Message
from desk.settings import Settings

from .. import receipts
from ..facts.test_files import PACKED, endless_pdf, word, zipped
from .conftest import CSRF, post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
Send = Callable[..., None]


@pytest.fixture
def opened(deliver: Send, database: Database, conf: Settings) -> Iterator[Callable[..., list[str]]]:
    """A letter with files comes and the files are read; their addresses."""
    opener = Opener(database, conf, now_fn=db.now)

    def send(*files: tuple[str, str, bytes], html: str = "") -> list[str]:
        mail = EmailMessage()
        mail["From"], mail["Subject"], mail["To"] = "Пётр <petr@mail.example>", "Чек", "help@desk.example"
        mail.set_content("Чек во вложении")
        for name, kind, data in files:
            if kind == "message/rfc822":
                inner = EmailMessage()
                inner["From"], inner["Subject"] = "Ozon <mailer@sender.ozon.ru>", "Заказ 23281294-0063 доставлен"
                inner.set_content(data.decode())
                mail.add_attachment(inner)
            else:
                mail.add_attachment(data, maintype=kind.partition("/")[0], subtype=kind.partition("/")[2], filename=name)
        deliver(mail)
        assert opener.run() == 1
        with database.read() as session:
            return [f"/files/{public_id}" for public_id in session.scalars(select(Attachment.public_id).order_by(Attachment.id))]
    yield send
    opener.close()


def text(client: FlaskClient, path: str, code: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == code, path
    return answer.get_data(as_text=True)


def picture(client: FlaskClient, path: str) -> Image.Image:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Content-Security-Policy"]) == (200, "sandbox; default-src 'none'"), path
    return Image.open(io.BytesIO(answer.data))


@SQLITE
def test_the_photo_of_a_receipt_without_a_code_shows_sum_date_and_drive(anna: FlaskClient, opened: Callable[..., list[str]]) -> None:
    (file,) = opened(("чек.jpg", "image/jpeg", receipts.jpeg(receipts.photo(with_code=False))))
    ticket, page = text(anna, "/tickets/1001"), text(anna, f"{file}/view")
    for shown in (ticket, page):
        assert ("7990.00" in shown, "05.11.2026" in shown, "9282440300123456" in shown) == (True, True, True)
    assert (f'{file}/thumb.jpg"' in ticket, f'{file}/view"' in ticket) == (True, True)
    assert ("распознано" in page, "1186123459" in page, '<mark class="fact"' in page) == (True, True, True)


@SQLITE
def test_pages_of_a_document_are_pictures_drawn_by_us(anna: FlaskClient, opened: Callable[..., list[str]]) -> None:
    (file,) = opened(("скан.pdf", "application/pdf", receipts.pdf(Image.new("L", (600, 800), 255), receipts.paper(with_code=True))))
    assert (picture(anna, f"{file}/pages/2").format, picture(anna, f"{file}/thumb.jpg").format) == ("PNG", "JPEG")
    assert max(picture(anna, f"{file}/pages/1").size) <= 1600
    assert [anna.get(f"{file}/pages/{number}").status_code for number in (0, 3, 99999)] == [404, 404, 404]
    page = text(anna, f"{file}/view?page=2&turn=90&zoom=2")
    assert (f"{file}/pages/2" in page, "turn-90 zoom-2" in page, "7990.00" in page) == (True, True, True)
    assert "turn-0 zoom-1" in text(anna, f"{file}/view?page=-5&turn=33&zoom=x")


@SQLITE
def test_a_heic_photo_is_seen(anna: FlaskClient, opened: Callable[..., list[str]]) -> None:
    (file,) = opened(("IMG_1.HEIC", "image/heic", (Path(__file__).parents[1] / "facts" / "receipt.heic").read_bytes()))
    assert picture(anna, f"{file}/thumb.jpg").format == "JPEG"
    assert f"{file}/thumb.jpg" in text(anna, "/tickets/1001")


@SQLITE
def test_a_letter_inside_a_letter_is_read_as_one(anna: FlaskClient, opened: Callable[..., list[str]]) -> None:
    (file,) = opened(("", "message/rfc822", "Заказ 23281294-0063 доставлен, карта 4111 1111 1111 1111 <b>x</b>".encode()))
    page = text(anna, f"{file}/view")
    assert ("mailer@sender.ozon.ru" in page, "&lt;b&gt;" in page, "1111 1111" in page) == (True, True, False)


@SQLITE
def test_what_was_not_read_says_why(anna: FlaskClient, opened: Callable[..., list[str]]) -> None:
    files = opened(("a.7z", "application/x-7z-compressed", (PACKED / "hidden.7z").read_bytes()),
                   ("b.pdf", "application/pdf", (PACKED / "locked.pdf").read_bytes()), ("c.pdf", "application/pdf", b"%PDF-1.4"),
                   ("d.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
                   ("e.zip", "application/zip", zipped()), ("f.docx", office.WORD, word("Заказ № 18044876-0131")),
                   ("g.pdf", "application/pdf", endless_pdf(300)))
    pages = [text(anna, f"{file}/view") for file in files]
    words = ("под паролем", "под паролем", "повреждён", "не открываются", "photo/1.jpg", "18044876-0131", "прочитан не весь")
    assert [word_ in page for word_, page in zip(words, pages, strict=True)] == [True] * 7
    assert "<script>alert" not in pages[3]
    ticket = text(anna, "/tickets/1001")
    assert ("Не все файлы" in ticket, "200 страниц" in ticket, ticket.count("под паролем")) == (True, True, 2)
    answer = post(anna, f"{files[2]}/again", at=f"{files[2]}/view")
    assert answer.status_code == 302
    assert "Файлы читаются" in text(anna, f"{files[2]}/view")


@SQLITE
def test_an_infected_file_is_given_only_after_a_warning(
        app: Flask, anna: FlaskClient, opened: Callable[..., list[str]], database: Database) -> None:
    (file,) = opened(("bad.txt", "text/plain", b"harmful"))
    with database.write() as session:
        session.execute(update(Attachment).values(scan="infected", scan_note="Eicar"))
    assert ("Eicar" in text(anna, "/tickets/1001"), "Eicar" in text(anna, f"{file}/view")) == (True, True)
    warning = anna.get(file)
    assert (warning.status_code, b"harmful" in warning.data, "Eicar" in warning.get_data(as_text=True)) == (409, False, True)
    found = CSRF.search(warning.data)
    assert found is not None
    given = anna.post(file, data={"csrf_token": found[1].decode()})
    assert (given.data, given.headers["Content-Disposition"].startswith("attachment")) == (b"harmful", True)
    with database.read() as session:
        assert session.scalars(select(Event.kind).where(Event.kind == "file.taken_despite")).all() == ["file.taken_despite"]
        attachment, message = session.execute(select(Attachment, Message).join(
            Message, Attachment.message_id == Message.id).options(joinedload(Message.inbound))).one()
    assert anna.get(f"/messages/{message.public_id}/mail.eml").status_code == 409
    with pytest.raises(Infected):  # so that no letter of ours carries it
        app.extensions["desk.files"].data(attachment, message)


@SQLITE
def test_while_the_scanner_is_silent_a_file_stands_behind_the_warning(
        app: Flask, anna: FlaskClient, opened: Callable[..., list[str]], conf: Settings) -> None:
    (file,) = opened(("a.txt", "text/plain", b"text"))
    assert anna.get(file).data == b"text"
    state = app.extensions["desk"]
    app.extensions["desk"] = type(state)(conf.model_copy(update={
        "files": conf.files.model_copy(update={"clamd": "tcp:127.0.0.1:1"})}), state.database, state.now_fn)
    assert anna.get(file).status_code == 409
    assert "не проверен" in text(anna, "/tickets/1001")
