"""Steps as their pages do them: both claims at once, papers, evidence, proof."""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from email.message import EmailMessage

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from desk import bundles, db, directory, escalation, letterbook, outbox, outcomes, status
from desk.db import Database
from desk.models import Attachment, Authority, Bundle, Event, Letter, Message, Outbox, Outcome, Step, Ticket
from desk.settings import Settings
from desk.web import handover

from .conftest import post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CLAIM = "/tickets/1001/steps/new/claim_seller"
TYPED = {"fact-addressee_name": "ООО «Ромашка»", "fact-consumer_name": "Пётр Кузнецов", "fact-consumer_address": "Москва",
         "fact-consumer_phone": "+79161234567", "fact-consumer_email": "petr@mail.example", "fact-order_date": "1 мая 2026 г.",
         "fact-marketplace": "Ozon", "fact-product": "телефон", "fact-order_number": "18044876-0131", "fact-price": "24 990",
         "fact-problem": "Экран разбит.", "fact-bank_details": "счёт 1", "channel": "post", "reason": "поддержка отказала"}


@pytest.fixture
def ticket(deliver: Callable[..., None], database: Database) -> Iterator[Ticket]:
    letter = EmailMessage()
    letter["From"], letter["Subject"], letter["To"] = "Пётр <petr@mail.example>", "Разбитый телефон", "help@desk.example"
    letter.set_content("Ozon, заказ 18044876-0131 разбит, верните деньги")
    letter.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="доверенность.pdf")
    deliver(letter)
    with database.read() as session:
        yield session.scalars(select(Ticket)).one()


def steps(database: Database) -> list[Step]:
    with database.read() as session:
        return list(session.scalars(select(Step).order_by(Step.id)))


def give_papers(anna: FlaskClient, **more: object) -> None:
    answer = post(anna, "/tickets/1001/papers", at="/tickets/1001/papers", kind=["consent", "power"], given_on="2026-01-01",
                  note="папка 7", **more)
    assert answer.status_code == 302


def test_without_papers_a_claim_is_blocked_with_what_is_lacking(ticket: Ticket, anna: FlaskClient, database: Database) -> None:
    answer = post(anna, CLAIM, at=CLAIM, go="freeze", **TYPED)
    assert answer.status_code == 400
    assert "согласие на обработку персональных данных" in answer.text
    assert steps(database) == []
    give_papers(anna)
    assert post(anna, CLAIM, at=CLAIM, go="freeze", **TYPED).status_code == 302
    assert [(s.key, s.by_consumer) for s in steps(database)] == [("claim_seller", False)]


@SQLITE
@pytest.mark.parametrize(("paper", "covers"), [
    ({"expires_on": "2026-02-01"}, False), ({"scope": ["bank"]}, False), ({"scope": ["claim_seller", "bank"]}, True),
    ({"expires_on": "2126-02-01"}, True)])
def test_a_paper_covers_its_scope_until_its_day(ticket: Ticket, anna: FlaskClient, paper: dict[str, object], covers: bool) -> None:
    give_papers(anna, **paper)
    assert (post(anna, CLAIM, at=CLAIM, go="freeze", **TYPED).status_code == 302) is covers


@SQLITE
def test_a_paper_is_taken_back_and_the_consumer_may_send_it_himself(ticket: Ticket, anna: FlaskClient, database: Database) -> None:
    give_papers(anna)
    with database.read() as session:
        papers = session.scalars(select(Authority)).all()
    for paper in papers:
        post(anna, f"/tickets/1001/papers/{paper.id}/revoke", at="/tickets/1001/papers")
    assert post(anna, CLAIM, at=CLAIM, go="freeze", **TYPED).status_code == 400
    assert post(anna, CLAIM, at=CLAIM, go="freeze", by_consumer="on", **TYPED).status_code == 302
    assert steps(database)[0].by_consumer


@SQLITE
def test_the_request_for_papers_is_one_click_and_goes_once(ticket: Ticket, anna: FlaskClient, database: Database) -> None:
    for _ in range(2):
        post(anna, "/tickets/1001/papers/ask/claim_seller", at="/tickets/1001/papers?step=claim_seller")
    with database.read() as session:
        replies = session.scalars(select(Outbox).where(Outbox.kind == "reply")).all()
    assert len(replies) == 1


