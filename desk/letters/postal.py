"""Papers for the post: the list of enclosures in two copies (форма 107), and the addresses for the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from . import typography
from .document import Block, Document

VALUE = "1,00"  # declared value of a paper, roubles


def inventory(*, to: str, address: str, enclosures: Sequence[str], written_on: date) -> Document:
    """«Опись вложения»: what lies in the envelope, one line each; the postal worker stamps both copies."""
    copy = _copy(to, address, enclosures)
    return Document("Опись вложения (форма 107)", written_on, (*copy, *copy))


def _copy(to: str, address: str, enclosures: Sequence[str]) -> tuple[Block, ...]:
    rows = [(str(number), typography.fit(name), "1", VALUE) for number, name in enumerate(enclosures, 1)]
    total = ("", "Общий итог предметов и объявленной ценности", str(len(rows)), f"{len(rows)},00")
    return (
        Block("title", "ОПИСЬ ВЛОЖЕНИЯ (форма 107)"),
        Block("paragraph", f"Куда: {typography.fit(address) or '____________________'}"),
        Block("paragraph", f"Кому: {typography.fit(to)}"),
        Block("table", rows=(("№", "Наименование предметов", "Кол-во", "Объявленная ценность, руб."), *rows, total)),
        Block("signature", lines=("Отправитель: ____________________ (подпись)",
                                  "Проверил: ____________________ (должность, подпись почтового работника)",
                                  "(оттиск календарного штампа)")))


def envelope(*, sender: str, sender_address: str, to: str, address: str, written_on: date) -> Document:
    """A sheet to cut out and glue on, or to copy by hand."""
    start = typography.fit(sender_address) or "____________________"
    return Document("Адреса для конверта", written_on, (
        Block("head", lines=("От кого:", typography.fit(sender), "Откуда:", start)),
        Block("title", "АДРЕСА ДЛЯ КОНВЕРТА"),
        Block("paragraph", f"Кому: {typography.fit(to)}"),
        Block("paragraph", f"Куда: {typography.fit(address) or '____________________'}"),
        Block("paragraph", "Отправлять заказным письмом с описью вложения и уведомлением о вручении.")))
