from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.conversations.hours import Hours, Period

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

NONSTOP = {"mon-sun": ["00:00-24:00"]}
OFFICE = {"mon-fri": ["09:00-18:00"]}
LUNCH = {"mon-fri": ["09:00-13:00", "14:00-18:00"]}
SHOP = {"mon-fri": ["09:00-18:00"], "sat": ["10:00-14:00"]}
NIGHT = {"mon-sun": ["22:00-06:00"]}
PARTY = {"fri": ["22:00-02:00"]}
EARLY = {"sun": ["01:00-04:00"]}

STOCKHOLM, MOSCOW, KATHMANDU = "Europe/Stockholm", "Europe/Moscow", "Asia/Kathmandu"
NEW_YORK, SAO_PAULO, ST_JOHNS = "America/New_York", "America/Sao_Paulo", "America/St_Johns"
LORD_HOWE, APIA = "Australia/Lord_Howe", "Pacific/Apia"

# zone, week, start, minutes of business time, the moment they have passed
GOLDEN: list[tuple[str, dict[str, list[str]], str, int, str]] = [
    # Spring 2026-03-29, 02:00+01:00 becomes 03:00+02:00
    (STOCKHOLM, OFFICE, "2026-03-27T17:00+01:00", 120, "2026-03-30T10:00+02:00"),
    (STOCKHOLM, NONSTOP, "2026-03-28T12:00+01:00", 1440, "2026-03-29T13:00+02:00"),
    (STOCKHOLM, NIGHT, "2026-03-28T22:00+01:00", 420, "2026-03-29T06:00+02:00"),
    (STOCKHOLM, NIGHT, "2026-03-28T22:00+01:00", 480, "2026-03-29T23:00+02:00"),
    (STOCKHOLM, EARLY, "2026-03-29T01:00+01:00", 60, "2026-03-29T03:00+02:00"),
    (STOCKHOLM, EARLY, "2026-03-29T01:00+01:00", 120, "2026-03-29T04:00+02:00"),
    (STOCKHOLM, {"sun": ["02:00-03:00"]}, "2026-03-28T00:00+01:00", 30, "2026-04-05T02:30+02:00"),
    # Autumn 2026-10-25, 03:00+02:00 becomes 02:00+01:00
    (STOCKHOLM, OFFICE, "2026-10-23T17:30+02:00", 60, "2026-10-26T09:30+01:00"),
    (STOCKHOLM, NONSTOP, "2026-10-24T12:00+02:00", 1440, "2026-10-25T11:00+01:00"),
    (STOCKHOLM, NIGHT, "2026-10-24T22:00+02:00", 540, "2026-10-25T06:00+01:00"),
    (STOCKHOLM, EARLY, "2026-10-25T01:00+02:00", 240, "2026-10-25T04:00+01:00"),
    (STOCKHOLM, {"sun": ["02:00-03:00"]}, "2026-10-24T00:00+02:00", 90, "2026-10-25T02:30+01:00"),
    (STOCKHOLM, {"sun": ["02:30-03:00"]}, "2026-10-24T00:00+02:00", 30, "2026-10-25T03:00+02:00"),
    (STOCKHOLM, {"sun": ["02:30-03:00"]}, "2026-10-24T00:00+02:00", 45, "2026-10-25T02:45+01:00"),
    # Spring 2026-03-08, 02:00-05:00 becomes 03:00-04:00; autumn 2026-11-01, 02:00-04:00 becomes 01:00-05:00
    (NEW_YORK, OFFICE, "2026-03-06T17:00-05:00", 180, "2026-03-09T11:00-04:00"),
    (NEW_YORK, NONSTOP, "2026-03-07T12:00-05:00", 1440, "2026-03-08T13:00-04:00"),
    (NEW_YORK, NIGHT, "2026-03-07T23:00-05:00", 360, "2026-03-08T06:00-04:00"),
    (NEW_YORK, NIGHT, "2026-10-31T23:00-04:00", 480, "2026-11-01T06:00-05:00"),
    (NEW_YORK, {"sun": ["01:00-02:00"]}, "2026-11-01T00:00-04:00", 120, "2026-11-01T02:00-05:00"),
    (NEW_YORK, EARLY, "2026-11-01T01:30-04:00", 60, "2026-11-01T01:30-05:00"),
    (NEW_YORK, EARLY, "2026-11-01T01:30-05:00", 30, "2026-11-01T02:00-05:00"),
    # Half an hour only: spring 2026-10-04, 02:00 becomes 02:30; autumn 2026-04-05, 02:00 becomes 01:30
    (LORD_HOWE, NONSTOP, "2026-10-03T12:00+10:30", 1440, "2026-10-04T12:30+11:00"),
    (LORD_HOWE, EARLY, "2026-10-04T01:00+10:30", 150, "2026-10-04T04:00+11:00"),
    (LORD_HOWE, {"sun": ["02:00-02:30"]}, "2026-10-03T00:00+10:30", 30, "2026-10-11T02:30+11:00"),
    (LORD_HOWE, EARLY, "2026-04-05T01:00+11:00", 210, "2026-04-05T04:00+10:30"),
    (LORD_HOWE, {"sun": ["01:30-02:00"]}, "2026-04-05T00:00+11:00", 60, "2026-04-05T02:00+10:30"),
    (LORD_HOWE, NIGHT, "2026-04-04T22:00+11:00", 510, "2026-04-05T06:00+10:30"),
    # No summer time, an offset of quarters
    (KATHMANDU, OFFICE, "2026-04-10T17:45+05:45", 30, "2026-04-13T09:15+05:45"),
    (KATHMANDU, LUNCH, "2026-04-13T12:30+05:45", 60, "2026-04-13T14:30+05:45"),
    (KATHMANDU, OFFICE, "2026-04-13T03:14+00:00", 60, "2026-04-13T10:00+05:45"),
    # Midnight itself is skipped on 2018-11-04 and 23:00 is repeated on 2019-02-16
    (SAO_PAULO, NONSTOP, "2018-11-03T12:00-03:00", 1440, "2018-11-04T13:00-02:00"),
    (SAO_PAULO, {"sun": ["00:00-02:00"]}, "2018-11-03T12:00-03:00", 60, "2018-11-04T02:00-02:00"),
    (SAO_PAULO, {"sun": ["00:00-01:00"]}, "2018-11-03T12:00-03:00", 60, "2018-11-11T01:00-02:00"),
    (SAO_PAULO, NIGHT, "2018-11-03T22:00-03:00", 420, "2018-11-04T06:00-02:00"),
    (SAO_PAULO, NONSTOP, "2019-02-16T12:00-02:00", 1440, "2019-02-17T11:00-03:00"),
    (SAO_PAULO, {"sat": ["23:00-24:00"]}, "2019-02-16T20:00-02:00", 120, "2019-02-17T00:00-03:00"),
    (SAO_PAULO, NIGHT, "2019-02-16T22:00-02:00", 540, "2019-02-17T06:00-03:00"),
    # The country changed its offset for good
    (MOSCOW, NONSTOP, "2011-03-26T12:00+03:00", 1440, "2011-03-27T13:00+04:00"),
    (MOSCOW, NONSTOP, "2014-10-25T12:00+04:00", 1440, "2014-10-26T11:00+03:00"),
    # A date that never was, and a date left for an hour and begun again
    (APIA, NONSTOP, "2011-12-29T12:00-10:00", 1440, "2011-12-31T12:00+14:00"),
    (APIA, {"fri": ["09:00-18:00"]}, "2011-12-29T12:00-10:00", 60, "2012-01-06T10:00+14:00"),
    (ST_JOHNS, {"sun": ["00:00-00:05"]}, "2010-11-06T12:00-02:30", 2, "2010-11-07T00:01-03:30"),
    # Ordinary days, leap days, year ends
    (MOSCOW, OFFICE, "2026-03-27T17:00+03:00", 120, "2026-03-30T10:00+03:00"),
    (MOSCOW, OFFICE, "2026-06-15T09:00+03:00", 540, "2026-06-15T18:00+03:00"),
    (MOSCOW, OFFICE, "2026-06-15T18:00+03:00", 1, "2026-06-16T09:01+03:00"),
    (MOSCOW, LUNCH, "2026-06-11T13:30+03:00", 60, "2026-06-11T15:00+03:00"),
    (MOSCOW, LUNCH, "2026-06-11T09:00+03:00", 240, "2026-06-11T13:00+03:00"),
    (MOSCOW, LUNCH, "2026-06-11T09:00+03:00", 241, "2026-06-11T14:01+03:00"),
    (MOSCOW, SHOP, "2026-06-20T13:30+03:00", 60, "2026-06-22T09:30+03:00"),
    (MOSCOW, PARTY, "2026-06-19T23:00+03:00", 180, "2026-06-20T02:00+03:00"),
    (MOSCOW, NONSTOP, "2024-02-28T12:00+03:00", 1440, "2024-02-29T12:00+03:00"),
    (MOSCOW, OFFICE, "2024-02-28T17:30+03:00", 60, "2024-02-29T09:30+03:00"),
    (MOSCOW, OFFICE, "2023-02-28T17:30+03:00", 60, "2023-03-01T09:30+03:00"),
    (MOSCOW, NONSTOP, "2025-12-31T23:59+03:00", 2, "2026-01-01T00:01+03:00"),
    # Holidays, as HOLIDAYS has them
    (MOSCOW, OFFICE, "2026-05-08T17:00+03:00", 120, "2026-05-12T10:00+03:00"),
    (MOSCOW, OFFICE, "2025-12-30T17:00+03:00", 120, "2026-01-12T10:00+03:00"),
    (MOSCOW, PARTY, "2026-11-20T22:00+03:00", 180, "2026-11-27T23:00+03:00"),
    (MOSCOW, NONSTOP, "2026-05-10T23:00+03:00", 120, "2026-05-12T01:00+03:00"),
]
HOLIDAYS = [
    *(date(2025, 12, 31) + DAY * number for number in range(10)),
    date(2026, 5, 11),
    date(2026, 11, 21),
]


