/* How networks learnt. In: rows of results.json that have a curve. Out: loss and training accuracy by epoch, one
   network in colour before all others; a field chooses which. */

import { make, makeSvg } from "./build.js";
import { axis, fitted, logarithmic } from "./chart.js";

const HEIGHT = 250;
const LOSSES = [0.001, 0.01, 0.1, 1, 10];
const ERRORS = [0.02, 0.1, 0.5, 2, 10, 50];
const EPOCHS = [1, 2, 5, 10, 20, 50, 100];
const FIRST = "inkdigits-single";

/* Per cent wrong; a hundredth for none, which has no logarithm. */
function wrong(accuracy) {
  return Math.max(100 * (1 - accuracy), 0.01);
}

export function curves(rows) {
  const select = make("select", { id: "curve-of" }, ...rows.map((row) => make("option", {}, row.name)));
  select.value = rows.some((row) => row.name === FIRST) ? FIRST : rows[0].name;
  const label = make("label", { for: "curve-of" }, "Network");
  const end = make("span", { class: "small", role: "status" });
  const panels = [
    panel("Training loss", "by epoch, on the images as they were distorted", rows, (row) => row.curve.loss, LOSSES, String),
    panel(
      "Training accuracy",
      "per cent, by epoch",
      rows,
      (row) => row.curve.accuracy.map(wrong),
      ERRORS,
      (error) => String(100 - error),
    ),
  ];

  function choose() {
    const row = rows.find((one) => one.name === select.value);
    const last = row.curve.accuracy.at(-1);
    const accuracy = last === undefined ? "" : `, ${(100 * last).toFixed(2)} % of the training images in the last`;
    end.textContent = `${row.curve.loss.length} epochs${accuracy}`;
    panels.forEach((one) => one.choose(row.name));
  }

  select.addEventListener("change", choose);
  choose();
  const chooser = make("div", { class: "chooser" }, label, select, end);
  return make("div", {}, chooser, make("div", { class: "pair" }, ...panels.map((one) => one.figure)));
}

/* One chart: {figure, choose(name)}. `of(row)` gives the values by epoch. */
function panel(title, below, rows, of, ticks, named) {
  const shown = rows.map((row) => ({ name: row.name, values: of(row) })).filter((one) => one.values.length > 0);
  const place = make("div");
  const caption = make("figcaption", {}, title, make("span", { class: "light" }, below));
  let chosen = null;

  function mark(root) {
    for (const line of root.querySelectorAll(".curve")) {
      const is = line.dataset.name === chosen;
      line.classList.toggle("chosen", is);
      if (is) {
        root.append(line); // what comes last is drawn above the others
      }
    }
  }

  fitted(place, (width) => {
    const root = drawCurves(width, title, shown, ticks, named);
    mark(root);
    return root;
  });
  return {
    figure: make("figure", { class: "plot" }, caption, place),
    choose(name) {
      chosen = name;
      place.querySelectorAll("svg").forEach(mark);
    },
  };
}

function drawCurves(width, title, shown, ticks, named) {
  const left = 46;
  const bottom = HEIGHT - 26;
  const every = shown.flatMap((one) => one.values).filter((value) => value > 0);
  const low = Math.min(...every) * 0.85;
  const high = Math.max(...every) * 1.1;
  const epochs = Math.max(...shown.map((one) => one.values.length));
  const x = logarithmic(1, epochs, left + 6, width - 6);
  // Errors and losses grow downwards in one chart and upwards in the other: up is what one wants to see.
  const y = title.includes("accuracy") ? logarithmic(low, high, 8, bottom) : logarithmic(low, high, bottom, 8);
  const root = makeSvg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": `${title} by epoch` });
  const rows = ticks.filter((tick) => tick > low && tick < high).map((tick) => [tick, named(tick)]);
  const columns = EPOCHS.filter((epoch) => epoch <= epochs).map((epoch) => [epoch, String(epoch)]);
  root.append(...axis(columns, x, { across: true, from: 8, to: bottom, base: bottom + 18 }));
  root.append(...axis(rows, y, { across: false, from: left, to: width, base: left - 8 }));
  for (const { name, values } of shown) {
    const points = values.map((value, index) => `${x(index + 1).toFixed(1)},${y(Math.max(value, low)).toFixed(1)}`);
    root.append(makeSvg("polyline", { class: "curve", "data-name": name, points: points.join(" ") }));
  }
  return root;
}
