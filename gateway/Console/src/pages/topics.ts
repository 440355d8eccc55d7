import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app';
import { clockTime, number, time } from '../format';
import { empty, loading, problem, statusBadge } from '../pieces';
import type { Column } from '../rows';
import { curlOf, type TopicFeed, type TopicQuery } from '../topic';
import type { TopicList } from '../topics';
import type { ShownEvent, TopicStatus } from '../types';

const listColumns: Column<TopicStatus>[] = [
  { title: 'Topic', cell: each => html`<a href="/topics/${encodeURIComponent(`${each.service}/${each.topic}`)}" title=${each.topic}>${each.topic}</a>` },
  { title: 'Service', cell: each => each.service, wide: true },
  { title: 'Head', cell: each => number(each.head) },
  { title: 'Tail', cell: each => number(each.tail), wide: true },
  { title: 'Readers', cell: each => number(each.readers) },
  { title: 'In the log', cell: each => each.logEvents === undefined ? 'not known' : `${number(each.logEvents)}, ${number(each.logBytes ?? 0)} B`, wide: true },
  { title: 'Epoch', cell: each => html`<code>${each.epoch}</code>`, wide: true },
  { title: 'Newest', cell: each => time(each.updateTime), wide: true },
];

/** The topics of all services, as far as their names begin as wanted. */
export function topicsPage(app: App, list: TopicList): TemplateResult {
  const wanted = (event: SubmitEvent): void => {
    event.preventDefault();
    app.showTopics(new FormData(event.target as HTMLFormElement).get('prefix') as string);
  };
  return html`<div class="tools"><h1 tabindex="-1">Topics</h1>${list.status ? statusBadge(list.status) : nothing}</div>${problem(list.error)}
    <form class="tools" @submit=${wanted}><label>Begins with <input type="search" name="prefix" maxlength="200" placeholder="orders/user/" .value=${list.prefix}></label><button class="plain">Show</button></form>
    ${list.value?.silent.map(each => html`<p class="error">${each.service}${each.replica ? html` at <code>${each.replica}</code>` : nothing} has not answered: its readers are not counted.</p>`)}
    ${!list.value ? list.error === undefined ? loading : nothing : html`
      ${list.value.topics.length === 0 ? empty(list.prefix ? 'No topic begins like that.' : 'There is no topic yet.') : html`<console-rows label="Topics" .items=${list.value.topics} .keyOf=${(each: TopicStatus) => `${each.service} ${each.topic}`} .columns=${listColumns}></console-rows>`}
      <p class="quiet">${number(list.value.topics.length)} topics${list.value.nextPageToken === undefined ? '' : ', and more'}, as of ${clockTime(list.asOf)}; asked for again every 5 seconds.</p>
      ${list.hasMore ? html`<button class="plain" @click=${() => list.more()}>Load more topics</button>` : nothing}`}`;
}

const text = (each: ShownEvent): string => each.value === undefined ? each.payload : JSON.stringify(each.value);

const eventColumns = (app: App): Column<ShownEvent>[] => [
  { title: 'Offset', cell: each => html`<button class="link" aria-label="Show event ${each.offset}" @click=${() => app.showEvent(each)}>${number(each.offset)}</button>` },
  { title: 'Time', cell: each => html`<span title=${each.time}>${clockTime(Date.parse(each.time))}</span>` },
  { title: 'Key', cell: each => html`<span title=${each.key ?? ''}>${each.key ?? ''}</span>`, wide: true },
  { title: 'Size', cell: each => `${number(each.size)} B`, wide: true },
  { title: 'Event', cell: each => html`<span title=${text(each)}>${text(each)}</span>` },
];

const froms: Record<TopicQuery['from'], string> = { now: 'Now', offset: 'An offset', time: 'A time' };

/** The events of one topic as they come. */
export function topicPage(app: App, feed: TopicFeed): TemplateResult {
  const { query, shown } = feed;
  const curl = curlOf(query, location.origin, shown?.lastId ?? '');
  const wanted = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<string, string>;
    const value = form['value']!.trim();
    app.watchTopic({ ...query, from: form['from'] as TopicQuery['from'], key: form['key']!.trim(), value: form['from'] === 'time' && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : value });
  };
  return html`<p><a href="/topics">Topics</a></p><div class="tools"><h1 tabindex="-1">${feed.isMissing ? 'Topic not found' : query.topic}</h1>${feed.isMissing ? nothing : statusBadge(feed.status)}</div>
    <form class="tools" @submit=${wanted}>
      <label>From <select name="from" .value=${query.from}>${Object.entries(froms).map(([value, name]) => html`<option value=${value} ?selected=${value === query.from}>${name}</option>`)}</select></label>
      <label>Offset or time <input name="value" maxlength="40" placeholder="1 or 2026-01-31T12:00:00Z" .value=${query.value}></label>
      <label>Key <input type="search" name="key" maxlength="1024" .value=${query.key}></label>
      <button class="plain">Watch</button></form>
    <div class="buttons"><button class="plain" aria-pressed=${feed.isHeld} @click=${() => feed.hold()}>${feed.isHeld ? 'Go on' : 'Pause'}</button>
      <button class="plain" @click=${() => app.copy(curl)}>Copy as curl</button><span role="status">${app.copied}</span></div>
    ${shown ? html`${shown.position.reset ? html`<p class="error">What follows does not follow what came before: ${shown.position.reset}.</p>` : nothing}
      ${shown.events.length === 0 ? empty('No event has come yet.') : html`<console-rows label="Events" .items=${shown.events} .keyOf=${(each: ShownEvent) => `${each.offset}`} .columns=${eventColumns(app)}></console-rows>`}
      <p class="quiet">${number(shown.events.length)} events. Not shown: <span class="left-out">${number(shown.leftOut)}</span> that came too fast, and ${number(shown.dropped)} that are older.
        At offset ${number(shown.position.offset)} of ${number(shown.position.head)}, epoch <code>${shown.position.epoch}</code>, as of ${time(shown.position.time)}${feed.isHeld ? `, held; newer: ${number(feed.waiting)}` : ''}.</p>` : feed.isMissing ? empty(`${query.service} has no topic ${query.topic}, or nothing was published to it yet. It is looked for again from time to time.`) : loading}
    ${app.event ? html`<h2>Event ${number(app.event.offset)}</h2><p class="quiet">${app.event.messageType ?? 'Of a kind that is not known'}, ${time(app.event.time)}${app.event.key ? html`, key <code>${app.event.key}</code>` : nothing}</p>
      <pre tabindex="0" aria-label="Event ${app.event.offset}">${app.event.value === undefined ? app.event.payload : JSON.stringify(app.event.value, null, 2)}</pre>` : nothing}
    <h2>The same by curl</h2><pre tabindex="0" aria-label="The same by curl"><code>${curl}</code></pre>`;
}
