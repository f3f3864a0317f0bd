/* The answer on the page. In: an answer and the glyphs that the network was shown. Out: the lists beside the
   picture, the closer look at one digit, a sentence for readers of the screen. */

import { make, percent, sign, statusMark } from "./build.js";

const MANY = 12; // digits from which on they are shown smaller
const DOUBT = 0.9; // a digit of an unsure line below this is marked

/* What the words of an answer mean, for those who see the page for the first time. */
const MEANINGS = {
  ok: "confident enough to be taken as it is",
  unsure: "read, but somebody should look",
  not_digits: "something else is written here",
};

/* Digits and marks of a line from left to right. */
function signs(line) {
  const parts = [
    ...line.digits.map((digit, index) => ({ digit, index, x: digit.box[0] })),
    ...line.marks.map((mark) => ({ mark, x: mark.box[0] })),
  ];
  return parts.sort((one, other) => one.x - other.x);
}

function doubtful(line, digit) {
  const least = Math.min(...line.digits.map((one) => one.confidence));
  return line.status === "unsure" && (digit.confidence < DOUBT || digit.confidence === least);
}

function others(digit) {
  return digit.alternatives.map((other) => `${other.text}, ${percent(other.confidence)}`).join("; ");
}

/* What is said of an answer as a whole, in words. */
export function told(answer) {
  if (answer.error) {
    return answer.error;
  }
  const words = { blank: "Blank: nothing is written here.", not_digits: "No digits in this." };
  if (words[answer.status]) {
    return words[answer.status];
  }
  const lines = answer.lines.filter((line) => line.text);
  const texts = lines.map((line) => {
    const spoken = line.text.split("").join(" ");
    return `${spoken}, ${line.status === "ok" ? "sure" : "unsure"}, ${percent(line.confidence)}`;
  });
  const count = lines.length > 1 ? `${lines.length} numbers. ` : "";
  return `${count}${texts.join(". ")}.`;
}

export class AnswerView {
  #root;
  #answer = null;
  #shown = [];
  #buttons = new Map();
  #closer = null;

  /* onChoose(key) is called when another digit is looked at; a key is "line-digit", as in "0-3". */
  constructor(root, { onChoose }) {
    this.#root = root;
    this.onChoose = onChoose;
    root.addEventListener("keydown", (event) => this.#walk(event));
  }

  get answer() {
    return this.#answer;
  }

  /* Before anything is read. */
  empty() {
    this.#answer = null;
    this.#buttons.clear();
    this.#root.className = "";
    const says = make("p", { class: "says" }, make("strong", {}, "Nothing to read yet"));
    says.append("The answer follows as you write: each digit, how sure it is, and what else it might be.");
    const meanings = make("dl", { class: "meanings" });
    for (const [status, meaning] of Object.entries(MEANINGS)) {
      const term = make("dt", { "data-status": status }, statusMark(status));
      meanings.append(term, make("dd", {}, meaning));
    }
    this.#root.replaceChildren(says, meanings);
  }

  /* Where trouble says all there is to say. */
  nothing() {
    this.empty();
    this.#root.replaceChildren();
  }

  show(answer, shown) {
    const held = this.#root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const scrolled = this.#root.querySelector(".lines")?.scrollTop ?? 0;
    this.#answer = answer;
    this.#shown = shown;
    this.#buttons.clear();
    const count = answer.lines.reduce((sum, line) => sum + line.digits.length, 0);
    this.#root.className = count > MANY || answer.lines.length > 1 ? "many" : "";
    const parts = [this.#head(answer)];
    if (answer.status === "blank") {
      parts.push(make("p", { class: "says" }, make("strong", {}, "Nothing is written here"), "No ink was found."));
    } else if (answer.status === "error") {
      parts.push(make("p", { class: "says" }, answer.error));
    } else {
      parts.push(make("ol", { class: "lines" }, ...answer.lines.map((line, index) => this.#line(line, index))));
    }
    this.#closer = make("div", { class: "closer" });
    this.#root.replaceChildren(...parts, this.#closer);
    const list = this.#root.querySelector(".lines");
    if (list) {
      list.scrollTop = scrolled;
    }
    const first = this.#buttons.has(held) ? held : this.#leastSure();
    this.choose(first, held !== null);
    if (held !== null) {
      this.#buttons.get(first)?.focus();
    }
  }

  /* Look closer at one digit; only one that was chosen by hand is marked in the picture too. */
  choose(key, byHand = true) {
    for (const [other, button] of this.#buttons) {
      button.toggleAttribute("data-chosen", other === key);
      button.tabIndex = other === key ? 0 : -1;
    }
    this.#closer.hidden = !this.#buttons.has(key);
    if (this.#buttons.has(key)) {
      this.#look(key);
    }
    this.onChoose(byHand ? key : null);
  }

  #head(answer) {
    const lines = answer.lines.filter((line) => line.text);
    const least = lines.length > 0 ? Math.min(...lines.map((line) => line.confidence)) : null;
    const which = lines.length > 1 ? `least sure of ${lines.length} lines ` : "";
    const sure = make("span", { class: "sure" }, least === null ? "" : `${which}${percent(least)}`);
    return make("div", { class: "head", "data-status": answer.status }, statusMark(answer.status), sure);
  }

  #line(line, number) {
    const item = make("li", { "data-status": line.status });
    const several = this.#answer.lines.length > 1;
    const row = make("div", { class: "digits", role: "group", "aria-label": line.text ? `Line ${number + 1}: ${line.text}` : null });
    for (const part of signs(line)) {
      row.append(part.mark ? make("span", { class: "mark" }, part.mark.text) : this.#digit(line, number, part));
    }
    if (line.text) {
      item.append(row);
    } else if (!several) {
      item.append(make("p", { class: "says" }, make("strong", {}, "No digits in this")));
    }
    if (several) {
      const sure = line.text ? percent(line.confidence) : "";
      item.append(make("div", { class: "line-head", "data-status": line.status }, statusMark(line.status), sure));
    }
    if (line.reasons.length > 0) {
      item.append(make("p", { class: "why" }, line.reasons.join("; ")));
    }
    return item;
  }

  #digit(line, number, { digit, index }) {
    const key = `${number}-${index}`;
    const doubt = doubtful(line, digit);
    const also = digit.alternatives.length > 0 ? `; else ${others(digit)}` : "";
    const button = make(
      "button",
      {
        type: "button",
        class: doubt ? "digit doubtful" : "digit",
        "data-key": key,
        "aria-label": `${digit.text}, ${doubt ? "unsure, " : ""}${percent(digit.confidence)}${also}`,
      },
      make("span", { class: "sign" }, digit.text),
      make("span", { class: "sure" }, `${doubt ? "? " : ""}${percent(digit.confidence, 0)}`),
    );
    for (const happening of ["focus", "pointerenter", "click"]) {
      button.addEventListener(happening, () => this.choose(key));
    }
    this.#buttons.set(key, button);
    return button;
  }

  #leastSure() {
    let found = null;
    this.#answer.lines.forEach((line, number) => {
      line.digits.forEach((digit, index) => {
        if (found === null || digit.confidence < found.confidence) {
          found = { key: `${number}-${index}`, confidence: digit.confidence };
        }
      });
    });
    return found?.key ?? null;
  }

