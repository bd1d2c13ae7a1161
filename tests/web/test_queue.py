"""The queue as its team uses it: views, searches, many tickets at once with a way back, and polling that costs little."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from desk import db, deadlines
from desk.db import Database
from desk.models import Alert, Deadline, SavedView, Ticket, User
from desk.settings import Settings
from desk.web import queue

from .conftest import post, user

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
POLL = {"X-Desk-Poll": "1"}


@pytest.fixture
def three(deliver: Callable[..., None]) -> None:
    for number in range(3):
        deliver(sender=f"p{number}@mail.example", subject=f"Жалоба {number}", text=f"Заказ 1804487{number}-0131: чайник разбит")


def tickets_of(database: Database) -> dict[int, Ticket]:
    with database.read() as session:
        return {t.number: t for t in session.scalars(select(Ticket).order_by(Ticket.number))}


def test_many_tickets_are_given_to_somebody_and_taken_back(
        anna: FlaskClient, three: None, database: Database) -> None:
    boris = user(database, "boris")
    answer = post(anna, "/queue/many", at="/?view=all", t=[1001, 1003], verb="assign", user=boris.id, next="/?view=all")
    assert answer.headers["Location"].startswith("/?view=all&undo=")
    assert [t.assignee_id for t in tickets_of(database).values()] == [boris.id, None, boris.id]
    page = anna.get(answer.headers["Location"]).text
    assert "2 обращения переданы" in page
    action = re.search(r'action="(/queue/many/\w+/undo)"', page)
    assert action
    post(anna, action[1], at="/?view=all")
    assert {t.assignee_id for t in tickets_of(database).values()} == {None}
    assert post(anna, action[1], at="/?view=all").status_code == 404  # once


def test_what_somebody_changed_since_is_not_taken_back(
        anna: FlaskClient, three: None, database: Database) -> None:
    answer = post(anna, "/queue/many", at="/?view=all", t=[1001, 1002], verb="stage", stage="claim")
    post(anna, "/tickets/1002/stage", at="/tickets/1002", stage="court")
    undo = answer.headers["Location"].rpartition("undo=")[2]
    page = post(anna, f"/queue/many/{undo}/undo", at="/?view=all")
    assert "1 из 2" in anna.get(page.headers["Location"]).text
    assert [t.stage for t in tickets_of(database).values()] == ["check", "court", "check"]


def test_closing_many_stops_their_clocks_and_taking_it_back_lets_them_run_on(
        anna: FlaskClient, three: None, database: Database, conf: Settings) -> None:
    def clocks() -> list[tuple[str, str]]:
        with database.read() as session:
            return [(d.state, d.due.isoformat()) for d in session.scalars(select(Deadline).order_by(Deadline.id))]

    def alerts() -> int:
        with database.read() as session:
            return len(session.scalars(select(Alert).where(Alert.state == "pending")).all())
    before, due, waiting = clocks(), {n: t.next_due_at for n, t in tickets_of(database).items()}, alerts()
    answer = post(anna, "/queue/many", at="/?view=all", t=[1001, 1002, 1003], verb="close")
    assert {state for state, _ in clocks()} == {"cancelled"}
    assert alerts() == 0
    assert {t.state for t in tickets_of(database).values()} == {"closed"}
    undo = answer.headers["Location"].rpartition("undo=")[2]
    post(anna, f"/queue/many/{undo}/undo", at="/?view=closed")
    assert (clocks(), {n: t.next_due_at for n, t in tickets_of(database).items()}, alerts()) == (before, due, waiting)
    assert {t.state for t in tickets_of(database).values()} == {"open"}


@SQLITE
def test_only_whoever_did_it_may_take_it_back(
        anna: FlaskClient, sign_in: Callable[[str], FlaskClient], three: None, database: Database) -> None:
    answer = post(anna, "/queue/many", at="/?view=all", t=[1001], verb="close")
    undo = answer.headers["Location"].rpartition("undo=")[2]
    assert post(sign_in("boris"), f"/queue/many/{undo}/undo", at="/?view=all").status_code == 404


@SQLITE
@pytest.mark.parametrize("form", [{}, {"t": "x"}, {"t": "1001"}, {"t": "1001", "verb": "x"}, {"t": "9999", "verb": "close"},
                                  {"t": "1001", "verb": "assign", "user": "x"}, {"t": "1001", "verb": "stage", "stage": "x"}])
def test_a_form_that_says_nothing_changes_nothing(
        anna: FlaskClient, three: None, database: Database, form: dict[str, str]) -> None:
    assert post(anna, "/queue/many", at="/?view=all", **form).status_code == 302
    assert {(t.state, t.stage, t.assignee_id) for t in tickets_of(database).values()} == {("open", "check", None)}


@SQLITE
def test_sort_and_density_are_remembered_for_the_person(
        anna: FlaskClient, sign_in: Callable[[str], FlaskClient], three: None) -> None:
    assert "is-dense" not in anna.get("/?view=all").text
    post(anna, "/queue/display", at="/?view=all", sort="old", density="dense", next="//evil.example/")
    assert "is-dense" in anna.get("/?view=all").text
    numbers = re.findall(r'name="t" value="(\d+)"', anna.get("/?view=all").text)
    post(anna, "/queue/display", at="/?view=all", sort="new", density="' or 1")
    page = anna.get("/?view=all").text
    assert re.findall(r'name="t" value="(\d+)"', page) == numbers[::-1]
    assert "is-dense" in page
    assert "is-dense" not in sign_in("boris").get("/?view=all").text


def test_a_search_is_kept_as_a_view_of_ones_own_or_of_the_team(
        anna: FlaskClient, sign_in: Callable[[str], FlaskClient], three: None, database: Database) -> None:
    boris, lidia = sign_in("boris"), sign_in("lidia")
    for name, more in (("Чайники", {}), ("Общий", {"shared": "1"})):
        post(boris, "/queue/views", at="/?q=чайник", name=name, q="чайник", **more)
    assert "Чайники" in boris.get("/").text
    assert "Чайники" not in lidia.get("/").text
    assert "Общий" in lidia.get("/").text
    with database.read() as session:
        rows = {row.name: row.public_id for row in session.scalars(select(SavedView))}
    assert post(lidia, f"/queue/views/{rows['Чайники']}/forget", at="/").status_code == 404
    assert post(lidia, f"/queue/views/{rows['Общий']}/forget", at="/").status_code == 302
    assert post(boris, f"/queue/views/{rows['Чайники']}/forget", at="/").status_code == 302
    assert post(boris, "/queue/views", at="/?q=чайник", name="", q="чайник").status_code == 302
    with database.read() as session:
        assert session.scalars(select(SavedView)).all() == []


def test_a_search_shows_where_it_found_and_what_it_did_not_understand(anna: FlaskClient, three: None) -> None:
    page = anna.get("/?q=разбитый+чайник").text
    assert page.count("<mark>чайник</mark> <mark>разбит</mark>") == 3
    assert "Найдено: 3" in page
    page = anna.get("/?q=Кузницов").text
    assert "кузнецов" in page
    assert "<mark>Кузнецов</mark>" in page
    assert "срок:вчера" in anna.get("/?q=чайник+срок:вчера").text
    assert "маркетплейс:ozon" in anna.get("/?q=ничеготакого").text  # the help is open where nothing was found
    assert "1804487<" not in anna.get("/?q=<b>чайник</b>").text


def test_a_letter_is_found_as_soon_as_it_is_a_ticket(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver(subject="Необычный самовар", text="Самовар течёт. Заказ 55667788-1234")
    for words in ("самовары", "667788-12", "кузнец", "petr@mail.example"):
        assert "Найдено: 1" in anna.get("/", query_string={"q": words}).text, words


@SQLITE
def test_polling_draws_nothing_until_something_changed(
        anna: FlaskClient, three: None, deliver: Callable[..., None], database: Database, conf: Settings) -> None:
    page = anna.get("/?view=all").text
    known = re.search(r'data-etag="(\w+)"', page)
    assert known
    same = anna.get("/?view=all", headers={**POLL, "If-None-Match": f'"{known[1]}"'})
    assert (same.status_code, same.data) == (304, b"")
    anna.get("/tickets/1002")  # seen: not unread any more
    changed = anna.get("/?view=all", headers={**POLL, "If-None-Match": f'"{known[1]}"'})
    assert changed.status_code == 200
    assert '"all": 3' in changed.text
    with database.write() as session:
        ticket = session.scalars(select(Ticket)).first()
        assert ticket is not None
        deadlines.start(session, conf, ticket, "zpp22_money", start_on=(db.now() - timedelta(days=30)).date(), actor="t",
                        now=db.now())
    assert anna.get("/?view=all", headers={**POLL, "If-None-Match": changed.headers["ETag"]}).status_code == 200


@SQLITE
def test_fifty_tickets_are_a_small_page_of_a_fixed_number_of_queries(
        app: Flask, anna: FlaskClient, three: None, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "TALLY_SECONDS", 10 ** 10)  # the counts are not made anew in the middle
    engine, seen = app.extensions["desk"].database.reader, []
    event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))

    def cost(path: str) -> int:
        seen.clear()
        assert anna.get(path).status_code == 200
        return len(seen)
    anna.get("/")
    few = [cost("/?view=all"), cost("/?q=чайник")]
    with database.write() as session:
        one = session.scalars(select(Ticket)).first()
        boris = session.scalars(select(User)).first()
        assert one is not None
        assert boris is not None
        for number in range(2000, 2060):
            session.add(Ticket(number=number, subject="Чайник пришёл разбитым, а продавец не отвечает на письма",
                               consumer_id=one.consumer_id, assignee_id=boris.id, marketplace="wildberries", stage="claim",
                               state="waiting", created_at=db.now(), last_message_at=db.now(), next_due_at=one.next_due_at))
    assert [cost("/?view=all"), cost("/?q=чайник")] == few
    assert max(few) <= 18
    assert len(anna.get("/?view=all").data) < 60_000
    after = re.search(r'rel="next" href="([^"]+)"', anna.get("/?view=all").text)
    assert after
    assert anna.get(after[1].replace("&amp;", "&")).text.count("<li class=\"line") == 27
