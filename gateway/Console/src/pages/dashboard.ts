import { html, type TemplateResult } from 'lit';
import type { App } from '../app';
import type { UserFeed } from '../feed';
import { number, time } from '../format';
import { empty, notLoaded } from '../pieces';
import { operations } from './operations';
import { orderTable } from './orders';

const inFlight = ['placed', 'paid', 'shipped'];

export function dashboardPage(app: App, feed: UserFeed): TemplateResult {
  const open = feed.orders.items.filter(order => inFlight.includes(order.state));
  const last = feed.changes.at(-1);
  return html`<h1 tabindex="-1">Dashboard</h1>
    ${app.operations ? operations(app.operations) : ''}
    ${feed.isLoaded ? html`
      <ul class="cards">
        <li><a href="/orders"><strong>${number(open.length)}</strong> orders in flight</a></li>
        <li><a href="/notifications"><strong>${number(feed.unread)}</strong> unread notifications</a></li>
        <li><strong>${number(feed.received)}</strong> changes since this page was opened${last ? html`, the last one ${time(last.event.time)}` : ''}</li>
      </ul>
      <h2>Orders in flight</h2>
      ${open.length === 0 ? empty('No order is in flight.') : orderTable(open, 'Orders in flight')}` : notLoaded(feed)}
    <p class="quiet">You are logged in as ${app.user!.userId}${app.isOperator ? ', an operator' : ''}.</p>`;
}
