import { html, svg, type TemplateResult } from 'lit';
import { lineStyle, type Line } from '../chart';
import { bytes, decimal, number, time } from '../format';
import type { OperationsFeed, Sample } from '../operations';
import { empty, loading, statusBadge } from '../pieces';
import type { ReplicaStatus, ServiceStatus, SuiteStatus } from '../types';

const ms = (value: number | undefined): string => value === undefined ? '' : `${decimal(value)} ms`;

const health = (replica: ReplicaStatus): TemplateResult => html`<span class="state ${replica.health}">${replica.health}</span>`;

function services(latest: SuiteStatus): TemplateResult {
  const row = (service: ServiceStatus) => html`<tr><th scope="row">${service.service}</th>
    <td>${number(service.replicas.filter(replica => replica.health === 'healthy').length)} of ${number(service.replicas.length)}</td>
    <td>${decimal(service.requestsPerSecond)}</td><td class="wide">${decimal(service.errorsPerSecond)}</td><td>${ms(service.p99Ms)}</td>
    <td class="wide">${number(service.streams)}</td><td class="wide">${number(service.streamLag)}</td></tr>`;
  return html`<table aria-label="Services"><thead><tr><th scope="col">Service</th><th scope="col">Healthy</th><th scope="col">Requests/s</th><th scope="col" class="wide">Errors/s</th>
    <th scope="col">p99</th><th scope="col" class="wide">Streams</th><th scope="col" class="wide">Lag</th></tr></thead><tbody>${latest.services.map(row)}</tbody></table>`;
}

function replicas(latest: SuiteStatus): TemplateResult {
  const row = (service: string, replica: ReplicaStatus) => html`<tr><th scope="row">${service}</th><td><code>${replica.address}</code></td><td>${health(replica)}</td>
    <td class="wide">${replica.startTime ? time(replica.startTime) : ''}</td><td class="wide">${bytes(replica.memoryBytes)}</td><td class="wide">${decimal(replica.processors)}</td><td class="wide">${ms(replica.outboxAgeMs)}</td></tr>`;
  return html`<table aria-label="Replicas"><thead><tr><th scope="col">Service</th><th scope="col">Address</th><th scope="col">Health</th><th scope="col" class="wide">Since</th><th scope="col" class="wide">Memory</th>
    <th scope="col" class="wide">Processors</th><th scope="col" class="wide">Outbox</th></tr></thead><tbody>${latest.services.flatMap(service => service.replicas.map(replica => row(service.service, replica)))}</tbody></table>`;
}

// A chart, and what it shows in figures: the line of each service, what it is now, and the most it was.
function chart(title: string, history: readonly Sample[], names: string[], valueOf: (sample: Sample, name: string) => number | undefined, format: (value: number) => string): TemplateResult {
  const lines: Line[] = names.map(name => ({ name, values: history.map(sample => valueOf(sample, name) ?? null) }));
  const shown = (value: number | null | undefined) => value === null || value === undefined ? '' : format(value);
  const most = (values: (number | null)[]) => values.some(value => value !== null) ? Math.max(...values.map(value => value ?? 0)) : null;
  const swatch = (i: number) => svg`<svg class="swatch line-${i % 6}" viewBox="0 0 36 6" aria-hidden="true"><line x1="0" y1="3" x2="36" y2="3" stroke-dasharray=${lineStyle(i).dash.join(' ')}></line></svg>`;
  return html`<h3>${title}</h3><console-chart .times=${history.map(sample => sample.time)} .lines=${lines} .label=${title}></console-chart>
    <table aria-label=${title}><thead><tr><th scope="col">Service</th><th scope="col">Now</th><th scope="col">Most in 5 minutes</th></tr></thead>
      <tbody>${lines.map((line, i) => html`<tr><th scope="row">${swatch(i)} ${line.name}</th><td>${shown(line.values.at(-1))}</td><td>${shown(most(line.values))}</td></tr>`)}</tbody></table>`;
}

/** What an operator sees of the suite. */
export function operations(feed: OperationsFeed): TemplateResult {
  const shown = feed.shown;
  // The gateway begins to ask when somebody begins to look.
  if (!shown || shown.latest.services.length === 0) return html`<h2>Suite</h2>${statusBadge(feed.status)} ${loading}`;
  const { latest, history } = shown;
  const names = latest.services.map(service => service.service);
  return html`<section class="suite" aria-labelledby="suite"><div class="tools"><h2 id="suite">Suite</h2><span>${statusBadge(feed.status)} <button class="plain small" aria-pressed=${feed.isHeld} @click=${() => feed.hold()}>${feed.isHeld ? 'Go on' : 'Pause'}</button></span></div>
    <h3>Alerts</h3>${latest.alerts.length === 0 ? empty('Nothing is wrong.') : html`<ul class="alerts">${latest.alerts.map(alert => html`<li><span class="state ${alert.severity}">${alert.severity}</span> <strong>${alert.service}</strong> <code>${alert.address}</code> ${alert.text}</li>`)}</ul>`}
    <h3>Services</h3>${services(latest)}
    ${chart('Requests a second', history, names, (sample, name) => sample.services.get(name)?.requests, decimal)}
    ${chart('p99 of requests, in ms', history, names, (sample, name) => sample.services.get(name)?.p99, value => `${decimal(value)} ms`)}
    <h3>Replicas</h3>${replicas(latest)}
    <p class="quiet">As of ${time(latest.time)}${feed.isHeld ? ', held' : ''}.</p></section>`;
}
