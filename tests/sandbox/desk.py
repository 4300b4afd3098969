"""A booking desk and its tickets: searches with several filters, bounds and orders, for the laws of lists."""

from __future__ import annotations

from loopbuild.records import Json
from tests.sandbox.tools import catalog

_DAY: Json = {"type": "string", "format": "date"}
_MOMENT: Json = {"type": "string", "format": "date-time"}
DESK: list[dict[str, Json]] = [
    {
        "name": "search_flights",
        "parameters": {
            "origin": "string",
            "destination": "string",
            "departure_date": _DAY,
            "max_price?": "number",
            "cabin?": {"type": "string", "enum": ["economy", "business", "any"]},
        },
        "returns": {
            "flights": [
                {
                    "flight_id": "string",
                    "origin": "string",
                    "destination": "string",
                    "departure_date": _DAY,
                    "price": "number",
                    "cabin": {"type": "string", "enum": ["economy", "business"]},
                }
            ]
        },
    },
    {"name": "book_flight", "parameters": {"flight_id": "string"}, "returns": {"booking_id": "string"}},
    {
        "name": "find_customer",
        "parameters": {"first_name": "string", "last_name": "string"},
        "returns": {"customer_id": "string", "email": "string"},
    },
    {
        "name": "list_tickets",
        "parameters": {
            "state?": {"type": "string", "enum": ["open", "closed", "all"]},
            "label?": "string",
            "min_votes?": "integer",
            "max_votes?": "integer",
            "since?": _MOMENT,
            "sort?": {"type": "string", "enum": ["votes", "created_at"]},
            "order?": {"type": "string", "enum": ["asc", "desc"]},
            "limit?": "integer",
            "cursor?": "string",
        },
        "returns": {
            "tickets": [
                {
                    "ticket_id": "string",
                    "title": "string",
                    "state": {"type": "string", "enum": ["open", "closed"]},
                    "label": "string",
                    "votes": "integer",
                    "created_at": _MOMENT,
                }
            ],
            "next_cursor": "string",
        },
    },
    {
        "name": "get_ticket",
        "parameters": {"ticket_id": "string"},
        "returns": {
            "title": "string",
            "state": {"type": "string", "enum": ["open", "closed", "merged"]},
            "votes": "integer",
        },
    },
    {
        "name": "create_ticket",
        "parameters": {"title": "string", "label": "string"},
        "returns": {"ticket_id": "string"},
    },
]
CATALOG = catalog(DESK)
