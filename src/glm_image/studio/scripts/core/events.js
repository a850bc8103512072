/**
 * What happens to the caller's jobs, as it happens. One connection by fetch, as EventSource can
 * send no key.
 */
import { api, ApiError, isRefusal, parse } from './api.js';

/** The service says something every 15 s; after this long without a word the line is dead. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** Behind a longer absence everything is fetched anew instead of told again. */
const REPLAY_MS = 300_000;

export class EventLine {
  #listener;
  #onState;
  #abort = null;
  #lastId = null;
  #leftAt = 0;
  #failures = 0;
  #wake = null;
  #run = 0;

  /**
   * @param {(event: {job_id: string, seq: number, kind: string, at: number, data: any}) => void}
   *   listener
   * @param {(state: 'open'|'lost'|'denied', error?: Error) => void} onState `open` comes before
   *   the first event of each connection.
   */
  constructor(listener, onState) {
    this.#listener = listener;
    this.#onState = onState;
    window.addEventListener('online', () => this.hurry());
    window.addEventListener('offline', () => this.suspect());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.hurry();
    });
  }

  /** Begins, or begins anew, and goes on until `stop`. */
  async start() {
    this.stop();
    this.#run += 1;
    const run = this.#run;
    this.#failures = 0;
    this.#lastId = null;
    while (run === this.#run) {
      const denied = await this.#connection(run);
      if (run !== this.#run || denied) return;
      this.#failures += 1;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
      // Many pages that lost the same service do not all come back at once.
      await this.#wait(pause * (0.75 + Math.random() / 2));
    }
  }

  /** Ends the connection. */
  stop() {
    this.#run += 1;
    this.#abort?.abort();
    this.#wake?.();
  }

  /** Gives the connection up, as something else got no answer, and makes another one. */
  suspect() {
    this.#abort?.abort();
  }

  /** Tries again now instead of after the pause. */
  hurry() {
    this.#wake?.();
  }

  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One connection until it ends; true if the service refuses the key. */
  async #connection(run) {
    const say = (state, error) => {
      if (run === this.#run) this.#onState(state, error);
    };
    const abort = new AbortController();
    this.#abort = abort;
    let timer = 0;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), SILENCE_MS);
    };
    try {
      heard();
      const missed = Date.now() - this.#leftAt < REPLAY_MS ? this.#lastId : null;
      const headers = missed ? { 'Last-Event-ID': missed } : {};
      const answer = await api.stream('/api/events', { headers, signal: abort.signal });
      this.#failures = 0;
      say('open');
      await this.#read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), heard);
      say('lost');
    } catch (error) {
      const refused = isRefusal(error);
      say(refused ? 'denied' : 'lost', error);
      return refused;
    } finally {
      clearTimeout(timer);
      this.#leftAt = Date.now();
    }
    return false;
  }

  async #read(reader, heard) {
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block) {
    const fields = { event: 'message', id: null, data: [] };
    for (const line of block.split('\n')) {
      const [, name, value] = /^([a-z]+): ?(.*)$/s.exec(line) ?? [];
      if (name === 'data') fields.data.push(value);
      else if (name) fields[name] = value;
    }
    if (!fields.data.length) return;
    const data = parse(fields.data.join('\n'));
    if (fields.event === 'error') {
      const code = data.error?.code;
      throw new ApiError(/api_key/.test(code) ? 401 : 503, data.error ?? {});
    }
    if (fields.id) this.#lastId = fields.id;
    this.#listener(data);
  }
}