@SQLITE
@pytest.mark.parametrize("form", [
    {"kind": [], "given_on": "2026-01-01", "note": "x"}, {"kind": ["power"], "given_on": "2026-01-01"},
    {"kind": ["power"], "given_on": "2026-01-02", "expires_on": "2026-01-01", "note": "x"}, {"kind": ["power"], "given_on": "?"},
    {"kind": ["power"], "given_on": "2026-01-01", "file": "0" * 32}, {"kind": ["x"], "given_on": "2026-01-01", "note": "x"}])
def test_a_paper_that_says_nothing_is_not_recorded(ticket: Ticket, anna: FlaskClient, database: Database,
                                                   form: dict[str, object]) -> None:
    post(anna, "/tickets/1001/papers", at="/tickets/1001/papers", **form)
    with database.read() as session:
        assert session.scalars(select(Authority)).all() == []


def test_one_form_writes_to_seller_and_marketplace_and_leads_from_one_to_the_other(
        ticket: Ticket, anna: FlaskClient, database: Database, conf: Settings) -> None:
    give_papers(anna, file=_file(database).public_id)
    answer = post(anna, CLAIM, at=CLAIM, go="freeze", together="on", annex=_file(database).public_id, **TYPED)
    seller, marketplace = steps(database)
    assert (seller.key, marketplace.key) == ("claim_seller", "claim_marketplace")
    assert answer.location.endswith(seller.public_id)
    with database.read() as session:
        both = [session.get_one(Step, s.id).letter for s in (seller, marketplace)]
        assert [("Ромашка" in one.text, "Интернет Решения" in one.text) for one in both if one] == [(True, False), (False, True)]
        assert all(one and one.annexes == [_file(database).public_id] and "доверенность.pdf" in one.text for one in both)
    page = f"/tickets/1001/steps/{seller.public_id}"
    answer = post(anna, f"{page}/sent", at=page, sent_on="2026-05-12", number="80080782401239", proven_on="2026-05-12")
    assert answer.location.endswith(marketplace.public_id)
    page = f"/tickets/1001/steps/{marketplace.public_id}"
    answer = post(anna, f"{page}/sent", at=page, sent_on="2026-05-12", number="80080782401239")
    assert answer.location.endswith("/tickets/1001")
    assert [s.state for s in steps(database)] == ["sent", "sent"]


def test_a_claim_by_mail_is_sent_when_its_letter_has_left(ticket: Ticket, anna: FlaskClient, database: Database,
                                                          conf: Settings) -> None:
    give_papers(anna)
    post(anna, CLAIM, at=CLAIM, go="freeze", **{**TYPED, "channel": "email"})
    page = f"/tickets/1001/steps/{steps(database)[0].public_id}"
    post(anna, f"{page}/mail", at=page, to="pretenzii@shop.example")
    with database.write() as session:
        assert status.settle(session, conf, now=db.now()) == 0
        letter = session.scalars(select(Outbox).where(Outbox.kind == "letter")).one()
        assert outbox.undo(session, letter, actor="t", now=db.now())
    post(anna, f"{page}/mail", at=page, to="pretenzii@shop.example")  # taken back, it goes again
    with database.write() as session:
        letter = session.scalars(select(Outbox).where(Outbox.kind == "letter", Outbox.state == "pending")).one()
        letter.state, letter.sent_at = "sent", db.now()
        session.flush()
        assert status.settle(session, conf, now=db.now()) == 1
        assert status.settle(session, conf, now=db.now()) == 0
        step = session.scalars(select(Step)).one()
        assert (step.state, step.proven_on) == ("sent", None)
        ticket = session.get_one(Ticket, step.ticket_id)
        assert [d.proof for d in ticket.deadlines if d.rule == "zpp22_money"] == [""]  # estimated until proven


