import { html, nothing, type TemplateResult } from 'lit';
import { call, path } from '../api';
import type { App } from '../app';
import { clockTime, number, time } from '../format';
import { empty, loading, notLoaded, problem, stateBadge, statusBadge } from '../pieces';
import type { Column } from '../rows';
import type { Attempt, Delivery, DeliveryDetails, Endpoint, EndpointWithSecret } from '../types';
import type { EndpointDialog, QuestionDialog, SecretDialog } from '../webhookDialogs';
import { replay, type DeliveriesFeed, type DeliveryQuery, type EndpointList } from '../webhooks';

const typesOf = (endpoint: Endpoint): string => endpoint.eventTypes.length === 0 ? 'all' : endpoint.eventTypes.join(', ');

const endpointColumns: Column<Endpoint>[] = [
  { title: 'URL', cell: each => html`<a href="/webhooks/${encodeURIComponent(each.endpointId)}" title=${each.url}>${each.url}</a>` },
  { title: 'State', cell: each => stateBadge(each.state) },
  { title: 'Description', cell: each => html`<span title=${each.description}>${each.description}</span>`, wide: true },
  { title: 'Events', cell: each => html`<span title=${typesOf(each)}>${typesOf(each)}</span>`, wide: true },
  { title: 'Created', cell: each => time(each.createTime), wide: true },
];

/** The endpoints of an owner: the user, or for an operator whoever is asked for. */
export function webhooksPage(app: App, list: EndpointList): TemplateResult {
  const wanted = (event: SubmitEvent): void => {
    event.preventDefault();
    app.showEndpoints(String(new FormData(event.target as HTMLFormElement).get('ownerId')).trim());
  };
  const created = ({ detail }: CustomEvent<EndpointWithSecret>): void => {
    list.open();
    app.querySelector<SecretDialog>('webhook-secret')!.reveal(detail.secret);
  };
  return html`<div class="tools"><h1 tabindex="-1">Webhooks</h1>${list.status ? statusBadge(list.status) : nothing}
      <button @click=${() => app.querySelector<EndpointDialog>('webhook-endpoint')!.edit()}>Create an endpoint</button></div>${problem(list.error)}
    ${app.isOperator ? html`<form class="tools" @submit=${wanted}><label>Owner <input name="ownerId" required maxlength="64" placeholder="@everyone" value=${list.ownerId}></label><button class="plain">Show</button></form>` : nothing}
    ${!list.value ? list.error === undefined ? loading : nothing : html`
      ${list.value.length === 0 ? empty('There is no endpoint yet.') : html`<console-rows label="Endpoints" .items=${list.value} .keyOf=${(each: Endpoint) => each.endpointId} .columns=${endpointColumns}></console-rows>`}
      <p class="quiet">${number(list.value.length)} endpoints of ${list.ownerId}, as of ${clockTime(list.asOf)}; asked for again every 5 seconds.</p>`}
    <webhook-endpoint id="endpoint" .ownerId=${list.ownerId} @done=${created}></webhook-endpoint><webhook-secret id="secret"></webhook-secret>`;
}

const came = ({ status, error }: { status?: number | undefined; error?: string | undefined }): string => error ?? (status ? `HTTP ${status}` : '');

const deliveryColumns = (feed: DeliveriesFeed): Column<Delivery>[] => [
  { title: 'Message', cell: each => html`<button class="link" title=${each.key} aria-label="Show ${each.eventType} of ${time(each.createTime)}" @click=${() => feed.show(each.deliveryId)}>${each.eventType}</button>` },
  { title: 'State', cell: each => stateBadge(each.state) },
  { title: 'Attempts', cell: each => number(each.attempts) },
  { title: 'Last answer', cell: each => html`<span title=${came({ status: each.lastStatus, error: each.lastError })}>${came({ status: each.lastStatus, error: each.lastError })}</span>`, wide: true },
  { title: 'Created', cell: each => time(each.createTime), wide: true },
  { title: 'About', cell: each => html`<span title=${each.key}>${each.key}</span>`, wide: true },
];

