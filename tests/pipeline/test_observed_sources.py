"""Laws of `observe: true`: reading tools are called once, what they returned is a file, and nobody is asked again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import loopbuild

from tests.sandbox.shop import OPERATIONS, Service, serving

CLINIC = '''
class Clinic:
    def __init__(self, fixture: int = 0):
        self.people = {f"PAT-{310 + 7 * at + fixture}": name for at, name in enumerate(["Ada", "Alan", "Grace"])}

    def find_patients(self, ward: str | None = None):
        """Find patients."""
        return [{"patient_id": key, "name": name} for key, name in self.people.items()]

    def get_patient(self, patient_id: str):
        """Get one patient."""
        return {"patient_id": patient_id, "name": self.people[patient_id]}

    def plan_visit(self, patient_id: str, day: str):
        """Plan a visit."""
        open("called", "w").close()
        return {"visit_id": "VIS-1"}

    def ward_of(self, patient_id: str):
        """
        Returns:
            str: the ward
        """
        return {"ward_code": "A1"}
'''
LOOP = """version: 1
sources:
  clinic: {{kind: python, module: clinic:Clinic, observe: {observe}, sandbox: {{kind: {kind}}}{more}}}
"""
SEEN = "listings/clinic.observed.json"


def clinic(root: Path, *, observe: str = "true", kind: str = "python", more: str = "") -> Path:
    (root / "clinic.py").write_text(CLINIC)
    (root / "loop.yaml").write_text(LOOP.format(observe=observe, kind=kind, more=more))
    return root


def edges(root: Path) -> list[str]:
    found = json.loads(loopbuild(root, "graph", "--json").out)["edges"]
    return [f"{one['producer']}{one['producer_leaf']} -> {one['consumer']}{one['consumer_leaf']}" for one in found]


FOUND = [
    "clinic/find_patients/[]/patient_id -> clinic/get_patient/patient_id",
    "clinic/find_patients/[]/patient_id -> clinic/plan_visit/patient_id",
]


def test_what_reading_tools_of_an_object_return_is_seen_once_and_stands_in_a_file(tmp_path: Path) -> None:
    root = clinic(tmp_path)
    assert edges(root) == []
    assert "Would call the reading tools of source `clinic` first" in loopbuild(root, "plan").out
    assert not (root / SEEN).exists()
    built = loopbuild(root, "build", "graph:main")
    assert f"called the reading tools of `clinic`: {SEEN} written; commit it" in built.err + built.out
    assert edges(root)[:2] == FOUND
    seen = json.loads((root / SEEN).read_text())["observed"]
    assert {name: found["calls"] for name, found in seen.items()} == {"find_patients": 3, "get_patient": 3}
    assert not list(root.rglob("called"))
    (root / "clinic.py").write_text(CLINIC + "\n# gone wrong\nraise SystemExit\n")
    assert loopbuild(root, "build", "graph:main").code == 0
    assert "first" not in loopbuild(root, "plan").out.partition("\n")[0]


def test_refreshing_looks_again_and_a_frozen_build_does_not_look_at_all(tmp_path: Path) -> None:
    root = clinic(tmp_path)
    frozen = loopbuild(root, "build", "--frozen", "graph:main")
    assert frozen.code != 0
    assert "was never observed" in frozen.err
    assert loopbuild(root, "build", "graph:main").code == 0
    before = (root / SEEN).read_bytes()
    again = loopbuild(root, "build", "--refresh", "source:clinic", "graph:main")
    assert f"{SEEN} unchanged" in again.err + again.out
    (root / "clinic.py").write_text(CLINIC.replace('"patient_id": key, ', '"patient_id": key, "ward": 1, '))
    assert loopbuild(root, "build", "--refresh", "source:clinic", "graph:main").code == 0
    assert (root / SEEN).read_bytes() != before


def test_an_author_stands_above_what_was_seen(tmp_path: Path) -> None:
    root = clinic(tmp_path, more=", returns: {find_patients: {person_id: string}}")
    assert loopbuild(root, "build", "graph:main").code == 0
    assert FOUND[0] not in edges(root)


def test_an_object_that_cannot_be_made_costs_the_build_and_leaves_what_was_seen(tmp_path: Path) -> None:
    root = clinic(tmp_path)
    assert loopbuild(root, "build", "graph:main").code == 0
    before = (root / SEEN).read_bytes()
    (root / "clinic.py").write_text("import nowhere_at_all\n" + CLINIC)
    screen = loopbuild(root, "build", "--refresh", "source:clinic", "graph:main")
    assert screen.code == 1
    assert "source `clinic`: nothing could be observed" in screen.err
    assert "`observe: true`" in screen.err
    assert (root / SEEN).read_bytes() == before


@pytest.mark.parametrize("content", ["[]", '{"observed": null}', '{"observed": [1, 2]}', '{"observed": "ab"}'])
def test_a_broken_observation_is_named_with_what_makes_it_again(tmp_path: Path, content: str) -> None:
    root = clinic(tmp_path)
    (root / "listings").mkdir()
    (root / SEEN).write_text(content)
    screen = loopbuild(root, "graph")
    assert screen.code == 1
    assert f"`{SEEN}` holds no observation" in screen.err
    assert "--refresh source:clinic" in screen.err


def test_in_a_simulated_sandbox_there_is_nothing_to_observe(tmp_path: Path) -> None:
    screen = loopbuild(clinic(tmp_path, kind="simulated"), "check")
    assert screen.code == 2
    assert "nothing real runs there" in screen.out + screen.err


@pytest.fixture
def shop() -> object:
    with serving() as service:
        yield service


def test_a_service_is_only_read_and_its_answers_connect_its_operations(tmp_path: Path, shop: Service) -> None:
    paths: dict[str, dict[str, object]] = {}
    for name, (method, path) in OPERATIONS.items():
        if name != "break_down":
            taken = [
                {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
                for part in path.split("/")
                if part.startswith("{")
            ]
            answer = {"description": "ok", "content": {"application/json": {"schema": {}}}}
            paths.setdefault(path, {})[method.lower()] = {
                "operationId": name,
                "parameters": taken,
                "responses": {"200": answer},
            }
    document = {"openapi": "3.0.3", "info": {"title": "shop", "version": "1"}, "paths": paths}
    (tmp_path / "shop.json").write_text(json.dumps(document))
    (tmp_path / "loop.yaml").write_text(
        "version: 1\nsources:\n  shop: {kind: openapi, path: shop.json, observe: true, "
        f"sandbox: {{kind: http, url: '{shop.url}', retries: 0}}}}\n"
    )
    assert edges(tmp_path) == []
    assert loopbuild(tmp_path, "build", "graph:main").code == 0
    found = edges(tmp_path)
    assert "shop/list_orders/order_ids/[] -> shop/get_order/order_id" in found
    assert "shop/get_order/customer_id -> shop/get_customer/customer_id" in found
    assert {asked["method"] for asked in shop.seen} == {"GET"}
    before = (tmp_path / "listings" / "shop.observed.json").read_bytes()
    shop.trouble = lambda handler: handler.answer(503, {"message": "down"}) or True
    screen = loopbuild(tmp_path, "build", "--refresh", "source:shop", "graph:main")
    assert screen.code == 1
    assert "nothing could be observed: no call was answered" in screen.err
    assert (tmp_path / "listings" / "shop.observed.json").read_bytes() == before
