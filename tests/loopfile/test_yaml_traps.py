"""What YAML 1.1 reads as something else, and what no loop.yaml may hold: each with its place."""

# ruff: noqa: E501 -- tables of whole messages: one line of the table is one line of the screen

from __future__ import annotations

from typing import Any

import pytest
from loopfiles import HEAD, Folder

READ = [
    ("graph: {min_score: 2e-4}\n", ("graph", "min_score"), 0.0002),
    ("training: {phases: {teach: {learning_rate: 8e-5}}}\n", ("training", "phases", "teach", "learning_rate"), 8e-5),
    ("graph: {min_score: .5}\n", ("graph", "min_score"), 0.5),
    ("graph: {min_score: 1}\n", ("graph", "min_score"), 1.0),
    ("training: {phases: {on: {}, off: {}, yes: {}, no: {}}}\n", ("training", "phases"), ["on", "off", "yes", "no"]),
    ("graph: {entities: {null: a, 1: b, true: c}}\n", ("graph", "entities"), {"null": "a", "1": "b", "true": "c"}),
    ("sampling: {user_known: [on, Off, yes, N]}\n", ("sampling", "user_known"), ("on", "Off", "yes", "N")),
    ("sampling: {user_known: [12:30, 1:30:00]}\n", ("sampling", "user_known"), ("12:30", "1:30:00")),
    ("training: {base: 2024-01-02}\n", ("training", "base"), "2024-01-02"),
    ("training: {base: '010'}\n", ("training", "base"), "010"),
    ("evaluation: {compare_base: False}\n", ("evaluation", "compare_base"), False),
    ("training: {system_prompt: ~}\n", ("training", "system_prompt"), None),
]

REFUSED = [
    (
        "sampling:\n  per_tool: 010\n",
        '5:13 bad-value: `010` begins with a zero: octal or decimal? (write `10` for the number, or `"010"` for text)',
    ),
    (
        "sampling:\n  per_tool: 0x1F\n",
        '5:13 bad-value: `0x1F` is not a decimal number (write the number in decimal, or `"0x1F"` for text)',
    ),
    (
        "sampling:\n  per_tool: 0o17\n",
        '5:13 bad-value: `0o17` is not a decimal number (write the number in decimal, or `"0o17"` for text)',
    ),
    (
        "sampling:\n  per_tool: 1_000\n",
        '5:13 bad-value: `1_000` holds an underscore: a number or text? (write `1000` for the number, or `"1_000"` for text)',
    ),
    ("sampling:\n  per_tool: 12:30\n", "5:13 wrong-type: `per_tool` must be a whole number, not the text `12:30`"),
    ("training:\n  base: 1.10\n", '5:9 wrong-type: `base` must be text, not `1.10` (quote it: `"1.10"`)'),
    ("training:\n  base: true\n", '5:9 wrong-type: `base` must be text, not `true` (quote it: `"true"`)'),
    ("graph:\n  min_score: .nan\n", "5:14 bad-value: `.nan` is not a finite number"),
    ("graph:\n  min_score: -.inf\n", "5:14 bad-value: `-.inf` is not a finite number"),
    ("graph:\n  min_score: 1e400\n", "5:14 bad-value: `1e400` is larger than any number can be"),
    (
        "evaluation: {compare_base: on}\n",
        "4:28 wrong-type: `compare_base` must be `true` or `false`, not the text `on` (write `true`)",
    ),
    (
        "evaluation: {compare_base: No}\n",
        "4:28 wrong-type: `compare_base` must be `true` or `false`, not the text `No` (write `false`)",
    ),
    ("on: 1\n", "4:1 unknown-key: unknown key `on` (`loopbuild schema` lists every key)"),
    ("null: 1\n", "4:1 unknown-key: unknown key `null` (`loopbuild schema` lists every key)"),
    ("1: 1\n", "4:1 unknown-key: unknown key `1` (`loopbuild schema` lists every key)"),
    (
        "graph: {min_score: 0.5}\nsampling: {}\ngraph: {min_score: 0.6}\n",
        "6:1 duplicate-key: key `graph` is given twice, first on line 4 (line 4 has `graph: {min_score: 0.5}`; keep one of the two)",
    ),
    ("graph: &g {min_score: 0.5}\n", "4:8 alias: anchor `&g` is not allowed (write the value out where it is used)"),
    ("sampling: *g\n", "4:11 alias: alias `*g` is not allowed (write the value out)"),
    ("graph:\n  <<: {min_score: 0.5}\n", "5:3 alias: merge key `<<` is not allowed (write the keys out)"),
    (
        "---\nversion: 1\n",
        "4:1 not-yaml: a second document begins here (keep one document in a file; `---` begins another)",
    ),
    ("graph:\n\tmin_score: 0.5\n", "5:1 not-yaml: a tab in the indentation (indent with spaces)"),
    (
        "training:\n  base: !!python/object/apply:os.system [ls]\n",
        "5:9 not-json: tag `!!python/object/apply:os.system` is not allowed (only plain values are read)",
    ),
    ("training: {base: !!str nano}\n", "4:18 not-json: tag `!!str` is not allowed (only plain values are read)"),
    ("training: {base: !include x}\n", "4:18 not-json: tag `!include` is not allowed (only plain values are read)"),
    ("graph: {min_score: 0.5\n", "4:8 not-yaml: not YAML: this bracket is not closed, or a comma is missing in it"),
    ("training: {base: 'nano}\n", "4:18 not-yaml: not YAML: a quote is not closed"),
    ("training: {base: @nano}\n", "4:18 not-yaml: not YAML: a value cannot begin with this character (quote it)"),
    (
        "graph: min_score: 0.5\n",
        "4:17 not-yaml: not YAML: a `:` where no key can be (quote text that holds `: `, or add the `:` missing above)",
    ),
    (
        "graph:\n  min_score 0.5\n  per_input: 3\n",
        "6:12 not-yaml: not YAML: a `:` where no key can be (quote text that holds `: `, or add the `:` missing above)",
    ),
    (
        "graph:\n    min_score: 0.5\n  per_input: 3\n",
        "6:3 not-yaml: not YAML: a list or key where none can be (check the indentation and the brackets above)",
    ),
    ("? [a, b]\n: 1\n", "4:3 not-json: a key is a mapping or a list, not text"),
    ("training: {base: a\x07b}\n", "4:19 not-yaml: character U+0007 is not allowed"),
    ("graph: " + "[" * 20_000, "4:207 too-deep: nested deeper than 200 levels"),
]


