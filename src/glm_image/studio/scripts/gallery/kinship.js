/**
 * How pictures descend from each other, placed as columns of generations.
 */

/**
 * @typedef {{id: string, column: number, row: number, picture: object|null}} Node  A picture, or
 *   null where it is gone.
 * @typedef {{nodes: Node[], edges: [Node, Node][], columns: number, rows: number}} Family
 */

/**
 * The family of a picture: the eldest on the left, each picture right of all its parents.
 *
 * @param {object[]} pictures  PictureAnswers, with the one that it is about.
 * @returns {Family}
 */
export function family(pictures) {
  const known = new Map(pictures.map((picture) => [picture.id, picture]));
  const parents = new Map(pictures.map((picture) => [picture.id, [...new Set(picture.parents)]]));
  for (const ids of [...parents.values()]) {
    for (const id of ids) if (!parents.has(id)) parents.set(id, []);
  }
  const columns = new Map();
  for (const id of parents.keys()) generation(id, parents, columns, new Set());
  const filled = new Map();
  const nodes = [...parents.keys()]
    .sort((one, other) => columns.get(one) - columns.get(other) || age(known, one, other))
    .map((id) => {
      const column = columns.get(id);
      const row = filled.get(column) ?? 0;
      filled.set(column, row + 1);
      return { id, column, row, picture: known.get(id) ?? null };
    });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = nodes.flatMap((node) =>
    parents.get(node.id).map((parent) => [byId.get(parent), node]));
  return {
    nodes,
    edges,
    columns: 1 + Math.max(0, ...columns.values()),
    rows: Math.max(0, ...filled.values()),
  };
}

/** Those drawn by the same job, in the order they were asked for. */
export function variants(pictures, jobId) {
  return pictures
    .filter((picture) => picture.job_id === jobId)
    .sort((one, other) => one.index - other.index);
}

function generation(id, parents, columns, above) {
  if (columns.has(id)) return columns.get(id);
  if (above.has(id)) return 0;
  above.add(id);
  const elders = parents.get(id).map((parent) => generation(parent, parents, columns, above));
  above.delete(id);
  const column = elders.length === 0 ? 0 : 1 + Math.max(...elders);
  columns.set(id, column);
  return column;
}

function age(known, one, other) {
  const [first, second] = [known.get(one), known.get(other)];
  if (!first || !second) return first ? 1 : second ? -1 : 0;
  return first.created - second.created || first.index - second.index;
}
