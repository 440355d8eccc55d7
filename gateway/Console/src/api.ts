import type { Problem } from './types';

/** The API has answered with a problem. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) { super(problem.title); }

  get isNotFound(): boolean { return this.problem.status === 404; }
}

const Timeout = 10_000;
let ended: () => void = () => {};

/** Says what to do when the session has ended. */
export function onSessionEnded(call: () => void): void { ended = call; }

/** A key for one action of the user: the action has it in every attempt, so that it is done once. */
export const newKey = (): string => crypto.randomUUID();

/** Calls the API with the session's cookie. It throws ApiError for a problem, and TypeError or a DOMException when nothing was heard. */
export async function call<T>(method: string, path: string, options: { body?: unknown; key?: string; headers?: Record<string, string> } = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (method !== 'GET') headers['X-CSRF'] = '1';
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.key) headers['Idempotency-Key'] = options.key;
  const response = await fetch(path, { method, headers, body: options.body === undefined ? null : JSON.stringify(options.body), cache: 'no-store', signal: AbortSignal.timeout(Timeout) });
  if (response.status === 401) ended();
  if (!response.ok) throw new ApiError(await problemOf(response));
  return response.status === 204 ? undefined as T : await response.json() as T;
}

export const get = <T>(path: string, headers: Record<string, string> = {}): Promise<T> => call<T>('GET', path, { headers });

/** A path with its parts encoded: path`/v1/orders/${id}`. */
export const path = (texts: TemplateStringsArray, ...values: string[]): string => String.raw({ raw: texts }, ...values.map(encodeURIComponent));

/** What went wrong, in words. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return 'The gateway cannot be reached. What you see may be old.';
  const { title, detail, traceId } = error.problem;
  return `${title}.${detail ? ` ${detail}` : ''}${traceId && error.problem.status >= 500 ? ` (trace ${traceId})` : ''}`;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return await response.json() as Problem;
  } catch {
    return { type: 'about:blank', title: `The answer was ${response.status}`, status: response.status };
  }
}
