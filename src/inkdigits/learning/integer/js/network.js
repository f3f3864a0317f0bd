const bytes = Uint8Array.from(atob(blob), (character) => character.charCodeAt(0));
const view = new DataView(bytes.buffer);

function numbers(place, read, size) {
  return place && Array.from({ length: place[1] }, (_, i) => view[read](place[0] + i * size, true));
}

for (const step of network.steps) {
  step.weights = step.weights && new Int8Array(bytes.buffer, step.weights[0], step.weights[1]);
  step.bias = numbers(step.bias, "getInt32", 4);
  if (step.kind !== "add") {
    step.factor = numbers(step.factor, "getInt16", 2);
    step.shift = numbers(step.shift, "getUint8", 1);
  }
}

/**
 * What a glyph is: rows of grey levels from 0, paper, to 255, ink, centred as the training data are.
 *
 * @param {ArrayLike<number>} glyph height * width grey levels
 * @returns {{digit: string, confidence: number, probabilities: number[], logits: Int32Array}}
 */
function classify(glyph) {
  if (glyph.length !== network.height * network.width) {
    throw new RangeError(`a glyph of ${glyph.length} pixels, not ${network.height} x ${network.width}`);
  }
  const tensors = [{ values: glyph, shape: network.glyph }];
  for (const step of network.steps) {
    const inputs = step.inputs.map((number) => tensors[number]);
    tensors.push({ values: operations[step.kind](step, inputs), shape: step.shape });
  }
  const logits = tensors[tensors.length - 1].values;
  const most = Math.max(...logits);
  const odds = Array.from(logits, (logit) => Math.exp((logit - most) * network.logitScale));
  const total = odds.reduce((sum, one) => sum + one, 0);
  const probabilities = odds.map((one) => one / total);
  const best = logits.indexOf(most);
  return { digit: network.classes[best], confidence: probabilities[best], probabilities, logits };
}
