"""OpenAPI documents: what of an operation becomes a tool, in every version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from specs import OK, body, codes, document, listing, only, operation

from loopbuild.errors import SourceError
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.openapi.nearby import referred

PET = {
    "type": "object",
    "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}, "key": {"type": "string"}},
    "required": ["id", "name"],
}


def test_parameters_and_body_are_one_object_and_each_part_keeps_its_place() -> None:
    parameters = [
        {"name": "petId", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "dry", "in": "query", "schema": {"type": "boolean"}, "description": "only look"},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
    ]
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    tool = only(document({"/pets/{petId}": {"put": operation("put_pet", parameters=parameters, **body(schema))}}))
    assert tool.input_schema == {
        "type": "object",
        "properties": {
            "petId": {"type": "string"},
            "dry": {"type": "boolean", "description": "only look"},
            "X-Trace": {"type": "string"},
            "name": {"type": "string"},
        },
        "required": ["petId", "name"],
    }
    assert tool.hints["transport"] == {
        "method": "put",
        "path": "/pets/{petId}",
        "in": {"petId": "path", "dry": "query", "X-Trace": "header", "name": "body"},
        "media": "application/json",
    }


def test_version_2_spells_the_same_operation_otherwise() -> None:
    old = {
        "operationId": "put_pet",
        "parameters": [
            {"name": "petId", "in": "path", "required": True, "type": "string"},
            {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "csv"},
            {"name": "pet", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}},
        ],
        "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Pet"}}},
    }
    definitions = {"Pet": {"type": "object", "properties": {"name": {"type": "string", "x-nullable": True}}}}
    found = listing(document({"/pets/{petId}": {"put": old}}, version="2.0", definitions=definitions))
    (tool,) = found.tools
    assert tool.input_schema["properties"] == {
        "petId": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "name": {"type": ["string", "null"]},
    }
    assert tool.output_schema == {"$ref": "#/$defs/Pet"}
    assert found.definitions["Pet"]["properties"]["name"] == {"type": ["string", "null"]}


def test_form_data_of_version_2_is_part_of_the_object() -> None:
    fields = [{"name": "photo", "in": "formData", "type": "file", "required": True}]
    paths = {"/photos": {"post": {"operationId": "add", "parameters": fields, "responses": {}}}}
    tool = only(document(paths, version="2.0"))
    assert tool.input_schema["properties"] == {"photo": {"type": "string", "format": "binary"}}
    assert tool.hints["transport"]["media"] == "multipart/form-data"


def test_a_body_that_is_no_object_or_clashes_stays_whole() -> None:
    whole = only(document({"/a": {"post": operation("a", **body({"type": "array", "items": {"type": "string"}}))}}))
    assert whole.input_schema["properties"]["body"]["type"] == "array"
    assert whole.hints["transport"]["in"] == {"body": "body:*"}
    parameters = [{"name": "name", "in": "query", "schema": {"type": "string"}}]
    clash = only(document({"/a": {"post": operation("a", parameters=parameters, **body(PET))}}))
    assert sorted(clash.input_schema["properties"]) == ["body", "name"]


def test_all_of_a_body_is_laid_together() -> None:
    parts = [{"$ref": "#/components/schemas/Pet"}, {"type": "object", "properties": {"age": {"type": "integer"}}}]
    paths = {"/a": {"post": operation("a", **body({"allOf": parts}))}}
    tool = only(document(paths, components={"schemas": {"Pet": PET}}))
    assert sorted(tool.input_schema["properties"]) == ["age", "key", "name"]
    assert tool.input_schema["required"] == ["name"]


def test_what_is_read_only_is_no_input_and_what_is_write_only_no_output() -> None:
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string", "readOnly": True}, "pin": {"type": "string", "writeOnly": True}},
        "required": ["id", "pin"],
    }
    tool = only(document({"/a": {"post": operation("a", returns=schema, **body(schema))}}))
    assert (list(tool.input_schema["properties"]), tool.input_schema["required"]) == (["pin"], ["pin"])
    assert (list(tool.output_schema["properties"]), tool.output_schema["required"]) == (["id"], ["id"])


def test_credentials_and_negotiated_headers_are_no_inputs() -> None:
    names = ["Authorization", "accept", "Content-Type", "X-Key", "X-Other"]
    parameters = [{"name": name, "in": "header", "schema": {"type": "string"}} for name in names]
    schemes = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    paths = {"/a": {"get": operation("a", parameters=parameters, security=[{"key": []}])}}
    assert list(only(document(paths, components=schemes)).input_schema["properties"]) == ["X-Other"]


@pytest.mark.parametrize(
    ("responses", "wanted"),
    [
        (["200"], "200"),
        (["201", "200"], "200"),
        (["202", "204"], "202"),
        (["default"], "default"),
        (["2XX", "404"], "2XX"),
        (["204", "default"], None),
        (["404"], None),
    ],
)
def test_the_return_is_the_first_good_response_with_a_schema(responses: list[str], wanted: str | None) -> None:
    declared = {
        code: {"description": "", "content": {"application/json": {"schema": {"type": "string", "title": code}}}}
        for code in responses
        if code != "204"
    } | {code: {"description": ""} for code in responses if code == "204"}
    tool = only(document({"/a": {"get": {"operationId": "a", "responses": declared}}}))
    assert (tool.output_schema or {}).get("title") == wanted
    assert tool.output_origin == ("declared" if wanted else "none")


@pytest.mark.parametrize(
    ("method", "path", "effect"),
    [
        ("get", "/a", "read"),
        ("head", "/a", "read"),
        ("query", "/a", "read"),
        ("post", "/a", "create"),
        ("post", "/a/search", "read"),
        ("post", "/a/{id}:query", "read"),
        ("put", "/a", "update"),
        ("patch", "/a", "update"),
        ("delete", "/a", "delete"),
    ],
)
def test_the_method_says_what_a_call_does(method: str, path: str, effect: str) -> None:
    (tool,) = build_catalog([listing(document({path: {method: operation()}}, version="3.2.0"))]).tools
    assert tool.effect == effect


@pytest.mark.parametrize(
    ("name", "path", "effect"),
    [
        ("createReadingList", "/reading-lists", "create"),
        ("createSavedSearch", "/saved-searches", "create"),
        ("bookingList", "/bookings", "read"),
        ("logQuery", "/logs/query", "read"),
        ("rescheduleAppointment", "/appointments/{appointment_id}/reschedule", "update"),
        ("cancelBooking", "/bookings/cancel", "create"),  # of which booking, nothing says
        ("deleteUser", "/users/{user_id}/delete", "delete"),
        ("checkInGuest", "/guests/{guest_id}", "update"),
        ("actions/cancel-run", "/repos/{repo}/runs/{number}/cancel", "update"),
        ("", "/orders/{order_id}/refund", "update"),
        ("transfersForAccount", "/accounts/{account_id}/transfers", "create"),
    ],
)
def test_the_name_of_a_post_says_whether_it_acts_on_what_there_is(name: str, path: str, effect: str) -> None:
    places = [{"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
              for part in path.split("/") if part.startswith("{")]  # fmt: skip
    paths = {path: {"post": operation(name, parameters=places)}}
    (tool,) = build_catalog([listing(document(paths))]).tools
    assert tool.effect == effect


def test_an_action_that_returns_an_id_of_its_own_makes_something() -> None:
    place = [{"name": "account_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    gives = {"200": {"description": "", "content": {"application/json": {"schema": {
        "type": "object", "properties": {"refund_id": {"type": "string"}}}}}}}  # fmt: skip
    paths = {"/accounts/{account_id}/refund": {"post": operation("refundAccount", parameters=place, responses=gives)}}
    (tool,) = build_catalog([listing(document(paths))]).tools
    assert tool.effect == "create"


def test_an_operation_and_the_author_know_better_than_the_method() -> None:
    paths = {"/a": {"post": operation("a", **{"x-loopbuild-effect": "read"}), "get": operation("b")}}
    found = build_catalog([listing(document(paths), effects={"b": "update"})])
    assert {tool.name: tool.effect for tool in found.tools} == {"a": "read", "b": "update"}


def test_operations_without_an_id_are_called_by_method_and_path() -> None:
    paths = {
        "/pets/{petId}": {"get": operation(), "delete": operation("")},
        "/pets": {"get": operation("get_pets_petId")},
    }
    found = listing(document(paths))
    assert [tool.name for tool in found.tools] == ["delete_pets_petId", "get_pets_petId", "get_pets_petId_2"]


def test_two_operations_with_one_id_are_both_called_by_their_path_and_named() -> None:
    found = listing(
        document({"/a": {"get": operation("x")}, "/b": {"get": operation("x")}, "/c": {"get": operation("y")}})
    )
    assert [tool.name for tool in found.tools] == ["get_a", "get_b", "y"]
    (item,) = found.diagnostics
    assert item.message == "`operationId` `x` is given to `GET /a`, `GET /b`: each is called by its method and path"
    assert item.severity == "error"
    assert item.span is not None
    assert item.span.line > 1


def test_schemas_of_version_3_0_are_brought_to_2020_12() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "nullable": True, "enum": ["x"]},
            "b": {"type": "integer", "minimum": 3, "exclusiveMinimum": True},
            "c": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Pet"}]},
            "d": {"type": "int", "discriminator": {"propertyName": "x"}, "xml": {}},
            "e": {"type": None},
        },
    }
    paths = {"/a": {"post": operation("a", returns=schema)}}
    found = listing(document(paths, version="3.0.3", components={"schemas": {"Pet": PET}}))
    properties = found.tools[0].output_schema["properties"]
    assert properties["a"] == {"type": ["string", "null"], "enum": ["x", None]}
    assert properties["b"] == {"type": "integer", "exclusiveMinimum": 3}
    assert properties["c"] == {"anyOf": [{"allOf": [{"$ref": "#/$defs/Pet"}]}, {"type": "null"}]}
    assert (properties["d"], properties["e"]) == ({"type": "integer"}, {})
    assert codes(found) == ["unknown-type"]


def test_a_later_version_and_a_mixed_one_are_read_with_a_note() -> None:
    schema = {"type": "string", "nullable": True}
    found = listing(document({"/a": {"get": operation("a", returns=schema)}}, version="3.2.0"))
    assert found.tools[0].output_schema == {"type": ["string", "null"]}
    assert codes(found) == ["newer-version", "nullable"]


def test_methods_of_version_3_2_are_read() -> None:
    paths = {"/a": {"query": operation("ask"), "additionalOperations": {"COPY": operation("copy")}}}
    found = listing(document(paths, version="3.2.0"))
    assert [(tool.name, tool.hints["effect_by_method"]) for tool in found.tools] == [
        ("ask", "read"),
        ("copy", "unknown"),
    ]


def test_shared_schemas_travel_once_and_by_name() -> None:
    node = {"type": "object", "properties": {"id": {"type": "string"}, "next": {"$ref": "#/components/schemas/Node"}}}
    ref = {"$ref": "#/components/schemas/Node"}
    paths = {f"/nodes{number}": {"get": operation(f"get_{number}", returns=ref)} for number in range(3)}
    found = listing(document(paths, components={"schemas": {"Node": node}}))
    assert list(found.definitions) == ["Node"]
    assert {json.dumps(tool.output_schema) for tool in found.tools} == {'{"$ref": "#/$defs/Node"}'}
    leaves = {leaf.pointer: (leaf.types, leaf.component) for leaf in build_catalog([found]).tools[0].outputs}
    assert leaves == {"/id": (("string",), ""), "/next": (("object",), "Node")}


def test_an_input_that_refers_to_itself_stands_alone() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    paths = {"/a": {"post": operation("a", **body({"$ref": "#/components/schemas/Node"}))}}
    tool = only(document(paths, components={"schemas": {"Node": node}}))
    assert tool.input_schema["properties"]["next"] == {"$ref": "#/$defs/Node"}
    assert list(tool.input_schema["$defs"]) == ["Node"]


def test_an_expandable_reference_is_an_id_until_a_call_expands_it() -> None:
    """As Stripe spells it; written out, such references unfold to millions of leaves."""
    customer = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "charge": {"$ref": "#/components/schemas/charge"}},
    }
    expandable = {
        "anyOf": [{"type": "string", "maxLength": 50}, {"$ref": "#/components/schemas/customer"}],
        "nullable": True,
        "x-expansionResources": {"oneOf": [{"$ref": "#/components/schemas/customer"}]},
    }
    charge = {"type": "object", "properties": {"id": {"type": "string"}, "payer": expandable}}
    path = {"name": "charge", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/charges/{charge}": {"get": operation("a", returns={"$ref": "#/components/schemas/charge"}, parameters=[path])}
    }
    found = listing(document(paths, version="3.0.0", components={"schemas": {"charge": charge, "customer": customer}}))
    (tool,) = build_catalog([found]).tools
    leaves = {leaf.pointer: (leaf.types, leaf.kind, leaf.entity, leaf.component) for leaf in tool.outputs}
    assert leaves["/payer"] == (("null", "string"), "id", "customer", "customer")
    assert leaves["/id"] == (("string",), "id", "charge", "")
    assert [(leaf.kind, leaf.entity) for leaf in tool.inputs] == [("id", "charge")]


def test_how_much_was_not_looked_into_is_said_once() -> None:
    deep: Any = {"type": "object", "properties": {"id": {"type": "string"}}}
    components = {"s9": deep}
    for number in range(8, -1, -1):
        components[f"s{number}"] = {
            "type": "object",
            "properties": {"x": {"$ref": f"#/components/schemas/s{number + 1}"}},
        }
    paths = {"/a": {"get": operation("a", returns={"$ref": "#/components/schemas/s0"})}}
    catalog = build_catalog([listing(document(paths, components={"schemas": components}))])
    (leaf,) = catalog.tools[0].outputs
    assert (leaf.pointer, leaf.component) == ("/x/x/x/x", "s4")
    assert [(item.code, item.severity) for item in catalog.diagnostics] == [("opaque", "note")]


def test_a_change_deep_inside_a_shared_schema_changes_the_leaf_that_stands_for_it() -> None:
    def fingerprint(kind: str) -> str:
        components = {"s9": {"type": "object", "properties": {"id": {"type": kind}}}}
        for number in range(8, -1, -1):
            inner = {"$ref": f"#/components/schemas/s{number + 1}"}
            components[f"s{number}"] = {"type": "object", "properties": {"x": inner}}
        paths = {"/a": {"get": operation("a", returns={"$ref": "#/components/schemas/s0"})}}
        return (
            build_catalog([listing(document(paths, components={"schemas": components}))])
            .tools[0]
            .outputs[0]
            .fingerprint
        )

    assert fingerprint("string") == fingerprint("string")
    assert fingerprint("string") != fingerprint("integer")


def test_include_and_exclude_know_names_tags_methods_and_paths() -> None:
    paths = {
        "/orders": {"get": operation("list_orders", tags=["orders"]), "post": operation("add_order", tags=["orders"])},
        "/carts/{id}": {"get": operation("get_cart", tags=["carts"])},
        "/health": {"get": operation("health")},
    }

    def names(**settings: Any) -> list[str]:
        return [tool.name for tool in listing(document(paths), **settings).tools]

    assert names(include=["tag:orders"]) == ["add_order", "list_orders"]
    assert names(include=["method:GET"], exclude=["path:/health"]) == ["get_cart", "list_orders"]
    assert names(include=["path:/carts/*", "add_*"]) == ["add_order", "get_cart"]
    assert listing(document(paths), exclude=["tag:nothing"]).diagnostics[0].message == (
        "`exclude`: no tool is called `tag:nothing`"
    )


def test_an_unwanted_operation_costs_nothing() -> None:
    paths = {"/a": {"get": operation("a")}, "/b": {"get": operation("b", returns={"$ref": "http://127.0.0.1:1/x"})}}
    assert listing(document(paths), include=["a"]).diagnostics == ()


def test_links_are_declared_edges_also_into_an_array() -> None:
    user = {"type": "object", "properties": {"username": {"type": "string"}, "uuid": {"type": "string"}}}
    repo = {
        "type": "object",
        "properties": {"slug": {"type": "string"}, "owner": {"$ref": "#/components/schemas/user"}},
    }
    components = {
        "schemas": {"user": user, "repo": repo},
        "links": {
            "Repos": {"operationId": "repos", "parameters": {"username": "$response.body#/username"}},
            "Repo": {
                "operationRef": "#/paths/~1repos~1{username}~1{slug}/get",
                "parameters": {"path.username": "$response.body#/owner/username", "slug": "$response.body#/slug"},
            },
        },
    }

    def answers(schema: Any, link: str) -> dict[str, Any]:
        found = operation(returns=schema)
        found["responses"]["200"]["links"] = {"x": {"$ref": f"#/components/links/{link}"}}
        return found

    def named(*names: str) -> list[dict[str, Any]]:
        return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]

    one, many = {"$ref": "#/components/schemas/repo"}, {"type": "array", "items": {"$ref": "#/components/schemas/repo"}}
    paths = {
        "/users/{username}": {
            "get": {
                **answers({"$ref": "#/components/schemas/user"}, "Repos"),
                "operationId": "user",
                "parameters": named("username"),
            }
        },
        "/repos/{username}": {
            "get": {**answers(many, "Repo"), "operationId": "repos", "parameters": named("username")}
        },
        "/repos/{username}/{slug}": {
            "get": {**operation("repo", returns=one), "parameters": named("username", "slug")}
        },
    }
    catalog = build_catalog([listing(document(paths, version="3.0.0", components=components))])
    assert [
        (edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf, edge.status) for edge in catalog.edges
    ] == [
        ("shop/repos", "/[]/slug", "shop/repo", "/slug", "declared"),
        ("shop/repos", "/[]/owner/username", "shop/repo", "/username", "declared"),
        ("shop/user", "/username", "shop/repos", "/username", "declared"),
    ]


def test_a_link_to_nowhere_is_said_and_costs_nothing() -> None:
    answer = operation("a", returns=OK)
    answer["responses"]["200"]["links"] = {
        "x": {"operationId": "nobody"},
        "y": {"operationId": "a", "parameters": {"z": "$response.body#/id"}},
    }
    found = listing(document({"/a": {"get": answer}}))
    assert [item.message for item in found.diagnostics] == [
        "a link of `a` names no operation",
        "a link of `a` sets `z`, which `a` lacks",
    ]


def test_each_bad_link_is_named_with_its_place() -> None:
    answer = operation("a", returns=OK)
    answer["responses"]["200"]["links"] = {"x": {"operationId": "nobody"}, "y": {"operationId": "none"}}
    found = listing(document({"/a": {"get": answer}}))
    assert len({item.span for item in found.diagnostics}) == 2


def test_yaml_is_read_with_its_anchors() -> None:
    text = """
