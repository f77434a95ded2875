"""Who the contact is: what counts as an e-mail address, and what an introduction leaves behind."""

from __future__ import annotations

import pytest

from bridge.conversations import contacts
from bridge.conversations import tables as t
from bridge.conversations.commands import Introduce, Receive
from bridge.conversations.database import Database
from bridge.errors import Missing, Refused
from bridge.messages import Address, ChannelName
from tests.conversations.samples import NOON, RULES, SHOP, a_dialog, events, to_desks
from tests.conversations.shell import Mind, Moved, said

VISITOR = Address("visitor-1")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ann@example.org", "ann@example.org"),
        (" Ann.Smith+shop@Example.ORG. ", "Ann.Smith+shop@example.org"),
        ("<ann@example.org>", "ann@example.org"),
        ("mailto:ann@example.org", "ann@example.org"),
        ("анна@почта.рф", "анна@почта.рф"),
        ("ann@mail.example.co.uk", "ann@mail.example.co.uk"),
        ("my address is ann@example.org", None),
        ("ann@example", None),
        ("ann@example..org", None),
        ("ann..smith@example.org", None),
        ("ann.@example.org", None),
        ("ann@-example.org", None),
        ("ann@127.0.0.1", None),
        ("@ann", None),
        ("ann@", None),
        ("", None),
        (f"ann@{'a' * 250}.org", None),
        (f"{'a' * 65}@example.org", None),
        (f"ann@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 10}.org", None),
    ],
)
def test_only_words_that_are_nothing_but_an_address_are_one(words: str, found: str | None) -> None:
    assert contacts.email(words) == found


def test_an_introduction_is_seen_by_agents_and_by_nobody_else() -> None:
    change = contacts.introduced(a_dialog(name=""), "Ann", "ann@example.org", NOON, RULES)
    assert change is not None
    assert (change.dialog.name, change.dialog.email) == ("Ann", "ann@example.org")
    assert events(change.said) == ["introduced"]
    assert change.said[0].private
    assert change.said[0].text == "The contact is Ann, ann@example.org."
    assert [post.kind for post in change.posts] == ["post", "show"]
    assert to_desks(change, "show")[0].payload["card"]["contact"] == "Ann"
    assert [(acted.name, acted.after) for acted in change.acted] == [
        ("introduced", {"name": "Ann", "email": "ann@example.org"})
    ]


def test_what_was_known_is_no_news_and_what_is_not_told_stays() -> None:
    known = a_dialog(name="Ann", email="ann@example.org")
    assert contacts.introduced(known, "Ann", None, NOON, RULES) is None
    change = contacts.introduced(known, "", "ann@example.net", NOON, RULES)
    assert change is not None
    assert (change.dialog.name, change.dialog.email) == ("Ann", "ann@example.net")


@pytest.mark.parametrize(
    ("name", "email", "reason"),
    [
        (" ", "", "a name or an e-mail address"),
        ("Ann", "ann at example.org", "write it like ann@example.org"),
        ("A" * 101, None, "100 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(name: str, email: str | None, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        contacts.checked(name, email)


def test_an_introduction_is_kept_for_every_later_dialog(database: Database, wall: Moved) -> None:
    with Mind(database, clock=wall) as mind:
        first = mind.do(Receive(said(1))).dialog
        mind.do(Introduce(SHOP, VISITOR, "  Ann   Smith ", "ann@example.org"))
        mind.do(Introduce(SHOP, VISITOR, email="ann@example.org"))
        (contact,) = mind.rows(t.contact)
        assert (contact.name, contact.email) == ("Ann Smith", "ann@example.org")
        (action,) = mind.rows(t.action, t.action.c.subject == f"dialog:{first}")
        assert (action.name, action.agent) == ("introduced", None)
        mind.do(Receive(said(1, "And another thing")))
        (spoken,) = mind.rows(t.message, t.message.c.text == "And another thing")
        assert spoken.author_name == "Ann Smith"
        with pytest.raises(Refused, match="no e-mail address"):
            mind.do(Introduce(SHOP, VISITOR, email="ann"))
        with pytest.raises(Missing, match="no channel"):
            mind.do(Introduce(ChannelName("moon"), VISITOR, "Ann"))


def test_who_introduces_himself_first_is_known_when_he_speaks(database: Database, wall: Moved) -> None:
    with Mind(database, clock=wall) as mind:
        mind.do(Introduce(SHOP, VISITOR, "Ann"))
        introduced, spoken = mind.together(
            Introduce(SHOP, VISITOR, email="ann@example.org"), Receive(said(1))
        )
        assert introduced is None
        assert not isinstance(spoken, Exception)
        (contact,), (identity,), (dialog,) = mind.rows(t.contact), mind.rows(t.identity), mind.rows(t.dialog)
        assert (contact.name, contact.email) == ("Ann", "ann@example.org")
        assert (identity.dialog, dialog.identity) == (dialog.id, identity.id)


def test_an_introduction_and_a_first_word_in_one_batch_make_one_contact(
    database: Database, wall: Moved
) -> None:
    with Mind(database, clock=wall) as mind:
        mind.together(Receive(said(1)), Introduce(SHOP, VISITOR, "Ann"), Receive(said(1, "Hello?")))
        (contact,) = mind.rows(t.contact)
        assert contact.name == "Ann"
        (dialog,) = mind.rows(t.dialog)
        assert dialog.seq > 3
