"""What files are called, and what they are."""

from __future__ import annotations

import pytest

from bridge.media import names

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Windows\\win.ini", "C__Windows_win.ini"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("\u200b.htaccess", "htaccess"),
        ("CON.txt", "_CON.txt"),
        ("чек.jpg", "чек.jpg"),
        ("x" * 400 + ".jpeg", None),
    ],
)
def test_a_name_is_safe_and_keeps_its_extension(name: str, safe: str | None) -> None:
    found = names.called(name)
    assert safe is None or found == safe
    assert len(found.encode()) <= 255
    assert found.endswith(name[-4:])
    assert names.called(found) == found


@pytest.mark.parametrize(
    ("type", "kind", "name"),
    [
        ("image/jpeg", "photo", "photo.jpg"),
        ("audio/ogg", "voice", "voice.ogg"),
        ("video/mp4", "video_note", "video-note.mp4"),
        ("", "file", "file"),
        ("no type at all", "file", "file"),
    ],
)
def test_a_file_without_a_name_is_called_by_what_it_is(type: str, kind: str, name: str) -> None:
    assert names.called("  ", type, kind) == name


@pytest.mark.parametrize(
    ("declared", "head", "type"),
    [
        ("image/png", PNG, "image/png"),
        ("text/html", PNG, "image/png"),
        ("", PNG, "image/png"),
        ("image/png", HTML, names.UNKNOWN),
        ("audio/ogg", HTML, names.UNKNOWN),
        ("video/mp4", b"", names.UNKNOWN),
        ("image/svg+xml", b"<svg xmlns=", names.UNKNOWN),
        ("text/html", HTML, "text/html"),
        ("text/plain; charset=utf-8", b"words", "text/plain"),
        ("application/pdf", b"%PDF-1.7", "application/pdf"),
        ("image/jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("audio/ogg", b"OggS\x00", "audio/ogg"),
        ("video/ogg", b"OggS\x00", "video/ogg"),
        ("audio/mp4", b"\x00\x00\x00\x20ftypisom", "audio/mp4"),
        ("video/mp4", b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        ("", b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        ("audio/webm", b"\x1a\x45\xdf\xa3", "audio/webm"),
        ("audio/mpeg", b"ID3\x04", "audio/mpeg"),
        ("audio/mp3", b"\xff\xfb\x90\x00", "audio/mpeg"),
        ("x\r\ny/z", b"words", names.UNKNOWN),
        ("application/x-tgsticker", b"\x1f\x8b\x08", "application/x-tgsticker"),
    ],
)
def test_a_file_is_what_its_bytes_say(declared: str, head: bytes, type: str) -> None:
    assert names.honest(declared, head) == type


def test_what_browsers_show_is_never_more_than_a_picture_a_sound_or_a_film() -> None:
    assert all(type.partition("/")[0] in ("image", "audio", "video") for type in names.INLINE)
    assert "image/svg+xml" not in names.INLINE