@pytest.mark.parametrize(("zone", "week", "start", "minutes", "end"), GOLDEN)
def test_business_time_passes_as_the_table_says(
    zone: str, week: dict[str, list[str]], start: str, minutes: int, end: str
) -> None:
    holidays = [] if start == "2025-12-31T23:59+03:00" else HOLIDAYS
    hours = Hours.parse(zone, week, holidays)
    begun, done = datetime.fromisoformat(start), datetime.fromisoformat(end)
    assert hours.add(begun, minutes * MINUTE) == done
    assert hours.add(begun, minutes * MINUTE).tzinfo is UTC
    assert hours.between(begun, done) == minutes * MINUTE
    assert hours.between(done, begun) == -minutes * MINUTE


def test_the_table_is_wide_enough() -> None:
    assert len(GOLDEN) >= 40
    assert len({row[0] for row in GOLDEN}) >= 6


@pytest.mark.parametrize(
    ("week", "moment", "is_open", "next_open"),
    [
        (OFFICE, "2026-06-15T08:59:59+03:00", False, "2026-06-15T09:00+03:00"),
        (OFFICE, "2026-06-15T09:00+03:00", True, "2026-06-15T09:00+03:00"),
        (OFFICE, "2026-06-15T17:59:59+03:00", True, "2026-06-15T17:59:59+03:00"),
        (OFFICE, "2026-06-15T18:00+03:00", False, "2026-06-16T09:00+03:00"),
        (OFFICE, "2026-06-19T18:00+03:00", False, "2026-06-22T09:00+03:00"),
        (OFFICE, "2026-05-11T12:00+03:00", False, "2026-05-12T09:00+03:00"),
        (LUNCH, "2026-06-15T13:00+03:00", False, "2026-06-15T14:00+03:00"),
        (NIGHT, "2026-06-15T00:00+03:00", True, "2026-06-15T00:00+03:00"),
        (PARTY, "2026-11-21T01:00+03:00", False, "2026-11-27T22:00+03:00"),
        (NONSTOP, "2026-05-11T00:00+03:00", False, "2026-05-12T00:00+03:00"),
    ],
)
def test_doors_open_and_close(week: dict[str, list[str]], moment: str, is_open: bool, next_open: str) -> None:
    hours = Hours.parse(MOSCOW, week, HOLIDAYS)
    at = datetime.fromisoformat(moment)
    assert hours.is_open(at) is is_open
    assert hours.next_open(at) == datetime.fromisoformat(next_open)


