/* Accuracy against size. In: rows of results.json. Out: a drawing (SVG) as wide as its place, drawn again when
   that changes. The table below it says the same in words, so that it is one picture to a reader of the screen. */

import { make, makeSvg } from "./build.js";

const ERRORS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 5];
const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7];
const SIZE_NAMES = ["1 k", "10 k", "100 k", "1 M", "10 M"];
const LETTER = 6.3; // pixels of a letter of a name, about
const HEIGHT = 12;

/* A shape for each family, so that it is not told by colour alone; drawn around 0, 0. */
const SHAPES = [
  "M-5-5h10v10h-10z",
  "M0-6.500 6 5H-6z",
  "M0-6.500 6.500 0 0 6.500-6.500 0z",
  "M0-5.500a5.500 5.500 0 1 0 .01 0z",
  "M0 6.500 6-5H-6z",
  "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
  "M0-7 2-2 7-2 3 1.500 4.500 6.500 0 3.500-4.500 6.500-3 1.500-7-2-2-2z",
  "M-6-3.500h12v7h-12z",
];

function colorOf(family) {
  const name = family === "light" ? "light-networks" : family.replaceAll(" ", "-");
  return `var(--${name})`;
}

function shape(family, families) {
  const drawn = makeSvg("path", { class: "shape", d: SHAPES[families.indexOf(family) % SHAPES.length] });
  drawn.style.fill = colorOf(family);
  return drawn;
}

export function familyList(families) {
  const items = families.map((family) => {
    const picture = makeSvg("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, shape(family, families));
    return make("li", {}, picture, family);
  });
  return make("ul", { class: "families", "aria-label": "Families of networks" }, ...items);
}

/* Keeps a chart as wide as `place`: `draw(width)` gives its SVG. */
export function fitted(place, draw) {
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(place.clientWidth);
    if (width > 0 && width !== drawn) {
      drawn = width;
      place.replaceChildren(draw(width));
    }
  }).observe(place);
}

export function logarithmic(low, high, from, to) {
  const scale = (to - from) / Math.log(high / low);
  return (value) => from + Math.log(value / low) * scale;
}

/* Grid lines with their names: `ticks` are [value, name]. */
export function axis(ticks, at, { across, from, to, base }) {
  return ticks.flatMap(([value, name]) => {
    const where = at(value);
    const line = across
      ? { x1: where, x2: where, y1: from, y2: to }
      : { x1: from, x2: to, y1: where, y2: where };
    const place = across
      ? { x: where, y: base, "text-anchor": "middle" }
      : { x: base, y: where + 4, "text-anchor": "end" };
    return [makeSvg("line", { class: "grid-line", ...line }), makeSvg("text", { class: "tick", ...place }, name)];
  });
}

export function scatter(place, rows, families) {
  const points = rows.filter((row) => row.parameters && row.judged);
  fitted(place, (width) => drawScatter(width, points, families));
}

function drawScatter(width, rows, families) {
  const height = Math.round(Math.min(Math.max(width * 0.5, 300), 460));
  const left = 50;
  const bottom = height - 40;
  const errors = rows.map((row) => 100 * (1 - row.judged.mean));
  const low = Math.min(...errors) * 0.85;
  const high = Math.max(...errors) * 1.12;
  const sizes = rows.map((row) => row.parameters);
  const x = logarithmic(Math.min(...sizes) / 1.7, Math.max(...sizes) * 2.2, left + 8, width - 8);
  const y = logarithmic(low, high, 10, bottom);
  const shown = SIZES.map((size, index) => [size, SIZE_NAMES[index]]).filter(([size]) => x(size) > left && x(size) < width);
  const ticks = ERRORS.filter((error) => error > low && error < high).map((error) => [error, String(100 - error)]);
  const root = makeSvg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    height,
    role: "img",
    "aria-label": `Accuracy against parameters of ${rows.length} networks; the table below holds the same figures.`,
  });
  root.append(...axis(shown, x, { across: true, from: 10, to: bottom, base: bottom + 17 }));
  root.append(...axis(ticks, y, { across: false, from: left, to: width, base: left - 8 }));
  root.append(makeSvg("text", { class: "axis-name", x: (left + width) / 2, y: height - 4, "text-anchor": "middle" }, "parameters"));
  const placed = rows.map((row, index) => ({ row, x: x(row.parameters), y: y(errors[index]) }));
  const taken = placed.map((one) => ({ left: one.x - 7, right: one.x + 7, top: one.y - 7, bottom: one.y + 7 }));
  for (const one of placed) {
    root.append(point(one, families, name(one, taken, { left, right: width, bottom })));
  }
  return root;
}

function point({ row, x, y }, families, text) {
  const mark = shape(row.family, families);
  mark.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
  const title = `${row.name}: ${(100 * row.judged.mean).toFixed(2)} %, ${row.parameters.toLocaleString("en")} parameters`;
  return makeSvg("g", { class: "point", "data-name": row.name }, makeSvg("title", {}, title), mark, text ?? "");
}

/* The name of a point where it hides no other; null where there is no room. */
function name({ row, x, y }, taken, bounds) {
  const width = row.name.length * LETTER;
  const places = [
    { x: x + 10, y: y + 4, anchor: "start", left: x + 8 },
    { x: x - 10, y: y + 4, anchor: "end", left: x - 10 - width },
    { x, y: y - 11, anchor: "middle", left: x - width / 2 },
    { x, y: y + 19, anchor: "middle", left: x - width / 2 },
    { x: x + 8, y: y - 8, anchor: "start", left: x + 8 },
    { x: x + 8, y: y + 16, anchor: "start", left: x + 8 },
    { x: x - 8, y: y - 8, anchor: "end", left: x - 8 - width },
    { x: x - 8, y: y + 16, anchor: "end", left: x - 8 - width },
  ];
  for (const one of places) {
    const box = { left: one.left, right: one.left + width, top: one.y - HEIGHT + 2, bottom: one.y + 3 };
    const inside = box.left >= bounds.left && box.right <= bounds.right && box.top >= 0 && box.bottom <= bounds.bottom;
    const free = taken.every(
      (other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
    );
    if (inside && free) {
      taken.push(box);
      return makeSvg("text", { class: "point-name", x: one.x.toFixed(1), y: one.y.toFixed(1), "text-anchor": one.anchor }, row.name);
    }
  }
  return null;
}