def test_the_evidence_is_asked_for_watched_and_taken(ticket: Ticket, anna: FlaskClient, database: Database,
                                                     conf: Settings) -> None:
    at = "/tickets/1001/evidence"
    bad = post(anna, at, at=at, **{f"boxes-{_file(database).public_id}": "1 2 3"})
    assert (bad.status_code, "пять чисел" in bad.text) == (400, True)
    post(anna, at, at=at, out=_file(database).public_id)
    with database.read() as session:
        bundle = session.scalars(select(Bundle)).one()
    assert anna.get(f"{at}/{bundle.public_id}/state").text == "waiting 0 1"
    assert anna.get(f"{at}/{bundle.public_id}/evidence.zip").status_code == 404
    maker = bundles.Maker(database, conf, now_fn=db.now)
    maker.run()
    maker.close()
    taken = anna.get(f"{at}/{bundle.public_id}/evidence.zip")
    names = zipfile.ZipFile(io.BytesIO(taken.data)).namelist()
    assert "manifest.sha256" in names
    assert not any(name.startswith("originals") for name in names)
    assert anna.get(f"{at}/{bundle.public_id}/evidence.pdf").data.startswith(b"%PDF")
    assert anna.get(f"/tickets/1001/evidence/{'0' * 32}/evidence.pdf").status_code == 404
    with database.read() as session:
        kinds = [e.kind for e in session.scalars(select(Event)) if e.kind.startswith("bundle.")]
    assert kinds == ["bundle.ordered", "bundle.made", "bundle.taken", "bundle.taken"]
    assert bundle.as_of <= date.today()  # noqa: DTZ011 - only that it is no day of the future


def _file(database: Database) -> Attachment:
    with database.read() as session:
        return session.scalars(select(Attachment)).one()


@SQLITE
def test_a_portal_gets_each_field_numbered_files_and_the_text(ticket: Ticket, anna: FlaskClient, database: Database) -> None:
    give_papers(anna)
    post(anna, CLAIM, at=CLAIM, go="freeze", annex=_file(database).public_id, **{**TYPED, "channel": "form"})
    page = f"/tickets/1001/steps/{steps(database)[0].public_id}"
    shown = anna.get(page).text
    assert 'data-copy="c-order_number"' in shown
    assert 'data-copy="c-bank_details"' in shown
    names = zipfile.ZipFile(io.BytesIO(anna.get(f"{page}/files.zip").data)).namelist()
    assert names == ["01-Претензия: возврат денег за товар с недостатком.pdf", "02-доверенность.pdf"]
    assert anna.get(f"{page}/inventory.pdf").status_code == 404


def test_limits_of_a_portal_cut_the_text_and_mark_files() -> None:
    body = directory.Body(key="x", kind="fas", title_ru="x", title_en="x", text_limit=5, file_limit_mb=1, file_types=("pdf",))
    letter = Letter(text="1234567", facts={"a": "1"})
    assert handover.text(letter, body) == ("12345", 2)
    assert handover.text(letter, None) == ("1234567", 0)
    assert handover._fault("a.pdf", 5, body) == ""
    assert handover._fault("a.pdf", 2 << 20, body) == "too_large"
    assert handover._fault("a.docx", 5, body) == "wrong_type"
    assert [handover.answers_nowhere(a) for a in ("a@gmail.com", "a@mail.ru", "a@почта.рф", "")] == [True, False, False, False]


@SQLITE
def test_the_post_gets_its_papers_and_a_wrong_tracking_number_is_refused(ticket: Ticket, anna: FlaskClient,
                                                                         database: Database) -> None:
    give_papers(anna)
    post(anna, CLAIM, at=CLAIM, go="freeze", annex=_file(database).public_id, **TYPED)
    page = f"/tickets/1001/steps/{steps(database)[0].public_id}"
    inventory, envelope = (_text(anna.get(f"{page}/{name}.pdf").data) for name in ("inventory", "envelope"))
    assert inventory.count("форма 107") >= 2
    assert inventory.count("доверенность.pdf") == 2
    for words in ("Пётр Кузнецов", "Москва", "ООО «Ромашка»"):
        assert words in envelope
    post(anna, f"{page}/sent", at=page, sent_on="2026-05-12", number="80080782401238")
    assert "онтрольная цифра" in anna.get(page).text
    assert steps(database)[0].state == "prepared"
    post(anna, f"{page}/sent", at=page, sent_on="2026-05-12", number="800807 82 40123 9")
    assert steps(database)[0].state == "sent"


def _text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text


