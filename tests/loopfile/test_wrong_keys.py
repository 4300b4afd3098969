"""Keys and values that do not fit the records: one mistake is one diagnostic, at the key or value that is wrong."""

# ruff: noqa: E501 -- tables of whole messages: one line of the table is one line of the screen

from __future__ import annotations

import pytest
from loopfiles import HEAD, Folder

from loopbuild.loopfile.model import Loopfile
from loopbuild.loopfile.shape import kind_of, locate, sections_of

IN_SECTIONS = [
    (
        "training:\n  phases:\n    teach:\n",
        ["6:5 wrong-type: `teach` must be a mapping, not null (write `teach: {}` for its defaults)"],
    ),
    (
        "sandbox: {kind: mcp, command: [x], state: {kind: sqlite, path: a, sqlite: 1, mcp: 2}}\n",
        [
            "4:67 unknown-key: unknown key `sqlite` (keys here: `kind` and `path`)",
            "4:78 unknown-key: unknown key `mcp` (keys here: `kind` and `path`)",
        ],
    ),
    (
        "sandbox: {kind: docker}\n",
        [
            "4:17 unknown-kind: unknown sandbox kind `docker` (known are `simulated`, `mcp`, `http`, `python` and "
            "`recorded`)"
        ],
    ),
    (
        "sandbox: simulated\n",
        ["4:10 wrong-type: `sandbox` must be a mapping, not the text `simulated` (write `{kind: simulated}`)"],
    ),
    (
        "training:\n  phases:\n    Teach: {}\n",
        ["6:5 bad-value: `Teach` is not a name: small letters, digits, `_` and `-`, a letter first, 32 at most"],
    ),
    ("filters: [shema]\n", ["4:11 unknown-kind: unknown filter kind `shema` (did you mean `schema`?)"]),
    (
        "filters:\n  - schema\n  - {dedup: {threshold: 0.85}}\n",
        ["6:14 unknown-key: unknown key `threshold` (`threshold` belongs to `kind: near_duplicates`)"],
    ),
    (
        "filters:\n  - {diversity: {max_share: 2}}\n  - {diversty: {}}\n",
        [
            "5:29 bad-value: `max_share` must be at most 1, not `2` (a share: write `0.02` for 2%)",
            "6:6 unknown-kind: unknown filter kind `diversty` (did you mean `diversity`?)",
        ],
    ),
    (
        "filters:\n  - diversity: 3\n  - {kind: dedup, threshold: 1}\n  - 3\n  - {schema: {}, contract: {}}\n  - {dedup: {kind: schema}}\n",
        [
            "5:16 wrong-type: `diversity` must be a mapping, not `3`",
            "6:19 unknown-key: unknown key `threshold` (`threshold` belongs to `kind: near_duplicates`)",
            "7:5 wrong-type: `filters[2]` must be a mapping, not `3`",
            "8:5 missing-key: missing key `kind` in `filters[3]` (`kind` is one of `schema`, `contract`, `danger`, `provenance`, `execution`, `controls`, `dedup`, `near_duplicates`, `self_bleu`, `diversity`, `quota` or `judge`)",
            "9:14 unknown-key: unknown key `kind`",
        ],
    ),
    ("filters: schema\n", ["4:10 wrong-type: `filters` must be a list, not the text `schema` (write `[schema]`)"]),
    ("sampling: {per_tool: true}\n", ["4:22 wrong-type: `per_tool` must be a whole number, not `true`"]),
    (
        'sampling: {per_tool: "60"}\n',
        ["4:22 wrong-type: `per_tool` must be a whole number, not the text `60` (write it without quotes: `60`)"],
    ),
    ("sampling: {per_tool: 60.0}\n", ["4:22 wrong-type: `per_tool` must be a whole number, not `60.0` (write `60`)"]),
    ("sampling: {per_tool: 60.5}\n", ["4:22 wrong-type: `per_tool` must be a whole number, not `60.5`"]),
    ("graph: {min_score: true}\n", ["4:20 wrong-type: `min_score` must be a number, not `true`"]),
    (
        'graph: {min_score: "0.5"}\n',
        ["4:20 wrong-type: `min_score` must be a number, not the text `0.5` (write it without quotes: `0.5`)"],
    ),
    (
        "graph: {min_score: 60}\n",
        ["4:20 bad-value: `min_score` must be at most 1, not `60` (a share: write `0.6` for 60%)"],
    ),
    ("graph: {min_score: -1}\n", ["4:20 bad-value: `min_score` must be at least 0, not `-1`"]),
    ("sampling: {per_tool: 0}\n", ["4:22 bad-value: `per_tool` must be at least 1, not `0`"]),
    ("training: {epochs: 3}\n", ["4:12 unknown-key: unknown key `epochs` (`epochs` belongs under `training.phases`)"]),
    (
        "training: {phases: {teach: {r: 3}}}\n",
        ["4:29 unknown-key: unknown key `r` (`r` belongs under `training.lora`)"],
    ),
    ("max_steps: 3\n", ["4:1 unknown-key: unknown key `max_steps` (`max_steps` belongs under `sampling`)"]),
    (
        "evaluation: {frobnicate: 3}\n",
        [
            "4:14 unknown-key: unknown key `frobnicate` (keys here: `held_out`, `per_tool`, `max_calls`, `max_new_tokens`, `constrained_decoding`, `gate` and `compare_base`)"
        ],
    ),
    ("trainning: {}\n", ["4:1 unknown-key: unknown key `trainning` (did you mean `training`?)"]),
    (
        "training: {preset: qlora}\n",
        [
            "4:20 bad-value: `preset` must be `auto`, `nano`, `qlora-12gb` or `full`, not `qlora` (did you mean `qlora-12gb`?)"
        ],
    ),
    (
        "synthesis: {levels: [low, hihg]}\n",
        ["4:27 bad-value: `synthesis.levels[1]` must be `low` or `high`, not `hihg` (did you mean `high`?)"],
    ),
    ("synthesis: {levels: low}\n", ["4:21 wrong-type: `levels` must be a list, not the text `low` (write `[low]`)"]),
    (
        "synthesis: {writers: [offline]}\n",
        [
            "4:23 wrong-type: `synthesis.writers[0]` must be a mapping, not the text `offline` (write `{model: offline}`)"
        ],
    ),
    ("graph: {edges: [a]}\n", ["4:9 wrong-type: `edges` must be a mapping, not a list"]),
    (
        "graph:\nsampling:\n  seed:\n",
        [
            "4:1 wrong-type: `graph` must be a mapping, not null (leave the key out for its default)",
            "6:3 wrong-type: `seed` must be a whole number, not null (leave the key out for its default)",
        ],
    ),
    (
        "evaluation: {held_out: 20}\n",
        ["4:24 bad-value: `held_out` must be at most 1, not `20` (a share: write `0.2` for 20%)"],
    ),
    (
        "evaluation: {gate: {tool_selection: 90}}\n",
        ["4:37 bad-value: `tool_selection` must be at most 1, not `90` (a share: write `0.9` for 90%)"],
    ),
    ("training: {phases: {teach: {epochs: 0}}}\n", ["4:37 bad-value: `epochs` must be more than 0, not `0`"]),
]
IN_SOURCES = [
    ("version: 1\nsources:\n  hr:\n", ["3:3 wrong-type: `hr` must be a mapping, not null"]),
    (
        "version: 1\nsources:\n  hr:\n    kind: mcp\n    command: [x]\n    comand: [npx, hr-server]\n",
        ["6:5 unknown-key: unknown key `comand` (did you mean `command`?)"],
    ),
    (
        "version: 1\nsources:\n  hr: {kind: mcp, command: [x], mcp: 1}\n",
        ["3:33 unknown-key: unknown key `mcp` (`loopbuild schema` lists every key)"],
    ),
    (
        "version: 1\nsources:\n  mcp: {kind: mcp, command: 3}\n",
        ["3:29 wrong-type: `command` must be a list, not `3` (write `[3]`)"],
    ),
    ("version: 1\nsources:\n  kind: {kind: toolspec}\n", ["3:3 missing-key: missing key `path` in `sources.kind`"]),
    ("version: 1\nsources:\n  hr:\n    kind: toolspec\n", ["3:3 missing-key: missing key `path` in `sources.hr`"]),
    (
        "sources:\n  hr: {kind: toolspec, path: hr.json}\n",
        ["1:1 missing-key: missing key `version` (write `version: 1` above the other keys)"],
    ),
    (
        "version: 1\n",
        [
            "1:1 missing-key: missing key `sources` (name one source: `sources: {hr: {kind: toolspec, path: tools/hr.json}}`)"
        ],
    ),
    (
        "graph: {}\n",
        [
            "1:1 missing-key: missing key `version` (write `version: 1` above the other keys)",
            "1:1 missing-key: missing key `sources` (name one source: `sources: {hr: {kind: toolspec, path: tools/hr.json}}`)",
        ],
    ),
    (
        "version: 2\nsources:\n  hr: {kind: toolspec, path: hr.json}\n",
        ["1:10 bad-value: `version` must be `1`, not `2`"],
    ),
    ("version: 1\nsources: {}\n", ["2:1 bad-value: `sources` is empty"]),
    ("version: 1\nsources:\n", ["2:1 wrong-type: `sources` must be a mapping, not null"]),
    ("version: 1\nsources: [hr.json]\n", ["2:1 wrong-type: `sources` must be a mapping, not a list"]),
    (
        "version: 1\nsources:\n  hr: hr.json\n",
        [
            "3:7 wrong-type: `hr` must be a mapping, not the text `hr.json` (its `kind` is one of `toolspec`, `mcp`, `openapi` or `python`)"
        ],
    ),
    (
        "version: 1\nsources:\n  hr:\n    kind: toolspek\n    path: hr.json\n",
        ["4:11 unknown-kind: unknown source kind `toolspek` (did you mean `toolspec`?)"],
    ),
    (
        "version: 1\nsources:\n  hr: {path: hr.json}\n",
        [
            "3:3 missing-key: missing key `kind` in `sources.hr` (`kind` is one of `toolspec`, `mcp`, `openapi` or `python`)"
        ],
    ),
    (
        "version: 1\nsources:\n  hr: {kind: 3, path: hr.json}\n",
        ["3:14 unknown-kind: unknown source kind `3` (known are `toolspec`, `mcp`, `openapi` and `python`)"],
    ),
    (
        "version: 1\nsources:\n  hr: {kind: [toolspec], path: hr.json}\n",
        ["3:8 wrong-type: `kind` must be text, not a list"],
    ),
    (
        "version: 1\nsources:\n  hr:\n    kind: toolspec\n    path: hr.json\n    sandbox: {kind: simulatd}\n",
        ["6:21 unknown-kind: unknown sandbox kind `simulatd` (did you mean `simulated`?)"],
    ),
    (
        "version: 1\nsources:\n  HR: {kind: toolspec, path: hr.json}\n  a b: {kind: toolspec, path: hr.json}\n",
        [
            "3:3 bad-value: `HR` is not a name: small letters, digits, `_` and `-`, a letter first, 32 at most",
            "4:3 bad-value: `a b` is not a name: small letters, digits, `_` and `-`, a letter first, 32 at most",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), IN_SECTIONS)
def test_each_mistake_is_shown_once_where_it_stands(folder: Folder, text: str, expected: list[str]) -> None:
    assert folder.lines(HEAD + text) == expected


@pytest.mark.parametrize(("text", "expected"), IN_SOURCES)
def test_sources_and_the_top_level_show_each_mistake_once(folder: Folder, text: str, expected: list[str]) -> None:
    assert folder.lines(text) == expected


def test_all_mistakes_come_at_once_in_file_order(folder: Folder) -> None:
    text = "version: 1\nsources:\n  hr: {kind: toolspec, path: none.json, pth: x}\ngraph: {min_score: 2}\nfilters: [shema]\n"
    assert [line.partition(": ")[0] for line in folder.lines(text)] == [
        "3:30 missing-file",
        "3:41 unknown-key",
        "4:20 bad-value",
        "5:11 unknown-kind",
    ]


def test_the_tag_of_a_union_is_dropped_and_a_key_spelled_like_it_is_kept() -> None:
    settings = {"sources": {"mcp": {"kind": "mcp", "mcp": {"mcp": 1}}}}
    assert locate(("sources", "mcp", "mcp", "mcp", "mcp"), settings)[0] == ("sources", "mcp", "mcp", "mcp")
    assert locate(("sources", "mcp", "mcp", "command", 0), settings)[0] == ("sources", "mcp", "command", 0)
    assert locate(("sources", "mcp", "mcp"), settings)[0] == ("sources", "mcp")
    assert locate(("sources", "Bad", "[key]"), settings)[0] == ("sources", "Bad")
    optional = {"sources": {"hr": {"kind": "toolspec", "sandbox": {"kind": "simulated"}}}}
    path, _ = locate(("sources", "hr", "toolspec", "sandbox", "simulated", "fixtures"), optional)
    assert path == ("sources", "hr", "sandbox", "fixtures")


def test_every_record_chosen_by_kind_has_exactly_one_kind() -> None:
    for field in Loopfile.model_fields.values():
        sections = sections_of(field.annotation)
        assert len(sections) == 1 or all(kind_of(section) for section in sections)


def test_the_three_spellings_of_a_filter_are_one(folder: Folder) -> None:
    bare, named, long = (
        folder.load(HEAD + f"filters: [{spelled}]\n").loopfile.filters
        for spelled in ("diversity", "{diversity: {floor: 4}}", "{kind: diversity, floor: 4}")
    )
    assert bare == named == long
    assert folder.load(HEAD + "filters: [{dedup: }]\n").loopfile.filters[0].kind == "dedup"


def test_whole_numbers_are_a_spelling_of_numbers(folder: Folder) -> None:
    """3 and 3.0 must not give two digests."""
    one, other = (folder.load(HEAD + f"synthesis: {{budget_usd: {n}}}\n").loopfile for n in ("3", "3.0"))
    assert one.model_dump_json() == other.model_dump_json()
