import ast
import inspect
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import text as module
from bridge.text import Unit, clean, count_utf16, excerpt, filename, language, masked, split

CORPUS = Path(__file__).parent / "data" / "naughty_strings.txt"
NAUGHTY: list[str] = [json.loads(line) for line in CORPUS.read_text("ascii").splitlines()]
UNITS: list[Unit] = ["chars", "utf16", "bytes"]

# Everything Python can hold, with the troublemakers far more often than chance would have them.
TROUBLE = (
    "\0\r\n\t .!?…。/\\:\u200b\u200d\u202e\u2067\u2069\ufeff\ud800\udbff\udc00\udfff\u0301\u0323\ufe0f\u20e3"
    "👩🏽🇸🇪😀a\u1100\u1161\u11a8\u3164／．\u034f"
)
ANYTHING = st.text(st.one_of(st.sampled_from(TROUBLE), st.characters()), max_size=200)
CLEANED = ANYTHING.map(clean)
NAMES = st.one_of(
    ANYTHING,
    st.sampled_from(NAUGHTY),
    st.builds(
        "".join,
        st.lists(st.sampled_from(["con", "COM1", ".", " ", "a" * 70, "й", "😀", "\u0301", "txt", "/"])),
    ),
)


def size(text: str, unit: Unit) -> int:
    match unit:
        case "chars":
            return len(text)
        case "utf16":
            return len(text.encode("utf-16-le")) // 2
        case "bytes":
            return len(text.encode())


def without_space(text: str) -> str:
    return "".join(text.split())


def test_the_corpus_is_large_and_has_no_line_twice() -> None:
    assert len(NAUGHTY) == len(set(NAUGHTY)) >= 150


# --- clean ---


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("", ""),
        ("a\0b\0", "ab"),
        ("a\r\nb\n\r\nc", "a\nb\n\nc"),
        ("a\r\r\nb", "a\nb"),
        ("a\r\0\nb", "a\nb"),
        ("a\rb\r", "a\rb\r"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d\0\ude00", "😀"),
        ("\ud83dx\ude00", "\ufffdx\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude00\ude00", "\ufffd😀\ufffd"),
        ("end\ud83d", "end\ufffd"),
        ("שלום \u202eabc\u202c", "שלום \u202eabc\u202c"),
        ("👨‍👩‍👧 e\u0301 é \ufeff\x1b", "👨‍👩‍👧 e\u0301 é \ufeff\x1b"),
    ],
)
def test_clean_changes_only_what_cannot_be_stored(raw: str, safe: str) -> None:
    assert clean(raw) == safe


def assert_storable(raw: str) -> None:
    safe = clean(raw)
    assert "\0" not in safe
    assert "\r\n" not in safe
    assert safe.encode().decode() == safe
    assert clean(safe) == safe
    if safe != raw:
        assert re.search("\0|\r\n|[\ud800-\udfff]", raw)


@given(ANYTHING)
def test_cleaned_text_encodes_and_stays_as_it_is(raw: str) -> None:
    assert_storable(raw)


@pytest.mark.parametrize("raw", NAUGHTY)
def test_naughty_strings_come_out_storable(raw: str) -> None:
    assert_storable(raw)


@given(ANYTHING)
def test_utf16_units_are_counted_as_the_encoder_does(raw: str) -> None:
    assert count_utf16(clean(raw)) == size(clean(raw), "utf16")


def test_utf16_counts_an_emoji_twice() -> None:
    assert count_utf16("a😀") == 3


# --- split ---


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 5, []),
        ("short", 5, ["short"]),
        ("   ", 5, ["   "]),
        (" " * 9, 5, []),
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 4, ["one", "two"]),
        ("First one. Second bit here", 17, ["First one.", "Second bit here"]),
        ("aaaa bbbb\ncc dd ee ff", 16, ["aaaa bbbb", "cc dd ee ff"]),
        ("aaaa\n\nbbbb\ncc dd ee", 12, ["aaaa\n\nbbbb", "cc dd ee"]),
        ("aaaaaaa\n\nbbb\ncc dd ee", 14, ["aaaaaaa", "bbb\ncc dd ee"]),
        ("if x:\n    pass\n", 10, ["if x:", "    pass\n"]),
        ("句子一。句子二。", 5, ["句子一。", "句子二。"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("a👩‍🚀b", 3, ["a", "👩‍🚀", "b"]),
        ("ae\u0301", 2, ["a", "e\u0301"]),
        ("🇸🇪🇷🇺🇺🇸", 3, ["🇸🇪", "🇷🇺", "🇺🇸"]),
        ("❤️❤️", 3, ["❤️", "❤️"]),
        ("👍🏽👍🏽", 3, ["👍🏽", "👍🏽"]),
        ("x" + "\u0301" * 5, 3, ["x\u0301\u0301", "\u0301\u0301\u0301"]),
        ("ab \u0301c", 3, ["ab", " \u0301c"]),
    ],
)
def test_text_is_cut_at_the_tidiest_place(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit) == parts


