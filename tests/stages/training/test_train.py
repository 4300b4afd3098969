from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_training import LORA, SETTINGS, example, rows, run_here, weights

from loopbuild.errors import TrainingError
from loopbuild.llm.local import LocalModel
from loopbuild.stages.training.train import Stopped

pytestmark = pytest.mark.train
ADAPTER = replace(SETTINGS, lora=LORA, neftune=3.0, gradient_accumulation=2, gradient_checkpointing=True)


def test_a_checkpoint_is_a_plain_model_folder_without_optimizer(make_job):
    job = make_job()
    report = run_here(job)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoModelForCausalLM.from_pretrained(job.output)
    assert "generation" in AutoTokenizer.from_pretrained(job.output).chat_template
    assert not [name for name in weights(job.output) if "optim" in name or name.endswith((".bin", ".pt", ".md"))]
    assert (report.rows, report.steps, report.resumed_from, report.is_adapter) == (24, 12, 0, False)
    assert report.tokens > report.supervised_tokens > 0
    assert "no_invented_arguments" in report.checks


def test_training_lowers_the_loss_of_rows_kept_aside(make_job):
    settings = replace(SETTINGS, epochs=1.0, validation=0.2)
    short = run_here(make_job("short", examples=rows(60), settings=settings))
    long = run_here(make_job("long", examples=rows(60), settings=replace(settings, epochs=6.0)))
    assert short.validation_rows == long.validation_rows > 0
    assert long.validation_loss < 0.7 * short.validation_loss


def test_a_bounded_phase_trains_on_a_sample_of_every_tool(make_job):
    report = run_here(make_job(settings=replace(SETTINGS, max_rows=6, epochs=1.0)))
    assert (report.rows, report.steps) == (6, 2)


@pytest.mark.parametrize(
    "settings", [SETTINGS, replace(SETTINGS, precision="bf16"), ADAPTER], ids=["whole", "bf16", "adapter"]
)
def test_same_job_twice_gives_the_same_bytes(make_job, settings):
    first, second = make_job("a", settings=settings), make_job("b", settings=settings)
    run_here(first)
    run_here(second)
    assert weights(first.output) == weights(second.output)


@pytest.mark.parametrize("settings", [SETTINGS, ADAPTER], ids=["whole", "adapter"])
def test_stopped_anywhere_and_taken_up_gives_the_bytes_of_an_uninterrupted_run(make_job, settings):
    whole = run_here(make_job("whole", settings=settings))
    job = make_job("parts", settings=settings)
    for after in (1, 2):
        with pytest.raises(Stopped):
            run_here(job, stop_after=after)
    report = run_here(job)
    assert report.resumed_from > 1
    assert report.loss == whole.loss
    assert weights(job.output) == weights(make_job("whole").output)


def test_a_state_of_other_rows_is_not_taken_up(make_job):
    job = make_job("a")
    with pytest.raises(Stopped):
        run_here(job, stop_after=2)
    other = replace(make_job("b", examples=rows(20)), partial=job.partial)
    assert run_here(other).resumed_from == 0


def test_a_half_written_state_is_not_taken_up(make_job):
    job = make_job("a")
    with pytest.raises(Stopped):
        run_here(job, stop_after=3)
    (state,) = Path(job.partial).glob("checkpoint-*")
    content = (state / "optimizer.pt").read_bytes()
    (state / "optimizer.pt").write_bytes(content[:-1])
    assert run_here(job).resumed_from == 0


def test_an_adapter_goes_on_from_its_parent(make_job):
    from peft import PeftModel

    parent = make_job("parent", settings=ADAPTER)
    run_here(parent)
    job = make_job(
        "child", examples=rows(12), settings=ADAPTER, parent=parent.output, mode="continue", replayed=("row0",)
    )
    report = run_here(job)
    assert (report.is_adapter, report.replayed) == (True, 1)
    assert weights(job.output)["adapter_model.safetensors"] != weights(parent.output)["adapter_model.safetensors"]
    assert json.loads(weights(job.output)["adapter_config.json"])["base_model_name_or_path"] == job.base
    from transformers import AutoModelForCausalLM

    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(job.base), job.output)


def test_a_whole_model_goes_on_from_its_parent(make_job):
    first = run_here(make_job("parent", settings=replace(SETTINGS, epochs=4.0)))
    again = run_here(make_job("child", parent=make_job("parent").output, settings=replace(SETTINGS, epochs=1.0)))
    fresh = run_here(make_job("fresh", settings=replace(SETTINGS, epochs=1.0)))
    assert again.loss < fresh.loss
    assert first.trainable_parameters == again.trainable_parameters


def test_four_bit_weights_train_an_adapter(make_job):
    pytest.importorskip("bitsandbytes")
    settings = replace(ADAPTER, quantize="nf4", precision="bf16", epochs=1.0, optimizer="adamw_8bit")
    job = make_job(settings=settings, examples=rows(8))
    report = run_here(job)
    assert report.is_adapter
    assert report.loss > 0
    model = LocalModel.load(job.output, base=job.base, device="cpu")
    (answer,) = model.complete([[{"role": "user", "content": "Show r1"}]], max_new_tokens=3)
    assert answer.tokens > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"learning_rat": 1}, "is no argument"), ({"bf16": True}, "is decided by"), ({"adam_beta2": -2.0}, "beta")],
)
def test_arguments_passed_through_are_checked(make_job, arguments, message):
    with pytest.raises(TrainingError, match=message) as caught:
        run_here(make_job(settings=replace(SETTINGS, trainer_args=arguments)))
    if "learning_rat" in arguments:
        assert caught.value.hint == "did you mean `learning_rate`?"


def test_loss_at_learned_positions_equals_the_librarys_own(make_job, tiny_base, tokenizer):
    import torch
    from transformers import AutoModelForCausalLM

    from loopbuild.stages.training.render import render_row
    from loopbuild.stages.training.trainer import learned_loss

    row = render_row(example(1), [], tokenizer, system_prompt="")
    ids = torch.tensor([row.ids])
    labels = torch.where(torch.tensor([row.learned]), ids, torch.tensor(-100))
    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    assert torch.allclose(learned_loss(model, inputs, None), model(**inputs).loss, atol=1e-5)


def test_an_adapter_is_loaded_onto_its_base_for_answering(make_job):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    job = make_job(settings=ADAPTER, examples=rows(8))
    run_here(job)
    base = AutoModelForCausalLM.from_pretrained(job.base)
    ids = torch.tensor([[5, 6, 7]])
    plain = base(input_ids=ids).logits
    adapted = PeftModel.from_pretrained(base, job.output).eval()(input_ids=ids).logits
    for loaded in (LocalModel.load(job.output, device="cpu"), LocalModel.load(job.output, base=job.base, device="cpu")):
        told = loaded._model(input_ids=ids).logits
        assert torch.allclose(told, adapted, atol=1e-5)
        assert not torch.allclose(told, plain, atol=1e-3)


def test_an_adapter_never_changes_the_base(make_job, tiny_base):
    before = weights(tiny_base)
    run_here(make_job(settings=ADAPTER, examples=rows(8)))
    assert weights(tiny_base) == before
