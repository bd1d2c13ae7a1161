"""The facts panel in Chromium: its source lights up, verdicts by keys of their position, nothing jumps."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from desk.db import Database
from desk.models import Fact

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]


def states(database: Database) -> dict[str, tuple[str, str]]:
    with database.read() as session:
        return {f.kind: (f.state, f.value) for f in session.scalars(select(Fact).where(Fact.ticket_id == 1))}


def test_hovering_a_fact_lights_its_words_and_the_words_light_the_fact(visit: Visit) -> None:
    page = visit("/tickets/1001")
    line = page.locator(".fact-line", has_text="18044876-0131")
    mark = page.locator("mark.fact", has_text="18044876-0131")
    line.hover()
    expect(mark).to_have_class("fact is-lit")
    page.locator("h1").hover()
    expect(mark).to_have_class("fact")
    mark.hover()
    expect(line).to_have_class("fact-line is-found is-lit")


def test_facts_are_decided_by_keys_on_a_russian_layout_and_the_page_stays(visit: Visit, sqlite: Database) -> None:
    page = visit("/tickets/1001")
    page.evaluate("window.untouched = true")
    lines = page.locator("#facts .fact-line")
    lines.first.focus()

    def key(code: str, letter: str) -> None:
        page.locator("#facts .fact-line:focus").dispatch_event("keydown", {"code": code, "key": letter, "bubbles": True})

    key("KeyY", "н")  # right; the next one has the focus
    expect(page.locator(".fact-line", has_text="18044876-0131").locator(".chip-calm")).to_be_visible()
    expect(page.locator("#facts .fact-line:focus")).to_contain_text("24 990 ₽")
    expect(page.locator("mark.is-lit")).to_have_text("24 990 руб.")
    key("KeyE", "у")
    page.keyboard.insert_text("24000.00")
    page.keyboard.press("Enter")
    expect(page.locator("#facts .fact-line:focus")).to_contain_text("+79161234567")
    key("KeyX", "ч")
    expect(page.locator(".facts-rejected summary")).to_contain_text("1")
    expect(page.locator("mark.is-dead")).to_have_text("+7 916 123-45-67")
    key("KeyK", "л")
    expect(page.locator("#facts .fact-line:focus")).to_contain_text("18044876-0131")
    assert page.evaluate("window.untouched") is True
    assert states(sqlite)["amount"] == ("corrected", "24000.00")
    assert states(sqlite)["phone"][0] == "rejected"
    assert states(sqlite)["order_number"][0] == "confirmed"


def test_a_fact_in_a_folded_quote_opens_the_fold(visit: Visit, sqlite: Database) -> None:
    with sqlite.write() as session:
        fact = session.scalars(select(Fact).where(Fact.ticket_id == 3, Fact.kind == "order_number")).one()
        words = "Мы получили ваше обращение"
        from desk.models import Message

        start = session.get_one(Message, fact.message_id).text.index(words)
        fact.quote, fact.start, fact.end, fact.place = words, start, start + len(words), "quote"
    page = visit("/tickets/1003")
    expect(page.locator(".quote mark")).to_be_hidden()
    page.locator(".fact-line", has_text="57989200259").hover()
    expect(page.locator(".quote mark")).to_be_visible()


def test_without_javascript_a_verdict_is_a_form_and_the_source_a_link(visit: Visit, sqlite: Database) -> None:
    page = visit("/tickets/1001", java_script_enabled=False)
    line = page.locator(".fact-line", has_text="18044876-0131")
    line.locator(".fact-source a").click()
    expect(page).to_have_url(re.compile("#m-"))
    line.locator("button[value=confirmed]").click()
    expect(page.locator(".fact-line", has_text="18044876-0131").locator(".chip-calm")).to_be_visible()
    assert states(sqlite)["order_number"][0] == "confirmed"