@pytest.mark.parametrize(
    ("unit", "limit", "parts"),
    [
        ("chars", 4, ["😀😀йa"]),
        ("utf16", 4, ["😀😀", "йa"]),
        ("bytes", 8, ["😀😀", "йa"]),
        ("bytes", 7, ["😀", "😀йa"]),
    ],
)
def test_each_unit_has_its_own_measure(unit: Unit, limit: int, parts: list[str]) -> None:
    assert split("😀😀йa", limit, unit=unit) == parts


@pytest.mark.parametrize(("unit", "limit"), [("chars", 0), ("utf16", 1), ("bytes", 3)])
def test_a_limit_too_small_for_one_character_is_refused(unit: Unit, limit: int) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        split("a", limit, unit=unit)


def assert_split(text: str, limit: int, unit: Unit) -> None:
    parts = split(text, limit, unit=unit)
    assert all(0 < size(part, unit) <= limit for part in parts)
    assert without_space("".join(parts)) == without_space(text)
    if size(text, unit) > limit:
        assert not any(part.isspace() for part in parts)


@given(CLEANED, st.integers(4, 60), st.sampled_from(UNITS))
def test_parts_keep_the_limit_and_lose_only_whitespace(text: str, limit: int, unit: Unit) -> None:
    assert_split(text, limit, unit)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("raw", NAUGHTY)
def test_naughty_strings_are_cut_within_the_limit(raw: str, unit: Unit) -> None:
    for limit in (4, 20, 160, 4096):
        assert_split(clean(raw), limit, unit)


@given(
    st.lists(st.sampled_from(["👨‍👩‍👧‍👦", "e\u0301", "🇸🇪", "👍🏽", "1️⃣", "한", "x", "й", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", " "])),
    st.sampled_from(UNITS),
)
def test_no_cut_falls_inside_a_visible_character_that_fits(characters: list[str], unit: Unit) -> None:
    text = "".join(characters)
    ends = {len("".join(characters[:count])) for count in range(len(characters) + 1)}
    at = 0
    for part in split(text, 30, unit=unit):
        at = text.index(part, at)
        assert at in ends
        at += len(part)
        assert at in ends


def test_uncleaned_halves_of_a_pair_stay_together() -> None:
    assert split("ab\ud83d\ude00", 3) == ["ab", "\ud83d\ude00"]


# --- excerpt ---


@pytest.mark.parametrize(
    ("text", "length", "line"),
    [
        ("", 5, ""),
        ("  one\n\n two\t", 20, "one two"),
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("abcdefgh", 5, "abcd…"),
        ("a bcdefghijkl", 8, "a bcdef…"),
        ("abc👨‍👩‍👧‍👦d", 6, "abc…"),
        ("abc", 1, "…"),
        ("\u202etxt\u202c \u2067a\u2069\x1b\x00", 20, "txt a"),
        ("שלום 👩‍🚀", 20, "שלום 👩‍🚀"),
    ],
)
def test_an_excerpt_is_one_line(text: str, length: int, line: str) -> None:
    assert excerpt(text, length) == line


@given(CLEANED, st.integers(1, 40))
def test_an_excerpt_never_exceeds_its_length(text: str, length: int) -> None:
    line = excerpt(text, length)
    assert len(line) <= length
    assert len(line.splitlines()) <= 1
    assert excerpt(line, length) == line


def test_an_excerpt_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        excerpt("a", 0)


# --- filename ---


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Отчёт за май.docx", "Отчёт за май.docx"),
        ("\u200b.htaccess", "htaccess"),
        (".\u200b.\u200bssh", "ssh"),
        ("\u202egpj.exe", "gpj.exe"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\a.txt", "C__temp_a.txt"),
        ("／．．／a", "_.._a"),
        ("a.txt. . ", "a.txt"),
        ("a\r\nb\tc.txt", "a b c.txt"),
        ("a\0.png", "a.png"),
        ('a"b<c>d|e?f*.txt', "a_b_c_d_e_f_.txt"),
        ("CON", "_CON"),
        ("con.tar.gz", "_con.tar.gz"),
        ("Com¹ .txt", "_Com1 .txt"),
        ("console.log", "console.log"),
        ("e\u200b\u0301.txt", "é.txt"),
        ("\ud800.txt", "\ufffd.txt"),
        ("", "file"),
        (" ... ", "file"),
        ("\u200b\u3164\ufe0f", "file"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
        ("й" * 300 + ".pdf", "й" * 58 + ".pdf"),
        ("😀" * 300, "😀" * 30),
        ("a." + "b" * 300, "a." + "b" * 118),
        ("a" * 2000 + ".pdf", "a" * 116 + ".pdf"),
        ("a" * 119 + ". b" + "c" * 30, "a" * 119),
    ],
)
def test_a_file_gets_a_safe_name(raw: str, safe: str) -> None:
    assert filename(raw) == safe


def assert_valid_name(raw: str) -> None:
    name = filename(raw)
    assert 0 < len(name.encode()) <= 120
    assert filename(name) == name
    assert unicodedata.is_normalized("NFKC", name)
    assert not {unicodedata.category(char) for char in name} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not set(name) & set('/\\:*?"<>|\u034f\u115f\u1160\u3164\u2800\ufe0f')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert not re.match(r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$) *(\.|$)", name, re.IGNORECASE)


@given(NAMES)
def test_a_safe_name_is_valid_and_stays_as_it_is(raw: str) -> None:
    assert_valid_name(raw)


@pytest.mark.parametrize("raw", NAUGHTY)
def test_naughty_strings_become_valid_names(raw: str) -> None:
    assert_valid_name(raw)
    assert_valid_name(f"{raw}.jpg")


# --- masked ---

TELEGRAM = "123456789:" + "AAF-x_" + "k" * 29
SLACK = "xo" + "xb-1234567890-abcdef"
META = "EA" + "A" + "Gm0PX4ZCps" * 3
VK = "vk1" + ".a.xK_9-zz"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"POST https://api.telegram.org/bot{TELEGRAM}/getMe", "POST https://api.telegram.org/bot***/getMe"),
        (f"bot{TELEGRAM.replace(':', '%3A')}/x", "bot***/x"),
        (f"token {SLACK}, next", "token ***, next"),
        ("xo" + "xe.xo" + "xp-1-Mi0y.", "***"),
        ("xa" + "pp-1-A0-11-ff rest", "*** rest"),
        ("https://hooks.slack.com/services/T0/B0/abc end", "https://hooks.slack.com/services/*** end"),
        (f"page {META}!", "page ***!"),
        (f"[{VK}]", "[***]"),
        ('{"Authorization": "Bearer ab.c-d"}', '{"Authorization": "Bearer ***"}'),
        ("(b'authorization', b'bearer abc')", "(b'authorization', b'bearer ***')"),
        ("/hooks/x?token=abc&v=1", "/hooks/x?token=***&v=1"),
        ("/x?a=1&secret=s%20t#top", "/x?a=1&secret=***#top"),
        ("?hub.verify_token=abc&access_token=def", "?hub.verify_token=***&access_token=***"),
        ('{"access_token": "abc"}', '{"access_token": "***"}'),
        ("{'x-telegram-bot-api-secret-token': 'abc'}", "{'x-telegram-bot-api-secret-token': '***'}"),
        ("redis://:hunter2@127.0.0.1:6379/0", "redis://:***@127.0.0.1:6379/0"),
        ("postgresql://me:hunter2@db/bridge", "postgresql://me:***@db/bridge"),
    ],
)
def test_secrets_do_not_reach_the_log(line: str, shown: str) -> None:
    assert masked(line) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "line",
    [
        "dialog 12 on vk-shop at 12:30:01 answered",
        "the secret of a good token is its length",
        "1234567890:short",
        "EAAT is no token",
        "http://127.0.0.1:8080/a@b",
        "key=5f2c lane=12 attempts=3",
    ],
)
def test_ordinary_lines_stay(line: str) -> None:
    assert masked(line) == line


