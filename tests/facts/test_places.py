"""Who says what in a letter: body, signature, forwarded part, earlier letters, and the links behind the words."""

from __future__ import annotations

from datetime import date

from desk import facts, reading
from tests.facts.test_orders import FORMATS

HEAD = "From: Анна <anna@mail.example>\nDate: 20 Nov 2026 10:00:00 +0300\nSubject: {}\nContent-Type: text/{}; charset=utf-8\n\n"


def flat(text: str, subject: str = "Заказ", kind: str = "plain") -> dict[str, object]:
    return reading.as_json((HEAD.format(subject, kind) + text).encode())


def sources(answer: dict[str, object], kind: str) -> list[tuple[str, str]]:
    return [(f["value"], f["source"]) for f in answer["facts"] if f["kind"] == kind]  # type: ignore[attr-defined,index]


def test_a_quote_is_kept_with_its_source_and_out_of_the_lists() -> None:
    answer = flat("Мой заказ 18044876-0131.\n\n> Например, заказ 12345678-0001-1, тел. +7 495 111-22-33\n\nЖду ответа.")
    assert answer["order_numbers"] == ["18044876-0131"]
    assert answer["phones"] == []
    assert sources(answer, "order_number") == [("18044876-0131", "body"), ("12345678-0001-1", "quote")]


def test_a_telephone_in_the_signature_is_the_senders() -> None:
    answer = flat("Где мой заказ?\n\n-- \nАнна Белова\nтел. 8 916 123-45-67")
    assert (answer["phones"], sources(answer, "phone")) == (["+79161234567"], [("+79161234567", "signature")])
    assert "phone" not in answer["missing"]  # type: ignore[operator]


def test_a_forwarded_letter_gives_its_order_and_marketplace_but_not_its_posting_day_and_telephones() -> None:
    answer = flat("Верните деньги!\n\n---------- Forwarded message ---------\nОт: Ozon <mailer@sender.ozon.ru>\n"
                  "Дата: 12 нояб. 2026 г.\nТема: Заказ 18044876-0131\nКому: anna@mail.example\n\n"
                  "Заказ 18044876-0131 от 1 ноября 2026. Служба поддержки +7 495 111-22-33", "Fwd: Заказ")
    assert (answer["order_numbers"], answer["marketplace"], answer["order_date"]) == (["18044876-0131"], "ozon", "2026-11-01")
    assert answer["phones"] == []
    assert {place for _, place in sources(answer, "order_number")} == {"forward"}


def test_the_sum_that_the_sender_names_stands_before_that_of_a_forwarded_letter() -> None:
    forward = "\n\n---------- Forwarded message ---------\nОт: Ozon <a@ozon.ru>\nТема: Чек\n\nСумма 4 390 ₽"
    assert flat("Верните 4 000 ₽." + forward, "Fwd: Чек")["amounts"] == ["4000"]
    assert flat("Верните деньги." + forward, "Fwd: Чек")["amounts"] == ["4390"]


def test_a_link_behind_the_words_gives_the_order() -> None:
    link = '<p>Вот <a href="https://www.ozon.ru/my/orderdetails/?order=18044876-0131&amp;x=1">заказ</a></p>'
    assert sources(flat(link, kind="html"), "order_number") == [("18044876-0131", "link")]


def test_spans_are_of_the_whole_text() -> None:
    text = "Заказ 18044876-0131\n> заказ 12345678-0001-1\nтел. +7 916 123-45-67"
    for part in facts.places(text, [(20, 44)], forwarded=False):
        assert len(part.text) == len(text)
        for fact in facts.find([part], FORMATS, sent=date(2026, 11, 20)):
            assert text[fact.start:fact.end] == fact.quote
