from __future__ import annotations

import pytest

from loopbuild.errors import TrainingError
from loopbuild.loopfile.sections.training import TrainingSettings
from loopbuild.records import from_json
from loopbuild.stages.training.job import Settings
from loopbuild.stages.training.presets import NANO_PROMPT, continued, locate, resolve


def _settings(**changes):
    return TrainingSettings.model_validate(changes).model_dump(mode="json")


def _resolve(phase, *, base="nano", has_cuda=False, **changes):
    return from_json(Settings, resolve(_settings(**changes), phase, base=base, has_cuda=has_cuda))


def test_nano_shows_a_row_its_own_tools_and_two_more():
    teach, recall = _resolve("teach"), _resolve("recall")
    assert (teach.schemas_in_prompt, teach.extra_tools, teach.max_rows, teach.epochs) == (True, 2, 150, 1.0)
    assert not recall.schemas_in_prompt
    assert recall.max_rows == 0
    assert recall.lora is None
    assert teach.system_prompt == recall.system_prompt == NANO_PROMPT


def test_another_base_is_trained_as_in_the_published_experiment():
    teach = _resolve("teach", base="Qwen/Qwen3-8B", has_cuda=True)
    recall = _resolve("recall", base="Qwen/Qwen3-8B", has_cuda=True)
    assert (teach.learning_rate, teach.epochs, teach.warmup, teach.neftune) == (2e-4, 3.0, 0.05, 3.0)
    assert (recall.learning_rate, recall.epochs, recall.warmup) == (8e-5, 2.0, 0.03)
    for phase in (teach, recall):
        assert (phase.batch_size, phase.gradient_accumulation, phase.max_length) == (2, 4, 4096)
        assert phase.lora is not None
        assert (phase.lora.r, phase.lora.alpha, phase.lora.dropout) == (64, 128, 0.05)
        assert phase.lora.target_modules == ("q_proj", "k_proj", "v_proj")
        assert (phase.quantize, phase.optimizer, phase.precision) == ("nf4", "adamw_8bit", "bf16")
        assert phase.gradient_checkpointing


def test_without_cuda_an_adapter_is_trained_in_full_precision():
    recall = _resolve("recall", base="some/model")
    assert (recall.quantize, recall.precision, recall.optimizer) == ("", "fp32", "adamw_torch")
    assert recall.lora is not None


def test_nano_computes_in_bfloat16_where_the_processor_does():
    settings = _settings()
    for has_bf16, precision in ((True, "bf16"), (False, "fp32")):
        chosen = resolve(settings, "recall", base="nano", has_cuda=False, has_bf16=has_bf16)
        assert chosen["precision"] == precision
    assert resolve(settings, "recall", base="x/y", has_cuda=False, has_bf16=True)["precision"] == "fp32"


def test_what_the_phase_says_wins():
    phases = {"recall": {"epochs": 5, "neftune_noise_alpha": 0, "trainer_args": {"adam_beta2": 0.98}}}
    recall = _resolve("recall", base="some/model", phases=phases, system_prompt="Hi.")
    assert (recall.epochs, recall.neftune, recall.system_prompt) == (5.0, 0.0, "Hi.")
    assert recall.trainer_args == {"adam_beta2": 0.98}


def test_an_increment_trains_shorter_and_at_a_lower_rate():
    settings = _settings()
    resolved = resolve(settings, "recall", base="nano", has_cuda=False)
    after = continued(resolved, settings["incremental"])
    assert after["learning_rate"] == pytest.approx(0.4 * resolved["learning_rate"])
    assert (after["epochs"], after["max_rows"]) == (2.0, 0)
    teach = continued(resolve(_settings(), "teach", base="nano", has_cuda=False), settings["incremental"])
    assert teach["max_rows"] == 150  # an increment of a sampled phase costs no more than the phase


def test_unknown_phase_is_named():
    with pytest.raises(TrainingError, match="`polish`"):
        resolve(_settings(), "polish", base="nano", has_cuda=False)


def test_a_base_that_is_not_ours_is_left_alone():
    assert locate("Qwen/Qwen3-8B") == "Qwen/Qwen3-8B"
