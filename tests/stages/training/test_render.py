from __future__ import annotations

import json

import pytest
from tiny_training import TOOLS, call, example, rows

from loopbuild.errors import TrainingError
from loopbuild.records import ToolCatalog, ToolSchema
from loopbuild.stages.training.render import (
    function_schemas,
    is_validation,
    marked,
    render,
    render_row,
    shown_tools,
)


def _render(examples, tokenizer, **changes):
    options = {"system_prompt": "Be brief.", "schemas_in_prompt": False, "extra_tools": 0, "max_length": 256}
    return render(examples, TOOLS, tokenizer, **(options | changes))


def test_loss_is_on_what_the_assistant_says_with_its_end_and_nothing_else(tokenizer):
    (row,) = _render([example(0)], tokenizer).rows
    assert marked(row, tokenizer) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nShow the Nurse role r0<|im_end|>\n"
        '<|im_start|>assistant\n⟦I look it up.\n<tool_call>\n{"name": "get_role", "arguments": {"role_id": "r0"}}\n'
        "</tool_call><|im_end|>⟧\n"
        '<|im_start|>user\n<tool_response>\n{"name": "Nurse"}\n</tool_response><|im_end|>\n'
        "<|im_start|>assistant\n⟦It is Nurse.<|im_end|>⟧\n"
    )


def test_a_turn_marked_as_a_mistake_is_read_and_not_learned(tokenizer):
    from dataclasses import replace

    whole = example(0)
    messages = tuple(m | {"loss": False} if index == 1 else m for index, m in enumerate(whole.messages))
    (row,) = _render([replace(whole, messages=messages)], tokenizer).rows
    assert marked(row, tokenizer).count("⟦") == 1
    assert "⟦It is Nurse." in marked(row, tokenizer)
    assert row.ids == _render([whole], tokenizer).rows[0].ids


def test_a_call_never_gets_another_calls_arguments(tokenizer):
    for row in _render(rows(9), tokenizer).rows:
        assert "null" not in marked(row, tokenizer)


def test_arguments_written_as_text_render_like_objects(tokenizer):
    from dataclasses import replace

    whole = example(0)
    written = call("get_role", json.dumps({"role_id": "r0"}))
    messages = (whole.messages[0], whole.messages[1] | {"tool_calls": [written]}, *whole.messages[2:])
    assert _render([replace(whole, messages=messages)], tokenizer).rows == _render([whole], tokenizer).rows


def test_our_system_prompt_replaces_the_rows_own(tokenizer):
    from dataclasses import replace

    whole = example(0)
    own = replace(whole, messages=({"role": "system", "content": "You are X."}, *whole.messages))
    assert _render([own], tokenizer).rows[0].ids == _render([whole], tokenizer).rows[0].ids
    assert "You are X." in marked(_render([own], tokenizer, system_prompt="").rows[0], tokenizer)


def test_a_row_too_long_is_left_out_whole_and_counted(tokenizer):
    length = len(_render([example(0)], tokenizer).rows[0].ids)
    rendering = _render([example(0)], tokenizer, max_length=length - 1)
    assert (rendering.rows, rendering.dropped, rendering.longest) == ((), ("row0",), length)


def test_shown_tools_are_the_needed_ones_and_so_many_others_in_no_telling_order():
    positions = set()
    for index in range(30):
        names = [tool["function"]["name"] for tool in shown_tools(example(index), TOOLS, extra_tools=2)]
        assert len(names) == 3
        positions.add(names.index("get_role"))
    assert positions == {0, 1, 2}
    assert len(shown_tools(example(0), TOOLS, extra_tools=-1)) == len(TOOLS)


def test_a_further_tool_changes_few_prompts():
    more = TOOLS | {"hr/zap": TOOLS["hr/find"]}
    same = sum(
        shown_tools(example(i), TOOLS, extra_tools=1) == shown_tools(example(i), more, extra_tools=1) for i in range(40)
    )
    assert same >= 20


def test_texts_of_one_trajectory_are_kept_aside_together():
    from dataclasses import replace

    chosen = [is_validation(example(i), share=0.3, salt=0) for i in range(200)]
    assert 30 < sum(chosen) < 90
    assert chosen == [is_validation(replace(example(i), key="other"), share=0.3, salt=0) for i in range(200)]


def test_a_template_without_marks_is_refused(tokenizer):
    tokenizer.chat_template = tokenizer.chat_template.replace("{%- generation -%}", "").replace(
        "{%- endgeneration -%}", ""
    )
    with pytest.raises(TrainingError, match="marks 0 of 2 assistant turns"):
        render_row(example(0), [], tokenizer, system_prompt="")


@pytest.mark.parametrize("name", ["qwen3", "qwen3_instruct_2507", "qwen2_5"])
def test_a_known_template_is_given_its_marks_and_passes_every_check(name, make_job, tiny_base, tmp_path):
    import shutil
    from pathlib import Path

    import trl
    from transformers import AutoTokenizer

    from loopbuild.stages.training.models import load_tokenizer
    from loopbuild.stages.training.preflight import check_calls, check_prefix, check_rows

    known = Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja"
    if not known.exists():
        pytest.skip("this version of TRL has no such template")
    base = shutil.copytree(tiny_base, tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = known.read_text()
    tokenizer.save_pretrained(base)
    tokenizer = load_tokenizer(make_job(base=str(base)))
    rendering = _render(rows(4), tokenizer, schemas_in_prompt=True, max_length=4000)
    assert check_rows(rendering, max_length=4000)
    assert check_calls(rendering.rows, tokenizer)
    assert check_prefix(rows(4), tokenizer, system_prompt="Be brief.")


def test_schemas_carry_the_name_a_model_writes():
    tool = ToolSchema(
        id="hr/get-role", source="hr", name="get-role", call_name="get_role", input_schema={"type": "object"}
    )
    assert function_schemas(ToolCatalog(tools=(tool,)))["hr/get-role"]["function"]["name"] == "get_role"
