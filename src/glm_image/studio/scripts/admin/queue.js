/** What waits and runs, over all keys, and the switch that stops jobs from beginning. */
import { h, icon, replace } from '../core/dom.js';
import { duration, t } from '../core/words.js';
import { figures, panel, renew, table } from './figures.js';

/**
 * @param {{pause: () => void, cancel: (id: string) => void}} run
 * @returns {{node: HTMLElement, show: (queue: object) => void}}
 */
export function queuePanel(run) {
  const button = h('button', { type: 'button', on: { click: () => run.pause() } });
  const { node, body } = panel(t('admin.queue'), { action: button, class: 'wide' });
  const note = h('p', { class: 'admin-paused', role: 'status' });
  const numbers = h('div');
  const list = h('div');
  body.append(note, numbers, list);

  return {
    node,
    show(queue) {
      replace(button, icon(queue.paused ? 'play' : 'pause', 18),
        t(queue.paused ? 'admin.resume' : 'admin.pause'));
      button.className = queue.paused ? 'primary' : '';
      const text = queue.paused ? t('admin.paused.text') : '';
      if (note.textContent !== text) note.textContent = text;
      note.hidden = !queue.paused;
      replace(numbers, figures([
        [t('admin.running'), String(queue.running)],
        [t('admin.waiting'), t('admin.of', { n: queue.queued, most: queue.depth })],
        [t('admin.oldest'), queue.oldest_seconds === null ? '–' : duration(queue.oldest_seconds)],
      ]));
      renew(list, queue.jobs.length ? jobs(queue.jobs, run.cancel)
        : h('p', { class: 'muted', text: t('admin.idle') }));
    },
  };
}

function jobs(list, cancel) {
  const now = Date.now() / 1000;
  return table(t('admin.jobs'),
    [t('admin.job'), t('admin.key'), t('admin.state'), t('admin.pictures'), t('admin.age'), ''],
    list.map((job) => [
      h('code', { text: job.id.slice(-8) }),
      job.key_name ?? t('admin.nobody'),
      state(job),
      `${job.images} × ${job.width}×${job.height}`,
      duration(now - job.created),
      h('button', {
        type: 'button', class: 'quiet', data: { keep: job.id },
        aria: { label: t('admin.cancel.one', { id: job.id.slice(-8) }) },
        on: { click: () => cancel(job.id) },
      }, icon('stop', 18), t('admin.cancel')),
    ]));
}

function state(job) {
  if (job.state === 'queued') {
    return t('admin.state.queued', { n: (job.position ?? 0) + 1 });
  }
  const stage = t(`admin.stage.${job.stage ?? 'start'}`);
  const share = job.total ? job.done / job.total : 0;
  return h('div', { class: 'admin-stage' },
    h('span', { text: job.attempt > 1 ? t('admin.again', { stage, n: job.attempt }) : stage }),
    h('span', { class: 'bar', style: { '--share': share } }, h('i')));
}
