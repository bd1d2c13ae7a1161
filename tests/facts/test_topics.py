"""Topics and demands of short complaints."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk import facts

KNOWN = facts.load_topics(Path(__file__).parents[2] / "config" / "topics.toml")


@pytest.mark.parametrize(("text", "topic"), [
    ("Заказ не доставлен, статус не меняется третью неделю", "not_delivered"),
    ("Посылка не пришла, где мой заказ?", "not_delivered"), ("Товар разбит, коробка помята", "damaged"),
    ("Прислали другой товар, вместо куртки лежали носки", "wrong_item"), ("Чайник не включается, это брак", "defect"),
    ("Мне отказали в возврате, деньги не вернули", "refused_refund"),
    ("Пункт выдачи отказался принять возврат", "return_pickup"), ("Сервисный центр отказал в гарантийном ремонте", "warranty"),
    ("Духи оказались подделкой, не оригинал", "counterfeit"), ("Промокод не сработал, бонусы сгорели", "bonus"),
    ("Мой аккаунт взломали, не могу войти", "account"), ("Деньги списали дважды, двойное списание", "payment"),
    ("Обещанная скидка по акции не применилась", "price_ad"), ("Поддержка игнорирует, одни отписки", "support"),
    ("Курьер нахамил, оскорбил меня, это хамство", "ethics"), ("Разгласили мои персональные данные", "personal_data"),
    ("Добрый день", "other"), ("Продавец не отвечает и просит удалить отзыв", "seller_conduct"),
])
def test_topics(text: str, topic: str) -> None:
    assert facts.topics("", text, KNOWN)[0] == topic


@pytest.mark.parametrize(("text", "demand"), [
    ("Прошу вернуть деньги за товар", "refund"), ("Верните 5 000 рублей", "refund"), ("Замените товар", "replace"),
    ("Прошу заменить товар на такой же", "replace"), ("Почините за свой счёт", "repair"), ("Доставьте мой заказ", "deliver"),
    ("Прошу снизить цену соразмерно", "reduce_price"), ("Требую неустойку и моральный вред", "compensation"),
    ("Выдайте чек", "documents"), ("Я просто рассказываю", "none"),
])
def test_demands(text: str, demand: str) -> None:
    assert facts.demands("", text, KNOWN)[0] == demand


def test_the_subject_counts_double() -> None:
    assert facts.topics("Подделка", "не работает", KNOWN)[0] == "counterfeit"


@pytest.mark.parametrize("text", ["x = 1\n", "[topic.a]\nstems = []\n", "[topic.a]\nstems = ['(a+)+']\n[demand.b]\nstems = ['a']\n",
                                  "[topic.a]\nstems = ['(']\n", "[topic.a]\nstems = ['(a)']\n", "[\n"])
def test_a_wrong_table_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="topics"):
        facts.load_topics(text)