def test_the_consumers_link_shows_a_page_and_only_the_button_decides(ticket: Ticket, anna: FlaskClient, app: Flask,
                                                                     database: Database, conf: Settings) -> None:
    post(anna, "/tickets/1001/outcome", at="/tickets/1001/money")
    with database.read() as session:
        row = session.scalars(select(Outcome)).one()
    path = outcomes.link(conf, row).removeprefix(conf.desk.base_url)
    stranger = app.test_client()
    assert stranger.get(f"{path}?answer=solved").status_code == 200
    with database.read() as session:
        assert session.scalars(select(Outcome.answer)).one() == ""
    assert stranger.get("/outcome/x.y").status_code == 404
    assert post(stranger, path, at=path, answer="perhaps").status_code == 404
    assert post(stranger, path, at=path, answer="not_solved").status_code == 200
    with database.read() as session:
        assert session.scalars(select(Outcome.answer)).one() == "not_solved"


@SQLITE
def test_money_is_recorded_struck_out_and_shown_by_month(ticket: Ticket, anna: FlaskClient) -> None:
    at = "/tickets/1001/money"
    post(anna, at, at=at, kind="paid", amount="много", on="2026-05-12")
    post(anna, at, at=at, kind="paid", amount="24 990,50", on="2026-05-12", note="перевод")
    page = anna.get(at).text.replace("\u00a0", " ")
    assert "24 990,50 ₽" in page
    assert "24 990,50" in anna.get("/recovered").text.replace("\u00a0", " ")
    post(anna, f"{at}/1/strike", at=at)
    assert "24 990,50" not in anna.get("/recovered").text.replace("\u00a0", " ")


@SQLITE
def test_a_step_that_is_recorded_tells_the_consumer(ticket: Ticket, anna: FlaskClient, database: Database) -> None:
    give_papers(anna)
    post(anna, CLAIM, at=CLAIM, go="freeze", **TYPED)
    page = f"/tickets/1001/steps/{steps(database)[0].public_id}"
    post(anna, f"{page}/sent", at=page, sent_on="2026-05-12", number="80080782401239", tell="on")
    with database.read() as session:
        told = session.scalars(select(Message.text).where(Message.kind == "reply")).one()
    assert "Претензия продавцу: ООО «Ромашка»" in told


@SQLITE
def test_a_letters_text_is_tried_on_a_ticket_before_it_is_used(ticket: Ticket, anna: FlaskClient, database: Database) -> None:
    at = "/letters/request_documents"
    text = letterbook.text_of("request_documents").replace("Что ещё нужно", "Чего не хватает")
    tried = post(anna, at, at=at, text=text, ticket="1001", go="show")
    assert "Чего не хватает по вашему обращению № 1001" in tried.text.replace("\u00a0", " ")
    with database.read() as session:
        assert letterbook.versions(session, "request_documents") == []
    assert post(anna, at, at=at, text=text + "\n{{evil}}\n", go="save").status_code == 400
    assert post(anna, at, at=at, text=text, go="save").status_code == 302
    shown = anna.get("/tickets/1001/steps/new/check").text.replace("\u00a0", " ")
    assert "Чего не хватает по вашему обращению" in shown


@SQLITE
def test_a_contact_is_looked_at_on_the_directorys_page(ticket: Ticket, anna: FlaskClient) -> None:
    post(anna, "/directory", at="/directory", body="ozon", channel="email", value="help@ozon.ru", status="confirmed",
         source="ozon.ru, раздел «Контакты»")
    page = anna.get("/directory").text
    assert "раздел «Контакты»" in page
    assert "support@ozon.ru" in page


@SQLITE
@pytest.mark.parametrize("key", escalation.known_ladder().steps)
def test_every_rung_is_offered_on_the_ticket_and_its_page_opens(ticket: Ticket, anna: FlaskClient, key: str) -> None:
    assert f'href="/tickets/1001/steps/new/{key}"' in anna.get("/tickets/1001").text
    assert anna.get(f"/tickets/1001/steps/new/{key}").status_code == 200


@SQLITE
def test_every_contact_is_on_the_directorys_page(ticket: Ticket, anna: FlaskClient) -> None:
    page = html.unescape(anna.get("/directory").text)
    for body in escalation.known_bodies().values():
        for contact in body.contacts:
            assert contact.value in page
            assert contact.source in page
