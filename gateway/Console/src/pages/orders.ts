import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app';
import type { PlaceOrderDialog } from '../dialogs';
import type { UserFeed } from '../feed';
import { money, number, time } from '../format';
import { empty, notLoaded, stateBadge } from '../pieces';
import type { Column } from '../rows';
import type { Order } from '../types';

const states = ['placed', 'paid', 'shipped', 'delivered', 'cancelled'];

const columns: Column<Order>[] = [
  { title: 'Order', cell: order => html`<a href="/orders/${encodeURIComponent(order.orderId)}">${order.lines.map(line => line.productId).join(', ')}</a>` },
  { title: 'State', cell: order => stateBadge(order.state) },
  { title: 'Total', cell: order => money(order.total) },
  { title: 'Placed', cell: order => time(order.placeTime), wide: true },
  { title: 'Version', cell: order => number(order.version), wide: true },
];

export const orderTable = (orders: readonly Order[], label: string): TemplateResult =>
  html`<console-rows .items=${orders} .columns=${columns} .label=${label} .keyOf=${(order: Order) => order.orderId}></console-rows>`;

/** The table that moves: it can be filtered, and held still. */
export function orderList(app: App, feed: UserFeed): TemplateResult {
  if (!feed.isLoaded) return notLoaded(feed);
  const all = app.held ?? feed.orders.items;
  const shown = app.filter === '' ? all : all.filter(order => order.state === app.filter);
  const waiting = app.held === undefined ? 0 : feed.received - app.heldAt;
  return html`<div class="tools">
      <label>State <select @change=${(event: Event) => app.show({ filter: (event.target as HTMLSelectElement).value })}>
        <option value="">all</option>${states.map(state => html`<option value=${state} ?selected=${app.filter === state}>${state}</option>`)}</select></label>
      <button class="plain" aria-pressed=${app.held !== undefined} @click=${() => app.hold(feed)}>${app.held === undefined ? 'Pause' : `Go on (${number(waiting)} changes)`}</button>
    </div>
    ${shown.length === 0 ? empty(app.filter === '' ? 'There are no orders yet.' : `No order is ${app.filter}.`) : orderTable(shown, 'Orders')}
    <p class="quiet">${number(shown.length)} orders${feed.orders.dropped > 0 ? `; ${number(feed.orders.dropped)} older ones are not shown` : ''}
      ${feed.olderOrders ? html`<button class="plain" @click=${() => app.loadOlder(feed)}>Load older orders</button>` : nothing}</p>`;
}

export const ordersPage = (app: App, feed: UserFeed): TemplateResult => html`
  <div class="tools"><h1 tabindex="-1">Orders</h1><button @click=${() => app.querySelector<PlaceOrderDialog>('place-order')!.show()}>Place an order</button></div>
  ${orderList(app, feed)}
  <place-order id="place" .userId=${app.user!.userId} @done=${(event: CustomEvent<Order>) => feed.answered(event.detail)}></place-order>`;
