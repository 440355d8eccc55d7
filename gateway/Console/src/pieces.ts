import { html, nothing, type TemplateResult } from 'lit';
import { explain } from './api';
import type { Followed, Status } from './followed';
import { clockTime, number, word } from './format';

const words = (status: Status): string => {
  switch (status.kind) {
    case 'live': return 'Live';
    case 'connecting': return 'Connecting';
    case 'catching-up': return `Catching up${status.behind > 0 ? ` (${number(status.behind)} behind)` : ''}`;
    case 'reset': return `Reset (${status.reason}): reading everything again`;
    case 'offline': return `Offline since ${clockTime(status.since)}`;
  }
};

/** Whether what is seen is what is. */
export const statusBadge = (status: Status): TemplateResult => html`<span class="status ${status.kind}" role="status">${words(status)}</span>`;

export const stateBadge = (state: string): TemplateResult => html`<span class="state ${state}">${word(state)}</span>`;

export const problem = (error: unknown): TemplateResult | typeof nothing => error === undefined ? nothing : html`<p class="error" role="alert">${explain(error)}</p>`;

export const loading = html`<p class="quiet" role="status">Loading …</p>`;

export const empty = (text: string): TemplateResult => html`<p class="quiet">${text}</p>`;

/** What to show of a feed that has nothing yet. */
export const notLoaded = (feed: Followed<unknown>): TemplateResult => feed.error === undefined ? loading : html`${problem(feed.error)}`;
