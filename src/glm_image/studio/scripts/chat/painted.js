/** The area of a picture that a person paints: strokes, and what they add up to. */

/** Longest side of the field that is painted on; larger pictures are scaled up from it. */
const LONGEST = 2048;
const PASSES = 3;

/**
 * @typedef {{kind: 'stroke', erase: boolean, size: number, points: Array<[number, number]>}
 *   | {kind: 'invert'} | {kind: 'clear'}} Step  Sizes and points in pixels of the field.
 */

/** What was painted, step by step; every step can be taken back. */
export class Painted {
  /**
   * @param {number} width of the picture in pixels
   * @param {number} height
   * @param {Step[]} [steps] painted before
   */
  constructor(width, height, steps = []) {
    this.pictureWidth = width;
    this.pictureHeight = height;
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.width = Math.max(1, Math.round(width * scale));
    this.height = Math.max(1, Math.round(height * scale));
    this.steps = [...steps];
    this.undone = [];
    this.canvas = document.createElement('canvas');
    this.canvas.width = this.width;
    this.canvas.height = this.height;
    this.ink = this.canvas.getContext('2d', { willReadFrequently: true });
    this.colour = '#f0562e';
    this.replay();
  }

  /** Paints everything anew, such as in another colour. */
  replay() {
    this.ink.globalCompositeOperation = 'source-over';
    this.ink.clearRect(0, 0, this.width, this.height);
    for (const step of this.steps) this.#apply(step);
  }

  /** Begins a stroke. */
  begin(x, y, { size, erase }) {
    this.undone = [];
    this.steps.push({ kind: 'stroke', erase, size, points: [[x, y]] });
    this.#line(this.steps.at(-1), 0);
  }

  /** Goes on with the stroke that was begun last. */
  extend(x, y) {
    const step = this.steps.at(-1);
    if (step?.kind !== 'stroke') return;
    step.points.push([x, y]);
    this.#line(step, step.points.length - 2);
  }

  invert() {
    this.#add({ kind: 'invert' });
  }

  clear() {
    this.#add({ kind: 'clear' });
  }

  #add(step) {
    this.undone = [];
    this.steps.push(step);
    this.#apply(step);
  }

  undo() {
    const step = this.steps.pop();
    if (!step) return false;
    this.undone.push(step);
    this.replay();
    return true;
  }

  redo() {
    const step = this.undone.pop();
    if (!step) return false;
    this.steps.push(step);
    this.#apply(step);
    return true;
  }

  /** How much of the picture is painted, in [0, 1]. */
  get share() {
    const alpha = this.#alpha();
    let sum = 0;
    // Every fourth place is enough for a number that people read.
    for (let place = 0; place < alpha.length; place += 4) sum += alpha[place];
    return sum / 255 / Math.ceil(alpha.length / 4);
  }

  /**
   * The mask as the service wants it: of the picture's size, transparent where it was painted.
   *
   * @param {number} feather width of the soft edge in pixels of the field
   * @returns {Promise<Blob>} PNG
   */
  async mask(feather) {
    const soft = blurred(this.#alpha(), this.width, this.height, feather);
    const field = new ImageData(this.width, this.height);
    for (let place = 0; place < soft.length; place += 1) field.data[place * 4 + 3] = 255 - soft[place];
    const small = document.createElement('canvas');
    small.width = this.width;
    small.height = this.height;
    small.getContext('2d').putImageData(field, 0, 0);
    const whole = document.createElement('canvas');
    whole.width = this.pictureWidth;
    whole.height = this.pictureHeight;
    whole.getContext('2d').drawImage(small, 0, 0, whole.width, whole.height);
    return new Promise((resolve, reject) => {
      whole.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no PNG'))), 'image/png');
    });
  }

  #alpha() {
    const { data } = this.ink.getImageData(0, 0, this.width, this.height);
    const alpha = new Uint8ClampedArray(this.width * this.height);
    for (let place = 0; place < alpha.length; place += 1) alpha[place] = data[place * 4 + 3];
    return alpha;
  }

  #apply(step) {
    if (step.kind === 'clear') {
      this.ink.clearRect(0, 0, this.width, this.height);
    } else if (step.kind === 'invert') {
      this.ink.globalCompositeOperation = 'xor';
      this.ink.fillStyle = this.colour;
      this.ink.fillRect(0, 0, this.width, this.height);
    } else {
      for (let point = 0; point < Math.max(1, step.points.length - 1); point += 1) {
        this.#line(step, point);
      }
    }
  }

  /** One piece of a stroke: from a point to the next one, or a dot. */
  #line(step, from) {
    const { ink } = this;
    const [x, y] = step.points[from];
    const [toX, toY] = step.points[from + 1] ?? [x, y];
    ink.globalCompositeOperation = step.erase ? 'destination-out' : 'source-over';
    ink.fillStyle = this.colour;
    ink.strokeStyle = this.colour;
    ink.lineWidth = step.size;
    ink.lineCap = 'round';
    ink.beginPath();
    if (x === toX && y === toY) {
      ink.arc(x, y, step.size / 2, 0, 2 * Math.PI);
      ink.fill();
    } else {
      ink.moveTo(x, y);
      ink.lineTo(toX, toY);
      ink.stroke();
    }
  }
}

/** A field of bytes with soft edges: box blurs one after another come close to a Gaussian one. */
export function blurred(values, width, height, radius) {
  const reach = Math.round(radius / 2);
  if (reach < 1) return values;
  let field = Float32Array.from(values);
  for (let pass = 0; pass < PASSES; pass += 1) {
    field = rowsBlurred(field, width, height, reach);
    field = columnsBlurred(field, width, height, reach);
  }
  return Uint8ClampedArray.from(field);
}

function rowsBlurred(field, width, height, reach) {
  const out = new Float32Array(field.length);
  for (let row = 0; row < height; row += 1) lineBlurred(field, out, row * width, 1, width, reach);
  return out;
}

function columnsBlurred(field, width, height, reach) {
  const out = new Float32Array(field.length);
  for (let column = 0; column < width; column += 1) {
    lineBlurred(field, out, column, width, height, reach);
  }
  return out;
}

/** The mean of a sliding window; beyond the ends the outermost value goes on. */
function lineBlurred(field, out, start, step, count, reach) {
  const at = (place) => field[start + Math.min(Math.max(place, 0), count - 1) * step];
  const size = 2 * reach + 1;
  let sum = 0;
  for (let place = -reach; place <= reach; place += 1) sum += at(place);
  for (let place = 0; place < count; place += 1) {
    out[start + place * step] = sum / size;
    sum += at(place + reach + 1) - at(place - reach);
  }
}
