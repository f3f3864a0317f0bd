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
  const found = new Int32Array(outMaps * outHeight * outWidth);
  for (let map = 0, weight = 0; map < outMaps; map++) {
    const target = map * outHeight * outWidth;
    if (step.bias) found.fill(step.bias[map], target, target + outHeight * outWidth);
    for (let part = 0; part < inner; part++) {
      const source = (Math.floor(map / outer) * inner + part) * (height + top + bottom);
      for (let row = 0; row < tall; row++) {
        for (let column = 0; column < wide; column++) {
          const factor = step.weights[weight++];
          for (let y = 0; y < outHeight; y++) {
            let from = (source + y * step.strides[0] + row) * paddedWidth + column;
            let to = target + y * outWidth;
            for (let x = 0; x < outWidth; x++, from += step.strides[1]) found[to++] += factor * padded[from];
          }
        }
      }
    }
  }
  return found;
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
