"""Nobody gets in who doesn't belong: every route and every role, sessions, throttling, forms of other sites."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.routing import Rule

from desk import db, people
from desk.db import Database
from desk.models import User, WebSession
from desk.settings import Settings
from desk.web import access

from .conftest import PASSWORD, post, user

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PUBLIC = {"static", "bootstrap.static", "signing.sign_in", "signing.link", "signing.sign_out", "language.switch",
          "alerting.link", "alerting.acknowledge_link", "health.alive", "health.ready", "feeds.calendar",
          "money.link", "money.decide"}
ADMIN_ONLY = {"reach.confirm_time", "reach.leave", "configured.attempt", "configured.index", "users.index", "users.add", "users.change", "users.link"}
LEADS = {"book.letter", "book.letters"}  # and admins
# Everybody who is signed in, in every role. A new route is put into one of these by whoever adds it.
TEAM = {
    "account.end_others", "account.index", "account.password", "alerting.acknowledge", "alerting.acknowledge_all",
    "alerting.index", "answered.confirm", "answered.index", "board.index", "book.check", "book.directory", "board.month", "clocks.end", "clocks.extend", "clocks.new", "clocks.pause", "clocks.promise",
    "clocks.prove", "clocks.resume", "clocks.start", "escalating.answer", "escalating.for_the_post",
    "escalating.set_of_files", "escalating.mail", "escalating.new",
    "escalating.paper", "escalating.sent", "escalating.show", "escalating.skip", "evidence.index",
    "evidence.order", "evidence.state", "evidence.take", "feeds.create", "feeds.revoke",
    "file.again", "file.show", "files.download", "files.html", "files.page", "files.picture", "files.raw", "health.index", "held.again", "held.dismiss",
    "held.index", "held.make_ticket", "held.raw", "held.show", "money.add", "money.ask", "money.index",
    "money.recovered", "money.strike", "owed.show", "owed.table", "parsed.show", "papers.add", "papers.ask", "papers.index",
    "papers.revoke", "overview.export", "overview.index",
    "queue.display", "queue.forget", "queue.index", "queue.many", "queue.save", "queue.undo",
    "reach.my_leave", "reach.switch_on", "reach.telegram", "rules.index", "ticket.assign", "ticket.close", "ticket.confirm_sender", "ticket.fact", "ticket.join",
    "ticket.move", "ticket.part", "ticket.pulse", "ticket.record_case", "ticket.reopen",
    "ticket.show", "ticket.stage", "ticket.take", "writing.insert",
    "writing.letter", "writing.note", "writing.reply", "writing.save"}
VALUES = {"name": "out", "number": 1001, "public_id": "0" * 32, "token": "x", "code": "ru", "filename": "desk.css", "size": "thumb",
          "what": "undo", "key": "claim_seller", "kind": "pdf", "user_id": 1, "alert_id": 1, "paper_id": 1, "sum_id": 1, "paper": "inventory", "fact_id": 1}


def paths(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, a path) of every route."""
    out = []
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: _value(rule, name) for name in rule.arguments}
        for method in (rule.methods or set()) & {"GET", "POST"}:
            out.append((rule.endpoint, method, adapter.build(rule.endpoint, values, method=method)))
    return out


def _value(rule: Rule, name: str) -> object:
    if name == "what" and "deadlines" in rule.rule:
        return "meet"
    return VALUES[name]


@SQLITE
def test_for_every_route_somebody_decided_who_may_use_it(app: Flask) -> None:
    everyone = [PUBLIC, ADMIN_ONLY, LEADS, TEAM]
    known = set().union(*everyone)
    assert len(known) == sum(map(len, everyone))
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == known
    with app.test_request_context():
        rules = {endpoint: access.rule(endpoint) for endpoint in known}
    assert rules == {**dict.fromkeys(PUBLIC, "public"), **dict.fromkeys(ADMIN_ONLY, frozenset({"admin"})),
                     **dict.fromkeys(LEADS, frozenset({"lead", "admin"})), **dict.fromkeys(TEAM)}


