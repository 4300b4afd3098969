"""A depot as an MCP server in plain JSON-RPC: 20 edges between its tools are true, 20 look as true and are not.

False are ids of another namespace or scope (archived orders, purchase orders, keys of customers), values that any text
field takes, counts that happen to be ticket numbers, and states of one thing that are partly states of another. State
is `depot.db` of the working folder, filled from LOOPBUILD_FIXTURE.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

TRUE = """
list_customers#/customer_ids/[] -> get_customer#/customer_id
list_customers#/customer_ids/[] -> list_orders#/customer_id
list_customers#/customer_ids/[] -> create_ticket#/customer_id
get_customer#/address_id -> get_address#/address_id
list_orders#/order_ids/[] -> get_order#/order_id
list_orders#/order_ids/[] -> cancel_order#/order_id
list_orders#/order_ids/[] -> redeem_coupon#/order_id
list_coupons#/coupon_codes/[] -> redeem_coupon#/coupon_code
get_order#/product_codes/[] -> get_product#/product_code
get_order#/shipment_no -> track_shipment#/shipment_no
get_product#/warehouse_id -> get_warehouse#/warehouse_id
get_product#/warehouse_id -> list_stock#/warehouse_id
list_stock#/rows/[]/product_code -> get_product#/product_code
get_warehouse#/manager_email -> find_account#/email
find_account#/account_no -> get_account#/account_no
get_account#/warehouse_id -> get_warehouse#/warehouse_id
list_tickets#/ticket_numbers/[] -> get_ticket#/ticket_number
list_tickets#/ticket_numbers/[] -> close_ticket#/ticket_number
get_ticket#/order_id -> get_order#/order_id
list_warehouse_keys#/key_ids/[] -> rotate_warehouse_key#/key_id
"""
FALSE = """
list_archived_orders#/order_ids/[] -> get_order#/order_id
list_archived_orders#/order_ids/[] -> cancel_order#/order_id
list_purchase_orders#/order_ids/[] -> get_order#/order_id
list_purchase_orders#/order_ids/[] -> redeem_coupon#/order_id
list_customer_keys#/key_ids/[] -> rotate_warehouse_key#/key_id
get_order#/status -> list_tickets#/status
track_shipment#/status -> list_tickets#/status
get_customer#/status -> list_tickets#/status
get_customer#/email -> find_account#/email
get_ticket#/opened_by_email -> find_account#/email
get_product#/title -> create_ticket#/subject
get_customer#/name -> create_ticket#/subject
get_order#/item_count -> get_ticket#/ticket_number
get_warehouse#/dock_count -> get_ticket#/ticket_number
get_order#/placed_on -> list_shifts#/day
track_shipment#/eta -> list_shifts#/day
get_product#/category -> redeem_coupon#/coupon_code
find_account#/plan -> redeem_coupon#/coupon_code
get_address#/zip_code -> get_product#/product_code
track_shipment#/carrier -> get_forecast#/city
"""


class Refused(Exception):
    """The server's own no."""


