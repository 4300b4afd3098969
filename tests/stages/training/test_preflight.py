"""Each check has a test that trips it."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tiny_training import LORA, SETTINGS, TOOLS, example, rows, run_here

from loopbuild.errors import TrainingError
from loopbuild.records import to_json
from loopbuild.stages.training import preflight
from loopbuild.stages.training.render import Rendering, render_row


def _row(tokenizer, **changes):
    return render_row(replace(example(0), **changes), [], tokenizer, system_prompt="")


def _rendering(*kept, dropped=0):
    return Rendering(rows=kept, dropped=tuple(f"d{i}" for i in range(dropped)), longest=99)


def test_answers_not_truncated(tokenizer):
    kept = [_row(tokenizer)] * 97
    assert preflight.check_rows(_rendering(*kept, dropped=1), max_length=50)
    with pytest.raises(TrainingError, match="3 of 100 rows are longer than `max_length: 50`") as caught:
        preflight.check_rows(_rendering(*kept, dropped=3), max_length=50)
    assert "99 tokens" in caught.value.hint


def test_every_row_has_loss(tokenizer):
    silent = tuple(message | {"loss": False} for message in example(0).messages)
    with pytest.raises(TrainingError, match="nothing to learn"):
        preflight.check_rows(_rendering(_row(tokenizer, messages=silent)), max_length=50)


def test_nothing_to_train_on():
    with pytest.raises(TrainingError, match="no row is left"):
        preflight.check_rows(_rendering(dropped=4), max_length=50)


def test_no_invented_arguments(tokenizer):
    row = _row(tokenizer)
    assert preflight.check_calls([row], tokenizer)
    fewer = replace(row, calls=(({"name": "get_role", "arguments": {}},), ()))
    with pytest.raises(TrainingError, match="would teach the argument `role_id`"):
        preflight.check_calls([fewer], tokenizer)


def test_a_table_that_unifies_arguments_is_caught(tokenizer):
    polluted = example(0).messages[1] | {
        "tool_calls": [{"function": {"name": "get_role", "arguments": {"role_id": "r0", "name": None}}}]
    }
    messages = (example(0).messages[0], polluted, *example(0).messages[2:])
    row = replace(_row(tokenizer, messages=messages), calls=_row(tokenizer).calls)
    with pytest.raises(TrainingError, match="would teach the argument `name`"):
        preflight.check_calls([row], tokenizer)


def test_template_renders_calls(tokenizer):
    tokenizer.chat_template = tokenizer.chat_template.replace("<tool_call>", "<call>")
    with pytest.raises(TrainingError, match="1 calls in one turn, its text has 0"):
        preflight.check_calls([_row(tokenizer)], tokenizer)


def test_calls_are_rendered_as_they_are(tokenizer):
    row = _row(tokenizer)
    other = replace(row, calls=(({"name": "get_role", "arguments": {"role_id": "r1"}},), ()))
    with pytest.raises(TrainingError, match="another call of `get_role`"):
        preflight.check_calls([other], tokenizer)


def test_template_keeps_prefixes(tokenizer):
    assert preflight.check_prefix(rows(3), tokenizer, system_prompt="")
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "{{- message.content -}}", "{{- message.content if loop.last else '' -}}"
    )
    with pytest.raises(TrainingError, match="in another way once it goes on"):
        preflight.check_prefix(rows(3), tokenizer, system_prompt="")


def test_tools_known():
    with pytest.raises(TrainingError, match="calls `hr/gone`, which the catalog does not have"):
        preflight.check_tools([example(0, tool="hr/gone")], TOOLS)


def test_parent_is_there(make_job):
    with pytest.raises(TrainingError, match="is not there"):
        preflight.check_parent(make_job(parent="/nonexistent"))
    with pytest.raises(TrainingError, match="no checkpoint to continue from"):
        preflight.check_parent(make_job(mode="continue"))


@pytest.mark.train
def test_parent_adapter_fits(make_job):
    settings = replace(SETTINGS, lora=LORA, epochs=1.0)
    parent = make_job("parent", settings=settings, examples=rows(4))
    run_here(parent)
    wider = replace(settings, lora=replace(LORA, r=8))
    with pytest.raises(TrainingError, match=r"wants an adapter with r=8 .* its parent has r=4"):
        preflight.check_parent(make_job("b", settings=wider, parent=parent.output))
    with pytest.raises(TrainingError, match="is an adapter"):
        preflight.check_parent(make_job("c", parent=parent.output))


def test_parameters_trainable(make_job, tiny_base):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_base).requires_grad_(False)
    with pytest.raises(TrainingError, match="no trainable parameter"):
        preflight.check_model(model, make_job())


def test_gradient_checkpointing_as_asked(tiny_base):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    with pytest.raises(TrainingError, match="gradient_checkpointing"):
        preflight.check_checkpointing(model, is_wanted=True)
    assert preflight.check_checkpointing(model, is_wanted=False)


def test_rows_fit_context():
    model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=100))
    assert preflight.check_context(model, longest=100)
    with pytest.raises(TrainingError, match="a row has 101 tokens, the model reads 100"):
        preflight.check_context(model, longest=101)


def test_precision_fits_device(make_job):
    with pytest.raises(TrainingError, match="bf16"):
        preflight.check_device(make_job(settings=replace(SETTINGS, precision="bf16")), device="cuda", has_bf16=False)
    with pytest.raises(TrainingError, match="without an adapter"):
        preflight.check_device(make_job(settings=replace(SETTINGS, quantize="nf4")), device="cpu", has_bf16=True)


def test_disk_has_room(tmp_path):
    with pytest.raises(TrainingError, match="MiB free"):
        preflight.check_disk(tmp_path, needed_bytes=1 << 60)


def test_a_row_may_hold_any_line_separator_in_its_words(tmp_path):
    odd = replace(example(0), messages=({"role": "user", "content": "one\u2028two\u0085three"},))
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(to_json(odd), ensure_ascii=False) + "\n", encoding="utf-8")
    assert preflight.read_examples(path) == [odd]


def test_a_line_that_is_no_example_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"key": "a"}\n')
    with pytest.raises(TrainingError, match=r"line 1 of `rows.jsonl` is no example"):
        preflight.read_examples(path)


@pytest.mark.train
def test_a_failed_check_stops_before_the_first_step(make_job):
    job = make_job(settings=replace(SETTINGS, max_length=20))
    with pytest.raises(TrainingError, match="no row is left"):
        run_here(job)
