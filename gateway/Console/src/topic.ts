import { LatestFeed } from './latest';
import type { ServerEvent } from './sse';
import type { Surroundings } from './stream';
import type { ShownEvent, TopicPosition } from './types';

/** What of a topic is wanted. */
export interface TopicQuery { service: string; topic: string; from: 'now' | 'offset' | 'time'; value: string; key: string }

/** The events of a topic, the newest first, and how many are not among them: the gateway left them out, or there were too many to keep. */
export interface TopicView { events: readonly ShownEvent[]; position: TopicPosition; leftOut: number; dropped: number; lastId: string }

const MaxEvents = 500;

export const pathOf = ({ service, topic }: { service: string; topic: string }): string => `/v1/topics/${encodeURIComponent(service)}/${topic.split('/').map(encodeURIComponent).join('/')}/events`;

/** Where the events are, from the place that was asked for. */
export function urlOf(query: TopicQuery): string {
  const parameters = new URLSearchParams();
  if (query.from !== 'now' && query.value !== '') parameters.set(query.from, query.value);
  if (query.key !== '') parameters.set('key', query.key);
  return pathOf(query) + (parameters.size > 0 ? `?${parameters}` : '');
}

/** The command that goes on after the last event that was shown, or, before the first, begins where this has begun. */
export function curlOf(query: TopicQuery, origin: string, lastId: string): string {
  const url = urlOf(lastId === '' ? query : { ...query, from: 'now' });
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `curl -N ${quote(origin + url)} -H "authorization: Bearer $(deploy/token operator)"${lastId === '' ? '' : ` -H ${quote(`Last-Event-ID: ${lastId}`)}`}`;
}

/** The events of a topic as they come, for an operator. It goes on where it was after an interruption. */
export class TopicFeed extends LatestFeed<TopicView> {
  private view?: TopicView;
  private events: ShownEvent[] = [];
  private position?: TopicPosition;
  private leftOutBefore = 0;
  private dropped = 0;
  private lastId = '';

  constructor(readonly query: TopicQuery, around: Surroundings, changed: () => void, sessionEnded: () => void) { super(urlOf(query), around, changed, sessionEnded); }

  /** How many events have come since it is held. */
  get waiting(): number { return (this.view?.position.offset ?? 0) - (this.shown?.position.offset ?? 0); }

  // The gateway counts anew.
  override opened(): void {
    this.leftOutBefore += this.position?.leftOut ?? 0;
    if (this.position) this.position = { ...this.position, leftOut: 0 };
  }

  event({ name, data, id }: ServerEvent): void {
    if (name === 'event') {
      this.events.unshift(JSON.parse(data) as ShownEvent);
      if (this.events.length > MaxEvents) [this.events.length, this.dropped] = [MaxEvents, this.dropped + 1];
      this.lastId = id;
    } else if (name === 'position') {
      this.position = JSON.parse(data) as TopicPosition;
      this.lastId = id;
      this.view = { events: this.events, position: this.position, leftOut: this.leftOutBefore + this.position.leftOut, dropped: this.dropped, lastId: this.lastId };
      this.heard();
    }
  }

  protected get current(): TopicView | undefined { return this.view; }

  protected copy(current: TopicView): TopicView { return { ...current, events: [...current.events] }; }

  protected override get isComplete(): boolean { return this.behind === 0; }

  protected override get behind(): number { return this.position ? Math.max(0, this.position.head - this.position.offset) : 0; }
}
