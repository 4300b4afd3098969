"""A document of one line costs its length, wherever in it a mistake stands and however many there are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from loopbuild.documents import Unreadable, read_json
from loopbuild.loopfile.diagnostics import render, render_all
from loopbuild.records import Diagnostic, Span


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def mistake(column: int, width: int = 1) -> Diagnostic:
    span = Span(file="t.json", line=1, column=column, width=width)
    return Diagnostic(severity="error", code="x", message="wrong", span=span)


@pytest.mark.parametrize("column", [1, 900, 1_000_000, 2_000_000])
@pytest.mark.parametrize("width", [1, 100, 1_000_000])
def test_a_mistake_in_a_line_of_two_megabytes_is_shown_at_once(column: int, width: int) -> None:
    line = "ab, cd, " * 250_000
    found = [mistake(column, width)] * 10
    assert cpu_seconds(lambda: render_all(found, texts={"t.json": line})) < 1
    shown = render_all(found, texts={"t.json": line}).splitlines()
    assert max(map(len, shown)) <= 80
    assert "^" in shown[4]


def test_what_is_marked_is_what_stands_there() -> None:
    for before in (0, 1, 30, 60, 79, 80, 200, 5_000):
        for after in (0, 1, 40, 5_000):
            shown = render(mistake(before + 1, 4), "." * before + "here" + "." * after).splitlines()
            at = shown[4].index("^")
            assert shown[3][at : at + 4] == "here"
            assert shown[4].count("^") == 4


def test_many_mistakes_in_one_line_cost_no_more_than_the_line() -> None:
    content = ("[" + ",".join(['{"a": 1, "a": 2, "b": "' + "x" * 90 + '"}'] * 6_000) + "]").encode()
    document = read_json(content, file="t.json")
    assert len(document.diagnostics) == 6_000
    assert cpu_seconds(lambda: read_json(content, file="t.json")) < 4


def test_a_document_nested_without_end_is_left_at_once_and_shown() -> None:
    text = json.dumps([{"name": "a"}] * 1_000) + "["
    for content in ("[" * 40_000, '{"a":' * 40_000, text, text[:-20]):
        with pytest.raises(Unreadable) as caught:
            read_json(content.encode(), file="t.json")
        seconds = cpu_seconds(
            lambda found=caught.value, shown=content: render_all(found.diagnostics, texts={"t.json": shown})
        )
        assert seconds < 1
