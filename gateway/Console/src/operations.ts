import { LatestFeed } from './latest';
import type { ServerEvent } from './sse';
import type { Surroundings } from './stream';
import type { SuiteStatus } from './types';

/** What was measured of each service at a time (seconds since 1970), as charts take it. */
export interface Sample { time: number; services: Map<string, { requests: number; p99?: number | undefined }> }

/** What is shown: the latest, and the last minutes. */
export interface Shown { latest: SuiteStatus; history: readonly Sample[] }

const MaxSamples = 300;

/** How the suite is doing, as the gateway tells operators once a second. */
export class OperationsFeed extends LatestFeed<Shown> {
  private readonly history: Sample[] = [];
  private latest?: SuiteStatus;

  constructor(around: Surroundings, changed: () => void, sessionEnded: () => void) { super('/v1/operations/events', around, changed, sessionEnded); }

  event({ name, data }: ServerEvent): void {
    if (name !== 'operations') return;
    this.latest = JSON.parse(data) as SuiteStatus;
    this.history.push({
      time: Date.parse(this.latest.time) / 1_000,
      services: new Map(this.latest.services.map(service => [service.service, { requests: service.requestsPerSecond, p99: service.p99Ms }])),
    });
    if (this.history.length > MaxSamples) this.history.shift();
    this.heard();
  }

  protected get current(): Shown | undefined { return this.latest && { latest: this.latest, history: this.history }; }

  protected copy({ latest, history }: Shown): Shown { return { latest, history: [...history] }; }
}
