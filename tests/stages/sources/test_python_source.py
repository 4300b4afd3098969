"""Python modules as sources: read as text by default, run in a child process where the author says so."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from loopbuild.errors import SourceError
from loopbuild.records import DeclaredTool, Listing
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.python import read
from loopbuild.stages.sources.python.importing import list_imported
from loopbuild.stages.sources.python.nearby import imported

pytest.importorskip("griffe")


def listing(code: str, *, module: str = "app.tools", beside: Any = None, **settings: Any) -> Listing:
    others = {path: text.encode() for path, text in (beside or {}).items()}
    return read("app", code.encode(), file="app/tools.py", settings={"module": module, **settings}, beside=others)


def only(code: str, **more: Any) -> DeclaredTool:
    (tool,) = listing(code, **more).tools
    return tool


def parameter(annotation: str, *, above: str = "") -> Any:
    """The schema of one parameter."""
    tool = only(f"from typing import *\nimport datetime, uuid\n{above}\ndef f(x: {annotation}): ...")
    return tool.input_schema["properties"]["x"]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("float", {"type": "number"}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("Sequence[str]", {"type": "array", "items": {"type": "string"}}),
        ("set[str]", {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        ("dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("str | None", {"type": ["string", "null"]}),
        ("Optional[int]", {"type": ["integer", "null"]}),
        ("Union[int, str]", {"type": ["integer", "string"]}),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("'list[str]'", {"type": "array", "items": {"type": "string"}}),
        ("Annotated[int, Field(gt=3, le=9, description='how many')]",
         {"type": "integer", "exclusiveMinimum": 3, "maximum": 9, "description": "how many"}),
        ("Annotated[str, 'the name']", {"type": "string", "description": "the name"}),
        ("datetime.date", {"type": "string", "format": "date"}),
        ("uuid.UUID", {"type": "string", "format": "uuid"}),
        ("Any", {}),
        ("list", {"type": "array"}),
        ("Mapping[str, Any]", {"type": "object"}),
    ],
)  # fmt: skip
def test_an_annotation_means_what_a_caller_may_write(annotation: str, schema: Any) -> None:
    assert parameter(annotation) == schema


@pytest.mark.parametrize(
    ("above", "properties", "required"),
    [
        ("from dataclasses import *\n@dataclass\nclass C:\n  a: int\n  b: str = 'x'\n"
         "  c: list = field(default_factory=list)",
         {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}, "c": {"type": "array"}}, ["a"]),
        ("class C(TypedDict, total=False):\n  a: int", {"a": {"type": "integer"}}, None),
        ("class C(NamedTuple):\n  a: int\n  b: int = 2",
         {"a": {"type": "integer"}, "b": {"type": "integer", "default": 2}},
         ["a"]),
        ("from pydantic import *\nclass B(BaseModel):\n  a: int = Field(..., ge=1)\n"
         "class C(B):\n  b: ClassVar[int] = 3\n  c: str = Field('x', max_length=3)",
         {"a": {"type": "integer", "minimum": 1}, "c": {"type": "string", "maxLength": 3, "default": "x"}}, ["a"]),
    ],
)  # fmt: skip
def test_a_class_of_fields_is_an_object(above: str, properties: Any, required: Any) -> None:
    tool = only(f"from typing import *\n{above}\ndef f(x: C): ...")
    assert tool.input_schema["properties"]["x"] == {"$ref": "#/$defs/C"}
    found = tool.input_schema["$defs"]["C"]
    assert found["properties"] == properties
    assert found.get("required") == required


def test_an_enum_gives_its_values_also_as_a_default() -> None:
    code = (
        "from enum import Enum\nclass Color(Enum):\n  RED = 'red'\n  BLUE = 'blue'\ndef f(x: Color = Color.BLUE): ..."
    )
    assert only(code).input_schema["properties"]["x"] == {
        "type": "string",
        "enum": ["red", "blue"],
        "default": "blue",
    }


def test_a_class_that_holds_itself_is_a_shared_definition() -> None:
    code = "from dataclasses import *\n@dataclass\nclass Node:\n  next: 'Node | None' = None\ndef f() -> Node: ..."
    tool = only(code)
    assert tool.output_schema["$ref"] == "#/$defs/Node"
    assert tool.output_schema["$defs"]["Node"]["properties"]["next"]["anyOf"][0] == {"$ref": "#/$defs/Node"}


def test_a_new_type_names_whose_id_it_is() -> None:
    code = "from typing import *\nRoleId = NewType('RoleId', str)\ndef f(x: RoleId) -> list[RoleId]: ..."
    (tool,) = build_catalog([listing(code)]).tools
    leaves = [(leaf.pointer, leaf.kind, leaf.entity) for leaf in (*tool.inputs, *tool.outputs)]
    assert leaves == [("/x", "id", "role"), ("/[]", "id", "role")]


def test_only_public_functions_of_the_module_itself_are_tools() -> None:
    code = "from other import g\ndef f(): ...\ndef _h(): ...\nasync def k(): ...\nclass C:\n  def m(self): ..."
    assert [tool.name for tool in listing(code).tools] == ["f", "k"]
    assert [tool.name for tool in listing("__all__ = ['f']\n" + code).tools] == ["f"]


def test_methods_of_a_class_are_tools_without_their_first_parameter() -> None:
    code = """class C:
    def a(self, x: int): ...
    @classmethod
    def b(cls, x: int): ...
    @staticmethod
    def c(x: int): ...
    @property
    def d(self) -> int: ...
