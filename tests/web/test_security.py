"""What an attacker tries at the door, and what every page still says when the database fails; on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from desk import db
from desk.db import Database
from desk.models import Heartbeat, InboundMail, User
from desk.settings import Settings
from desk.web import account, create_app, held

from .conftest import PASSWORD, post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HUGE = "99999999999999999999"


def is_protected(answer: TestResponse) -> bool:
    head = answer.headers
    return ("default-src 'none'" in head["Content-Security-Policy"] and head["X-Content-Type-Options"] == "nosniff"
            and head["Cache-Control"] == "no-store" and head["Referrer-Policy"] == "no-referrer")


def fill(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return post(client, path, at="/account", **form)  # type: ignore[no-any-return, no-untyped-call]


def test_an_address_that_cannot_be_is_not_there(anna: FlaskClient) -> None:
    for path in ("/tickets/" + HUGE, "/tickets/2147483648", "/tickets/0", "/tickets/-1", "/tickets/1001%00", "/held/%00",
                 "/held/x", "/files/%00", "/messages/%00/mail.eml", "/alerts/%00x", "/%00"):
        answer = anna.get(path)
        assert (answer.status_code, is_protected(answer)) == (404, True), path


def test_a_query_that_makes_no_sense_still_shows_the_queue(anna: FlaskClient) -> None:
    for query in ("page=" + HUGE, "page=-5", "page=x", "view=%00", "view=../../etc/passwd", "q=%25_%27%22%3B--",
                  "q=" + "а" * 5000):
        assert anna.get("/?" + query).status_code == 200, query


def test_a_forged_form_never_breaks_anything(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver()
    for path, form in (
            ("/users", {"name": "\0", "email": "a@x.example", "role": "lead"}),
            ("/users", {"name": "A", "email": "\0@x.example", "role": "lead"}),
            ("/tickets/1001/close", {"reason": "a\0b"}), ("/tickets/1001/assign", {"user": HUGE}),
            ("/users/" + HUGE, {"name": "A", "role": "lead"}), ("/alerts/" + HUGE, {}),
            ("/account/password", {"old": "\0", "new": "\0" * 12, "again": "\0" * 12})):
        answer = fill(anna, path, **form)
        assert (answer.status_code < 500, is_protected(answer)) == (True, True), (path, form)


def test_a_nul_in_the_sign_in_is_a_wrong_password(app: Flask) -> None:
    client = app.test_client()
    for email, password in (("a\0@x.example", "b"), ("a@x.example", "\0"), ("a" * 5000, ""), ("a@x.example", "x" * 100_000)):
        answer = post(client, "/sign-in", at="/sign-in", email=email, password=password)
        assert answer.status_code in (400, 403)


def test_a_cookie_set_before_is_not_the_one_after_signing_in(app: Flask) -> None:
    client, other = app.test_client(), app.test_client()
    client.set_cookie("desk", "chosen-by-an-attacker")
    client.get("/sign-in")
    form = client.get_cookie("form")
    post(client, "/sign-in", at="/sign-in", email="anna@desk.example", password=PASSWORD)
    other.set_cookie("desk", "chosen-by-an-attacker")
    assert (client.get("/").status_code, other.get("/").status_code) == (200, 302)
    client.get("/account")
    fresh = client.get_cookie("form")
    assert form is not None
    assert fresh is not None
    assert form.value != fresh.value


@SQLITE
def test_signing_in_again_ends_the_session_the_browser_had(app: Flask, anna: FlaskClient) -> None:
    before = anna.get_cookie("desk")
    assert before is not None
    stolen = app.test_client()
    stolen.set_cookie("desk", before.value)
    assert stolen.get("/").status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', anna.get("/account").text)
    assert token is not None
    anna.post("/sign-in", data={"csrf_token": token[1], "email": "anna@desk.example", "password": PASSWORD})
    assert (anna.get("/").status_code, stolen.get("/").status_code) == (200, 302)


@SQLITE
def test_every_refusal_carries_the_protecting_headers(
        app: Flask, anna: FlaskClient, sign_in: Callable[[str], FlaskClient]) -> None:
    answers = {400: anna.post("/alerts/all"), 403: sign_in("boris").get("/users"),
               404: anna.get("/nothing"), 405: anna.get("/sign-out"),
               413: anna.post("/account/password", data={"new": "x" * (3 << 20)})}
    for _ in range(6):
        answers[429] = post(app.test_client(), "/sign-in", at="/sign-in", email="x@desk.example", password="x")
    for code, answer in answers.items():
        assert (answer.status_code, is_protected(answer)) == (code, True)


@SQLITE
def test_over_https_the_cookies_are_bound_to_this_host(app: Flask, conf: Settings) -> None:
    secure = create_app(conf.model_copy(update={"web": conf.web.model_copy(update={"secure_cookies": True})}))
    client = secure.test_client()
    page = client.get("/sign-in", base_url="https://desk.example")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    answer = client.post("/sign-in", base_url="https://desk.example", headers={"Referer": "https://desk.example/sign-in"}, data={
        "csrf_token": token[1], "email": "anna@desk.example", "password": PASSWORD})
    secure.extensions["desk"].database.dispose()
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert any(cookie.startswith("__Host-desk=") for cookie in cookies)
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "Domain=" not in cookie
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


@SQLITE
def test_who_claims_to_come_from_elsewhere_is_not_believed(app: Flask) -> None:
    for number in range(20):  # as many addresses in a header as there are tries
        post(app.test_client(), "/sign-in", at="/sign-in", email=f"n{number}@desk.example", password="x")
    client = app.test_client()
    page = client.get("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    answer = client.post("/sign-in", headers={"X-Forwarded-For": "203.0.113.9", "X-Remote-User": "anna@desk.example"},
                         data={"csrf_token": token[1], "email": "anna@desk.example", "password": PASSWORD})
    assert answer.status_code == 429


@SQLITE
def test_who_found_an_open_browser_cannot_guess_the_password_for_ever(anna: FlaskClient, app: Flask) -> None:
    new = {"new": "x" * 12, "again": "x" * 12}
    codes = [fill(anna, "/account/password", old=f"guess {n}", **new).status_code for n in range(6)]
    assert codes == [403] * 5 + [429]
    assert fill(anna, "/account/password", old=PASSWORD, **new).status_code == 429


@pytest.mark.parametrize(("agent", "name"), [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox, Windows"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 YaBrowser/25.10 Safari/537.36",
     "Яндекс Браузер, Windows"),
    ("Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
     "Chrome, Android"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 "
     "Safari/604.1", "Safari, iPhone"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
     "Edge, macOS"), ("curl/8.1", "curl/8.1"), ("", "")])
def test_a_browser_is_named_in_words_a_person_knows(agent: str, name: str) -> None:
    assert account.browser(agent) == name


# --- when something fails ----------------------------------------------------------------------


@contextmanager
def broken(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From the moment the person is known, every question to the database fails."""
    import sqlalchemy.orm

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone away"))

    with monkeypatch.context() as patch:
        patch.setattr(sqlalchemy.orm.Session, "scalars", fail)
        patch.setattr(sqlalchemy.orm.Session, "scalar", fail)
        yield


