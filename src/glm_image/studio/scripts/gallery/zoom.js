/**
 * Where a picture lies on its stage: a scale and the place of its upper left corner.
 */

/**
 * @typedef {{width: number, height: number}} Extent  Pixels.
 * @typedef {{scale: number, x: number, y: number}} View  Stage pixels per picture pixel, and place.
 */

/** Most stage pixels per picture pixel. */
export const CLOSEST = 16;

/** A small picture is shown larger than it is, but not so large that it turns to mush. */
const MOST_OF_FIT = 3;

const MARGIN = 24;

/**
 * The whole picture in the middle of the stage.
 *
 * @param {Extent} picture
 * @param {Extent} stage
 * @returns {View}
 */
export function fitted(picture, stage) {
  const margin = Math.min(MARGIN, stage.width / 20, stage.height / 20);
  const scale = Math.min(
    (stage.width - 2 * margin) / picture.width,
    (stage.height - 2 * margin) / picture.height,
    MOST_OF_FIT,
  );
  return centred(picture, stage, Math.max(scale, 0.01));
}

/** The picture in the middle at a scale. */
export function centred(picture, stage, scale) {
  return {
    scale,
    x: (stage.width - picture.width * scale) / 2,
    y: (stage.height - picture.height * scale) / 2,
  };
}

/**
 * Closer or further, with the point under the pointer staying where it is.
 *
 * @param {View} view
 * @param {number} factor  Above 1 goes closer.
 * @param {{x: number, y: number}} point  Of the stage.
 * @param {Extent} picture
 * @param {Extent} stage
 * @returns {View}
 */
export function zoomed(view, factor, point, picture, stage) {
  const least = Math.min(fitted(picture, stage).scale, 1) / 2;
  const scale = Math.min(CLOSEST, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  return {
    scale,
    x: point.x - (point.x - view.x) * ratio,
    y: point.y - (point.y - view.y) * ratio,
  };
}

/**
 * Moved by some stage pixels, but never so far that the picture cannot be found again.
 *
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @param {Extent} picture
 * @param {Extent} stage
 * @returns {View}
 */
export function moved(view, dx, dy, picture, stage) {
  return {
    scale: view.scale,
    x: held(view.x + dx, picture.width * view.scale, stage.width),
    y: held(view.y + dy, picture.height * view.scale, stage.height),
  };
}

function held(place, length, room) {
  const kept = Math.min(length, room) / 2;
  return Math.min(room - kept, Math.max(kept - length, place));
}
