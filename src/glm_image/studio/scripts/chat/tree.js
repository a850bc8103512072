/**
 * A conversation as a tree: turns with the same parent are branches of one another.
 *
 * @typedef {object} Turn
 * @property {string} id
 * @property {string|null} parent_id
 * @property {'user'|'assistant'} role
 * @property {string} text
 * @property {object[]} pictures
 * @property {string[]} sources  Ids of the pictures that came with it.
 * @property {string|null} job_id
 * @property {number} created
 */

/** Finds ways through the turns of a conversation. */
export class Tree {
  /** @param {Turn[]} turns in the order in which they were said */
  constructor(turns) {
    this.turns = turns;
    this.byId = new Map(turns.map((turn) => [turn.id, turn]));
    this.children = new Map();
    for (const turn of turns) {
      const parent = this.byId.has(turn.parent_id) ? turn.parent_id : null;
      if (!this.children.has(parent)) this.children.set(parent, []);
      this.children.get(parent).push(turn);
    }
  }

  /**
   * The turns from the first one to this one.
   * @param {string|null} id
   */
  path(id) {
    const found = [];
    const seen = new Set();
    let turn = this.byId.get(id);
    while (turn && !seen.has(turn.id)) {
      seen.add(turn.id);
      found.push(turn);
      turn = this.byId.get(turn.parent_id);
    }
    return found.reverse();
  }

  /**
   * Where a branch ends: the latest turn below this one, or this one.
   * @param {string|null} id
   */
  tip(id) {
    let best = this.byId.get(id) ?? null;
    const open = [...(this.children.get(id) ?? [])];
    while (open.length > 0) {
      const turn = open.pop();
      if (!best || turn.created >= best.created) best = turn;
      open.push(...(this.children.get(turn.id) ?? []));
    }
    return best?.id ?? null;
  }

  /** Where the conversation was left: the turn that was said last. */
  get latest() {
    return this.tip(null);
  }

  /**
   * The turn and those that stand beside it, in order.
   * @param {Turn} turn
   */
  siblings(turn) {
    const parent = this.byId.has(turn.parent_id) ? turn.parent_id : null;
    return this.children.get(parent);
  }
}
