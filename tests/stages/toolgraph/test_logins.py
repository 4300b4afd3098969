"""Whose login it is: a listing's rows are members of what it lists, people are users, and an echo is no news."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.records import ToolCatalog
from loopbuild.stages.toolgraph.build import MIN_SCORE
from loopbuild.stages.toolgraph.index import PortIndex
from loopbuild.stages.toolgraph.names import is_short_for
from loopbuild.stages.toolgraph.ports import input_ports, output_ports
from loopbuild.stages.toolgraph.score import score_pair
from tests.stages.toolgraph.apis import TEXT, api, between, many, operation

LOGIN = many(login=TEXT)
ORG = {"type": "object", "properties": {"login": TEXT}}


def joins(given_line: str, gives: Any, wanted: str) -> bool:
    return bool(between(api(operation(given_line, gives), operation(wanted))))


@pytest.mark.parametrize("noun", ["member", "collaborator", "assignee", "follower", "block", "following", "watcher"])
def test_rows_of_a_listing_are_members_of_what_it_lists(noun: str) -> None:
    """Whatever their schema is called, and whatever the path calls the one it asks for."""
    for name in ("username", "login", noun):
        assert joins(f"GET /orgs/{{org}}/{noun}s", LOGIN, f"DELETE /orgs/{{org}}/{noun}s/{{{name}}}")


@pytest.mark.parametrize("noun", ["members", "collaborators", "contributors", "assignees", "followers"])
def test_people_of_every_kind_are_users(noun: str) -> None:
    assert joins(f"GET /orgs/{{org}}/{noun}", LOGIN, "GET /users/{username}")


@pytest.mark.parametrize("noun", ["organizations", "teams", "invitations", "repos"])
def test_what_is_no_person_is_no_user(noun: str) -> None:
    assert not joins(f"GET /enterprises/{{enterprise}}/{noun}", LOGIN, "GET /users/{username}")


def test_people_in_one_role_are_not_those_in_another() -> None:
    """Not every follower is a member; below a parent a collection holds that parent's members alone."""
    assert not joins("GET /orgs/{org}/followers", LOGIN, "DELETE /orgs/{org}/members/{username}")
    assert not joins("GET /teams/{team}/members", LOGIN, "DELETE /orgs/{org}/members/{username}")


def test_whom_a_row_only_mentions_is_no_row() -> None:
    review = many(author={"type": "object", "properties": {"login": TEXT}})
    assert not joins("GET /repos/{repo}/reviewers", review, "DELETE /repos/{repo}/reviewers/{username}")


def test_a_login_that_was_asked_for_is_no_news() -> None:
    assert joins("GET /orgs/{org_id}/organizations", LOGIN, "GET /organizations/{organization}")
    assert not joins("GET /users/{username}", ORG, "GET /users/{username}/keys")
    assert not joins("GET /orgs/{org}", ORG, "GET /orgs/{org}/hooks")
    events = many(org=ORG)
    assert not joins("GET /users/{username}/events/orgs/{org}", events, "GET /orgs/{org}/hooks")
    assert joins("GET /users/{username}/events", events, "GET /orgs/{org}/hooks")


def test_a_noun_cut_short_is_that_noun() -> None:
    assert joins("GET /organizations", LOGIN, "GET /orgs/{org}/hooks")
    assert joins("GET /orgs", LOGIN, "GET /organizations/{org}/hooks")
    runners = operation("GET /orgs/{org}/runners", many(id=TEXT))
    (edge,) = between(api(runners, operation("DELETE /organizations/{org}/runners/{runner_id}"))).values()
    assert edge.bound_with == (("/org", "/org"),)


def test_two_nouns_that_begin_alike_are_two() -> None:
    """Only a member that is called by the short noun tells that the long one is meant."""
    runners = operation("GET /cats/{id}/runners", many(id=TEXT))
    assert not between(api(runners, operation("DELETE /categories/{id}/runners/{runner_id}")))
    assert not between(
        api(
            operation("GET /cats/{cat_id}/runners", many(id=TEXT)),
            operation("DELETE /categories/{category_id}/runners/{runner_id}"),
        )
    )


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        (("org",), ("organization",), True),
        (("repository",), ("repo",), True),
        (("hosted", "runner"), ("runner",), False),
        (("pr",), ("project",), False),
        ((), ("organization",), False),
        ((), (), True),
    ],
)
def test_cutting_short_needs_three_letters_and_the_same_words_before(
    one: tuple[str, ...], other: tuple[str, ...], *, is_one: bool
) -> None:
    assert is_short_for(one, other) is is_short_for(other, one) is is_one


