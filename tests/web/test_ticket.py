"""The queue and the ticket's page: every verb by its form, nothing typed is lost, a fixed number of queries."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import event, select, update

from desk import db
from desk.db import Database
from desk.models import Alert, Attachment, Event, Fact, InboundMail, Outbox, Ticket

from .conftest import post, user

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
T = "/tickets/1001"


def one(database: Database, number: int = 1001) -> Ticket:
    with database.read() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        _ = ticket.deadlines, ticket.facts, ticket.messages
        return ticket


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_the_queue_shows_the_letter_and_answers_304_when_nothing_changed(
        anna: FlaskClient, deliver: Callable[..., None]) -> None:
    assert "Пётр" not in anna.get("/").text
    deliver()
    page = anna.get("/").text
    for words in ("Пётр Кузнецов", "Разбитый телефон", "18044876-0131", "№ 1001", "верните деньги"):
        assert words in page
    polled = anna.get("/", headers={"X-Desk-Poll": "1"})
    assert "<html" not in polled.text
    again = anna.get("/", headers={"X-Desk-Poll": "1", "If-None-Match": polled.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_reply_is_written_once_and_the_ticket_waits(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    page = anna.get(T).text
    form = {"nonce": field(page, "nonce"), "newest": field(page, "newest"), "text": "Здравствуйте, Пётр!"}
    for _ in range(2):  # a double click
        assert post(anna, f"{T}/reply", at=T, **form).status_code == 302
    ticket = one(database)
    with database.read() as session:
        assert len(session.scalars(select(Outbox).where(Outbox.kind == "reply")).all()) == 1
    assert (ticket.state, ticket.assignee_id) == ("waiting", user(database, "anna").id)
    assert "Здравствуйте, Пётр!" in anna.get(T).text


def test_a_reply_can_be_taken_back_and_its_text_is_kept(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=99, text="Ещё не готово")
    message = next(m for m in one(database).messages if m.kind == "reply")
    answer = post(anna, f"{T}/letters/{message.public_id}/undo", at=T)
    assert "Ещё не готово</textarea>" in anna.get(answer.location).text
    post(anna, f"{T}/letters/{message.public_id}/undo", at=T)
    assert one(database).state == "open"


def test_an_answer_is_asked_once_when_a_letter_came_meanwhile(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    page = anna.get(T).text
    newest = field(page, "newest")
    deliver(subject="Re: [#1001]", text="Уже всё вернули!")
    assert anna.get(f"{T}/pulse").json["newest"] > int(newest)  # type: ignore[index]
    kept = post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=newest, text="Мой ответ")
    assert (kept.status_code, "Мой ответ</textarea>" in kept.text, 'name="confirm"' in kept.text) == (409, True, True)
    with database.read() as session:
        assert session.scalars(select(Outbox).where(Outbox.kind == "reply")).all() == []
    post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=newest, text="Мой ответ", confirm="1")
    with database.read() as session:
        assert len(session.scalars(select(Outbox).where(Outbox.kind == "reply")).all()) == 1


@SQLITE
def test_an_empty_reply_and_an_empty_note_are_refused_with_words(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver()
    for what in ("reply", "note"):
        answer = post(anna, f"{T}/{what}", at=T, nonce="n" * 10, newest=99, text="  ")
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)


def test_note_assign_stage_close_reopen(anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    boris = user(database, "boris")
    for path, form in ((f"{T}/note", {"text": "Позвонить"}), (f"{T}/assign", {"user": boris.id}),
                       (f"{T}/stage", {"stage": "claim"}), (f"{T}/close", {"reason": "деньги вернули"})):
        assert post(anna, path, at=T, **form).status_code == 302
    ticket = one(database)
    assert (ticket.state, ticket.stage, ticket.assignee_id) == ("closed", "claim", boris.id)
    assert {d.state for d in ticket.deadlines} == {"cancelled"}
    page = anna.get(T).text
    assert "Позвонить" in page
    assert "деньги вернули" in page
    post(anna, f"{T}/reopen", at=T)
    post(anna, f"{T}/assign", at=T, user="")
    post(anna, f"{T}/stage", at=T, stage="no such stage")
    assert (one(database).state, one(database).stage, one(database).assignee_id) == ("open", "claim", None)
    post(anna, f"{T}/take", at=T)
    assert one(database).assignee_id == user(database, "anna").id


def test_a_deadline_is_started_explained_and_met(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    today = db.now().date()
    post(anna, f"{T}/deadlines", at=T, rule="zpp22_money", start_on=today.isoformat(), proof="уведомление 1")
    started = next(d for d in one(database).deadlines if d.rule == "zpp22_money")
    assert started.raw_due == today + timedelta(days=10)
    page = anna.get(T).text
    assert "уведомление 1" in page
    assert started.explanation_ru[:20] in page or started.explanation_en[:20] in page
    post(anna, f"{T}/deadlines/{started.public_id}/meet", at=T, reason="перевели на карту")
    assert {d.state for d in one(database).deadlines if d.rule == "zpp22_money"} == {"met"}
    assert "перевели на карту" in anna.get(T).text


@SQLITE
@pytest.mark.parametrize("form", [{"rule": "nothing", "start_on": "2026-05-12"}, {"rule": "zpp22_money", "start_on": "вчера"},
                                  {"rule": "promised_by", "start_on": "2026-05-12"}, {}])
def test_a_deadline_that_cannot_be_counted_is_refused_in_words(
        anna: FlaskClient, database: Database, deliver: Callable[..., None], form: dict[str, str]) -> None:
    deliver()
    answer = post(anna, f"{T}/deadlines", at=T, **form)
    assert "flash-error" in anna.get(answer.location).text
    assert [d.rule for d in one(database).deadlines] == ["desk_first_reply_1w"]


def test_facts_are_confirmed_corrected_and_rejected(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(text="Заказ 18044876-0131 за 24 990 руб. разбит. +7 916 123-45-67")
    by_kind = {f.kind: f for f in one(database).facts}
    post(anna, f"{T}/facts/{by_kind['order_number'].id}", at=T, verdict="confirmed")
    post(anna, f"{T}/facts/{by_kind['amount'].id}", at=T, verdict="corrected", value="24000.00")
    post(anna, f"{T}/facts/{by_kind['phone'].id}", at=T, verdict="rejected")
    with database.read() as session:
        kept = {f.kind: (f.state, f.value) for f in session.scalars(select(Fact)) if f.state != "found"}
    assert kept == {"order_number": ("confirmed", "18044876-0131"), "amount": ("corrected", "24000.00"),
                    "phone": ("rejected", "+79161234567")}
    shown = anna.get(T).text.partition('id="facts"')[2].partition("</section>")[0]
    assert "+79161234567" not in shown.partition("facts-rejected")[0]


def test_two_tickets_about_one_order_are_joined_by_one_click_and_taken_apart_from_the_history(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    deliver(sender="other@mail.example", subject="Тот же заказ", text="Заказ 18044876-0131, верните!")
    assert "№ 1001" in anna.get("/tickets/1002").text  # offered before anybody answers
    for page, other in ((1002, 1001), (1001, 1002)):  # from whichever of the two: the younger goes into the older
        answer = post(anna, f"/tickets/{page}/join", at=f"/tickets/{page}", to=other)
        assert answer.location == T
        assert (one(database, 1002).state, len([m for m in one(database).messages if m.direction == "in"])) == ("closed", 2)
        assert anna.get("/tickets/1002").location == T
        undo = re.search(r'action="(/tickets/1001/joins/\w+/undo)"', anna.get(T).text)
        assert undo
        post(anna, undo[1], at=T)
        assert (one(database, 1002).state, len([m for m in one(database).messages if m.direction == "in"])) == ("open", 1)
        assert "/joins/" not in anna.get(T).text
        assert "flash-error" in anna.get(post(anna, undo[1], at=T).location).text
    for nowhere in (9999, "abc", 1001):
        assert "flash-error" in anna.get(post(anna, f"{T}/join", at=T, to=nowhere).location).text


def test_one_letter_is_moved_to_another_ticket_and_back(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    deliver(sender="other@mail.example", subject="Другое", text="Совсем о другом")
    letter = next(m for m in one(database, 1002).messages if m.direction == "in")
    post(anna, f"/tickets/1002/messages/{letter.public_id}/move", at="/tickets/1002", to=1001)
    assert (one(database, 1002).state, len([m for m in one(database).messages if m.direction == "in"])) == ("closed", 2)
    post(anna, f"{T}/messages/{letter.public_id}/move", at=T, to=1002)
    assert (one(database, 1002).state, len([m for m in one(database).messages if m.direction == "in"])) == ("open", 1)


@SQLITE
def test_another_persons_letter_is_shown_with_a_warning_until_somebody_vouches(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    post(anna, f"{T}/reply", at=T, nonce="n" * 10, newest=99, text="Ответ")
    ours = next(m for m in one(database).messages if m.kind == "reply")
    deliver(sender="wife@mail.example", subject="Re:", text="Это жена", In_Reply_To=ours.message_id)
    stranger = next(m for m in one(database).messages if m.sender_address == "wife@mail.example")
    assert stranger.unconfirmed
    post(anna, f"{T}/messages/{stranger.public_id}/confirm", at=T)
    assert not next(m for m in one(database).messages if m.id == stranger.id).unconfirmed


def photo(colour: str = "#cde") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), colour).save(out, "JPEG")
    return out.getvalue()


def with_files() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["To"] = "petr@mail.example", "Файлы", "help@desk.example"
    mail.set_content("Смотрите файлы")
    mail.add_alternative('<p onclick="x()">Да<script>alert(1)</script><img src="cid:p1"><img src="http://evil.example/t.gif">'
                         '<form action="http://evil.example"><input name="a"></form><svg onload="alert(1)"></svg></p>', subtype="html")
    mail.get_payload()[1].add_related(photo(), "image", "jpeg", cid="<p1>", filename="внутри.jpg")  # type: ignore[union-attr,index]
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="чек\r\n.html")
    mail.add_attachment(b"\xff\xd8 broken", maintype="image", subtype="jpeg", filename="битое.jpg")
    return mail


def test_files_are_only_ever_downloaded_and_pictures_are_made_anew(
        anna: FlaskClient, app: Flask, database: Database, deliver: Callable[..., None]) -> None:
    deliver(with_files())
    with database.read() as session:
        files = {a.filename: a for a in session.scalars(select(Attachment))}
    page = next(a for name, a in files.items() if name.endswith(".html"))
    answer = anna.get(f"/files/{page.public_id}")
    assert answer.data == b"<script>alert(1)</script>"
    assert (answer.mimetype, answer.headers["Content-Disposition"][:10]) == ("application/octet-stream", "attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    thumb = anna.get(f"/files/{files['внутри.jpg'].public_id}/thumb.jpg")
    assert (thumb.mimetype, thumb.data != photo(), max(Image.open(io.BytesIO(thumb.data)).size)) == ("image/jpeg", True, 320)
    assert anna.get(f"/files/{files['битое.jpg'].public_id}/view.jpg").status_code == 415
    assert anna.get(f"/files/{'0' * 32}").status_code == 404
    assert app.test_client().get(f"/files/{page.public_id}").status_code == 302


@SQLITE
def test_the_html_of_a_letter_runs_nothing_and_calls_nobody(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(with_files())
    message = next(m for m in one(database).messages if m.direction == "in")
    assert "<script>alert" not in anna.get(T).text
    answer = anna.get(f"/messages/{message.public_id}/letter.html")
    for evil in ("<script", "onclick", "evil.example", "<form", "<svg", "onload"):
        assert evil not in answer.text
    assert "data:image/jpeg;base64," in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox")
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy


@SQLITE
def test_the_raw_letter_is_byte_for_byte_and_taking_it_is_on_record(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(with_files())
    message = next(m for m in one(database).messages if m.direction == "in")
    assert anna.get(f"/messages/{message.public_id}/mail.eml").data == with_files_bytes(database)
    with database.read() as session:
        assert session.scalars(select(Event.actor).where(Event.kind == "mail.downloaded")).one() == \
            f"user:{user(database, 'anna').id}"


def with_files_bytes(database: Database) -> bytes:
    with database.read() as session:
        raw = session.scalars(select(InboundMail.raw)).one()
        assert raw is not None
        return raw


@SQLITE
@pytest.mark.parametrize("evil", ['"><img src=x onerror=alert(1)>', "{{7*7}}${7*7}", "<svg/onload=alert(1)>"])
def test_what_a_stranger_writes_is_text_everywhere(anna: FlaskClient, deliver: Callable[..., None], evil: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = f'"{evil[:20].replace(chr(34), "")}" <a@mail.example>', evil
    mail.set_content(f"{evil}\n")
    mail.add_attachment(b"x", maintype="text", subtype="plain", filename=f"{evil}.txt")
    deliver(mail)
    for path in ("/", T, "/?q=alert", "/held"):
        page = anna.get(path).text
        assert "<img src=x" not in page
        assert "<svg/onload" not in page
        assert ">49<" not in page


def test_held_mail_is_shown_processed_again_made_a_ticket_and_dismissed(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    for number in range(3):
        deliver(b"\x00\x01 nothing of a mail \x1b[2J %d" % number)
    with database.read() as session:
        first, second, third = session.scalars(select(InboundMail.public_id).order_by(InboundMail.id))
    assert "3" in anna.get("/").text.partition("/held")[2][:300]
    assert "\\x1b[2J" in anna.get(f"/held/{first}").text
    post(anna, f"/held/{first}/again", at="/held")
    assert post(anna, f"/held/{second}/ticket", at=f"/held/{second}").location == T
    assert "flash-error" in anna.get(post(anna, f"/held/{third}/dismiss", at=f"/held/{third}", reason=" ").location).text
    post(anna, f"/held/{third}/dismiss", at=f"/held/{third}", reason="спам")
    with database.read() as session:
        assert [r.state for r in session.scalars(select(InboundMail).order_by(InboundMail.id))] == [
            "received", "done", "ignored"]
    assert anna.get(f"/held/{first}/mail.eml").data.startswith(b"\x00\x01 nothing")


def test_alerts_are_seen_and_acknowledged_on_the_page_and_by_the_letters_link(
        anna: FlaskClient, app: Flask, database: Database, deliver: Callable[..., None]) -> None:
    from desk import alerts

    deliver()
    post(anna, f"{T}/take", at=T)
    with database.write() as session:
        session.execute(update(Alert).values(state="sent"))
        alert = session.scalars(select(Alert).where(Alert.user_id == user(database, "anna").id)).first()
        assert alert is not None
        token = alerts.link_token(app.extensions["desk"].conf, alert)
    assert "№ 1001" in anna.get("/alerts").text
    stranger = app.test_client()
    assert stranger.get("/alerts/1.aaaa").status_code == 404
    assert "1001" in stranger.get(f"/alerts/{token}").text
    with database.read() as session:
        assert session.get_one(Alert, alert.id).state == "sent"  # opening it changes nothing
    assert post(stranger, f"/alerts/link/{token}", at=f"/alerts/{token}").status_code == 200
    with database.read() as session:
        assert session.get_one(Alert, alert.id).state == "acknowledged"
    post(anna, "/alerts/all", at="/")
    assert "№ 1001" not in anna.get("/alerts").text


def test_the_ticket_page_costs_the_same_however_long_the_conversation(
        anna: FlaskClient, app: Flask, database: Database, deliver: Callable[..., None]) -> None:
    deliver()
    reader = app.extensions["desk"].database.reader

    def queries(path: str) -> int:
        seen: list[str] = []

        def count(*arguments: object) -> None:
            seen.append(str(arguments[2]))
        anna.get(path)
        event.listen(reader, "before_cursor_execute", count)
        anna.get(path)
        event.remove(reader, "before_cursor_execute", count)
        return len(seen)

    deliver(with_files())
    deliver(subject="Re: [#1001]", text="ещё")
    few = {path: queries(path) for path in (T, "/")}
    for number in range(7):
        deliver(with_files(), hours_ago=number)
        deliver(subject="Re: [#1001]", text=f"ещё {number}", hours_ago=number)
    assert len([m for m in one(database).messages if m.direction == "in"]) == 9
    assert {path: queries(path) for path in (T, "/")} == few
    assert max(few.values()) <= 25


@SQLITE
def test_the_language_is_the_persons_choice(anna: FlaskClient, app: Flask, database: Database) -> None:
    assert 'lang="en"' in anna.get("/", headers={"Accept-Language": "en"}).text
    assert 'lang="ru"' in anna.get("/", headers={"Accept-Language": "de"}).text
    post(anna, "/language/ru", at="/", next="/alerts")
    assert 'lang="ru"' in anna.get("/", headers={"Accept-Language": "en"}).text
    assert user(database, "anna").language == "ru"
    stranger = app.test_client()
    post(stranger, "/language/en", at="/sign-in", next="/sign-in")
    assert 'lang="en"' in stranger.get("/sign-in", headers={"Accept-Language": "ru"}).text


@SQLITE
def test_users_are_added_with_a_link_and_the_last_admin_stays(anna: FlaskClient, database: Database) -> None:
    answer = post(anna, "/users", at="/users", name="Вера", email="Vera@Desk.example", role="lead")
    assert "/sign-in/" in answer.text
    assert user(database, "vera").role == "lead"
    for form in ({"name": "В", "email": "vera@desk.example"}, {"name": "", "email": "x@desk.example"},
                 {"name": "Г", "email": "не адрес"}, {"name": "Г", "email": "y@desk.example", "role": "king"}):
        assert "flash-error" in post(anna, "/users", at="/users", **form).text
    assert post(anna, f"/users/{user(database, 'anna').id}", at="/users", name="Анна", role="lead", active="1").status_code == 400
    assert user(database, "anna").role == "admin"


@SQLITE
def test_the_clock_that_is_silent_is_said_on_every_page(anna: FlaskClient, app: Flask, database: Database) -> None:
    from desk import leases

    with database.write() as session:
        leases.beat(session, "clock", now=db.now() - timedelta(minutes=5))
    app.extensions.pop("desk.banner", None)
    assert 'class="banner"' in anna.get("/").text
    assert "chip-late" in anna.get("/health").text
    with database.write() as session:
        leases.beat(session, "clock", now=db.now())
    app.extensions.pop("desk.banner", None)
    assert 'class="banner"' not in anna.get("/").text


def test_two_people_at_once_get_a_page_that_keeps_the_text(
        anna: FlaskClient, database: Database, deliver: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.orm.exc import StaleDataError

    from desk import tickets

    deliver()

    def collide(*_: object, **__: object) -> None:
        raise StaleDataError("changed")
    monkeypatch.setattr(tickets, "note", collide)
    answer = post(anna, f"{T}/note", at=T, text="мой текст")
    assert (answer.status_code, "мой текст" in answer.text) == (409, True)



@SQLITE
def test_many_other_tickets_of_one_person_are_folded_and_a_rejected_number_brings_none_together(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(sender="first@mail.example")
    deliver(sender="second@mail.example")
    assert "/tickets/1001" in anna.get("/tickets/1002").text
    fact = next(f for f in one(database).facts if f.kind == "order_number")
    post(anna, f"{T}/facts/{fact.id}", at=T, verdict="rejected")
    assert 'class="related"' not in anna.get("/tickets/1002").text
    for number in range(5):
        deliver(sender="second@mail.example", subject=f"Новое дело {number}", text="О другом")
    shown = anna.get("/tickets/1002").text.partition('class="related"')[2].partition("</section>")[0]
    assert (shown.count("<form"), shown.partition("<details>")[0].count("<form")) == (5, 3)
