"""A penalty in words: one line for the ticket, the steps of the count, the rows of the calculation in a letter."""

from datetime import timedelta

from desk.law import words
from desk.law.penalty import Penalty
from desk.law.words import Said

_READINGS = {
    "capped": Said("просрочка началась раньше этого правила: предел применён ко всей неустойке, юрист не подтвердил",
                   "it began before this rule: the cap bounds all of it, no lawyer confirmed that"),
    "kept": Said("просрочка началась раньше этого правила: начисленное до него сохранено, юрист не подтвердил",
                 "it began before this rule: what had grown is kept, no lawyer confirmed that"),
    "former": Said("просрочка началась по прежнему правилу и считается по нему, юрист не подтвердил",
                   "it began under the former rule and is counted by it, no lawyer confirmed that"),
}


def live(penalty: Penalty) -> Said:
    """One line for the ticket: «47-й день: 4 700 ₽ из 10 000 ₽, потолок через 53 дня»."""
    amount = words.money(penalty.amount)
    if not penalty.days:
        last = words.plain(penalty.debt.due)
        return Said(f"просрочки нет: последний день {last.ru}", f"not late: the last day is {last.en}")
    begun = Said(f"{penalty.days}-й день: {amount.ru}", f"day {penalty.days}: {amount.en}")
    if penalty.cap is None:
        return Said(f"{begun.ru}, потолка нет", f"{begun.en}, no cap")
    of, reach = words.money(penalty.cap), _reach(penalty)
    if penalty.amount > penalty.cap:
        return Said(f"{begun.ru}, начислено до предела {of.ru}", f"{begun.en}, grown before the cap of {of.en}")
    return Said(f"{begun.ru} из {of.ru}{reach.ru}", f"{begun.en} of {of.en}{reach.en}")


def explanation(penalty: Penalty) -> Said:
    """How it was counted, step by step, joined by arrows."""
    if not penalty.days:
        last, on = words.day(penalty.debt.due), words.day(penalty.on)
        return Said(
            f"последний день {last.ru} → на {on.ru} просрочки нет → 0{words.NBSP}₽",
            f"last day {last.en} → not late on {on.en} → 0{words.NBSP}₽",
        )
    last = words.day(penalty.debt.due)
    begun = Said(f"последний день {last.ru}", f"last day {last.en}")
    steps = [begun, _period(penalty), *_assumed(penalty), _product(penalty), *_limit(penalty), *_doubt(penalty)]
    return words.join(steps, " → ")


def rows(penalty: Penalty) -> list[tuple[Said, Said]]:
    """The calculation for a letter: rows of what and how much, the result last."""
    law = f"{penalty.rate.article}, {penalty.rate.law}"
    on, limit = words.plain(penalty.on), _cap_named(penalty)
    return [
        (_capital(penalty.rate.base_ru, penalty.rate.base_en), words.money(penalty.base)),
        (Said("Последний день срока", "Last day of the deadline"), words.plain(penalty.debt.due)),
        (Said("Просрочка", "Delay"), _period(penalty) if penalty.days else Said("нет", "none")),
        (Said("Ставка", "Rate"), Said(*(f"{each} ({law})" for each in _rate_words(penalty)))),
        (Said("Расчёт", "Calculation"), _product(penalty)),
        (Said("Предел", "Cap"), limit or Said("не установлен", "none")),
        (Said(f"Неустойка на {on.ru}", f"Penalty as of {on.en}"), words.money(penalty.amount)),
    ]


def _reach(penalty: Penalty) -> Said:
    if penalty.cap_on is None:
        return Said("", "")
    if penalty.capped:
        day = words.plain(penalty.cap_on)
        return Said(f", потолок достигнут {day.ru}", f", cap reached on {day.en}")
    left = words.many((penalty.cap_on - penalty.on).days, "day")
    return Said(f", потолок через {left.ru}", f", cap in {left.en}")


def _period(penalty: Penalty) -> Said:
    span = words.span(penalty.debt.due + timedelta(days=1), penalty.on)
    days = words.many(penalty.days, "day")
    return Said(f"просрочка {span.ru}, {days.ru}", f"late {span.en}, {days.en}")


def _assumed(penalty: Penalty) -> list[Said]:
    said = {
        "price": Said("цена не указана, взято уплаченное", "no price is given, the sum paid is taken"),
        "paid": Said("уплаченное не указано, взята цена", "no sum paid is given, the price is taken"),
    }
    used = dict.fromkeys(key for key in (penalty.rate.base, penalty.rate.cap) if key != "none")
    return [said[key] for key in used if not penalty.debt.knows(key)]


def _product(penalty: Penalty) -> Said:
    base, rate = words.money(penalty.base), words.percent(penalty.rate.percent)
    grown = words.money(penalty.grown)
    days = words.many(penalty.days, "day")
    named = f"{base.ru} ({penalty.rate.base_ru}) × {rate.ru} × {days.ru} = {grown.ru}"
    return Said(
        f"{named} ({penalty.rate.article})",
        f"{base.en} ({penalty.rate.base_en}) × {rate.en} × {days.en} = {grown.en} ({penalty.rate.article})",
    )


def _limit(penalty: Penalty) -> list[Said]:
    if (named := _cap_named(penalty)) is None:
        return [Said("предела нет", "no cap")]
    if not penalty.capped:
        return [Said(f"предел {named.ru} не достигнут", f"the cap, {named.en}, is not reached")]
    amount = words.money(penalty.amount)
    return [Said(f"предел {named.ru}: {amount.ru}", f"the cap is {named.en}: {amount.en}")]


def _doubt(penalty: Penalty) -> list[Said]:
    if not penalty.transitional:
        return []
    said = [_READINGS[penalty.rate.earlier_delays if penalty.cap is not None else "former"]]
    if penalty.accrued_before is not None and penalty.rate.valid_from is not None:
        until, grown = words.plain(penalty.rate.valid_from - timedelta(days=1)), words.money(penalty.accrued_before)
        said.append(Said(f"по {until.ru} без предела выросло {grown.ru}", f"by {until.en} it had grown to {grown.en}"))
    return [words.join(said, ", ")]


def _cap_named(penalty: Penalty) -> Said | None:
    if penalty.cap is None:
        return None
    cap = words.money(penalty.cap)
    return Said(f"{cap.ru} ({penalty.rate.cap_ru})", f"{cap.en} ({penalty.rate.cap_en})")


def _rate_words(penalty: Penalty) -> Said:
    rate = words.percent(penalty.rate.percent)
    return Said(f"{rate.ru} в день", f"{rate.en} a day")


def _capital(ru: str, en: str) -> Said:
    return Said(ru[:1].upper() + ru[1:], en[:1].upper() + en[1:])
