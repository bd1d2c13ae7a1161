"""`desk up --demo`: the whole desk on this machine, with a mail server and complaints of its own.

Everything lives under DESK_HOME (default var/demo). The addresses are invented, and no mail leaves the machine.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .. import db, demo_time, migrate, people, settings, up
from ..db import Database
from ..settings import Settings, SettingsError
from ..supervise import Part
from . import ports, team

ADDRESS = "help@zastupnik.example"
# What the demo decides by itself: a variable meant for a real desk must not reach its database or mailbox.
OWN_VARIABLES = ("DESK_DATABASE_", "DESK_REDIS_", "DESK_BLOBS_", "DESK_MAILBOX_", "DESK_CONFIG", "DESK_SMTP_HOST",
                 "DESK_SMTP_PORT", "DESK_SMTP_SECURITY", "DESK_SMTP_USERNAME", "DESK_SMTP_PASSWORD", "DESK_SMTP_AUTH",
                 "DESK_SMTP_ADDRESS", "DESK_WEB_PORT", "DESK_IMAP_PORT")
TOML = """{mark}
[desk]
base_url = "http://127.0.0.1:{web}"
[web]
port = {web}
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
address = "{address}"
undo_seconds = 10
[[mailbox]]
name = "main"
address = "{address}"
host = "127.0.0.1"
port = {imap}
tls = false
username = "{address}"
password = "demo"
"""
SAYS = """
  Заступник работает: {link}
  (откройте ссылку: она сразу входит как администратор · open it, it signs you in)

  Написать жалобу · mail a complaint: {address}, SMTP 127.0.0.1:{smtp}
    printf 'From: anna@pochta.example\\nSubject: Ozon\\n\\nЗаказ 18044876-0131 не пришёл, верните деньги.' |
      curl -s --crlf -T - --mail-from anna@pochta.example --mail-rcpt {address} smtp://127.0.0.1:{smtp}
  Ящик потребителя · the consumer's mailbox: IMAP 127.0.0.1:{imap}, без TLS,
    имя — адрес (anna@pochta.example), пароль — demo; ответ оттуда — через тот же SMTP
  Журналы · logs: {log}
  Остановить · stop: Ctrl+C
"""


def start(*, fresh: bool = False, sample: bool = True) -> None:
    """Run the demo until stopped. Raises SettingsError."""
    given = settings.environment()
    home = settings.home({"DESK_HOME": given.get("DESK_HOME") or "var/demo"})
    with up.alone(home):
        _check(home)
        if fresh:
            _clear(home)
        chosen = ports.choose(given)
        (home / "desk.toml").write_text(TOML.format(mark=demo_time.MARK, address=ADDRESS, **chosen), encoding="utf-8")
        env = {k: v for k, v in given.items() if not k.startswith(OWN_VARIABLES)} | {"DESK_HOME": str(home)}
        conf = settings.load(env)
        demo_time.follow(home)
        link = _prepare(conf)
        print("Заступник: запускаю…  (starting)", flush=True)
        up.run(conf, sink=up.ToFiles(home / "log"), env=up.environment(conf, env), first=[_mail(conf, env)],
               last=_sample(conf, env) if sample else [], announce=lambda: _say(conf, link))


def _check(home: Path) -> None:
    """Never a real desk's folder: the demo writes into it, and --fresh empties it."""
    if not demo_time.is_demo(home) and any(path.name != "up.lock" for path in home.iterdir()):
        raise SettingsError(f"{home} holds something else than the demo: choose another DESK_HOME.")


def _clear(home: Path) -> None:
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in ("up.lock", "desk.toml"):
            path.unlink()


def _prepare(conf: Settings) -> str:
    """Tables, people and the link that signs in."""
    database, now = Database(conf.database_url), db.now()
    migrate.upgrade(database)
    with database.write() as session:
        admin = team.gather(session, now=now)["admin"]
        team.open_mailbox(session, conf, now=now)
        link = people.sign_in_link(session, conf, admin, hours=30 * 24, reusable=True, now=now)
    database.dispose()
    return link


def _mail(conf: Settings, env: Mapping[str, str]) -> Part:
    box = conf.mailbox[0]
    return Part("mail", _command("mail"), up.environment(conf, env),
                lambda: up.listens(box.host, box.port) and up.listens(conf.smtp.host, conf.smtp.port))


def _sample(conf: Settings, env: Mapping[str, str]) -> list[Part]:
    return [Part("sample", _command("sample"), up.environment(conf, env), once=True)]


def _command(part: str) -> list[str]:
    return [sys.executable, "-P", "-m", "desk.demo", part]


def _say(conf: Settings, link: str) -> None:
    print(SAYS.format(link=link, address=ADDRESS, smtp=conf.smtp.port, imap=conf.mailbox[0].port,
                      log=conf.home / "log"), flush=True)
