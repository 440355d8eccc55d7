import { get, path } from './api';
import type { Measured } from './pages/users';
import type { Overview } from './types';

/** What a page has asked for beside the feed: the value, or why there is none. What an earlier page has asked for is dropped. */
export class Loader {
  error?: unknown;
  private asked = 0;
  private held: unknown;

  constructor(private readonly changed: () => void) {}

  get value(): unknown { return this.held; }

  set value(value: unknown) {
    this.held = value;
    this.changed();
  }

  clear(): void {
    this.asked++;
    this.held = this.error = undefined;
  }

  load(ask: () => Promise<unknown>): void {
    this.clear();
    const mine = this.asked;
    void ask().then(value => [value, undefined], (error: unknown) => [undefined, error]).then(([value, error]) => {
      if (mine !== this.asked) return;
      this.error = error;
      this.value = value;
    });
  }

  /** An overview, and each of its parts alone, none from the gateway's memory: each is timed. */
  measure(userId: string): void {
    const timed = async (query: string): Promise<[Overview, number]> => {
      const start = performance.now();
      const overview = await get<Overview>(path`/v1/users/${userId}/overview` + query, { 'Cache-Control': 'no-cache' });
      return [overview, performance.now() - start];
    };
    this.load(async (): Promise<Measured> => {
      const [overview, total] = await timed('');
      const [, user] = await timed('?fields=user');
      const [, orders] = await timed('?fields=orders');
      return { overview, total, parts: [{ name: 'user', status: overview.user?.status ?? '', ms: user }, { name: 'orders', status: overview.orders?.status ?? '', ms: orders }] };
    });
  }
}
