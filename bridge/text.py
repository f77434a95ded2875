"""Words made safe: the one boundary where text of strangers is cleaned, cut, named and masked.

Pure, and linear in the length of its input: no pattern here nests a repetition in another.
It never rewrites what a person said: right-to-left, joiners and accents pass unharmed.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

Unit = Literal["chars", "utf16", "bytes"]

_WIDEST: dict[Unit, int] = {"chars": 1, "utf16": 2, "bytes": 4}

# --- clean and count ---------------------------------------------------------------------------


def clean(text: str) -> str:
    """Make text storable: no NUL, no lone surrogate, CRLF as LF; everything else stays."""
    text = text.replace("\0", "")
    if "\r\n" in text:
        *lines, last = text.split("\n")
        text = "\n".join([*(line.rstrip("\r") for line in lines), last])
    try:
        text.encode()
    except UnicodeEncodeError:
        # Through UTF-16 two halves that belong together become one character again.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def count_utf16(text: str) -> int:
    """The length as Telegram and JavaScript count it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# --- cut ---------------------------------------------------------------------------------------

_SENTENCE_ENDS = (". ", "! ", "? ", "… ")
_WIDE_SENTENCE_ENDS = "。！？"
_SPACES = " \n\t\v\f\r\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u3000"
_ZWJ = "\u200d"


def split(text: str, limit: int, *, unit: Unit = "chars") -> list[str]:
    """Cut cleaned text into parts within the limit; only whitespace at the cuts is lost.

    A cut falls between paragraphs, lines, sentences or words, and inside what a reader sees as
    one character only when that alone is longer than the limit.
    """
    if limit < _WIDEST[unit]:
        raise ValueError(f"a limit of {limit} {unit} does not hold every character")
    sizes = _sizes(text, unit)
    if _reach(sizes, 0, limit) == len(text):
        return [text] if text else []
    parts: list[str] = []
    start = 0
    while (stop := _reach(sizes, start, limit)) < len(text):
        end, begin = _cut(text, start, stop)
        parts.append(text[start:end].rstrip())
        start = begin
    parts.append(text[start:])
    return [part for part in parts if part and not part.isspace()]


def fits(text: str, limit: int, *, unit: Unit = "chars") -> bool:
    """Whether text is within the limit, uncut."""
    return not text or _sizes(text, unit)[-1] <= limit


