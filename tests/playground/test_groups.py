"""Groups and their topics: who hears what, who may do what, and what is told."""

from __future__ import annotations

import pytest

from bridge.playground.telegram import Group, Person
from tests.playground.wire import Api, Played, Refused

pytestmark = pytest.mark.anyio


def forum(ground: Played, *rights: str) -> tuple[Group, Person]:
    kristina = ground.telegram.customer("Kristina")
    group = ground.telegram.group("Support", kristina, forum=True)
    ground.telegram.join(group, ground.bot, "administrator", rights)
    ground.bot.inbox.clear()
    return group, kristina


async def test_a_topic_is_made_written_into_renamed_closed_and_deleted(ground: Played) -> None:
    group, kristina = forum(ground, "can_manage_topics", "can_delete_messages")
    topic = await ground.api.call("createForumTopic", chat_id=group.id, name="Anna: domain")
    where = {"chat_id": group.id, "message_thread_id": topic["message_thread_id"]}
    sent = await ground.api.call("sendMessage", **where, text="My domain does not open")
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic["message_thread_id"], True)
    kristina.write(group, "Look at it now", thread=topic["message_thread_id"])
    (update,) = await ground.api.updates()
    assert update["message"]["message_thread_id"] == topic["message_thread_id"]
    assert update["message"]["from"]["id"] == kristina.id
    assert await ground.api.call("editForumTopic", **where, name="Anna: solved")
    with pytest.raises(Refused) as refused:
        await ground.api.call("editForumTopic", **where, name="Anna: solved")
    assert refused.value.description == "Bad Request: TOPIC_NOT_MODIFIED"
    assert await ground.api.call("closeForumTopic", **where)
    assert await ground.api.call("reopenForumTopic", **where)
    assert await ground.api.call("deleteForumTopic", **where)
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendMessage", **where, text="Still there?")
    assert refused.value.description == "Bad Request: message thread not found"
    ground.valid()


async def test_without_the_right_no_topic_is_made(ground: Played) -> None:
    group, _ = forum(ground)
    with pytest.raises(Refused) as refused:
        await ground.api.call("createForumTopic", chat_id=group.id, name="x")
    assert refused.value.description == "Bad Request: not enough rights to create a topic"


async def test_privacy_hides_from_a_member_what_an_administrator_hears(ground: Played) -> None:
    kristina = ground.telegram.customer("Kristina")
    group = ground.telegram.group("Support", kristina)
    ground.telegram.join(group, ground.bot)
    ground.bot.inbox.clear()
    kristina.write(group, "among us")
    kristina.write(group, "/help@tests_bot")
    assert [update["message"]["text"] for update in await ground.api.updates()] == ["/help@tests_bot"]
    ground.telegram.join(group, ground.bot, "administrator")
    ground.bot.inbox.clear()
    kristina.write(group, "to all")
    assert [update["message"]["text"] for update in await ground.api.updates()] == ["to all"]


async def test_no_bot_hears_another_one(ground: Played) -> None:
    group, _ = forum(ground)
    other = ground.telegram.bot("43:another-bot-of-the-tests")
    ground.telegram.join(group, other, "administrator")
    other.inbox.clear()
    await ground.api.call("sendMessage", chat_id=group.id, text="hello")
    assert await Api(ground.api.url, ground.http, other.token).updates() == []


async def test_who_is_put_out_may_not_write_and_is_told_so(ground: Played) -> None:
    group, _ = forum(ground)
    ground.telegram.join(group, ground.bot, "kicked")
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendMessage", chat_id=group.id, text="x")
    assert (refused.value.status, refused.value.description) == (
        403,
        "Forbidden: bot was kicked from the supergroup chat",
    )
    (update,) = await ground.api.updates()
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_a_group_that_moved_answers_with_its_new_number(ground: Played) -> None:
    kristina = ground.telegram.customer("Kristina")
    group = ground.telegram.group("Support", kristina, kind="group")
    ground.telegram.join(group, ground.bot, "administrator")
    new = ground.telegram.migrate(group)
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendMessage", chat_id=group.id, text="x")
    assert refused.value.parameters == {"migrate_to_chat_id": new.id}
    assert refused.value.description == "Bad Request: group chat was upgraded to a supergroup chat"
    await ground.api.call("sendMessage", chat_id=new.id, text="x")
