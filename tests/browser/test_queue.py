"""The queue in Chromium: many tickets by mouse with Shift, one way back, nothing moves under the pointer, no JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from desk import tickets
from desk.db import Database, now
from desk.models import Ticket

pytestmark = pytest.mark.slow
BOUND = 60_000  # ms; the machine may be busy


def test_many_are_chosen_with_shift_moved_and_taken_back(visit: Callable[..., Page]) -> None:
    page = visit("/?view=all")
    boxes = page.locator("#live input[name=t]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("#chosen")).to_have_text("3")
    page.select_option("#many-stage", "regulator")
    page.click("button[value=stage]")
    expect(page.locator(".undo-line")).to_contain_text("3 обращения на другом этапе")
    assert page.locator(".line .chip-accent", has_text="Ведомство").count() == 3
    page.click("text=Вернуть как было")
    expect(page.locator(".flash").first).to_contain_text("Возвращено как было")
    assert page.locator(".line .chip-accent", has_text="Ведомство").count() == 0


def test_what_is_new_waits_while_somebody_points_at_the_list(visit: Callable[..., Page], sqlite: Database) -> None:
    page = visit("/?view=all")
    page.hover("#live li >> nth=1")
    page.locator("#live input[name=t]").nth(0).check()
    with sqlite.write() as session:
        ticket = session.scalars(select(Ticket).order_by(Ticket.number)).first()
        assert ticket is not None
        tickets.change_stage(session, ticket, "court", actor="t", now=now())
    expect(page.locator("#fresh")).to_be_visible(timeout=BOUND)
    assert page.locator(".line .chip-accent", has_text="Суд").count() == 0
    page.click("#fresh")
    expect(page.locator("#fresh")).to_be_hidden()
    assert page.locator(".line .chip-accent", has_text="Суд").count() == 1
    assert page.locator("#live input[name=t]:checked").count() == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_a_search_marks_what_it_found_and_is_kept_as_a_view(visit: Callable[..., Page], scripts: bool) -> None:
    page = visit("/", java_script_enabled=scripts)
    page.fill("#q", "разбитые телефоны")
    page.press("#q", "Enter")
    expect(page.locator("h1")).to_contain_text("Найдено")
    expect(page.locator(".line mark").first).to_be_visible()
    page.click("summary:has-text('Сохранить поиск')")
    page.fill("#view-name", "Разбитое")
    page.click(".menu-form:has(#view-name) button")
    page.click(".side-saved a")
    expect(page.locator("h1")).to_contain_text("разбитые телефоны")
    page.click("text=Обзор")
    expect(page.locator("h1")).to_have_text("Обзор")
