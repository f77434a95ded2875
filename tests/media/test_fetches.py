"""Files that are still at their platform: what stands in SQL from the message's commit on, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.commands import Receive, Reply, StoreFile
from bridge.conversations.fetches import KIND
from bridge.conversations.news import Hear
from bridge.conversations.notices import Echo
from bridge.conversations.reading import messages as reading
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.deliver import decide
from bridge.errors import Ambiguous, BadConfig, Refused, Rejected, Throttled, Unreachable
from bridge.media import Kept
from bridge.messages import (
    Address,
    DialogId,
    Echoed,
    Edited,
    EventKey,
    FileId,
    Limits,
    NativeId,
    Remote,
)
from bridge.views import FileView
from tests.conversations.samples import FIRST, NOON, RULES, SHOP, SLACK, ann
from tests.conversations.shell import Mind, Moved, emptied, said
from tests.services import DATABASE_KINDS, chosen

PHOTO = Remote("ref-photo", "photo.jpg", "image/jpeg", 1000, "photo")
VOICE = Remote("ref-voice", "", "audio/ogg", None, "voice")
HERE = NativeId("m1")
HER = Address("visitor-1")


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def mind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mind]:
    """A mind whose dialogs are shown at a desk that is posted to."""
    shop = replace(
        RULES.channels[SHOP], desks=(SLACK,), bot=False, limits=Limits(file_mb=1, album=3, caption=20)
    )
    rules = replace(RULES, channels={**RULES.channels, SHOP: shop})
    with emptied(request, tmp_path) as database, Mind(database, rules, clock=Moved()) as mind:
        yield mind


def files(mind: Mind, dialog: DialogId, seq: int) -> list[FileView]:
    with mind.database.read() as connection:
        found = reading.changed(connection, dialog, 0, 100)
    return next(message.attachments for message in found if message.seq == seq)


def looks(found: list[FileView]) -> list[tuple[str, str, str, str | None]]:
    return [(file.name, file.kind, file.state, file.reason) for file in found]


def take(mind: Mind) -> Any:
    """The fetch that goes first."""
    lanes = {row.lane for row in mind.rows(t.outbox, t.outbox.c.kind == KIND)}
    return mind.do(Take(lanes, "hands", NOON + timedelta(hours=1)))


def posted(mind: Mind) -> list[dict[str, Any]]:
    rows = mind.rows(t.outbox, t.outbox.c.destination == f"desk:{SLACK}", t.outbox.c.kind == "post")
    return [row.payload for row in sorted(rows, key=lambda row: (row.seq, row.part))]


def agent(mind: Mind) -> a.Agent:
    access = Access(mind.database, {})
    access.ensure_agents([Person("ann", "Ann", "agent", (FIRST,))])
    with mind.database.read() as connection:
        from bridge.conversations.reading import records

        (found,) = records.agents(connection)
    access.close()
    return found


def test_a_message_stands_with_its_files_before_they_have_come(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "", native=HERE, remote=(PHOTO, VOICE))))
    assert looks(files(mind, receipt.dialog, receipt.seq)) == [
        ("photo.jpg", "photo", "pending", None),
        ("voice.ogg", "voice", "pending", None),
    ]
    rows = mind.rows(t.outbox, t.outbox.c.kind == KIND)
    assert [(row.destination, row.lane, row.state) for row in rows] == [
        ("files:shop", f"{receipt.dialog}>files:shop>{receipt.seq}", "queued")
    ] * 2
    (dialog,) = mind.rows(t.dialog)
    assert dialog.preview == "photo.jpg, voice.ogg"
    assert all("attachments" not in payload for payload in posted(mind)), "what has not come is not posted"


def test_the_same_message_twice_bears_its_files_once(mind: Mind) -> None:
    for _ in range(2):
        mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO,))))
    assert (mind.count(t.attachment), mind.count(t.outbox, t.outbox.c.kind == KIND)) == (1, 1)


def test_a_dangerous_name_is_harmless_from_the_first_moment(mind: Mind) -> None:
    evil = Remote("r", "..\\..\\a\u202egnp.exe\x00\n", "image/png\r\nX: y", -5, "file")
    receipt = mind.do(Receive(said(1, "", remote=(evil,))))
    (file,) = files(mind, receipt.dialog, receipt.seq)
    assert (file.name, file.type, file.size) == ("_.._agnp.exe", "application/octet-stream", 0)
    (dialog,) = mind.rows(t.dialog)
    assert dialog.preview == file.name


def test_what_has_come_is_shown_and_posted_by_itself(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO,))))
    before = mind.rows(t.message)[0].rev
    (row,) = take(mind)
    mind.do(Settle(row, Outcome("accepted", NOON, kept=Kept("/place", 7, "image/png"))))
    (file,) = files(mind, receipt.dialog, receipt.seq)
    assert (file.state, file.type, file.size, file.url) == ("stored", "image/png", 7, "")
    assert mind.rows(t.message)[0].rev > before, "pages that have the message read it again"
    (words, hers) = posted(mind)
    assert (words["text"], hers["text"], hers["data"]) == ("look", "", {"belongs_to": receipt.seq})
    assert hers["author"]["name"] == words["author"]["name"]
    assert hers["attachments"] == [{"id": file.id, "name": "photo.jpg", "type": "image/png", "size": 7}]
    with mind.database.read() as connection:
        assert reading.file(connection, FileId(int(file.id)))[1:] == ("/place", str(receipt.dialog))


def test_what_cannot_be_had_says_why_and_is_tried_again_by_an_agent(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO, VOICE))))
    (row,) = take(mind)
    mind.do(Settle(row, Outcome("failed", NOON, reason="it is too big")))
    assert looks(files(mind, receipt.dialog, receipt.seq)) == [
        ("photo.jpg", "photo", "failed", "it is too big"),
        ("voice.ogg", "voice", "pending", None),
    ]
    assert posted(mind)[-1] | {"seq": 0} == {
        "seq": 0,
        "author": {"kind": "system", "id": None, "name": ""},
        "text": "photo.jpg: it is too big",
        "private": True,
        "event": "file_failed",
        "data": {"belongs_to": receipt.seq, "name": "photo.jpg", "reason": "it is too big"},
    }
    her = agent(mind)
    mind.do(ActOnDialog(receipt.dialog, her, a.Retry(receipt.seq)))
    assert looks(files(mind, receipt.dialog, receipt.seq))[0] == ("photo.jpg", "photo", "pending", None)
    (row,) = take(mind)
    assert row.payload["ref"] == "ref-photo"
    mind.do(Settle(row, Outcome("accepted", NOON, kept=Kept("/place", 7, "image/png"))))
    assert files(mind, receipt.dialog, receipt.seq)[0].state == "stored"
    with pytest.raises(Refused, match="has not failed"):
        mind.do(ActOnDialog(receipt.dialog, her, a.Retry(receipt.seq)))


def test_a_reason_to_wait_is_shown_once(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO,))))
    revs = []
    for _ in range(3):
        (row,) = take(mind)
        mind.do(Settle(row, Outcome("delayed", NOON, reason="no connection", not_before=NOON)))
        revs.append(mind.rows(t.message)[0].rev)
    assert looks(files(mind, receipt.dialog, receipt.seq)) == [
        ("photo.jpg", "photo", "pending", "no connection")
    ]
    assert revs[0] == revs[1] == revs[2]
    with mind.database.read() as connection:
        (hers,) = reading.visible(connection, SHOP, HER, 0, 10)
    assert [file.reason for file in hers.attachments] == [None], "why is for agents"


def test_a_try_that_comes_to_an_end_late_counts_once(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO,))))
    (late,) = take(mind)
    mind.do(Settle(late, Outcome("unknown", NOON, reason="died", not_before=NOON)))
    (row,) = take(mind)
    mind.do(Settle(late, Outcome("accepted", NOON, kept=Kept("/place", 7, "image/png"))))
    mind.do(Settle(row, Outcome("accepted", NOON, kept=Kept("/place", 7, "image/png"))))
    mind.do(Settle(row, Outcome("failed", NOON, reason="too late")))
    assert files(mind, receipt.dialog, receipt.seq)[0].state == "stored"
    assert len(posted(mind)) == 2, "the words and the file"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("out"), "delayed"),
        (Throttled(3), "delayed"),
        (BadConfig("token"), "delayed"),
        (Rejected("no"), "failed"),
        (Ambiguous("died"), "unknown"),
        (RuntimeError("a bug"), "unknown"),
    ],
)
def test_a_fetch_is_tried_like_any_other_post_and_given_up_after_a_day(
    error: Exception, state: str, mind: Mind
) -> None:
    mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO,))))
    (row,) = take(mind)
    keyed = Limits(keyed=True)
    assert decide(error, row, keyed, NOON + timedelta(minutes=1)).state == state
    tired = "delayed" if isinstance(error, Throttled) else "failed"
    assert decide(error, row, keyed, NOON + timedelta(hours=25)).state == tired


# -- edits, echoes, what comes too early


def edited(text: str, *remote: Remote, key: str = "e") -> Hear:
    return Hear(Edited(SHOP, HER, EventKey(key), HERE, text, remote=remote))


def test_an_edit_brings_only_the_files_that_are_new(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "look", native=HERE, remote=(PHOTO,))))
    mind.do(edited("look here", PHOTO, key="e1"))
    mind.do(edited("look here!", replace(PHOTO, ref="named anew"), key="e2"))
    assert len(files(mind, receipt.dialog, receipt.seq)) == 1
    another = replace(PHOTO, ref="ref-2", size=2000)
    mind.do(edited("look here!", another, key="e3"))
    mind.do(edited("look here!", another, key="e3"))
    found = files(mind, receipt.dialog, receipt.seq)
    assert [(file.name, file.size) for file in found] == [("photo.jpg", 1000), ("photo.jpg", 2000)]
    assert mind.count(t.outbox, t.outbox.c.kind == KIND) == 2


def test_an_edit_before_its_message_brings_no_file_twice(mind: Mind) -> None:
    mind.do(edited("two", PHOTO, VOICE))
    receipt = mind.do(Receive(said(1, "one", native=HERE, remote=(PHOTO,))))
    found = files(mind, receipt.dialog, receipt.seq)
    assert sorted(file.name for file in found) == ["photo.jpg", "voice.ogg"]


def test_what_a_person_sends_on_the_platforms_own_page_bears_its_files(mind: Mind) -> None:
    mind.do(Receive(said(1, "hello?", native=HERE)))
    echo = Echoed(SHOP, HER, EventKey("o"), NativeId("m2"), text="", remote=(VOICE,), author_name="Eve")
    receipt = mind.do(Echo(echo))
    assert looks(files(mind, receipt.dialog, receipt.seq)) == [("voice.ogg", "voice", "pending", None)]


def test_pieces_of_an_album_are_told_apart_and_belong_together(mind: Mind) -> None:
    for number in range(3):
        piece = replace(PHOTO, ref=f"r{number}")
        mind.do(
            Receive(said(1, f"{number}" if not number else "", key=f"k{number}", remote=(piece,), album="al"))
        )
    found = mind.rows(t.message, t.message.c.author == "contact")
    assert [message.data for message in found] == [{"album": "al"}] * 3


# -- what agents send


def upload(mind: Mind, name: str, size: int) -> FileId:
    return mind.do(StoreFile(f"agent/{ann.id}", f"/{name}", name, "image/png", size))


def test_a_file_that_the_channel_cannot_take_is_refused_in_words_and_stays_an_upload(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "hello?", native=HERE)))
    big = upload(mind, "film.mp4", 1_048_577)
    with pytest.raises(
        Refused, match=r"film\.mp4 is too large for this channel, which takes files of 1 MB at most"
    ):
        mind.do(Reply(receipt.dialog, ann, "look", "k", "send", (big,)))
    assert mind.rows(t.attachment)[0].dialog is None
    mind.do(Reply(receipt.dialog, ann, "look", "k", "note", (big,)))


def test_a_short_text_goes_with_the_first_files_and_a_long_one_before_them(mind: Mind) -> None:
    receipt = mind.do(Receive(said(1, "hello?", native=HERE)))

    def sent(text: str) -> list[tuple[str, int]]:
        ids = tuple(upload(mind, f"{number}.png", 10) for number in range(4))
        reply = mind.do(Reply(receipt.dialog, ann, text, text, "send", ids))
        rows = mind.rows(t.outbox, t.outbox.c.kind == "send", t.outbox.c.message_seq == reply.seq)
        rows.sort(key=lambda row: row.part)
        return [(row.payload["text"], len(row.payload.get("attachments", []))) for row in rows]

    assert sent("short") == [("short", 3), ("", 1)]
    assert sent("longer than twenty letters") == [("longer than twenty letters", 0), ("", 3), ("", 1)]
