"""Who is told: the assignee, else who is on duty, and for a person on leave the deputy; never nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, literal, or_, select
from sqlalchemy.orm import Session

from ..models import Ticket, User
from ..settings import Settings


@dataclass(frozen=True)
class Team:
    """The active accounts on one day of the desk's time zone."""

    people: dict[int, User]
    today: date

    def responsible(self, assignee_id: int | None) -> list[User]:
        """For a ticket of that assignee."""
        assignee = self.people.get(assignee_id or 0)
        present = self.stand_in(assignee) if assignee is not None else None
        return [present] if present is not None else self.duty()

    def duty(self) -> list[User]:
        """Who is told of tickets that nobody has: the duty list, the leads when it is empty."""
        return self._present(u for u in self.people.values() if u.on_duty) or self.leads()

    def leads(self) -> list[User]:
        """Leads and admins; everybody when there are none, or all are away."""
        return (self._present(u for u in self.people.values() if u.role in ("lead", "admin"))
                or self._present(self.people.values()) or list(self.people.values()))

    def stand_in(self, user: User) -> User | None:
        """The person, or the deputy, or the deputy's deputy; None when all of them are away."""
        seen: set[int] = set()
        now: User | None = user
        while now is not None and is_away(now, self.today) and now.id not in seen:
            seen.add(now.id)
            now = self.people.get(now.deputy_id or 0)
        return None if now is None or now.id in seen else now

    def tickets_of(self, user: User) -> ColumnElement[bool]:
        """Which tickets this person answers for today."""
        of = [one for one in self.people if user in self.responsible(one)]
        if user not in self.duty():
            return Ticket.assignee_id.in_(of)
        return or_(Ticket.assignee_id.in_(of), Ticket.assignee_id.is_(None), Ticket.assignee_id.not_in(self.people))

    def snapshot(self) -> list[tuple[int, str, bool, str]]:
        """When it changes, other people may answer for a ticket."""
        return [(u.id, u.role, u.on_duty, names(self.responsible(u.id))) for u in self.people.values()]

    def watchers(self) -> ColumnElement[str]:
        """`Deadline.watchers` as it should be, by its ticket's assignee."""
        duty = names(self.duty())
        by_assignee = {user_id: names(self.responsible(user_id)) for user_id in self.people}
        return case(by_assignee, value=Ticket.assignee_id, else_=duty) if by_assignee else literal(duty)

    def _present(self, people: Iterable[User]) -> list[User]:
        return list(dict.fromkeys(one for user in people if (one := self.stand_in(user)) is not None))


def team(session: Session, conf: Settings, *, now: datetime) -> Team:
    people = session.scalars(select(User).where(User.active).order_by(User.id))
    return Team({user.id: user for user in people}, now.astimezone(ZoneInfo(conf.desk.timezone)).date())


def is_away(user: User, on: date) -> bool:
    """Is the person on leave that day?"""
    if user.absent_from is None or on < user.absent_from:
        return False
    return user.absent_until is None or on <= user.absent_until


def names(people: Iterable[User]) -> str:
    """How `Deadline.watchers` names them."""
    return ",".join(str(user_id) for user_id in sorted(u.id for u in people))
