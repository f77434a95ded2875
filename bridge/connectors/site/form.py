"""The contact form of a site channel: name, e-mail and a message, without a chat and without JavaScript.

Owns its page, its words and what of it becomes a message. It must never let a program that fills in everything pass
for a person, nor take one letter twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from bridge import text
from bridge.connector import Surroundings
from bridge.connectors.site.gate import Gate
from bridge.connectors.site.requests import Pace, Problem, read
from bridge.connectors.site.session import Sessions
from bridge.errors import Unavailable
from bridge.messages import ChannelName, EventKey, Incoming, NativeId

PAGE = (Path(__file__).parent / "form.html").read_text(encoding="utf-8")
FIELDS = {"name": 100, "email": 254, "message": 20_000, "once": 200, "lang": 5, "website": 200}
"""What the form has and how long each may be. People do not see `website`: who fills it in is a program."""
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")

WORDS = {
    "en": {
        "title": "Write to us",
        "lead": "We answer by e-mail, and in the chat.",
        "name": "Your name",
        "email": "Your e-mail",
        "message": "Your message",
        "send": "Send",
        "website": "Leave this empty",
        "thanks": "Thank you! Your message has arrived.",
        "again": "Write another message",
        "follow": "See it in the chat, where the answer will stand too",
        "no_message": "Write your message first.",
        "no_email": "This does not look like an e-mail address. Without one we cannot answer.",
        "too_long": "This is too long. Please shorten it.",
        "too_many": "Too many messages from your network. Wait a minute, then send again.",
        "later": "We could not store your message just now. Please send it again.",
    },
    "ru": {
        "title": "Напишите нам",
        "lead": "Мы ответим по электронной почте и в чате.",
        "name": "Ваше имя",
        "email": "Ваша почта",
        "message": "Ваше сообщение",
        "send": "Отправить",
        "website": "Оставьте это поле пустым",
        "thanks": "Спасибо! Сообщение получено.",
        "again": "Написать ещё",
        "follow": "Открыть в чате: ответ появится и там",
        "no_message": "Сначала напишите сообщение.",
        "no_email": "Это не похоже на адрес почты. Без него мы не сможем ответить.",
        "too_long": "Слишком длинно. Пожалуйста, сократите.",
        "too_many": "Слишком много сообщений из вашей сети. Подождите минуту и отправьте ещё раз.",
        "later": "Сейчас сохранить сообщение не удалось. Пожалуйста, отправьте его ещё раз.",
    },
}


class Form:
    """The form of one channel, for those who would rather write a letter."""

    def __init__(self, channel: ChannelName, around: Surroundings, sessions: Sessions, pace: Pace) -> None:
        self._channel = channel
        self._around = around
        self._sessions = sessions
        self._pace = pace

    def routes(self, base: str, gate: Gate) -> list[BaseRoute]:
        """The page, and where it is sent to."""
        return [gate.route(f"{base}/form", self._show, "GET"), gate.route(f"{base}/form", self._take, "POST")]

    async def _show(self, request: Request) -> Response:
        language = _language(request, request.query_params.get("lang", ""))
        if "sent" in request.query_params:
            return _thanks(language)
        return self._page(language, {})

    async def _take(self, request: Request) -> Response:
        """Makes a dialog of what was written; the same form sent twice is one message."""
        filled = _filled(await read(request, self._around.bounds.body_kb * 1024))
        language = _language(request, filled["lang"])
        if filled["website"]:
            return _thanks(language)  # a program learns nothing from it
        if wrong := _wrong(filled):
            return self._page(language, filled, wrong, 422)
        now = datetime.now(UTC)
        known = self._sessions.visitor(filled["once"], now)
        token = filled["once"] if known else self._sessions.issue(now)
        visitor = known or self._sessions.visitor(token, now)
        assert visitor is not None, "a token we have just made or checked"
        incoming = Incoming(
            channel=self._channel,
            address=visitor.address,
            event_key=EventKey(f"site:{self._channel}:{visitor.address}:form"),
            text=filled["message"],
            name=filled["name"],
            language=language,
            native=NativeId("form"),
            email=filled["email"],
            page=request.headers.get("referer", "")[:2000] or None,
        )
        try:
            self._pace.check(request.client.host if request.client else "", "messages")
            await self._around.router.receive(incoming)
        except Problem:
            return self._page(language, filled, "too_many", 429)
        except Unavailable:
            return self._page(language, filled, "later", 503)
        return RedirectResponse(f"/site/{quote(self._channel)}/form?sent&lang={language}", 303)

    def _page(
        self, language: str, filled: Mapping[str, str], wrong: str | None = None, status: int = 200
    ) -> Response:
        """The form; what was filled in is not lost when something is wrong with it."""
        words = WORDS[language]
        once = filled.get("once") or self._sessions.issue(datetime.now(UTC))

        def value(name: str) -> str:
            return escape(filled.get(name, ""))

        def field(name: str, kind: str, more: str = "") -> str:
            complete = "name" if name == "name" else "email"
            return (
                f'<label>{words[name]}<input name="{name}" type="{kind}" value="{value(name)}"'
                f' maxlength="{FIELDS[name]}" autocomplete="{complete}" {more}></label>'
            )

        content = (
            (f'<p class="wrong" role="alert">{words[wrong]}</p>' if wrong else "")
            + '<form method="post" action="form" accept-charset="utf-8">'
            + field("name", "text")
            + field("email", "email", "required")
            + f'<label>{words["message"]}<textarea name="message" rows="7" required'
            f' maxlength="{FIELDS["message"]}">{value("message")}</textarea></label>'
            f'<label class="trap" aria-hidden="true">{words["website"]}'
            '<input name="website" tabindex="-1" autocomplete="off"></label>'
            f'<input type="hidden" name="once" value="{escape(once)}">'
            f'<input type="hidden" name="lang" value="{language}">'
            f'<button class="primary">{words["send"]}</button></form>'
        )
        return _html(language, content, status)


def _thanks(language: str) -> Response:
    words = WORDS[language]
    content = (
        f'<p role="status">{words["thanks"]}</p>'
        f'<p id="follow" hidden><a href="chat?lang={language}">{words["follow"]}</a></p>'
        f'<p><a href="form?lang={language}">{words["again"]}</a></p>'
    )
    return _html(language, content)


def _html(language: str, content: str, status: int = 200) -> Response:
    words = WORDS[language]
    page = PAGE.format(language=language, title=words["title"], lead=words["lead"], content=content)
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def _filled(raw: bytes) -> dict[str, str]:
    """What was filled in, made safe; what is no field of ours is dropped."""
    try:
        found = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=50)
    except ValueError:
        raise Problem(400, "malformed", "this is not what the form sends") from None
    return {name: text.clean(found.get(name, [""])[0]).strip() for name in FIELDS}


def _wrong(filled: Mapping[str, str]) -> str | None:
    """The word for what must be mended."""
    if any(len(filled[name]) > longest for name, longest in FIELDS.items()):
        return "too_long"
    if not filled["message"]:
        return "no_message"
    return None if EMAIL.fullmatch(filled["email"]) else "no_email"


def _language(request: Request, asked: str) -> str:
    """English or Russian: what the page asks for, else what the browser prefers."""
    wanted = [asked, *request.headers.get("accept-language", "").split(",")]
    codes = [part.partition(";")[0].strip().lower().partition("-")[0] for part in wanted]
    return next((code for code in codes if code in WORDS), "en")
