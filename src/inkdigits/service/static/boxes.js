/* Boxes over the sheet or the picture. In: an answer, in pixels of the upright page. Out: elements placed in
   per cent, so that they stay where they are however large the page is shown; which digit a point lies in. */

import { make } from "./build.js";

const TOP = 0.05; // of the height: a name above a line this near to the border would be cut off

function place(element, [x, y, width, height], answer) {
  element.style.left = `${(100 * x) / answer.width}%`;
  element.style.top = `${(100 * y) / answer.height}%`;
  element.style.width = `${(100 * width) / answer.width}%`;
  element.style.height = `${(100 * height) / answer.height}%`;
  return element;
}

export class Boxes {
  #layer;
  #answer = null;
  #digits = new Map();

  constructor(layer) {
    this.#layer = layer;
  }

  clear() {
    this.#answer = null;
    this.#digits.clear();
    this.#layer.replaceChildren();
  }

  show(answer) {
    this.clear();
    this.#answer = answer;
    if (!answer.width || !answer.height) {
      return;
    }
    for (const [number, line] of answer.lines.entries()) {
      const low = line.box[1] / answer.height < TOP;
      const name = make("span", { class: low ? "line-name inside" : "line-name" }, this.#name(line));
      const box = make("div", { class: "box line-box", "data-status": line.status }, name);
      this.#layer.append(place(box, line.box, answer));
      for (const [index, digit] of line.digits.entries()) {
        const one = place(make("div", { class: "box digit-box" }), digit.box, answer);
        this.#digits.set(`${number}-${index}`, { element: one, box: digit.box });
        this.#layer.append(one);
      }
    }
  }

  choose(key) {
    for (const [other, { element }] of this.#digits) {
      element.toggleAttribute("data-chosen", other === key);
    }
  }

  /* The key of the digit at a point of the screen; null where there is none. */
  at(clientX, clientY) {
    if (this.#answer === null) {
      return null;
    }
    const bounds = this.#layer.getBoundingClientRect();
    const x = ((clientX - bounds.left) / bounds.width) * this.#answer.width;
    const y = ((clientY - bounds.top) / bounds.height) * this.#answer.height;
    for (const [key, { box }] of this.#digits) {
      if (x >= box[0] && x < box[0] + box[2] && y >= box[1] && y < box[1] + box[3]) {
        return key;
      }
    }
    return null;
  }

  #name(line) {
    if (!line.text) {
      return "no digits";
    }
    return line.status === "unsure" ? `${line.text} ?` : line.text;
  }
}
