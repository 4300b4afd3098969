"""Whose a thing is: an organisation's secret is no user's secret, and calls that share an edge share their parents."""

from __future__ import annotations

import pytest

from loopbuild.stages.toolgraph.build import build_graph
from loopbuild.stages.toolgraph.index import PortIndex
from loopbuild.stages.toolgraph.ports import input_ports, output_ports
from loopbuild.stages.toolgraph.score import score_pair
from tests.stages.toolgraph.apis import TEXT, api, between, many, operation

ID = many(id=TEXT)
NAME = many(name=TEXT)
APART = (
    ("/orgs/{org}/secrets", NAME, "/user/secrets/{secret_name}"),
    ("/user/secrets", NAME, "/orgs/{org}/secrets/{secret_name}"),
    ("/orgs/{org}/secrets", NAME, "/repos/{owner}/{repo}/secrets/{secret_name}"),
    ("/orgs/{org}/actions/secrets", NAME, "/orgs/{org}/dependabot/secrets/{secret_name}"),
    ("/repos/{owner}/{repo}/environments/{env}/secrets", NAME, "/repos/{owner}/{repo}/secrets/{secret_name}"),
    ("/orgs/{org}/hooks", ID, "/repos/{owner}/{repo}/hooks/{hook_id}"),
    ("/v1/account/people", ID, "/v1/accounts/{account}/people/{person_id}"),
)
TOGETHER = (
    ("/orgs/{org}/secrets", NAME, "/orgs/{org}/secrets/{secret_name}", ["/org"]),
    ("/repos/{owner}/{repo}/hooks", ID, "/repos/{owner}/{repo}/hooks/{hook_id}", ["/owner", "/repo"]),
    ("/hooks", ID, "/repos/{owner}/{repo}/hooks/{hook_id}", []),
    ("/search/hooks", ID, "/repos/{owner}/{repo}/hooks/{hook_id}", []),
    # A collection at the root holds all of its kind, and a member's part of one has ids of the whole.
    ("/accounts/{account_id}/contacts", ID, "/contacts/{contact_id}", []),
    ("/api/v2/teams/{team_id}/members", ID, "/api/v2/members/{member_id}", []),
    ("/orgs/{org}/runs/{run_id}/jobs", ID, "/orgs/{org}/jobs/{job_id}", ["/org"]),
)


@pytest.mark.parametrize(("given", "schema", "wanted"), APART)
def test_things_of_different_parents_are_never_joined(given: str, schema: object, wanted: str) -> None:
    assert not between(api(operation(f"GET {given}", schema), operation(f"DELETE {wanted}")))


@pytest.mark.parametrize(("given", "schema", "wanted", "shared"), TOGETHER)
def test_things_of_one_place_are_joined_and_name_what_both_calls_share(
    given: str, schema: object, wanted: str, shared: list[str]
) -> None:
    (edge,) = between(api(operation(f"GET {given}", schema), operation(f"DELETE {wanted}"))).values()
    assert edge.bound_with == tuple((name, name) for name in shared)


def test_parents_are_recognised_under_another_name() -> None:
    found = between(
        api(operation("GET /customers/{customer}/cards", ID), operation("DELETE /customers/{id}/cards/{card_id}"))
    )
    edge = found["GET /customers/{customer}/cards /[]/id -> DELETE /customers/{id}/cards/{card_id} /card_id"]
    assert edge.bound_with == (("/customer", "/id"),)


def test_a_value_in_a_body_belongs_to_the_parents_of_the_call() -> None:
    found = between(
        api(
            operation("GET /accounts/{account_id}/contacts", ID),
            operation("POST /accounts/{account_id}/deals", takes={"contact_id": TEXT}),
            operation("POST /teams/{team_id}/deals", takes={"contact_id": TEXT}),
        )
    )
    assert [(name.rpartition("-> ")[2], edge.bound_with) for name, edge in found.items()] == [
        ("POST /accounts/{account_id}/deals /contact_id", (("/account_id", "/account_id"),))
    ]


