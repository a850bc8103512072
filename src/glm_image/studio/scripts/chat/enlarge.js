/** Sizes larger than a picture, within what a model draws; and the canvas around a picture. */

/** @typedef {{min_side: number, max_side: number, multiple: number}} Limits */

const FACTORS = [1.25, 1.5, 2, 3, 4];

/** The nearest side that a model draws. @param {Limits} model */
export function side(pixels, model, round = Math.round) {
  const least = Math.ceil(model.min_side / model.multiple);
  const most = Math.floor(model.max_side / model.multiple);
  return Math.min(Math.max(round(pixels / model.multiple), least), most) * model.multiple;
}

/**
 * Larger sizes of the same shape, smallest first.
 *
 * @param {{width: number, height: number}} picture
 * @param {Limits} model
 * @returns {Array<{width: number, height: number, factor: number}>}
 */
export function larger(picture, model) {
  const most = Math.min(model.max_side / Math.max(picture.width, picture.height), FACTORS.at(-1));
  const found = new Map();
  for (const wanted of [...FACTORS.filter((one) => one <= most), most]) {
    const width = side(picture.width * wanted, model);
    const height = side(picture.height * wanted, model);
    const factor = Math.sqrt((width * height) / (picture.width * picture.height));
    const skew = Math.abs(Math.log((width / height) / (picture.width / picture.height)));
    // Steps of the side must not stretch what is in the picture.
    if (factor > 1.1 && skew < 0.06) found.set(`${width}x${height}`, { width, height, factor });
  }
  return [...found.values()].sort((a, b) => a.factor - b.factor);
}

/**
 * Where a picture lies on a canvas.
 *
 * @param {{width: number, height: number}} picture
 * @param {{width: number, height: number}} canvas
 * @param {number} scale of the picture, in (0, 1]
 * @param {[number, number]} anchor of the picture, each from 0 (left, top) to 1
 */
export function placed(picture, canvas, scale, anchor) {
  const fit = Math.min(scale, canvas.width / picture.width, canvas.height / picture.height);
  const width = Math.round(picture.width * fit);
  const height = Math.round(picture.height * fit);
  return {
    x: Math.round((canvas.width - width) * anchor[0]),
    y: Math.round((canvas.height - height) * anchor[1]),
    width,
    height,
  };
}

/** Whether a canvas has room for anything new beside the picture. */
export function hasRoom(canvas, place) {
  return place.width < canvas.width || place.height < canvas.height;
}

/**
 * The picture on its canvas, its border drawn out over the room around it, so that what is
 * painted there begins with colours that go on.
 *
 * @param {CanvasImageSource} image
 */
export function drawnOut(image, size, canvas, place) {
  const sheet = document.createElement('canvas');
  sheet.width = canvas.width;
  sheet.height = canvas.height;
  const ink = sheet.getContext('2d');
  const columns = pieces(canvas.width, place.x, place.width, size.width);
  const rows = pieces(canvas.height, place.y, place.height, size.height);
  for (const row of rows) {
    for (const column of columns) {
      if (column.span > 0 && row.span > 0) {
        ink.drawImage(image, column.from, row.from, column.width, row.width,
          column.to, row.to, column.span, row.span);
      }
    }
  }
  return sheet;
}

/** Before, on and behind the picture along one side: what is taken, and where it is put. */
function pieces(whole, start, span, source) {
  return [
    { from: 0, width: 1, to: 0, span: start },
    { from: 0, width: source, to: start, span },
    { from: source - 1, width: 1, to: start + span, span: whole - start - span },
  ];
}

/**
 * The mask of a canvas: opaque over the picture, transparent around it. The seam lies a little
 * inside the picture, where old and new can be blended.
 */
export function roomMask(canvas, place) {
  const sheet = document.createElement('canvas');
  sheet.width = canvas.width;
  sheet.height = canvas.height;
  const seam = Math.round(Math.min(place.width, place.height) * 0.02);
  const left = place.x > 0 ? seam : 0;
  const top = place.y > 0 ? seam : 0;
  const right = place.x + place.width < canvas.width ? seam : 0;
  const bottom = place.y + place.height < canvas.height ? seam : 0;
  const ink = sheet.getContext('2d');
  ink.fillStyle = '#000';
  ink.fillRect(place.x + left, place.y + top,
    place.width - left - right, place.height - top - bottom);
  return sheet;
}

/** A canvas as a PNG. @returns {Promise<Blob>} */
export function png(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no PNG'))), 'image/png');
  });
}
