"""A company's own number for a case, as its automatic answers name it."""

from __future__ import annotations

import time

import pytest

from desk.mail import registration

NAMED = (
    ("", "Ваше обращение зарегистрировано под номером 12345678.", "12345678"),
    ("", "Ваше обращение № 22283263 принято в работу. Ответим за 24 часа.", "22283263"),
    ("", "Обращение # 22283263 зарегистрировано 21.09.2026", "22283263"),
    ("", "Вашему обращению присвоен номер SD-00123.", "SD-00123"),
    ("", "Здравствуйте! Номер вашего обращения: 9876543. Не отвечайте на это письмо.", "9876543"),
    ("", "Ваше заявление зарегистрировано 21.09.2026 за № 77-12/2026-5432.", "77-12/2026-5432"),
    ("", "Регистрационный номер обращения — ОГ-12-3456", "ОГ-12-3456"),
    ("", "Мы получили Ваш запрос.\nВаш запрос принят, его номер №455667", "455667"),
    ("", "Претензия получена и зарегистрирована, вх. № 112/26 от 21.09.2026", "112/26"),
    ("[Обращение #1234567] Возврат", "Здравствуйте!", "1234567"),
    ("Ваше обращение №1234567 принято", "Здравствуйте!", "1234567"),
    ("[Ticket#2026092110000012] Refund", "Hello", "2026092110000012"),
    ("", "Your request (#445566) has been received.", "445566"),
    ("", "Your ticket number is ABC-12345.", "ABC-12345"),
)
NOT_NAMED = (
    ("Re: Заказ [#1001]", "Здравствуйте, мы получили ваше письмо."), ("", "Ваше обращение получено 21.09.2026 в 10.15."),
    ("", "Ваш заказ № 18044876-0131 принят."), ("", "Мы приняли обращение и ответим до 25.09.2026."), ("", ""),
    ("", "Обращение зарегистрировано. Телефон: 8 800 234-70-00"),
)


@pytest.mark.parametrize(("subject", "text", "number"), NAMED)
def test_a_number_is_found(subject: str, text: str, number: str) -> None:
    assert registration.number(subject, text) == number


@pytest.mark.parametrize(("subject", "text"), NOT_NAMED)
def test_other_numbers_are_left_alone(subject: str, text: str) -> None:
    assert registration.number(subject, text) == ""


@pytest.mark.parametrize("unit", ["обращение ", "№ ", "12", "обращение зарегистрировано ", "номер обращения: ", "a", "request received # "])
def test_long_letters_cost_no_more_than_their_length(unit: str) -> None:
    start = time.process_time()
    registration.number("", unit * 20_000)
    assert time.process_time() - start < 4
