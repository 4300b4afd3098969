from __future__ import annotations

import sys
from pathlib import Path

import pytest

from loopbuild.errors import LlmError
from loopbuild.llm.local import LOOP_PERIOD, LOOP_TOKENS, LocalModel, repeats

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "stages" / "training"))
from tiny_training import build_base, rows


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return LocalModel.load(build_base(tmp_path_factory.mktemp("base")), device="cpu")


def _conversations(count):
    return [
        [{"role": "system", "content": "Be brief."}, *row.messages[: 1 + 2 * (i % 2)]]
        for i, row in enumerate(rows(count))
    ]


def test_batched_answers_equal_those_of_the_library_one_by_one(model):
    import torch

    conversations = _conversations(9)
    answers = model.complete(conversations, max_new_tokens=12)
    for conversation, answer in zip(conversations, answers, strict=True):
        ids = torch.tensor([model._prompt(conversation, None)])
        out = model._model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)
        told = [token for token in out[0, ids.shape[1] :].tolist() if token not in model._stops]
        assert answer.text == model._tokenizer.decode(told, skip_special_tokens=False)
        assert answer.prompt_tokens == ids.shape[1]
        assert answer.tokens == len(told)


def test_same_conversations_give_the_same_answers_in_any_order(model):
    conversations = _conversations(7)
    first = model.complete(conversations, max_new_tokens=8)
    assert model.complete(conversations[::-1], max_new_tokens=8) == first[::-1]


def test_finished_rows_do_not_disturb_those_that_go_on(model):
    conversations = _conversations(6)
    whole = model.complete(conversations, max_new_tokens=10)
    stop = model._tokenizer.encode(whole[0].text)[3]
    before, model._stops = model._stops, frozenset([stop])
    try:
        cut = model.complete(conversations, max_new_tokens=10)
    finally:
        model._stops = before
    for long, short in zip(whole, cut, strict=True):
        assert long.text.startswith(short.text)
    assert any(not answer.is_truncated for answer in cut)


def test_answer_without_an_end_is_truncated(model):
    (answer,) = model.complete(_conversations(1), max_new_tokens=2)
    assert answer.is_truncated
    assert answer.tokens == 2


def test_prompt_longer_than_the_context_gives_an_empty_truncated_answer(model):
    (answer,) = model.complete([[{"role": "user", "content": "role " * 600}]], max_new_tokens=4)
    assert answer.is_truncated
    assert answer.text == ""


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(LlmError, match="nowhere"):
        LocalModel.load(tmp_path / "nowhere", device="cpu")


def test_an_answer_that_goes_in_circles_is_seen():
    said = list(range(100, 160))
    assert not repeats(said)
    assert not repeats([7] * (LOOP_TOKENS - 1))
    assert repeats([*said, *[7] * LOOP_TOKENS])
    assert repeats([*said, *[1, 2, 3, 4, 5] * 12])
    assert not repeats([*said, *[1, 2, 3, 4, 5] * 12, 9])
    assert not repeats(list(range(LOOP_PERIOD + 1)) * 12)


def test_a_conversation_that_goes_on_is_answered_as_if_read_anew(model):
    """What was computed for earlier turns is used again; no answer may depend on that."""
    talks = _conversations(6)
    fresh = LocalModel(model._model, model._tokenizer, device="cpu")
    fresh._memory = None
    for turn in range(3):
        remembered = model.complete(talks, max_new_tokens=10 + turn)
        assert remembered == fresh.complete(talks, max_new_tokens=10 + turn)
        # Every second conversation goes on with a question of its own, one of them after other words than were said.
        talks = [
            [
                *talk,
                {"role": "assistant", "content": said.text if i else "Otherwise."},
                {"role": "user", "content": f"r{i}"},
            ]
            for i, (talk, said) in enumerate(zip(talks, remembered, strict=True))
            if i % 2 == 0
        ] + talks[1::2]


def test_only_what_is_new_in_a_prompt_is_computed(model):
    (talk,) = _conversations(1)
    read = []
    forward = model._model.forward

    def counting(*args, **kwargs):
        read.append(kwargs["input_ids"].shape[1])
        return forward(*args, **kwargs)

    before, model._stops = model._stops, frozenset(range(model._model.config.vocab_size))  # every answer ends at once
    model._model.forward = counting
    try:
        model.complete([talk], max_new_tokens=4)
        longer = [*talk, {"role": "assistant", "content": ""}, {"role": "user", "content": "And r2?"}]
        model.complete([longer], max_new_tokens=4)
    finally:
        model._model.forward = forward
        model._stops = before
    first, second = read
    assert first + second <= len(model._prompt(longer, None)) + 4


def test_what_is_remembered_stays_within_its_bytes(monkeypatch, model):
    from loopbuild.llm import remembered

    monkeypatch.setattr(remembered, "KEPT_BYTES", 40_000)
    model._memory = remembered.Memory()
    model.complete(_conversations(9), max_new_tokens=8)
    held = model._memory._kept.values()
    assert sum(one.size() for one in held) <= 40_000
