"""`desk up --demo` as a visitor meets it: complaints are there, a mail becomes a ticket, an answer arrives and is answered."""

from __future__ import annotations

import imaplib
import os
import re
import signal
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from desk import db, outbox
from desk.db import Database
from desk.models import Deadline, Heartbeat, InboundMail, Message, Ticket, User
from desk.settings import Settings, load

from .mails import nasty
from .servers import free_port, wait_until

pytestmark = pytest.mark.slow
HELP = "help@zastupnik.example"


@dataclass
class Demo:
    conf: Settings
    database: Database
    said: str
    smtp: int
    imap: int
    pid: int

    def mail(self, sender: str, subject: str, text: str, to: str = HELP, **headers: str) -> None:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = sender, to, subject
        for name, value in headers.items():
            letter[name.replace("_", "-")] = value
        letter.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp) as server:
            server.send_message(letter)

    def mailbox(self, address: str) -> list[EmailMessage]:
        client = imaplib.IMAP4("127.0.0.1", self.imap)
        client.login(address, "demo")
        client.select("INBOX")
        numbers = client.search(None, "ALL")[1][0].split()
        raws = [client.fetch(n, "(BODY.PEEK[])")[1][0][1] for n in numbers]  # type: ignore[index]
        client.logout()
        return [message_from_bytes(raw, policy=policy.default) for raw in raws]  # type: ignore[arg-type,misc]

    def messages(self, sender: str) -> list[Message]:
        with self.database.read() as session:
            return list(session.scalars(select(Message).where(Message.sender_address == sender).order_by(Message.id)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo") / "a folder whose name is far too long for the socket of a server in it, really"
    web, smtp, imap = free_port(), free_port(), free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DESK_")} | {
        "DESK_HOME": str(home), "DESK_WEB_PORT": str(web), "DESK_SMTP_PORT": str(smtp), "DESK_IMAP_PORT": str(imap),
        "HOME": "/nonexistent"}
    output = tmp_path_factory.mktemp("log") / "demo.txt"
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-P", "-m", "desk", "up", "--demo"], env=environment, stdout=file,
                                   stderr=subprocess.STDOUT, cwd="/")
    try:
        wait_until(lambda: "sign-in" in output.read_text() or process.poll() is not None, 90, "the demo")
        conf = load({"DESK_HOME": str(home)})
        yield Demo(conf, Database(conf.database_url), output.read_text(), smtp, imap, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_it_says_where_to_click_and_the_link_signs_in(demo: Demo) -> None:
    link = re.search(r"http://127\.0\.0\.1:\d+/sign-in/\S+", demo.said)
    assert link
    assert "ERROR" not in demo.said
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open(link[0]).read().decode()
    assert "Разбитый телефон" in page or "Сапоги" in page
    assert HELP in demo.said


def test_the_complaints_came_by_mail_and_their_deadlines_lie_all_around_today(demo: Demo) -> None:
    with demo.database.read() as session:
        states = Counter(session.scalars(select(InboundMail.state)))
        assert sum(states.values()) >= 15
        assert (states["received"], states["held"]) == (0, 1)
        kinds = set(session.scalars(select(Message.kind)))
        assert {"mail", "auto_reply", "bounce", "reply", "ack", "note"} <= kinds
        assert len({t.marketplace for t in session.scalars(select(Ticket))} & {"ozon", "wildberries", "yandex_market"}) == 3
        today = db.now().date()
        days = [(d.due - today).days for d in session.scalars(select(Deadline).where(Deadline.state == "running"))]
        assert min(days) < 0
        assert any(0 <= d <= 2 for d in days)
        assert any(d > 7 for d in days)
        by_subject = {t.subject: t for t in session.scalars(select(Ticket))}
        coat = by_subject["Wildberries не доставили куртку"]
        assert coat.delivery_failed
        assert [m.kind for m in coat.messages if m.sender_address == "support@wildberries.example"] == ["auto_reply"]


def test_a_mail_is_a_ticket_soon_its_answer_arrives_and_is_answered_and_a_stranger_gets_nowhere(demo: Demo) -> None:
    started = time.monotonic()
    demo.mail("Новый <new@pochta.example>", "Не пришёл заказ", "Ozon, заказ 18044876-0139, верните деньги")
    wait_until(lambda: demo.messages("new@pochta.example"), 30)
    assert time.monotonic() - started < 10  # two seconds on a machine that does nothing else
    with demo.database.write() as session:
        ticket = session.get_one(Ticket, demo.messages("new@pochta.example")[0].ticket_id)
        number = ticket.number
        author = session.scalars(select(User).where(User.role == "admin")).one()
        reply = outbox.write(session, demo.conf, ticket, text="Мы займёмся.", author=author, nonce="demo-test", now=db.now())
        reply.try_after = db.now()
    wait_until(lambda: any("Мы займёмся." in m.get_content() for m in demo.mailbox("new@pochta.example")), 30)
    answer = next(m for m in demo.mailbox("new@pochta.example") if "Мы займёмся." in m.get_content())
    demo.mail("new@pochta.example", f"Re: {answer['Subject']}", "Спасибо", to=answer["Reply-To"],
              In_Reply_To=answer["Message-ID"])
    demo.mail("eve@evil.example", f"Re: [#{number}]", "и мне")
    wait_until(lambda: len(demo.messages("new@pochta.example")) == 2 and demo.messages("eve@evil.example"), 30)
    assert {m.ticket_id for m in demo.messages("new@pochta.example")} == {ticket.id}
    assert demo.messages("eve@evil.example")[0].ticket_id != ticket.id


def test_a_mail_that_is_a_thousand_deep_and_a_killed_post_office_lose_nothing(demo: Demo) -> None:
    def mail(raw: bytes) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", demo.smtp) as server:
                server.sendmail("deep@nasty.example", [HELP], raw)
        except OSError:
            return False
        return True

    def stored() -> list[tuple[int, int]]:
        with demo.database.read() as session:
            return [(row.uidvalidity, row.uid) for row in session.scalars(select(InboundMail).order_by(InboundMail.id))]

    assert mail(nasty.corpus()["mime_1000_deep"])
    before = len(stored())
    office = subprocess.run(["pgrep", "-P", str(demo.pid), "-f", "desk.demo mail"], capture_output=True, text=True, check=True)
    os.kill(int(office.stdout.split()[0]), signal.SIGKILL)
    wait_until(lambda: mail(b"From: after@pochta.example\r\nSubject: after\r\n\r\nOzon"), 30)
    wait_until(lambda: demo.messages("after@pochta.example"), 60)
    assert len({validity for validity, _ in stored()}) == 1
    assert len(stored()) <= before + 2


def test_the_same_folder_is_not_used_twice(demo: Demo) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DESK_")} | {"DESK_HOME": str(demo.conf.home)}
    second = subprocess.run([sys.executable, "-P", "-m", "desk", "up", "--demo"], env=environment, capture_output=True,
                            text=True, timeout=60, cwd=Path("/"))
    assert second.returncode == 2
    assert "runs here already" in second.stderr


def test_eleven_days_pass_in_every_part_of_it(demo: Demo) -> None:
    """Last: afterwards everything is overdue."""
    before = db.now()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DESK_")} | {"DESK_HOME": str(demo.conf.home)}
    moved = subprocess.run([sys.executable, "-P", "-m", "desk", "demo-time", "+11d"], env=environment, capture_output=True,
                           text=True, timeout=60, cwd=Path("/"))
    assert moved.returncode == 0, moved.stderr

    def beats() -> dict[str, Heartbeat]:
        with demo.database.read() as session:
            return {row.name: row for row in session.scalars(select(Heartbeat))}

    later = before + timedelta(days=11, seconds=1)
    wait_until(lambda: all(beats()[name].at > later for name in ("clock", "outbox", "work", "web")), 90, "a beat of each part")
    assert "frozen" not in beats()["clock"].detail
    demo.mail("late@pochta.example", "Из будущего", "Ozon, заказ 18044876-0140 не пришёл")
    wait_until(lambda: demo.messages("late@pochta.example"), 60)
    assert demo.messages("late@pochta.example")[0].created_at > later
