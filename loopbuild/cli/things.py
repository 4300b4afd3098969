"""One thing as a screen: a tool with its leaves, a row with its calls, words and verdict, a target's output."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from loopbuild.cli.checkpoints import checkpoint_text
from loopbuild.cli.datasets import dataset_text, pairs_text, since_text
from loopbuild.cli.plans import cells_text, graph_text
from loopbuild.cli.units import count, spent_text, table
from loopbuild.digest import short
from loopbuild.pipeline.judging import DEFERRED, JUDGE
from loopbuild.pipeline.lookups import Found, RowView
from loopbuild.pipeline.purging import GoneTool
from loopbuild.pipeline.shared import is_dialogue
from loopbuild.records import SchemaLeaf, from_json
from loopbuild.records.words import code_words, undecided_words

WIDTH = 100
_NAMING = ("duplicate_of", "near_duplicate_of", "self_bleu")
"""Reasons that name another row."""
_OUTCOMES = {"answer": "it answers something else", "state": "it leaves another state", "refused": "it is refused"}


def found_text(found: Found) -> str:
    """Return the screen of `loopbuild show`."""
    if found.tool:
        gone = f"\n{_gone(found.gone)}" if found.gone is not None else ""
        return _tool(found.tool) + (f"\nnote: {found.note}" if found.note else "") + gone
    if found.gone is not None:
        return _gone(found.gone)
    if found.rows:
        return "\n\n".join(_row(row) for row in found.rows)
    if found.since is not None:
        return f"{found.target}\n{dataset_text(found.output, since_text(found.since))}"
    return _target(found.target, found.output)


def found_json(found: Found) -> Any:
    """Return the stored records."""
    if found.tool:
        return found.tool
    if found.gone is not None:
        return asdict(found.gone)
    if found.rows:
        names = ("target", "key", "trajectory", "answer", "task", "example", "verdict", "selected", "pair",
                 "nearly_right", "judgement", "proposal")  # fmt: skip
        return [{name: getattr(row, name) for name in names} for row in found.rows]
    return found.output


def _tool(tool: dict[str, Any]) -> str:
    lines = [f"{tool['id']}  {tool['effect']}, about `{tool['entity']}`", f"  {tool['description']}"]
    sides = {"input": tool["inputs"], "output": tool["outputs"], "unsure": tool.get("guesses", [])}
    for side, leaves in sides.items():
        rows = []
        for leaf in leaves:
            known = from_json(SchemaLeaf, leaf)
            notes = [leaf["origin"] if side != "input" else "", leaf["kind"], leaf["format"]]
            notes += ["secret"] if known.is_sensitive else []
            notes += ["not looked into"] if known.is_opaque and leaf["pointer"] else []
            if leaf["enum"]:
                notes.append("one of " + ", ".join(map(str, leaf["enum"])))
            need = "" if side != "input" else "required" if leaf["is_required"] else "optional"
            types = "|".join(leaf["types"])
            rows.append(
                [f"  {side} {leaf['pointer']}", types, need, " ".join(filter(None, notes)), short(leaf["fingerprint"])]
            )
        if rows:
            lines.append(table(rows))
    span = tool["span"]
    if span and span["line"]:
        lines.append(f"  declared in {span['file']}:{span['line']}")
    return "\n".join(lines)


def _gone(gone: GoneTool) -> str:
    """What still knows a tool that is gone."""
    fate = f"`{gone.successor}` took its place" if gone.successor else "nothing took its place"
    lines = [f"{gone.tool}  gone; {fate}"]
    lines.append(f"  {count(gone.rows, 'training row')} about it, of which none teaches a call of it")
    for name, number in gone.learnt.items():
        lines.append(f"  {name} has learnt from {count(number, 'row')} that call it, and weights do not unlearn:")
        lines.append(f"    `loopbuild build --from-scratch {name.partition(':')[2]}` trains without them")
    return "\n".join(lines if gone.learnt else [*lines, "  no checkpoint here has learnt to call it"])


def _row(row: RowView) -> str:
    if row.pair:
        return _pair(row)
    if row.proposal:
        return "\n".join([f"{row.target}#{short(row.key)}  {row.proposal['tool']}", *_proposed(row.proposal)])
    lines = [f"{row.target}#{short(row.key)}  {_fate(row)}"]
    if row.example:
        example = row.example
        lines.append("  " + ", ".join(example[name] for name in ("split", "category", "topology", "level", "writer")))
        lines += [f"  {line}" for message in example["messages"] for line in _learned(message)]
    elif row.task or (row.answer and "words" in row.answer):
        words = row.task or row.answer["words"]
        lines += [f"  user       {turn}" for turn in words["user_turns"]]
    if row.answer:
        lines.append(f"  written by {row.answer['writer']}: {_usage(row.answer['usage'])}")
        refused = row.answer.get("refused_by")
        lines += [f"  refused by {refused['writer']}: {_cut(refused['detail'])}"] if refused else []
    if row.judgement:
        lines += [f"  {line}" for line in _judged(row.judgement, is_dropped=bool(row.selected))]
    if row.nearly_right:
        lines += [f"  {line}" for line in _near(row.nearly_right)]
    if row.trajectory and "steps" in row.trajectory:
        lines.append("  calls")
        for step in row.trajectory["steps"]:
            lines += [f"    {line}" for line in _step(step)]
    elif row.trajectory:
        unreachable = row.trajectory["unreachable"]
        lines.append(f"  no trajectory: {code_words(unreachable['reason'])}: {unreachable['detail']}")
    return "\n".join(lines)


def _near(other: dict[str, Any]) -> list[str]:
    """The other tool of two that are alike, with what tells them apart."""
    call, arguments = other["call"], _cut(json.dumps(other["call"]["arguments"], ensure_ascii=False))
    return [f"nearly right: {call['tool']}({arguments})", f"  run in its place: {_OUTCOMES[other['outcome']]}"]


def _pair(row: RowView) -> str:
    pair = row.pair
    lines = [
        f"{row.target}#{short(row.key)}  {pair['kind']}: {pair['fault']}",
        f"  bad because: {pair['proof']} ({pair['detail']})",
        f"  from row {short(pair['row'])}, decision {pair['turn'] + 1}",
    ]
    if pair.get("rest"):
        steps = ", ".join(str(step + 1) for step in pair["rest"])
        lines.append(f"  proven by running it and then the steps of the execution still to do: {steps}")
    for side in ("prompt", "chosen", "rejected"):
        lines.append(f"  {side}")
        lines += [f"    {line}" for message in pair[side] for line in _message(message)]
    return "\n".join(lines)


def _fate(row: RowView) -> str:
    verdict = row.selected or (
        [row.verdict["filter"], row.verdict["reason"], row.verdict["detail"]]
        if row.verdict and not row.verdict["kept"]
        else None
    )
    if verdict and verdict[0] != DEFERRED:
        name, reason, detail = verdict
        return f"dropped by `{name}`: {_reason(reason)}" + (f" ({detail})" if detail else "")
    if row.judgement is not None and (waiting := _waiting(row)):
        return waiting
    if row.answer and "unusable" in row.answer:
        unusable = row.answer["unusable"]
        why = f"not written: {code_words(unusable['reason'])} ({unusable['detail']})"
        return f"{why}; `--refresh {row.target}` asks its writers again"
    return "kept" if row.verdict else ""


def _waiting(row: RowView) -> str:
    """Why a row is neither kept nor dropped: it waits for a verdict."""
    if not row.judgement:
        return "deferred: the judge has not given a verdict yet; the next build asks it"
    why = row.judgement.get("deferred")
    if not why:
        return ""
    said = f"{undecided_words(why['reason'])} ({why['detail']})"
    return f"deferred: the judge gave no verdict: {said}; `--refresh judgements:main#{short(row.key)}` asks again"


def _judged(judgement: dict[str, Any], *, is_dropped: bool) -> list[str]:
    """What the judge said, and what that took."""
    if judgement.get("is_secret"):
        return ["not judged: it holds a secret, which no judge over the network is told"]
    if not judgement:
        return []
    said = judgement.get("verdict", "no verdict")
    if not is_dropped:  # else the first line has said it
        said += f": {code_words(judgement['reason'])}" if judgement.get("reason") else ""
        said += f" ({judgement['note']})" if judgement.get("note") else ""
    return [f"judged by {judgement['judge']}: {said}, {_usage(judgement['usage'])}"]


def _proposed(proposal: dict[str, Any]) -> list[str]:
    """What a model would pass to a tool, what of its answer counted for nothing, and what that took."""
    lines = [f"  {wanted} <- {tool} {given}" for wanted, tool, given in proposal["edges"]]
    if why := proposal.get("unusable"):
        lines.append(f"  no proposal: {undecided_words(why['reason'])} ({_cut(why['detail'])})")
    elif not lines:
        lines.append("  nothing is proposed")
    if proposal.get("unknown"):
        lines.append(f"  left out, for it names what was not shown: {proposal['unknown']}")
    return [*lines, f"  proposed by {proposal['proposer']}: {_usage(proposal['usage'])}"]


def _reason(code: str) -> str:
    """Return a reason in words; a row it names is shortened, so that `show` takes it."""
    head, _, about = code.partition(":")
    if head == JUDGE:
        return code_words(about)
    return code_words(f"{head}:{short(about)}" if head in _NAMING else code)


def _usage(usage: dict[str, Any]) -> str:
    amounts = {name: usage[name] for name in ("calls", "prompt_tokens", "completion_tokens", "usd")}
    served = f", answered by {', '.join(usage['served'])}" if usage["served"] else ""
    return f"{spent_text(amounts)}{served}"


def _message(message: dict[str, Any]) -> list[str]:
    role = message["role"]
    lines = []
    if message.get("content"):
        lines.append(f"{role:<10} {_cut(message['content'])}")
    for call in message.get("tool_calls") or ():
        function = call["function"]
        lines.append(f"{'call':<10} {function['name']}({_cut(json.dumps(function['arguments'], ensure_ascii=False))})")
    return lines


def _learned(message: dict[str, Any]) -> list[str]:
    """A message of a row; the assistant's that nobody is to learn, such as a call made on purpose to fail, say so."""
    lines = _message(message)
    if message["role"] == "assistant" and message.get("loss") is False and lines:
        lines[-1] += "  (not learned)"
    return lines


