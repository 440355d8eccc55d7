import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app';
import type { UserFeed } from '../feed';
import { number, time } from '../format';
import { empty, notLoaded, problem, stateBadge } from '../pieces';
import type { Column } from '../rows';
import type { Notification } from '../types';

export function notificationsPage(app: App, feed: UserFeed): TemplateResult {
  if (!feed.isLoaded) return html`<h1 tabindex="-1">Notifications</h1>${notLoaded(feed)}`;
  const items = feed.notifications.items;
  const unread = items.filter(n => !n.readTime).map(n => n.notificationId);
  const columns: Column<Notification>[] = [
    { title: 'Order', cell: n => html`<a href="/orders/${encodeURIComponent(n.orderId)}">${n.readTime ? 'Order' : html`<strong>New:</strong> order`} ${n.kind}</a>` },
    { title: 'State', cell: n => stateBadge(n.orderState) },
    { title: 'Time', cell: n => time(n.eventTime), wide: true },
    { title: 'Read', cell: n => n.readTime ? 'Read' : html`<button class="plain small" aria-label="Mark read: order ${n.kind}, ${time(n.eventTime)}" @click=${() => app.markRead([n.notificationId])}>Mark read</button>` },
  ];
  return html`<div class="tools"><h1 tabindex="-1">Notifications</h1>
      ${unread.length > 0 ? html`<button class="plain" @click=${() => app.markRead(unread.slice(0, 500))}>Mark all read</button>` : nothing}</div>
    ${problem(app.actionError)}
    ${items.length === 0 ? empty('There are no notifications yet.') : html`<console-rows .items=${items} .columns=${columns} label="Notifications" .keyOf=${(n: Notification) => n.notificationId}></console-rows>`}
    <p class="quiet">${number(feed.unread)} unread</p>`;
}
