"""Card numbers are starred; orders, parcels, accounts and fiscal drives are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.facts import cards


@pytest.mark.parametrize(("text", "masked"), [
    ("карта 4111 1111 1111 1111, верните", "карта 4111 **** **** 1111, верните"),
    ("4111111111111111", "4111********1111"), ("2200-7000-0000-0009", "2200-****-****-0009"),
    ("на карту Сбера 5536 9138 0000 0008.", "на карту Сбера 5536 **** **** 0008."),
    ("Amex 3782 822463 10005", "Amex 3782 ****** *0005"),
    ("4111 1111 1111 1111 12/27 123", "4111 **** **** 1111 12/27 123"),
    ("4111 1111 1111 1111 4111111111111111", "4111 **** **** 1111 4111********1111"),
    ("4111 1111 1111 1111 5536 9138 0000 0008", "4111 **** **** 1111 5536 **** **** 0008"),
    ("5 990 4111111111111111 3 490", "5 990 4111********1111 3 490"),
    ("по заказу верните на карту 4111111111111111", "по заказу верните на карту 4111********1111"),
])
def test_masked(text: str, masked: str) -> None:
    assert cards.mask(text) == masked
    assert cards.mask(masked) == masked


@pytest.mark.parametrize("text", [
    "4111 1111 1111 1112", "заказ 4111111111111111", "aliexpress.ru/order-list/4111111111111111", "ФН 4111111111111111",
    "fn=4111111111111111", "счёт 4111111111111111", "ШПИ 80080782401239", "40817810099910004312", "ОГРН 1027739244741",
    "4111111111111111111111", "4111.1111.1111.1111", "4111 1111 1111 1111 4312", "заказ на Алиэкспресс № 4111111111111111", "заказ № 43356677-1677-1", "+7 916 123-45-67", "x4111111111111111",
])
def test_left_alone(text: str) -> None:
    assert cards.mask(text) == text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["4111 1111 1111 1111", "4111111111111111", "карта ", "заказ ", " ", "-", "1", "4", ".", "\xa0", "а"]),
                max_size=40).map("".join))
def test_masking_keeps_length_and_changes_only_digits(text: str) -> None:
    masked = cards.mask(text)
    assert len(masked) == len(text)
    assert all(a == b or a.isdigit() and b == "*" for a, b in zip(text, masked, strict=True))
    assert cards.mask(masked) == masked