@SQLITE
def test_every_private_route_sends_a_stranger_to_the_sign_in(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, method, path in paths(app):
        answer = app.test_client().open(path, method=method)
        answer.close()
        if endpoint in PUBLIC:
            assert answer.status_code != 302 or "/sign-in" not in answer.location or endpoint == "signing.sign_out", path
        else:
            assert (answer.status_code, "/sign-in" in answer.location) == (302, True), (endpoint, path)


@SQLITE
def test_only_admins_reach_the_users_and_everybody_of_the_team_the_rest(
        app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    clients = {name: sign_in(name) for name in ("anna", "lidia", "boris")}
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, method, path in paths(app):
        if endpoint in PUBLIC or method == "POST":
            continue
        for name, client in clients.items():
            shut = (endpoint in ADMIN_ONLY and name != "anna") or (endpoint in LEADS and name == "boris")
            wanted = {403} if shut else {200, 302, 404}
            assert client.get(path).status_code in wanted, (endpoint, name)
    for name in ("lidia", "boris"):
        for endpoint, method, path in paths(app):
            if endpoint in ADMIN_ONLY and method == "POST":
                assert clients[name].post(path).status_code == 403


@SQLITE
def test_five_wrong_passwords_and_the_account_waits(app: Flask) -> None:
    client = app.test_client()
    answers = [post(client, "/sign-in", at="/sign-in", email="anna@desk.example", password="wrong").status_code
               for _ in range(5)]
    assert answers == [403] * 5
    assert post(client, "/sign-in", at="/sign-in", email="ANNA@desk.example ", password=PASSWORD).status_code == 429
    other = post(app.test_client(), "/sign-in", at="/sign-in", email="boris@desk.example", password=PASSWORD)
    assert other.status_code == 302
    with time_machine.travel(db.now() + timedelta(minutes=16)):
        assert post(client, "/sign-in", at="/sign-in", email="anna@desk.example", password=PASSWORD).status_code == 302


@SQLITE
def test_twenty_failures_from_one_address_and_the_address_waits(app: Flask) -> None:
    client = app.test_client()
    for number in range(20):
        post(client, "/sign-in", at="/sign-in", email=f"nobody{number}@desk.example", password="x")
    assert post(client, "/sign-in", at="/sign-in", email="anna@desk.example", password=PASSWORD).status_code == 429


@SQLITE
def test_nobody_learns_which_accounts_exist(app: Flask, database: Database) -> None:
    with database.write() as session:
        session.execute(update(User).where(User.email == "boris@desk.example").values(active=False))
    pages = {post(app.test_client(), "/sign-in", at="/sign-in", email=email, password=password).data.replace(
        email.encode(), b"") for email, password in
        (("anna@desk.example", "wrong"), ("no@desk.example", "wrong"), ("boris@desk.example", PASSWORD))}
    assert len({page[page.index(b"<main"):].partition(b"csrf_token")[0] for page in pages}) == 1


@SQLITE
def test_a_cookie_is_worth_nothing_after_signing_out(app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    client = sign_in("anna")
    before = client.get_cookie("desk")
    assert before is not None
    post(client, "/sign-out", at="/")
    assert client.get("/").status_code == 302
    again = app.test_client()
    again.set_cookie("desk", before.value)
    assert again.get("/").status_code == 302


@SQLITE
@pytest.mark.parametrize("later", [timedelta(minutes=121), timedelta(hours=13)])
def test_a_session_ends_by_idleness_and_by_age(database: Database, anna: FlaskClient, later: timedelta) -> None:
    assert anna.get("/").status_code == 200
    with time_machine.travel(db.now() + later):
        if later > timedelta(hours=12):
            with database.write() as session:  # never idle
                session.execute(update(WebSession).values(seen_at=db.now()))
        assert anna.get("/").status_code == 302


@SQLITE
def test_a_switched_off_account_is_out_at_once(database: Database, anna: FlaskClient, sign_in: Callable[[str], FlaskClient]) -> None:
    boris = sign_in("boris")
    post(anna, f"/users/{user(database, 'boris').id}", at="/users", name="Boris", role="advocate")
    assert boris.get("/").status_code == 302
    last = post(anna, f"/users/{user(database, 'anna').id}", at="/users", name="A", role="lead", active="on")
    assert (last.status_code, anna.get("/users").status_code) == (400, 200)


@SQLITE
def test_a_new_password_signs_everybody_else_out(database: Database, app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    here, there = sign_in("anna"), sign_in("anna")
    assert post(here, "/account/password", at="/account", old="wrong", new="x" * 12, again="x" * 12).status_code == 403
    assert post(here, "/account/password", at="/account", old=PASSWORD, new="short", again="short").status_code == 400
    assert post(here, "/account/password", at="/account", old=PASSWORD, new="x" * 12, again="y" * 12).status_code == 400
    assert post(here, "/account/password", at="/account", old=PASSWORD, new="x" * 12, again="x" * 12).status_code == 302
    assert (here.get("/").status_code, there.get("/").status_code) == (200, 302)


@SQLITE
def test_a_link_signs_in_once_and_only_by_its_button(app: Flask, database: Database, conf: Settings) -> None:
    with database.write() as session:
        link = people.sign_in_link(session, conf, user(database, "boris"), now=db.now())
    path = link.removeprefix(conf.desk.base_url)
    client = app.test_client()
    assert client.get(path).status_code == 200  # a mail scanner
    assert client.get("/").status_code == 302
    assert post(client, path, at=path).status_code == 302
    assert client.get("/").status_code == 200
    assert app.test_client().get(path).status_code == 410
    with database.read() as session:
        assert all(s.id_hash not in link for s in session.scalars(select(WebSession)))


@SQLITE
def test_a_form_without_key_or_from_another_site_is_refused(app: Flask, anna: FlaskClient) -> None:
    assert anna.post("/alerts/all").status_code == 400
    app.config["WTF_CSRF_ENABLED"] = False
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert anna.post("/alerts/all", headers=headers).status_code == 403


@SQLITE
@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example", "\thttps://evil.example",
                                    "javascript:alert(1)", "/\tevil", "http://evil.example/"])
def test_signing_in_never_leads_to_another_site(app: Flask, target: str) -> None:
    client = app.test_client()
    answer = post(client, "/sign-in", at="/sign-in", email="anna@desk.example", password=PASSWORD, next=target)
    assert answer.location == "/"


@SQLITE
def test_every_answer_carries_the_protecting_headers(app: Flask, anna: FlaskClient) -> None:
    for client, path in ((anna, "/"), (anna, "/nothing"), (app.test_client(), "/sign-in"), (anna, "/users/999/link")):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    cookie = anna.get_cookie("desk")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")


@SQLITE
def test_links_come_from_the_settings_not_from_the_host_header(anna: FlaskClient, database: Database) -> None:
    answer = post(anna, f"/users/{user(database, 'boris').id}/link", at="/users")
    assert "http://127.0.0.1:8080/sign-in/" in answer.text
    poisoned = anna.get("/users", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in poisoned.text


@SQLITE
def test_what_is_too_large_or_wrong_gets_a_page_and_keeps_the_text(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver()
    assert anna.post("/tickets/1001/note", data={"text": "x" * (3 << 20)}).status_code == 413
    lost = anna.post("/tickets/1001/note", data={"text": "мой длинный ответ"})
    assert (lost.status_code, "мой длинный ответ" in lost.text) == (400, True)


@SQLITE
def test_healthz_and_readyz_answer_everybody(app: Flask) -> None:
    client = app.test_client()
    assert [client.get(p).status_code for p in ("/healthz", "/readyz")] == [200, 200]
