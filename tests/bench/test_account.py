from hypothesis import given
from hypothesis import strategies as st

from bench.account import Arrival, Sent, settle
from bench.marker import Marker, find


def sent(visitor: int, number: int, at: int = 0) -> Sent:
    return Sent(Marker("customer", visitor, number), sent_at=at, acked_at=at + 5)


def arrival(visitor: int, number: int, at: int, key: str | None = None) -> Arrival:
    return Arrival(Marker("customer", visitor, number), key or f"{visitor}-{number}", at)


def test_a_message_that_never_arrives_is_lost() -> None:
    account = settle([sent(1, 0), sent(1, 1)], [arrival(1, 0, 10)])
    assert account.lost == [Marker("customer", 1, 1)]
    assert account.faults == ["1 lost, e.g. [customer 1.1]"]


def test_the_same_key_again_is_a_repeat_and_another_key_a_double() -> None:
    twice = settle([sent(1, 0)], [arrival(1, 0, 10, "a"), arrival(1, 0, 20, "a")])
    assert (twice.repeats, twice.doubled) == (1, [])
    double = settle([sent(1, 0)], [arrival(1, 0, 10, "a"), arrival(1, 0, 20, "b")])
    assert (double.repeats, double.doubled) == (0, [Marker("customer", 1, 0)])


def test_order_counts_per_visitor_and_author() -> None:
    account = settle([], [arrival(1, 1, 10), arrival(2, 0, 11), arrival(1, 0, 12)])
    assert account.disordered == [Marker("customer", 1, 0)]
    agents = [Arrival(Marker("agent", 1, 0), "k", 11)]
    assert settle([], [arrival(1, 1, 10), *agents]).disordered == []


def test_a_gap_left_by_a_refused_message_is_no_disorder() -> None:
    assert settle([], [arrival(1, 0, 10), arrival(1, 2, 11)]).faults == []


def test_only_what_arrived_within_the_window_is_sustained() -> None:
    account = settle(
        [sent(1, 0), sent(1, 1), sent(1, 2, at=96)], [arrival(1, n, 50 + 51 * n) for n in range(3)]
    )
    assert account.through(until=100) == 1
    assert account.took == [50, 101, 56]


def test_an_arrival_that_was_never_acknowledged_is_no_fault() -> None:
    assert settle([sent(1, 0)], [arrival(1, 0, 1), arrival(1, 1, 2)]).faults == []


@given(st.lists(st.integers(0, 30), unique=True, min_size=2))
def test_disorder_is_seen_whenever_arrivals_are_not_sorted(numbers: list[int]) -> None:
    account = settle([], [arrival(1, number, at) for at, number in enumerate(numbers)])
    assert bool(account.disordered) == (numbers != sorted(numbers))


@given(st.sampled_from(["customer", "agent"]), st.integers(0, 10**6), st.integers(0, 10**6), st.text())
def test_a_marker_is_found_again_in_any_text(author: str, visitor: int, number: int, around: str) -> None:
    marker = Marker(author, visitor, number)
    assert find(around.replace("[", "") + marker.text() + around) == marker


def test_a_text_of_somebody_else_has_no_marker() -> None:
    assert find("We are open from 9 to 18 [ask 1.2]") is None
