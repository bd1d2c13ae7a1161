from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.law import penalty, rates, sheet
from desk.law.penalty import Debt

from .conftest import CONFIG

KNOWN = rates.load(CONFIG / "penalties.toml")
RULES = ["goods_1pct", "prepaid_0.5pct", "services_3pct"]
SUMS = st.decimals(0, 3_000_000, places=2)
DUE = st.dates(date(2026, 4, 1), date(2028, 12, 31))


def debt(rule: str, price: str | None, paid: str | None, due: str) -> Debt:
    return Debt(rule, *(None if text is None else Decimal(text) for text in (price, paid)), date.fromisoformat(due))


def owed(rule: str, price: str | None, paid: str | None, due: str, on: str) -> penalty.Penalty:
    return penalty.total(debt(rule, price, paid, due), date.fromisoformat(on), KNOWN)


@pytest.mark.parametrize(
    ("rule", "price", "paid", "due", "on", "days", "amount"),
    [
        ("goods_1pct", "10000", "10000", "2026-05-25", "2026-07-11", 47, "4700.00"),
        ("goods_1pct", "10000", "10000", "2026-05-25", "2026-05-26", 1, "100.00"),
        ("goods_1pct", "10000", "10000", "2026-05-25", "2026-05-25", 0, "0.00"),
        ("goods_1pct", "10000", "10000", "2026-05-25", "2026-01-01", 0, "0.00"),
        ("goods_1pct", "10000", "10000", "2026-05-25", "2026-09-02", 100, "10000.00"),
        ("goods_1pct", "10000", "10000", "2026-05-25", "2027-05-25", 365, "10000.00"),
        ("goods_1pct", "12000", "9990.90", "2026-05-25", "2026-08-16", 83, "9960.00"),  # the price of today, the cap of then
        ("goods_1pct", "12000", "9990.90", "2026-05-25", "2026-08-17", 84, "9990.90"),
        ("goods_1pct", "10000", "10000", "2025-01-10", "2026-01-31", 386, "38600.00"),  # before the cap of 500-ФЗ
        ("goods_1pct", "10000", "10000", "2025-01-10", "2026-02-01", 387, "10000.00"),
        ("goods_1pct", "10000", "10000", "2026-01-20", "2026-03-01", 40, "4000.00"),
        ("goods_1pct", None, "5000", "2026-05-25", "2026-06-04", 10, "500.00"),
        ("goods_1pct", "5000", None, "2026-05-25", "2027-06-04", 375, "5000.00"),
        ("goods_1pct", "0.50", "0.50", "2026-05-25", "2026-05-26", 1, "0.01"),  # half a kopeck goes up
        ("goods_1pct", "0.49", "0.49", "2026-05-25", "2026-05-26", 1, "0.00"),
        ("goods_1pct", "1990.90", "1990.90", "2026-02-28", "2026-03-17", 17, "338.45"),  # 338.453
        ("prepaid_0.5pct", None, "8000", "2026-06-01", "2026-07-01", 30, "1200.00"),
        ("prepaid_0.5pct", "20000", "8000", "2026-06-01", "2026-07-01", 30, "1200.00"),
        ("prepaid_0.5pct", "8000", None, "2026-06-01", "2026-07-01", 30, "1200.00"),
        ("prepaid_0.5pct", None, "8000", "2025-06-01", "2026-07-01", 395, "8000.00"),
        ("prepaid_0.5pct", None, "8000", "2024-06-01", "2024-12-18", 200, "8000.00"),  # this cap is old
        ("prepaid_0.5pct", None, "8000", "2024-06-01", "2024-12-17", 199, "7960.00"),
        ("prepaid_0.5pct", None, "333.33", "2026-06-01", "2026-06-04", 3, "5.00"),  # 4.99995
        ("services_3pct", "15000", "5000", "2026-06-01", "2026-06-11", 10, "4500.00"),
        ("services_3pct", "15000", "5000", "2026-06-01", "2026-07-04", 33, "14850.00"),
        ("services_3pct", "15000", "5000", "2026-06-01", "2026-07-05", 34, "15000.00"),
        ("services_3pct", None, "5000", "2023-06-01", "2023-06-02", 1, "150.00"),
        ("services_3pct", "15000", "5000", "2024-02-28", "2024-03-01", 2, "900.00"),  # over a leap day
    ],
)
def test_vectors(
    rule: str, price: str | None, paid: str | None, due: str, on: str, days: int, amount: str
) -> None:
    result = owed(rule, price, paid, due, on)
    assert (result.days, f"{result.amount:.2f}") == (days, amount)