def _step(step: dict[str, Any]) -> list[str]:
    call, result = step["call"], step["result"]
    lines = [f"{call['tool']} -> {result['status']} {_cut(json.dumps(result['value'], ensure_ascii=False))}"]
    for pointer, source in sorted(call["provenance"].items()):
        origin = source["kind"]
        if origin == "tool":
            origin = f"result of step {source['step'] + 1} at {source['path']} ({source['rule']})"
        lines.append(f"  {pointer} from {origin}")
    return lines


def _target(name: str, output: Any) -> str:
    rows = output.get("rows") if isinstance(output, dict) else None
    if isinstance(rows, dict) and rows:
        keys = sorted(rows)
        shown = "\n".join(f"  {key[:16]}" for key in keys[:10])
        more = "\n  ..." if len(keys) > 10 else ""
        return f"{name}  {count(len(rows), 'row')}\n{shown}{more}" + _unreached(rows)
    if name == "dataset:main":
        return f"{name}\n{dataset_text(output)}"
    if name == "pairs:main":
        keys = sorted(output["pairs"])
        some = "\n".join(f"  {key[:16]}" for key in keys[:5])
        return f"{name}\n{pairs_text(output)}\n{some}"
    if name.startswith("graph:"):
        return f"{name}\n{graph_text(output)}"
    if name.startswith("cells:"):
        return f"{name}\n{cells_text(output)}"
    if name.startswith("checkpoint:"):
        return checkpoint_text(name, output)
    return f"{name}\n{_cut(json.dumps(output, indent=2, ensure_ascii=False), 6000)}"


def _unreached(rows: dict[str, Any]) -> str:
    """Say why rows of a table have no trajectory, the commonest reason first, each with a row to look at."""
    found: dict[str, list[str]] = {}
    planned = {key: row for key, row in rows.items() if isinstance(row, dict) and not is_dialogue(row)}
    for key, row in sorted(planned.items()):
        if "unreachable" in row:
            why = row["unreachable"]
            found.setdefault(f"{code_words(why['reason'])}: {why['detail']}", []).append(key)
    if not found:
        return ""
    reasons = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    lines = [[f"  {len(keys)}", keys[0][:8], reason] for reason, keys in reasons[:6]]
    told = table(lines, right=frozenset({0}))
    return f"\nnot reached: {sum(map(len, found.values()))} of {len(planned)}, each with one of its rows\n{told}"


def _cut(text: str, width: int = 4 * WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
