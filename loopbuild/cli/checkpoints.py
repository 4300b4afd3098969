"""A checkpoint as a screen: where it comes from, what it was trained on, and at what cost."""

from __future__ import annotations

from typing import Any

from loopbuild.cli.units import count, duration, table
from loopbuild.digest import digest, short


def checkpoint_text(name: str, record: dict[str, Any]) -> str:
    """Return the screen of `show checkpoint:PHASE`."""
    weights = short(digest("model", record["files"])) if record["files"] else "none"
    rows = [
        ["weights", f"{weights}{', an adapter of the base' if record['is_adapter'] else ''}"],
        ["base", record["base"]],
        ["phase", record["phase"]],
        ["came about", f"{_mode(record)}: {record['course']['reason']}"],
        ["increments", f"{record['increments']:,} since its fresh start"],
        *_figures(record),
    ]
    if record.get("libraries"):
        rows.append(["libraries", ", ".join(f"{one} {number}" for one, number in sorted(record["libraries"].items()))])
    rows += [["note", note] for note in record.get("notes", ())]
    rows.append(["files", f"{count(len(record['files']), 'file')} under .loopbuild/out/checkpoints/{record['phase']}/"])
    return f"{name}\n{table([[f'  {title}', told] for title, told in rows])}"


def _mode(record: dict[str, Any]) -> str:
    if record["mode"] == "continue":
        return f"continued from {short(record['parent'])}"
    return f"trained on weights {short(record['parent'])}" if record["parent"] else "trained on the base"


def _figures(record: dict[str, Any]) -> list[list[str]]:
    """What training took; nothing where this step only carried weights on."""
    if "rows" not in record:
        return [["trained on", "nothing: it carries the weights on as they are"]]
    aside = record.get("held_back")
    held = f"; {aside:,} more held back to watch the loss" if aside else ""
    replayed = f", {record['replayed']:,} of them replayed" if record["replayed"] else ""
    checked = record.get("validation_loss")
    return [
        ["trained on", f"{count(record['rows'], 'row')}{replayed}{held}"],
        ["tokens", f"{record['tokens']:,}, {record['supervised_tokens']:,} of them learned"],
        ["steps", f"{record['steps']:,}"],
        ["loss", f"{record['loss']:.3f}" + (f", {checked:.3f} on rows held back" if checked is not None else "")],
        ["time", duration(record["seconds"])],
    ]
