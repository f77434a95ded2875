"""Business time: when a line works, and how much of its time lies between two moments.

A moment is open when its local wall clock lies in a period of its weekday and its local date is
no holiday. Everything is counted in seconds that really pass: a wall-clock hour skipped in spring
adds nothing, one repeated in autumn adds twice. Pure: this module never reads a clock.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
HORIZON = timedelta(days=5 * 366)  # a due time further away is a mistake in the calendar

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_PERIOD = re.compile(r"([0-9]{1,2}):([0-9]{2})\s?[-–]\s?([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A part of one local day, in minutes since midnight, the end (at most 1440) excluded."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MIDNIGHT:
            raise ValueError(f"{self} must start before it ends, within 00:00-24:00")

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


_WHOLE_DAY = (Period(0, MIDNIGHT),)
_WHOLE_WEEK = (_WHOLE_DAY,) * 7


@dataclass(frozen=True, slots=True)
class Hours:
    """The open hours of a line: a week of periods (Monday first) in a time zone, less holidays."""

    zone: ZoneInfo
    week: tuple[tuple[Period, ...], ...]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.week) != len(DAYS):
            raise ValueError(f"a week has 7 days, not {len(self.week)}")
        if not any(self.week):
            raise ValueError("no open time at all: give at least one period in the week")
        for name, periods in zip(DAYS, self.week, strict=True):
            for earlier, later in pairwise(periods):
                if later.start < earlier.end:
                    raise ValueError(f"{name}: {earlier} and {later} overlap or are out of order")

    @classmethod
    def always(cls) -> Self:
        """Open around the clock, every day."""
        return cls(ZoneInfo("UTC"), _WHOLE_WEEK)

    @classmethod
    def parse(
        cls,
        zone: ZoneInfo | str,
        week: Mapping[str, Iterable[str]],
        holidays: Iterable[date] = (),
    ) -> Self:
        """Read hours as config writes them: {"mon-fri": ["09:00-13:00", "22:00-02:00"]}.

        What runs past midnight belongs to the next day from 00:00 on, its holidays included.
        Raises ValueError with a reason fit for the person who wrote the config.
        """
        days: list[list[Period]] = [[] for _ in DAYS]
        named: set[int] = set()
        for key, texts in week.items():
            for day in _days(key):
                if day in named:
                    raise ValueError(f"{key}: {DAYS[day]} is given twice")
                named.add(day)
                for text in texts:
                    for shift, period in _periods(key, text):
                        days[(day + shift) % 7].append(period)
        return cls(
            zone if isinstance(zone, ZoneInfo) else _zone(zone),
            tuple(tuple(sorted(periods)) for periods in days),
            frozenset(holidays),
        )

    @property
    def nonstop(self) -> bool:
        """Whether no moment is ever closed."""
        return self.week == _WHOLE_WEEK and not self.holidays

    def is_open(self, moment: datetime) -> bool:
        """Whether the line works at this moment."""
        local = _utc(moment).astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return local.date() not in self.holidays and any(
            period.start <= minute < period.end for period in self.week[local.weekday()]
        )

    def next_open(self, moment: datetime) -> datetime:
        """The first open moment at or after this one, in UTC."""
        begin = _utc(moment)
        for start, _ in self._open(begin, begin + HORIZON):
            return start
        raise ValueError(f"no open time in the five years after {begin:%Y-%m-%d}")

    def add(self, start: datetime, span: timedelta) -> datetime:
        """The moment, in UTC, when this much business time has passed since start.

        A span that ends with a period falls on the closing edge, not on the next opening.
        Raises ValueError when that takes more than five years.
        """
        if span < timedelta(0):
            raise ValueError(f"cannot add a negative span of {span}")
        begin = _utc(start)
        if self.nonstop or not span:
            return begin + span
        left = span
        for opened, closed in self._open(begin, begin + HORIZON):
            if left <= closed - opened:
                return opened + left
            left -= closed - opened
        raise ValueError(f"{span} of business time after {begin:%Y-%m-%d} takes more than five years")

    def between(self, a: datetime, b: datetime) -> timedelta:
        """The business time from a to b, negative when b comes first."""
        begin, end = _utc(a), _utc(b)
        if self.nonstop:
            return end - begin
        if end < begin:
            return -self.between(end, begin)
        return sum((closed - opened for opened, closed in self._open(begin, end)), timedelta(0))

    def _open(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans from begin to end, in order; one may touch the next."""
        day = datetime.combine(begin.date(), time.min, UTC)
        while day < end:
            for start, stop, offset in self._stretches(day):
                if start < end and stop > begin:
                    yield from self._spans(max(start, begin), min(stop, end), offset)
            day += _DAY

    def _stretches(self, day: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """One UTC day, cut where the zone's offset changes."""
        night = day + _DAY
        before, after = self._offset(day), self._offset(night)
        if before == after:
            yield day, night, before
            return
        low, high = day, night
        while high - low > _SECOND:
            middle = low + (high - low) // _SECOND // 2 * _SECOND
            if self._offset(middle) == before:
                low = middle
            else:
                high = middle
        yield day, high, before
        yield high, night, after

    def _spans(
        self, begin: datetime, end: datetime, offset: timedelta
    ) -> Iterator[tuple[datetime, datetime]]:
        """The open spans of a stretch (at most a day) of one offset."""
        local = (begin + offset).date()
        last = (end + offset).date()
        while local <= last:
            if local not in self.holidays:
                midnight = datetime.combine(local, time.min, UTC) - offset
                for period in self.week[local.weekday()]:
                    opened = max(begin, midnight + timedelta(minutes=period.start))
                    closed = min(end, midnight + timedelta(minutes=period.end))
                    if opened < closed:
                        yield opened, closed
            local += _DAY

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta(0)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe", a folder
        raise ValueError(f"unknown time zone {name!r}; write one like Europe/Stockholm") from error


def _days(key: str) -> Iterator[int]:
    """The weekdays of "mon", "mon-fri", "fri-mon" or "mon, wed"."""
    for item in key.lower().split(","):
        first, dash, last = (part.strip() for part in item.partition("-"))
        names = (first, last) if dash else (first, first)
        for name in names:
            if name not in DAYS:
                raise ValueError(f"{key}: {name!r} is no day; days are {', '.join(DAYS)}")
        start, stop = (DAYS.index(name) for name in names)
        for step in range((stop - start) % 7 + 1):
            yield (start + step) % 7


def _periods(key: str, text: str) -> Iterator[tuple[int, Period]]:
    """The period written, in two when it runs past midnight: days after the first, period."""
    match = _PERIOD.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{key}: {text!r} is no period like 09:00-18:00")
    hour, minute, end_hour, end_minute = (int(group) for group in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= MIDNIGHT or end > MIDNIGHT:
        raise ValueError(f"{key}: {text!r} has a time outside 00:00-24:00")
    if start == end:
        raise ValueError(f"{key}: {text!r} is empty; a whole day is 00:00-24:00")
    if start < end:
        yield 0, Period(start, end)
        return
    yield 0, Period(start, MIDNIGHT)
    if end:
        yield 1, Period(0, end)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
