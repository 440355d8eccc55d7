import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app';
import type { CancelOrderDialog } from '../dialogs';
import type { UserFeed } from '../feed';
import { money, number, time } from '../format';
import { empty, loading, problem, stateBadge } from '../pieces';
import type { Order, OrderState } from '../types';

const next: Partial<Record<OrderState, string>> = { placed: 'paid', paid: 'shipped', shipped: 'delivered' };

interface Step { version: number; state: OrderState; time: string; trace?: string; offset?: string }

// What the stream has told knows offset and trace; the notifications know what was before.
function history(feed: UserFeed, orderId: string): Step[] {
  const steps = new Map<number, Step>();
  for (const n of feed.notifications.items)
    if (n.orderId === orderId) steps.set(n.orderVersion, { version: n.orderVersion, state: n.orderState, time: n.eventTime });
  for (const { id, event } of feed.changes)
    if (event.order.orderId === orderId) steps.set(event.order.version, { version: event.order.version, state: event.order.state, time: event.time, trace: event.traceparent?.split('-')[1], offset: id });
  return [...steps.values()].sort((a, b) => a.version - b.version);
}

function content(app: App, feed: UserFeed, order: Order): TemplateResult {
  const steps = history(feed, order.orderId);
  const step = next[order.state];
  return html`<dl>
      <dt>State</dt><dd>${stateBadge(order.state)}</dd><dt>Total</dt><dd>${money(order.total)}</dd>
      <dt>Placed</dt><dd>${time(order.placeTime)}</dd><dt>Changed</dt><dd>${time(order.updateTime)}</dd><dt>Version</dt><dd>${number(order.version)}</dd>
      <dt>User</dt><dd>${order.userId}</dd><dt>Id</dt><dd><code>${order.orderId}</code></dd></dl>
    <div class="buttons">
      ${order.state === 'placed' || order.state === 'paid' ? html`<button @click=${() => app.querySelector<CancelOrderDialog>('cancel-order')!.show()}>Cancel order</button>` : nothing}
      ${app.isOperator && step ? html`<button class="plain" @click=${() => app.advance(feed, order, step)}>Advance to ${step}</button>` : nothing}</div>
    <h2>Lines</h2>
    <table><thead><tr><th scope="col">Product</th><th scope="col">Quantity</th><th scope="col">Price of one</th><th scope="col">Total</th></tr></thead>
      <tbody>${order.lines.map(line => html`<tr><td>${line.productId}</td><td>${number(line.quantity)}</td><td>${money(line.unitPrice)}</td><td>${money(line.total)}</td></tr>`)}</tbody></table>
    <h2>States</h2>
    ${steps.length === 0 ? empty('The order has not changed while this page was open.') : html`<table><thead><tr><th scope="col">Version</th><th scope="col">State</th><th scope="col">Time</th><th scope="col" class="wide">Offset</th><th scope="col" class="wide">Trace</th></tr></thead>
      <tbody>${steps.map(each => html`<tr><td>${number(each.version)}</td><td>${stateBadge(each.state)}</td><td>${time(each.time)}</td><td class="wide"><code>${each.offset ?? ''}</code></td><td class="wide"><code>${each.trace ?? ''}</code></td></tr>`)}</tbody></table>`}
    <cancel-order id="cancel" .order=${order} @done=${(event: CustomEvent<Order>) => { feed.answered(event.detail); app.keep(event.detail); }}></cancel-order>`;
}

export function orderPage(app: App, feed: UserFeed, orderId: string): TemplateResult {
  const live = feed.orders.get(orderId);
  const order = live ?? app.detail<Order>();
  return html`<p><a href="/orders">Orders</a></p><h1 tabindex="-1">${app.detailIsMissing && !live ? 'Order not found' : 'Order'}</h1>
    ${problem(app.actionError)}
    ${order ? content(app, feed, order) : app.detailIsMissing ? empty('There is no such order, or it is not yours.') : app.detailError !== undefined ? problem(app.detailError) : loading}`;
}
