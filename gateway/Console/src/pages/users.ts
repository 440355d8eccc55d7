import { html, nothing, svg, type TemplateResult } from 'lit';
import type { App } from '../app';
import { number, time } from '../format';
import { empty, loading, problem } from '../pieces';
import { orderTable } from './orders';
import type { Overview, User } from '../types';

export interface UserList { users: User[]; nextPageToken?: string }

/** An overview, and how long it and each of its parts took, in ms, as seen from here. */
export interface Measured { overview: Overview; parts: { name: string; status: string; ms: number }[]; total: number }

export function usersPage(app: App): TemplateResult {
  const list = app.detail<UserList>();
  const wanted = app.filter.toLowerCase();
  const shown = list?.users.filter(user => `${user.userId} ${user.displayName} ${user.email}`.toLowerCase().includes(wanted)) ?? [];
  return html`<h1 tabindex="-1">Users</h1>${problem(app.detailError)}
    <div class="tools"><label>Search <input type="search" maxlength="64" .value=${app.filter} @input=${(event: Event) => app.show({ filter: (event.target as HTMLInputElement).value })}></label>
      ${wanted ? html`<a href="/users/${encodeURIComponent(app.filter)}">Go to user ${app.filter}</a>` : nothing}</div>
    ${!list ? app.detailError === undefined ? loading : nothing : shown.length === 0 ? empty('No user is found among those that are loaded.') : html`<console-rows label="Users" .items=${shown} .keyOf=${(user: User) => user.userId} .columns=${[
      { title: 'Id', cell: (user: User) => html`<a href="/users/${encodeURIComponent(user.userId)}">${user.userId}</a>` },
      { title: 'Name', cell: (user: User) => user.displayName },
      { title: 'E-mail', cell: (user: User) => user.email, wide: true },
      { title: 'Since', cell: (user: User) => time(user.createTime), wide: true }]}></console-rows>`}
    ${list?.nextPageToken ? html`<button class="plain" @click=${() => app.loadMoreUsers()}>Load more users</button>` : nothing}`;
}

// One time axis: what is fetched at the same time takes as long as its slowest part.
function bars({ parts, total }: Measured): TemplateResult {
  const scale = 240 / Math.max(total, ...parts.map(part => part.ms));
  const rows = [...parts, { name: 'together', status: '', ms: total }];
  return html`<svg class="bars" viewBox="0 0 320 ${rows.length * 28}" role="img" aria-label="How long each part took, on one time axis; the table has the figures">
    ${rows.map((row, i) => svg`<text x="0" y=${i * 28 + 18}>${row.name}</text><rect class=${row.status || 'whole'} x="76" y=${i * 28 + 4} height="20" rx="3" width=${Math.max(2, row.ms * scale)}></rect>`)}</svg>
    <table><thead><tr><th scope="col">Part</th><th scope="col">Status</th><th scope="col">Time</th></tr></thead>
      <tbody>${rows.map(row => html`<tr><td>${row.name}</td><td>${row.status}</td><td>${row.ms.toFixed(1)} ms</td></tr>`)}</tbody></table>
    <p class="quiet">Both parts together took ${total.toFixed(1)} ms: about as long as the slowest, not ${number(Math.round(parts.reduce((sum, part) => sum + part.ms, 0)))} ms, their sum.</p>`;
}

export function userPage(app: App, userId: string): TemplateResult {
  const measured = app.detail<Measured>();
  const user = measured?.overview.user?.data;
  const orders = measured?.overview.orders;
  return html`<p><a href="/users">Users</a></p><h1 tabindex="-1">${app.detailIsMissing ? 'User not found' : user?.displayName ?? userId}</h1>
    ${app.detailIsMissing ? empty('There is no such user, or you may not see it.') : problem(app.detailError)}
    ${measured ? html`<p>${user?.email} ${measured.overview.complete ? '' : html`<strong>Partial answer</strong>`}</p>
      <div class="buttons"><button class="plain" @click=${() => app.reload()}>Ask again</button></div>
      <h2>Overview</h2>${bars(measured)}
      <h2>Orders, as ${userId} sees them</h2>${orders?.problem ? html`<p class="error">${orders.status}: ${orders.problem.title}</p>` : nothing}
      ${orders?.data?.length ? orderTable(orders.data, `Orders of ${userId}`) : empty('There are no orders to show.')}` : app.detailError === undefined ? loading : nothing}`;
}