"""
    found = listing(code, module="app.tools:C")
    assert [(tool.name, list(tool.input_schema["properties"])) for tool in found.tools] == [
        ("a", ["x"]),
        ("b", ["x"]),
        ("c", ["x"]),
    ]
    with pytest.raises(SourceError, match="defines no class `D`"):
        listing(code, module="app.tools:D")


def test_contexts_go_and_open_keywords_open_the_object() -> None:
    tool = only("from mcp import Context\ndef f(ctx: Context, x: int, *rest: int, **more: int): ...")
    assert tool.input_schema == {
        "type": "object",
        "properties": {"x": {"type": "integer"}},
        "required": ["x"],
        "additionalProperties": True,
    }


@pytest.mark.parametrize(
    "docstring",
    [
        "Read it.\n\n    Args:\n        x: The x.\n\n    Returns:\n        list[str]: The names.\n    ",
        "Read it.\n\n    Parameters\n    ----------\n    x : int\n        The x.\n\n"
        "    Returns\n    -------\n    list[str]\n        The names.\n    ",
        "Read it.\n\n    :param x: The x.\n    :type x: int\n    :returns: The names.\n    :rtype: list[str]\n    ",
    ],
    ids=["google", "numpy", "sphinx"],
)
def test_docstrings_describe_and_their_types_are_guesses(docstring: str) -> None:
    tool = only(f'def f(x):\n    """{docstring}"""')
    assert tool.description == "Read it."
    assert tool.input_schema["properties"]["x"]["description"] == "The x."
    assert tool.output_schema == {"type": "array", "items": {"type": "string"}, "description": "The names."}
    assert tool.output_origin == "guessed"
    (made,) = build_catalog([listing(f'def f(x):\n    """{docstring}"""')]).tools
    assert ([leaf.origin for leaf in made.guesses], made.outputs) == (["guessed"], ())


def test_prose_in_place_of_a_type_is_none() -> None:
    tool = only('def f(x):\n    """Read.\n\n    Returns:\n        list of the roles: all of them\n    """')
    assert (tool.output_schema, tool.output_origin) == (None, "none")


def test_an_unknown_type_allows_anything_and_is_named() -> None:
    found = listing("from elsewhere import Strange\ndef f(x: Strange) -> int: ...")
    assert found.tools[0].input_schema["properties"] == {"x": {}}
    (item,) = found.diagnostics
    assert item.message == "function `f`: `Strange` cannot be read as a type and allows anything"
    assert item.span is not None
    assert (item.span.line, item.span.column) == (2, 1)


def test_types_are_found_in_the_projects_other_modules(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "types.py").write_text("from dataclasses import dataclass\n@dataclass\nclass P:\n  a: int\n")
    code = "from .types import P\nimport json\ndef f(x: P): ..."
    (tmp_path / "app" / "tools.py").write_text(code)
    names = imported("app/tools.py", root=tmp_path, most=10)
    assert names == ("app/types.py",)
    tool = only(code, beside={name: (tmp_path / name).read_text() for name in names})
    assert tool.input_schema["$defs"]["P"]["properties"] == {"a": {"type": "integer"}}


def test_reading_runs_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    code = (
        f"open({str(canary)!r}, 'w')\ndef f(x: int = open({str(canary)!r}, 'w')) -> [open({str(canary)!r}, 'w')]: ..."
    )
    listing(code)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f(:\n", r"app/tools\.py:1:1: source `app` cannot be read: invalid syntax \(read as Python 3\.\d+\)"),
        ("x = 1\ntype new X = 1\n", r"app/tools\.py:2:1: source `app` cannot be read: .* \(read as Python 3\.\d+\)"),
        ("x = " + "(" * 5000, r"source `app` cannot be read"),
        ("a\0b", r"source `app` cannot be read"),
        ("# -*- coding: nonsense -*-", r"source `app` cannot be read"),
        ("x = 1", r"app/tools\.py:1:1: there are no tools in source `app`"),
    ],
)
def test_what_is_no_module_is_an_error_with_its_place(code: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        listing(code)


@pytest.mark.parametrize(
    "annotation", ["int | " * 3000 + "str", "list[" * 3000 + "int" + "]" * 3000, "'" + "[" * 3000 + "'"]
)
def test_a_monstrous_annotation_costs_only_itself(annotation: str) -> None:
    code = f"def f(): ...\ndef g(x: {annotation}): ..."
    try:
        names = [tool.name for tool in listing(code).tools]
    except SourceError as error:
        assert "cannot be read" in error.message  # noqa: PT017 - either is fine, a traceback is not
    else:
        assert names == ["f", "g"]


def child(root: Path, code: str, *, seconds: float = 30, module: str = "tools") -> Any:
    (root / "tools.py").write_text(code)
    content = list_imported(
        "app",
        module=module,
        root=root,
        interpreter=sys.executable,
        search_path="/usr/bin:/bin",
        timeout_seconds=seconds,
    )
    return json.loads(content), content


def test_importing_knows_what_reading_cannot(tmp_path: Path) -> None:
    above = "from pydantic import create_model\nP = create_model('P', a=(int, ...))\n"
    code = above + "def f(x: P, n: int = 1 + 1) -> P: ...\n"
    found, content = child(tmp_path, code)
    (entry,) = found["tools"]
    assert list(entry["inputSchema"]["properties"]["x"]["properties"]) == ["a"]
    assert entry["inputSchema"]["properties"]["n"] == {"type": "integer", "default": 2}
    settings = {"module": "tools", "is_live": True}
    tools = read("app", content, file="listings/app.json", settings=settings, beside={"tools.py": code.encode()})
    assert [(tool.name, tool.output_origin) for tool in tools.tools] == [("f", "declared")]
    assert tools.diagnostics == ()
    changed = read("app", content, file="listings/app.json", settings=settings, beside={"tools.py": b"x"})
    assert [item.code for item in changed.diagnostics] == ["outdated"]


def test_a_function_that_cannot_be_described_costs_no_other(tmp_path: Path) -> None:
    code = "import socket\ndef f(x: int): ...\ndef g(x: socket.socket): ...\n"
    found, content = child(tmp_path, code)
    assert [entry["name"] for entry in found["tools"]] == ["f"]
    tools = read("app", content, file="listings/app.json", settings={"module": "tools", "is_live": True}, beside={})
    assert [item.message.partition(":")[0] for item in tools.diagnostics] == ["function `g` is skipped"]


def test_the_child_sees_little_and_what_it_prints_spoils_nothing(tmp_path: Path) -> None:
    said = "' '.join(sorted(os.environ)) + '|' + str(os.listdir(os.environ['HOME']))"
    code = f"import os\nprint('{{}}')\ndef f(): ...\nf.__doc__ = {said}"
    found, _ = child(tmp_path, code)
    names, _, home = found["tools"][0]["description"].partition("|")
    assert set(names.split()) - {"LC_CTYPE"} == {"HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE"}
    assert home == "[]"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", r"importing `tools` ended with exit code 1"),
        ("import os\nos._exit(0)", r"left no answer"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", r"ended with signal SIGKILL"),
        ("x = bytearray(4 << 30)", r"importing `tools` ended with"),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        child(tmp_path, code)


def test_a_module_that_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    start = "import subprocess, time\np = subprocess.Popen(['sleep', '600'])\n"
    code = f"{start}open({str(note)!r}, 'w').write(str(p.pid))\ntime.sleep(600)"
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"has not ended within 2 s"):
        child(tmp_path, code, seconds=2)
    assert time.monotonic() - started < 15
    status = Path(f"/proc/{note.read_text()}/stat")
    for _ in range(50):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the child of the child still runs")