def fill(db: sqlite3.Connection) -> None:
    """Make the world of this fixture."""
    rng = random.Random(f"depot {os.environ.get('LOOPBUILD_FIXTURE', '0')}")

    def ids(pattern: str, count: int, low: int, high: int) -> list[str]:
        return [pattern.format(number) for number in rng.sample(range(low, high), count)]

    houses, people = ids("W-{:03d}", 5, 100, 999), ids("CU-{}", 8, 1000, 9999)
    orders, products = ids("O-{}", 30, 1000, 1999), ids("P{}X", 12, 10000, 99999)
    rows: list[tuple[str, str, dict[str, Any]]] = []
    for house in houses:
        mail, account = f"{rng.choice(('ada', 'bo', 'cy'))}{rng.randrange(1000)}@depot.example", rng.choice("ABCD")
        number = f"{account}{rng.randrange(100000, 999999)}"
        rows.append(("warehouse", house, {"manager_email": mail, "dock_count": rng.randrange(2, 30)}))
        rows.append(("account", number, {"email": mail, "plan": rng.choice(("basic", "gold")), "warehouse_id": house}))
        rows += [("warehouse_key", key, {"owner": house}) for key in ids("key_{}", 3, 10000, 99999)]
    for code in products:
        title = f"{rng.choice(('steel', 'oak', 'glass'))} {rng.choice(('table', 'lamp', 'shelf'))} {rng.randrange(100)}"
        kind = rng.choice(("furniture", "lighting", "kitchenware"))
        rows.append(("product", code, {"title": title, "category": kind, "warehouse_id": rng.choice(houses)}))
    for number, person in enumerate(people):
        place = f"AD{rng.randrange(10000, 99999)}"
        rows.append(
            ("address", place, {"city": rng.choice(("Oslo", "Lyon")), "zip_code": f"{rng.randrange(10000, 99999)}"})
        )
        mail = f"customer{rng.randrange(10000)}@mail.example"
        state = rng.choice(("active", "open", "blocked"))
        told = {"name": f"Customer Number {rng.randrange(1000)}", "email": mail, "address_id": place, "status": state}
        rows.append(("customer", person, told))
        rows += [("customer_key", key, {"owner": person}) for key in ids("key_{}", 2, 10000, 99999)]
        for order in orders[3 * number : 3 * number + 3]:
            shipment = f"SH{rng.randrange(10**7, 10**8)}"
            eta, carrier = f"2026-02-{rng.randrange(10, 28)}", rng.choice(("Northline", "Quickfreight"))
            move = {"carrier": carrier, "status": rng.choice(("open", "moving", "arrived")), "eta": eta}
            rows.append(("shipment", shipment, move))
            told = {
                "customer": person,
                "status": rng.choice(("open", "shipped", "paid")),
                "product_codes": rng.sample(products, 2),
                "shipment_no": shipment,
                "placed_on": f"2026-01-{rng.randrange(10, 28)}",
                "item_count": rng.randrange(1, 60),
            }
            rows.append(("order", order, told))
    rows += [("archived", order, {}) for order in ids("O-{}", 6, 3000, 3999)]
    # A purchase order may have the number of an order: that makes it no order.
    rows += [("purchase", order, {}) for order in [orders[0], *ids("O-{}", 8, 1000, 1999)]]
    rows += [("coupon", code, {}) for code in ids("SAVE{}", 5, 1000, 9999)]
    for number in range(1, 25):
        mail = f"customer{rng.randrange(10000)}@mail.example"
        told = {"subject": "late", "status": rng.choice(("open", "closed")), "opened_by_email": mail}
        rows.append(("ticket", str(number), {**told, "order_id": rng.choice(orders[:24])}))
    db.execute("create table things (kind text, id text, data text, primary key (kind, id))")
    db.executemany("insert into things values (?, ?, ?)", [(kind, key, json.dumps(told)) for kind, key, told in rows])


def connect() -> sqlite3.Connection:
    """Open the state, made when there is none."""
    db = sqlite3.connect("depot.db", isolation_level=None)
    db.execute("begin immediate")
    if not db.execute("select 1 from sqlite_master").fetchone():
        fill(db)
    db.execute("commit")
    return db


def get(kind: str, key: Any) -> dict[str, Any]:
    """Return one thing; refuses what does not exist."""
    with closing(connect()) as db:
        row = db.execute("select data from things where kind = ? and id = ?", (kind, str(key))).fetchone()
    if row is None:
        raise Refused(f"not_found: no {kind} {key}")
    found: dict[str, Any] = json.loads(row[0])
    return found


def keys(kind: str, **wanted: Any) -> list[str]:
    """Return the ids of the things of a kind with these properties."""
    with closing(connect()) as db:
        rows = db.execute("select id, data from things where kind = ? order by id", (kind,)).fetchall()
    return [key for key, data in rows if all(json.loads(data).get(name) == value for name, value in wanted.items())]