@pytest.mark.parametrize(("text", "path", "value"), READ)
def test_scalars_mean_what_they_say(folder: Folder, text: str, path: tuple[str, ...], value: Any) -> None:
    setting: Any = folder.load(HEAD + text).loopfile.model_dump()
    for part in path:
        setting = setting[part]
    assert (list(setting) if isinstance(value, list) else setting) == value
    assert type(value) is list or type(setting) is type(value)


@pytest.mark.parametrize(("text", "line"), REFUSED)
def test_traps_are_refused_where_they_stand(folder: Folder, text: str, line: str) -> None:
    assert folder.lines(HEAD + text) == [line]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\n\n", "---\n", "null\n"])
def test_empty_file_is_its_own_message(folder: Folder, text: str) -> None:
    assert folder.lines(text) == ["1:1 empty: `loop.yaml` is empty (`loopbuild init` writes a first one)"]


@pytest.mark.parametrize("text", ["- hr\n", "hr\n", "3\n"])
def test_file_that_is_no_mapping_is_refused(folder: Folder, text: str) -> None:
    hint = "`loopbuild init` writes a first one"
    assert folder.lines(text) == [f"1:1 wrong-type: `loop.yaml` must be a mapping of sections ({hint})"]


def test_bytes_that_are_not_utf_8_are_placed(folder: Folder) -> None:
    assert folder.lines(b"version: 1\nsources:\n  hr: {kind: toolspec, path: \xff}\n") == [
        "3:30 not-yaml: byte 0xFF at offset 49 is not UTF-8 (save the file as UTF-8)"
    ]
    assert folder.lines(HEAD.encode("utf-16")) == [
        "1:1 not-yaml: `loop.yaml` is UTF-16 or UTF-32, not UTF-8 (save the file as UTF-8)"
    ]


def test_byte_order_mark_and_windows_line_ends_move_no_place(folder: Folder) -> None:
    plain = HEAD + "training: {sed: 1}\n"
    marked = b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode()
    assert folder.lines(marked) == folder.lines(plain) == ["4:12 unknown-key: unknown key `sed` (did you mean `seed`?)"]


def test_columns_count_characters_not_bytes(folder: Folder) -> None:
    """Neither bytes nor UTF-16 units, and a line separator inside a comment is no line end."""
    text = HEAD + '# é \u2028 😀\ntraining: {base: "😀é", sed: 1}\n'
    assert folder.lines(text) == ["5:24 unknown-key: unknown key `sed` (did you mean `seed`?)"]


def test_what_was_found_before_a_broken_line_is_reported_too(folder: Folder) -> None:
    assert folder.lines(HEAD + "hr: 010\nhr: 1\ngraph: [\n") == [
        '4:5 bad-value: `010` begins with a zero: octal or decimal? (write `10` for the number, or `"010"` for text)',
        "5:1 duplicate-key: key `hr` is given twice, first on line 4 (line 4 has `hr: 010`; keep one of the two)",
        "6:8 not-yaml: not YAML: this bracket is not closed, or a comma is missing in it",
    ]
