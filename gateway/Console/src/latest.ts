import type { Status } from './followed';
import type { ServerEvent } from './sse';
import { EventStream, type StreamListener, type Surroundings } from './stream';

/** What the gateway tells operators as it comes: each connection begins with all there is, or goes on after the last id. It can be held still. */
export abstract class LatestFeed<T> implements StreamListener {
  private readonly stream: EventStream;
  private held?: T;
  private lostSince?: number;
  private isHeard = false;
  /** There is no such thing, as far as is known. */
  isMissing = false;

  constructor(url: string, around: Surroundings, private readonly changed: () => void, private readonly sessionEnded: () => void) {
    this.stream = new EventStream(url, this, around);
  }

  get shown(): T | undefined { return this.held ?? this.current; }

  get isHeld(): boolean { return this.held !== undefined; }

  get status(): Status {
    if (this.lostSince !== undefined) return { kind: 'offline', since: this.lostSince };
    if (!this.current) return { kind: 'connecting' };
    return this.isHeard && this.isComplete ? { kind: 'live' } : { kind: 'catching-up', behind: this.behind };
  }

  open(): void { this.stream.open(); }

  close(): void { this.stream.close(); }

  check(): void { this.stream.check(); }

  hold(): void {
    this.held = this.held || !this.current ? undefined : this.copy(this.current);
    this.changed();
  }

  opened(): void { /* Not heard before there is something to see. */ }

  renewing(): void {
    this.isHeard = false;
    this.changed();
  }

  lost(since: number): void {
    this.lostSince ??= since;
    [this.isHeard, this.isMissing] = [false, false];
    this.changed();
  }

  missing(since: number): void {
    this.lost(since);
    this.isMissing = true;
  }

  forgotten(): void { /* It begins again as at first. */ }

  ended(): void { this.sessionEnded(); }

  abstract event(event: ServerEvent): void;

  /** What there is now; undefined before there is anything. */
  protected abstract get current(): T | undefined;

  /** What does not change any more. */
  protected abstract copy(current: T): T;

  /** Whether what there is now is all that there is. */
  protected get isComplete(): boolean { return true; }

  /** How much is known to be missing. */
  protected get behind(): number { return 0; }

  /** Something was told. */
  protected heard(): void {
    [this.isHeard, this.isMissing, this.lostSince] = [true, false, undefined];
    this.changed();
  }
}
