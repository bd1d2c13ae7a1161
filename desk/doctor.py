"""What is wrong with this desk, and the cure: one line for each part."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import redis
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from . import alerts, backups, clamd, https, imap, lawbook, leases, migrate, queue, smtp
from .db import Database
from .facts import ocr
from .models import Heartbeat, InboundMail, Mailbox, Outbox, User
from .settings import Mailbox as Box
from .settings import Settings

BACKUP_AFTER = timedelta(days=8)
WAITED = timedelta(minutes=5)
FEW_BYTES, FEWEST_BYTES = 2 << 30, 200 << 20
DOORBELL = {"maxmemory-policy": "noeviction", "appendonly": "yes"}
DURABLE = {"fsync": ("on",), "full_page_writes": ("on",), "synchronous_commit": ("on", "remote_write", "remote_apply")}
State = Literal["ok", "warning", "stopped"]


@dataclass(frozen=True)
class Finding:
    """`cure` is what a person does about it; '' when all is well."""

    part: str
    state: State
    words: str
    cure: str = ""


def examine(conf: Settings, *, now: datetime) -> Iterator[Finding]:
    """Every part in turn; one that does not answer stops no other check."""
    yield _disk(conf)
    yield _files(conf)
    yield _key(conf)
    yield _doorbell(conf)
    for box in conf.mailbox:
        yield _mailbox(box)
    if not conf.mailbox:
        yield Finding("mailboxes", "warning", "none is set up",
                      "Add a [[mailbox]] block to desk.toml: docs/mail-providers.md.")
    yield _smtp(conf)
    yield _recogniser()
    if conf.files.clamd:
        yield _scanner(conf)
    yield _law()
    database = Database(conf.database_url)
    try:
        yield from _database(database, conf, now)
    finally:
        database.dispose()


# --- the machine -------------------------------------------------------------------------------


def _disk(conf: Settings) -> Finding:
    place = next(p for p in (conf.home, *conf.home.parents) if p.exists())
    free = shutil.disk_usage(place).free
    words = f"{free >> 20} MiB free at {conf.home}"
    if not os.access(place, os.W_OK):
        return Finding("disk", "stopped", f"{conf.home} cannot be written",
                       "Give the desk's user the right to write there.")
    if free < FEWEST_BYTES:
        return Finding("disk", "stopped", words, "Make room: no mail is taken from the server while the disk is full.")
    return Finding("disk", "warning", words, "Make room soon.") if free < FEW_BYTES else Finding("disk", "ok", words)


def _files(conf: Settings) -> Finding:
    place = next(p for p in (conf.blobs_path, *conf.blobs_path.parents) if p.exists())
    if os.access(place, os.W_OK):
        return Finding("files", "ok", f"{conf.blobs_path} can be written")
    return Finding("files", "stopped", f"{conf.blobs_path} cannot be written: mails above 1 MiB are not taken",
                   "Give the desk's user the right to write there, or correct [blobs] path.")


def _key(conf: Settings) -> Finding:
    if len(conf.secret_key()) < 32:
        return Finding("secret key", "warning", "shorter than 32 characters",
                       "Set [desk] secret_key to 32 random ones.")
    return Finding("secret key", "ok", "set" if conf.desk.secret_key.get_secret_value() else "kept in DESK_HOME")


def _doorbell(conf: Settings) -> Finding:
    if not conf.redis_url:
        return Finding("doorbell", "ok", "off: the worker looks by itself every two seconds")
    if not queue.is_reachable(conf):
        return Finding("doorbell", "stopped", "Redis or Valkey does not answer",
                       "Start it (`desk up` starts its own), or set [redis] url. Nothing is lost, only slower.")
    client = queue.connect(conf)
    assert client is not None
    for key, wanted in DOORBELL.items():
        try:
            found = str(client.config_get(key).get(key, wanted))
        except redis.RedisError:  # a hosted one does not tell
            continue
        if found != wanted:
            return Finding("doorbell", "warning", f"{key} is {found}",
                           f"Set it to {wanted}: rings get lost, and the mail waits for the next look.")
    return Finding("doorbell", "ok", "answers")


def _mailbox(box: Box) -> Finding:
    part = f"mailbox {box.name}"
    try:
        with imap.Inbox(box) as opened:
            return Finding(part, "ok", f"{box.address}: signed in, UIDVALIDITY {opened.uidvalidity}")
    except imap.ImapError as error:
        return Finding(part, "stopped", str(error), error.hint or "See docs/mail-providers.md.")


def _smtp(conf: Settings) -> Finding:
    try:
        smtp.check(conf.smtp)
    except smtp.SmtpError as error:
        return Finding("sending", "stopped", str(error), "Check [smtp] host, port, username and password.")
    return Finding("sending", "ok", f"{conf.smtp.host}:{conf.smtp.port} takes letters")


def _recogniser() -> Finding:
    if ocr.available():
        return Finding("text on pictures", "ok", "is read by tesseract, in Russian and English")
    return Finding("text on pictures", "warning", "is not read: tesseract is not installed, or its Russian is missing",
                   f"Run `{ocr.INSTALL}` where `desk work` runs, and restart it: what came meanwhile is read then.")


def _scanner(conf: Settings) -> Finding:
    try:
        clamd.ping(conf.files.clamd)
    except clamd.ClamdError as error:
        return Finding("virus scanner", "stopped", f"{error}; files stay marked as not scanned",
                       "Start clamd, or correct [files] clamd. It is asked again every minute.")
    return Finding("virus scanner", "ok", "answers")


def _law() -> Finding:
    rules = lawbook.known_rules()
    open_ = sum(not rule.confirmed for rule in rules.values())
    if open_:
        return Finding("law", "warning", f"{open_} of {len(rules)} rules are not confirmed by a lawyer",
                       "Have them checked, then write checked_by and checked_on into config/deadlines.toml.")
    return Finding("law", "ok", f"{len(rules)} rules, all confirmed")


# --- the database ------------------------------------------------------------------------------


def _database(database: Database, conf: Settings, now: datetime) -> Iterator[Finding]:
    try:
        with database.read() as session:
            tables = inspect(database.reader).get_table_names()
            if "ticket" not in tables:
                yield Finding("database", "stopped", "has no tables", "Run `desk migrate`.")
                return
            yield _integrity(session, database)
            for check in (_parts, _inbound, _letters, _ways_out, _team, _backup):
                yield from check(session, conf, now)
    except SQLAlchemyError as error:
        yield Finding("database", "stopped", f"does not answer: {str(error).splitlines()[0][:200]}",
                      "Start it, or correct [database] url.")


def _integrity(session: Session, database: Database) -> Finding:
    if not migrate.is_current(database):
        return Finding("database", "stopped", "has the tables of another version", "Run `desk migrate`.")
    if database.is_sqlite:
        answer = session.connection().exec_driver_sql("PRAGMA quick_check").scalar()
        if answer != "ok":
            return Finding("database", "stopped", f"damaged: {answer}", "Restore the last backup: docs/deploy.md.")
    elif careless := _careless(session):
        return Finding("database", "warning", f"{careless}: a power cut can lose mail that was taken",
                       "Set it back to on in postgresql.conf.")
    return Finding("database", "ok", "SQLite, sound" if database.is_sqlite else "PostgreSQL answers")


def _careless(session: Session) -> str:
    """The PostgreSQL setting, if any, that says `committed` before the disk has it."""
    for key, good in DURABLE.items():
        value = session.connection().exec_driver_sql(f"SHOW {key}").scalar()
        if value not in good:
            return f"{key} is {value}"
    return ""


def _parts(session: Session, conf: Settings, now: datetime) -> Iterator[Finding]:
    beats = {b.name: b for b in session.scalars(select(Heartbeat))}
    for name in ("web", "work", "clock", *(f"fetch:{box.name}" for box in conf.mailbox)):
        command = name.replace(":", " ")
        beat = beats.get(name)
        if beat is None:
            yield Finding(name, "stopped", "never ran", f"Start `desk up`, or `desk {command}` alone.")
        elif now - beat.at > leases.SILENT + _jumped(beat):
            yield Finding(name, "stopped",
                          f"silent since {beat.at:%Y-%m-%d %H:%M} UTC (was process {beat.pid} on {beat.host})",
                          f"Start `desk up`, or `desk {command}` alone; its log says why it ended.")
        elif beat.detail.get("frozen"):
            yield Finding(name, "warning", "the machine's clock jumped: alerts are held back",
                          "Set the time right (NTP), or confirm it on the page “State of the desk”.")
        else:
            yield Finding(name, "ok", f"at work (process {beat.pid})")
    for box in session.scalars(select(Mailbox).where(Mailbox.error != "")):
        yield Finding(f"fetch:{box.name}", "stopped", box.error, "See docs/mail-providers.md.")


def _jumped(beat: Heartbeat) -> timedelta:
    """How far the time of a frozen clock is from ours: by that it is no silence."""
    frozen = beat.detail.get("frozen")
    return timedelta(seconds=abs(frozen["step_seconds"])) if frozen else timedelta()


def _inbound(session: Session, _conf: Settings, now: datetime) -> Iterator[Finding]:
    held = session.scalar(select(func.count()).select_from(InboundMail).where(InboundMail.state == "held")) or 0
    if held:
        yield Finding("held mail", "warning", f"{held} wait for a person",
                      "Open the page “Held mail”, or `desk mail held`.")
    oldest = session.scalar(select(func.min(InboundMail.received_at)).where(InboundMail.state == "received"))
    if oldest is not None and now - oldest > WAITED:
        yield Finding("inbox", "stopped", f"a mail waits since {oldest:%Y-%m-%d %H:%M} UTC", "Start `desk work`.")


def _letters(session: Session, _conf: Settings, now: datetime) -> Iterator[Finding]:
    late = session.scalar(select(func.count()).select_from(Outbox).where(
        Outbox.state == "pending", Outbox.try_after < now - WAITED)) or 0
    if late:
        yield Finding("outbox", "stopped", f"{late} letters should have left",
                      "Start `desk clock`; check the sending above.")
    for state, words in (("failed", "could not be delivered"), ("uncertain", "may have been delivered twice or not")):
        count = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.state == state)) or 0
        if count:
            yield Finding("outbox", "warning", f"{count} letters {words}", "See the page “State of the desk”.")


def _ways_out(session: Session, conf: Settings, now: datetime) -> Iterator[Finding]:
    """By which alerts get out."""
    for outage in alerts.outages(session):
        yield Finding("alerts", "warning", f"{outage.name} is switched off: {outage.error}",
                      "Mend it and switch it on again on the page “State of the desk”.")
    since = alerts.canary.absent_since(session, conf, now=now)
    if since is not None:
        yield Finding("alerts", "stopped", f"no daily test letter left since {since:%Y-%m-%d %H:%M} UTC",
                      "See what the mail server says above, and [alerts] duty_address.")
    for key, url in (("[webhook] url", conf.webhook.url), ("[alerts] ping_url", conf.alerts.ping_url)):
        if url.get_secret_value() and (fault := https.fault(url.get_secret_value())):
            yield Finding("alerts", "warning", f"{key}: {fault}", "Correct it in desk.toml.")
    if not conf.alerts.duty_address:
        yield Finding("alerts", "ok", "no duty address: nothing proves every day that letters leave")


def _team(session: Session, _conf: Settings, _now: datetime) -> Iterator[Finding]:
    admins = session.scalar(select(func.count()).select_from(User).where(User.active, User.role == "admin")) or 0
    if not admins:
        yield Finding("team", "warning", "nobody is an admin",
                      "Run `desk user add you@example.org --name You --role admin`.")
    else:
        yield Finding("team", "ok", f"{admins} admin(s)")


def _backup(session: Session, _conf: Settings, now: datetime) -> Iterator[Finding]:
    made = backups.last_made(session)
    if made is not None and now - made < BACKUP_AFTER:
        yield Finding("backup", "ok", f"last made {made:%Y-%m-%d %H:%M} UTC")
    elif (session.scalar(select(func.min(InboundMail.received_at))) or now) < now - BACKUP_AFTER:
        yield Finding("backup", "warning", f"last made {made:%Y-%m-%d}" if made else "none was ever made",
                      "Run `desk backup FOLDER` every day (docs/deploy.md).")