openapi: 3.0.0
info: {title: x, version: 1.0.0}
paths:
  /a:
    get: &get
      operationId: on
      responses: {200: {description: ok, content: {application/json: {schema: &s {type: string}}}}}
    head:
      <<: *get
      operationId: off
"""
    found = listing(text, file="shop.yaml")
    assert [(tool.name, tool.output_schema) for tool in found.tools] == [
        ("off", {"type": "string"}),
        ("on", {"type": "string"}),
    ]


def test_yaml_and_json_give_the_same_tools() -> None:
    import yaml

    value = document({"/a": {"post": operation("a", returns=OK, **body(PET))}})
    in_json, in_yaml = listing(value), listing(yaml.safe_dump(value), file="shop.yaml")
    one, other = build_catalog([in_json]).tools[0], build_catalog([in_yaml]).tools[0]
    assert (one.params, one.returns, one.docs) == (other.params, other.returns, other.docs)


def test_files_beside_the_document_are_read_and_none_elsewhere(tmp_path: Any) -> None:
    (tmp_path / "specs" / "parts").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("S: {type: string}")
    (tmp_path / "specs" / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "specs" / "parts" / "pet.yaml").write_text("Pet: {type: object, properties: {o: {$ref: owner.yaml}}}")
    (tmp_path / "specs" / "parts" / "owner.yaml").write_text("{type: object, properties: {id: {type: string}}}")
    refs = [
        "parts/pet.yaml#/Pet",
        "../secret.yaml#/S",
        "out.yaml#/S",
        "/etc/hostname",
        "file:///etc/hostname",
        "absent.yaml",
    ]
    paths = {
        f"/{number}": {"get": operation(f"get_{number}", returns={"$ref": ref})} for number, ref in enumerate(refs)
    }
    content = json.dumps(document(paths))
    (tmp_path / "specs" / "shop.json").write_text(content)
    names = referred("specs/shop.json", root=tmp_path, copies={}, most=100)
    assert names == ("specs/parts/owner.yaml", "specs/parts/pet.yaml")
    beside = {name: (tmp_path / name).read_bytes() for name in names}
    found = listing(content, file="specs/shop.json", beside=beside)
    assert codes(found) == ["ref-outside-root", "missing-ref", "ref-outside-root", "ref-outside-root", "missing-ref"]
    assert len(found.tools) == len(refs)
    assert [leaf.pointer for leaf in build_catalog([found]).by_id()["shop/get_0"].outputs] == ["/o/id"]


def test_a_url_stands_for_the_copy_that_is_named() -> None:
    url = "https://example.com/common.yaml"
    value = document({"/a": {"get": operation("a", returns={"$ref": url + "#/S"})}})
    found = listing(value, beside={"specs/common.yaml": b"S: {type: string}"}, refs={url: "specs/common.yaml"})
    assert found.diagnostics == ()
    assert list(found.definitions.values()) == [{"type": "string"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", r"shop\.json:1:1: source `shop` holds no OpenAPI document"),
        ('{"openapi": "3.1.0", "paths": []}', r"shop\.json:1:1: source `shop` holds without `paths`"),
        ('{"openapi": "3.1.0", "paths": {}}', r"there are no tools in source `shop`"),
        ('{"openapi": "3.1.0"', r"shop\.json:1:\d+: source `shop` cannot be read: not JSON"),
        ("", r"cannot be read: `shop.json` is empty"),
    ],
)
def test_what_is_no_document_is_an_error_with_its_place(content: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        listing(content)


LINKED = """
openapi: 3.0.0
info: {title: links between operations, version: 1.0.0}
paths:
  /users/{username}:
    parameters: [&username {name: username, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getUser
      responses: {"200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/user"}}},
        links: {a: {$ref: "#/components/links/UserRepositories"}}}}
  /repositories/{username}:
    parameters: [*username]
    get:
      operationId: getRepositories
      responses: {"200": {description: "", content: {application/json: {schema: {type: array, items:
        {$ref: "#/components/schemas/repository"}}}}, links: {a: {$ref: "#/components/links/UserRepository"}}}}
  /repositories/{username}/{slug}:
    parameters: [*username, &slug {name: slug, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getRepository
      responses: {"200": {description: "", content: {application/json: {schema:
        {$ref: "#/components/schemas/repository"}}}, links: {a: {$ref: "#/components/links/RepositoryPullRequests"}}}}
  /repositories/{username}/{slug}/pulls:
    parameters: [*username, *slug]
    get: {operationId: getPulls, responses: {"200": {description: ""}}}
  /repositories/{username}/{slug}/pulls/{pid}:
    parameters: [*username, *slug, &pid {name: pid, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getPull
      responses: {"200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/pull"}}},
        links: {a: {$ref: "#/components/links/PullRequestMerge"}}}}
  /repositories/{username}/{slug}/pulls/{pid}/merge:
    parameters: [*username, *slug, *pid]
    post: {operationId: mergePull, responses: {"204": {description: ""}}}
