"""The pages beside the queue, with something on them: alerts, links, accounts, errors, a clock that is silent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from desk import alerts, db, people
from desk.db import Database
from desk.models import Alert, Heartbeat, User
from desk.settings import Settings

from .test_journeys import SCRIPTS, Visit
from .test_looks import _serious

pytestmark = pytest.mark.slow
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}


def unseen(database: Database, name: str = "anna") -> list[Alert]:
    with database.read() as session:
        user = session.scalars(select(User).where(User.email == f"{name}@desk.example")).one()
        return alerts.unseen(session, user)


@pytest.fixture
def link(sqlite: Database, conf: Settings) -> str:
    """The path of a link that signs Boris in once."""
    with sqlite.write() as session:
        user = session.scalars(select(User).where(User.email == "boris@desk.example")).one()
        return people.sign_in_link(session, conf, user, now=db.now()).removeprefix(conf.desk.base_url)


@SCRIPTS
def test_a_link_signs_in_by_its_button_and_only_once(visit: Visit, link: str, scripts: bool) -> None:
    page = visit(link, as_whom="", java_script_enabled=scripts)
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("heading", name="Мои")).to_be_visible()


def test_a_link_used_up_says_so(visit: Visit, link: str, sqlite: Database) -> None:
    with sqlite.write() as session:
        assert people.use_link(session, link.rpartition("/")[2], now=db.now())
    page = visit("/sign-in", as_whom="")
    answer = page.request.get(link)
    assert answer.status == 410
    assert "Эта ссылка больше не действует" in answer.text()


@SCRIPTS
def test_an_alert_is_seen_and_acknowledged(visit: Visit, sqlite: Database, scripts: bool) -> None:
    count = len(unseen(sqlite))
    assert count > 1
    page = visit("/", java_script_enabled=scripts)
    page.get_by_role("link", name="Оповещения").click()
    expect(page.locator(".alert-row")).to_have_count(count)
    page.locator(".alert-row button").first.click()
    assert len(unseen(sqlite)) < count
    if page.locator(".page-head button").count():
        page.locator(".page-head button").click()
    else:
        page.locator(".alert-row button").first.click()
    expect(page.locator(".empty")).to_be_visible()
    assert unseen(sqlite) == []


@SCRIPTS
def test_the_link_in_an_alerts_letter_needs_no_signing_in_and_tells_little(
        visit: Visit, sqlite: Database, conf: Settings, scripts: bool) -> None:
    alert = unseen(sqlite)[0]
    with sqlite.read() as session:
        subject = session.get_one(Alert, alert.id).deadline.ticket.subject
    page = visit(alerts.link(conf, alert).removeprefix(conf.desk.base_url), as_whom="", java_script_enabled=scripts)
    expect(page.locator("main")).not_to_contain_text(subject)
    assert alert.id in {one.id for one in unseen(sqlite)}  # opened, as a mail scanner does: nothing has changed
    page.get_by_role("button").first.click()
    expect(page.locator(".flash")).to_be_visible()
    assert alert.id not in {one.id for one in unseen(sqlite)}


@SCRIPTS
def test_somebody_is_added_and_gets_a_link_and_a_password(visit: Visit, conf: Settings, scripts: bool) -> None:
    page = visit("/users", java_script_enabled=scripts)
    page.fill("#new-name", "Мария Волкова")
    page.fill("#new-email", "maria@desk.example")
    page.get_by_role("button", name="Добавить").click()
    address = page.locator("#sign-in-link").inner_text()
    theirs = visit(address.removeprefix(conf.desk.base_url), as_whom="", java_script_enabled=scripts)
    theirs.get_by_role("button", name="Войти").click()
    theirs.fill("#new", "четыре простых слова подряд")
    theirs.fill("#again", "четыре простых слова подряд")
    theirs.locator("form[action='/account/password'] .btn-primary").click()
    expect(theirs.locator(".flash")).to_contain_text("Пароль")
    expect(theirs.locator("#old")).to_be_visible()


@SCRIPTS
def test_another_browser_is_signed_out_from_here(visit: Visit, scripts: bool) -> None:
    there, here = visit("/"), visit("/account", java_script_enabled=scripts)
    here.locator("form[action='/account/sessions/end'] button").click()
    expect(here.locator(".sessions li")).to_have_count(1)
    there.goto("/")
    expect(there.locator("#password")).to_be_visible()


@SCHEMES
def test_axe_finds_nothing_on_pages_that_have_something_to_say(
        visit: Visit, sqlite: Database, conf: Settings, link: str, scheme: str) -> None:
    anna, nobody = visit("/alerts", color_scheme=scheme), visit("/sign-in", as_whom="", color_scheme=scheme)
    found = _serious(anna)
    for path in (link, alerts.link(conf, unseen(sqlite)[0]).removeprefix(conf.desk.base_url)):
        nobody.goto(path)
        found += _serious(nobody)
    anna.goto("/users")
    anna.fill("#new-name", "Мария")
    anna.fill("#new-email", "maria@desk.example")
    anna.get_by_role("button", name="Добавить").click()
    found += _serious(anna)
    anna.goto("/held")
    anna.click("main table a >> nth=0")
    anna.fill("#reason", "не письмо")
    anna.locator("form[action$='/dismiss'] button").click()
    expect(anna.get_by_role("heading", name="Не стали обращениями")).to_be_visible()
    assert found + _serious(anna) == []


@SCHEMES
def test_axe_finds_nothing_when_the_clock_is_silent(
        visit: Visit, sqlite: Database, site: str, scheme: str) -> None:
    with sqlite.write() as session:
        session.execute(update(Heartbeat).values(at=db.now() - timedelta(hours=3)))
    page = visit("/", color_scheme=scheme)
    expect(page.locator(".banner")).to_be_visible()
    found = _serious(page)
    page.goto("/health")
    assert found + _serious(page) == []


@SCHEMES
def test_axe_finds_nothing_on_the_page_of_an_error(visit: Visit, scheme: str) -> None:
    page = visit("/account", as_whom="boris", color_scheme=scheme)
    found = []
    for path, text in (("/nothing", "Здесь ничего нет"), ("/users", "Вам это недоступно")):
        # The real page, but called a success: a browser writes every 404 into its console, which is a fault here.
        page.route("**" + path, lambda route: route.fulfill(response=route.fetch(), status=200))
        page.goto(path)
        expect(page.locator("h1")).to_have_text(text)
        found += _serious(page)
    assert found == []


def test_nothing_sticks_out_on_a_phone_when_there_is_something_to_say(
        visit: Visit, sqlite: Database, conf: Settings) -> None:
    page = visit("/alerts", **PHONE)
    wide = [] if page.evaluate("document.documentElement.scrollWidth") <= 390 else ["/alerts"]
    page.goto("/users")
    page.fill("#new-name", "Мария Александровна Длиннофамильная-Перехватихина")
    page.fill("#new-email", "maria.aleksandrovna.dlinnofamilnaya@consumer-advocates.desk.example")
    page.get_by_role("button", name="Добавить").click()
    expect(page.locator("#sign-in-link")).to_be_visible()
    wide += [] if page.evaluate("document.documentElement.scrollWidth") <= 390 else ["/users"]
    assert wide == []
