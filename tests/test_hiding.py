"""What a secret is spelled like in somebody else's words, it is never shown."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.hiding import HIDDEN, hidden, shown_address, told

SECRETS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8).filter(
    lambda text: len(set(text)) > 4
)


@given(secret=SECRETS, before=st.text(alphabet="xyz ", max_size=5), after=st.text(alphabet="xyz ", max_size=5))
def test_a_secret_is_hidden_however_it_is_spelled(secret: str, before: str, after: str) -> None:
    for spelled in (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)):
        assert hidden(f"{before}{spelled}{after}", [secret]) == f"{before}{HIDDEN}{after}"


@given(secret=st.text(alphabet="abcdefghijkl0123456789", min_size=12, max_size=40))
def test_an_error_is_hidden_before_it_is_cut(secret: str) -> None:
    for pad in range(0, 60, 7):
        as_if = ValueError("." * pad + f"Bearer {HIDDEN} refused")
        error = ValueError("." * pad + f"Bearer {secret} refused")
        assert told(error, [secret], limit=40) == told(as_if, limit=40)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/a/b", "https://host/a/b"),
        ("https://me:pw@host:8/a?token=x#y", "https://host:8/a"),
        ("https://host?token=a/b", "https://host"),
        ("s3://key:secret@bucket/a", "s3://bucket/a"),
        ("listings/a.json", "listings/a.json"),
    ],
)
def test_an_address_is_shown_as_far_as_it_says_where_it_leads(url: str, shown: str) -> None:
    assert shown_address(url) == shown
    assert hidden(f"for url '{url}', see {url}", ()) == f"for url '{shown}', see {shown}"


def test_short_texts_and_silent_errors() -> None:
    assert hidden("a cat sat", ["a", "cat"]) == "a cat sat"
    assert hidden("a cats sat", ["cats"]) == f"a {HIDDEN} sat"
    assert told(ExceptionGroup("many", [KeyError()])) == "KeyError"
