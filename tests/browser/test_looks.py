"""Every page: no axe violation that matters, in both colour schemes; nothing sticks out on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = pytest.mark.slow
PAGES = ("/", "/?view=all", "/?q=нет", "/?q=вернуть+деньги", "/overview", "/?view=closed", "/tickets/1001", "/tickets/1003", "/tickets/1004", "/held", "/alerts",
         "/account", "/users", "/settings", "/health", "/deadlines", "/deadlines/month", "/rules", "/tickets/1003/penalty",
         "/tickets/1003/deadlines/new?event=goods_handed_over",
         "/tickets/1001/steps/new/claim_seller", "/tickets/1001/evidence", "/tickets/1001/money", "/recovered", "/directory", "/letters", "/letters/claim_refund_defect", "/tickets/1001/answers", "/tickets/1001/papers?step=claim_seller", "/tickets/1001/steps/new/ethics")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(visit: Callable[..., Page], scheme: str) -> None:
    page = visit("/", color_scheme=scheme)
    found = []
    for path in PAGES:
        page.goto(path)
        for summary in page.locator("details:not(.menu) > summary").all():
            summary.evaluate("s => s.parentElement.open = true")
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found += [f"{path}: {violation['id']}: {node['target']} {node['failureSummary'][:200]}"
                          for node in violation["nodes"][:3]]
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_pages_behind_a_click(visit: Callable[..., Page], scheme: str) -> None:
    page = visit("/held", color_scheme=scheme)
    page.click("main table a >> nth=0")
    found = _serious(page)
    page.goto("/tickets/1001/steps/new/ethics")
    page.fill("#reason", "да") if page.locator("#reason").count() else None
    page.click("button[value=freeze]")
    found += _serious(page)
    page.goto("/tickets/1001")
    page.locator(".message-in .menu summary").first.click()
    page.locator(".message-in a[href$='/reading']").first.click()
    found += _serious(page)
    page.goto("/tickets/1001")
    page.locator("#reply-text").press("/")
    found += _serious(page)
    page.keyboard.press("Escape")
    page.locator("[data-keys]").click()
    found += _serious(page)
    page.keyboard.press("Escape")
    page.click("label[for=tab-note]")
    assert found + _serious(page) == []


def _serious(page: Page) -> list[str]:
    return [f"{page.url}: {v['id']}: {v['nodes'][0]['target']}" for v in Axe().run(page).response["violations"]
            if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_sign_in_page(visit: Callable[..., Page], scheme: str) -> None:
    page = visit("/sign-in", as_whom="", color_scheme=scheme)
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []


def test_nothing_sticks_out_on_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("/", viewport={"width": 390, "height": 844}, is_mobile=True)
    wide = []
    for path in PAGES:
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)
    assert wide == []
