/* The sheet without a server. In: strokes; `network` and `threshold`, which stand in the page before this. Out: the
   newest answer beside them. */

import { AnswerView, told } from "../answer.js";
import { Boxes } from "../boxes.js";
import { paint, Sheet } from "../draw.js";
import { answerOf } from "./answer_of.js";
import { normalise } from "./glyph.js";
import { lines } from "./groups.js";

const LEAST = 60; // pixels of the longer side, below which a sign is painted larger
const SETTLED = 700; // milliseconds without change, after which an answer is spoken

const card = { classes: network.classes, threshold };
const by = (id) => document.getElementById(id);

/* Of the signs that were seen last, what the network said: most of them stay while the next is drawn. */
let seen = [];
let spoken = null;
let asked = null;

function inkOf({ strokes, box }) {
  const scale = Math.max(1, LEAST / Math.max(box.right - box.left, box.bottom - box.top));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(scale * (box.right - box.left)) + 2;
  canvas.height = Math.ceil(scale * (box.bottom - box.top)) + 2;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.setTransform(scale, 0, 0, scale, 1 - scale * box.left, 1 - scale * box.top);
  paint(context, strokes, "#000");
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, values: Float32Array.from({ length: width * height }, (_, i) => data[4 * i + 3] / 255) };
}

/* The glyph as PNG in base64, ink black on white, as the server shows it. */
function pictured(glyph) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.sqrt(glyph.length);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  glyph.forEach((ink, i) => image.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * i));
  context.putImageData(image, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}

function look(sign) {
  const known = seen.find(({ strokes, points }) => {
    return strokes.length === sign.strokes.length && strokes.every((one, i) => one === sign.strokes[i] && points[i] === one.length);
  });
  if (known) {
    return known;
  }
  const glyph = normalise(inkOf(sign));
  const { probabilities } = network.classify(glyph); // calibrated: the card's temperature is in its scale
  const points = sign.strokes.map((stroke) => stroke.length);
  const entry = { probabilities, glyph: pictured(glyph), strokes: sign.strokes, points };
  seen = [...seen.slice(-200), entry];
  return entry;
}

function speak(words) {
  clearTimeout(spoken);
  spoken = setTimeout(() => (by("news").textContent = words), SETTLED);
}

function read() {
  asked = null;
  by("undo").disabled = !sheet.canUndo;
  by("clear").disabled = sheet.isEmpty;
  by("sheet").classList.toggle("has-ink", !sheet.isEmpty);
  if (sheet.isEmpty) {
    view.empty();
    boxes.clear();
    speak("");
    by("paper").setAttribute("aria-label", "Sheet of paper, empty");
    return;
  }
  const { answer, shown } = answerOf(lines(sheet.strokes), look, card, sheet.size);
  boxes.show(answer);
  view.show(answer, shown);
  by("paper").setAttribute("aria-label", `Sheet of paper. ${told(answer)}`);
  speak(told(answer));
}

/* Once a frame at most, however often the pen moves. */
function readSoon() {
  asked ??= requestAnimationFrame(read);
}

const boxes = new Boxes(by("paper-boxes"));
const view = new AnswerView(by("result"), { onChoose: (key) => boxes.choose(key) });
const sheet = new Sheet(by("paper"), { onMove: readSoon, onRest: readSoon });
view.empty();
by("undo").addEventListener("click", () => sheet.undo());
by("clear").addEventListener("click", () => sheet.clear());
by("sheet").addEventListener("pointermove", (event) => {
  const key = sheet.isDrawing ? null : boxes.at(event.clientX, event.clientY);
  if (key !== null) {
    view.choose(key);
  }
});
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.shiftKey) {
    event.preventDefault();
    sheet.undo();
  }
});
by("save").hidden = location.protocol === "file:";
