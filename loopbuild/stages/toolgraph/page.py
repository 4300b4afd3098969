"""The style and the script of the graph's page, as text; see `html`."""

from __future__ import annotations

STYLE = """
:root { --ink: #222; --quiet: #777; --paper: #fff; --line: #ddd; --focus: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --quiet: #999; --paper: #17181a; --line: #333; --focus: #fb923c; }
}
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; color: var(--ink); background: var(--paper);
  font: 14px/1.4 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; padding: 8px 12px;
  border-bottom: 1px solid var(--line); }
header span, small { color: var(--quiet); }
input[type=search], button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
  border-radius: 4px; padding: 2px 8px; }
label { white-space: nowrap; }
label i { display: inline-block; width: 18px; border-top: 3px solid; vertical-align: middle; margin-right: 4px; }
main { flex: 1; display: flex; min-height: 0; }
svg { flex: 1; min-width: 0; cursor: grab; touch-action: none; font: 12px ui-monospace, Menlo, Consolas, monospace; }
svg.moving { cursor: grabbing; }
aside { width: 340px; overflow: auto; border-left: 1px solid var(--line); padding: 8px 14px; overflow-wrap: anywhere; }
aside h2 { font-size: 15px; margin: 4px 0; }
aside h3 { font-size: 13px; margin: 12px 0 2px; color: var(--quiet); }
aside ul { padding-left: 16px; margin: 2px 0; }
aside a { color: inherit; cursor: pointer; text-decoration: underline; }
code { font: 12px ui-monospace, Menlo, Consolas, monospace; }
.tool { cursor: pointer; outline: none; }
.tool rect { fill: var(--paper); stroke: currentColor; }
.tool text { fill: currentColor; }
.tool.read { color: #2f6f9f; } .tool.create { color: #3a7d44; } .tool.update { color: #a8650f; }
.tool.delete { color: #c04545; } .tool.unknown { color: var(--quiet); }
.tool.chosen rect, .tool:focus-visible rect { stroke: var(--focus); stroke-width: 3; }
.link { fill: none; stroke: currentColor; stroke-width: 1.4; marker-end: url(#arrow); }
marker path { fill: #888; }
.verified { color: #2a7f3f; } .declared { color: #2f6f9f; } .observed { color: #6a9f58; } .inferred { color: #888; }
.weak { color: #b08d57; } .link.weak { stroke-dasharray: 4 3; } label i.weak { border-top-style: dashed; }
.unproven { color: #a06bb0; } .link.unproven { stroke-dasharray: 1 4; } label i.unproven { border-top-style: dotted; }
.lost { color: var(--focus); }
.hidden { display: none; } .faint { opacity: .12; }
@media (max-width: 700px) { main { flex-direction: column; } aside { width: auto; height: 40%; border-left: 0;
  border-top: 1px solid var(--line); } }
"""

