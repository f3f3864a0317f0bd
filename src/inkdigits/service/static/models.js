/* The tab "Models". In: v1/models and results.json. Out: the networks in use, a chart, curves and tables. */

import { models, part } from "./api.js";
import { make } from "./build.js";
import { familyList, scatter } from "./chart.js";
import { curves } from "./curves.js";
import { sortableTable } from "./table.js";

const MNIST = "mnist-test";
const KINDS = { glyph: "reads one sign at a time", line: "reads a whole line" };

export function fillModels(networks, results) {
  if (!networks.dataset.filled) {
    fill(networks, models, (body) => body.models.map(network));
  }
  if (!results.dataset.filled) {
    fill(results, () => part("static/results.json"), (body) => [draw(body.rows)]);
  }
}

async function fill(place, get, build) {
  try {
    const body = await get();
    place.replaceChildren(...build(body));
    place.dataset.filled = "yes";
  } catch (error) {
    const said = `${error.message} Open this tab again to try once more.`;
    place.replaceChildren(make("p", { class: "small", role: "alert" }, said));
  }
}

function network(card) {
  const facts = {
    "what it does": KINDS[card.kind] ?? card.kind,
    parameters: card.parameters ? grouped(card.parameters) : null,
    classes: card.classes ? card.classes.join(" ") : null,
    "learnt from": card.training_data?.map((set) => set.name).join(", "),
    checksum: card.sha256 ? `${card.sha256.slice(0, 16)}…` : null,
  };
  const list = make("dl", { class: "facts" });
  for (const [name, value] of Object.entries(facts)) {
    if (value) {
      list.append(make("dt", {}, name), make("dd", {}, value));
    }
  }
  return make("section", { class: "network" }, make("h3", {}, card.name), list);
}

function draw(rows) {
  const judged = rows.filter((row) => row.figure === MNIST);
  const others = rows.filter((row) => row.figure !== MNIST);
  const families = [...new Set(judged.map((row) => row.family))];
  const chart = make("figure", { class: "plot" });
  const caption = make("figcaption", {}, "Accuracy against size");
  caption.append(make("span", { class: "light" }, "MNIST test images read rightly, per cent; both axes are logarithmic, that of accuracy by the errors"));
  const canvas = make("div");
  chart.append(caption, familyList(families), canvas);
  scatter(canvas, judged, families);
  const root = make("div");
  root.append(make("div", { class: "plots" }, chart, curves(rows.filter((row) => row.curve))));
  root.append(sortableTable("Judged by MNIST's 10,000 test images", columns(true), judged, (name) => mark(canvas, name)));
  if (others.length > 0) {
    const table = sortableTable("Judged by something else", columns(false), others, () => {});
    root.append(make("p", { class: "lead apart" }, "Strings of digits are judged by the lines that are read wrongly, so that less is better; few labels by the accuracy that remains when only so many images of each digit have a label."), table);
  }
  return root;
}

function mark(canvas, name) {
  for (const point of canvas.querySelectorAll(".point")) {
    point.toggleAttribute("data-chosen", point.dataset.name === name);
  }
}

function grouped(number) {
  return Math.round(number).toLocaleString("en");
}

function compact(number) {
  const [size, unit] = number >= 1e6 ? [1e6, "M"] : [1e3, "k"];
  return `${Number((number / size).toPrecision(3))} ${unit}`;
}

function duration(seconds) {
  if (seconds < 100) {
    return `${Math.round(seconds)} s`;
  }
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function share(found) {
  if (!found) {
    return "";
  }
  const mean = (100 * found.mean).toFixed(2);
  return found.sd === null ? mean : make("span", {}, mean, make("span", { class: "sd" }, `± ${(100 * found.sd).toFixed(2)}`));
}

function target(row) {
  if (row.target === null) {
    return "";
  }
  return row.met ? String(row.target) : make("span", {}, `${row.target} `, make("span", { class: "missed" }, "missed"));
}

/* Columns: name, what a row shows in it, and by what it is sorted. */
function columns(onMnist) {
  const set = (name, key) => ({ name, cell: (row) => share(row.sets[key]), value: (row) => row.sets[key]?.mean ?? null });
  const first = {
    name: "Network",
    cell: (row) => make("span", {}, row.name, make("span", { class: "title" }, row.title)),
    value: (row) => row.name,
  };
  const judged = onMnist
    ? [set("MNIST", MNIST)]
    : [
        { name: "Judged by", cell: (row) => row.figure.replace("-", " "), value: (row) => row.figure },
        { name: "Figure", cell: (row) => share(row.judged), value: (row) => row.judged.mean },
      ];
  const handwriting = onMnist ? [set("USPS", "usps-test"), set("ARDIS", "ardis"), set("Quiz sheets", "quiz-sheets")] : [];
  const plain = (name, key, shown) => ({ name, cell: (row) => (row[key] ? shown(row[key]) : ""), value: (row) => row[key] });
  return [
    first,
    ...judged,
    ...handwriting,
    { name: "Seeds", cell: (row) => String(row.judged.seeds), value: (row) => row.judged.seeds },
    { name: "Target", cell: target, value: (row) => row.target },
    { name: "Published", cell: (row) => String(row.published ?? ""), value: (row) => row.published },
    plain("Parameters", "parameters", grouped),
    plain("Multiply-adds", "multiply_adds", compact),
    plain("Training", "seconds", duration),
  ];
}
