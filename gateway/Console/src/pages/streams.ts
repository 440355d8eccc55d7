import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app';
import type { StopStreamDialog } from '../dialogs';
import { duration, number, time } from '../format';
import { empty, loading, statusBadge } from '../pieces';
import type { Column } from '../rows';
import type { StreamsFeed } from '../streams';
import type { StreamStatus } from '../types';

const name = (stream: StreamStatus): string => stream.kind === 'sse' ? stream.method : stream.method.slice(stream.method.lastIndexOf('/') + 1);

const about = (stream: StreamStatus): string => [...new Set(stream.mostBehind.flatMap(each => [each.key ?? '', ...each.topics]).filter(text => text !== ''))].join(', ');

const deliveries = (stream: StreamStatus): string => [...new Set(stream.mostBehind.map(each => each.delivery))].join(', ');

function state(stream: StreamStatus): TemplateResult {
  if (stream.draining) return html`<span class="state degraded">Draining</span>`;
  return stream.lag > 0 ? html`<span class="state warning">${number(stream.lag)} behind</span>` : html`<span class="state healthy">Live</span>`;
}

const textOf = (stream: StreamStatus): string => `${stream.user ?? ''} ${stream.method} ${stream.kind} ${stream.service} ${stream.replica} ${stream.peer} ${about(stream)} ${deliveries(stream)}`.toLowerCase();

const columns = (app: App, now: number): Column<StreamStatus>[] => [
  { title: 'Stream', cell: stream => html`<button class="link" title=${stream.method} aria-label="Stop ${name(stream)} of ${stream.user ?? 'anybody'} at ${stream.service}" @click=${() => app.querySelector<StopStreamDialog>('stop-stream')!.ask(stream)}>${name(stream)}</button>` },
  { title: 'User', cell: stream => stream.user ?? '' },
  { title: 'State', cell: state },
  { title: 'Where', cell: stream => html`<span title="${stream.service} ${stream.replica}">${stream.service} ${stream.replica}</span>`, wide: true },
  { title: 'About', cell: stream => html`<span title=${about(stream)}>${stream.subscriptions > 1 ? `${number(stream.subscriptions)}: ` : ''}${about(stream)}</span>`, wide: true },
  { title: 'Delivery', cell: deliveries, wide: true },
  { title: 'Queue', cell: stream => `${number(stream.queuedBytes)} B`, wide: true },
  { title: 'Open for', cell: stream => duration(now - Date.parse(stream.openTime)), wide: true },
  { title: 'Token for', cell: stream => stream.tokenExpireTime ? duration(Date.parse(stream.tokenExpireTime) - now) : '', wide: true },
];

/** What an operator sees of the suite's open streams. */
export function streamsPage(app: App, feed: StreamsFeed): TemplateResult {
  const shown = feed.shown;
  const words = app.filter.toLowerCase().split(/\s+/);
  const streams = shown?.streams.filter(stream => words.every(word => textOf(stream).includes(word))) ?? [];
  return html`<div class="tools"><h1 tabindex="-1">Streams</h1>${statusBadge(feed.status)}</div>
    <div class="tools"><label>Filter <input type="search" maxlength="64" .value=${app.filter} @input=${(event: Event) => app.show({ filter: (event.target as HTMLInputElement).value })}></label>
      <button class="plain" aria-pressed=${feed.isHeld} @click=${() => feed.hold()}>${feed.isHeld ? 'Go on' : 'Pause'}</button></div>
    ${shown ? html`${shown.state.lost.map(each => html`<p class="error">Nothing is heard of ${each.service} at <code>${each.replica}</code> since ${time(each.lostTime)}: its streams are not shown.</p>`)}
      ${streams.length === 0 ? empty(app.filter ? 'No stream is like that.' : 'No stream is open.') : html`<console-rows label="Streams" .items=${streams} .keyOf=${(stream: StreamStatus) => stream.streamId} .columns=${columns(app, Date.parse(shown.state.time))}></console-rows>`}
      <p class="quiet">${number(streams.length)} of ${number(shown.streams.length)} streams${shown.state.leftOut > 0 ? `; ${number(shown.state.leftOut)} that lag less are not shown` : nothing}, as of ${time(shown.state.time)}${feed.isHeld ? ', held' : ''}.</p>` : loading}
    <stop-stream id="stop"></stop-stream>`;
}