def test_around_the_clock_loses_no_minute() -> None:
    begun = datetime(2026, 2, 27, 23, 59, 30, tzinfo=UTC)
    for hours in (Hours.always(), Hours.parse(STOCKHOLM, NONSTOP)):
        assert hours.nonstop
        assert hours.add(begun, 400 * DAY) == begun + 400 * DAY
        assert hours.between(begun, begun + 400 * DAY) == 400 * DAY
        assert hours.is_open(begun)
        assert hours.next_open(begun) == begun
    shut_long_ago = Hours.parse(STOCKHOLM, NONSTOP, [date(1999, 1, 1)])
    assert not shut_long_ago.nonstop
    assert shut_long_ago.add(begun, 400 * DAY) == begun + 400 * DAY


# --- reading config ---


def test_config_becomes_a_week() -> None:
    hours = Hours.parse(
        STOCKHOLM,
        {"Mon-Wed": ["14:00-18:00", "9:00 – 13:00"], "thu, sun": ["22:00-02:00"], "fri": []},
        [date(2026, 12, 24)],
    )
    day = (Period(540, 780), Period(840, 1080))
    late, rest = Period(1320, 1440), Period(0, 120)
    assert hours.week == ((rest, *day), day, day, (late,), (rest,), (), (late,))
    assert hours.holidays == {date(2026, 12, 24)}
    assert hours.zone == ZoneInfo(STOCKHOLM)
    assert hours == Hours.parse(
        ZoneInfo(STOCKHOLM),
        {
            "mon": ["09:00-13:00", "14:00-18:00"],
            "tue-wed": ["09:00-13:00", "14:00-18:00"],
            "sun,thu": ["22:00-02:00"],
        },
        hours.holidays,
    )


