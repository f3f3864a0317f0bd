/* The sheet of paper. In: pointer moves, undo, clear. Out: strokes on the canvas, `onMove` while one draws,
   `onRest` with each change that stays, and the drawing as a picture, black on white. */

const PEN = 7; // CSS pixels; about the width of a felt pen where digits are as high as a hand writes them
const MOST_DENSE = 2; // device pixels a CSS pixel on the screen; more cannot be seen in a stroke

/* The piece of a stroke that ends half-way before point `index`, bent through the point before it. */
function segment(context, stroke, index, color) {
  const at = stroke[index];
  context.strokeStyle = context.fillStyle = color;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  if (index === 0) {
    context.arc(at.x, at.y, at.width / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  const before = stroke[index - 1];
  const first = stroke[Math.max(0, index - 2)];
  context.lineWidth = before.width;
  context.moveTo((first.x + before.x) / 2, (first.y + before.y) / 2);
  context.quadraticCurveTo(before.x, before.y, (before.x + at.x) / 2, (before.y + at.y) / 2);
  context.stroke();
}

/* The last half of a stroke's last piece, which while one draws is left out: it would show as a corner. */
function tail(context, stroke, color) {
  const [before, at] = [stroke.at(-2) ?? stroke[0], stroke.at(-1)];
  context.strokeStyle = color;
  context.lineCap = "round";
  context.lineWidth = at.width;
  context.beginPath();
  context.moveTo((before.x + at.x) / 2, (before.y + at.y) / 2);
  context.lineTo(at.x, at.y);
  context.stroke();
}

/* Paints strokes in one colour. */
export function paint(context, strokes, color) {
  for (const stroke of strokes) {
    stroke.forEach((_, index) => segment(context, stroke, index, color));
    tail(context, stroke, color);
  }
}

/* Strokes are lists of {x, y, width} in CSS pixels. A state of the sheet is a list of strokes that is never
   changed, so that the way back to it is the list itself. */
export class Sheet {
  #canvas;
  #past = [];
  #strokes = [];
  #stroke = null;
  #pointer = null;
  #size = { width: 0, height: 0 };

  constructor(canvas, { onMove, onRest }) {
    this.#canvas = canvas;
    this.onMove = onMove;
    this.onRest = onRest;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", (event) => this.#end(event));
    // Safari scrolls in spite of touch-action where a touch is not refused.
    canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    new ResizeObserver(() => this.#fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw());
  }

  get isEmpty() {
    return this.#strokes.length === 0 && this.#stroke === null;
  }

  /* All that is drawn, the stroke that is being drawn with it. */
  get strokes() {
    return this.#stroke ? [...this.#strokes, this.#stroke] : this.#strokes;
  }

  /* {width, height} in CSS pixels. */
  get size() {
    return this.#size;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get isDrawing() {
    return this.#stroke !== null;
  }

  /* Takes back the last stroke, or the last clearing. */
  undo() {
    if (this.canUndo && !this.isDrawing) {
      this.#strokes = this.#past.pop();
      this.#redraw();
      this.onRest();
    }
  }

  clear() {
    if (this.#strokes.length > 0 && !this.isDrawing) {
      this.#keep([]);
      this.#redraw();
      this.onRest();
    }
  }

  /* The drawing as PNG, one pixel a CSS pixel whatever the screen, in black on white whatever the colours. */
  async picture() {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(this.#size.width));
    canvas.height = Math.max(1, Math.round(this.#size.height));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    paint(context, this.strokes, "#000");
    // toBlob waits until the browser is idle, which costs up to a fifth of a second; this does not.
    const encoded = atob(canvas.toDataURL("image/png").split(",")[1]);
    return new Blob([Uint8Array.from(encoded, (one) => one.charCodeAt(0))], { type: "image/png" });
  }

  #keep(strokes) {
    this.#past.push(this.#strokes);
    this.#strokes = strokes;
  }

  #begin(event) {
    if (this.#stroke !== null || !event.isPrimary || event.button !== 0) {
      return;
    }
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#stroke = [this.#point(event)];
    segment(this.#canvas.getContext("2d"), this.#stroke, 0, this.#color());
    this.onMove();
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) {
      return;
    }
    const events = event.getCoalescedEvents?.() ?? [];
    const context = this.#canvas.getContext("2d");
    for (const one of events.length > 0 ? events : [event]) {
      const point = this.#point(one);
      const last = this.#stroke.at(-1);
      if (Math.hypot(point.x - last.x, point.y - last.y) >= 0.7) {
        this.#stroke.push(point);
        segment(context, this.#stroke, this.#stroke.length - 1, this.#color());
      }
    }
    this.onMove();
  }

  #end(event) {
    if (event.pointerId !== this.#pointer) {
      return;
    }
    const stroke = this.#stroke;
    tail(this.#canvas.getContext("2d"), stroke, this.#color());
    this.#pointer = this.#stroke = null;
    this.#keep([...this.#strokes, stroke]);
    this.onRest();
  }

  #point(event) {
    const bounds = this.#canvas.getBoundingClientRect();
    // A mouse or finger reports 0.5 or 0; only a pen tells how hard it is pressed.
    const pressed = event.pointerType === "pen" && event.pressure > 0 ? 0.55 + 0.9 * event.pressure : 1;
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top, width: PEN * pressed };
  }

  /* Adapts the canvas to its element; ink that would lie outside is shrunk so that all of it stays. */
  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0) {
      return; // another tab is shown
    }
    if (width === this.#size.width && height === this.#size.height) {
      return; // it was hidden for a while
    }
    const points = this.#strokes.flat();
    const reach = {
      x: Math.max(0, ...points.map((point) => point.x)),
      y: Math.max(0, ...points.map((point) => point.y)),
    };
    const scale = Math.min(1, reach.x > width ? width / this.#size.width : 1, reach.y > height ? height / this.#size.height : 1);
    this.#size = { width, height };
    const dense = Math.min(window.devicePixelRatio || 1, MOST_DENSE);
    this.#canvas.width = Math.round(width * dense);
    this.#canvas.height = Math.round(height * dense);
    if (scale < 1) {
      const shrink = (strokes) =>
        strokes.map((stroke) =>
          stroke.map((point) => ({ x: point.x * scale, y: point.y * scale, width: point.width * scale })),
        );
      this.#strokes = shrink(this.#strokes);
      this.#past = this.#past.map(shrink);
    }
    this.#redraw();
    if (points.length > 0) {
      this.onRest();
    }
  }

  #redraw() {
    const context = this.#canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    const dense = this.#size.width ? this.#canvas.width / this.#size.width : 1;
    context.setTransform(dense, 0, 0, dense, 0, 0);
    paint(context, this.strokes, this.#color());
  }

  #color() {
    return getComputedStyle(this.#canvas).color;
  }
}
