/* Files that are opened, dropped, pasted or photographed. In: files and page numbers. Out: their pages, drawn on
   a canvas. What a browser can show it shows itself; for the rest the server draws the page. */

import { preview } from "./api.js";

const SHOWN_HERE = new Set(["image/jpeg", "image/png", "image/webp"]);
const LARGEST = 1600; // pixels of the canvas; phones have little memory for larger ones

/* One file, and which of its pages is shown. */
export class Picture {
  constructor(file, name = file.name) {
    this.file = file;
    this.name = name || "picture";
    this.page = 1;
    this.pages = 1;
  }

  /* Draws the page on `canvas`; rejects with Trouble where the server cannot. */
  async draw(canvas, signal) {
    const bitmap = await this.#bitmap(signal);
    if (signal.aborted) {
      return;
    }
    const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
  }

  async #bitmap(signal) {
    if (SHOWN_HERE.has(this.file.type)) {
      try {
        return await createImageBitmap(this.file, { imageOrientation: "from-image" });
      } catch {
        // A name may lie about what is in a file; the server looks at its bytes.
      }
    }
    const seen = await preview(this.file, this.page, signal);
    this.pages = seen.pages;
    return createImageBitmap(seen.picture);
  }
}

/* Calls `onFiles` with whatever is dropped on or pasted into the page. */
export function listen(veil, onFiles) {
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const leave = () => {
    depth = 0;
    veil.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
      depth += 1;
      veil.hidden = false;
    }
  });
  addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) {
      leave();
    }
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    leave();
    if (event.dataTransfer.files.length > 0) {
      onFiles([...event.dataTransfer.files]);
    }
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) {
      event.preventDefault();
      onFiles(files);
    }
  });
}

/* The picture on the clipboard; null where there is none. Rejects where the visitor does not allow it. */
export async function fromClipboard() {
  for (const item of await navigator.clipboard.read()) {
    const type = item.types.find((one) => one.startsWith("image/"));
    if (type) {
      return new File([await item.getType(type)], "pasted.png", { type });
    }
  }
  return null;
}
