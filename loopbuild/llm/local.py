"""A trained checkpoint that answers: greedy decoding of many conversations at once, on CPU or CUDA.

Decides batching and when an answer ends; what the answer means is for `judging.decode`. The loop is our own because
answers differ in length: a row that is finished leaves the batch, where a general routine computes on to the longest.
At equal lengths the two are even (64 answers of 60 tokens: 2.0 against 2.2 CPU seconds on one thread).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from loopbuild.errors import LlmError, MissingExtra
from loopbuild.llm.constrained import CallGrammar, CallMask
from loopbuild.llm.remembered import Memory, remembers, start, take_out
from loopbuild.records import Decoding, Json

BATCH_ROWS = 64
BATCH_TOKENS = 65_536
"""Prompt tokens of one batch, padding included, at most."""
LOOP_TOKENS = 48
"""An answer whose last tokens are one group of at most `LOOP_PERIOD` tokens repeated is cut off, as truncated."""
LOOP_PERIOD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answer, without the token that ended it."""

    text: str
    """Special tokens such as `<tool_call>` kept."""
    prompt_tokens: int
    tokens: int
    is_truncated: bool
    """The answer did not end by itself."""
    decoding: Decoding = "free"


class LocalModel:
    """A loaded model; made by `load`. The same conversations give the same answers."""

    def __init__(self, model: Any, tokenizer: Any, *, device: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        self._stops = _stop_tokens(model, tokenizer)
        self._limit = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        self._grammar: CallGrammar | None = None
        self._memory = Memory() if remembers(model.config) else None

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        base: str = "",
        device: str = "auto",
        threads: int = 1,
        is_quantized: bool | None = None,
        may_download: bool = False,
    ) -> Self:
        """Load a checkpoint folder (a whole model, or an adapter on `base`), or a base model itself.

        `is_quantized` loads the base in 4 bits; None does so for an adapter that was trained on such a base. Raises
        LlmError when something is missing or unreadable.
        """
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
            from transformers import logging as transformers_logging
        except ImportError as exc:
            raise MissingExtra("a local model", extra="train") from exc
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        torch.set_num_threads(threads)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        options: dict[str, Any] = {
            "dtype": torch.bfloat16 if device == "cuda" else torch.float32,
            "local_files_only": not may_download,
        }
        if is_quantized is None:
            is_quantized = (Path(folder) / "quantized.json").is_file()
        if is_quantized:
            from transformers import BitsAndBytesConfig

            options["quantization_config"] = BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.bfloat16,
            )
            options["device_map"] = {"": 0 if device == "cuda" else device}
        described = Path(folder) / "adapter_config.json"
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=not may_download)
            if described.is_file():
                from peft import PeftModel

                place = base or json.loads(described.read_text(encoding="utf-8"))["base_model_name_or_path"]
                model = AutoModelForCausalLM.from_pretrained(place, **options)
                model = PeftModel.from_pretrained(model, str(folder))
                if not is_quantized:
                    model = model.merge_and_unload()
            else:
                model = AutoModelForCausalLM.from_pretrained(str(folder), **options)
        except (OSError, ValueError, KeyError, ImportError) as exc:
            first = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
            raise LlmError(f"model `{folder}` cannot be loaded: {first}", is_retryable=False) from exc
        if not is_quantized:
            model = model.to(device)
        return cls(model.eval(), tokenizer, device=device)

    def constrain(self, tools: Sequence[Json]) -> bool:
        """From now on decode calls under the schemas of `tools`; return False where this model's form is not known."""
        try:
            self._grammar = CallGrammar(self._tokenizer, tools)
        except ValueError:
            return False
        return True

    def complete(
        self,
        conversations: Sequence[Sequence[Mapping[str, Json]]],
        *,
        tools: Sequence[Json] | None = None,
        max_new_tokens: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[Completion]:
        """Return the next assistant turn of each conversation, in the order given.

        Messages are in the OpenAI form, without the turn to be written; `tools` are schemas shown in every prompt.
        `on_progress` gets (done, all) after each batch.
        """
        prompts = [self._prompt(conversation, tools) for conversation in conversations]
        made: dict[int, Completion] = {}
        waiting = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), prompts[index]))
        while waiting:
            batch = _next_batch(waiting, prompts)
            waiting = waiting[len(batch) :]
            answers = self._decode([prompts[index] for index in batch], max_new_tokens)
            for index, (ids, ended, is_steered) in zip(batch, answers, strict=True):
                made[index] = Completion(
                    text=self._tokenizer.decode(ids, skip_special_tokens=False),
                    prompt_tokens=len(prompts[index]),
                    tokens=len(ids),
                    is_truncated=not ended,
                    decoding="free" if self._grammar is None else "steered" if is_steered else "constrained",
                )
            if on_progress is not None:
                on_progress(len(made), len(prompts))
        return [made[index] for index in range(len(prompts))]

    def _prompt(self, conversation: Sequence[Mapping[str, Json]], tools: Sequence[Json] | None) -> list[int]:
        made = self._tokenizer.apply_chat_template(
            [_plain(message) for message in conversation],
            tools=list(tools) if tools else None,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
        )
        return list(made["input_ids"])

    def _decode(self, prompts: list[list[int]], max_new_tokens: int) -> list[tuple[list[int], bool, bool]]:
        import torch

        longest = max(map(len, prompts))
        answers: list[list[int]] = [[] for _ in prompts]
        ended = [False] * len(prompts)
        steered = [False] * len(prompts)
        room = min(max_new_tokens, self._limit - longest)
        if room <= 0:
            return list(zip(answers, ended, steered, strict=True))
        pad = self._tokenizer.pad_token_id or 0
        pasts = [self._memory.find(prompt) if self._memory else (None, 0) for prompt in prompts]
        cache, width = start(pasts) if self._memory else (None, 0)
        news = [prompt[length:] for prompt, (_, length) in zip(prompts, pasts, strict=True)]
        wide = max(map(len, news))
        ids = torch.tensor([[pad] * (wide - len(new)) + new for new in news], device=self._device)
        mask = torch.tensor(
            [
                [0] * (width - length) + [1] * length + [0] * (wide - len(new)) + [1] * len(new)
                for new, (_, length) in zip(news, pasts, strict=True)
            ],
            device=self._device,
        )
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, width:]
        alive = list(range(len(prompts)))
        masks: dict[int, CallMask] = {}
        """Row -> the call it is writing."""
        with torch.inference_mode():
            for _ in range(room):
                out = self._model(
                    input_ids=ids,
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
                cache = out.past_key_values
                logits = out.logits[:, -1]
                for place, row in enumerate(alive):
                    if row in masks:
                        refused = masks[row].refused(logits.shape[-1])
                        steered[row] |= bool(refused[int(logits[place].argmax())])
                        logits[place].masked_fill_(torch.from_numpy(refused).to(self._device), float("-inf"))
                tokens = logits.argmax(-1)
                going: list[int] = []
                for place, (row, token) in enumerate(zip(alive, tokens.tolist(), strict=True)):
                    if row in masks and not masks[row].take(token):
                        del masks[row]
                    elif self._grammar is not None and token == self._grammar.opening:
                        masks[row] = self._grammar.begin()
                    if token in self._stops:
                        ended[row] = True
                        if self._memory:
                            said = prompts[row] + answers[row]
                            self._memory.keep(prompts[row], take_out(cache, place, mask[place], said))
                    else:
                        answers[row].append(token)
                        if not repeats(answers[row]):
                            going.append(place)
                if not going:
                    break
                if len(going) < len(alive):
                    # Finished rows leave the batch: most answers are far shorter than the limit.
                    keep = torch.tensor(going, device=self._device)
                    cache.batch_select_indices(keep)
                    tokens, mask, positions = tokens[keep], mask[keep], positions[keep]
                    alive = [alive[place] for place in going]
                ids = tokens[:, None]
                mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
                positions = positions[:, -1:] + 1
        return list(zip(answers, ended, steered, strict=True))


def repeats(answer: Sequence[int]) -> bool:
    """Return whether the end of an answer is the same few tokens over and over.

    Greedy decoding never leaves such a loop: computing on to the limit would only cost time.
    """
    if len(answer) < LOOP_TOKENS:
        return False
    end = answer[-LOOP_TOKENS:]
    return any(end[period:] == end[:-period] for period in range(1, LOOP_PERIOD + 1))


def _next_batch(waiting: list[int], prompts: list[list[int]]) -> list[int]:
    """Take from the front, shortest first, as many rows as fit; always at least one."""
    made: list[int] = []
    for index in waiting[:BATCH_ROWS]:
        if made and len(prompts[index]) * (len(made) + 1) > BATCH_TOKENS:
            break
        made.append(index)
    return made


def _stop_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    told = getattr(model.generation_config, "eos_token_id", None)
    made = set(told) if isinstance(told, (list, tuple)) else {told}
    made.add(tokenizer.eos_token_id)
    made.add(tokenizer.get_vocab().get("<|im_end|>"))
    return frozenset(token for token in made if token is not None)


def _plain(message: Mapping[str, Json]) -> dict[str, Json]:
    """Drop marks of ours and bring arguments written as text to objects, as templates expect them."""
    kept = {key: value for key, value in message.items() if key != "loss"}
    kept["content"] = kept.get("content") or ""
    if kept.get("tool_calls"):
        calls = []
        for call in kept["tool_calls"]:
            function = call.get("function", call)
            arguments = function["arguments"]
            if isinstance(arguments, str):
                arguments = json.loads(arguments)
            calls.append({"type": "function", "function": {"name": function["name"], "arguments": arguments}})
        kept["tool_calls"] = calls
    return kept
