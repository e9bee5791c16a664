// Shows /openapi.json and lets its operations be tried. No library, nothing from another host.
"use strict";

const element = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text ?? "" }, more);

async function send(method, path, body) {
  const headers = {};
  const key = document.getElementById("key").value;
  if (key) headers["authorization"] = "Bearer " + key;
  if (body !== undefined) headers["content-type"] = "application/json";
  const started = performance.now();
  const reply = await fetch(path, { method, headers, body });
  const milliseconds = (performance.now() - started).toFixed(0);
  const text = await reply.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
  return `${reply.status} from ${reply.headers.get("x-served-by")} in ${milliseconds} ms\n\n${shown}`;
}

// The columns of a model by name and type; null for an operation that takes none by name.
function renderColumns(schema) {
  const columns = Object.entries(schema?.properties?.features?.properties ?? {});
  if (!columns.length) return null;
  const rows = columns.map(([name, column]) => {
    const row = element("tr");
    row.append(element("th", name, { scope: "row" }), element("td", column.description));
    return row;
  });
  const head = element("tr");
  head.append(element("th", "column", { scope: "col" }), element("th", "type", { scope: "col" }));
  const table = element("table");
  table.append(head, ...rows);
  return table;
}

function renderOperation(path, method, operation) {
  const box = element("details");
  const summary = element("summary");
  summary.append(element("span", method.toUpperCase(), { className: "method" }), element("code", path));
  summary.append(" " + operation.summary);
  box.append(summary);
  const schema = operation.requestBody?.content["application/json"].schema;
  const input = schema && element("textarea", JSON.stringify(schema.examples?.[0] ?? {}, null, 1), { spellcheck: false });
  const output = element("pre", Object.entries(operation.responses).map(([s, r]) => `${s}  ${r.description}`).join("\n"));
  const button = element("button", "Send");
  button.addEventListener("click", async () => {
    output.textContent = "…";
    try { output.textContent = await send(method.toUpperCase(), path, input?.value); }
    catch (error) { output.textContent = String(error); }
  });
  const columns = renderColumns(schema);
  if (columns) box.append(columns);
  if (input) box.append(input);
  box.append(button, output);
  return box;
}

async function show() {
  const api = await (await fetch("/openapi.json")).json();
  document.getElementById("about").textContent = api.info.description;
  const operations = Object.entries(api.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, o]) => renderOperation(path, method, o)));
  document.getElementById("operations").replaceChildren(...operations);
}

show();
