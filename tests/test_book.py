"""What a lead keeps in order: contacts looked at again, letter texts with versions that can run nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from desk import contacts, escalation, letterbook, letters, people
from desk.db import Database
from desk.letters import TemplateError
from desk.models import User

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEY = "claim_refund_defect"
ATTACKS = ("{{__class__}}", "{{ config }}", "{% include '/etc/passwd' %}", '#read("/etc/passwd")', '#image("http://evil.example/x")',
           '#import "@preview/x:1.0.0"', '#eval("1")', "{{cycler.__init__.__globals__}}", "<script>alert(1)</script>", "\\input{/etc/passwd}")


@pytest.fixture
def anna(database: Database) -> User:
    with database.write() as session:
        return people.create(session, email="anna@desk.example", name="Анна", role="lead", actor="t", now=NOW)


def test_a_contact_asks_to_be_checked_after_ninety_days_and_a_look_puts_that_right(database: Database, anna: User) -> None:
    later = date(2027, 3, 1)
    known = escalation.known_bodies()
    assert {c.value for c in contacts.old(known, later)} >= {"help@ozon.ru", "support@ozon.ru"}
    with database.write() as session:
        contacts.record(session, known, body="ozon", channel="email", value="help@ozon.ru", status="confirmed",
                        source="сайт площадки", on=date(2027, 2, 28), author=session.get_one(User, anna.id), now=NOW)
    with database.read() as session:
        today = contacts.bodies(session, known)
        assert "help@ozon.ru" not in {c.value for c in contacts.old(today, later)}
        looked = next(c for c in today["ozon"].contacts if c.value == "help@ozon.ru")
        assert (looked.status, looked.source, looked.checked_on) == ("confirmed", "сайт площадки", date(2027, 2, 28))
        assert "support@ozon.ru" in {c.value for c in today["ozon"].by_channel("email")}  # the other source stays
        assert [row.value for row in contacts.history(session)] == ["help@ozon.ru"]


def test_disagreements_of_sources_are_shown_with_both() -> None:
    found = {(d.body, d.channel): {c.value for c in d.contacts} for d in contacts.disagreements(escalation.known_bodies())}
    assert found["ozon", "email"] == {"help@ozon.ru", "support@ozon.ru"}
    assert found["ozon", "phone"] == {"8 (800) 234-70-00", "8-800-234-5660"}


@pytest.mark.parametrize(("value", "status", "source"), [("x@y.example", "confirmed", "сайт"), ("help@ozon.ru", "good", "сайт"),
                                                         ("help@ozon.ru", "dead", " ")])
def test_a_look_without_source_or_at_nothing_is_refused(database: Database, anna: User, value: str, status: str,
                                                        source: str) -> None:
    with database.write() as session, pytest.raises(contacts.ContactError):
        contacts.record(session, escalation.known_bodies(), body="ozon", channel="email", value=value, status=status,
                        source=source, on=NOW.date(), author=session.get_one(User, anna.id), now=NOW)


def test_a_changed_text_is_used_its_versions_are_kept(database: Database, anna: User) -> None:
    first = letterbook.text_of(KEY).replace("ПРЕТЕНЗИЯ о возврате", "ПРЕТЕНЗИЯ (первая) о возврате")
    with database.write() as session:
        author = session.get_one(User, anna.id)
        assert letterbook.save(session, KEY, first, author=author, now=NOW).version == 1
        assert letterbook.save(session, KEY, first.replace("\n", "\r\n"), author=author, now=NOW).version == 1
        assert letterbook.save(session, KEY, first.replace("первая", "вторая"), author=author, now=NOW).version == 2
    with database.read() as session:
        used = letterbook.templates(session)
        assert "вторая" in next(line.texts[0] for line in used[KEY].lines if line.kind == "title")
        assert used["lawsuit"] is letterbook.shipped()["lawsuit"]
        assert ["вторая" in v.text for v in letterbook.versions(session, KEY)] == [True, False]
        assert used[KEY].sha256 != letterbook.shipped()[KEY].sha256
        assert "вторая" in letterbook.text(session, KEY)


@pytest.mark.parametrize("change", [
    lambda text: text + "\n{{unknown_place}}\n", lambda text: text.replace("+++", "", 1), lambda text: text + "x" * 50_000,
    lambda text: text.replace('rule = "zpp22_money"', 'rule = "fz59_reply_30"'), lambda text: text + "\n{{consumer name}}\n"])
def test_a_text_that_cannot_be_used_is_refused_and_nothing_changes(database: Database, anna: User, change) -> None:  # type: ignore[no-untyped-def]
    with database.write() as session, pytest.raises(TemplateError):
        letterbook.save(session, KEY, change(letterbook.text_of(KEY)), author=session.get_one(User, anna.id), now=NOW)
    with database.read() as session:
        assert letterbook.templates(session)[KEY].sha256 == letterbook.shipped()[KEY].sha256


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_reads_a_file_opens_an_address_or_runs_code(attack: str) -> None:
    """It is refused, or it stands in the letter as it was written."""
    text = letterbook.text_of("status_letter") + f"\n{attack}\n"
    try:
        template = letterbook.checked("status_letter", text)
    except TemplateError:
        return
    facts = dict.fromkeys(template.places(), "x")
    document = template.fill(facts, written_on=NOW.date())
    assert attack.replace(" ", "").replace('"', "") in document.plain_text().replace("\u00a0", "").replace(" ", "").replace(
        '"', "").replace("«", "").replace("»", "")
    assert letters.pdf(document).startswith(b"%PDF")
    assert b"root:" not in letters.docx(document)