SCRIPT = """
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const svg = document.getElementById('graph'), side = document.getElementById('side');
const tools = [...svg.querySelectorAll('.tool')], links = [...svg.querySelectorAll('.link')];
const boxes = [...document.querySelectorAll('header input[type=checkbox]')];
const whole = svg.getAttribute('viewBox').split(' ').map(Number);
let view = [...whole], chosen = -1, drag = null;

function show() { svg.setAttribute('viewBox', view.join(' ')); }
function point(event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [at.x, at.y];
}
svg.addEventListener('wheel', event => {
  event.preventDefault();
  const [x, y] = point(event), by = Math.min(4, Math.max(.25, Math.exp(event.deltaY / 400)));
  const width = Math.min(4 * whole[2], Math.max(80, view[2] * by)), real = width / view[2];
  view = [x - (x - view[0]) * real, y - (y - view[1]) * real, width, view[3] * real];
  show();
}, { passive: false });
svg.addEventListener('pointerdown', event => {
  if (event.button) return;
  drag = { at: point(event), from: [event.clientX, event.clientY], moved: false, on: event.target.closest('.tool') };
});
svg.addEventListener('pointermove', event => {
  if (!drag) return;
  if (!drag.moved && Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) < 4) return;
  if (!drag.moved) { drag.moved = true; svg.setPointerCapture(event.pointerId); svg.classList.add('moving'); }
  const [x, y] = point(event);
  view[0] += drag.at[0] - x; view[1] += drag.at[1] - y;
  show();
});
svg.addEventListener('pointerup', () => {
  if (drag && !drag.moved) choose(drag.on ? Number(drag.on.dataset.tool) : -1);
  drag = null; svg.classList.remove('moving');
});
svg.addEventListener('pointercancel', () => { drag = null; svg.classList.remove('moving'); });
document.getElementById('fit').addEventListener('click', () => { view = [...whole]; show(); });
document.addEventListener('keydown', event => {
  const tool = event.target.closest ? event.target.closest('.tool') : null;
  if (tool && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    choose(Number(tool.dataset.tool));
  }
  if (event.key === 'Escape') choose(-1);
});
boxes.forEach(box => box.addEventListener('change', paint));
document.getElementById('find').addEventListener('input', paint);

function wanted() { return new Set(boxes.filter(box => box.checked).map(box => box.value)); }
function paint() {
  const shown = wanted(), near = new Set([chosen]);
  const text = document.getElementById('find').value.trim().toLowerCase();
  for (const link of links) {
    const from = Number(link.dataset.from), to = Number(link.dataset.to);
    const visible = link.dataset.statuses.split(' ').some(status => shown.has(status));
    const touches = chosen < 0 || from === chosen || to === chosen;
    link.classList.toggle('hidden', !visible);
    link.classList.toggle('faint', !touches);
    if (visible && touches && chosen >= 0) { near.add(from); near.add(to); }
  }
  tools.forEach((tool, at) => {
    const found = !text || data.tools[at].id.toLowerCase().includes(text);
    tool.classList.toggle('chosen', at === chosen);
    tool.classList.toggle('faint', !found || (chosen >= 0 && !near.has(at)));
  });
  tell(shown);
}
function choose(at) { chosen = at; paint(); }
function add(parent, tag, text, kind) {
  const made = parent.appendChild(document.createElement(tag));
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}
function list(title, edges, arrow) {
  add(side, 'h3', title);
  const items = add(side, 'ul');
  if (!edges.length) add(items, 'li', 'none');
  for (const [from, output, to, input, score, rule, status] of edges) {
    const item = add(items, 'li'), other = arrow === '<-' ? from : to;
    add(item, 'code', arrow === '<-' ? input + ' <- ' : output + ' -> ');
    const link = add(item, 'a', data.tools[other].id);
    link.addEventListener('click', () => choose(other));
    add(item, 'code', ' ' + (arrow === '<-' ? output : input));
    item.append(' ');
    add(item, 'small', score.toFixed(2) + ' ' + rule + ', ');
    add(item, 'small', status, status);
  }
}
const first = [...side.childNodes];
function tell(shown) {
  if (chosen < 0) { side.replaceChildren(...first); return; }
  side.replaceChildren();
  const tool = data.tools[chosen], edges = data.edges.filter(edge => shown.has(edge[6]));
  add(side, 'h2', tool.id);
  add(side, 'small', tool.effect + ', returns ' + tool.returns);
  if (tool.about) add(side, 'p', tool.about);
  list('Fed by', edges.filter(edge => edge[2] === chosen), '<-');
  list('Feeds', edges.filter(edge => edge[0] === chosen), '->');
  add(side, 'h3', 'Inputs');
  const items = add(side, 'ul');
  for (const [pointer, required, lost] of tool.inputs) {
    const item = add(items, 'li');
    add(item, 'code', pointer);
    add(item, 'small', (required ? ' required' : ' optional') + (lost ? ', no tool gives it' : ''), lost ? 'lost' : '');
  }
}
paint();
"""