@given(ANYTHING, st.sampled_from([TELEGRAM, SLACK, META, VK]), ANYTHING)
def test_no_surroundings_hide_a_secret(before: str, secret: str, after: str) -> None:
    assert secret not in masked(f"{before}{secret}{after}")


def nested_repeats(pattern: str) -> bool:
    """Whether a repetition holds another one or two that can eat the same text follow each other."""
    return re.search(r"\([^()]*[+*][^()]*\)[+*{]", pattern) is not None or "*+" in pattern or ".*" in pattern


def test_no_pattern_repeats_a_repetition() -> None:
    patterns = [
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "[" in node.value
        and "\n" not in node.value
    ]
    assert sum(1 for pattern in patterns if "+" in pattern or "{" in pattern) >= 9
    assert not [pattern for pattern in patterns if nested_repeats(pattern)]
    assert nested_repeats("([a-z]+)*")


# --- language ---


@pytest.mark.parametrize(
    ("text", "accepted", "default", "guess"),
    [
        ("Здравствуйте, order 5", ["en", "ru"], "en", "ru"),
        ("Hello, Иван", ["en", "ru"], "ru", "en"),
        ("Привіт", ["en", "uk"], "en", "uk"),
        ("Привет", ["en", "uk", "ru"], "en", "ru"),
        ("Hej", ["sv", "en"], "sv", "sv"),
        ("Oi", ["pt-BR", "ru"], "ru", "pt-BR"),
        ("Привет", ["en", "de"], "en", "en"),
        ("你好", ["en", "zh"], "en", "zh"),
        ("日本語です", ["en", "zh", "ja"], "en", "ja"),
        ("مرحبا", ["ar", "en"], "en", "ar"),
        ("12345 😀 !", ["en", "ru"], "ru", "ru"),
        ("", [], "en", "en"),
    ],
)
def test_the_script_chooses_the_greeting(text: str, accepted: list[str], default: str, guess: str) -> None:
    assert language(text, accepted, default) == guess


@given(ANYTHING, st.lists(st.sampled_from(["en", "ru", "ja", "pt-BR"])))
def test_the_guess_is_always_an_accepted_language(text: str, accepted: list[str]) -> None:
    assert language(text, accepted, "sv") in {*accepted, "sv"}
