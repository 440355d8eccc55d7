import type { Status } from './followed';

const Interval = 5_000;

/** What is asked for again every five seconds while it is looked at. */
export abstract class Polled<T> {
  value?: T;
  error?: unknown;
  asOf = 0;
  private asked = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly changed: () => void) {}

  /** Only what it is not: between two answers it is not live either. */
  get status(): Status | undefined {
    if (this.error !== undefined) return { kind: 'offline', since: this.asOf };
    return this.value ? undefined : { kind: 'connecting' };
  }

  /** Asks now. */
  open(): void { void this.run(); }

  close(): void {
    this.asked++;
    clearTimeout(this.timer);
  }

  protected abstract ask(): Promise<T>;

  private async run(): Promise<void> {
    this.close();
    const mine = this.asked;
    try {
      const value = await this.ask();
      if (mine !== this.asked) return;
      [this.value, this.error, this.asOf] = [value, undefined, Date.now()];
    } catch (error) {
      if (mine !== this.asked) return;
      this.error = error;
    }
    this.changed();
    this.timer = setTimeout(() => void this.run(), Interval);
  }
}
