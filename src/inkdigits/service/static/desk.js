/* The tab "Read": sheet, picture, fields, answer, and how they work together. In: what a visitor does. Out: the
   newest answer beside what it is of. */

import { keepKey } from "./api.js";
import { AnswerView, showTrouble, told } from "./answer.js";
import { Boxes } from "./boxes.js";
import { copy, written } from "./copy.js";
import { Sheet } from "./draw.js";
import { fromClipboard, Picture } from "./picture.js";
import { Reading } from "./reading.js";

const SETTLED = 700; // milliseconds without change, after which an answer is spoken
const TYPED = 250; // milliseconds without typing, after which a field counts

const by = (id) => document.getElementById(id);

export class Desk {
  #pictures = [];
  #at = 0;
  #drawn = false; // whether the picture is on the page, or on its way there
  #drawing = null; // ends the drawing of a picture that is no longer wanted
  #spoken = null;
  #typed = null;

  constructor() {
    this.sheet = new Sheet(by("paper"), { onMove: () => this.#moved(), onRest: () => this.#rested() });
    this.paperBoxes = new Boxes(by("paper-boxes"));
    this.photoBoxes = new Boxes(by("photo-boxes"));
    this.view = new AnswerView(by("result"), { onChoose: (key) => this.#boxes.choose(key) });
    this.reading = new Reading({
      onAnswer: (found, subject) => this.#answered(found, subject),
      onTrouble: (trouble, wait) => this.#troubled(trouble, wait),
      onWork: (works) => by("result").setAttribute("aria-busy", works),
    });
    this.view.empty();
    this.#listen();
  }

  /* Opens files and reads the first of them; the others can be leafed to. */
  open(files) {
    this.#pictures = files.map((file) => new Picture(file));
    this.#at = 0;
    this.#turn();
  }

  get #picture() {
    return this.#pictures[this.#at] ?? null;
  }

  get #boxes() {
    return this.#picture ? this.photoBoxes : this.paperBoxes;
  }

  /* What the visitor asks of each number. A mask such as 20## is a simple pattern. */
  get #asked() {
    const { length, pattern, check, amounts = "" } = Object.fromEntries(new FormData(by("wanted")));
    const mask = pattern.includes("#") && /^[\d#\s.,\-]*$/.test(pattern);
    const meant = mask ? pattern.replace(/[\s.,\-]/g, "").replaceAll("#", "\\d") : pattern.trim();
    return { length, pattern: meant, check, amounts };
  }

  get #subject() {
    const picture = this.#picture;
    const since = performance.now();
    if (picture === null) {
      return { blob: () => this.sheet.picture(), name: null, asked: this.#asked, since };
    }
    const asked = { ...this.#asked, pages: picture.page };
    return { blob: async () => picture.file, name: picture.name, asked, since };
  }

  #moved() {
    by("sheet").classList.add("has-ink");
    this.reading.follow(() => this.#subject);
  }

  /* The drawing is as it will stay for a while: a pen was lifted, a stroke undone. */
  #rested() {
    by("undo").disabled = !this.sheet.canUndo;
    by("clear").disabled = this.sheet.isEmpty;
    by("sheet").classList.toggle("has-ink", !this.sheet.isEmpty);
    if (this.#picture === null) {
      this.#again();
    }
  }

  #again() {
    if (this.#picture === null && this.sheet.isEmpty) {
      this.reading.stop();
      this.#blank();
      showTrouble(by("trouble"), null);
    } else {
      this.reading.ask(this.#subject);
    }
  }

  #blank() {
    clearTimeout(this.#spoken);
    this.view.empty();
    this.paperBoxes.clear();
    this.photoBoxes.clear();
    by("copies").hidden = true;
    by("news").textContent = "";
    by("paper").setAttribute("aria-label", "Sheet of paper, empty");
  }

  #answered({ answer, shown }, subject) {
    showTrouble(by("trouble"), answer.error ?? null);
    by("key-form").hidden = true;
    if (this.#picture && !this.#drawn) {
      this.#draw(this.#picture); // it had been in the way of a restart
    }
    // The boxes first: the answer chooses a digit, which marks its box.
    this.#boxes.show(answer);
    this.view.show(answer, shown);
    by("copies").hidden = answer.status === "error";
    const took = Math.round(performance.now() - subject.since);
    by("took").textContent = `in ${took} ms`;
    by("result").dataset.took = took;
    const words = told(answer);
    by(this.#picture ? "photo" : "paper").setAttribute("aria-label", `${this.#picture?.name ?? "Sheet of paper"}. ${words}`);
    clearTimeout(this.#spoken);
    this.#spoken = setTimeout(() => (by("news").textContent = words), SETTLED);
  }

  #troubled(trouble, wait) {
    by("key-form").hidden = trouble.kind !== "key";
    const kept = this.#picture ? "What you opened is kept" : "Your drawing is kept";
    const long = wait !== null && wait >= 2 ? ` in ${Math.ceil(wait)} seconds` : "";
    const next = wait === null ? "" : ` ${kept}; it is tried again${long || " in a moment"}.`;
    showTrouble(by("trouble"), trouble.message + next, wait !== null);
    if (wait === null) {
      this.#blank();
      this.view.nothing();
      by("no-picture").hidden = by("photo").width > 0;
    }
  }

  /* Shows and reads the page of the picture that is open; without a picture, the sheet. */
  #turn() {
    const picture = this.#picture;
    this.#drawing?.abort();
    this.#blank();
    showTrouble(by("trouble"), null);
    by("sheet").hidden = by("drawing-tools").hidden = picture !== null;
    by("picture").hidden = by("picture-tools").hidden = picture === null;
    if (picture === null) {
      this.#again();
      return;
    }
    this.#drawn = false;
    by("no-picture").hidden = true;
    by("frame").style.width = "";
    by("photo").width = by("photo").height = 0;
    by("photo").setAttribute("aria-label", picture.name);
    this.#showPlace();
    this.reading.ask(this.#subject);
    this.#draw(picture);
  }

  async #draw(picture) {
    this.#drawing?.abort();
    const control = (this.#drawing = new AbortController());
    const canvas = by("photo");
    this.#drawn = true;
    try {
      await picture.draw(canvas, control.signal);
    } catch {
      // Why a picture cannot be shown is why it cannot be read, and reading says so.
      this.#drawn &&= control.signal.aborted;
      return;
    }
    if (!control.signal.aborted) {
      by("no-picture").hidden = true;
      const ratio = canvas.width / canvas.height;
      by("frame").style.width = `min(100%, ${(68 * ratio).toFixed(2)}vh, ${Math.max(canvas.width, 480)}px)`;
      this.#showPlace();
    }
  }

  #showPlace() {
    const picture = this.#picture;
    by("files").hidden = this.#pictures.length < 2;
    by("file-place").textContent = `${picture.name} (${this.#at + 1} of ${this.#pictures.length})`;
    by("file-before").disabled = this.#at === 0;
    by("file-after").disabled = this.#at === this.#pictures.length - 1;
    by("pages").hidden = picture.pages < 2;
    by("page").value = picture.page;
    by("page").max = picture.pages;
    by("page-count").textContent = `of ${picture.pages}`;
    by("page-before").disabled = picture.page <= 1;
    by("page-after").disabled = picture.page >= picture.pages;
  }

  #toFile(at) {
    this.#at = Math.min(Math.max(at, 0), this.#pictures.length - 1);
    this.#turn();
  }

