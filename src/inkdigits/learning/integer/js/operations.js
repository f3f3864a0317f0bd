function sums(tensor, step) {
  const [maps, height, width, zero] = tensor.shape;
  const [top, left, bottom, right] = step.padding;
  const [tall, wide] = step.size;
  const [outMaps, outHeight, outWidth] = step.shape;
  const paddedWidth = width + left + right;
  const padded = new Int32Array(maps * (height + top + bottom) * paddedWidth);
  for (let map = 0, at = 0; map < maps; map++) {
    for (let y = 0; y < height; y++) {
      const row = ((height + top + bottom) * map + top + y) * paddedWidth + left;
      for (let x = 0; x < width; x++) padded[row + x] = tensor.values[at++] - zero;
    }
  }
  const inner = maps / step.groups;
  const outer = outMaps / step.groups;
  const places = outHeight * outWidth;
  const tallPadded = height + top + bottom;
  // Where the inputs of one sum lie, from the first of them: gathered once for all maps, they are read in a row.
  const offsets = [];
  for (let part = 0; part < inner; part++) {
    for (let row = 0; row < tall; row++) {
      for (let column = 0; column < wide; column++) offsets.push((part * tallPadded + row) * paddedWidth + column);
    }
  }
  const patch = new Int32Array(offsets.length);
  const found = new Int32Array(outMaps * places);
  for (let group = 0; group < step.groups; group++) {
    for (let place = 0; place < places; place++) {
      const y = Math.floor(place / outWidth) * step.strides[0];
      const from = (group * inner * tallPadded + y) * paddedWidth + (place % outWidth) * step.strides[1];
      for (let i = 0; i < patch.length; i++) patch[i] = padded[from + offsets[i]];
      for (let map = group * outer; map < (group + 1) * outer; map++) {
        found[map * places + place] = (step.bias ? step.bias[map] : 0) + dot(step.weights, map * patch.length, patch);
      }
    }
  }
  return found;
}

// Two sums at once, for a sum waits for each of its additions.
function dot(weights, at, values) {
  let even = 0;
  let odd = 0;
  let i = 0;
  for (; i + 1 < values.length; i += 2) {
    even += weights[at + i] * values[i];
    odd += weights[at + i + 1] * values[i + 1];
  }
  return i < values.length ? even + odd + weights[at + i] * values[i] : even + odd;
}

// A sum as a byte: times factor / 2^shift, rounded, counted from zero. All products are below 2^53.
function rescale(product, shift, zero) {
  const value = Math.floor((product + 2 ** (shift - 1)) / 2 ** shift) + zero;
  return Math.min(255, Math.max(0, value));
}

function rescaleAll(found, step) {
  const [maps, height, width, zero] = step.shape;
  const values = new Uint8Array(found.length);
  for (let map = 0, at = 0; map < maps; map++) {
    for (let place = 0; place < height * width; place++, at++) {
      values[at] = rescale(found[at] * step.factor[map], step.shift[map], zero);
    }
  }
  return values;
}

const operations = {
  convolution(step, [tensor]) {
    return rescaleAll(sums(tensor, step), step);
  },
  dense(step, [tensor]) {
    const count = tensor.values.length;
    const found = new Int32Array(step.shape[0]);
    for (let map = 0; map < found.length; map++) {
      let sum = step.bias ? step.bias[map] : 0;
      for (let i = 0; i < count; i++) sum += (tensor.values[i] - tensor.shape[3]) * step.weights[map * count + i];
      found[map] = sum;
    }
    return step.factor ? rescaleAll(found, step) : found;
  },
  mean(step, [tensor]) {
    const places = tensor.shape[1] * tensor.shape[2];
    const found = new Int32Array(step.shape[0]);
    for (let i = 0; i < tensor.values.length; i++) {
      found[Math.floor(i / places)] += tensor.values[i] - tensor.shape[3];
    }
    return rescaleAll(found, step);
  },
  add(step, tensors) {
    const values = new Uint8Array(tensors[0].values.length);
    for (let i = 0; i < values.length; i++) {
      let product = 0;
      tensors.forEach((tensor, which) => {
        product += (tensor.values[i] - tensor.shape[3]) * step.factors[which];
      });
      values[i] = rescale(product, step.shift, step.shape[3]);
    }
    return values;
  },
  "max-pool"(step, [tensor]) {
    const [maps, outHeight, outWidth] = step.shape;
    const [, height, width] = tensor.shape;
    const values = new Uint8Array(maps * outHeight * outWidth);
    let at = 0;
    for (let map = 0; map < maps; map++) {
      for (let y = 0; y < outHeight; y++) {
        for (let x = 0; x < outWidth; x++, at++) {
          for (let row = 0; row < step.size[0]; row++) {
            for (let column = 0; column < step.size[1]; column++) {
              const place = (map * height + y * step.strides[0] + row) * width + x * step.strides[1] + column;
              values[at] = Math.max(values[at], tensor.values[place]);
            }
          }
        }
      }
    }
    return values;
  },
};