def test_the_day_of_the_cap() -> None:
    assert owed("goods_1pct", "10000", "10000", "2026-05-25", "2026-07-11").cap_on == date(2026, 9, 2)
    assert owed("services_3pct", "15000", None, "2026-06-01", "2026-06-02").cap_on == date(2026, 7, 5)
    assert owed("goods_1pct", "10000", "10000", "2025-01-10", "2026-03-01").cap_on == date(2026, 2, 1)
    assert owed("goods_1pct", "10000", "10000", "2025-01-10", "2026-01-31").cap_on is None
    assert owed("goods_1pct", "0", "100", "2026-05-25", "2026-07-11").cap_on is None, "nothing grows"
    assert owed("goods_1pct", "0.01", "1000000000", "2026-05-25", "2026-07-11").cap_on is None, "after the year 9999"


def test_what_had_grown_without_a_cap_is_told() -> None:
    result = owed("goods_1pct", "10000", "10000", "2025-01-10", "2026-03-01")
    assert result.accrued_before == Decimal("38600.00")
    said = sheet.explanation(result)
    assert "по 31.01.2026 без предела выросло 38\N{NO-BREAK SPACE}600\N{NO-BREAK SPACE}₽" in said.ru
    assert "юрист не подтвердил" in said.ru
    assert "no lawyer confirmed" in said.en
    for due, on in (("2025-12-20", "2026-03-01"), ("2026-01-31", "2027-03-01"), ("2025-01-10", "2026-01-31")):
        assert owed("goods_1pct", "10000", "10000", due, on).accrued_before is None


@pytest.mark.parametrize(("reading", "amount", "says"), [
    ("capped", "10000.00", "предел применён ко всей неустойке"), ("kept", "38600.00", "начисленное до него сохранено"),
    ("former", "41500.00", "считается по нему")])
def test_what_becomes_of_a_delay_that_began_before_the_cap_is_data(reading: str, amount: str, says: str) -> None:
    text = (CONFIG / "penalties.toml").read_text()
    read = rates.load(text.replace('earlier_delays = "capped"', f'earlier_delays = "{reading}"'))
    found = penalty.total(debt("goods_1pct", "10000", "10000", "2025-01-10"), date(2026, 3, 1), read)
    assert (f"{found.amount:.2f}", found.transitional) == (amount, True)
    assert says in sheet.explanation(found).ru
    assert "не подтвердил" in sheet.explanation(found).ru
    days = penalty.table(found.debt, found.on, read)
    assert days[-1].total == found.amount
    assert sheet.live(found).ru
    young = penalty.total(debt("goods_1pct", "10000", "10000", "2026-01-31"), date(2026, 3, 1), read)
    assert (f"{young.amount:.2f}", young.transitional) == ("2900.00", False)
    assert "не подтвердил" not in sheet.explanation(young).ru


def test_the_table_shows_each_day() -> None:
    days = penalty.table(debt("services_3pct", "100", None, "2026-06-01"), date(2026, 7, 10), KNOWN)
    assert [(day.number, day.day.isoformat(), str(day.added), str(day.total), day.capped) for day in days[:2]] == [
        (1, "2026-06-02", "3.00", "3.00", False),
        (2, "2026-06-03", "3.00", "6.00", False),
    ]
    assert [(str(day.added), day.capped) for day in days[32:35]] == [("3.00", False), ("1.00", True), ("0.00", True)]
    assert len(days) == 39
    assert penalty.table(debt("goods_1pct", "100", None, "2026-06-01"), date(2026, 6, 1), KNOWN) == []
    with pytest.raises(ValueError, match="too long"):
        penalty.table(debt("goods_1pct", "100", None, "2006-06-01"), date(2026, 6, 1), KNOWN)


