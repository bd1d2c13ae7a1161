"""How a deadline was counted, said in Russian and in English."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

_DAYS_RU = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS_RU = {
    "month": ("месяц", "месяца", "месяцев"),
    "year": ("год", "года", "лет"),
    "hour": ("час", "часа", "часов"),
}


class Said(NamedTuple):
    """One text in both languages."""

    ru: str
    en: str


@dataclass(frozen=True)
class Story:
    """What happened while counting. `moved` is where the roll leads, `rolled` the date taken in the end."""

    start: date
    first_day: date
    length: int
    unit: str
    day_kind: str
    roll: str
    raw: date
    moved: date
    rolled: date
    unknown: Sequence[int]

    def tell(self, *, raw_works: bool) -> Said:
        """The steps of the count, joined by arrows."""
        steps = [self._begin(), self._last_day(raw_works), *self._move(raw_works), *self._doubt(), self._end()]
        return Said(" → ".join(step.ru for step in steps), " → ".join(step.en for step in steps))

    def _begin(self) -> Said:
        return Said(
            f"событие {_ru(self.start)} → срок с {_short(self.first_day)} (ст. 191 ГК)",
            f"event on {_en(self.start)} → counted from {self.first_day} (Civil Code art. 191)",
        )

    def _last_day(self, raw_works: bool) -> Said:
        counted = self._counted()
        if self.day_kind == "working":
            return counted
        kind = Said("рабочий", "a working day") if raw_works else Said("нерабочий", "not a working day")
        return Said(f"{counted.ru}, {kind.ru}", f"{counted.en}, {kind.en}")

    def _counted(self) -> Said:
        if self.unit == "day":
            ru, en = (" рабочий", "working ") if self.day_kind == "working" else ("", "")
            return Said(f"{self.length}-й{ru} день {_ru(self.raw)}", f"{en}day {self.length} is {_en(self.raw)}")
        last = Said("", "")
        if self.raw.day != self.start.day:
            last = Said(", последний день месяца", ", the last day of the month")
        amount = f"{self.length} {_plural(self.length, self.unit)}"
        return Said(
            f"{amount}: {_ru(self.raw)}{last.ru} (ст. 192 ГК)",
            f"{_many(self.length, self.unit)}: {_en(self.raw)}{last.en} (Civil Code art. 192)",
        )

    def _move(self, raw_works: bool) -> list[Said]:
        if self.rolled != self.raw:
            return [
                Said(
                    f"перенос на {_ru(self.rolled)} (ст. 193 ГК)",
                    f"moved to {_en(self.rolled)} (Civil Code art. 193)",
                )
            ]
        return [Said("не переносится", "not moved")] if self.roll == "none" and not raw_works else []

    def _doubt(self) -> list[Said]:
        if not self.unknown:
            return []
        years = ", ".join(str(year) for year in self.unknown)
        ru = f"календарь {years} не подтверждён, взята более ранняя дата"
        en = f"the calendar of {years} is not confirmed, the earlier date is taken"
        if self.moved != self.raw:
            ru += f" (вероятный перенос на {_ru(self.moved)})"
            en += f" (likely to move to {_en(self.moved)})"
        return [Said(ru, en)]

    def _end(self) -> Said:
        return Said(f"до 24:00 {_short(self.rolled)}", f"until 24:00 on {self.rolled}")


def hours(start: datetime, length: int, end: datetime) -> Said:
    """How a deadline in hours was counted; both moments in the zone to show."""
    return Said(
        f"событие {start:%d.%m.%Y %H:%M %Z} → {length} {_plural(length, 'hour')} → до {end:%d.%m.%Y %H:%M %Z}",
        f"event on {start:%Y-%m-%d %H:%M %Z} → {_many(length, 'hour')} → until {end:%Y-%m-%d %H:%M %Z}",
    )


def _ru(day: date) -> str:
    return f"{_short(day)} ({_DAYS_RU[day.weekday()]})"


def _short(day: date) -> str:
    return f"{day:%d.%m}.{day.year:04d}"


def _en(day: date) -> str:
    return f"{day} ({_DAYS_EN[day.weekday()]})"


def _many(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _plural(number: int, unit: str) -> str:
    one, few, many = _UNITS_RU[unit]
    if 10 < number % 100 < 20:
        return many
    return one if number % 10 == 1 else few if 2 <= number % 10 <= 4 else many