  #toPage(page) {
    const picture = this.#picture;
    const wanted = Math.min(Math.max(Math.round(page) || 1, 1), picture.pages);
    if (wanted !== picture.page) {
      picture.page = wanted;
      this.#turn();
    }
    by("page").value = wanted;
  }

  async #copy(button) {
    const done = await copy(written(this.view.answer, button.dataset.form));
    by("took").textContent = done ? `${button.textContent} copied` : "The browser does not allow copying.";
    by("news").textContent = by("took").textContent;
  }

  async #paste() {
    try {
      const file = await fromClipboard();
      if (file) {
        this.open([file]);
      } else {
        showTrouble(by("trouble"), "There is no picture on the clipboard.");
      }
    } catch {
      showTrouble(by("trouble"), "The browser does not let this page see the clipboard; Ctrl+V works without asking.");
    }
  }

  #listen() {
    const on = (id, happening, act) => by(id).addEventListener(happening, act);
    on("undo", "click", () => this.sheet.undo());
    on("clear", "click", () => this.sheet.clear());
    on("back", "click", () => this.open([]));
    on("open", "click", () => by("open-file").click());
    on("take", "click", () => by("take-photo").click());
    by("paste").hidden = !navigator.clipboard?.read;
    on("paste", "click", () => this.#paste());
    for (const id of ["open-file", "take-photo"]) {
      on(id, "change", (event) => {
        const files = [...event.target.files];
        event.target.value = ""; // so that the same file can be chosen again
        if (files.length > 0) {
          this.open(files);
        }
      });
    }
    on("file-before", "click", () => this.#toFile(this.#at - 1));
    on("file-after", "click", () => this.#toFile(this.#at + 1));
    on("page-before", "click", () => this.#toPage(this.#picture.page - 1));
    on("page-after", "click", () => this.#toPage(this.#picture.page + 1));
    on("page", "change", (event) => this.#toPage(event.target.valueAsNumber));
    on("wanted", "submit", (event) => event.preventDefault());
    on("wanted", "input", () => {
      clearTimeout(this.#typed);
      this.#typed = setTimeout(() => this.#again(), TYPED);
    });
    on("key-form", "submit", (event) => {
      event.preventDefault();
      keepKey(by("key").value.trim());
      this.#picture ? this.#turn() : this.#again();
    });
    on("copies", "click", (event) => {
      const button = event.target.closest("button");
      if (button) {
        this.#copy(button);
      }
    });
    for (const id of ["sheet", "frame"]) {
      on(id, "pointermove", (event) => this.#point(event));
      on(id, "click", (event) => this.#point(event));
    }
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, select, textarea");
      if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.shiftKey && !typing && this.#picture === null) {
        event.preventDefault();
        this.sheet.undo();
      }
    });
  }

  /* A pointer over a digit looks closer at it, but not while it draws. */
  #point(event) {
    const key = this.sheet.isDrawing ? null : this.#boxes.at(event.clientX, event.clientY);
    if (key !== null) {
      this.view.choose(key);
    }
  }
}
