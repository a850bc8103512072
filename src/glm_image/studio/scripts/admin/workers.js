/** Who draws, and what that takes. */
import { h, icon, replace } from '../core/dom.js';
import { bytes, duration, t } from '../core/words.js';
import { figures, panel } from './figures.js';

/** @returns {{node: HTMLElement, show: (answer: object) => void}} */
export function workersPanel() {
  const { node, body } = panel(t('admin.workers'));
  return {
    node,
    show(answer) {
      const { service } = answer;
      replace(body,
        answer.workers.length
          ? h('ul', { class: 'workers' }, answer.workers.map(worker))
          : h('p', { class: 'muted', text: t('admin.workers.none') }),
        h('h3', { text: t('admin.service') }),
        figures([
          [t('admin.version'), service.version],
          [t('admin.uptime'), duration(service.uptime_seconds)],
          [t('admin.memory'), bytes(service.memory_bytes)],
          [t('admin.free'), service.free_bytes === null ? '–' : bytes(service.free_bytes)],
          [t('admin.streams'), String(service.event_streams)],
          [t('admin.reader'), t(reader(service))],
        ]));
    },
  };
}

function reader(service) {
  if (!service.reader_installed) return 'admin.reader.missing';
  return service.reader_running ? 'admin.reader.running' : 'admin.reader.ready';
}

function worker(one) {
  const facts = [
    t('admin.orders', { count: one.orders, n: one.orders }),
    t('admin.restarts', { count: one.restarts, n: one.restarts }),
    bytes(one.memory_bytes),
  ];
  if (one.device_memory_bytes) {
    facts.push(t('admin.device', { size: bytes(one.device_memory_bytes) }));
  }
  return h('li', {},
    h('span', { class: `lamp ${one.up ? 'good' : 'warn'}` }, icon(one.up ? 'check' : 'hourglass', 14)),
    h('div', {},
      h('strong', { text: one.name }), ' ',
      h('span', { class: 'muted', text: t(one.up ? 'admin.up' : 'admin.down') }),
      h('p', { class: 'muted small', text: facts.join(' · ') })));
}
