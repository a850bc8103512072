/**
 * A drawing as a request that a shell or Python sends.
 */

/** The fields of a job's drawing that a request repeats, in the order they are read. */
const FIELDS = [
  'steps', 'guidance', 'temperature', 'top_p', 'top_k', 'strength', 'output_format',
];

/**
 * The body of the request that draws a picture again.
 *
 * @param {object} picture  PictureAnswer.
 * @param {object|null} drawing  DrawingAnswer of its job, where it is still known.
 * @returns {object}
 */
export function requestOf(picture, drawing) {
  const body = { prompt: picture.prompt };
  if (drawing) body.model = drawing.model;
  body.size = `${picture.width}x${picture.height}`;
  body.seed = picture.seed;
  if (picture.layout_seed !== null) body.layout_seed = picture.layout_seed;
  for (const field of FIELDS) {
    const value = drawing?.[field];
    if (value !== null && value !== undefined) body[field] = value;
  }
  const sources = drawing?.parents ?? picture.parents;
  if (sources.length > 0) body.images = sources;
  return body;
}

/**
 * A command for a POSIX shell.
 *
 * @param {object} body
 * @param {{origin: string, key: boolean}} service  Where it is, and whether it wants a key.
 */
export function asCurl(body, { origin, key }) {
  const lines = [`curl -s ${shellQuoted(`${origin}/api/jobs`)}`];
  if (key) lines.push('-H "Authorization: Bearer $GLM_IMAGE_KEY"');
  lines.push("-H 'Content-Type: application/json'");
  lines.push(`-d ${shellQuoted(literal(body, JSON_WORDS, 0))}`);
  return `${lines.join(' \\\n  ')}\n`;
}

/**
 * A program for Python's standard library: it hands the job in, waits and saves the pictures.
 *
 * @param {object} body
 * @param {{origin: string, key: boolean}} service
 */
export function asPython(body, { origin, key }) {
  const head = key
    ? [
      'HEADERS = {',
      "    'Content-Type': 'application/json',",
      "    'Authorization': 'Bearer ' + os.environ['GLM_IMAGE_KEY'],",
      '}',
    ]
    : ["HEADERS = {'Content-Type': 'application/json'}"];
  return [
    'import json',
    ...(key ? ['import os'] : []),
    'import time',
    'import urllib.request',
    '',
    `SERVICE = ${quoted(origin)}`,
    ...head,
    '',
    '',
    'def call(path, body=None):',
    '    data = None if body is None else json.dumps(body).encode()',
    '    request = urllib.request.Request(SERVICE + path, data=data, headers=HEADERS)',
    '    with urllib.request.urlopen(request) as answer:',
    '        return json.load(answer)',
    '',
    '',
    `job = call('/api/jobs', ${literal(body, PYTHON_WORDS, 0)})`,
    "while job['state'] in ('queued', 'running'):",
    '    time.sleep(0.5)',
    "    job = call(f\"/api/jobs/{job['id']}\")",
    "if job['failure']:",
    "    raise SystemExit(job['failure']['message'])",
    "for picture in job['pictures']:",
    "    kind = picture['mime'].removeprefix('image/')",
    "    urllib.request.urlretrieve(picture['url'], f\"{picture['id']}.{kind}\")",
    '',
  ].join('\n');
}

/** A word that every POSIX shell reads as this text. */
export function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const JSON_WORDS = { indent: '  ', comma: '', none: 'null', yes: 'true', no: 'false' };
const PYTHON_WORDS = { indent: '    ', comma: ',', none: 'None', yes: 'True', no: 'False' };

/** A literal that JSON and Python both read as this text. */
function quoted(text) {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Seeds may have more digits than numbers hold; then they are kept as text of digits. */
const isSeed = (name, value) => /(^|_)seed$/.test(name) && /^\d+$/.test(String(value));

function literal(value, words, depth, name = '') {
  if (value === null) return words.none;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (typeof value === 'number' || isSeed(name, value)) return String(value);
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) {
    return `[${value.map((one) => literal(one, words, depth, name)).join(', ')}]`;
  }
  const inner = words.indent.repeat(depth + 1);
  const lines = Object.entries(value).map(
    ([key, one]) => `${inner}${quoted(key)}: ${literal(one, words, depth + 1, key)}`,
  );
  return `{\n${lines.join(',\n')}${words.comma}\n${words.indent.repeat(depth)}}`;
}
