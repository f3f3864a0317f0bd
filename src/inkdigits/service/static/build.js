/* Elements from script. In: names, attributes, children. Out: elements. All text goes in as text, never as
   markup: a file may have any name. */

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function makeSvg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

const SIGNS = {
  ok: "M3 8.500l3.500 3.500L13 4.500",
  unsure: "M5 5.700C5 4 6.300 3 8 3s3 1.100 3 2.600c0 2-3 2.200-3 4.400M8 13v.2",
  not_digits: "M3.600 3.600l8.800 8.800M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z",
  blank: "M3.500 2.500h9v11h-9z",
  error: "M8 2.500v7M8 13v.2",
};

export const WORDS = { ok: "sure", unsure: "unsure", not_digits: "no digits", blank: "blank", error: "not read" };

/* The sign of a status, beside its word; a reader of the screen needs the word only. */
export function sign(status) {
  const path = makeSvg("path", {
    d: SIGNS[status],
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 2,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });
  return makeSvg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}

export function statusMark(status) {
  return make("span", { class: "status" }, sign(status), WORDS[status]);
}

/* A share as per cent, rounded down: 99.96 must not look like certainty. */
export function percent(share, places = 1) {
  if (share < 0.001) {
    return "< 0.1 %";
  }
  const scale = 10 ** places;
  // A hair is added, for 0.29 * 100 is 28.999999999999996.
  return `${(Math.floor(share * 100 * scale + 1e-7) / scale).toFixed(places)} %`;
}
