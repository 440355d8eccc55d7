import { SseParser, type ServerEvent } from './sse';

/** What a stream tells whoever has opened it. */
export interface StreamListener {
  /** The connection stands: what follows comes after the place that was asked for. */
  opened(): void;
  event(event: ServerEvent): void;
  /** The server has ended it in good order: it is opened again in a moment. */
  renewing(): void;
  /** Nothing has been heard since (ms since 1970): it is opened again, sooner or later. */
  lost(since: number): void;
  /** There is no such thing to follow (404), as was known since: it is asked for again all the same, sooner or later. */
  missing(since: number): void;
  /** The place it was to resume from is not accepted any more: it is opened again without. */
  forgotten(): void;
  /** The session has ended (401): it is not opened again. */
  ended(): void;
}

/** What a stream needs of its surroundings. */
export interface Surroundings {
  fetch(url: string, init: RequestInit): Promise<Response>;
  now(): number;
  /** Calls back once after a time; what it returns takes that back. */
  after(ms: number, call: () => void): () => void;
  random(): number;
}

const StartTimeout = 10_000;
const HeartbeatGrace = 5_000;
const FirstDelay = 500;
const MaxDelay = 8_000;
const RenewalDelay = 300;

/**
 * Server-sent events by fetch. EventSource hides what matters here: heartbeats, which are comments, and the status of a refusal. A stream on which nothing is heard for longer than the server is
 * silent is taken for lost, whatever the connection says.
 */
export class EventStream {
  private lastId = '';
  private attempt?: AbortController;
  private takeBack?: () => void;
  private delay = FirstDelay;
  private heard = 0;
  private heartbeat = StartTimeout;
  private closed = false;

  constructor(private readonly url: string, private readonly listener: StreamListener, private readonly around: Surroundings) {}

  open(): void {
    this.closed = false;
    this.heard ||= this.around.now();
    void this.run();
  }

  close(): void {
    this.closed = true;
    this.takeBack?.();
    this.attempt?.abort();
  }

  /** Timers do not run while a machine sleeps or a page is frozen: whoever comes back asks at once. */
  check(): void {
    if (!this.closed && this.around.now() - this.heard > this.heartbeat) this.retry(0);
  }

  /** There is reason to think that the connection is dead. */
  suspect(): void {
    if (!this.closed) this.retry(0);
  }

  private async run(): Promise<void> {
    const attempt = new AbortController();
    this.attempt = attempt;
    this.heartbeat = StartTimeout;
    this.watch(attempt);
    let isMissing = false;
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (this.lastId) headers['Last-Event-ID'] = this.lastId;
      const response = await this.around.fetch(this.url, { headers, signal: attempt.signal, cache: 'no-store' });
      if (attempt.signal.aborted) return;
      if (response.status === 401) {
        this.close();
        this.listener.ended();
        return;
      }
      isMissing = response.status === 404;
      if (response.status === 400 && this.lastId) {
        this.lastId = '';
        this.listener.forgotten();
      } else if (response.ok && response.body && await this.read(response.body, attempt)) {
        this.listener.renewing();
        this.retry(RenewalDelay * (0.5 + this.around.random() / 2), attempt);
        return;
      }
    } catch {
      // Refused, cut off, or given up by the watch: it is all the same.
    }
    if (attempt.signal.aborted || this.closed) return;
    if (isMissing) this.listener.missing(this.heard);
    else this.listener.lost(this.heard);
    this.retry(this.delay * (0.5 + this.around.random() / 2), attempt);
    this.delay = Math.min(this.delay * 2, MaxDelay);
  }

  // Whether the server has said that this is the end.
  private async read(body: ReadableStream<Uint8Array>, attempt: AbortController): Promise<boolean> {
    const [reader, parser, decoder] = [body.getReader(), new SseParser(), new TextDecoder()];
    for (;;) {
      const { done, value } = await reader.read();
      if (attempt.signal.aborted || done) return false;
      this.heard = this.around.now();
      this.watch(attempt);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (event.id) this.lastId = event.id;
        if (event.name === 'end') {
          attempt.abort();
          return !this.closed;
        }
        if (event.name === 'ready') {
          this.heartbeat = JSON.parse(event.data).heartbeatMs + HeartbeatGrace;
          this.delay = FirstDelay;
          this.watch(attempt);
          this.listener.opened();
        } else {
          this.listener.event(event);
        }
        if (attempt.signal.aborted) return false;
      }
    }
  }

  private watch(attempt: AbortController): void {
    this.takeBack?.();
    this.takeBack = this.around.after(this.heartbeat, () => {
      if (attempt === this.attempt && !this.closed) this.retry(0);
    });
  }

  private retry(ms: number, from?: AbortController): void {
    if (from && from !== this.attempt) return;
    if (this.closed) return;
    this.takeBack?.();
    this.attempt?.abort();
    if (!from) this.listener.lost(this.heard);
    this.takeBack = this.around.after(ms, () => void this.run());
  }
}
