import type { Status } from './feed';
import type { ServerEvent } from './sse';
import { EventStream, type StreamListener, type Surroundings } from './stream';
import type { SuiteStatus } from './types';

/** What was measured of each service at a time (seconds since 1970), as charts take it. */
export interface Sample { time: number; services: Map<string, { requests: number; p99?: number | undefined }> }

/** What is shown: the latest, and the last minutes. */
export interface Shown { latest: SuiteStatus; history: readonly Sample[] }

const MaxSamples = 300;

/** How the suite is doing, as the gateway tells operators once a second; each time all of it, so that nothing is ever caught up with. It can be held still. */
export class OperationsFeed implements StreamListener {
  private readonly stream: EventStream;
  private readonly history: Sample[] = [];
  private latest?: SuiteStatus;
  private held?: Shown;
  private lostSince?: number;
  private isOpen = false;

  constructor(around: Surroundings, private readonly changed: () => void, private readonly sessionEnded: () => void) {
    this.stream = new EventStream('/v1/operations/events', this, around);
  }

  get shown(): Shown | undefined { return this.held ?? (this.latest && { latest: this.latest, history: this.history }); }

  get isHeld(): boolean { return this.held !== undefined; }

  get status(): Status {
    if (this.lostSince !== undefined) return { kind: 'offline', since: this.lostSince };
    if (!this.latest) return { kind: 'connecting' };
    return this.isOpen ? { kind: 'live' } : { kind: 'catching-up', behind: 0 };
  }

  open(): void { this.stream.open(); }

  close(): void { this.stream.close(); }

  check(): void { this.stream.check(); }

  hold(): void {
    this.held = this.held || !this.latest ? undefined : { latest: this.latest, history: [...this.history] };
    this.changed();
  }

  opened(): void { /* Not before there is something to see. */ }

  renewing(): void {
    this.isOpen = false;
    this.changed();
  }

  lost(since: number): void {
    this.lostSince ??= since;
    this.isOpen = false;
    this.changed();
  }

  forgotten(): void { /* Nothing is resumed. */ }

  ended(): void { this.sessionEnded(); }

  event({ name, data }: ServerEvent): void {
    if (name !== 'operations') return;
    this.latest = JSON.parse(data) as SuiteStatus;
    [this.isOpen, this.lostSince] = [true, undefined];
    this.history.push({
      time: Date.parse(this.latest.time) / 1_000,
      services: new Map(this.latest.services.map(service => [service.service, { requests: service.requestsPerSecond, p99: service.p99Ms }])),
    });
    if (this.history.length > MaxSamples) this.history.shift();
    this.changed();
  }
}
