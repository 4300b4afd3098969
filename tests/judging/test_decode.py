from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.judging.decode import parse_assistant


def _block(body):
    return f"<tool_call>\n{body}\n</tool_call>"


GOOD = _block('{"name": "get_role", "arguments": {"role_id": "r1"}}')


def test_words_and_calls_are_told_apart():
    content, calls, faults = parse_assistant(f"I look it up.\n{GOOD}\n{GOOD}<|im_end|>")
    assert content == "I look it up."
    assert calls == ({"name": "get_role", "arguments": {"role_id": "r1"}},) * 2
    assert faults == ()


def test_plain_words_are_no_call():
    assert parse_assistant("There are {2} roles.") == ("There are {2} roles.", (), ())


def test_a_think_block_is_not_content():
    assert parse_assistant("<think>\nroles\n</think>\n\nDone.").content == "Done."
    assert [fault.code for fault in parse_assistant("<think> and on").faults] == ["truncated"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_block('{"name": "a", "arguments": {}'), "not_json"),
        (_block("{'name': 'a', 'arguments': {}}"), "not_json"),
        (_block('{"name": "a", "arguments": {"x": NaN}}'), "not_json"),
        (_block('{"name": "a", "arguments": {"x": 1, "x": 2}}'), "not_json"),
        (_block('{"name": "a", "name": "b", "arguments": {}}'), "not_json"),
        (_block('{"name": "a", "arguments": {}} and'), "not_json"),
        (_block('{"name": "a", "parameters": {}}'), "wrong_wrapper"),
        (_block('{"name": "a", "arguments": "{}"}'), "wrong_wrapper"),
        (_block('{"name": 3, "arguments": {}}'), "wrong_wrapper"),
        (_block('["a", {}]'), "wrong_wrapper"),
        ('{"name": "a", "arguments": {}}', "wrong_wrapper"),
        ('Sure:\n```json\n{"name": "a", "arguments": {}}\n```', "wrong_wrapper"),
        ('{"name": "a", "arguments": {}}\n</tool_call>', "wrong_wrapper"),
        ('<tool_call>\n{"name": "a", "argum', "truncated"),
    ],
)
def test_each_departure_has_its_code(text, code):
    reply = parse_assistant(text)
    assert reply.calls == ()
    assert [fault.code for fault in reply.faults] == [code]


def test_a_good_call_beside_a_bad_one_is_still_there():
    reply = parse_assistant(GOOD + _block("oops"))
    assert len(reply.calls) == 1
    assert [fault.code for fault in reply.faults] == ["not_json"]


def test_the_token_limit_is_a_fault_even_where_the_text_looks_whole():
    assert [fault.code for fault in parse_assistant(GOOD, is_truncated=True).faults] == ["truncated"]
    assert len(parse_assistant("<tool_call>{", is_truncated=True).faults) == 1


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=4)))
def test_what_is_written_is_read_back(arguments):
    body = json.dumps({"name": "t", "arguments": arguments})
    if "</tool_call>" not in body:
        assert parse_assistant(_block(body)).calls == ({"name": "t", "arguments": arguments},)


@given(st.text(alphabet='<>/{}":,tol_cahinkmse \n', max_size=80))
def test_any_text_is_read_without_an_exception(text):
    parse_assistant(text)