  #look(key) {
    const [number, index] = key.split("-").map(Number);
    const line = this.#answer.lines[number];
    const digit = line.digits[index];
    const several = this.#answer.lines.length > 1 ? ` of line ${number + 1}` : "";
    const title = line.digits.length > 1 || several ? `Digit ${index + 1}${several}` : "This digit";
    const glyphs = [this.#shown[number]?.[index] ?? []].flat();
    const pictures = glyphs.map((glyph) =>
      make("img", { src: `data:image/png;base64,${glyph}`, width: 28, height: 28, alt: "" }),
    );
    const readings = [digit, ...digit.alternatives].map((one) => {
      const part = make("span");
      part.style.inlineSize = `${Math.max(100 * one.confidence, 0.5)}%`;
      const bar = make("span", { class: "bar", "aria-hidden": "true" }, part);
      return make("li", {}, make("span", {}, one.text), bar, make("span", { class: "percent" }, percent(one.confidence)));
    });
    if (digit.alternatives.length === 0) {
      readings.push(make("li", { class: "none" }, "Nothing else comes near."));
    }
    const caption = pictures.length > 0 ? "what the network was shown" : "";
    this.#closer.replaceChildren(
      make("h3", {}, title),
      make("div", { class: "glyphs" }, ...pictures, caption),
      make("ul", { class: "readings" }, ...readings),
    );
  }

  /* Arrow keys go from digit to digit, so that a page of them is one stop of the tabulator. */
  #walk(event) {
    const keys = [...this.#buttons.keys()];
    const at = keys.indexOf(event.target.dataset?.key);
    if (at < 0) {
      return;
    }
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: keys.length - 1 };
    const line = Number(keys[at].split("-")[0]);
    steps.ArrowDown = keys.findIndex((key) => Number(key.split("-")[0]) > line);
    steps.ArrowUp = keys.findLastIndex((key) => Number(key.split("-")[0]) < line);
    const next = keys[steps[event.key]];
    if (event.key in steps) {
      event.preventDefault();
      this.#buttons.get(next)?.focus();
    }
  }
}

/* Trouble in its region: what is wrong, with a sign; null takes it away. */
export function showTrouble(region, message, waits = false) {
  if (message === null) {
    region.replaceChildren();
    return;
  }
  region.dataset.kind = waits ? "waiting" : "refused";
  if (region.textContent !== message) {
    region.replaceChildren(sign(waits ? "unsure" : "error"), make("span", {}, message));
  }
}
