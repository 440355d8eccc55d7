import { LatestFeed } from './latest';
import type { ServerEvent } from './sse';
import type { Surroundings } from './stream';
import type { StreamsState, StreamStatus } from './types';

/** The streams, those that lag the most first, and what the gateway says of them as a whole. */
export interface Streams { streams: readonly StreamStatus[]; state: StreamsState }

const isBefore = (one: StreamStatus, other: StreamStatus): number =>
  other.lag - one.lag || Date.parse(one.openTime) - Date.parse(other.openTime) || (one.streamId < other.streamId ? -1 : 1);

/** Which streams the suite has open, as the gateway tells operators: the latest of each. What is seen stays until a new connection has told all of it. */
export class StreamsFeed extends LatestFeed<Streams> {
  private seen = new Map<string, StreamStatus>();
  private told = this.seen;
  private latest?: Streams;
  private state?: StreamsState;

  constructor(around: Surroundings, changed: () => void, sessionEnded: () => void) { super('/v1/streams', around, changed, sessionEnded); }

  override opened(): void {
    this.told = new Map();
    if (!this.latest) this.seen = this.told;
  }

  event({ name, data }: ServerEvent): void {
    if (name === 'stream') {
      const stream = JSON.parse(data) as StreamStatus;
      this.told.set(stream.streamId, stream);
    } else if (name === 'streams') {
      this.state = JSON.parse(data) as StreamsState;
      for (const id of this.state.goneStreamIds) this.told.delete(id);
      if (this.state.complete) this.seen = this.told;
      this.latest = { streams: [...this.seen.values()].sort(isBefore), state: this.state };
      this.heard();
    }
  }

  protected get current(): Streams | undefined { return this.latest; }

  protected copy(current: Streams): Streams { return current; }

  protected override get isComplete(): boolean { return this.state?.complete ?? false; }

  protected override get behind(): number { return this.state?.behind ?? 0; }
}