def test_the_page_that_says_the_database_is_gone_needs_no_database(
        anna: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with broken(app, monkeypatch):
        for path in ("/", "/held", "/health", "/account", "/users"):
            answer = anna.get(path, headers={"Accept-Language": "ru"})
            assert (answer.status_code, is_protected(answer)) == (503, True), path
            assert "База данных не отвечает" in answer.text
    assert anna.get("/").status_code == 200


def test_a_broken_program_shows_a_number_and_nothing_of_itself(
        anna: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("desk.web.held.inbox.held", lambda _session: 1 // 0)
    answer = anna.get("/held")
    assert (answer.status_code, is_protected(answer)) == (500, True)
    incident = re.search(r"<code>([0-9a-f]{8})</code>", answer.text)
    assert incident is not None
    assert incident[1] in caplog.text
    assert not re.search("ZeroDivision|Traceback|/desk/", answer.text)


@SQLITE
def test_a_database_without_tables_is_not_ready_but_the_process_lives(app: Flask, database: Database) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE ticket RENAME TO elsewhere")
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]


# --- the clock and the held mail ---------------------------------------------------------------


@SQLITE
def test_a_clock_that_was_never_started_is_said_on_every_page(anna: FlaskClient, app: Flask, database: Database) -> None:
    assert "banner" not in anna.get("/account").text  # a desk of this minute
    with database.write() as session:
        session.execute(update(User).values(created_at=db.now() - timedelta(minutes=3)))
    app.extensions.pop("desk.banner")
    assert 'class="banner" role="alert"' in anna.get("/account").text
    with database.write() as session:
        session.add(Heartbeat(name="clock", host="h", pid=1, at=db.now()))
    app.extensions.pop("desk.banner")
    assert "banner" not in anna.get("/account").text


def test_every_reason_a_mail_is_held_for_has_words() -> None:
    source = "".join((Path(held.__file__).parents[1] / name).read_text(encoding="utf-8")
                     for name in ("inbox.py", "receiving.py", "reading.py"))
    keys = set(re.findall(r'ReadError\("(\w+)"|_failed\(row, "(\w+)"|"reason", "(\w+)"\)|inbound\.reason[^=\n]*= "\w+", "(\w+)"'
                          r'|row\.reason[^=\n]*= "held", "(\w+)"', source))
    found = {key for one in keys for key in one if key}
    assert {"not_a_mail", "parse_failed", "timeout", "crash", "worker_died", "blob_missing", "dismissed"} <= found
    assert found <= set(held.REASONS)


def test_the_source_of_a_held_mail_is_readable_and_hides_nothing(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver("Деньги за заказ не вернули, помогите пожалуйста".encode("cp1251") + b"\x00\x1b[2J <script>alert(1)</script>")
    deliver("Обман \u202egpj.exe\u200b".encode())
    pages = [anna.get(path).text for path in re.findall(r'href="(/held/[0-9a-f]{32})"', anna.get("/held").text)]
    source = "".join(found[1] for page in pages if (found := re.search(r'<pre class="source"[^>]*>(.*?)</pre>', page, re.S)))
    assert "Деньги за заказ не вернули" in source
    assert "\\x00\\x1b[2J &lt;script&gt;" in source
    assert "Обман \\x202egpj.exe\\x200b" in source


def test_a_large_held_mail_shows_its_sender_and_subject(
        anna: FlaskClient, database: Database, deliver: Callable[..., None]) -> None:
    deliver(b"From: =?utf-8?b?0J/RkdGC0YA=?= <petr@x.example>\r\nSubject: A large one\r\n\r\n" + b"x" * (2 << 20))
    with database.write() as session:
        session.execute(update(InboundMail).values(state="held", reason="timeout"))
    page = anna.get("/held").text
    assert "A large one" in page
    assert "Пётр" in page