def excerpt(text: str, length: int) -> str:
    """One line of at most length characters, with an ellipsis when something is left out.

    Controls that turn the direction of writing are dropped: cut off from their end, they would
    turn the line that the excerpt stands in.
    """
    if length < 1:
        raise ValueError(f"an excerpt of {length} characters holds nothing")
    line = " ".join(text.translate(_UNPRINTED).split())
    if len(line) <= length:
        return line
    head = line[: _boundary(line, 0, length - 1)]
    if line[len(head)] != " ":
        space = head.rfind(" ", length // 2)
        head = head[:space] if space > 0 else head
    return head.rstrip() + "…"


_UNPRINTED: dict[int, None] = {
    code: None
    for code in [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    if not chr(code).isspace()
}


def _sizes(text: str, unit: Unit) -> Sequence[int]:
    """How much the text measures up to and including each character."""
    if unit == "utf16" and count_utf16(text) != len(text):
        return list(accumulate(2 if char > "\uffff" else 1 for char in text))
    if unit == "bytes" and not text.isascii():
        return list(accumulate(len(char.encode("utf-8", "surrogatepass")) for char in text))
    return range(1, len(text) + 1)


def _reach(sizes: Sequence[int], start: int, limit: int) -> int:
    """Where a part that begins at start must end at the latest."""
    before = sizes[start - 1] if start else 0
    return bisect_right(sizes, before + limit, lo=start)


def _cut(text: str, start: int, stop: int) -> tuple[int, int]:
    """Where the part ends and where the next one begins."""
    half = max((start + stop) // 2, start + 1)  # a tidy cut may not waste more than half a part
    for break_ in ("\n\n", "\n"):
        at = text.rfind(break_, half, stop + len(break_))
        if at >= 0:
            return at, _resume(text, at, "\n")  # the next line keeps its indentation
    at = max(text.rfind(mark, half, stop + 1) for mark in _SENTENCE_ENDS)
    if at >= 0:
        return at + 1, _resume(text, at + 1, _SPACES)
    at = max(text.rfind(mark, half, stop) for mark in _WIDE_SENTENCE_ENDS)
    if at >= 0 and _is_boundary(text, start, at + 1):
        return at + 1, _resume(text, at + 1, _SPACES)
    at = max(text.rfind(space, start + 1, stop + 1) for space in _SPACES)
    if at >= 0:
        return at, _resume(text, at, _SPACES)
    at = _boundary(text, start, stop)
    return at, at


def _resume(text: str, at: int, blanks: str) -> int:
    """Skip the blanks at a cut, but for one that carries an accent."""
    begin = at
    while begin < len(text) and text[begin] in blanks:
        begin += 1
    if at < begin < len(text) and _extends(text[begin]):
        begin -= 1
    return begin


def _boundary(text: str, start: int, stop: int) -> int:
    """The last place up to stop that is inside no visible character; stop when there is none."""
    for at in range(stop, start, -1):
        if _is_boundary(text, start, at):
            return at
    return stop


def _is_boundary(text: str, start: int, at: int) -> bool:
    """Whether one visible character ends and another begins here (UAX 29, simplified)."""
    before, after = text[at - 1], text[at]
    if _extends(after) or before == _ZWJ or (before == "\r" and after == "\n"):
        return False
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        run = at
        while run > start and _is_flag_half(text[run - 1]):
            run -= 1
        return (at - run) % 2 == 0
    return True


def _extends(char: str) -> bool:
    """Whether the character is drawn onto the one before it."""
    return char > "\u02ff" and (
        unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and finals
        or char in "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags, as in the flag of Scotland
    )


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


# --- file names --------------------------------------------------------------------------------

FILENAME_BYTES = 120
_EXTENSION_BYTES = 16
_LONGEST_NAME = 1024  # before normalisation, which is not linear on a flood of accents

_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
_RESERVED = {
    *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"),
    *(f"{device}{number}" for device in ("COM", "LPT") for number in range(10)),
}
# Invisible, though Unicode files them under marks, letters and symbols.
_INVISIBLE = {
    "\u034f",
    *"\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0",
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}


def filename(name: str) -> str:
    """A name that is safe to store and to offer on every system; never empty.

    What cannot be seen goes first and the rules follow: a dot behind a zero-width space is a
    leading dot (CVE-2026-28289).
    """
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME // 2] + name[-64:]
    name = unicodedata.normalize("NFKC", clean(name))
    seen = "".join(" " if char.isspace() else char for char in name if _is_visible(char))
    name = unicodedata.normalize("NFKC", seen).translate(_FORBIDDEN)
    name = " ".join(name.split()).strip(" .")
    if name.partition(".")[0].rstrip().upper() in _RESERVED:
        name = f"_{name}"
    return _shorten(name) or "file"


def _is_visible(char: str) -> bool:
    if char.isspace():
        return True
    category = unicodedata.category(char)
    return category not in {"Cc", "Cf", "Cs"} and char not in _INVISIBLE


def _shorten(name: str) -> str:
    if len(name.encode()) <= FILENAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = dot + extension
    if not stem or len(tail.encode()) > _EXTENSION_BYTES:
        stem, tail = name, ""
    stop = _reach(_sizes(stem, "bytes"), 0, FILENAME_BYTES - len(tail.encode()))
    return stem[: _boundary(stem, 0, stop)].rstrip(" .") + tail


# --- secrets -----------------------------------------------------------------------------------

_SECRETS = [
    (re.compile(pattern, re.ASCII | re.IGNORECASE), replacement)
    for pattern, replacement in [
        (r"[0-9]{8,10}(?::|%3A)[\w-]{35,}", "***"),  # Telegram bot
        (r"xox[a-z][-.][\w.-]+", "***"),  # Slack bot, user, refresh
        (r"xapp-[\w-]+", "***"),  # Slack app
        (r"(hooks\.slack\.com/services/)[\w/]+", r"\1***"),
        (r"vk1\.a\.[\w-]+", "***"),  # VK
        (r"\b(Bearer) +[^\s\"',;<>]+", r"\1 ***"),
        (r"((?:token|secret|password|signature|api_key)=)[^\s&#\"'<>]+", r"\1***"),
        (r"((?:token|secret|password)[\"'] ?: ?b?[\"'])[^\s\"']+", r"\1***"),
        (r"(://[^\s/:@]*:)[^\s/@]+@", r"\1***@"),  # redis://user:password@host
    ]
] + [(re.compile(r"EAA[A-Za-z0-9]{20,}"), "***")]  # Facebook; case tells it from a word


def masked(text: str) -> str:
    """The text with every secret we know the shape of replaced by ***."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


# --- language ----------------------------------------------------------------------------------

# By the first word of a letter's Unicode name; the first language stands for the script.
_LANGUAGES = {
    script: languages.split()
    for script, languages in {
        "LATIN": "en de fr es pt it nl sv da nb no fi et lv lt pl cs sk sl hr hu ro tr az uz id ms vi",
        "CYRILLIC": "ru uk be bg sr mk kk ky tg mn",
        "ARABIC": "ar fa ur",
        "HEBREW": "he yi",
        "GREEK": "el",
        "ARMENIAN": "hy",
        "GEORGIAN": "ka",
        "DEVANAGARI": "hi mr ne",
        "BENGALI": "bn",
        "THAI": "th",
        "HANGUL": "ko",
        "CJK": "zh ja",
        "HIRAGANA": "ja",
        "KATAKANA": "ja",
    }.items()
}
_ENOUGH = 400  # characters tell the script


def language(text: str, accepted: Sequence[str], default: str) -> str:
    """Guess by its script in which accepted language to greet the writer.

    A script does not tell Swedish from English: where the default is written in it too, or
    nothing accepted is, the default stays.
    """
    scripts = Counter(
        script
        for char in text[:_ENOUGH]
        if char.isalpha() and (script := unicodedata.name(char, "").split(" ")[0]) in _LANGUAGES
    )
    for kana in scripts.keys() & {"HIRAGANA", "KATAKANA"}:
        scripts[kana] += scripts["CJK"]  # Japanese mixes them, Chinese has no kana
    for script, _ in scripts.most_common(1):
        written = _LANGUAGES[script]
        by_base = {_base(name): name for name in reversed(accepted)}
        if _base(default) not in written:
            return next((by_base[base] for base in written if base in by_base), default)
    return default


def _base(name: str) -> str:
    """The language of "pt-BR"."""
    return name.lower().partition("-")[0]
