/* One digit's ink as the network knows it: what reading/glyph.py does, in the browser. In: ink, rows of numbers
   from 0 to 1. Out: 28 x 28 grey levels, ink on 0. Ink smaller than the glyph's box is not made sharper, only
   larger. */

const GLYPH = 28; // pixels
const BOX = 20; // the longer side of the ink (LeCun et al., 1998)
const INK = 0.2; // of full ink: above it counts for the box
const STROKE = 1.7; // pixels at glyph scale; thinner strokes are thickened to it
const [NEXT, ASLANT] = [0.955, 1.3693]; // steps of the distance transform of 3 x 3 (Borgefors 1986)

/* A map is {width, height, values}. */
function map(width, height, at) {
  const values = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) values[i++] = at(x, y);
  }
  return { width, height, values };
}

/* The part of a map that holds its ink; null where it holds none. */
function cropped({ width, height, values }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (values[y * width + x] > INK) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
    }
  }
  return right < 0 ? null : map(right - left + 1, bottom - top + 1, (x, y) => values[(y + top) * width + x + left]);
}

/* Typical stroke width in pixels. */
export function strokeWidth({ width, height, values }) {
  const half = values.reduce((most, one) => Math.max(most, one), 0) / 2;
  const wide = width + 2;
  const distance = new Float32Array(wide * (height + 2));
  let area = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (values[y * width + x] > half) {
        distance[(y + 1) * wide + x + 1] = Infinity;
        area++;
      }
    }
  }
  const lower = (at, by) => {
    for (const [step, cost] of [[-1, NEXT], [-wide, NEXT], [-wide - 1, ASLANT], [-wide + 1, ASLANT]]) {
      distance[at] = Math.min(distance[at], distance[at + by * step] + cost);
    }
  };
  for (let at = 0; at < distance.length; at++) if (distance[at] > 0) lower(at, 1);
  for (let at = distance.length - 1; at >= 0; at--) if (distance[at] > 0) lower(at, -1);
  // Over a stroke of width w, distances run evenly from 0 to w/2: their mean is a quarter of the width.
  return area === 0 ? 0 : (4 * distance.reduce((sum, one) => sum + one, 0)) / area - 1;
}

/* Strokes made wider by an ellipse of so many pixels more. */
function thickened(crop, missing) {
  const pad = Math.floor(missing / 2) + 1;
  const size = missing + 1;
  const radius = Math.floor(size / 2);
  const { width, height, values } = crop;
  const [wide, tall] = [width + 2 * pad, height + 2 * pad];
  const out = new Float32Array(wide * tall);
  for (let row = 0; row < size; row++) {
    const dy = row - radius;
    const reach = Math.abs(dy) > radius ? -1 : Math.round(radius * Math.sqrt((radius * radius - dy * dy) / (radius * radius)));
    const [first, last] = [Math.max(radius - reach, 0), Math.min(radius + reach + 1, size)];
    for (let y = 0; y < height; y++) {
      const to = y + pad - dy;
      if (to < 0 || to >= tall) continue;
      for (let x = 0; x < width; x++) {
        const ink = values[y * width + x];
        if (ink === 0) continue;
        for (let column = first; column < last; column++) {
          const at = x + pad - (column - radius);
          if (at >= 0 && at < wide) out[to * wide + at] = Math.max(out[to * wide + at], ink);
        }
      }
    }
  }
  return { width: wide, height: tall, values: out };
}

/* How much of each of `from` cells lies in each of `to` cells of the same length: [cell, share] lists. */
function shares(from, to) {
  const ratio = from / to;
  return Array.from({ length: to }, (_, cell) => {
    const [begin, end] = [cell * ratio, (cell + 1) * ratio];
    const parts = [];
    for (let i = Math.floor(begin); i < Math.min(from, Math.ceil(end)); i++) {
      const share = Math.min(end, i + 1) - Math.max(begin, i);
      if (share > 1e-6) parts.push([i, share / ratio]);
    }
    return parts;
  });
}

/* The mean ink of each cell, row by row and then column by column. */
function resized({ width, height, values }, newWidth, newHeight) {
  const [across, down] = [shares(width, newWidth), shares(height, newHeight)];
  const sum = (parts, at) => parts.reduce((total, [i, share]) => total + share * at(i), 0);
  const rows = map(newWidth, height, (x, y) => sum(across[x], (i) => values[y * width + i]));
  return map(newWidth, newHeight, (x, y) => sum(down[y], (i) => rows.values[i * newWidth + x]));
}

/* The value that a share of a list's numbers are below, between two of them in proportion. */
function percentile(numbers, share) {
  const ordered = numbers.slice().sort((one, other) => one - other);
  const place = share * (ordered.length - 1);
  const below = Math.floor(place);
  return ordered[below] + (place - below) * (ordered[Math.min(below + 1, ordered.length - 1)] - ordered[below]);
}

function centred({ width, height, values }) {
  const mass = (at) => values.reduce((sum, one, i) => sum + one * at(i), 0);
  const total = Math.max(mass(() => 1), 1e-6);
  const place = (centre, side) => Math.min(Math.max(Math.round(GLYPH / 2 - centre), 0), GLYPH - side);
  const left = place(mass((i) => i % width) / total, width);
  const top = place(mass((i) => Math.floor(i / width)) / total, height);
  const glyph = new Uint8Array(GLYPH * GLYPH);
  values.forEach((one, i) => (glyph[(top + Math.floor(i / width)) * GLYPH + left + (i % width)] = Math.round(255 * one)));
  return glyph;
}

/* The glyph of an ink map {width, height, values}; all zeros where it holds no ink. */
export function normalise(ink) {
  let crop = cropped(ink);
  if (crop === null) {
    return new Uint8Array(GLYPH * GLYPH);
  }
  const scale = BOX / Math.max(crop.width, crop.height);
  const missing = Math.round(STROKE / scale - strokeWidth(crop));
  if (scale < 1 && missing >= 1) {
    crop = thickened(crop, Math.min(missing, Math.max(1, Math.floor(0.12 * Math.max(crop.width, crop.height)))));
  }
  const shrink = BOX / Math.max(crop.width, crop.height);
  const side = (length) => Math.max(1, Math.round(length * shrink));
  const small = resized(crop, side(crop.width), side(crop.height));
  const inked = small.values.filter((one) => one > 0.05);
  const peak = Math.max(inked.length > 0 ? percentile(inked, 0.95) : 1, 1e-3);
  return centred({ ...small, values: small.values.map((one) => Math.min(Math.max(one / peak, 0), 1)) });
}
