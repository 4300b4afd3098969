"""Catalogs for the laws of sandboxes: plain tool entries through the real readers."""

from __future__ import annotations

import json
from pathlib import Path

from loopbuild.records import Json, ToolCatalog
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources import mcp_dump, toolspec

EXAMPLES = Path(__file__).parents[2] / "examples"
HR_TOOLS: list[dict[str, Json]] = json.loads((EXAMPLES / "hr" / "tools" / "hr.json").read_text())

SHOP: list[dict[str, Json]] = json.loads(
    """[
  {"name": "list_orders",
   "parameters": {"status?": {"type": "string", "enum": ["placed", "shipped", "cancelled"]}},
   "returns": {"orders": [{"id": "string", "status": "string", "customer_id": "string", "total": "number"}],
               "count": "integer"}},
  {"name": "get_order", "parameters": {"order_id": "string"},
   "returns": {"id": "string", "customer_id": "string", "status": "string", "note": "string"}},
  {"name": "create_order", "parameters": {"customer_id": "string", "note?": "string"},
   "returns": {"order_id": "string", "status": "string"}},
  {"name": "update_order", "parameters": {"order_id": "string", "note": "string"}, "returns": {"success": "boolean"}},
  {"name": "ship_order", "parameters": {"order_id": "string"},
   "returns": {"status": {"type": "string", "enum": ["PLACED", "SHIPPED"]}}},
  {"name": "delete_order", "parameters": {"order_id": "string"}, "returns": {"deleted": "boolean"}},
  {"name": "get_customer", "parameters": {"customer_id": "string"},
   "returns": {"name": "string", "email": {"type": "string", "format": "email"}, "city": "string"}},
  {"name": "search_customers", "parameters": {"query": "string"},
   "returns": {"customers": [{"id": "string", "name": "string"}]}},
  {"name": "add_item",
   "parameters": {"order_id": "string", "product_id": "integer", "quantity": {"type": "integer", "minimum": 1}},
   "returns": {"item_id": {"type": "string", "pattern": "^it_[a-f0-9]{6}$"}}},
  {"name": "summarize", "parameters": {"text": "string"}, "returns": {"summary": "string"}},
  {"name": "send_message", "parameters": {"address": "string", "text": "string"}, "returns": {"sent": "boolean"}}
]"""
)


def catalog(entries: list[dict[str, Json]], source: str = "s") -> ToolCatalog:
    listing = toolspec.read(source, json.dumps(entries).encode(), file="tools.json", settings={})
    return build_catalog([listing])


def memory() -> ToolCatalog:
    content = (EXAMPLES / "memory" / "tools" / "memory.json").read_bytes()
    return build_catalog([mcp_dump.read("memory", content, file="memory.json", settings={})])