const attempt = (each: Attempt): TemplateResult => html`<li><strong>${came(each)}</strong> in ${number(each.durationMs)} ms, ${time(each.time)}
  ${each.responseBody ? html`<pre tabindex="0" aria-label="Answer of ${time(each.time)}">${each.responseBody}</pre>` : empty('The answer had no body.')}</li>`;

function details(app: App, feed: DeliveriesFeed, { delivery, payload, attempts }: DeliveryDetails): TemplateResult {
  const sent = attempts[0] ? `\nwebhook-timestamp: ${Math.floor(Date.parse(attempts[0].time) / 1_000)}` : '';
  return html`<div class="tools"><h2>Delivery of ${delivery.eventType}</h2><button class="plain" @click=${() => app.act(() => replay(feed.query.endpointId, [delivery.deliveryId]))}>Send again</button></div>
    <dl><dt>State</dt><dd>${stateBadge(delivery.state)}${delivery.endTime ? ` since ${time(delivery.endTime)}` : nothing}</dd>
      ${delivery.nextAttemptTime && delivery.attempts > 0 ? html`<dt>Next attempt</dt><dd>${time(delivery.nextAttemptTime)}</dd>` : nothing}
      <dt>About</dt><dd><code>${delivery.key}</code></dd><dt>Created</dt><dd>${time(delivery.createTime)}</dd><dt>Id</dt><dd><code>${delivery.deliveryId}</code></dd></dl>
    <h3>Attempts</h3>${attempts.length === 0 ? empty('It was not sent yet.') : html`<ol class="sessions attempts">${attempts.map(attempt)}</ol>`}
    <h3>Headers</h3><pre tabindex="0" aria-label="Headers">content-type: application/cloudevents+json\nwebhook-id: ${delivery.messageId}${sent}</pre>
    <p class="quiet">webhook-signature and webhook-cursor are made anew for each attempt, and are not kept.</p>
    <h3>Body</h3><pre tabindex="0" aria-label="Body">${payload}</pre>`;
}

function about(endpoint: Endpoint): TemplateResult {
  const secret = ({ createTime, expireTime }: Endpoint['secrets'][number]) => html`<div>of ${time(createTime)}${expireTime ? `, until ${time(expireTime)}` : nothing}</div>`;
  return html`<dl><dt>URL</dt><dd>${endpoint.url}</dd><dt>State</dt><dd>${stateBadge(endpoint.state)} ${endpoint.stateReason ?? nothing}</dd>
    ${endpoint.failingSince ? html`<dt>Failing since</dt><dd>${time(endpoint.failingSince)}</dd>` : nothing}
    <dt>Description</dt><dd>${endpoint.description}</dd><dt>Events</dt><dd>${typesOf(endpoint)}</dd><dt>In order</dt><dd>${endpoint.ordered ? 'yes' : 'no'}</dd>
    <dt>Secrets</dt><dd>${endpoint.secrets.map(secret)}</dd><dt>Owner</dt><dd>${endpoint.ownerId}</dd><dt>Id</dt><dd><code>${endpoint.endpointId}</code></dd></dl>`;
}

