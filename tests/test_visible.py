"""Laws of foreign text on our screens."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from loopbuild.visible import named, visible


@given(st.text())
def test_nothing_that_moves_hides_or_reverses_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(character)[0] == "C" for character in shown)
    assert visible(shown) == shown


@given(st.text())
def test_what_has_a_look_of_its_own_stays(text: str) -> None:
    plain = "".join(character for character in text if character.isprintable() and character.isascii())
    assert visible(plain) == plain
    assert visible("é漢 ñ🙂") == "é漢 ñ🙂"


def test_what_may_stay_stays_and_what_is_long_is_cut() -> None:
    assert visible("a\nb\x1b[2J", keep="\n") == "a\nb\\u001b[2J"
    assert visible("\u202etxt\U000e0041") == "\\u202etxt\\U000e0041"
    assert named("n" * 500) == "n" * 120 + "…"