def test_a_range_of_days_may_run_over_the_week_end() -> None:
    hours = Hours.parse(MOSCOW, {"sat-mon": ["10:00-24:00"]})
    assert [bool(periods) for periods in hours.week] == [True, False, False, False, False, True, True]
    assert hours.week[0] == (Period(600, 1440),)
    assert hours == Hours.parse(MOSCOW, {"sat-mon": ["10:00-00:00"]})


@pytest.mark.parametrize(
    ("zone", "week", "reason"),
    [
        ("Europe/Stockholmm", OFFICE, "unknown time zone 'Europe/Stockholmm'"),
        ("Europe", OFFICE, "unknown time zone 'Europe'"),
        ("../etc/passwd", OFFICE, "unknown time zone"),
        ("", OFFICE, "unknown time zone ''"),
        (MOSCOW, {}, "no open time at all"),
        (MOSCOW, {"mon": []}, "no open time at all"),
        (MOSCOW, {"monday": ["09:00-18:00"]}, "monday: 'monday' is no day; days are mon, tue"),
        (MOSCOW, {"mon-": ["09:00-18:00"]}, "mon-: '' is no day"),
        (MOSCOW, {"mon-fri": ["09:00-18:00"], "fri": ["09:00-12:00"]}, "fri: fri is given twice"),
        (MOSCOW, {"mon": ["9-18"]}, "mon: '9-18' is no period like 09:00-18:00"),
        (MOSCOW, {"mon": ["09:00-18:00-"]}, "is no period"),
        (MOSCOW, {"mon": ["09:60-18:00"]}, "mon: '09:60-18:00' has a time outside"),
        (MOSCOW, {"mon": ["09:00-24:01"]}, "has a time outside"),
        (MOSCOW, {"mon": ["24:00-02:00"]}, "has a time outside"),
        (MOSCOW, {"mon": ["09:00-09:00"]}, "is empty; a whole day is 00:00-24:00"),
        (MOSCOW, {"mon": ["09:00-13:00", "12:00-18:00"]}, "mon: 09:00-13:00 and 12:00-18:00 overlap"),
        (
            MOSCOW,
            {"fri": ["22:00-04:00"], "sat": ["03:00-05:00"]},
            "sat: 00:00-04:00 and 03:00-05:00 overlap",
        ),
    ],
)
def test_a_wrong_calendar_is_refused_with_the_reason(
    zone: str, week: dict[str, list[str]], reason: str
) -> None:
    with pytest.raises(ValueError, match=f"(?i){reason}"):
        Hours.parse(zone, week)


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="7 days, not 1"):
        Hours(ZoneInfo("UTC"), ((Period(0, 60),),))


@pytest.mark.parametrize(("start", "end"), [(60, 60), (61, 60), (-1, 60), (0, 1441)])
def test_a_period_lies_in_one_day(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="must start before it ends"):
        Period(start, end)


def test_closed_for_years_is_an_error_and_no_endless_search() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    closed = [date(2026, 1, 1) + DAY * number for number in range(6 * 366)]
    hours = Hours.parse(MOSCOW, NONSTOP, closed)
    with pytest.raises(ValueError, match="takes more than five years"):
        hours.add(begun, HOUR)
    with pytest.raises(ValueError, match="no open time in the five years after 2026-01-01"):
        hours.next_open(begun)
    with pytest.raises(ValueError, match="more than five years"):
        Hours.parse(MOSCOW, EARLY).add(begun, 1000 * HOUR)
    assert hours.between(begun, begun + 365 * DAY) == timedelta(0)


