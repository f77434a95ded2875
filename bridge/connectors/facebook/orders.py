"""What a contact buys, fills in or rates, in words: one line for people to read.

Owns the wording. It must never raise because of what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge import text
from bridge.fields import Fields

_LONGEST = 1000
_STREET = ("name", "street1", "street2", "city", "state", "postal_code", "country")


def words(kind: str, fields: Fields) -> str:
    """What such an event says."""
    parts = _rated(fields) if kind == "messaging_feedback" else _bought(fields)
    return text.excerpt("; ".join(filter(None, parts)), _LONGEST)


def _bought(fields: Fields) -> Iterator[str]:
    info = fields.one("requested_user_info")
    yield fields.words("payload")
    yield _address(fields.one("shipping_address") or info.one("shipping_address"))
    for one in (fields, info):
        yield from (one.words(name) for name in ("contact_name", "contact_email", "contact_phone", "note"))
    yield _price(fields.one("amount"))
    for product in [*fields.many("products"), *fields.many("items")]:
        yield product.words("name") or product.words("title")
    for screen in fields.many("screens"):
        yield from _answers(screen.many("responses"))
    yield from _answers(fields.many("field_data"))


def _answers(answers: list[Fields]) -> Iterator[str]:
    for answer in answers:
        several = [item for item in answer.items("values") if isinstance(item, str)]
        value = answer.words("value") or text.clean(", ".join(several))
        name = answer.words("key") or answer.words("name")
        yield f"{name}: {value}" if name and value else value


def _rated(fields: Fields) -> Iterator[str]:
    for screen in fields.many("feedback_screens"):
        questions = screen.one("questions")
        for name in questions.names():
            question = questions.one(name)
            yield _of(question)
            yield question.one("follow_up").words("payload")


def _of(question: Fields) -> str:
    """A number of stars, or of whatever the page has asked for."""
    given = question.words("payload") or str(question.number("payload") or "")
    kind = question.words("type").upper()
    return f"{kind} {given}".strip()


def _address(address: Fields) -> str:
    return ", ".join(
        filter(None, (address.words(name) or str(address.number(name) or "") for name in _STREET))
    )


def _price(amount: Fields) -> str:
    number = amount.words("amount") or (str(amount.decimal("amount")) if "amount" in amount else "")
    return f"{number} {amount.words('currency')}".strip()