@pytest.mark.parametrize(
    ("on", "ru", "en"),
    [
        ("2026-07-11", "47-й день: 4 700 ₽ из 10 000 ₽, потолок через 53 дня", "day 47: 4,700 ₽ of 10,000 ₽, cap in 53 days"),
        ("2026-09-01", "99-й день: 9 900 ₽ из 10 000 ₽, потолок через 1 день", "day 99: 9,900 ₽ of 10,000 ₽, cap in 1 day"),
        ("2026-08-29", "96-й день: 9 600 ₽ из 10 000 ₽, потолок через 4 дня", "day 96: 9,600 ₽ of 10,000 ₽, cap in 4 days"),
        ("2026-08-22", "89-й день: 8 900 ₽ из 10 000 ₽, потолок через 11 дней", "day 89: 8,900 ₽ of 10,000 ₽, cap in 11 days"),
        (
            "2026-10-01", "129-й день: 10 000 ₽ из 10 000 ₽, потолок достигнут 02.09.2026",
            "day 129: 10,000 ₽ of 10,000 ₽, cap reached on 2026-09-02",
        ),
        ("2026-05-25", "просрочки нет: последний день 25.05.2026", "not late: the last day is 2026-05-25"),
    ],
)  # fmt: skip
def test_the_line_on_the_ticket(on: str, ru: str, en: str) -> None:
    said = sheet.live(owed("goods_1pct", "10000", "10000", "2026-05-25", on))
    assert said.ru.replace("\N{NO-BREAK SPACE}", " ") == ru
    assert said.en.replace("\N{NO-BREAK SPACE}", " ") == en
    assert " ₽" not in said.ru, "a sum does not break"


def test_the_line_without_a_cap_and_without_growth() -> None:
    assert sheet.live(owed("goods_1pct", "1000.50", None, "2025-05-25", "2025-05-27")).ru == (
        "2-й день: 20,01\N{NO-BREAK SPACE}₽, потолка нет"
    )
    assert sheet.live(owed("goods_1pct", "0", "5", "2026-05-25", "2026-05-27")).en == (
        "day 2: 0\N{NO-BREAK SPACE}₽ of 5\N{NO-BREAK SPACE}₽"
    )


def test_the_count_in_words() -> None:
    said = sheet.explanation(owed("prepaid_0.5pct", None, "8000", "2026-06-01", "2026-07-01"))
    assert said.ru.replace("\N{NO-BREAK SPACE}", " ") == (
        "последний день 01.06.2026 (пн) → просрочка 02.06.2026–01.07.2026, 30 дней → 8 000 ₽ (предоплата) × 0,5 % × "
        "30 дней = 1 200 ₽ (ст. 23.1 п. 3) → предел 8 000 ₽ (сумма предоплаты) не достигнут"
    )
    said = sheet.explanation(owed("services_3pct", None, "5000", "2026-06-01", "2026-12-01"))
    assert said.en.replace("\N{NO-BREAK SPACE}", " ") == (
        "last day 2026-06-01 (Mon) → late 2026-06-02 – 2026-12-01, 183 days → no price is given, the sum paid is taken → "
        "5,000 ₽ (price of the service) × 3 % × 183 days = 27,450 ₽ (ст. 28 п. 5) → the cap is 5,000 ₽ "
        "(the price of the service): 5,000 ₽"
    )
    assert "просрочки нет" in sheet.explanation(owed("goods_1pct", "1", None, "2026-06-01", "2026-05-01")).ru
    assert "предела нет" in sheet.explanation(owed("goods_1pct", "1", None, "2024-06-01", "2024-06-05")).ru


def test_the_calculation_for_a_letter() -> None:
    rows = sheet.rows(owed("goods_1pct", "10000", "10000", "2026-05-25", "2026-07-11"))
    assert [(what.ru, how.ru.replace("\N{NO-BREAK SPACE}", " ")) for what, how in rows] == [
        ("Цена товара", "10 000 ₽"),
        ("Последний день срока", "25.05.2026"),
        ("Просрочка", "просрочка 26.05.2026–11.07.2026, 47 дней"),
        ("Ставка", "1 % в день (ст. 23 п. 1, Закон РФ 2300-1 (500-ФЗ от 28.12.2025))"),
        ("Расчёт", "10 000 ₽ (цена товара) × 1 % × 47 дней = 4 700 ₽ (ст. 23 п. 1)"),
        ("Предел", "10 000 ₽ (уплачено по договору)"),
        ("Неустойка на 11.07.2026", "4 700 ₽"),
    ]
    assert dict(sheet.rows(owed("goods_1pct", "1", None, "2024-05-25", "2024-05-25")))[("Предел", "Cap")].en == "none"


