"""From a complaint to a claim, and from a claim nobody answered to the regulator: how many clicks, how many seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from desk import authority, db, demo_time, inbox, tickets
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Deadline, Letter, Mailbox, Message, Step, Ticket, User
from desk.settings import Settings

from . import story

pytestmark = pytest.mark.slow
TEXT = ("Здравствуйте! 10 ноября купила на Озоне смартфон за 24 990 руб., заказ 31415926-0535. Через неделю он перестал "
        "включаться. Поддержка закрыла обращение. Прошу вернуть деньги. Фото и чек приложены.\n\nОльга Белова\n+7 916 123-45-67")


class Clicks:
    """A page that counts what a person does with the mouse: a click, or going into a field."""

    def __init__(self, page: Page) -> None:
        self.page, self.count, self.started = page, 0, time.monotonic()

    def click(self, selector: str) -> None:
        self.page.click(selector)
        self.count += 1

    def type(self, selector: str, text: str) -> None:
        self.click(selector)
        self.page.fill(selector, text)


@pytest.fixture
def number(sqlite: Database, conf: Settings) -> int:
    """A complaint about a phone that came today; its facts are confirmed, its papers are there."""
    raw = story._mail("Ольга Белова", "olga@yandex.example", "Смартфон не включается", TEXT,
                      ("телефон.jpg", "image", "jpeg", story._photo("#3b4a50")),
                      ("чек.jpg", "image", "jpeg", story._photo("#f4f1e8")))
    with sqlite.write() as session:
        box = session.scalars(select(Mailbox)).one()
        inbox.accept(session, box, uid=box.last_uid + 1, raw=raw, size=len(raw), historic=False, truncated=False,
                     arrived_at=db.now(), blobs=Blobs(conf.blobs_path), now=db.now())
    drain = inbox.Drain(sqlite, conf, now_fn=db.now)
    drain.run()
    drain.close()
    with sqlite.write() as session:
        message = session.scalars(select(Message).where(Message.sender_address == "olga@yandex.example")).one()
        ticket, anna = message.ticket, session.scalars(select(User).where(User.email == "anna@desk.example")).one()
        for fact in ticket.facts:
            tickets.decide_fact(session, ticket, fact, verdict="confirmed", user=anna, now=db.now())
        authority.record(session, ticket, kinds=["consent", "power"], scope=[], given_on=db.now().date(), expires_on=None,
                         file="", note="папка 7", author=anna, now=db.now())
        return ticket.number


@pytest.fixture
def skip_days(sqlite: Database, conf: Settings) -> Iterator[Callable[[int], None]]:
    toml = conf.home / "desk.toml"
    toml.write_text(f"{demo_time.MARK}\n{toml.read_text()}")
    demo_time.follow(conf.home)
    yield lambda days: (demo_time.move(sqlite, conf, timedelta(days=days)), None)[1]
    db.run_ahead(timedelta)


def test_a_claim_to_both_and_ten_days_later_the_regulator(
        visit: Callable[..., Page], number: int, sqlite: Database, skip_days: Callable[[int], None]) -> None:
    page = visit("/?view=all")
    hand = Clicks(page)
    hand.click("text=Смартфон не включается")
    hand.click("#steps a:has-text('Претензия продавцу')")
    expect(page.locator("#together")).to_be_checked()
    hand.type("#reason", "поддержка уже отказала")
    hand.type("#f-consumer_address", "Москва, ул. Лесная, 7, кв. 2")
    hand.type("#f-product", "смартфон")
    hand.type("#f-bank_details", "Банк, БИК 044525000, счёт 40817810000000000001")
    for name, value in {"addressee_name": "ООО «Гаджет Плюс»", "order_date": "10 ноября 2026 г."}.items():
        if not page.input_value(f"#f-{name}"):
            hand.type(f"#f-{name}", value)
    hand.click("button[value=freeze]")
    for whom in ("Претензия продавцу", "Претензия площадке"):
        expect(page.locator("h1")).to_contain_text(whom)
        page.fill("#number", "80080782401239")
        page.fill("#proven-on", today().isoformat())
        hand.click("form[action$='/sent'] button")
    expect(page).to_have_url(f"{page.url.partition('/tickets')[0]}/tickets/{number}")
    seconds = time.monotonic() - hand.started
    assert hand.count < 12, hand.count
    assert seconds < 120
    print(f"claim to both: {hand.count} clicks, {seconds:.1f} s without the typing of a person")
    skip_days((claim_due(sqlite) - today()).days + 1)  # eleven, or more when the tenth is a day off
    page.goto("/?view=overdue")
    page.click("text=Смартфон не включается")
    hand = Clicks(page)
    hand.click("#steps a.btn-primary:has-text('Роспотребнадзор')")
    expect(page.locator(".letter-preview")).to_contain_text("неустойка", ignore_case=True)
    expect(page.locator("label", has_text="Претензия: возврат денег за товар с недостатком от")).to_have_count(2)
    hand.click("button[value=freeze]")
    page.fill("#number", "2026-123456")
    hand.click("form[action$='/sent'] button")
    expect(page.locator(".step-sent", has_text="Роспотребнадзор")).to_be_visible()
    assert hand.count == 3
    _the_packet(sqlite, number)


def today() -> date:
    return db.now().astimezone(ZoneInfo("Europe/Moscow")).date()


def claim_due(database: Database) -> date:
    with database.read() as session:
        return max(session.scalars(select(Deadline.due).where(Deadline.rule == "zpp22_money", Deadline.state == "running")))


def _the_packet(sqlite: Database, number: int) -> None:
    with sqlite.read() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        steps = session.scalars(select(Step).where(Step.ticket_id == ticket.id).order_by(Step.id)).all()
        assert [(s.key, s.state) for s in steps] == [
            ("claim_seller", "sent"), ("claim_marketplace", "sent"), ("rospotrebnadzor", "sent")]
        complaint = steps[2].letter
        assert complaint is not None
        claims = {s.letter.public_id for s in steps[:2] if s.letter}
        assert claims < set(complaint.annexes)
        assert "249,90" in complaint.text.replace("\u00a0", " ") or "249 руб. 90" in complaint.text.replace("\u00a0", " ")
        assert {d.rule for d in ticket.deadlines} >= {"zpp22_money", "fz59_reply_30"}
        seller, marketplace = (session.get_one(Letter, s.letter_id) for s in steps[:2])
        assert "Гаджет Плюс" in seller.text
        assert "Интернет Решения" in marketplace.text


def test_without_papers_the_consumer_is_asked_in_one_click_or_sends_it_himself(
        visit: Callable[..., Page], sqlite: Database) -> None:
    page = visit("/tickets/1001/steps/new/claim_seller")
    expect(page.locator(".missing")).to_contain_text("Не хватает")
    page.click("text=Запросить или записать")
    page.click("button:has-text('Запросить у потребителя')")
    expect(page.locator(".message-out").last).to_contain_text("доверенность")
    page.goto("/tickets/1001/papers")
    page.check("#kind-power")
    page.fill("#paper-note", "нотариальная, папка 7")
    page.click("button:has-text('Записать')")
    expect(page.locator(".paper-line")).to_contain_text("доверенность")
