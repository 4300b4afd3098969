"""Laws of what loop.yaml says of things: tools that were opaque are tables, and what nobody has is refused by name."""

from __future__ import annotations

import json

import pytest

from loopbuild.errors import SandboxError
from loopbuild.records import Json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.catalog import build_catalog
from loopbuild.stages.sources.toolspec import read
from tests.sandbox.test_states import tool

STORE = [
    tool("list_buckets", {}, {"buckets": [{"bucket": "string", "region": "string"}]}),
    tool("create_bucket", {"bucket": "string", "region": "string"}, {"location": "string"}),
    tool("list_objects", {"bucket": "string"}, {"objects": [{"key": "string", "size": "integer"}]}),
    tool("get_object", {"bucket": "string", "key": "string"}, {"content": "string", "state": "string"}),
    tool("put_object", {"bucket": "string", "key": "string", "content": "string"}, {"etag": "string"}),
    tool("archive_object", {"bucket": "string", "key": "string"}, {"state": "string"}),
    tool("delete_object", {"bucket": "string", "key": "string"}, {"deleted": "boolean"}),
]
SAID: dict[str, Json] = {
    "bucket": {"key": "bucket", "like": "team-100"},
    "object": {
        "key": "key", "like": "report-1000.csv", "belongs_to": {"bucket": "bucket"},
        "statuses": ["draft", "live", "stored_away"],
    },
}  # fmt: skip


def opened(said: dict[str, Json] = SAID, fixture: int = 0) -> SimulatedSandbox:
    settings = {"effects": {"put_object": "create"}}
    catalog = build_catalog([read("store", json.dumps(STORE).encode(), file="store.json", settings=settings)])
    sandbox = SimulatedSandbox(catalog, source="store", entities=said)
    sandbox.open(fixture)
    return sandbox


def call(sandbox: SimulatedSandbox, tool_name: str, /, **arguments: Json) -> Json:
    result = sandbox.call(f"store/{tool_name}", arguments)
    return result.value if result.status == "ok" else result.code


def test_without_a_word_anything_is_answered() -> None:
    assert "content" in call(opened({}), "get_object", bucket="nobody's", key="nothing")


@pytest.mark.parametrize("fixture", [0, 4, 1002])
def test_only_what_is_there_is_found_and_under_its_own(fixture: int) -> None:
    sandbox = opened(fixture=fixture)
    buckets = [one["bucket"] for one in call(sandbox, "list_buckets")["buckets"]]
    assert buckets
    assert all(name.startswith("team-") for name in buckets)
    listed = {
        bucket: {one["key"] for one in call(sandbox, "list_objects", bucket=bucket)["objects"]} for bucket in buckets
    }
    assert all(listed.values())
    for bucket in buckets:
        for key in set.union(*listed.values()):
            found = call(sandbox, "get_object", bucket=bucket, key=key)
            assert found != "not_found" or key not in listed[bucket]
    assert call(sandbox, "get_object", bucket=buckets[0], key="report-0.csv") == "not_found"
    assert call(sandbox, "get_object", bucket="nobody's", key=next(iter(listed[buckets[0]]))) == "not_found"
    others = set.union(*listed.values()) - listed[buckets[0]]
    assert "not_found" in {call(sandbox, "get_object", bucket=buckets[0], key=key) for key in others}


def test_who_makes_a_thing_chooses_its_key_once() -> None:
    sandbox = opened()
    bucket = call(sandbox, "list_buckets")["buckets"][0]["bucket"]
    key = sandbox.known("store/put_object", "/key")[0]
    assert key.startswith("report-")
    assert key not in sandbox.known("store/get_object", "/key")
    assert call(sandbox, "get_object", bucket=bucket, key=key) == "not_found"
    assert "etag" in call(sandbox, "put_object", bucket=bucket, key=key, content="hello")
    assert call(sandbox, "put_object", bucket=bucket, key=key, content="hello") == "conflict"
    assert call(sandbox, "get_object", bucket=bucket, key=key)["content"] == "hello"
    assert key in {one["key"] for one in call(sandbox, "list_objects", bucket=bucket)["objects"]}
    assert call(sandbox, "delete_object", bucket=bucket, key=key) == {"deleted": True}
    assert sandbox.state_diff() == ()


def test_statuses_are_those_that_are_said() -> None:
    sandbox = opened()
    bucket = call(sandbox, "list_buckets")["buckets"][0]["bucket"]
    call(sandbox, "put_object", bucket=bucket, key="new", content="hello")
    assert call(sandbox, "get_object", bucket=bucket, key="new")["state"] == "draft"
    state = call(sandbox, "archive_object", bucket=bucket, key="new")["state"]
    assert state in SAID["object"]["statuses"]
    assert call(sandbox, "archive_object", bucket=bucket, key="new") == "conflict"


def test_a_person_names_what_is_in_the_bucket_that_is_named() -> None:
    sandbox = opened()
    records = sandbox.records("store/get_object", ["/key", "/bucket"])
    assert len(records) > 10
    for record in records[:10]:
        named = {pointer[1:]: value for pointer, value in record.items()}
        assert "content" in call(sandbox, "get_object", **named)


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ({"object": {"key": "kye"}}, "has a property `kye`", "did you mean `key`?"),
        ({"object": {"key": "key", "fields": ["siez"]}}, "has a property `siez`", "did you mean `size`?"),
        ({"object": {"key": "key", "belongs_to": {"bukcet": "bucket"}}}, "has a property `bukcet`", "`bucket`"),
        ({"object": {"key": "key", "belongs_to": {"bucket": "bukcet"}}}, "knows no entity `bukcet`", "`object`"),
        ({"objcet": {"key": "key"}}, "no tool of `store` is about it", "did you mean `object`?"),
    ],
)
def test_what_no_tool_has_is_told_by_name(said: dict[str, Json], message: str, hint: str) -> None:
    with pytest.raises(SandboxError) as caught:
        opened(said)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_what_is_said_of_one_source_opens_no_other_world() -> None:
    """The same catalog with and without it: neither sees the other's tables."""
    plain, said = opened({}), opened()
    assert call(plain, "list_buckets") != call(said, "list_buckets")
    assert call(opened({}), "list_buckets") == call(plain, "list_buckets")
