"""Writing in Chromium: drafts outlive a dead browser, ready answers by `/`, gaps are shown, all keys by their place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from desk.db import Database
from desk.models import Draft, Message, Outbox

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "plain"])


def key(page: Page, code: str, letter: str, **more: object) -> None:
    """A key by its place, as a Russian layout sends it."""
    page.evaluate("press => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', press))",
                  {"code": code, "key": letter, "bubbles": True, "cancelable": True, **more})


def test_a_draft_outlives_a_dead_browser(visit: Visit, sqlite: Database) -> None:
    page = visit("/tickets/1002")
    page.locator("#reply-text").press_sequentially("Здравствуйте, Ксения")
    expect(page.locator("#draft-state")).to_contain_text("Черновик сохранён", timeout=20_000)
    other = visit("/tickets/1002")
    expect(other.locator("#reply-text")).to_have_value("Здравствуйте, Ксения")
    expect(other.locator("#draft-state")).to_contain_text("Черновик от")
    boris = visit("/tickets/1002", as_whom="boris")
    expect(boris.locator("#reply-text")).to_have_value("")
    other.click("#reply-form .btn-primary")
    expect(other.locator("#reply-text")).to_have_value("")
    with sqlite.read() as session:
        assert session.scalars(select(Draft)).all() == []


def test_the_last_words_before_leaving_are_kept_too(visit: Visit) -> None:
    page = visit("/tickets/1002")
    page.locator("#reply-text").fill("Последние слова")
    page.goto("/alerts")
    page.goto("/tickets/1002")
    expect(page.locator("#reply-text")).to_have_value("Последние слова")


def test_a_ready_answer_comes_by_a_slash_and_its_gap_blocks_sending(visit: Visit, sqlite: Database) -> None:
    page = visit("/tickets/1002")
    area = page.locator("#reply-text")
    area.press("/")
    page.locator("#canned-find").press_sequentially("не дост")
    page.keyboard.press("Enter")
    expect(area).to_be_focused()
    assert area.input_value().startswith("Здравствуйте")
    expect(page.locator("#gaps .chip")).to_have_count(2)
    assert area.evaluate("a => a.value.slice(a.selectionStart, a.selectionEnd)") == "[[номер заказа]]"
    page.keyboard.insert_text("5")
    expect(page.locator("#gaps .chip")).to_have_count(1)
    page.locator("#gaps .chip").click()
    page.keyboard.insert_text("3 ноября")
    expect(page.locator("#gaps")).to_be_hidden()
    assert "5 должны были передать 3 ноября" in area.input_value()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-out", has_text="должны были передать 3 ноября")).to_be_visible()


def test_a_gap_that_was_overlooked_is_named_and_nothing_is_sent(visit: Visit, sqlite: Database) -> None:
    page = visit("/tickets/1002", java_script_enabled=False)
    page.locator("#canned summary").click()
    page.locator("#canned button[value=damaged]").click()
    page.click("#reply-form .btn-primary")
    expect(page.locator(".composer .flash")).to_contain_text("номер заказа")
    assert "[[номер заказа]]" in page.locator("#reply-text").input_value()
    with sqlite.read() as session:
        assert session.scalars(select(Outbox.ticket_id).where(Outbox.kind == "reply", Outbox.ticket_id == 2)).all() == []


@SCRIPTS
def test_what_is_missing_is_asked_for_in_one_click_and_what_was_written_stays(visit: Visit, scripts: bool) -> None:
    page = visit("/tickets/1002", java_script_enabled=scripts)
    page.fill("#reply-text", "Ксения, добрый день!")
    page.get_by_role("button", name="Запросить в ответе").click()
    area = page.locator("#reply-text")
    expect(area).to_have_value(re.compile("номер заказа"))
    assert area.input_value().startswith("Ксения, добрый день!\n\n")


def test_a_colleague_who_answered_meanwhile_is_named_once(visit: Visit) -> None:
    anna, boris = visit("/tickets/1002"), visit("/tickets/1002", as_whom="boris")
    anna.fill("#reply-text", "Ответ Анны")
    boris.fill("#reply-text", "Ответ Бориса")
    boris.click("#reply-form .btn-primary")
    expect(boris.locator(".message-out", has_text="Ответ Бориса")).to_be_visible()
    with anna.expect_response(lambda response: response.url.endswith("/reply")) as answer:
        anna.evaluate("document.querySelector('#reply-form .btn-primary').click()")
    assert answer.value.status == 409
    expect(anna.locator(".composer .flash")).to_contain_text("Борис Ильин")
    expect(anna.locator("#reply-text")).to_have_value("Ответ Анны")
    anna.click("#reply-form .btn-primary")
    expect(anna.locator(".message-out", has_text="Ответ Анны")).to_be_visible()


def test_every_key_of_the_ticket_works_on_a_russian_layout(visit: Visit) -> None:
    page = visit("/tickets/1001")
    key(page, "KeyR", "к")
    expect(page.locator("#reply-text")).to_be_focused()
    key(page, "KeyN", "т")  # while writing a letter is a letter
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.press("Escape")
    key(page, "KeyN", "т")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.press("Escape")
    key(page, "KeyJ", "о")
    expect(page.locator(".message").nth(0)).to_be_focused()
    key(page, "KeyJ", "о")
    expect(page.locator(".message").nth(1)).to_be_focused()
    key(page, "KeyK", "л")
    expect(page.locator(".message").nth(0)).to_be_focused()
    key(page, "KeyF", "а")
    expect(page.locator(".fact-line").first).to_be_focused()
    key(page, "KeyA", "ф")
    expect(page.locator("#assignee")).to_be_focused()
    page.keyboard.press("Escape")
    key(page, "Slash", ",", shiftKey=True)
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    key(page, "KeyE", "у")
    expect(page).to_have_url(re.compile("/steps/new/"))


@SCRIPTS
def test_the_second_mail_about_an_order_is_joined_and_taken_apart(visit: Visit, sqlite: Database, scripts: bool) -> None:
    page = visit("/tickets/1005", java_script_enabled=scripts)
    page.get_by_role("button", name="Объединить с № 1001").click()
    expect(page.locator("h1")).to_contain_text("1001")
    expect(page.locator(".message-in")).to_have_count(2)
    page.goto("/tickets/1005")
    expect(page.locator("h1")).to_contain_text("1001")
    page.locator("summary", has_text="История").click()
    page.get_by_role("button", name="Разъединить").click()
    expect(page.locator(".message-in")).to_have_count(1)
    page.goto("/tickets/1005")
    expect(page.locator("h1")).to_contain_text("1005")
    with sqlite.read() as session:
        assert set(session.scalars(select(Message.ticket_id).where(Message.direction == "in"))) == {1, 2, 3, 4, 5}
