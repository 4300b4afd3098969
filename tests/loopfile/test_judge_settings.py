"""`judge` among the filters: what is refused, and who should not judge whom."""

from __future__ import annotations

import pytest
from loopfiles import HEAD, Folder

from loopbuild.loopfile.judge_checks import family_of

FREE = "price: {prompt_usd_per_million: 0, completion_usd_per_million: 0}"


def judge(settings: str, *, synthesis: str = "{budget_usd: 5}") -> str:
    return f"{HEAD}synthesis: {synthesis}\nfilters:\n  - schema\n  - judge: {settings}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (judge("{model: offline}"), "7:20 bad-value: the offline writer judges nothing"),
        (judge("{}"), "7:5 missing-key: missing key `model`"),
        (judge("{model: openai/x}", synthesis="{}"), "7:20 missing-key: `openai/x` costs money, and"),
        (judge("{model: openai/x, voice: kind}"), "7:30 unknown-key: unknown key `voice`"),
        (judge("{model: openai/x, undecided: keep}"), "must be `wait` or `hold_back`, not `keep`"),
        (judge("{model: openai/x, api_key_env: sk-123}"), "`api_key_env` is no name of an environment variable"),
        (judge("{model: openai/x, api_base: 'https://me:pw@x.example'}"), "`api_base` holds a password"),
    ],
)
def test_a_judge_that_cannot_be_asked_is_refused_where_it_stands(folder: Folder, text: str, said: str) -> None:
    found = folder.lines(text)
    assert any(said in line for line in found), found


@pytest.mark.parametrize(
    "settings", ["{model: openai/gpt-4.1}", f"{{model: hosted_vllm/x, api_base: '${{URL}}', {FREE}}}"]
)
def test_a_judge_of_texts_of_the_offline_writer_may_be_anybody(folder: Folder, settings: str) -> None:
    assert folder.found(judge(settings), environment={"URL": "http://localhost:1/v1"}) == ()


@pytest.mark.parametrize(
    ("writer", "judged_by", "family"),
    [
        ("openai/gpt-4.1-mini", "azure/gpt-5", "OpenAI"),
        ("anthropic/claude-sonnet-4-5", "bedrock/us.anthropic.claude-haiku-4-5", "Anthropic"),
        ("hosted_vllm/Qwen/Qwen3-8B", "openrouter/qwen/qwen3-32b", "Alibaba"),
    ],
)
def test_a_judge_of_the_writers_family_is_worth_a_warning(
    folder: Folder, writer: str, judged_by: str, family: str
) -> None:
    text = judge(f"{{model: {judged_by}}}", synthesis=f"{{writers: [{{model: {writer}}}], budget_usd: 5}}")
    assert folder.lines(text) == [
        f"7:20 suspicious: `{judged_by}` would judge what `{writer}` wrote, both of {family} "
        "(a model favours its own turn of phrase: let one of another provider judge)"
    ]
    other = judge("{model: gemini/gemini-2.5-pro}", synthesis=f"{{writers: [{{model: {writer}}}], budget_usd: 5}}")
    assert folder.lines(other) == []


def test_a_family_is_read_off_the_model_and_not_off_the_address() -> None:
    assert family_of("openai/my-own-model") == ""
    assert family_of("together_ai/meta-llama/Llama-3.3-70B") == "Meta"
    assert family_of("mistral/ministral-8b") == "Mistral"
    assert family_of("openai/o3-mini") == "OpenAI"
    assert family_of("hosted_vllm/foo3") == ""


def test_the_address_of_a_proposer_takes_variables_too(folder: Folder) -> None:
    text = f"{HEAD}graph: {{propose: {{model: hosted_vllm/x, api_base: '${{URL}}', {FREE}}}}}\n"
    assert folder.found(text, environment={"URL": "http://localhost:1/v1"}) == ()
    assert any("environment variable `URL` is not set" in line for line in folder.lines(text))
