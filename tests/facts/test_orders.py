"""Order numbers: link, label, shape; and everything that must not be taken for one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from desk import facts

SENTENCES = tomllib.loads((Path(__file__).parent / "orders.toml").read_text(encoding="utf-8"))
FORMATS = facts.load_formats(Path(__file__).parents[2] / "config" / "marketplaces.toml")


def find(text: str, place: str = "body", sender: str = "") -> list[facts.Fact]:
    return facts.find([facts.Source(place, text)], FORMATS, [sender])


def values(text: str, kind: str = "order_number") -> list[str]:
    return [fact.value for fact in find(text) if fact.kind == kind]


@pytest.mark.parametrize(("text", "number", "marketplace"), [
    ("https://www.ozon.ru/my/orderdetails/?order=0208297309-0043&shipment_id=41792027517", "0208297309-0043", "ozon"),
    ("https://ozon.ru/my/orderDetails?x=1&order=43356677-1677-1", "43356677-1677-1", "ozon"),
    ("https://market.yandex.ru/my/order/57989200259", "57989200259", "yandex_market"),
    ("https://aliexpress.ru/order-list/5550677229097566", "5550677229097566", "aliexpress"),
    ("https://www.avito.ru/orders/70000000486695926", "70000000486695926", "avito"),
    ("заказ № 18044876-0131", "18044876-0131", "ozon"), ("Номер заказа: 43356677-1677-1", "43356677-1677-1", "ozon"),
    ("отправление 0112326660-1774-1 потеряно", "0112326660-1774-1", "ozon"),
    ("по поводу 23281294-0063-2", "23281294-0063-2", "ozon"), ("Мой заказ 12345678-0001-1 (чайник)", "12345678-0001-1", "ozon"),
    ("вб, заказ 11.rf9ef11fce1684117b0nhj96222982382.3.0", "11.rf9ef11fce1684117b0nhj96222982382.3.0", "wildberries"),
    ("Wildberries, корзина, заказ № 34343462218572569531", "34343462218572569531", "wildberries"),
    ("На Яндекс.Маркете сделал заказ №57989200259", "57989200259", "yandex_market"),
    ("AliExpress, заказ 5550 6772 2909 7566", "5550677229097566", "aliexpress"),
    ("Lamoda: заказ RU241115-735193", "RU241115-735193", "lamoda"),
    ("в Мегамаркете оформил заказ номер 9988776655443", "9988776655443", "megamarket"),
    ("Авито заказ 70000000486695926", "70000000486695926", "avito"),
    ("заказ от 01.02.2026 № 777888999", "777888999", ""), ("Order number: 12345678", "12345678", ""),
    ("Заказ в магазине «Ромашка» № 445566", "445566", ""), ("Заказ WB-1234567890 от 05.10.2026", "WB-1234567890", "wildberries"),
    ("заказ № 18044876 – 0131", "18044876-0131", "ozon"), ("Номер заказа:\n\n18044876‑0131", "18044876-0131", "ozon"),
    ("№ заказа | 12345678-0001\nДата | 10.11.2026", "12345678-0001", "ozon"), ("lamoda ru261105-735193", "RU261105-735193", "lamoda"),
    ("Номер заказа   Дата         Сумма\n57989200259    10.11.2026   4 990 ₽", "57989200259", ""),
    ("Дата         Номер заказа    Сумма\n10.11.2026   57989200259     4 990 ₽", "57989200259", ""),
    ("вб, ботинки, номер 3344998877", "3344998877", "wildberries"), ("57989200259 — мой номер заказа, Яндекс Маркет", "57989200259", "yandex_market"),
    ("заказ на вб 1234567890", "1234567890", "wildberries"), ("по заказу (его номер 57989200259)", "57989200259", ""),
    ("заказ, номер которого 57989200259", "57989200259", ""), ("номер моего заказа на Озоне 12345678-0123", "12345678-0123", "ozon"),
    ("Не тот товар 12345678-0001-1", "12345678-0001-1", "ozon"), ("заказ от 5 ноября 2026 г. № 1234567", "1234567", ""),
])
def test_found(text: str, number: str, marketplace: str) -> None:
    found = [fact for fact in find(text) if fact.kind == "order_number"]
    assert [(fact.value, fact.marketplace) for fact in found] == [(number, marketplace)]
    assert text[found[0].start:found[0].end] == found[0].quote


@pytest.mark.parametrize("text", [
    "заказ 89161234567", "мой телефон 8 916 123-45-67", "8916123-4567", "договор № 2024001-0012-1", "Закон № 2300-1",
    "карта 4111 1111 1111 1111", "заказ 4111111111111111", "СНИЛС 112-233-445 95", "ИНН 7704217370, ОГРН 1027739244741",
    "заказ на 15000 руб.", "заказ 15000 рублей", "заказ от 12.11.2026", "заказали 2 шт", "счёт 40817810099910004312",
    "трек 80080782401239", "заказ 80080782401239", "ст. 23.1 закона", "2026-11-12", "10:00-12:00", "обращение № 12345678",
    "заказ обещали доставить 21.09.2026", "отменили заказ 2025 года", "ФН 9282440300123456 ФД 125", "57989200259",
    "5550677229097566", "версия 10.20.30", "вб, мой номер 9161234567", "вб, номер карты 2200 7001 2345 6789", "вб: обращение, номер 12345678",
    "отправление 80091234567891", "отправление 123456 78 90123 4", "заявка на возврат № 88776655", "заказ, талон № 778", "заказ 2026-11-12",
    "счёт № 20261015-0003", "договор 2024001-0012-1", "заказ, индекс 350000", "озон, дозвонился на номер 84951234567",
    "в пункте выдачи № 12345 заказа нет", "заказ 5 990,00", "акт № 12345678-0001",
])
def test_not_an_order(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(("text", "numbers"), SENTENCES["found"])
def test_a_sentence_gives_its_orders(text: str, numbers: str) -> None:
    assert ",".join(values(text)) == numbers


@pytest.mark.parametrize("text", SENTENCES["none"])
def test_a_sentence_without_an_order_gives_none(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize("text", SENTENCES["beside"])
def test_a_number_beside_a_shop_is_no_order_when_it_is_named_otherwise(text: str) -> None:
    assert {shop: values(text.format(s=shop)) for shop in SENTENCES["shops"]} == dict.fromkeys(SENTENCES["shops"], [])


def test_lists_and_places() -> None:
    assert values("заказы 12345678, 87654321 и 11223344") == ["12345678", "87654321", "11223344"]
    both = facts.find([facts.Source("subject", "Заказ 12345678-0001-1"), facts.Source("quote", "заказ 87654321-0001-1")],
                      FORMATS)
    assert [(f.place, f.value) for f in both] == [("subject", "12345678-0001-1"), ("quote", "87654321-0001-1")]


def test_a_link_beats_a_label() -> None:
    link, = [f for f in find("заказ https://www.ozon.ru/my/orderdetails/?order=0208297309-0043") if f.kind == "order_number"]
    assert link.confidence > 0.98


@pytest.mark.parametrize(("text", "sender", "expected"), [
    ("купил на озоне", "", "ozon"), ("Вайлдберриз не отвечает", "", "wildberries"), ("на вб", "", "wildberries"),
    ("в Яндекс Маркете", "", "yandex_market"), ("с Алиэкспресса", "", "aliexpress"), ("в СберМегаМаркете", "", "megamarket"),
    ("на авито", "", "avito"), ("ламоде", "", "lamoda"), ("в М.Видео", "", "other"), ("", "sender.ozon.ru", "ozon"),
    ("заказ 12345678-0001-1", "", "ozon"), ("озоновый слой", "", None), ("письмо от info@wildberries.ru", "", "wildberries"),
    ("https://oz0n-pay.ru/x", "", None), ("", "evil-ozon.ru", None), ("просто текст", "", None),
])
def test_marketplace(text: str, sender: str, expected: str | None) -> None:
    assert facts.marketplace(find(text, sender=sender)) == expected


@pytest.mark.parametrize(("change", "word"), [
    (("by = \"url\"", "by = \"guess\""), "unknown way"), (("0.99", "1.5"), "confidence"),
    (("confidence = 0.99\n", ""), "no confidence"), (("[[order]]", "[[other]]"), "[[order]]"),
    (("avito\\.ru/orders/(\\d{17})", "avito\\.ru/((\\d+)+)"), "nested"), (("avito\\.ru/orders/(\\d{17})", "avito(("), "avito(("),
    (("key = \"ozon\"", "name2 = 1"), "no key"), (("[labels]", "[labels"), "marketplaces"),
])
def test_a_wrong_table_is_refused(change: tuple[str, str], word: str) -> None:
    text = (Path(__file__).parents[2] / "config" / "marketplaces.toml").read_text(encoding="utf-8").replace(*change)
    with pytest.raises(ValueError, match="marketplaces") as error:
        facts.load_formats(text)
    assert word in str(error.value)
