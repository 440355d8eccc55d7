import { EventStream, type StreamListener, type Surroundings } from './stream';
import type { ServerEvent } from './sse';

export type Status =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'catching-up'; behind: number }
  | { kind: 'reset'; reason: string }
  | { kind: 'offline'; since: number };

// What was read and is not told by the stream within this is missing there.
const Grace = 1_500;
const ReadAgain = 10_000;
const ReadAgainAfterFailure = 1_000;

/**
 * What was read, kept up by a stream of its changes. Its state is "live" only while the stream is heard, and has told of all that was read: it is read again from time to time to see that.
 */
export abstract class Followed<T> implements StreamListener {
  isLoaded = false;
  error?: unknown;
  /** How many changes have come by the stream. */
  received = 0;
  private summarised = 0;

  private readonly stream: EventStream;
  private readonly awaited = new Map<string, { version: number; since: number }>();
  private connection: 'connecting' | 'open' | 'renewing' | 'lost' = 'connecting';
  private lostSince = 0;
  private resetReason?: string;
  private wasLost = false;
  private reading?: Promise<void>;
  private takeBack?: () => void;
  private closed = false;

  constructor(
    url: string, private readonly read: () => Promise<T>, private readonly around: Surroundings, protected readonly changed: () => void, private readonly sessionEnded: () => void) {
    this.stream = new EventStream(url, this, around);
  }

  get status(): Status {
    if (this.connection === 'lost') return { kind: 'offline', since: this.lostSince };
    if (this.connection === 'connecting' || !this.isLoaded) return { kind: 'connecting' };
    if (this.resetReason !== undefined) return { kind: 'reset', reason: this.resetReason };
    const behind = this.behind;
    return behind > 0 || this.wasLost || this.connection === 'renewing' ? { kind: 'catching-up', behind } : { kind: 'live' };
  }

  /** How many have come since this was asked last. */
  summarise(): number {
    const count = this.received - this.summarised;
    this.summarised = this.received;
    return count;
  }

  open(): void { this.stream.open(); }

  close(): void {
    this.closed = true;
    this.takeBack?.();
    this.stream.close();
  }

  /** The page is seen again, or the network is back. */
  check(): void {
    this.stream.check();
    void this.readAgain();
  }

  opened(): void {
    this.connection = 'open';
    void this.readAgain();
    this.changed();
  }

  renewing(): void {
    [this.connection, this.wasLost] = ['renewing', true];
    this.changed();
  }

  lost(since: number): void {
    if (this.connection !== 'lost') [this.connection, this.lostSince, this.wasLost] = ['lost', since, true];
    this.changed();
  }

  missing(since: number): void { this.lost(since); }

  forgotten(): void { this.reset('forgotten'); }

  ended(): void { this.sessionEnded(); }

  event(event: ServerEvent): void {
    if (event.name === 'reset') this.reset((JSON.parse(event.data) as { reason: string }).reason);
    else this.change(event);
    this.changed();
  }

  /** Takes a change that the stream tells of. */
  protected abstract change(event: ServerEvent): void;

  /** Takes what was read. With `compare` the stream should have told of what is new in it. */
  protected abstract take(value: T, compare: boolean): void;

  /** The stream has to tell of this version, unless it is known. */
  protected expect(id: string, version: number, known: number): void {
    if (version <= known) return;
    this.awaited.set(id, { version, since: this.around.now() });
    this.around.after(Grace + 1, this.changed);
  }

  protected told(id: string, version: number): void {
    const awaited = this.awaited.get(id);
    if (awaited && awaited.version <= version) this.awaited.delete(id);
    this.settle();
  }

  private get behind(): number {
    const before = this.around.now() - (this.wasLost ? -1 : Grace);
    return [...this.awaited.values()].filter(each => each.since < before).length;
  }

  private reset(reason: string): void {
    this.resetReason = reason;
    this.awaited.clear();
    void this.readAgain();
  }

  private settle(): void {
    if (this.wasLost && this.connection === 'open' && !this.reading && this.awaited.size === 0) this.wasLost = false;
  }

  /** Reads it all again; one at a time. */
  private readAgain(): Promise<void> {
    this.reading ??= this.readNow().finally(() => {
      this.reading = undefined;
      this.settle();
      this.changed();
    });
    return this.reading;
  }

  private async readNow(): Promise<void> {
    this.takeBack?.();
    // A reset while this is read asks for another reading.
    const reason = this.resetReason;
    let next = ReadAgain;
    try {
      this.take(await this.read(), this.isLoaded && reason === undefined);
      [this.isLoaded, this.error] = [true, undefined];
      if (this.resetReason === reason) this.resetReason = undefined;
      else next = 0;
    } catch (error) {
      this.error = error;
      next = ReadAgainAfterFailure;
      // Reading fails while the stream seems to stand: either it is dead as well, or it is opened again at once.
      if (!this.closed && this.connection === 'open') this.stream.suspect();
    }
    if (!this.closed) this.takeBack = this.around.after(next, () => void this.readAgain());
  }
}