def put(kind: str, key: Any, told: dict[str, Any]) -> None:
    """Write one thing."""
    with closing(connect()) as db:
        db.execute("replace into things values (?, ?, ?)", (kind, str(key), json.dumps(told)))


def changed(kind: str, key: Any, **told: Any) -> dict[str, Any]:
    """Change one thing that exists."""
    put(kind, key, {**get(kind, key), **told})
    return {"is_done": True}


def find_account(email: str) -> dict[str, Any]:
    """Staff only."""
    found = keys("account", email=email)
    if not found:
        raise Refused(f"not_found: no account of {email}")
    return {"account_no": found[0], "plan": get("account", found[0])["plan"]}


def create_ticket(customer_id: str, subject: str) -> dict[str, Any]:
    """Anything may be a subject."""
    get("customer", customer_id)
    put("ticket", len(keys("ticket")) + 1, {"subject": subject, "status": "open"})
    return {"is_done": True}


def redeem_coupon(coupon_code: str, order_id: str) -> dict[str, Any]:
    """Both have to exist."""
    get("coupon", coupon_code)
    return changed("order", order_id, coupon=coupon_code)


def rotate_warehouse_key(warehouse_id: str, key_id: str) -> dict[str, Any]:
    """The key has to be one of this warehouse."""
    if get("warehouse_key", key_id)["owner"] != warehouse_id:
        raise Refused("not_found: no such key in this warehouse")
    return changed("warehouse_key", key_id, turns=get("warehouse_key", key_id).get("turns", 0) + 1)


def owned(kind: str, owner_kind: str, owner: str) -> list[str]:
    """Return the things of an owner that exists."""
    get(owner_kind, owner)
    return keys(kind, owner=owner)


def told(kind: str, key: Any, *names: str) -> dict[str, Any]:
    """Return some properties of one thing."""
    found = get(kind, key)
    return {name: found.get(name) for name in names}


def stock(warehouse_id: str) -> dict[str, Any]:
    """Return what lies in a warehouse that exists."""
    get("warehouse", warehouse_id)
    return {"rows": [{"product_code": code} for code in keys("product", warehouse_id=warehouse_id)]}


def listed(name: str, found: list[Any]) -> dict[str, Any]:
    """Return a list under a name."""
    return {name: found}


def orders_of(customer_id: str) -> dict[str, Any]:
    """Return the orders of a customer that exists."""
    get("customer", customer_id)
    return listed("order_ids", keys("order", customer=customer_id))


