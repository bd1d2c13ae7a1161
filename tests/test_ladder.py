"""The ladder and the directory are data: checked at start, every name in them leads somewhere."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from desk import deadlines, directory, ladder, letters, settings
from desk.law.source import LawDataError

CONFIG = settings.resource("config")
LADDER = ladder.load(CONFIG / "escalation.toml")
DIRECTORY = directory.load(CONFIG / "directory.toml")
STEP = ('[attachments]\nphotos = "фото"\n[[step]]\nkey = "a"\nstage = "claim"\ntitle_ru = "А"\ntitle_en = "A"\nto = "seller"\n'
        'channels = ["post"]\nmust = "x"\nsource = "y"\n')


def test_every_clock_and_letter_of_a_step_exists() -> None:
    templates = letters.load(settings.resource("templates") / "letters")
    for step in LADDER.steps.values():
        assert set(step.clocks) <= set(deadlines.known_rules()), step.key
        assert set(step.letters) <= set(templates), step.key


def test_every_body_is_somebodys_addressee_and_ozons_contacts_keep_their_disagreement() -> None:
    wanted = {step.to for step in LADDER.steps.values()}
    assert {body.kind for body in DIRECTORY.values()} <= wanted
    ozon = DIRECTORY["ozon"]
    assert {c.value for c in ozon.by_channel("email")} == {"help@ozon.ru", "support@ozon.ru"}
    assert {c.status for c in ozon.by_channel("email")} == {"disputed"}
    assert len(ozon.by_channel("phone")) == 4
    assert all(c.source for body in DIRECTORY.values() for c in body.contacts)


def test_no_state_body_takes_e_mail() -> None:
    assert not any("email" in step.channels for step in LADDER.steps.values() if step.to in ladder.STATE_BODIES)


def test_the_ethics_line_is_not_for_deliveries() -> None:
    assert not LADDER.steps["ethics"].serves(("not_delivered",))
    assert LADDER.steps["ethics"].serves(("ethics",))
    assert LADDER.steps["claim_seller"].serves(())


@pytest.mark.parametrize(("text", "line", "words"), [
    (STEP.replace('"post"', '"dove"'), 9, "dove"),
    (STEP.replace('to = "seller"', 'to = "fas"').replace('"post"', '"email"'), 9, "547"),
    (STEP + 'needs = ["b"]\n', 12, "no step 'b'"),
    (STEP + 'attach = ["chek"]\n', 12, "chek"),
    (STEP + STEP.partition("[[step]]")[1] + STEP.partition("[[step]]")[2], 13, "twice"),
    (STEP.replace('must = "x"\n', ""), 3, "must")])
def test_a_mistake_names_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(LawDataError) as error:
        ladder.load(text)
    assert error.value.line == line
    assert words in str(error.value)


def test_a_contact_grows_old_after_ninety_days() -> None:
    contact = DIRECTORY["ozon"].contacts[0]
    assert not contact.is_old(date(2026, 12, 1))
    assert contact.is_old(date(2027, 3, 1))


@pytest.mark.parametrize(("text", "words"), [
    ('[[body]]\nkey = "a"\nkind = "fas"\ntitle_ru = "А"\ntitle_en = "A"\ninn = "7704217371"\n', "check digits"),
    ('[[contact]]\nbody = "a"\nchannel = "web"\nvalue = "x"\nsource = "y"\nchecked_on = 2026-01-01\nstatus = "dead"\n', "no"),
])
def test_a_mistake_in_the_directory_is_named(text: str, words: str) -> None:
    with pytest.raises(LawDataError, match=words):
        directory.load(text)


# What the three articles name: channel, contact. Facebook and Instagram are left out: banned in Russia.
SEEDS = {
    ("ozon", "phone"): {"8 (800) 234-70-00", "8-800-234-5660", "+7 (495) 009-70-70", "+7 (812) 494-06-06"},
    ("ozon", "email"): {"help@ozon.ru", "support@ozon.ru"}, ("ozon", "form"): {"«Мои обращения»"},
    ("ozon", "chat"): {"«Перейти в чат»"}, ("ozon", "post"): {"Пресненская наб., 10, ООО «Интернет Решения»"},
    ("ozon_ethics", "web"): {"https://ozon-hotline.delret.ru/"}, ("ozon_vk", "web"): {"https://vk.com/ozon"},
    ("rospotrebnadzor", "portal"): {"Госуслуги"}, ("fas", "portal"): {"Госуслуги"}}
RUNGS = {"check", "support", "ethics", "social", "claim_seller", "claim_marketplace", "bank", "rospotrebnadzor", "fas", "lawyer",
         "court"}


def test_every_contact_of_the_articles_is_in_the_directory_with_its_source() -> None:
    for (body, channel), values in SEEDS.items():
        there = DIRECTORY[body].by_channel(channel)
        for value in values:
            assert any(value in contact.value and contact.source for contact in there), (body, channel, value)
    everything = " ".join(contact.value for body in DIRECTORY.values() for contact in body.contacts).lower()
    assert "facebook" not in everything
    assert "instagram" not in everything


def test_the_table_of_the_articles_names_rungs_letters_and_clocks_that_exist() -> None:
    table = (Path(__file__).parents[1] / "docs" / "ladder.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("|") and not line.startswith("|--")]
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row[2])}
    assert named >= RUNGS
    assert named <= set(LADDER.steps)
    known = set(LADDER.steps) | set(letters.load(settings.resource("templates") / "letters")) | set(deadlines.known_rules())
    known |= {"promised_by", "seller_conduct", "not_for"}
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row[3])} <= known
    for article in ("## S0", "## S1", "## S2"):
        assert article in table
    assert {step.key for step in LADDER.steps.values()} <= set(re.findall(r"`(\w+)`", table))
