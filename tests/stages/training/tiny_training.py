"""Toy tools, rows and settings shared by the training tests."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from loopbuild.records import Example, Json, to_json
from loopbuild.stages.training.job import Lora, PhaseJob, PhaseReport, Settings
from loopbuild.stages.training.run import run_phase
from loopbuild.stages.training.train import train

TEMPLATE = """\
{%- set opening = messages[0].content if messages[0].role == 'system' else '' -%}
{%- if opening or tools -%}
    {{- '<|im_start|>system\\n' + opening -}}
    {%- for tool in tools or [] -%}
        {{- '\\n' + tool.function.name + '(' + (tool.function.parameters.properties | list | join(', ')) + ')' -}}
    {%- endfor -%}
    {{- '<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
    {%- if message.role == 'assistant' -%}
        {{- '<|im_start|>assistant\\n' -}}
        {%- generation -%}
        {{- message.content -}}
        {%- for call in message.tool_calls or [] -%}
            {{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' -}}
            {{- (call.function.arguments | tojson) + '}\\n</tool_call>' -}}
        {%- endfor -%}
        {{- '<|im_end|>' -}}
        {%- endgeneration -%}
        {{- '\\n' -}}
    {%- elif message.role == 'tool' -%}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' -}}
    {%- elif message.role == 'user' -%}
        {{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
]
ROLES = ["Nurse", "Cook", "Pilot", "Baker", "Judge", "Miner"]
TOOLS: dict[str, Json] = {
    f"hr/{name}": {
        "type": "function",
        "function": {
            "name": name,
            "description": "",
            "parameters": {"type": "object", "properties": {key: {"type": "string"} for key in keys}},
        },
    }
    for name, keys in {
        "get_role": ["role_id"],
        "list_roles": [],
        "close_role": ["role_id", "reason"],
        "find": ["name"],
    }.items()
}


def call(tool: str, arguments: Json) -> Json:
    return {"type": "function", "function": {"name": tool, "arguments": arguments}}


def example(index: int, *, tool: str = "hr/get_role", key: str = "") -> Example:
    name = ROLES[index % len(ROLES)]
    arguments = {"hr/get_role": {"role_id": f"r{index}"}, "hr/find": {"name": name}}.get(tool, {})
    return Example(
        key=key or f"row{index}",
        trajectory=f"t{index}",
        category="call",
        split="train",
        level="low",
        topology="single",
        writer="toy",
        messages=(
            {"role": "user", "content": f"Show the {name} role r{index}", "loss": False},
            {
                "role": "assistant",
                "content": "I look it up.",
                "tool_calls": [call(tool.split("/")[1], arguments)],
                "loss": True,
            },
            {"role": "tool", "content": json.dumps({"name": name}), "loss": False},
            {"role": "assistant", "content": f"It is {name}.", "loss": True},
        ),
        tools=(tool,),
        digest=f"d{index}",
    )


def rows(count: int) -> list[Example]:
    return [example(index, tool=("hr/get_role", "hr/find", "hr/list_roles")[index % 3]) for index in range(count)]


def build_base(folder: Path) -> Path:
    """Write two random layers, about 100,000 parameters, and a tokenizer."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from tokenizers.decoders import ByteLevel
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    torch.set_num_threads(1)
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = ByteLevel()
    texts = [json.dumps(to_json(row.messages)) for row in rows(40)]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        intermediate_size=128,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    Qwen3ForCausalLM(config).save_pretrained(str(folder))
    return folder


SETTINGS = Settings(
    preset="nano",
    epochs=2.0,
    learning_rate=3e-3,
    warmup=0.1,
    scheduler="cosine",
    optimizer="adamw_torch",
    weight_decay=0.01,
    neftune=0.0,
    batch_size=4,
    gradient_accumulation=1,
    max_length=256,
    max_rows=0,
    schemas_in_prompt=False,
    extra_tools=1,
    system_prompt="Be brief.",
    seed=0,
    validation=0.0,
    lora=None,
    quantize="",
    precision="fp32",
    gradient_checkpointing=False,
)
LORA = Lora(r=4, alpha=8, dropout=0.05, target_modules=("q_proj", "k_proj", "v_proj"))


def run(job: PhaseJob, **options: Any) -> PhaseReport:
    return run_phase(job, python=sys.executable, environment=os.environ, **options)


def weights(folder: str | Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file()}


def run_here(job: PhaseJob, *, stop_after: int = 0) -> PhaseReport:
    """Train in this process; with `stop_after`, ask it to stop once that many further steps are done."""
    told: list[Json] = []

    def is_stopping() -> bool:
        return bool(stop_after) and sum("step" in line for line in told) > stop_after

    from loopbuild.stages.training import trainer

    before, trainer.TELL_SECONDS = trainer.TELL_SECONDS, 0.0
    try:
        return train(job, tell=told.append, is_stopping=is_stopping)
    finally:
        trainer.TELL_SECONDS = before