def test_a_listing_that_has_to_know_nothing_comes_first() -> None:
    deep = [operation(f"GET /a{letter}/{{one}}/b/{{two}}/users", LOGIN) for letter in ("a", "b", "c", "d", "e", "f")]
    found = between(api(*deep, operation("GET /users", LOGIN), operation("GET /users/{username}/keys")))
    assert "GET /users /[]/login -> GET /users/{username}/keys /username" in found


FILE = {"type": "object", "properties": {"sha": TEXT, "commit": {"type": "object", "properties": {"sha": TEXT}}}}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_whoever_changes_a_thing_repeats_in_which_state_it_was(method: str) -> None:
    """The file's own `sha`, not its commit's; of that very file, which both calls name."""
    change = operation(f"{method} /repos/{{repo}}/contents/{{path}}", takes={"sha": TEXT})
    found = between(api(operation("GET /repos/{repo}/contents/{path}", FILE), change))
    (edge,) = found.values()
    assert (edge.producer_leaf, edge.rule) == ("/sha", "state")
    assert edge.bound_with == (("/repo", "/repo"), ("/path", "/path"))


@pytest.mark.parametrize(
    ("line", "gives"),
    [
        ("GET /repos/{repo}/contents", many(sha=TEXT)),
        ("GET /repos/{repo}/trees/{path}", FILE),
        ("GET /repos/{repo}/contents/{path}/versions/{version}", FILE),
        ("DELETE /repos/{repo}/contents/{path}", FILE),
    ],
)
def test_of_another_thing_the_state_says_nothing(line: str, gives: Any) -> None:
    change = operation("PUT /repos/{repo}/contents/{path}", takes={"sha": TEXT})
    assert not [edge for edge in between(api(operation(line, gives), change)).values() if edge.rule == "state"]


def test_a_plural_that_is_no_list_says_how_many() -> None:
    number = {"type": "integer"}
    setting = operation("GET /limit", {"type": "object", "properties": {"grace_days": number}})
    assert not between(api(setting, operation("POST /usage", takes={"grace_day": number})))


PLACES = st.sampled_from(
    ["/users", "/orgs", "/organizations", "/orgs/{org}/members", "/orgs/{org}/memberships", "/repos/{repo}/assignees",
     "/orgs/{org}/teams/{team}/members", "/user/followers", "/organizations/{org}/blocks", "/files/{path}"]
)  # fmt: skip
ANSWERS = st.sampled_from(
    [LOGIN, ORG, FILE, many(user=ORG, org=ORG), {"type": "object", "properties": {"members": LOGIN, "sha": TEXT}}]
)
KEYS = st.sampled_from(["username", "login", "org", "member", "assignee", "user_or_login", "path"])


@st.composite
def apis(draw: st.DrawFn) -> ToolCatalog:
    places = draw(st.lists(PLACES, min_size=1, max_size=5, unique=True))
    tools = [operation(f"GET {place}", draw(ANSWERS)) for place in places]
    for place in draw(st.lists(PLACES, min_size=1, max_size=3, unique=True)):
        key = draw(KEYS)
        if "{" + key + "}" not in place:
            tools += [operation(f"GET {place}/{{{key}}}", draw(ANSWERS))]
            tools += [operation(f"PUT {place}/{{{key}}}", takes={"sha": TEXT})]
    return api(*tools)


@given(apis())
def test_the_index_finds_every_login_that_all_pairs_find(catalog: ToolCatalog) -> None:
    outputs = [port for tool in catalog.tools for port in output_ports(tool)]
    index = PortIndex(outputs)
    for consumer in (port for tool in catalog.tools for port in input_ports(tool)):
        found = {item.producer.place: item.match for item in index.best(consumer, min_score=MIN_SCORE, tools=99)}
        scored = {port.place: score_pair(port, consumer) for port in outputs}
        fits = {place: match for place, match in scored.items() if match is not None and match.score >= MIN_SCORE}
        best: dict[str, float] = {}
        for (tool, _), match in fits.items():
            best[tool] = max(match.score, best.get(tool, 0.0))
        wanted = {place: match for place, match in fits.items() if match.score == best[place[0]]}
        assert {place: match for place, match in found.items() if place[0] != consumer.tool.id} == wanted
