"""Phones, money, tracking numbers, receipts, days; what is missing; hostile text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import facts
from tests.facts.test_orders import FORMATS, find, values
from tests.facts.test_topics import KNOWN


@pytest.mark.parametrize(("text", "phone"), [
    ("тел. 8 (916) 123-45-67", "+79161234567"), ("+7 9161234567", "+79161234567"), ("89161234567", "+79161234567"),
    ("+7 812 494-06-06", "+78124940606"), ("моб. (916) 123-45-67", "+79161234567"), ("8 (4872) 12-34-56", "+74872123456"), ("8.916.555.66.77", "+79165556677"),
    ("+375 29 123-45-67", "+375291234567"), ("тел89153334455", "+79153334455"), ("+7(916)1234567,", "+79161234567"),
    ("+7\xa0916\xa0123\xa045\xa067", "+79161234567"), ("мой номер 9161234567", "+79161234567"), ("т.89161234567", "+79161234567"),
    ("Телефон для связи - 916 123 45 67", "+79161234567"), ("8–916–123–45–67", "+79161234567"), ("8 916 12 345 67", "+79161234567"),
    ("позвоните восемь девятьсот шестнадцать сто двадцать три сорок пять шестьдесят семь", "+79161234567"),
    ("плюс семь, девятьсот три, ноль ноль один, двадцать два, ноль пять", "+79030012205"),
])
def test_phones(text: str, phone: str) -> None:
    assert values(text, "phone") == [phone]


@pytest.mark.parametrize("text", ["ИНН 7704217370", "1027739244741", "81234567890123", "12345678-0001-1", "заказ 18044876-0131",
                                  "2026-11-12 10:00", "80080782401239", "8 9٩٩٩٩٩٩٩٩٩", "восемь сто двадцать три рубля", "заплатил восемь девятьсот", "8 800 555 35 35"])
def test_not_a_phone(text: str) -> None:
    assert values(text, "phone") == []


@pytest.mark.parametrize(("text", "amount"), [
    ("12 345,67 руб.", "12345.67"), ("1\xa0990 ₽", "1990"), ("5 тыс. р.", "5000"), ("3500р.", "3500"), ("1,5 млн рублей", "1500000"),
    ("500 рублей", "500"), ("99.9 руб", "99.90"), ("10 RUB", "10"), ("1234567 рублей", "1234567"), ("2,5 тысячи рублей", "2500"),
])
def test_amounts(text: str, amount: str) -> None:
    assert values(text, "amount") == [amount]


@pytest.mark.parametrize("text", ["200 рыб", "5 рублёвка1", "в 12 раз", "100 рубашек", "10.12.2026 руб"])
def test_not_an_amount(text: str) -> None:
    assert values(text, "amount") == []


def test_tracking_numbers() -> None:
    text = "Ушло 80080782401239, EE123456785RU, СДЭК накладная 1234567890, а не RA644000001RU и не 80080782401238"
    assert sorted(values(text, "tracking_number")) == ["1234567890", "80080782401239", "EE123456785RU"]


def test_receipt() -> None:
    code = "t=20210829T162200&s=2663.58&fn=9288000100178241&i=112602&fp=3418609577&n=1"
    assert values(f"чек {code} вот", "receipt") == [code]


@pytest.mark.parametrize(("text", "day"), [
    ("оформил заказ 05.10.2026", "2026-10-05"), ("12 ноября 2026 г. я заказала пылесос", "2026-11-12"),
    ("Заказ № 12345678-0001-1 от 1.9.26", "2026-09-01"), ("купил 3 мая 2026 чайник", "2026-05-03"),
])
def test_order_dates(text: str, day: str) -> None:
    assert values(text, "order_date") == [day]


@pytest.mark.parametrize("text", ["заказ 31.02.2026", "звонил 05.10.2026", "закон от 07.02.1992"])
def test_not_an_order_date(text: str) -> None:
    assert values(text, "order_date") == []


def test_nothing_is_missing_from_a_full_complaint() -> None:
    text = ("Здравствуйте! 12.09.2026 я заказала пылесос, номер заказа 12345678-0001-1, цена 5 990 ₽. Пришёл разбитый, "
            "курьер отказался составить акт. Прошу вернуть деньги. Телефон +7 916 123-45-67.")
    assert facts.missing(find(text), text, KNOWN, topics=["damaged"], demands=["refund"], name="Анна Белова", has_files=True) == []


@pytest.mark.parametrize(("stage", "kinds", "demands", "has_files", "needed"), [
    ("check", [], ["refund"], False, []), ("support", [], ["refund"], False, []),
    ("claim", [], ["refund"], False, ["address", "receipt", "bank_account"]),
    ("court", ["address"], ["refund", "compensation"], True, ["bank_account"]),
    ("regulator", ["address", "receipt"], ["replace"], False, []),
    ("claim", ["address", "receipt", "bank_account"], ["refund"], False, []),
])
def test_a_claim_needs_more_than_the_first_letter(stage: str, kinds: list[str], demands: list[str], has_files: bool,
                                                  needed: list[str]) -> None:
    assert facts.needed_later(stage, kinds, demands=demands, has_files=has_files) == needed


@pytest.mark.parametrize(("text", "account"), [
    ("р/с 40817810099910004312, БИК 044525225", ["40817810099910004312"]), ("счёт № 40817810099910004312", ["40817810099910004312"]),
    ("счёт магазина 40702810900000012345", []), ("40817810099910004312", [])])
def test_the_account_of_a_person(text: str, account: list[str]) -> None:
    assert values(text, "bank_account") == account


def test_everything_is_missing_from_nothing() -> None:
    assert facts.missing([], "Помогите!", KNOWN, topics=["damaged"], demands=["none"]) == [
        "order_number", "order_date", "product", "description", "demand", "photos_or_documents", "name", "phone"]


PATHOLOGICAL = ["заказ не пришел ", "деньги не вернули, ", "если ", "восемь сто ", "4111 1111 ", "за 100 ", "заказ № ", "заказ № " + "a" * 28, "1-", "1 ", "12345678-", "8 (", "a.", "озон", "заказ", "0", "Заказ от 1", "№",
                "1.1.", "5 тыс", "заказ номер ", "t=20210829T162200&s=1", "сдэк ", "купил 1 ", "12 мая ", "ozon.ru/my/orderdetails/?",
                "AA1", "aliexpress.ru/", " ", "\n", "«", "1,"]


@pytest.mark.parametrize("unit", PATHOLOGICAL)
def test_hostile_text_is_read_in_bounded_time(unit: str) -> None:
    text = (unit * (100_000 // len(unit) + 1))[:100_000]
    began = time.process_time()
    find(text)
    facts.missing([], text, KNOWN)
    facts.topics("", text, KNOWN)
    facts.demands("", text, KNOWN)
    assert time.process_time() - began < 3  # seconds of the processor: other work on the machine does not count


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*PATHOLOGICAL, "12345678-0001-1", "+7 916 123-45-67", "1 990 ₽", "01.02.2026", "ozon.ru", "\x00"]),
                max_size=30).map("".join))
def test_spans_are_true(text: str) -> None:
    for fact in facts.find([facts.Source("body", text)], FORMATS):
        assert text[fact.start:fact.end] == fact.quote
        assert 0 < fact.confidence <= 1
