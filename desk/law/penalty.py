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
    reached (None: never). `accrued_before`: what had grown before the cap's law came into force, when that is more
    than `amount`; nobody confirmed whether it can still be asked for.
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
    accrued_before: Decimal | None

    @property
    def capped(self) -> bool:
        """Has it reached the cap?"""
        return self.cap is not None and self.days > 0 and self.amount == self.cap


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
    rate = rates.at(debt.rule, on)
    days, base = max((on - debt.due).days, 0), debt.sum_of(rate.base)
    cap = None if rate.cap == "none" else debt.sum_of(rate.cap)
    grown = _rounded(base * rate.percent / 100 * days)
    amount = grown if cap is None else _rounded(min(grown, cap))
    before = _before(debt, rate, amount, rates) if days else None
    return Penalty(debt, rate, on, days, base, grown, amount, cap, _cap_on(debt, rate, base, cap), before)


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


def _before(debt: Debt, rate: Rate, amount: Decimal, rates: Rates) -> Decimal | None:
    if rate.valid_from is None:
        return None
    eve = rate.valid_from - timedelta(days=1)
    if eve <= debt.due or versions.on(rates[rate.id], eve) is None:
        return None
    accrued = total(debt, eve, rates).amount
    return accrued if accrued > amount else None


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_KOPECK, ROUND_HALF_UP)