def test_the_index_knows_the_scopes_that_all_pairs_know() -> None:
    """Producers that are alike but for their place are one entry of the index; the place still decides."""
    nouns = ("orgs/{org}", "repos/{owner}/{repo}", "user", "orgs/{org}/teams/{team}", "search", "")
    tools = [operation(f"GET /{noun}/secrets".replace("//", "/"), many(name=TEXT, id=TEXT)) for noun in nouns]
    tools += [operation(f"DELETE /{noun}/secrets/{{secret_name}}".replace("//", "/")) for noun in nouns]
    catalog = api(*tools)
    outputs = [port for tool in catalog.tools for port in output_ports(tool)]
    index = PortIndex(outputs)
    for consumer in (port for tool in catalog.tools for port in input_ports(tool)):
        found = {item.producer.place for item in index.best(consumer, min_score=0.6, tools=99)}
        scored = {port.place: score_pair(port, consumer) for port in outputs if port.tool.id != consumer.tool.id}
        best = {
            tool: max(match.score for place, match in scored.items() if match and place[0] == tool)
            for tool in {place[0] for place, match in scored.items() if match}
        }
        assert found == {place for place, match in scored.items() if match and match.score == best[place[0]] >= 0.6}


def test_the_author_may_join_what_paths_keep_apart() -> None:
    catalog = api(operation("GET /orgs/{org}/secrets", NAME), operation("DELETE /user/secrets/{secret_name}"))
    line = "a/get_orgs_org_secrets#/[]/name -> a/delete_user_secrets_secret_name#/secret_name"
    (edge,) = build_graph(catalog, {"edges": {"allow": [line]}}).edges
    assert (edge.status, edge.bound_with) == ("declared", ())


ONE = {"type": "object", "properties": {"id": TEXT}}


def given(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize("name", ["invoice", "latest_invoice", "pending_invoice"])
def test_a_text_called_like_the_members_of_a_collection_is_one_of_them(name: str) -> None:
    charge = operation("GET /charges/{charge}", given(**{name: TEXT}))
    found = between(api(charge, operation("GET /invoices/{id}", ONE)))
    assert list(found) == [f"GET /charges/{{charge}} /{name} -> GET /invoices/{{id}} /id"]


def test_a_number_called_so_is_how_many_there_are() -> None:
    taken = operation("GET /comments/{comment_id}", ONE)
    assert not between(api(operation("GET /gists/{gist}", given(comments={"type": "integer"})), taken))
    assert not between(api(operation("GET /gists/{gist}", given(comment={"type": "integer"})), taken))


def test_settings_of_what_is_written_are_not_copied_from_other_answers() -> None:
    """Who may change a hook decides how; which hook, they take from the list."""
    rows = many(hook_id=TEXT, insecure_ssl=TEXT)
    found = between(api(operation("GET /hooks", rows), operation("PUT /hooks/{hook_id}", takes={"insecure_ssl": TEXT})))
    assert list(found) == ["GET /hooks /[]/hook_id -> PUT /hooks/{hook_id} /hook_id"]


def test_a_listing_comes_before_what_writes() -> None:
    row = {"type": "object", "properties": {"charge_id": TEXT}}
    verbs = ("capture", "close", "dispute", "pay", "void")
    tools = [operation(f"POST /charges/{{id}}/{verb}", row) for verb in verbs]
    tools += [operation("GET /charges", many(charge_id=TEXT)), operation("GET /fees/{charge_id}", ONE)]
    found = between(api(*tools))
    assert "GET /charges /[]/charge_id -> GET /fees/{charge_id} /charge_id" in found


@pytest.mark.parametrize(
    ("line", "leaf"),
    [("GET /events", "number"), ("GET /notifications", "branch"), ("GET /repos/{owner}/{repo}/runs", "number")],
)
def test_what_a_listing_of_everything_holds_is_nobodys_in_particular(line: str, leaf: str) -> None:
    """Number seven of which repository? Below one repository everybody knows."""
    inner = {"type": "array", "items": given(issue=given(**{leaf: TEXT}), branch=TEXT)}
    wanted = "issues/{issue_number}" if leaf == "number" else "branches/{branch}"
    found = between(api(operation(line, inner), operation(f"DELETE /repos/{{owner}}/{{repo}}/{wanted}")))
    assert bool(found) == line.endswith("runs")