@pytest.mark.parametrize(
    ("price", "paid"), [("-0.01", None), (None, "1.001"), ("1000000000000.01", None), ("NaN", None), ("Infinity", "1")]
)
def test_sums_that_are_none(price: str | None, paid: str | None) -> None:
    with pytest.raises(ValueError, match="must be a sum"):
        debt("goods_1pct", price, paid, "2026-05-25")


@given(rule=st.sampled_from(RULES), price=SUMS, paid=SUMS, due=DUE, late=st.integers(-50, 500))
def test_a_penalty_never_shrinks_and_never_passes_its_cap(
    rule: str, price: Decimal, paid: Decimal, due: date, late: int
) -> None:
    owes = Debt(rule, price, paid, due)
    today = penalty.total(owes, due + timedelta(days=late), KNOWN)
    tomorrow = penalty.total(owes, due + timedelta(days=late + 1), KNOWN)
    assert today.cap is not None
    assert Decimal(0) <= today.amount <= tomorrow.amount <= today.cap
    assert today.amount == today.amount.quantize(Decimal("0.01"))
    assert (today.amount == 0) or late > 0


@given(rule=st.sampled_from(RULES), price=SUMS, paid=SUMS, due=DUE)
def test_the_day_of_the_cap_is_the_first(rule: str, price: Decimal, paid: Decimal, due: date) -> None:
    owes = Debt(rule, price, paid, due)
    reached = penalty.total(owes, due + timedelta(days=1), KNOWN).cap_on
    if reached is not None:
        assert penalty.total(owes, reached, KNOWN).capped
        assert reached == due + timedelta(days=1) or not penalty.total(owes, reached - timedelta(days=1), KNOWN).capped


@given(rule=st.sampled_from(RULES), price=SUMS, due=DUE, late=st.integers(1, 60))
def test_the_table_adds_up(rule: str, price: Decimal, due: date, late: int) -> None:
    owes, until = Debt(rule, price, None, due), due + timedelta(days=late)
    days = penalty.table(owes, until, KNOWN)
    assert sum(day.added for day in days) == days[-1].total == penalty.total(owes, until, KNOWN).amount
    assert len(days) == late


ROW = """[[penalty]]
id = "goods_1pct"
title_ru = "x"
title_en = "x"
percent = 1
base = "price"
base_ru = "цена"
base_en = "price"
cap = "none"
law = "x"
article = "y"
confidence = "high"
basis = "text"
sources = []
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ("percent = 1", "percent = 0", 5, "percent", "percentage"),
        ('base = "price"', 'base = "cost"', 6, "base", "write one of price, paid"),
        ('cap = "none"', 'cap = "paid"', 9, "cap", "cap_ru and cap_en"),
        ('id = "goods_1pct"', 'id = "Goods"', 2, "id", "small Latin letters"),
        ("sources = []", "sources = []\nvalid_from = 2027-01-01\nvalid_to = 2026-01-01", 16, "valid_to", "before"),
        ("sources = []", 'sources = []\nchecked_by = "N. N."', 1, None, "both"),
        ("sources = []", f"sources = []\n\n{ROW}", 17, "id", "used twice for the same days"),
        ('law = "x"\n', "", 1, None, "'law' is missing"),
    ],
)
def test_errors_name_the_line(old: str, new: str, line: int, key: str | None, says: str) -> None:
    with pytest.raises(rates.LawDataError) as caught:
        rates.load(ROW.replace(old, new, 1))
    assert (caught.value.file, caught.value.line, caught.value.key) == ("penalties.toml", line, key)
    assert says in str(caught.value)


def test_a_rate_of_another_day() -> None:
    later: Any = rates.load(ROW + "valid_from = 2027-01-01\n")
    assert list(later) == ["goods_1pct"]
    assert not later["goods_1pct"][0].confirmed
    with pytest.raises(ValueError, match="goods_1pct is not in force on 2026-12-31"):
        later.at("goods_1pct", date(2026, 12, 31))
    owes = debt("goods_1pct", "100", None, "2026-12-01")
    assert penalty.total(owes, date(2027, 1, 1), later).accrued_before is None