components:
  links:
    UserRepositories: {operationId: getRepositories, parameters: {username: $response.body#/username}}
    UserRepository: {operationId: getRepository,
      parameters: {username: $response.body#/owner/username, slug: $response.body#/slug}}
    RepositoryPullRequests: {operationId: getPulls,
      parameters: {username: $response.body#/owner/username, slug: $response.body#/slug}}
    PullRequestMerge: {operationId: mergePull, parameters: {username: $response.body#/author/username,
      slug: $response.body#/repository/slug, pid: $response.body#/id}}
  schemas:
    user: {type: object, properties: {username: {type: string}, uuid: {type: string}}}
    repository: {type: object, properties: {slug: {type: string}, owner: {$ref: "#/components/schemas/user"}}}
    pull: {type: object, properties: {id: {type: integer}, title: {type: string},
      repository: {$ref: "#/components/schemas/repository"}, author: {$ref: "#/components/schemas/user"}}}
"""


def test_four_links_are_eight_edges() -> None:
    """In the shape of the specification's own example of links, an array among the answers."""
    catalog = build_catalog([listing(LINKED, file="links.yaml")])
    assert catalog.diagnostics == ()
    found = [
        f"{edge.producer[5:]}{edge.producer_leaf} -> {edge.consumer[5:]}{edge.consumer_leaf}" for edge in catalog.edges
    ]
    assert found == [
        "getRepository/slug -> getPulls/slug",
        "getRepository/owner/username -> getPulls/username",
        "getUser/username -> getRepositories/username",
        "getRepositories/[]/slug -> getRepository/slug",
        "getRepositories/[]/owner/username -> getRepository/username",
        "getPull/id -> mergePull/pid",
        "getPull/repository/slug -> mergePull/slug",
        "getPull/author/username -> mergePull/username",
    ]
