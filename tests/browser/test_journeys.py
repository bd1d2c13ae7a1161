"""What an advocate does in a day, in Chromium, in Russian; with JavaScript and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from desk import db, outbox
from desk.db import Database
from desk.models import InboundMail, Outbox, Ticket
from desk.settings import Settings

from ..servers import SmtpSink
from . import story

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "plain"])


def ticket(database: Database, number: int = 1001) -> Ticket:
    with database.read() as session:
        return session.scalars(select(Ticket).where(Ticket.number == number)).one()


@SCRIPTS
def test_signing_in_and_out(visit: Visit, scripts: bool) -> None:
    page = visit("/tickets/1001", as_whom="", java_script_enabled=scripts)
    expect(page).to_have_url(re.compile("/sign-in"))
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.fill("#email", "boris@desk.example")
    page.fill("#password", story.PASSWORD)
    page.click("button.btn-primary")
    expect(page.locator("h1")).to_contain_text("Разбитый телефон")  # back where one wanted to go
    page.click("summary:has(.avatar) >> nth=0")
    page.click("form[action='/sign-out'] button")
    page.goto("/")
    expect(page.locator("#password")).to_be_visible()


@SCRIPTS
def test_a_letter_is_answered_and_leaves(visit: Visit, sqlite: Database, conf: Settings, smtp_sink: SmtpSink,
                                         scripts: bool) -> None:
    page = visit("/?view=all", java_script_enabled=scripts)
    page.click("text=Разбитый телефон")
    page.fill("#reply-text", "Здравствуйте, Пётр!\nМы займёмся вашим делом.")
    page.click(".tab-reply .btn-primary")
    message = page.locator(".message-out", has_text="Мы займёмся вашим делом")
    expect(message.locator("button")).to_be_visible()  # it can be taken back
    with sqlite.write() as session:
        session.execute(update(Outbox).where(Outbox.kind == "reply").values(try_after=db.now()))
    smtp = conf.smtp.model_copy(update={"port": smtp_sink.port})
    outbox.drain(sqlite, conf.model_copy(update={"smtp": smtp}), now_fn=db.now)
    page.goto("/tickets/1001")
    expect(page.locator(".message-out", has_text="Мы займёмся вашим делом").locator(".chip-calm")).to_be_visible()
    assert "petr@yandex.example" in [r for letter in smtp_sink.letters for r in letter.recipients]


def test_the_whole_journey_in_russian_words(visit: Visit) -> None:
    """As an advocate reads it: every step by the words on the screen."""
    page = visit("/sign-in", as_whom="")
    page.get_by_label("Электронная почта").fill("boris@desk.example")
    page.get_by_label("Пароль").fill(story.PASSWORD)
    page.get_by_role("button", name="Войти").click()
    page.get_by_role("link", name="Все открытые").click()
    page.get_by_role("link", name="Не пришла посылка").click()
    page.get_by_label("Текст ответа").fill("Здравствуйте, Ксения! Пришлите, пожалуйста, номер заказа.")
    page.get_by_role("button", name="Отправить").click()
    expect(page.get_by_text("уйдёт через")).to_be_visible()
    page.get_by_role("button", name="Вернуть").click()
    expect(page.get_by_text("Ответ возвращён. Его текст внизу: продолжайте писать.")).to_be_visible()
    page.get_by_text("Заметка", exact=True).click()
    page.get_by_label("Текст заметки").fill("Ждём номер заказа")
    page.get_by_role("button", name="Сохранить заметку").click()
    page.get_by_text("Начать срок").click()
    page.get_by_label("Какой", exact=True).select_option("zpp23_1_refund_10")
    page.get_by_role("button", name="Начать", exact=True).click()
    expect(page.get_by_text("Срок начат: до")).to_be_visible()
    page.get_by_text("Закрыть обращение").click()
    page.get_by_label("Чем закончилось?").fill("деньги вернули")
    page.get_by_role("button", name="Закрыть", exact=True).click()
    expect(page.get_by_role("button", name="Открыть снова")).to_be_visible()
    english = page.locator("main").inner_text()
    assert not {"Deadlines", "Reply", "Facts", "History", "Save", "Close"} & set(english.split())


@SCRIPTS
def test_a_reply_is_taken_back_and_written_on(visit: Visit, sqlite: Database, scripts: bool) -> None:
    page = visit("/tickets/1001", java_script_enabled=scripts)
    page.fill("#reply-text", "Не то письмо")
    page.click(".tab-reply .btn-primary")
    page.locator(".message-out", has_text="Не то письмо").locator("form[action$='/undo'] button").click()
    expect(page.locator("#reply-text")).to_have_value("Не то письмо")
    expect(page.locator(".message.is-cancelled")).to_have_count(1)
    assert ticket(sqlite).state == "open"


@SCRIPTS
def test_note_assignee_stage_deadline_close_and_reopen(visit: Visit, sqlite: Database, scripts: bool) -> None:
    page = visit("/tickets/1002", java_script_enabled=scripts)
    page.click("label[for=tab-note]")
    page.fill("#note-text", "Проверить статус")
    page.click(".tab-note button")
    expect(page.locator(".message-note")).to_contain_text("Проверить статус")

    def choose(select_id: str, **option: str) -> None:
        page.select_option(select_id, **option)  # type: ignore[arg-type]
        if not scripts:
            page.locator(f"form:has({select_id}) button").click()

    choose("#assignee", label="Лидия Орлова")
    expect(page.locator("#assignee option:checked")).to_have_text("Лидия Орлова")
    choose("#stage", value="claim")
    expect(page.locator("#stage")).to_have_value("claim")
    page.click("#deadlines summary.btn")
    page.select_option("#rule", "zpp22_money")
    page.fill("#proof", "уведомление 1")
    page.click("#deadlines details[open] .btn-primary")
    expect(page.locator(".flash")).to_be_visible()
    started = page.locator(".deadline", has_text="уведомление 1")
    started.locator("summary").first.click()
    started.locator("button").first.click()
    expect(page.locator(".deadline", has_text="уведомление 1")).to_have_count(0)
    page.locator("summary", has_text="Закрыть обращение").click()
    page.fill("#close-reason", "деньги вернули")
    page.click("form[action$='/close'] button")
    page.click("form[action$='/reopen'] button")
    expect(page.locator("form[action$='/close']")).to_have_count(1)
    assert ticket(sqlite, 1002).stage == "claim"


def test_the_letter_of_an_attacker_runs_nothing_and_calls_nobody(visit: Visit) -> None:
    page = visit("/tickets/1004")
    page.click(".as-html summary")
    frame = page.frame_locator(".as-html iframe")
    expect(frame.locator("body")).to_contain_text("43356677-1677")
    assert frame.locator("script, form, input, svg, iframe, img, [onerror]").count() == 0
    expect(frame.locator("a")).to_have_count(1)
    expect(frame.locator("body")).to_contain_text("evil.example")  # the real host of the lying link
    assert "взломано" not in page.title()


@SCRIPTS
def test_a_held_mail_is_looked_at_and_processed_again(visit: Visit, sqlite: Database, scripts: bool) -> None:
    page = visit("/", java_script_enabled=scripts)
    page.click(".side-link.is-held")
    page.click("main a >> nth=0")
    expect(page.locator("pre.source")).to_contain_text("this is no letter at all")
    page.click("form[action$='/again'] button")
    expect(page.locator(".flash")).to_be_visible()
    with sqlite.read() as session:
        assert session.scalars(select(InboundMail.state).order_by(InboundMail.id.desc())).first() == "received"


@SCRIPTS
def test_a_claim_is_written_frozen_and_sent(visit: Visit, sqlite: Database, scripts: bool) -> None:
    page = visit("/tickets/1001/steps/new/claim_seller", java_script_enabled=scripts)
    page.fill("#reason", "поддержка отказала")
    page.get_by_label("Потребитель подпишет и отправит сам").check()  # the desk has no paper of theirs
    page.get_by_label("Претензия площадке").uncheck()
    for name, value in (("addressee_name", "ООО «Ромашка»"), ("consumer_address", "101000, Москва, а/я 1"),
                        ("order_date", "1 ноября 2026 г."), ("product", "телефон"), ("bank_details", "р/с 1")):
        page.fill(f"#f-{name}", value)
    page.locator("button[value=show]").last.click()
    expect(page.locator(".letter-text")).to_contain_text("ПРЕТЕНЗИЯ")
    page.click("button[value=freeze]")
    expect(page.locator(".letter-preview")).to_contain_text("24 990 руб.")
    with page.expect_download() as download:
        page.click("a[href$='letter.pdf']")
    assert download.value.suggested_filename.endswith(".pdf")
    page.fill("#number", "80080782401239")
    page.click("form[action$='/sent'] .btn-primary")
    expect(page.locator(".steps")).to_contain_text("ООО «Ромашка»")
    assert ticket(sqlite).stage == "claim"


def test_searching_finds_by_a_part_of_the_order(visit: Visit) -> None:
    page = visit("/")
    page.fill("#q", "579892")
    page.press("#q", "Enter")
    expect(page.locator(".line")).to_have_count(1)
    expect(page.locator(".line")).to_contain_text("Яндекс Маркет отменил заказ")


def test_what_is_being_written_survives_a_closed_window(visit: Visit) -> None:
    page = visit("/tickets/1001")
    page.locator("#reply-text").press_sequentially("Черновик")
    page.goto("/")
    page.goto("/tickets/1001")
    expect(page.locator("#reply-text")).to_have_value("Черновик")


def test_the_language_is_switched_in_the_header(visit: Visit) -> None:
    page = visit("/")
    page.click("summary:has(.avatar) >> nth=0")
    page.click("button[lang=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_contain_text("Mine")
