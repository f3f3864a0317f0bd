/* What the network says of signs, as the answer that the server would give. In: lines of signs, a function from
   a sign to its class probabilities, the card. Out: an answer as `inkdigits read --json` has it. */

import { union } from "./groups.js";

const LOW = 0.3; // of the line's height: lower signs are marks
const FLAT = 1.5; // times as wide as high: a dash
const FOREIGN = 0.5; // probability of "none" above which a sign is no digit
const REFUSED = 0.15; // a number that is less probable than this is none
const MOSTLY_DIGITS = 0.6; // of a line's signs, or it is unsure
const SHOWN = 0.0005; // alternatives less probable than this are not told

const roundedDown = (number, places) => (Math.floor(number * 10 ** places) / 10 ** places).toFixed(places);
const edges = (box) => [box.left, box.top, box.right - box.left, box.bottom - box.top].map(Math.round);

function digitOf(probabilities, classes, box) {
  const read = classes
    .map((text, index) => ({ text, confidence: probabilities[index] }))
    .filter(({ text }) => text.length === 1)
    .sort((one, other) => other.confidence - one.confidence);
  const others = read.slice(1, 4).filter((one) => one.confidence >= SHOWN);
  return { ...read[0], box: edges(box), alternatives: others };
}

function lineOf(signs, look, card) {
  const whole = union(signs.map((sign) => sign.box));
  const [digits, marks, glyphs, likely] = [[], [], [], []];
  for (const { strokes, box } of signs) {
    if (box.bottom - box.top < LOW * (whole.bottom - whole.top)) {
      const flat = box.right - box.left > FLAT * (box.bottom - box.top);
      marks.push({ text: flat ? "-" : ".", box: edges(box) });
      continue;
    }
    const { probabilities, glyph } = look({ strokes, box });
    const none = probabilities[card.classes.indexOf("none")] ?? 0;
    likely.push(1 - none);
    if (none <= FOREIGN) {
      digits.push(digitOf(probabilities, card.classes, box));
      glyphs.push(glyph);
    }
  }
  const text = digits.map((digit) => digit.text).join("");
  const confidence = digits.reduce((product, digit) => product * digit.confidence, 1);
  const share = likely.reduce((sum, one) => sum + one, 0) / Math.max(1, likely.length);
  const told = (status, reasons) => (
    { text, confidence, digit_share: share, status, reasons, box: edges(whole), marks, digits }
  );
  if (digits.length === 0 || confidence < Math.min(REFUSED, 0.5 ** digits.length)) {
    const why = text ? `read as ${text}, too unsurely for a number` : "no digit was recognised in this ink";
    return [{ ...told("not_digits", [why]), text: "", confidence: 0, digits: [] }, []];
  }
  const reasons = [];
  if (confidence < card.threshold) {
    // Rounded apart, so that nothing is told as below itself.
    const least = Math.ceil(card.threshold * 1000) / 1000;
    reasons.push(`confidence ${roundedDown(confidence, 3)} is below ${least.toFixed(3)}`);
  }
  if (share < MOSTLY_DIGITS) {
    reasons.push(`only ${roundedDown(share, 2)} of this line's signs are digits; ${MOSTLY_DIGITS.toFixed(2)} must be`);
  }
  return [told(reasons.length === 0 ? "ok" : "unsure", reasons), glyphs];
}

/* {answer, shown}: `shown` holds for each line what the network was shown of each digit. */
export function answerOf(lines, look, card, { width, height }) {
  const read = lines.map((signs) => lineOf(signs, look, card));
  const found = read.map(([line]) => line);
  const statuses = found.map((line) => line.status);
  const readable = statuses.filter((status) => status !== "not_digits");
  let status = readable.includes("unsure") ? "unsure" : "ok";
  if (readable.length === 0) {
    status = found.length > 0 ? "not_digits" : "blank";
  }
  const text = found.map((line) => line.text).filter((one) => one !== "").join("\n");
  const answer = { source: "drawing", page: 1, width, height, text, status, lines: found, error: null };
  return { answer, shown: read.map(([, glyphs]) => glyphs) };
}
