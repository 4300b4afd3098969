"""What is wrong or odd in a `sandbox:` section, and that a secret in a wrong place is not repeated."""

from __future__ import annotations

import pytest
from loopfiles import HEAD, Folder

API = "version: 1\nsources:\n  shop: {kind: openapi, path: shop.yaml}\n"
URL = "url: 'https://x.test/v1'"

THING = "key: id, belongs_to: {room: room}"
ERRORS = [
    (
        HEAD + f"sandbox: {{kind: simulated, entities: {{bed: {{{THING}, fields: [size, room]}}}}}}\n",
        "4:95 bad-value: `room` stands twice in what is said of `bed` (a property is its key, whose it is, or a field)",
    ),
    (
        HEAD + f"sandbox: {{kind: simulated, entities: {{bed: {{{THING}, statuses: [new, old, new]}}}}}}\n",
        "4:101 bad-value: `new` stands twice in what is said of `bed`",
    ),
    (
        HEAD + f"sandbox: {{kind: simulated, entities: {{room: {{{THING}}}}}}}\n",
        "4:74 bad-value: `room` cannot belong to itself",
    ),
    (
        HEAD + "sandbox: {kind: simulated, entities: {bed: {like: x}}}\n",
        "4:39 missing-key: missing key `key` in `sandbox.entities.bed`",
    ),
    (
        HEAD.rstrip()
        + "\n  ward: {kind: toolspec, path: hr.json}\nsandbox: {kind: simulated, entities: {bed: {key: id}}}\n",
        "5:28 bad-value: `entities` speak of the tools of one source, and this sandbox is that of `hr`, `ward` "
        "(give that source its own `sandbox`)",
    ),
    (
        HEAD + f"sandbox: {{kind: http, {URL}}}\n",
        "4:17 bad-value: the tools of `hr` name no method and path: only those of an OpenAPI source do",
    ),
    (
        API + "sandbox: {kind: http, url: 'ftp://x.test'}\n",
        "4:28 bad-value: `url` is no address of a service (`https://host/v1`)",
    ),
    (
        API + "sandbox: {kind: http, url: 'https://me:hunter2@x.test'}\n",
        "4:28 bad-value: `url` holds more than scheme, host and path (credentials belong to `auth`)",
    ),
    (API + "sandbox: {kind: http}\n", "4:1 missing-key: missing key `url` in `sandbox`"),
    (
        API + f"sandbox: {{kind: http, {URL}, auth: {{kind: bearer, token: '${{HUNTER2}}'}}}}\n",
        "4:77 bad-value: `token` is no name of an environment variable "
        "(write the name alone: neither its value nor `${...}`)",
    ),
    (
        API + f"sandbox: {{kind: http, {URL}, auth: {{kind: bearer, token: hunter2-hunter2}}}}\n",
        "4:77 bad-value: `token` is no name of an environment variable "
        "(write the name alone: neither its value nor `${...}`)",
    ),
    (
        API + f"sandbox: {{kind: http, {URL}, auth: {{kind: digest, token: A}}}}\n",
        "4:62 unknown-kind: unknown credential kind `digest` (known are `bearer`, `header` and `basic`)",
    ),
    (
        API + f"sandbox: {{kind: http, {URL}, auth: {{kind: header, name: 'X Key', token: A}}}}\n",
        "4:76 bad-value: `name` is no name of a header (letters, digits and `-`)",
    ),
    (
        API + f"sandbox: {{kind: http, {URL}, reset: {{path: reset}}}}\n",
        "4:63 bad-value: `path` is no path below `url` (it begins with `/`)",
    ),
    (
        API + f"sandbox: {{kind: http, {URL}, reset: {{path: /r}}, allow_methods: [DELETE]}}\n",
        "4:84 bad-value: `sandbox.allow_methods[0]` must be `POST`, `PUT` or `PATCH`, not `DELETE`",
    ),
    (
        HEAD + "sandbox: {kind: python}\n",
        "4:1 missing-key: missing key `module` in `sandbox` (`pkg.module:Class`; the source has none to take it from)",
    ),
    (
        HEAD + "sandbox: {kind: python, module: 'my.shop:Shop'}\n",
        "4:33 missing-file: no file of the project holds the module `my.shop` "
        "(`my/shop.py`, relative to the folder of loop.yaml)",
    ),
    (
        HEAD + "sandbox: {kind: recorded, path: tape.jsonl}\n",
        "4:33 missing-file: `tape.jsonl` does not exist (name the sandbox it is recorded from: `of: {kind: ...}`)",
    ),
    (
        HEAD + "  crm: {kind: toolspec, path: hr.json}\nsandbox: {kind: recorded, path: hr.json}\n",
        "5:1 bad-value: one recording holds one source, and this sandbox is that of `crm`, `hr` "
        "(give each source its own `sandbox`)",
    ),
    (
        HEAD + "sandbox: {kind: recorded, path: hr.json, of: {kind: recorded, path: x}}\n",
        "4:53 unknown-kind: unknown sandbox kind `recorded` (known are `simulated`, `mcp`, `http` and `python`)",
    ),
    (
        HEAD + "sandbox: {kind: recorded, path: hr.json, of: {kind: python}}\n",
        "4:42 missing-key: missing key `module` in `sandbox.of` "
        "(`pkg.module:Class`; the source has none to take it from)",
    ),
]

WARNINGS = [
    (
        API + f"sandbox: {{kind: http, {URL}, allow_writes: true}}\n",
        "4:49 suspicious: `allow_writes` without `reset`: every call that writes is refused "
        "(declare the request that puts the service back, `reset: {path: /reset}`)",
    ),
    (
        API + "sandbox: {kind: http, url: 'http://x.test', auth: {kind: bearer, token: T}}\n",
        "4:28 suspicious: credentials would be sent without encryption (https://x.test)",
    ),
    (
        API + "sandbox: {kind: http, url: '${SHOP_URL}'}\n",
        "4:28 suspicious: environment variable `SHOP_URL` is not set (export SHOP_URL=... before a build)",
    ),
    (
        HEAD + "sandbox: {kind: recorded, path: tape.jsonl, of: {kind: simulated}}\n",
        "4:33 suspicious: `tape.jsonl` is not recorded yet (`loopbuild build --record hr` writes it)",
    ),
]
FINE = [
    API + "sandbox: {kind: http, url: 'http://localhost:8080', auth: {kind: bearer, token: T}}\n",
    API + f"sandbox: {{kind: http, {URL}, allow_methods: [POST], reset: {{path: /r, method: PUT}}, state: [a]}}\n",
    HEAD + "sandbox: {kind: recorded, path: hr.json, of: {kind: simulated}}\n",
]


@pytest.fixture(autouse=True)
def specification(folder: Folder) -> None:
    (folder.path / "shop.yaml").write_text("openapi: 3.0.0\n")


@pytest.mark.parametrize(("text", "expected"), ERRORS)
def test_error(folder: Folder, text: str, expected: str) -> None:
    assert folder.lines(text)[:1] == [expected]
    assert [one.severity for one in folder.found(text)].count("error") == 1
    assert "hunter2" not in " ".join(folder.lines(text))


@pytest.mark.parametrize(("text", "expected"), WARNINGS)
def test_oddity(folder: Folder, text: str, expected: str) -> None:
    folder.load(text)
    assert folder.lines(text) == [expected]


@pytest.mark.parametrize("text", FINE)
def test_nothing_is_wrong_here(folder: Folder, text: str) -> None:
    assert folder.lines(text) == []
