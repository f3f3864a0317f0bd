/* A table that can be sorted. In: columns, rows. Out: a table whose headers are buttons; `aria-sort` tells which
   way it is sorted, and rows without a value stand last either way. */

import { make } from "./build.js";

function compare(one, other) {
  return typeof one === "string" ? one.localeCompare(other, "en") : one - other;
}

/* A column is {name, cell(row), value(row)}; `onPoint(name)` is told of the row under the pointer. */
export function sortableTable(title, columns, rows, onPoint) {
  const body = make("tbody");
  const built = new Map(rows.map((row) => [row, buildRow(columns, row, onPoint)]));
  const headers = columns.map((column, index) => {
    const way = make("span", { class: "way", "aria-hidden": "true" });
    const button = make("button", { type: "button" }, column.name, way);
    const header = make("th", { scope: "col" }, button);
    button.addEventListener("click", () => sort(index));
    return header;
  });

  function sort(index) {
    // Names begin at A; of figures the highest is what one looks for first.
    const first = index === 0 ? "ascending" : "descending";
    const old = headers[index].getAttribute("aria-sort");
    const way = old === null ? first : old === "ascending" ? "descending" : "ascending";
    headers.forEach((header, at) => {
      header.toggleAttribute("aria-sort", at === index);
      header.querySelector(".way").textContent = at !== index ? "" : way === "ascending" ? " ↑" : " ↓";
    });
    headers[index].setAttribute("aria-sort", way);
    const { value } = columns[index];
    const known = rows.filter((row) => value(row) !== null).sort((one, other) => compare(value(one), value(other)));
    const unknown = rows.filter((row) => value(row) === null);
    const sorted = way === "ascending" ? known : known.reverse();
    body.replaceChildren(...[...sorted, ...unknown].map((row) => built.get(row)));
  }

  body.replaceChildren(...built.values());
  body.addEventListener("pointerleave", () => onPoint(null));
  const head = make("thead", {}, make("tr", {}, ...headers));
  const table = make("table", {}, make("caption", {}, title), head, body);
  // What scrolls must be reached by keyboard, and then it needs a name.
  return make("div", { class: "wide-table", tabindex: "0", role: "region", "aria-label": title }, table);
}

function buildRow(columns, row, onPoint) {
  const cells = columns.map((column, index) =>
    index === 0 ? make("th", { scope: "row" }, column.cell(row)) : make("td", {}, column.cell(row)),
  );
  const element = make("tr", {}, ...cells);
  element.addEventListener("pointerenter", () => onPoint(row.name));
  return element;
}
