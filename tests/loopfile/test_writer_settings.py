"""`synthesis.writers`: what is refused, what is odd, and what a person reads."""

# ruff: noqa: E501 -- tables of whole settings: one line of the table is one line of the file

from __future__ import annotations

import pytest
from loopfiles import HEAD, Folder

FREE = "price: {prompt_usd_per_million: 0, completion_usd_per_million: 0}"
SOUND = [
    "{writers: [{model: offline}]}",
    "{writers: [{model: openai/gpt-4.1-mini}], budget_usd: 5}",
    "{writers: [{model: offline}, {model: openai/x, name: a}, {model: openai/x, name: b, held_out: true}], budget_usd: 0.5}",
    f"{{writers: [{{model: hosted_vllm/Qwen/Qwen3-8B, api_base: 'http://localhost:8000/v1', {FREE}}}]}}",
    "{writers: [{model: openai/x, api_base: 'https://${HOST}/v1', api_key_env: OUR_KEY, pass_env: [AWS_REGION], options: {reasoning_effort: low}}], budget_usd: 1, budget_tokens: 1000, assignment: each}",
]
WRONG = [
    (
        "{writers: [{model: openai/x}]}",
        "4:31 missing-key: `openai/x` costs money, and `synthesis.budget_usd` does not say",
    ),
    (
        "{writers: [{model: openai/x}, {model: openai/x}], budget_usd: 1}",
        "4:50 bad-value: two writers are called `openai/x`",
    ),
    ("{writers: [{model: openai/x, name: offline}, {}], budget_usd: 1}", "two writers are called `offline`"),
    ("{writers: [{model: openai/x, held_out: true}], budget_usd: 1}", "every writer is `held_out`"),
    (
        "{writers: [{model: offline, held_out: true}, {model: openai/x}], budget_usd: 1}",
        "has a reserved voice for held-out tasks anyway",
    ),
    ("{writers: [{model: offline, name: me}]}", "the offline writer is always called `offline`"),
    ("{writers: [{model: 'gpt 4'}], budget_usd: 1}", "4:31 bad-value: `gpt 4` is no model id"),
    (
        "{writers: [{model: openai/x, api_base: localhost:8000}], budget_usd: 1}",
        "`localhost:8000` is no address of a server",
    ),
    (
        "{writers: [{model: openai/x, api_base: 'https://me:pw@x.example/v1'}], budget_usd: 1}",
        "`api_base` holds a password",
    ),
    (
        "{writers: [{model: openai/x, api_key_env: sk-123}], budget_usd: 1}",
        "4:41 bad-value: `api_key_env` is no name of an environment variable",
    ),
    (
        "{writers: [{model: openai/x, pass_env: [a-b]}], budget_usd: 1}",
        "`pass_env` is no name of an environment variable",
    ),
    ("{writers: [{model: openai/x, options: {api_key: abc}}], budget_usd: 1}", "`api_key` is no option"),
    ("{writers: [{model: openai/x, options: {temperature: 1}}], budget_usd: 1}", "`temperature` is no option"),
    ("{writers: [{model: openai/x, options: {stream: true}}], budget_usd: 1}", "`stream` is no option"),
    ("{writers: [{model: openai/x, temperature: 3}], budget_usd: 1}", "`temperature` must be at most 2"),
    (
        "{writers: [{model: openai/x, price: {prompt_usd_per_million: 1}}], budget_usd: 1}",
        "missing key `completion_usd_per_million`",
    ),
    ("{writers: [{model: openai/x, concurency: 3}], budget_usd: 1}", "did you mean `concurrency`?"),
    (
        "{writers: [{model: openai/x, response_format: json}], budget_usd: 1}",
        "`response_format` must be `schema`, `object` or `text`",
    ),
    ("{writers: [{model: offline}], budget_usd: -1}", "`budget_usd` must be at least 0"),
    ("{writers: [{model: offline}], assignment: both}", "`assignment` must be `split` or `each`"),
]
ODD = [
    (
        "{writers: [{model: offline, temperature: 1}]}",
        "4:40 suspicious: `temperature` means nothing to the offline writer",
    ),
    (
        "{writers: [{model: openai/x, api_base: 'http://llm.example.com/v1', api_key_env: K}], budget_usd: 1}",
        "the key would be sent in the clear",
    ),
]


def lines(folder: Folder, synthesis: str) -> list[str]:
    return folder.lines(HEAD + f"synthesis: {synthesis}\n", environment={"HOST": "x"})


@pytest.mark.parametrize("synthesis", SOUND)
def test_sound_settings_are_silent(folder: Folder, synthesis: str) -> None:
    assert lines(folder, synthesis) == []


@pytest.mark.parametrize(("synthesis", "said"), WRONG)
def test_what_is_wrong_is_one_error(folder: Folder, synthesis: str, said: str) -> None:
    (line,) = lines(folder, synthesis)
    assert said in line
    assert "suspicious" not in line


@pytest.mark.parametrize(("synthesis", "said"), ODD)
def test_what_is_odd_is_one_warning(folder: Folder, synthesis: str, said: str) -> None:
    (line,) = lines(folder, synthesis)
    assert said in line
    assert "suspicious" in line


def test_a_key_where_a_name_belongs_is_not_shown(folder: Folder) -> None:
    text = HEAD + "synthesis:\n  budget_usd: 1\n  writers:\n    - model: openai/x\n      api_key_env: sk-proj-4711\n"
    screen = folder.screen(text)
    assert "`api_key_env` is no name of an environment variable" in screen
    assert "hint: the key itself belongs in the variable" in screen


def test_money_without_a_limit_as_a_person_sees_it(folder: Folder) -> None:
    text = HEAD + "synthesis:\n  writers:\n    - model: openai/gpt-4.1-mini\n"
    assert folder.screen(text) == (
        "error: `openai/gpt-4.1-mini` costs money, and `synthesis.budget_usd` does not say how much one build may spend\n"
        "  --> loop.yaml:6:14\n"
        "   |\n"
        " 6 |     - model: openai/gpt-4.1-mini\n"
        "   |              ^^^^^^^^^^^^^^^^^^^ in `synthesis.writers[0]`\n"
        "hint: add `budget_usd: 5` below `synthesis:`, or a `price` of 0 where the server is your own\n"
    )
