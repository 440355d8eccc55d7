import { html, type TemplateResult } from 'lit';
import type { App } from '../app';
import { time } from '../format';
import { loading, problem } from '../pieces';
import type { Session } from '../types';

export function sessionsPage(app: App): TemplateResult {
  const list = app.detail<{ sessions: Session[] }>()?.sessions;
  return html`<h1 tabindex="-1">Sessions</h1><p class="quiet">Where you are logged in.</p>${problem(app.detailError)}${problem(app.actionError)}
    ${list ? html`<ul class="sessions">${list.map(session => html`<li>
        <strong>${session.isCurrent ? 'This browser' : session.clientId ?? 'A browser'}</strong> <span class="quiet">${session.userAgent}</span>
        <p class="quiet">from ${session.address}, since ${time(session.createTime)}; ends ${time(session.expireTime)} unless it is used</p>
        <button class="plain" aria-label="Sign out: ${session.isCurrent ? 'this browser' : session.userAgent}, since ${time(session.createTime)}" @click=${() => app.endSession(session)}>Sign out</button></li>`)}</ul>` : app.detailError === undefined ? loading : ''}`;
}
