"""How a deadline was counted, said in Russian and in English: one step after another, joined by arrows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from desk.law import words
from desk.law.calendar import ProductionCalendar
from desk.law.words import Said

_SHOWN = 6


@dataclass(frozen=True)
class Story:
    """What happened while counting. `rolled` is where the roll leads.

    `unknown`: the years whose calendar nobody confirmed; `disputed`: days announced as non-working that were counted.
    """

    event: Said
    start: date
    length: int
    unit: str
    day_kind: str
    roll: str
    raw: date
    rolled: date
    unknown: Sequence[int]
    disputed: Sequence[date]
    calendar: ProductionCalendar

    def tell(self) -> Said:
        """All of it, from the event to the end of the last day."""
        steps = [self._begin(), self._last_day(), *self._skipped(), *self._move(), *self._doubt(), self._end()]
        return words.join(steps, " → ")

    @property
    def first_day(self) -> date:
        return self.start + timedelta(days=1)

    def _begin(self) -> Said:
        start, first = words.day(self.start), words.plain(self.first_day)
        return Said(
            f"{self.event.ru} {start.ru} → срок с {first.ru} (ст. 191 ГК)",
            f"{self.event.en} {start.en} → counted from {first.en} (Civil Code art. 191)",
        )

    def _last_day(self) -> Said:
        counted = self._counted()
        if self.day_kind == "working":
            return counted
        if why := self.calendar.why_off(self.raw):
            return Said(f"{counted.ru}, нерабочий: {why.ru}", f"{counted.en}, not a working day: {why.en}")
        if self.calendar.working_weekends(self.raw, self.raw):
            return Said(f"{counted.ru}, рабочий по переносу", f"{counted.en}, a working day by transfer")
        return Said(f"{counted.ru}, рабочий", f"{counted.en}, a working day")

    def _counted(self) -> Said:
        last = words.day(self.raw)
        if self.unit == "day":
            ru, en = (" рабочий", "working ") if self.day_kind == "working" else ("", "")
            return Said(f"{self.length}-й{ru} день {last.ru}", f"{en}day {self.length} is {last.en}")
        amount = words.many(self.length, self.unit)
        end = Said("", "")
        if self.unit != "week" and self.raw.day != self.start.day:
            end = Said(", последний день месяца", ", the last day of the month")
        return Said(
            f"{amount.ru}: {last.ru}{end.ru} (ст. 192 ГК)",
            f"{amount.en}: {last.en}{end.en} (Civil Code art. 192)",
        )

    def _skipped(self) -> list[Said]:
        if self.day_kind != "working":
            return []
        runs = [words.span(*run) for run in self.calendar.days_skipped(self.first_day, self.raw)]
        works = [words.plain(day) for day in self.calendar.working_weekends(self.first_day, self.raw)]
        said = []
        if runs:
            listed = _some(runs)
            said.append(Said(f"кроме выходных пропущены {listed.ru}", f"besides weekends {listed.en} left out"))
        if works:
            listed = _some(works)
            said.append(Said(f"рабочие по переносу: {listed.ru}", f"working by transfer: {listed.en}"))
        return [words.join(said, ", ")] if said else []

    def _move(self) -> list[Said]:
        if self.rolled != self.raw:
            to = words.day(self.rolled)
            return [Said(f"перенос на {to.ru} (ст. 193 ГК)", f"moved to {to.en} (Civil Code art. 193)")]
        stays = self.roll == "none" and self.calendar.why_off(self.raw)
        return [Said("не переносится", "not moved")] if stays else []

    def _doubt(self) -> list[Said]:
        return [*self._unconfirmed(), *self._disputed()]

    def _unconfirmed(self) -> list[Said]:
        if not self.unknown:
            return []
        years = _some([Said(str(year), str(year)) for year in self.unknown])
        known = all(self.calendar.transfers_known(year) for year in self.unknown)
        ru = f"календарь {years.ru} не подтверждён, переносы {'предварительные' if known else 'ещё не известны'}"
        en = f"the calendar of {years.en} is not confirmed, transfers are {'preliminary' if known else 'not known yet'}"
        if self.roll == "next_working" and (sure := self.calendar.surely_next(self.raw)) < self.rolled:
            act = words.day(sure)
            ru, en = f"{ru}: действуйте до {act.ru}", f"{en}: act by {act.en}"
        return [Said(ru, en)]

    def _disputed(self) -> list[Said]:
        if not self.disputed:
            return []
        listed = _some([words.plain(day) for day in self.disputed])
        return [
            Said(
                f"объявленные нерабочими указом Президента {listed.ru} считаются рабочими",
                f"{listed.en}, called non-working by a decree of the President, count as working",
            )
        ]

    def _end(self) -> Said:
        last = words.plain(self.rolled)
        return Said(f"до 24:00 {last.ru}", f"until 24:00 on {last.en}")


def hours(event: Said, start: datetime, length: int, end: datetime) -> Said:
    """How a deadline in hours was counted; both moments in the zone to show."""
    amount = words.many(length, "hour")
    return Said(
        f"{event.ru} {start:%d.%m.%Y %H:%M %Z} → {amount.ru} → до {end:%d.%m.%Y %H:%M %Z}",
        f"{event.en} {start:%Y-%m-%d %H:%M %Z} → {amount.en} → until {end:%Y-%m-%d %H:%M %Z}",
    )


def _some(parts: Sequence[Said]) -> Said:
    shown = words.join(parts[:_SHOWN], ", ")
    if not (more := len(parts) - _SHOWN) > 0:
        return shown
    return Said(f"{shown.ru} и ещё {more}", f"{shown.en} and {more} more")
