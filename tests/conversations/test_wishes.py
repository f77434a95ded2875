"""Wishes: from the contacts who ask to the developers who ship, and back to everyone who asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from bridge.conversations import tables, wishes
from bridge.conversations.wishes import Asker, Wish, WishChange
from bridge.errors import NotAllowed, Refused, Taken
from bridge.messages import BOT, DialogId, IdentityId, Priority, WishId
from tests.conversations.samples import (
    ANN,
    AUTOMATIC,
    DAY,
    DEV,
    EVE,
    MAIL,
    MINUTE,
    NOON,
    RULES,
    SHOP,
    a_dialog,
    ann,
    ben,
    carl,
    dev,
)

LATER = NOON + MINUTE
ONE, TWO = a_dialog(1, seq=5), a_dialog(2, seq=5)
SHOP_CHANNEL = RULES.channel(SHOP)


def file(**changed: Any) -> WishChange:
    facts: dict[str, Any] = {
        "wish_id": WishId(7),
        "number": 3,
        "title": " Night mode ",
        "text": "Please make it dark.",
        "dialog": ONE,
        "seq": 2,
        "author": ann,
        "now": NOON,
    }
    return wishes.filed(**facts | changed)


def pick_up(wish: Wish, **changed: Any) -> WishChange:
    facts: dict[str, Any] = {
        "wish": wish,
        "developer": DEV,
        "name": "Dev",
        "deadline": NOON + DAY,
        "priority": Priority.high,
        "now": LATER,
    }
    return wishes.picked_up(**facts | changed)


NEW = file().wish
ACCEPTED = wishes.accepted(NEW, ben, LATER).wish
WANTED = wishes.asked_too(ACCEPTED, TWO, 4, ben, LATER).wish
SCHEDULED = pick_up(WANTED).wish
IN_REVIEW = wishes.shipped(SCHEDULED, DEV, {"en": "Dark at last!", "ru": " "}, LATER, RULES).wish
GOING = wishes.approved(IN_REVIEW, {"en": "It is dark now."}, ann, LATER).wish
DECLINED = wishes.declined(SCHEDULED, "Too dear.", dev, LATER).wish


def announce(wish: Wish, identity: IdentityId, seq: int = 30) -> Wish:
    return wishes.announcing(wish, identity, DialogId(500), seq, LATER).wish


def states(wish: Wish) -> list[str]:
    return [asker.state for asker in wish.askers]


def test_every_column_of_the_tables_has_its_field() -> None:
    assert set(tables.wish.c.keys()) <= {field.name for field in fields(Wish)}
    assert set(tables.wish_asker.c.keys()) == {field.name for field in fields(Asker)} | {"wish"}


def test_a_wish_is_filed_with_its_first_asker() -> None:
    change = file()
    wish = change.wish
    assert (wish.title, wish.status, wish.announce, wish.created_by) == ("Night mode", "new", "none", ANN)
    assert change.askers == [Asker(ONE.identity, ONE.id, 2)]
    assert wish.askers == (Asker(ONE.identity, ONE.id, 2),)
    assert (wish.version, wish.subject) == (1, "wish:7")
    (acted,) = change.acted
    assert (acted.subject, acted.name, acted.agent, acted.before) == ("wish:7", "filed", ANN, None)
    assert acted.after is not None
    assert acted.after["askers"] == [str(ONE.identity)]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"title": ""}, "needs a title"), ({"seq": 6}, "no message 6"), ({"seq": 0}, "no message 0")],
)
def test_a_wish_of_nothing_is_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        file(**changed)


@pytest.mark.parametrize("author", [carl, BOT])
def test_only_agents_file_wishes(author: Any) -> None:
    with pytest.raises(NotAllowed, match="only agents"):
        file(author=author)


def test_each_contact_asks_once() -> None:
    assert [asker.identity for asker in WANTED.askers] == [ONE.identity, TWO.identity]
    with pytest.raises(Refused, match="asked for it already"):
        wishes.asked_too(WANTED, TWO, 5, ben, LATER)


def test_who_asks_while_the_news_goes_out_is_told_as_well() -> None:
    late = wishes.asked_too(GOING, a_dialog(3, seq=1), 1, ben, LATER).wish
    assert states(late) == ["asked", "asked", "asked"]
    told = announce(GOING, ONE.identity, 30)
    told = announce(told, TWO.identity, 31)
    for seq in (30, 31):
        change = wishes.told(told, DialogId(500), seq, LATER, ok=True)
        assert change is not None
        told = change.wish
    assert told.status == "told"
    with pytest.raises(Refused, match="everybody was told"):
        wishes.asked_too(told, a_dialog(3, seq=1), 1, ben, LATER)


def test_only_a_new_wish_is_accepted() -> None:
    assert ACCEPTED.status == "accepted"
    with pytest.raises(Refused, match="accepted already"):
        wishes.accepted(ACCEPTED, ben, LATER)


@pytest.mark.parametrize("wish", [NEW, ACCEPTED])
def test_a_developer_picks_a_wish_up_with_deadline_and_priority(wish: Wish) -> None:
    change = pick_up(wish)
    assert (change.wish.status, change.wish.assignee, change.wish.assignee_name) == ("scheduled", DEV, "Dev")
    assert (change.wish.deadline, change.wish.priority) == (NOON + DAY, Priority.high)
    assert change.acted[0].after == {
        "status": "scheduled",
        "priority": "high",
        "deadline": (NOON + DAY).isoformat(),
        "assignee": "3",
    }


def test_of_two_developers_who_pick_up_at_once_one_wins() -> None:
    with pytest.raises(Taken, match="Dev was first"):
        pick_up(SCHEDULED, developer=EVE, name="Eve")
    assert pick_up(SCHEDULED, developer=EVE, name="Eve", force=True).wish.assignee == EVE


def test_who_has_the_wish_may_move_its_deadline() -> None:
    assert pick_up(SCHEDULED, deadline=NOON + 2 * DAY).wish.deadline == NOON + 2 * DAY
    with pytest.raises(Refused, match="deadline has passed"):
        pick_up(SCHEDULED, deadline=LATER)


@pytest.mark.parametrize("wish", [IN_REVIEW, DECLINED])
def test_what_is_shipped_or_declined_is_not_picked_up(wish: Wish) -> None:
    with pytest.raises(Refused, match=f"{wish.status} already"):
        pick_up(wish)


def test_a_question_is_shown_until_it_is_answered() -> None:
    change = wishes.questioned(SCHEDULED, "Which page?", dev, LATER)
    assert (change.wish.status, change.wish.reason) == ("scheduled", "Which page?")
    assert (change.acted[0].name, change.acted[0].agent) == ("questioned", DEV)
    assert pick_up(change.wish).wish.reason == "Which page?"
    answered = wishes.clarified(change.wish, "All pages, please.", ann, LATER)
    assert (answered.wish.reason, answered.wish.text) == (None, "Please make it dark.")
    said = [(note.author_name, note.event, note.text) for note in (*change.notes, *answered.notes)]
    assert said == [("Dev", "questioned", "Which page?"), ("Ann", "clarified", "All pages, please.")]
    with pytest.raises(Refused, match="no question waits"):
        wishes.clarified(answered.wish, "And the app.", ann, LATER)


def test_questions_answers_and_refusals_need_words() -> None:
    with pytest.raises(Refused, match="what you want to know"):
        wishes.questioned(NEW, " ", dev, LATER)
    with pytest.raises(Refused, match="what is meant"):
        wishes.clarified(replace(NEW, reason="Which page?"), "", ann, LATER)
    with pytest.raises(Refused, match="why the wish is declined"):
        wishes.declined(NEW, "", dev, LATER)


def test_a_shipped_wish_is_not_discussed_any_more() -> None:
    attempts: list[Callable[[], object]] = [
        lambda: wishes.questioned(GOING, "Why?", dev, LATER),
        lambda: wishes.clarified(GOING, "So.", ann, LATER),
        lambda: wishes.declined(GOING, "No.", dev, LATER),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="shipped already"):
            attempt()


def test_what_is_shipped_goes_to_an_agents_eyes_first() -> None:
    assert (IN_REVIEW.status, IN_REVIEW.announce, IN_REVIEW.shipped_at) == ("shipped", "review", LATER)
    assert IN_REVIEW.announcement == {"en": "Dark at last!"}
    with pytest.raises(Refused, match="nothing to announce"):
        announce(IN_REVIEW, ONE.identity)


def test_or_out_at_once_where_the_rules_say_so() -> None:
    assert wishes.shipped(SCHEDULED, DEV, {}, LATER, AUTOMATIC).wish.announce == "going"


def test_only_who_has_the_wish_ships_it() -> None:
    with pytest.raises(NotAllowed, match="Dev works on this wish"):
        wishes.shipped(SCHEDULED, EVE, {}, LATER, RULES)
    with pytest.raises(NotAllowed, match="somebody else works"):
        wishes.shipped(replace(SCHEDULED, assignee_name=""), EVE, {}, LATER, RULES)
    with pytest.raises(Refused, match="pick the wish up first"):
        wishes.shipped(ACCEPTED, DEV, {}, LATER, RULES)
    with pytest.raises(Refused, match="shipped already"):
        wishes.shipped(IN_REVIEW, DEV, {}, LATER, RULES)


def test_the_reviewed_words_replace_the_developers() -> None:
    assert (GOING.announce, GOING.announcement) == ("going", {"en": "It is dark now."})
    with pytest.raises(Refused, match="no announcement to approve"):
        wishes.approved(GOING, {}, ann, LATER)


def test_a_declined_wish_says_why_and_may_be_thought_over() -> None:
    assert (DECLINED.status, DECLINED.reason, DECLINED.assignee, DECLINED.deadline) == (
        "declined",
        "Too dear.",
        None,
        None,
    )
    again = wishes.reopened(DECLINED, ann, LATER).wish
    assert (again.status, again.reason) == ("new", None)
    with pytest.raises(Refused, match="only a declined wish"):
        wishes.reopened(again, ann, LATER)


def test_each_asker_is_announced_once() -> None:
    change = wishes.announcing(GOING, ONE.identity, DialogId(500), 30, LATER)
    (asker,) = change.askers
    assert (asker.state, asker.told_dialog, asker.told_seq) == ("queued", DialogId(500), 30)
    assert not change.acted
    with pytest.raises(Refused, match="queued already"):
        announce(change.wish, ONE.identity)
    with pytest.raises(Refused, match="has not asked"):
        announce(change.wish, IdentityId(4711))


def test_the_wish_is_told_when_the_last_asker_is_told_or_lost() -> None:
    wish = announce(announce(GOING, ONE.identity, 30), TWO.identity, 31)
    first = wishes.told(wish, DialogId(500), 30, LATER, ok=True)
    assert first is not None
    assert (first.wish.status, first.wish.announce) == ("shipped", "going")
    last = wishes.told(first.wish, DialogId(500), 31, LATER, ok=False, reason="blocked us")
    assert last is not None
    assert (last.wish.status, last.wish.announce) == ("told", "done")
    assert states(last.wish) == ["told", "failed"]
    assert last.askers[0].reason == "blocked us"


def test_a_failed_announcement_may_still_arrive() -> None:
    failed = wishes.told(announce(GOING, ONE.identity), DialogId(500), 30, LATER, ok=False, reason="full")
    assert failed is not None
    arrived = wishes.told(failed.wish, DialogId(500), 30, LATER, ok=True)
    assert arrived is not None
    assert (arrived.askers[0].state, arrived.askers[0].reason) == ("told", None)


def test_news_that_says_nothing_new_changes_nothing() -> None:
    assert wishes.told(GOING, DialogId(500), 30, LATER, ok=True) is None
    change = wishes.told(announce(GOING, ONE.identity), DialogId(500), 30, LATER, ok=True)
    assert change is not None
    assert wishes.told(change.wish, DialogId(500), 30, LATER, ok=True) is None


def test_whom_the_news_did_not_reach_is_told_once_more() -> None:
    lost = wishes.told(announce(GOING, ONE.identity), DialogId(500), 30, LATER, ok=False, reason="full")
    assert lost is not None
    again = wishes.told_again(lost.wish, ben, LATER)
    assert [(asker.identity, asker.state, asker.reason) for asker in again.askers] == [
        (ONE.identity, "asked", None)
    ]
    assert (again.wish.status, again.wish.announce, states(again.wish)) == (
        "shipped",
        "going",
        ["asked", "asked"],
    )
    assert wishes.told(again.wish, DialogId(500), 30, LATER, ok=True) is None, "that was the first try"
    with pytest.raises(Refused, match="reached everybody"):
        wishes.told_again(again.wish, ben, LATER)
    with pytest.raises(Refused, match="nobody has been told yet"):
        wishes.told_again(IN_REVIEW, ben, LATER)


def test_a_task_has_no_asker_and_no_news() -> None:
    task = wishes.made(WishId(8), 4, " New server ", "", Priority.low, dev, NOON).wish
    assert (task.kind, task.title, task.status, task.askers) == ("task", "New server", "accepted", ())
    with pytest.raises(Refused, match="nobody has asked"):
        wishes.questioned(task, "Which?", dev, LATER)
    done = wishes.shipped(pick_up(task).wish, DEV, {"en": "Hurray"}, LATER, RULES).wish
    assert (done.status, done.announce, done.announcement) == ("told", "done", {})
    with pytest.raises(Refused, match="needs a title"):
        wishes.made(WishId(8), 4, " ", "", Priority.low, dev, NOON)
    declined = wishes.declined(task, "Too dear.", dev, LATER).wish
    assert wishes.reopened(declined, dev, LATER).wish.status == "accepted"


def test_a_task_that_a_contact_asks_for_is_a_wish() -> None:
    task = wishes.made(WishId(8), 4, "New server", "", Priority.low, dev, NOON).wish
    asked = wishes.asked_too(task, ONE, 2, ann, LATER).wish
    assert (asked.kind, states(asked)) == ("wish", ["asked"])
    assert wishes.shipped(pick_up(asked).wish, DEV, {}, LATER, RULES).wish.announce == "review"


def test_a_wish_whose_askers_were_all_erased_is_told_at_once() -> None:
    nobody = replace(SCHEDULED, askers=())
    assert wishes.shipped(nobody, DEV, {}, LATER, RULES).wish.status == "shipped"
    assert wishes.shipped(nobody, DEV, {}, LATER, AUTOMATIC).wish.status == "told"


def test_an_asker_reads_the_words_written_for_him_or_the_usual_ones() -> None:
    assert wishes.announcement_text(GOING, SHOP_CHANNEL, "en") == "It is dark now."
    russian = wishes.announcement_text(GOING, SHOP_CHANNEL, "ru")
    assert russian.startswith("Хорошие новости!")
    assert russian.endswith("Night mode")
    title = replace(GOING, announcement={}, title="{braces}")
    assert wishes.announcement_text(title, RULES.channel(MAIL), "fi").endswith("is ready: {braces}")


# -- what contacts tell the bot

PROPOSED = wishes.proposed(WishId(8), 4, "Please make it dark.\nAt night it hurts.", ONE, 2, NOON).wish


def test_a_proposal_has_an_asker_and_nobody_who_vouches_for_it() -> None:
    assert (PROPOSED.status, PROPOSED.created_by) == ("proposed", wishes.NOBODY)
    assert PROPOSED.title == "Please make it dark. At night it hurts."
    assert [asker.identity for asker in PROPOSED.askers] == [ONE.identity]
    assert len(wishes.proposed(WishId(8), 4, "long " * 99, ONE, 2, NOON).wish.title) <= wishes.TITLE


def test_developers_can_do_nothing_with_a_proposal() -> None:
    refusing: list[Callable[[], Any]] = [
        lambda: pick_up(PROPOSED),
        lambda: wishes.questioned(PROPOSED, "What is dark?", dev, LATER),
        lambda: wishes.clarified(PROPOSED, "Dark.", ann, LATER),
    ]
    for refused in refusing:
        with pytest.raises(Refused, match="an agent has to accept this wish first"):
            refused()
    with pytest.raises(NotAllowed):
        wishes.accepted(PROPOSED, BOT, LATER)


def test_who_accepts_a_proposal_makes_it_a_wish_of_his_own() -> None:
    change = wishes.accepted(PROPOSED, ann, LATER, title=" Night mode ")
    assert (change.wish.status, change.wish.created_by, change.wish.title) == ("new", ANN, "Night mode")
    assert wishes.accepted(PROPOSED, ann, LATER).wish.title == PROPOSED.title
    assert wishes.accepted(change.wish, ben, LATER).wish.status == "accepted"


def test_a_proposal_that_was_declined_is_only_a_proposal_when_it_comes_back() -> None:
    declined = wishes.declined(PROPOSED, "We have it already", ann, LATER).wish
    assert declined.status == "declined"
    assert wishes.reopened(declined, ann, LATER).wish.status == "proposed"
