import type { Surroundings } from './stream';

/** The browser, as what a stream needs of its surroundings. */
export const around: Surroundings = {
  fetch: (url: string, init: RequestInit) => fetch(url, init),
  now: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
