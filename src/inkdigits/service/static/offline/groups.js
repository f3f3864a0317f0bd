/* Which strokes make one sign, and which signs a line. In: strokes, lists of {x, y, width}. Out: lines from top
   to bottom, each a list of signs from left to right, {strokes, box}; a box is {left, top, right, bottom}. */

const SIDE_BY_SIDE = 0.35; // of the narrower one's width: strokes that share less of it are neighbours
const LOOSE = { gap: 0.2, height: 0.4 }; // of the taller one's height: a 5's bar may float above it so far
const SAME_LINE = 0.4; // of the lower one's height

function boxOf(stroke) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const { x, y, width } of stroke) {
    box.left = Math.min(box.left, x - width / 2);
    box.right = Math.max(box.right, x + width / 2);
    box.top = Math.min(box.top, y - width / 2);
    box.bottom = Math.max(box.bottom, y + width / 2);
  }
  return box;
}

export function union(boxes) {
  return {
    left: Math.min(...boxes.map((box) => box.left)),
    top: Math.min(...boxes.map((box) => box.top)),
    right: Math.max(...boxes.map((box) => box.right)),
    bottom: Math.max(...boxes.map((box) => box.bottom)),
  };
}

const width = (box) => box.right - box.left;
const height = (box) => box.bottom - box.top;
const across = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left);
const down = (one, other) => Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);

/* Whether two strokes touch: a point of one within the pen's width of the other's. */
function touch(one, other) {
  return one.some((a) => other.some((b) => Math.hypot(a.x - b.x, a.y - b.y) < (a.width + b.width) / 2));
}

function belong(one, other) {
  const narrower = Math.min(width(one.box), width(other.box));
  const taller = Math.max(height(one.box), height(other.box));
  const lower = Math.min(height(one.box), height(other.box));
  const gap = -down(one.box, other.box);
  // Of two signs of full height the lower one is another line's.
  if (gap > 0 && (gap > LOOSE.gap * taller || lower > LOOSE.height * taller)) {
    return false;
  }
  return (
    across(one.box, other.box) > SIDE_BY_SIDE * narrower ||
    one.strokes.some((a) => other.strokes.some((b) => touch(a, b)))
  );
}

/* Signs: strokes are joined as long as two belong to each other. */
function signs(strokes) {
  let found = [];
  for (const stroke of strokes) {
    let sign = { strokes: [stroke], box: boxOf(stroke) };
    for (let other = found.find((one) => belong(one, sign)); other; other = found.find((one) => belong(one, sign))) {
      found = found.filter((one) => one !== other);
      sign = { strokes: [...other.strokes, ...sign.strokes], box: union([other.box, sign.box]) };
    }
    found.push(sign);
  }
  return found;
}

export function lines(strokes) {
  const found = [];
  // The tallest first: a dot has no say in what a line is.
  for (const sign of signs(strokes).sort((one, other) => height(other.box) - height(one.box))) {
    const middle = (sign.box.top + sign.box.bottom) / 2;
    const near = found.filter(
      ({ box }) =>
        down(box, sign.box) > SAME_LINE * Math.min(height(box), height(sign.box)) ||
        (middle > box.top && middle < box.bottom),
    );
    const line = near.sort((one, other) => down(other.box, sign.box) - down(one.box, sign.box))[0];
    if (line) {
      line.signs.push(sign);
      line.box = union([line.box, sign.box]);
    } else {
      found.push({ signs: [sign], box: sign.box });
    }
  }
  found.sort((one, other) => one.box.top - other.box.top);
  return found.map((line) => line.signs.sort((one, other) => one.box.left - other.box.left));
}
