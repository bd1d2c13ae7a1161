"""What a late payer owes on a day: days, sum, the day of the cap, the day-by-day table.

Sums are exact Decimals; only a result is rounded, half up to the kopeck. The first late day is the one after the last
day of the deadline; the day of calculation (or payment) counts. Always "as of a day", never a promise.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from desk.law import versions
from desk.law.rates import Rate, Rates

_KOPECK = Decimal("0.01")
_LONGEST_TABLE = 3_660
_MOST = Decimal(10) ** 12


@dataclass(frozen=True)
class Debt:
    """What is owed late: `rule` as in config/penalties.toml, sums in rubles, `due` the last day that was in time.

    ValueError for sums that are negative, above 10^12 or finer than a kopeck, or when neither is known.
    """

    rule: str
    price: Decimal | None
    paid: Decimal | None
    due: date

    def __post_init__(self) -> None:
        for key, value in (("price", self.price), ("paid", self.paid)):
            if value is not None and not (value.is_finite() and 0 <= value <= _MOST and value == _rounded(value)):
                raise ValueError(f"{key} must be a sum in rubles and kopecks from 0 to {_MOST:,}, not {value}")
        if self.price is None and self.paid is None:
            raise ValueError("price or paid is needed")

    def sum_of(self, key: str) -> Decimal:
        """The price or the sum paid; when that one is not known, the other."""
        wanted, other = (self.price, self.paid) if key == "price" else (self.paid, self.price)
        return wanted if wanted is not None else other or Decimal(0)

    def knows(self, key: str) -> bool:
        """Is that sum itself known?"""
        return (self.price if key == "price" else self.paid) is not None


@dataclass(frozen=True)
class Penalty:
    """The penalty as of the day `on`: `grown` by itself, `amount` within the cap.

    `days` is 0 when it is not late; `cap` None means no limit. `cap_on`: the day on which the cap is or will be
    reached (None: never). `transitional`: it began under an earlier row, and nobody confirmed what the new one does to
    it. `accrued_before`: what had grown before the new row came into force, when that is more than `amount`.
    """

    debt: Debt
    rate: Rate
    on: date
    days: int
    base: Decimal
    grown: Decimal
    amount: Decimal
    cap: Decimal | None
    cap_on: date | None
    transitional: bool
    accrued_before: Decimal | None

    @property
    def capped(self) -> bool:
        """Has it reached the cap?"""
        return self.cap is not None and self.days > 0 and self.amount >= self.cap


@dataclass(frozen=True)
class Day:
    """The n-th late day of the table, what it added (less than nothing when a cap came into force), the total."""

    number: int
    day: date
    added: Decimal
    total: Decimal
    capped: bool


def total(debt: Debt, on: date, rates: Rates) -> Penalty:
    """The penalty as of the day `on`. ValueError for an unknown rule, or a day without a row for it."""
    newest, days = rates.at(debt.rule, on), max((on - debt.due).days, 0)
    former = _former(debt, newest, rates) if days else None
    rate = former if former is not None and newest.earlier_delays == "former" else newest
    base, cap = debt.sum_of(rate.base), None if rate.cap == "none" else debt.sum_of(rate.cap)
    grown = _rounded(base * rate.percent / 100 * days)
    amount = grown if cap is None else _rounded(min(grown, cap))
    accrued = _accrued(debt, newest, rates) if former is not None else None
    if accrued is not None and newest.earlier_delays == "kept":
        amount = max(amount, accrued)
    before = accrued if accrued is not None and accrued > amount else None
    return Penalty(debt, rate, on, days, base, grown, amount, cap, _cap_on(debt, rate, base, cap),
                   former is not None, before)


def table(debt: Debt, until: date, rates: Rates) -> list[Day]:
    """Each late day up to `until`; none when it is not late. ValueError beyond ten years or for an unknown rule."""
    late = (until - debt.due).days
    if late > _LONGEST_TABLE:
        raise ValueError(f"a table of {late} days is too long; {_LONGEST_TABLE} at most")
    found, before = [], Decimal("0.00")
    for number in range(1, late + 1):
        now = total(debt, debt.due + timedelta(days=number), rates)
        found.append(Day(number, now.on, now.amount - before, now.amount, now.capped))
        before = now.amount
    return found


def _cap_on(debt: Debt, rate: Rate, base: Decimal, cap: Decimal | None) -> date | None:
    if cap is None or not base:
        return None
    # The first day whose sum, rounded to the kopeck, is the cap; at least the first late day.
    days = int(((cap - _KOPECK / 2) / (base * rate.percent / 100)).to_integral_value(ROUND_CEILING))
    if days > (date.max - debt.due).days:
        return None
    return max(debt.due + timedelta(days=max(days, 1)), rate.valid_from or date.min)


def _former(debt: Debt, rate: Rate, rates: Rates) -> Rate | None:
    """The row under which the delay began, when it is another one."""
    if rate.valid_from is None or debt.due + timedelta(days=1) >= rate.valid_from:
        return None
    return versions.on(rates[rate.id], rate.valid_from - timedelta(days=1))


def _accrued(debt: Debt, rate: Rate, rates: Rates) -> Decimal:
    """What had grown by the eve of this row."""
    assert rate.valid_from is not None
    return total(debt, rate.valid_from - timedelta(days=1), rates).amount


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_KOPECK, ROUND_HALF_UP)
