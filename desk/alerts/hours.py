"""The team's hours: working days of the production calendar, from one hour to another. Moments are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .. import lawbook
from ..law.calendar import ProductionCalendar
from ..settings import Settings


@dataclass(frozen=True)
class TeamHours:
    begins: time
    ends: time
    zone: ZoneInfo
    calendar: ProductionCalendar

    def opening(self, at: datetime) -> datetime:
        """The moment itself within the team's hours, else when they begin next."""
        local = at.astimezone(self.zone)
        day, works = local.date(), self.calendar.is_working(local.date())
        if works and self.begins <= local.time() < self.ends:
            return at
        if not works or local.time() >= self.ends:
            day = self.calendar.next_working(day + timedelta(days=1))
        return self._at(day, self.begins)

    def after(self, at: datetime, hours: float) -> datetime:
        """When so many of the team's hours have passed since `at`."""
        at, left = self.opening(at), timedelta(hours=hours)
        while at + left > (closing := self._at(at.astimezone(self.zone).date(), self.ends)):
            left -= closing - at
            at = self.opening(closing)
        return at + left

    def _at(self, day: date, clock: time) -> datetime:
        # In UTC at once: sums in a local zone are wrong across a change of its clocks.
        return datetime.combine(day, clock, tzinfo=self.zone).astimezone(UTC)


def of(conf: Settings) -> TeamHours:
    return TeamHours(time(conf.alerts.team_begins), time(conf.alerts.team_ends), ZoneInfo(conf.desk.timezone),
                     lawbook.production_calendar())