function actions(app: App, feed: DeliveriesFeed, endpoint: Endpoint): TemplateResult {
  const at = path`/v1/webhooks/endpoints/${endpoint.endpointId}`;
  const ask = (question: Parameters<QuestionDialog['ask']>[0]): void => app.querySelector<QuestionDialog>('ask-first')!.ask(question);
  const enabled = endpoint.state === 'enabled';
  const enable = async () => feed.answered(await call<Endpoint>('PATCH', at, { body: { version: endpoint.version, enabled: !enabled } }));
  const rotate = () => ask({
    title: 'New secret?', action: 'Make a secret',
    content: html`<p>It signs from now on; the old ones sign beside it for a while.</p><label>Hours that the old ones are good <input name="hours" type="number" required min="0" max="168" step="1" value="24"></label>`,
    send: form => call('POST', `${at}:rotateSecret`, { body: { overlapSeconds: Number(form.get('hours')) * 3_600 } }),
    done: answer => {
      feed.answered((answer as EndpointWithSecret).endpoint);
      app.querySelector<SecretDialog>('webhook-secret')!.reveal((answer as EndpointWithSecret).secret);
    },
  });
  const remove = () => ask({
    title: 'Delete this endpoint?', action: 'Delete endpoint', content: html`<p>Its secrets and all its deliveries are deleted with it, and nothing is sent to it any more.</p>`,
    send: () => call('DELETE', at), done: () => app.go('/webhooks'),
  });
  return html`<div class="buttons"><button class="plain" @click=${() => app.querySelector<EndpointDialog>('webhook-endpoint')!.edit(endpoint)}>Edit</button>
    <button class="plain" @click=${() => app.act(enable)}>${enabled ? 'Disable' : 'Enable'}</button>
    <button class="plain" ?disabled=${!enabled} @click=${() => app.act(() => call('POST', `${at}:ping`))}>Send a ping</button>
    <button class="plain" @click=${rotate}>New secret</button><button class="plain" @click=${remove}>Delete</button></div>`;
}

const states = ['', 'pending', 'delivered', 'failed'] as const;

function deliveries(app: App, feed: DeliveriesFeed): TemplateResult {
  const { query, shown } = feed;
  const wanted = (event: Event): void => app.watchDeliveries({ ...query, state: (event.target as HTMLSelectElement).value as DeliveryQuery['state'] });
  const again = (): void => app.querySelector<QuestionDialog>('ask-first')!.ask({
    title: 'Send what was given up again?', action: 'Send again', content: html`<p>The newest 500 messages that were given up have all their attempts again, under the same ids.</p>`, send: () => replay(query.endpointId),
  });
  return html`<h2>Deliveries</h2><div class="tools">
      <label>State <select @change=${wanted}>${states.map(state => html`<option value=${state} ?selected=${query.state === state}>${state || 'all'}</option>`)}</select></label>
      <button class="plain" @click=${again}>Send failed ones again</button>
      <button class="plain" aria-pressed=${feed.isHeld} @click=${() => feed.hold()}>${feed.isHeld ? `Go on (${number(feed.waiting)} changes)` : 'Pause'}</button></div>
    ${shown.length === 0 ? empty(query.state === '' ? 'Nothing was sent yet.' : `No delivery is ${query.state}.`) : html`<console-rows label="Deliveries" .items=${shown} .keyOf=${(each: Delivery) => each.deliveryId} .columns=${deliveryColumns(feed)}></console-rows>`}
    <p class="quiet">${number(shown.length)} deliveries${feed.deliveries.dropped > 0 ? `; ${number(feed.deliveries.dropped)} older ones are not shown` : nothing}
      ${feed.older ? html`<button class="plain" @click=${() => app.act(() => feed.loadOlder())}>Load older deliveries</button>` : nothing}</p>
    ${problem(feed.detailsError)}${feed.details ? details(app, feed, feed.details) : nothing}`;
}

/** One endpoint, and its deliveries as they happen. */
export function endpointPage(app: App, feed: DeliveriesFeed): TemplateResult {
  const { endpoint } = feed;
  return html`<p><a href="/webhooks">Webhooks</a></p><div class="tools"><h1 tabindex="-1">${feed.isMissing ? 'Endpoint not found' : 'Endpoint'}</h1>${feed.isMissing ? nothing : statusBadge(feed.status)}</div>
    ${problem(app.actionError)}
    ${feed.isMissing ? empty('There is no such endpoint, or it is not yours.') : !endpoint ? notLoaded(feed) : html`${about(endpoint)}${actions(app, feed, endpoint)}${deliveries(app, feed)}
      <webhook-endpoint id="endpoint" @done=${({ detail }: CustomEvent<EndpointWithSecret>) => feed.answered(detail.endpoint)}></webhook-endpoint>`}
    <ask-first id="ask"></ask-first><webhook-secret id="secret"></webhook-secret>`;
}
