"""`engine.remote`: what is refused, what is odd, and what a person reads."""

from __future__ import annotations

import pytest
from loopfiles import HEAD, Folder

ENVIRONMENT = {"TOKEN": "x", "PASSWORD": "y"}
SOUND = [
    "{url: https://cache.example.com/loopbuild}",
    "{url: 'https://ci:${PASSWORD}@cache.example.com/x', write: ci, trust: hmac, hmac_env: TOKEN}",
    "{url: https://cache.example.com, headers: {Authorization: 'Bearer ${TOKEN}'}}",
    "{url: http://localhost:8080/cache, headers: {Authorization: 'Bearer ${TOKEN}'}}",
    "{url: 'file:///mnt/cache', write: always}",
    "{url: s3://bucket/prefix, trust: server}",
    "{url: '${TOKEN}'}",
]
WRONG = [
    ("{url: cache.example.com}", "4:24 bad-value: `cache.example.com` is no address of a cache"),
    ("{url: /mnt/cache}", "4:24 bad-value: `/mnt/cache` is no address of a cache"),
    ("{url: 'https://ci:hunter2@cache.example.com'}", "4:19 bad-value: `url` holds a password"),
    ("{url: 'https://x.example.com?sig=1'}", "4:24 bad-value: `url` has a query"),
    ("{url: https://x.example.com, write: sometimes}", "`write` must be `never`, `ci` or `always`, not `sometimes`"),
    ("{url: https://x.example.com, trust: locks}", "did you mean `lock`?"),
    ("{url: https://x.example.com, hmac_env: 0123-abcd}", "`hmac_env` is no name of an environment variable"),
    (
        "{url: https://x.example.com, headers: {Authorization: Bearer abc}}",
        "4:47 bad-value: header `Authorization` is written out, and headers of a cache are secrets",
    ),
    ("{urll: https://x.example.com}", "did you mean `url`?"),
    ("{url: 3}", "4:24 wrong-type"),
]
ODD = [
    ("{write: always}", "4:19 suspicious: `write` without `url`: nothing is shared"),
    ("{url: 'http://c.example.com', headers: {X: '${TOKEN}'}}", "credentials would be sent in the clear"),
    ("{url: 'http://u:${TOKEN}@c.example.com'}", "credentials would be sent in the clear"),
    ("{url: 's3://b/c', headers: {X: '${TOKEN}'}}", "`headers` are not sent to `s3://` addresses"),
    ("{url: 'https://${UNSET}@c.example.com'}", "environment variable `UNSET` is not set"),
]


def lines(folder: Folder, remote: str) -> list[str]:
    return folder.lines(HEAD + f"engine: {{remote: {remote}}}\n", environment=ENVIRONMENT)


@pytest.mark.parametrize("remote", SOUND)
def test_sound_settings_are_silent(folder: Folder, remote: str) -> None:
    assert lines(folder, remote) == []


@pytest.mark.parametrize(("remote", "said"), WRONG)
def test_what_is_wrong_is_one_error(folder: Folder, remote: str, said: str) -> None:
    (line,) = lines(folder, remote)
    assert said in line
    assert "suspicious" not in line


@pytest.mark.parametrize(("remote", "said"), ODD)
def test_what_is_odd_is_one_warning(folder: Folder, remote: str, said: str) -> None:
    (line,) = lines(folder, remote)
    assert said in line
    assert "suspicious" in line


def test_a_secret_in_the_file_as_a_person_sees_it(folder: Folder) -> None:
    text = HEAD + "engine:\n  remote:\n    url: https://cache.example.com\n    headers:\n      X-Token: abc\n"
    assert folder.screen(text) == (
        "error: header `X-Token` is written out, and headers of a cache are secrets\n"
        "  --> loop.yaml:7:5\n"
        "   |\n"
        " 7 |     headers:\n"
        "   |     ^^^^^^^ in `engine.remote`\n"
        "hint: write `${CACHE_TOKEN}` for the secret part and set it in the environment\n"
    )