T, N = {"type": "string"}, {"type": "integer"}
L = {"type": "array", "items": T}
DAY = {"type": "string", "format": "date"}
Tool = tuple[dict[str, Any], dict[str, Any], Callable[..., dict[str, Any]]]
TOOLS: dict[str, Tool] = {
    "list_customers": ({}, {"customer_ids": L}, lambda: listed("customer_ids", keys("customer"))),
    "get_customer": (
        {"customer_id": T},
        {"name": T, "email": T, "address_id": T, "status": T},
        lambda customer_id: told("customer", customer_id, "name", "email", "address_id", "status"),
    ),
    "list_orders": ({"customer_id": T}, {"order_ids": L}, orders_of),
    "get_order": (
        {"order_id": T},
        {"status": T, "product_codes": L, "shipment_no": T, "placed_on": DAY, "item_count": N},
        lambda order_id: told("order", order_id, "status", "product_codes", "shipment_no", "placed_on", "item_count"),
    ),
    "cancel_order": ({"order_id": T}, {}, lambda order_id: changed("order", order_id, status="cancelled")),
    "get_product": (
        {"product_code": T},
        {"title": T, "category": T, "warehouse_id": T},
        lambda product_code: told("product", product_code, "title", "category", "warehouse_id"),
    ),
    "get_warehouse": (
        {"warehouse_id": T},
        {"manager_email": T, "dock_count": N},
        lambda warehouse_id: told("warehouse", warehouse_id, "manager_email", "dock_count"),
    ),
    "list_stock": (
        {"warehouse_id": T},
        {"rows": {"type": "array", "items": {"type": "object", "properties": {"product_code": T}}}},
        stock,
    ),
    "track_shipment": (
        {"shipment_no": T},
        {"carrier": T, "status": T, "eta": DAY},
        lambda shipment_no: told("shipment", shipment_no, "carrier", "status", "eta"),
    ),
    "list_tickets": (
        {"status": T},
        {"ticket_numbers": {"type": "array", "items": N}},
        lambda status: listed("ticket_numbers", [int(key) for key in keys("ticket", status=status)]),
    ),
    "get_ticket": (
        {"ticket_number": N},
        {"subject": T, "opened_by_email": T, "order_id": T},
        lambda ticket_number: told("ticket", ticket_number, "subject", "opened_by_email", "order_id"),
    ),
    "close_ticket": ({"ticket_number": N}, {}, lambda ticket_number: changed("ticket", ticket_number, note="closed")),
    "create_ticket": ({"customer_id": T, "subject": T}, {}, create_ticket),
    "find_account": ({"email": T}, {"account_no": T, "plan": T}, find_account),
    "get_account": (
        {"account_no": T},
        {"warehouse_id": T},
        lambda account_no: told("account", account_no, "warehouse_id"),
    ),
    "get_address": (
        {"address_id": T},
        {"city": T, "zip_code": T},
        lambda address_id: told("address", address_id, "city", "zip_code"),
    ),
    "list_coupons": ({}, {"coupon_codes": L}, lambda: listed("coupon_codes", keys("coupon"))),
    "redeem_coupon": ({"coupon_code": T, "order_id": T}, {}, redeem_coupon),
    "list_archived_orders": ({}, {"order_ids": L}, lambda: listed("order_ids", keys("archived"))),
    "list_purchase_orders": ({}, {"order_ids": L}, lambda: listed("order_ids", keys("purchase"))),
    "list_customer_keys": (
        {"customer_id": T},
        {"key_ids": L},
        lambda customer_id: listed("key_ids", owned("customer_key", "customer", customer_id)),
    ),
    "list_warehouse_keys": (
        {"warehouse_id": T},
        {"key_ids": L},
        lambda warehouse_id: listed("key_ids", owned("warehouse_key", "warehouse", warehouse_id)),
    ),
    "rotate_warehouse_key": ({"warehouse_id": T, "key_id": T}, {}, rotate_warehouse_key),
    "list_shifts": ({"day": DAY}, {"people": L}, lambda day: listed("people", [f"team of {day}", "night watch"])),
    "get_forecast": ({"city": T}, {"summary": T}, lambda city: {"summary": "mild, some rain"}),
}


def entries() -> list[dict[str, Any]]:
    """Return the tools as `tools/list` does."""
    return [
        {
            "name": name,
            "inputSchema": {"type": "object", "properties": taken, "required": sorted(taken)},
            "outputSchema": {"type": "object", "properties": given or {"is_done": {"type": "boolean"}}},
        }
        for name, (taken, given, _) in TOOLS.items()
    ]


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the result of a request; None for a method this server does not know."""
    if method == "initialize":
        info = {"name": "depot", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": entries()}
    if method != "tools/call":
        return None
    try:
        value = TOOLS[params["name"]][2](**params.get("arguments", {}))
    except Exception as error:
        return {"content": [{"type": "text", "text": str(error)}], "isError": True}
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
            result = answer(request["method"], request.get("params", {}))
            reply |= {"error": {"code": -32601, "message": "unknown"}} if result is None else {"result": result}
            print(json.dumps(reply), flush=True)
