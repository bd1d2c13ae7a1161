"""Files and the virus scanner: asked about each, believed when it finds one, asked again when it is silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import clamd, db, doctor, scans
from desk.contents import Opener
from desk.db import Database
from desk.models import Attachment, Event, Message
from desk.settings import Settings

from .scanner import EICAR, LARGEST, Scanner
from .servers import free_port
from .test_contents import arrive


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    out = Scanner()
    yield out
    out.stop()


def with_scanner(conf: Settings, address: str) -> Settings:
    return conf.model_copy(update={"files": conf.files.model_copy(update={"clamd": address})})


def attachments(database: Database) -> list[Attachment]:
    with database.read() as session:
        return list(session.scalars(select(Attachment).order_by(Attachment.place)))


def test_the_scanner_is_asked_over_its_socket(scanner: Scanner) -> None:
    clamd.ping(scanner.address)
    assert clamd.scan(scanner.address, b"") == ("clean", "")
    assert clamd.scan(scanner.address, b"x" * 300_000) == ("clean", "")
    assert clamd.scan(scanner.address, b"before" + EICAR) == ("infected", "Eicar-Test-Signature")


def test_what_is_too_large_for_the_scanner_is_not_asked_about_again(scanner: Scanner) -> None:
    with pytest.raises(clamd.ClamdError) as caught:
        clamd.scan(scanner.address, b"x" * (LARGEST + 1))
    assert (caught.value.permanent, "size limit" in str(caught.value)) == (True, True)


@pytest.mark.parametrize("address", ["unix:/nowhere/clamd.ctl", "tcp:127.0.0.1:1"])
def test_a_scanner_that_is_not_there_is_an_error_that_passes(address: str) -> None:
    with pytest.raises(clamd.ClamdError) as caught:
        clamd.scan(address, b"x")
    assert not caught.value.permanent


def test_an_infected_file_is_marked_and_not_opened(database: Database, conf: Settings, scanner: Scanner) -> None:
    arrive(database, conf, ("a.txt", "text/plain", b"18044876-0131 " + EICAR), ("b.txt", "text/plain", b"harmless"))
    opener = Opener(database, with_scanner(conf, scanner.address), now_fn=db.now)
    assert opener.run() == 1
    opener.close()
    bad, good = attachments(database)
    assert (bad.scan, bad.scan_note, good.scan, scanner.seen) == ("infected", "Eicar-Test-Signature", "clean", 2)
    with database.read() as session:
        texts = list(session.scalars(select(Attachment.text).order_by(Attachment.place)))
        assert texts == ["", "harmless"]
        assert session.scalars(select(Event.kind).where(Event.kind == "file.infected")).all() == ["file.infected"]
        assert session.scalars(select(Message.contents).where(Message.direction == "in")).one() == "read"


def test_while_the_scanner_is_silent_files_are_read_and_wait_for_it(database: Database, conf: Settings) -> None:
    arrive(database, conf, ("a.txt", "text/plain", b"harmless"))
    now = [db.now()]
    silent = with_scanner(conf, f"tcp:127.0.0.1:{free_port()}")
    opener = Opener(database, silent, now_fn=lambda: now[0])
    assert opener.run() == 1
    assert [(file.scan, file.state) for file in attachments(database)] == [("waiting", "read")]
    with database.read() as session:
        assert scans.waiting(session) == 1
    scanner = Scanner()
    opener.scanner.conf = with_scanner(conf, scanner.address)
    opener.run()  # not asked again at once
    assert attachments(database)[0].scan == "waiting"
    now[0] += timedelta(seconds=61)
    opener.run()
    assert attachments(database)[0].scan == "clean"
    opener.close()
    scanner.stop()


def test_without_a_scanner_nobody_is_asked(database: Database, conf: Settings) -> None:
    arrive(database, conf, ("a.txt", "text/plain", EICAR))
    opener = Opener(database, conf, now_fn=db.now)
    assert opener.run() == 1
    opener.close()
    assert [file.scan for file in attachments(database)] == ["waiting"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_doctor_tells_how_the_scanner_is(database: Database, conf: Settings, scanner: Scanner) -> None:
    well = {finding.part: finding for finding in doctor.examine(with_scanner(conf, scanner.address), now=db.now())}
    ill = {finding.part: finding for finding in doctor.examine(with_scanner(conf, "tcp:127.0.0.1:1"), now=db.now())}
    assert (well["virus scanner"].state, ill["virus scanner"].state) == ("ok", "stopped")
    assert "virus scanner" not in {finding.part for finding in doctor.examine(conf, now=db.now())}
