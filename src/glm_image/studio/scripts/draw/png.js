/** Text chunks of PNG files: pictures of the service hold how they were made. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Longest text that is unpacked; a small chunk may hold very much. */
const MOST_TEXT = 1_000_000;

/**
 * Texts of a PNG by their keyword; nothing for other files.
 *
 * @param {Blob} file
 * @returns {Promise<Map<string, string>>}
 */
export async function textChunks(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const found = new Map();
  if (!SIGNATURE.every((byte, place) => bytes[place] === byte)) return found;
  const view = new DataView(bytes.buffer);
  let place = 8;
  while (place + 12 <= bytes.length) {
    const length = view.getUint32(place);
    const kind = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
    const body = bytes.subarray(place + 8, place + 8 + length);
    if (body.length < length || kind === 'IEND') break;
    if (kind === 'tEXt' || kind === 'iTXt' || kind === 'zTXt') {
      const [keyword, text] = await readText(kind, body);
      if (text !== null && !found.has(keyword)) found.set(keyword, text);
    }
    place += length + 12;
  }
  return found;
}

/** How a picture of the service was made; null if the file does not say. */
export async function parametersOf(file) {
  const text = (await textChunks(file)).get('parameters');
  if (!text) return null;
  try {
    const found = JSON.parse(text, (key, value, context) => (
      typeof value === 'number' && !Number.isSafeInteger(value) && /^\d+$/.test(context?.source)
        ? context.source : value));
    return found && typeof found === 'object' && !Array.isArray(found) && 'seed' in found
      ? found : null;
  } catch {
    return null;
  }
}

async function readText(kind, body) {
  const end = body.indexOf(0);
  if (end < 0) return ['', null];
  const keyword = latin(body.subarray(0, end));
  if (kind === 'tEXt') return [keyword, latin(body.subarray(end + 1))];
  if (kind === 'zTXt') return [keyword, await unpacked(body.subarray(end + 2), latin)];
  const packed = body[end + 1] === 1;
  const language = body.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (translated < 0) return [keyword, null];
  const rest = body.subarray(translated + 1);
  return [keyword, packed ? await unpacked(rest, utf8) : utf8(rest)];
}

function latin(bytes) {
  return new TextDecoder('latin1').decode(bytes);
}

function utf8(bytes) {
  return new TextDecoder().decode(bytes);
}

async function unpacked(bytes, decode) {
  const reader = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream('deflate')).getReader();
  const parts = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MOST_TEXT) return null;
      parts.push(value);
    }
  } catch {
    return null;
  } finally {
    reader.cancel().catch(() => {
      // A stream that has failed has nothing to cancel.
    });
  }
  return decode(new Uint8Array(await new Blob(parts).arrayBuffer()));
}
