/* An answer as text. In: an answer as the server gave it. Out: text, CSV or JSON as `inkdigits read` writes
   them, put on the clipboard. */

const COLUMNS = "source page line text confidence status reasons x y width height error".split(" ");

function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(answer) {
  const rows = answer.lines.map((line, index) => [
    answer.source,
    answer.page,
    index + 1,
    line.text,
    line.confidence.toFixed(6),
    line.status,
    line.reasons.join("; "),
    ...line.box,
    "",
  ]);
  if (rows.length === 0) {
    rows.push([answer.source, answer.page, "", "", "", answer.status, "", "", "", "", "", answer.error ?? ""]);
  }
  return [COLUMNS, ...rows].map((row) => row.map(cell).join(",") + "\n").join("");
}

/* `answer` in one of the three forms. */
export function written(answer, form) {
  if (form === "csv") {
    return csv(answer);
  }
  return form === "json" ? JSON.stringify(answer) + "\n" : answer.text;
}

/* Whether `text` is on the clipboard now. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https a page has no clipboard, but the old way still works.
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.className = "unseen";
    const before = document.activeElement;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    return done;
  }
}