def test_a_moment_without_a_zone_and_a_negative_span_are_refused() -> None:
    hours = Hours.parse(MOSCOW, OFFICE)
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  that it has no zone is the point
    for ask in (hours.is_open, hours.next_open, lambda moment: hours.add(moment, HOUR)):
        with pytest.raises(ValueError, match="has no time zone"):
            ask(naive)
    with pytest.raises(ValueError, match="negative span"):
        hours.add(naive.replace(tzinfo=UTC), -HOUR)


# --- properties ---

EDGES = [datetime.fromisoformat(row[2]).astimezone(UTC) for row in GOLDEN]
ZONES = sorted({row[0] for row in GOLDEN} - {ST_JOHNS})  # whose clocks change on a quarter hour
QUARTER = 15 * MINUTE


def periods(edges: Sequence[int]) -> tuple[Period, ...]:
    bounds = sorted(edges)
    return tuple(Period(a * 15, b * 15) for a, b in zip(bounds[::2], bounds[1::2], strict=False))


def lasts_an_hour(week: Sequence[Sequence[Period]]) -> bool:
    """Whether the week is long enough for every span drawn here to end within the five years."""
    return sum(period.end - period.start for day in week for period in day) >= 60


DAYS = st.lists(st.integers(0, 96), max_size=6, unique=True).map(periods)
MOMENTS = st.builds(
    lambda edge, quarters: edge.replace(minute=0) + quarters * QUARTER,
    st.sampled_from(EDGES),
    st.integers(-200, 200),
)
CALENDARS = st.builds(
    Hours,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.tuples(*[DAYS] * 7).filter(lasts_an_hour),
    st.frozensets(MOMENTS.map(datetime.date), max_size=3),
)
SPANS = st.timedeltas(timedelta(0), timedelta(hours=50))


def counted(hours: Hours, a: datetime, b: datetime) -> timedelta:
    """Business time the slow and obvious way: look at the wall clock at every quarter hour."""
    total = timedelta(0)
    while a < b:
        wall = a.astimezone(hours.zone)
        minute = wall.hour * 60 + wall.minute
        if wall.date() not in hours.holidays:
            total += QUARTER * sum(
                period.start <= minute < period.end for period in hours.week[wall.weekday()]
            )
        a += QUARTER
    return total


@given(CALENDARS, MOMENTS, st.integers(0, 400))
def test_between_agrees_with_looking_at_the_wall_clock(hours: Hours, start: datetime, quarters: int) -> None:
    end = start + quarters * QUARTER
    assert hours.between(start, end) == counted(hours, start, end)


@given(CALENDARS, MOMENTS, SPANS)
def test_between_measures_what_add_added(hours: Hours, start: datetime, span: timedelta) -> None:
    end = hours.add(start, span)
    assert end >= start
    assert hours.between(start, end) == span


@given(CALENDARS, MOMENTS, SPANS)
def test_what_is_added_ends_in_open_time_or_on_its_closing_edge(
    hours: Hours, start: datetime, span: timedelta
) -> None:
    end = hours.add(start, span + MINUTE)
    assert hours.is_open(end - timedelta(microseconds=1))


@given(CALENDARS, MOMENTS, SPANS, SPANS)
def test_adding_in_two_steps_is_adding_once(
    hours: Hours, start: datetime, one: timedelta, two: timedelta
) -> None:
    assert hours.add(hours.add(start, one), two) == hours.add(start, one + two)


@given(CALENDARS, MOMENTS, MOMENTS, SPANS, SPANS)
def test_later_and_longer_never_end_earlier(
    hours: Hours, a: datetime, b: datetime, one: timedelta, two: timedelta
) -> None:
    early, late = sorted((a, b))
    short, long = sorted((one, two))
    assert hours.add(early, short) <= hours.add(early, long)
    assert hours.add(early, long) <= hours.add(late, long)


@given(CALENDARS, st.lists(MOMENTS.filter(lambda moment: moment.year >= 2026), min_size=3, max_size=3))
def test_parts_of_a_stretch_add_up(hours: Hours, moments: list[datetime]) -> None:
    a, b, c = sorted(moments)
    assert hours.between(a, b) + hours.between(b, c) == hours.between(a, c)


@given(CALENDARS, MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(hours: Hours, moment: datetime) -> None:
    opening = hours.next_open(moment)
    assert hours.is_open(opening)
    assert (opening == moment) == hours.is_open(moment)
    assert hours.between(moment, opening) == timedelta(0)
